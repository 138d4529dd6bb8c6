//! What rows of memberships come to, given what is stored.

use std::collections::{HashMap, HashSet};

use serde_json::{Value, json};
use uuid::Uuid;

use super::{Directory, unknown};
use crate::{
    app::import::chunk::{Item, Verdict, Verdicts},
    domain::{
        dates::iso,
        rows::{MembershipInput, RowError},
    },
    store::memberships::Membership,
};

/// What has to be written.
#[derive(Default)]
pub(super) struct Plan {
    pub verdicts: Verdicts,
    /// Memberships that give up a unique kind.
    pub release: Vec<Value>,
    /// All others that are new or change.
    pub write: Vec<Value>,
    /// Whose memberships change.
    pub people: Vec<Uuid>,
    /// Which households change.
    pub groups: Vec<Uuid>,
}

/// What is stored, by what rows ask for.
struct Stored {
    /// By household and person: the active one, else one that ended.
    places: HashMap<(Uuid, Uuid), Membership>,
    /// By household and unique kind: who holds it.
    holders: HashMap<(Uuid, String), Uuid>,
}

impl Stored {
    fn new(memberships: Vec<Membership>) -> Self {
        let mut stored = Self { places: HashMap::new(), holders: HashMap::new() };
        for membership in memberships {
            if let (Some(kind), false) = (&membership.unique_kind, membership.ended_on.is_some()) {
                stored.holders.insert((membership.group_id, kind.clone()), membership.individual_id);
            }
            let key = (membership.group_id, membership.individual_id);
            let keep_old = stored.places.get(&key).is_some_and(|old| old.ended_on.is_none());
            if !keep_old {
                stored.places.insert(key, membership);
            }
        }
        stored
    }
}

pub(super) fn plan(
    items: Vec<Item<MembershipInput>>,
    groups: &Directory,
    people: &Directory,
    stored: Vec<Membership>,
) -> Plan {
    let mut stored = Stored::new(stored);
    let mut plan = Plan::default();
    release_given_up(&items, groups, people, &mut stored);
    let mut released: HashSet<Uuid> = HashSet::new();
    for item in items {
        let verdict = one(&item.input, groups, people, &mut stored, &mut released, &mut plan);
        plan.verdicts.push((item.row_no, verdict));
    }
    plan
}

/// A Head who is no Head any more in this chunk makes room, wherever in the chunk the new Head stands.
fn release_given_up(
    items: &[Item<MembershipInput>],
    groups: &Directory,
    people: &Directory,
    stored: &mut Stored,
) {
    for Item { input, .. } in items.iter().filter(|i| i.input.unique_kind.is_none()) {
        let (Some(group), Some(person)) =
            (groups.get(input.household.expose()), people.get(input.individual.expose()))
        else {
            continue;
        };
        let Some(place) = stored.places.get(&(group.registrant_id, person.registrant_id)) else { continue };
        if place.ended_on.is_some() || place.set_by == "merge" {
            continue;
        }
        if let Some(kind) = &place.unique_kind {
            stored.holders.remove(&(group.registrant_id, kind.clone()));
        }
    }
}

