//! What follows when two records turn out to be one person. Nothing is deleted: the later record becomes "duplicate of"
//! the earlier one, and its places in households end.
//!
//! Places in households, so that nobody is counted or paid twice and no household loses its payee needlessly:
//! - the duplicate's places end;
//! - where the earlier record is in the same household and heads no other, it takes over the duplicate's Head (or other
//!   unique kind);
//! - an earlier record that is in no household takes the duplicate's place;
//! - a duplicate that is Head of another household than the earlier record's: the earlier record moves there as Head,
//!   unless it is a Head already. Then that household is left without one: it cannot be paid until an officer names
//!   another, which is visible and mendable, while two payments to one person are neither.

use std::collections::BTreeMap;

use time::Date;
use uuid::Uuid;

/// What an officer says about a pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// One person.
    Same,
    /// Two people.
    Different,
    /// Not known: the pair waits for somebody who knows.
    Unsure,
}

/// What became of a decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// Recorded, and records were joined when the verdict was "same".
    Applied,
    /// The records are one already.
    AlreadyJoined,
    /// "Same" would join two records that somebody decided to be different.
    DecidedDifferent,
    /// "Different" or "unsure" about two records that are one already.
    JoinedBefore,
}

/// A record that ceased to stand for a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Joined {
    /// The record.
    pub record: Uuid,
    /// The one that stands for it now.
    pub master: Uuid,
    /// The pair whose decision joined it.
    pub pair: Uuid,
}

/// Joins records by decisions, given which record stands for each person so far.
#[derive(Debug, Default)]
pub struct Joiner {
    /// Record → the one that stands for it now, for those joined here, and the pair that joined them.
    parent: BTreeMap<Uuid, (Uuid, Uuid)>,
    different: Vec<(Uuid, Uuid)>,
}

impl Joiner {
    /// `different`: pairs that were decided to be different people, each side the record that stands for it.
    #[must_use]
    pub fn new(different: Vec<(Uuid, Uuid)>) -> Self {
        Self { parent: BTreeMap::new(), different }
    }

    /// The record that stands for this one now.
    #[must_use]
    pub fn find(&self, mut record: Uuid) -> Uuid {
        while let Some((parent, _)) = self.parent.get(&record) {
            record = *parent;
        }
        record
    }

    /// Applies one decision about the two records of a pair, each given by the one that stood for it before the batch.
    pub fn decide(&mut self, pair: Uuid, left: Uuid, right: Uuid, verdict: Verdict) -> Effect {
        let (a, b) = (self.find(left), self.find(right));
        match verdict {
            Verdict::Unsure | Verdict::Different if a == b => Effect::JoinedBefore,
            Verdict::Unsure => Effect::Applied,
            Verdict::Different => {
                self.different.push((a, b));
                Effect::Applied
            }
            Verdict::Same if a == b => Effect::AlreadyJoined,
            Verdict::Same => {
                let apart = |(x, y): &(Uuid, Uuid)| {
                    let (x, y) = (self.find(*x), self.find(*y));
                    (x == a && y == b) || (x == b && y == a)
                };
                if self.different.iter().any(apart) {
                    return Effect::DecidedDifferent;
                }
                // Ids grow with time: the smaller one was registered first.
                self.parent.insert(a.max(b), (a.min(b), pair));
                Effect::Applied
            }
        }
    }

    /// Records that ceased to stand for a person here.
    #[must_use]
    pub fn joined(&self) -> Vec<Joined> {
        let joined = |(record, (_, pair)): (&Uuid, &(Uuid, Uuid))| Joined {
            record: *record,
            master: self.find(*record),
            pair: *pair,
        };
        self.parent.iter().map(joined).collect()
    }
}

/// An active place in a household.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The membership.
    pub membership_id: Uuid,
    /// The household.
    pub group_id: Uuid,
    /// The person.
    pub individual_id: Uuid,
    /// What the person is there.
    pub kinds: Vec<String>,
    /// The kind of which the household has one at most.
    pub unique_kind: Option<String>,
    /// How the person stands to the Head.
    pub relationship_to_head: Option<String>,
    /// Since when.
    pub start_date: Date,
}

