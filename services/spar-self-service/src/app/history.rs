//! What was changed of a person's account, and by whom.

use std::collections::VecDeque;

use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use crate::{
    State,
    app::{Fault, Person, READ},
    domain::FinancialAddress,
    peers::{
        PeerError,
        mapper::{self, Entry},
    },
};

/// Most changes that are shown.
const SHOWN: usize = 50;
/// Most answers of the mapper that are read for one page.
const MOST_PAGES: usize = 20;

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Happened {
    Linked,
    Updated,
    Unlinked,
    Frozen,
    Unfrozen,
    Other,
}

/// Who did it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Who {
    /// The person herself, on these pages.
    Person,
    /// Staff.
    Staff,
    /// Another system of the programme, or a partner's.
    System,
}

/// One change.
#[derive(Debug)]
pub(crate) struct HistoryLine {
    pub(crate) at: Option<OffsetDateTime>,
    pub(crate) happened: Happened,
    pub(crate) who: Who,
    /// The account afterwards (before, when it was taken away), if it can be shown.
    pub(crate) address: Option<FinancialAddress>,
}

/// The newest changes of this person's account, the newest first, and whether there are older ones.
pub(crate) async fn history(state: &State, person: &Person) -> Result<(Vec<HistoryLine>, bool), Fault> {
    person.ctx.require(READ)?;
    let (mut newest, mut older, mut after) = (VecDeque::new(), false, None);
    for _ in 0..MOST_PAGES {
        let page = mapper::history(state, &person.subject, after.as_deref()).await?;
        newest.extend(page.items);
        older |= newest.len() > SHOWN;
        newest.drain(..newest.len().saturating_sub(SHOWN));
        after = page.next;
        if after.is_none() {
            let us = format!("partner:{}", state.http.partner_id());
            return Ok((newest.into_iter().rev().map(|entry| line(entry, &us)).collect(), older));
        }
    }
    Err(PeerError::Refused("a history without end".to_owned()).into())
}

/// What a change is called in the mapper's history.
pub(crate) fn happened(change: &str) -> Happened {
    match change {
        "linked" => Happened::Linked,
        "updated" => Happened::Updated,
        "unlinked" => Happened::Unlinked,
        "frozen" => Happened::Frozen,
        "unfrozen" => Happened::Unfrozen,
        _ => Happened::Other,
    }
}

fn line(entry: Entry, us: &str) -> HistoryLine {
    let happened = happened(&entry.change);
    let who = match (entry.actor.as_str(), entry.channel.as_str()) {
        (actor, _) if actor == us => Who::Person,
        (actor, "own_api") if actor.starts_with("user:") => Who::Staff,
        _ => Who::System,
    };
    let held = if happened == Happened::Unlinked { entry.before } else { entry.after };
    let shown = matches!(happened, Happened::Linked | Happened::Updated | Happened::Unlinked);
    let fa = held.filter(|_| shown).and_then(|held| held.fa);
    HistoryLine {
        at: OffsetDateTime::parse(&entry.at, &Rfc3339).ok(),
        happened,
        who,
        address: fa.as_deref().and_then(FinancialAddress::parse),
    }
}