fn one(
    input: &MembershipInput,
    groups: &Directory,
    people: &Directory,
    stored: &mut Stored,
    released: &mut HashSet<Uuid>,
    plan: &mut Plan,
) -> Verdict {
    let Some(group) = groups.get(input.household.expose()) else { return unknown("household_external_id") };
    let Some(person) = people.get(input.individual.expose()) else {
        return unknown("individual_external_id");
    };
    let (group_id, person_id) = (group.registrant_id, person.registrant_id);
    // A row that begins after a place ended is a return: a new place.
    let returns = |place: &&Membership| place.ended_on.is_some_and(|end| input.start_date > Some(end));
    let before = stored.places.get(&(group_id, person_id)).filter(|place| !returns(place));
    // What an officer decided about duplicates outlives the file that was imported before.
    if person.status == "duplicate" || before.is_some_and(|b| b.ended_on.is_some() || b.set_by == "merge") {
        return Verdict::Unchanged;
    }
    for (column, status) in
        [("household_external_id", &group.status), ("individual_external_id", &person.status)]
    {
        if status != "active" {
            return Verdict::Rejected(RowError::new(column, "not_active", "is disabled"));
        }
    }
    if let Some(before) = before
        && before.kinds == input.kinds
        && before.relationship_to_head == input.relationship_to_head
        && input.start_date.is_none_or(|start| start == before.start_date)
    {
        return Verdict::Unchanged;
    }
    if let Some(kind) = &input.unique_kind {
        let holder = stored.holders.entry((group_id, kind.clone())).or_insert(person_id);
        if *holder != person_id {
            let why = format!("is {kind}, which the household has already; it has one at most");
            return Verdict::Rejected(RowError::new("kind", "unique_kind_taken", why));
        }
    }
    let start = input.start_date.or_else(|| before.map(|b| b.start_date));
    let membership_id = before.map_or_else(Uuid::now_v7, |b| b.membership_id);
    let row = json!({
        "membership_id": membership_id,
        "group_id": group_id,
        "individual_id": person_id,
        "kinds": input.kinds,
        "unique_kind": input.unique_kind,
        "relationship_to_head": input.relationship_to_head,
        "start_date": start.map(iso),
        "set_by": "import",
    });
    let gives_up = before.is_some_and(|b| b.unique_kind.is_some()) && input.unique_kind.is_none();
    if gives_up && released.insert(membership_id) {
        plan.release.push(row);
    } else {
        plan.write.push(row);
    }
    plan.people.push(person_id);
    plan.groups.push(group_id);
    if before.is_some() { Verdict::Updated } else { Verdict::Created }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use platform::Masked;
    use time::{Date, macros::date};

    use super::*;
    use crate::store::registrants::Known;

    fn known(prefix: u128, names: &[&str], status: &str) -> Directory {
        names
            .iter()
            .enumerate()
            .map(|(at, name)| {
                let known = Known {
                    registrant_id: Uuid::from_u128(prefix + at as u128),
                    external_id: (*name).to_owned(),
                    status: status.to_owned(),
                };
                ((*name).to_owned(), known)
            })
            .collect()
    }

    fn row(row_no: i64, household: &str, individual: &str, kind: &str) -> Item<MembershipInput> {
        let input = MembershipInput {
            household: Masked::new(household.to_owned()),
            individual: Masked::new(individual.to_owned()),
            kinds: vec![kind.to_owned()],
            unique_kind: (kind == "Head").then(|| kind.to_owned()),
            relationship_to_head: None,
            start_date: None,
        };
        Item { row_no, input }
    }

    fn stored(individual: u128, kind: &str) -> Membership {
        Membership {
            membership_id: Uuid::from_u128(1000 + individual),
            group_id: Uuid::from_u128(100),
            individual_id: Uuid::from_u128(individual),
            kinds: vec![kind.to_owned()],
            unique_kind: (kind == "Head").then(|| kind.to_owned()),
            relationship_to_head: None,
            start_date: date!(2025 - 01 - 01),
            ended_on: None,
            set_by: "import".to_owned(),
        }
    }

    fn ended(on: Date) -> Membership {
        Membership { ended_on: Some(on), set_by: "merge".to_owned(), ..stored(1, "Child") }
    }

    fn outcomes(items: Vec<Item<MembershipInput>>, people_status: &str, before: Vec<Membership>) -> Plan {
        plan(items, &known(100, &["H"], "active"), &known(1, &["A", "B"], people_status), before)
    }

    fn codes(plan: &Plan) -> Vec<&str> {
        plan.verdicts
            .iter()
            .map(|(_, verdict)| match verdict {
                Verdict::Created => "created",
                Verdict::Updated => "updated",
                Verdict::Unchanged => "unchanged",
                Verdict::Rejected(error) => error.code,
            })
            .collect()
    }

    #[test]
    fn a_household_gets_one_head() {
        let plan = outcomes(vec![row(2, "H", "A", "Head"), row(3, "H", "B", "Head")], "active", vec![]);
        assert_eq!(codes(&plan), ["created", "unique_kind_taken"]);
        let plan = outcomes(vec![row(2, "H", "B", "Head")], "active", vec![stored(1, "Head")]);
        assert_eq!(codes(&plan), ["unique_kind_taken"]);
    }

    #[test]
    fn the_head_can_change_in_one_file_in_any_order() {
        let new_first = vec![row(2, "H", "B", "Head"), row(3, "H", "A", "Child")];
        let plan = outcomes(new_first, "active", vec![stored(1, "Head"), stored(2, "Child")]);
        assert_eq!(codes(&plan), ["updated", "updated"]);
        assert_eq!((plan.release.len(), plan.write.len()), (1, 1));
    }

    #[test]
    fn what_was_decided_about_duplicates_stays() {
        let ended = ended(date!(2026 - 03 - 01));
        assert_eq!(codes(&outcomes(vec![row(2, "H", "A", "Child")], "active", vec![ended])), ["unchanged"]);
        let moved = Membership { set_by: "merge".to_owned(), ..stored(1, "Head") };
        assert_eq!(codes(&outcomes(vec![row(2, "H", "A", "Child")], "active", vec![moved])), ["unchanged"]);
        assert_eq!(codes(&outcomes(vec![row(2, "H", "A", "Child")], "duplicate", vec![])), ["unchanged"]);
    }

    #[test]
    fn somebody_can_return_to_a_household() {
        for (start, wanted) in [(date!(2026 - 03 - 01), "unchanged"), (date!(2026 - 03 - 02), "created")] {
            let mut back = row(2, "H", "A", "Child");
            back.input.start_date = Some(start);
            let before = ended(date!(2026 - 03 - 01));
            let former = before.membership_id;
            let plan = outcomes(vec![back], "active", vec![before]);
            assert_eq!(codes(&plan), [wanted], "{start}");
            assert!(plan.write.iter().all(|row| row["membership_id"] != json!(former)), "a place of its own");
        }
    }

    #[test]
    fn the_same_again_is_unchanged_and_strangers_are_refused() {
        let plan = outcomes(vec![row(2, "H", "A", "Child")], "active", vec![stored(1, "Child")]);
        assert_eq!(codes(&plan), ["unchanged"]);
        let plan = outcomes(vec![row(2, "X", "A", "Child"), row(3, "H", "Y", "Child")], "active", vec![]);
        assert_eq!(codes(&plan), ["unknown_registrant", "unknown_registrant"]);
        assert!(plan.write.is_empty());
    }
}