/// What has to change about places in households.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PlaceChanges {
    /// Memberships that end.
    pub end: Vec<Uuid>,
    /// Memberships of the earlier record that get new kinds.
    pub change: Vec<Place>,
    /// New memberships of the earlier record.
    pub join: Vec<Place>,
    /// Households that lose their unique kind.
    pub headless: Vec<Uuid>,
}

/// Works out the changes when `duplicates` become duplicates of `master`. `places` are the active places of all of them;
/// `new_id` makes ids for new memberships.
pub fn merge_places(
    master: Uuid,
    duplicates: &[Uuid],
    places: &[Place],
    mut new_id: impl FnMut() -> Uuid,
) -> PlaceChanges {
    let mut changes = PlaceChanges::default();
    let mut own: Vec<Place> = places.iter().filter(|p| p.individual_id == master).cloned().collect();
    for place in places.iter().filter(|p| duplicates.contains(&p.individual_id)) {
        changes.end.push(place.membership_id);
        let leads = own.iter().any(|p| p.unique_kind.is_some());
        if let Some(same) = own.iter_mut().find(|p| p.group_id == place.group_id) {
            match (&place.unique_kind, leads) {
                (None, _) => {}
                (Some(_), false) => take_over(same, place, &mut changes),
                (Some(_), true) => changes.headless.push(place.group_id),
            }
        } else if own.is_empty() || (place.unique_kind.is_some() && !leads) {
            for left in own.drain(..) {
                leave(left.membership_id, &mut changes);
            }
            let joined = Place { membership_id: new_id(), individual_id: master, ..place.clone() };
            changes.join.push(joined.clone());
            own.push(joined);
        } else if place.unique_kind.is_some() {
            changes.headless.push(place.group_id);
        }
    }
    changes
}

/// The earlier record becomes what the duplicate was in their common household.
fn take_over(same: &mut Place, place: &Place, changes: &mut PlaceChanges) {
    same.kinds.clone_from(&place.kinds);
    same.unique_kind.clone_from(&place.unique_kind);
    same.relationship_to_head.clone_from(&place.relationship_to_head);
    let known = |list: &mut Vec<Place>| {
        let found = list.iter_mut().find(|p| p.membership_id == same.membership_id);
        found.map(|p| p.clone_from(same)).is_some()
    };
    if !known(&mut changes.join) && !known(&mut changes.change) {
        changes.change.push(same.clone());
    }
}

