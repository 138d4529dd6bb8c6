//! Household lists as witnesses. When a record in another household has a name like A's, but exactly the name of A's
//! brother in A's own household, it is the brother's second record, not A's: this is what tells look-alike twins.

use crate::compare::{Context, Evidence, Finding, compatible};
use crate::encode::Row;
use crate::hash::KeyMap;
use crate::model::{Given, Ladder, Roster};

/// Most members of one household that are looked at; more is a camp or an institution, not a family.
const LARGEST: usize = 30;

/// Rows by household.
#[derive(Default)]
pub(crate) struct Rosters(KeyMap<Vec<u32>>);

impl Rosters {
    pub(crate) fn insert(&mut self, number: u32, row: &Row) {
        if row.household != 0 {
            self.0.entry(row.household).or_default().push(number);
        }
    }

    pub(crate) fn remove(&mut self, number: u32, row: &Row) {
        if let Some(members) = self.0.get_mut(&row.household) {
            members.retain(|m| *m != number);
            if members.is_empty() {
                self.0.remove(&row.household);
            }
        }
    }

    /// What the lists say about a pair whose names are not exactly equal; `None` when they cannot know.
    pub(crate) fn finding<'r>(
        &self,
        pair: (&Row, &Row),
        evidence: &Evidence,
        row: impl Fn(u32) -> Option<&'r Row>,
        context: Context<'_>,
    ) -> Option<Finding> {
        let (a, b) = pair;
        let given = evidence.get(Ladder::Given as usize).copied().flatten()?;
        if given.level == Given::Exact as u8
            || a.household == 0
            || b.household == 0
            || a.household == b.household
        {
            return None;
        }
        let fits_better = |own: &Row, other: &Row| {
            let members = self.0.get(&own.household).map_or(&[][..], Vec::as_slice);
            members.len() <= LARGEST
                && members.iter().filter_map(|m| row(*m)).any(|member| {
                    member.id != own.id
                        && member.id != other.id
                        && compatible(member, other, context)
                        && !compatible(member, own, context)
                })
        };
        let level = if fits_better(a, b) || fits_better(b, a) { Roster::OtherMember } else { Roster::Silent };
        Finding::plain(level as u8)
    }
}