/// A place of the earlier record ends; one that was only planned is not made.
fn leave(membership: Uuid, changes: &mut PlaceChanges) {
    changes.change.retain(|p| p.membership_id != membership);
    let planned = changes.join.len();
    changes.join.retain(|p| p.membership_id != membership);
    if changes.join.len() == planned {
        changes.end.push(membership);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use proptest::prelude::*;
    use time::macros::date;

    use super::*;

    fn id(n: u128) -> Uuid {
        Uuid::from_u128(n)
    }

    fn place(membership: u128, group: u128, individual: u128, kind: &str) -> Place {
        Place {
            membership_id: id(membership),
            group_id: id(group),
            individual_id: id(individual),
            kinds: vec![kind.to_owned()],
            unique_kind: (kind == "Head").then(|| kind.to_owned()),
            relationship_to_head: None,
            start_date: date!(2025 - 01 - 01),
        }
    }

    fn merge(places: &[Place]) -> PlaceChanges {
        merge_places(id(1), &[id(2)], places, || id(99))
    }

    #[test]
    fn a_chain_of_duplicates_ends_at_the_earliest_record() {
        let mut joiner = Joiner::new(vec![]);
        assert_eq!(joiner.decide(id(923), id(2), id(3), Verdict::Same), Effect::Applied);
        assert_eq!(joiner.decide(id(913), id(1), id(3), Verdict::Same), Effect::Applied);
        assert_eq!(joiner.decide(id(912), id(1), id(2), Verdict::Same), Effect::AlreadyJoined);
        let joined = |record, master, pair| Joined { record: id(record), master: id(master), pair: id(pair) };
        assert_eq!(joiner.joined(), [joined(2, 1, 913), joined(3, 1, 923)]);
        assert_eq!(joiner.decide(id(912), id(1), id(2), Verdict::Unsure), Effect::JoinedBefore);
    }

    #[test]
    fn two_people_are_not_joined_through_a_third_record() {
        let mut joiner = Joiner::new(vec![(id(1), id(3))]);
        assert_eq!(joiner.decide(id(912), id(1), id(2), Verdict::Same), Effect::Applied);
        assert_eq!(joiner.decide(id(923), id(2), id(3), Verdict::Same), Effect::DecidedDifferent);
        assert_eq!(joiner.decide(id(912), id(1), id(2), Verdict::Different), Effect::JoinedBefore);
        assert_eq!(joiner.decide(id(942), id(4), id(2), Verdict::Different), Effect::Applied);
        assert_eq!(joiner.decide(id(914), id(1), id(4), Verdict::Same), Effect::DecidedDifferent);
    }

    #[test]
    fn a_second_entry_in_another_household_just_ends() {
        let changes = merge(&[place(10, 100, 1, "Child"), place(20, 200, 2, "Relative")]);
        assert_eq!(changes, PlaceChanges { end: vec![id(20)], ..PlaceChanges::default() });
    }

    #[test]
    fn the_head_of_the_same_household_is_handed_over() {
        let changes = merge(&[place(10, 100, 1, "Child"), place(20, 100, 2, "Head")]);
        assert_eq!(changes.end, [id(20)]);
        assert_eq!(changes.change, [place(10, 100, 1, "Head")]);
    }

    #[test]
    fn a_record_without_household_takes_the_place_of_its_duplicate() {
        let changes = merge(&[place(20, 200, 2, "Head")]);
        assert_eq!(changes.join, [place(99, 200, 1, "Head")]);
        assert_eq!((changes.end, changes.headless), (vec![id(20)], vec![]));
    }

    #[test]
    fn who_heads_another_household_moves_there_unless_already_a_head() {
        let changes = merge(&[place(10, 100, 1, "Child"), place(20, 200, 2, "Head")]);
        assert_eq!(changes.end, [id(20), id(10)]);
        assert_eq!(changes.join, [place(99, 200, 1, "Head")]);
        let changes = merge(&[place(10, 100, 1, "Head"), place(20, 200, 2, "Head")]);
        assert_eq!((changes.end, changes.join), (vec![id(20)], vec![]));
        assert_eq!(changes.headless, [id(200)]);
    }

    proptest! {
        /// However records are joined: one Head at most per household and per person, and each place ends once.
        #[test]
        fn nobody_heads_two_households_after_a_merge(
            rows in prop::collection::btree_map((1u128..4, 1u128..5), any::<bool>(), 0..10)
        ) {
            let mut heads = std::collections::BTreeSet::new();
            let places: Vec<Place> = rows
                .into_iter()
                .enumerate()
                .map(|(n, ((person, group), head))| {
                    let head = head && heads.insert(group) && (person != 1 || heads.insert(1000));
                    place(10 + n as u128, 100 + group, person, if head { "Head" } else { "Child" })
                })
                .collect();
            let mut next = 1000;
            let changes = merge_places(id(1), &[id(2), id(3)], &places, || { next += 1; id(next) });
            let mut ends = changes.end.clone();
            ends.sort();
            ends.dedup();
            prop_assert_eq!(ends.len(), changes.end.len());
            let mut after: Vec<Place> =
                places.iter().filter(|p| !ends.contains(&p.membership_id)).cloned().collect();
            for changed in &changes.change {
                let slot = after.iter_mut().find(|p| p.membership_id == changed.membership_id).unwrap();
                slot.clone_from(changed);
            }
            after.extend(changes.join.iter().cloned());
            prop_assert!(after.iter().all(|p| p.individual_id == id(1)));
            let mut groups: Vec<Uuid> = after.iter().map(|p| p.group_id).collect();
            groups.sort();
            let places_left = groups.len();
            groups.dedup();
            prop_assert_eq!(groups.len(), places_left);
            prop_assert!(after.iter().filter(|p| p.unique_kind.is_some()).count() <= 1);
        }
    }
}
