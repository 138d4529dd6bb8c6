//! What hangs on households and individuals: memberships, documents, phones, relationships.

use std::collections::{HashMap, HashSet};

use serde_json::{Value, json};
use storage::StoreResult;
use uuid::Uuid;

use super::chunk::{Item, Verdict, Verdicts, Work};
use crate::{
    app::announce,
    domain::{
        dates::iso,
        rows::{IdentifierInput, MembershipInput, PhoneInput, RelationshipInput, RowError},
    },
    events::{ChangeKind, RegistrantKind},
    store::{
        links,
        registrants::{self, Known},
    },
};

mod membership_plan;

type Directory = HashMap<String, Known>;

fn unknown(column: &str) -> Verdict {
    Verdict::Rejected(RowError::new(column, "unknown_registrant", "is not registered here; import it first"))
}

async fn people<'a>(work: &Work<'_>, ids: impl Iterator<Item = &'a String>) -> StoreResult<Directory> {
    directory(work, RegistrantKind::Individual.as_str(), ids).await
}

async fn directory<'a>(
    work: &Work<'_>,
    kind: &str,
    ids: impl Iterator<Item = &'a String>,
) -> StoreResult<Directory> {
    let ids: HashSet<&String> = ids.collect();
    registrants::known(work.tx, &work.change.tenant, kind, ids.into_iter().cloned().collect()).await
}

fn ids_of(directory: &Directory) -> Vec<Uuid> {
    let mut ids: Vec<Uuid> = directory.values().map(|k| k.registrant_id).collect();
    ids.sort_unstable();
    ids
}

async fn announce_people(work: &Work<'_>, ids: Vec<Uuid>) -> StoreResult<()> {
    let kind = RegistrantKind::Individual;
    announce(work.tx, &work.change.tenant, &work.key, ChangeKind::Updated, kind, ids).await
}

pub(super) async fn memberships(work: &Work<'_>, items: Vec<Item<MembershipInput>>) -> StoreResult<Verdicts> {
    use crate::store::{Shared, memberships};
    Shared::Duplicates.read(work.tx, &work.change.tenant).await?;
    let groups = RegistrantKind::Group.as_str();
    let groups = directory(work, groups, items.iter().map(|i| i.input.household.expose())).await?;
    let people = people(work, items.iter().map(|i| i.input.individual.expose())).await?;
    let stored =
        memberships::of_groups(work.tx, &work.change.tenant, ids_of(&groups), ids_of(&people)).await?;
    let plan = membership_plan::plan(items, &groups, &people, stored);
    if work.dry_run {
        return Ok(plan.verdicts);
    }
    // Who gives up a unique kind goes first, so that somebody else can take it.
    memberships::put(work.tx, &work.change, plan.release).await?;
    memberships::put(work.tx, &work.change, plan.write).await?;
    announce_people(work, plan.people).await?;
    let kind = RegistrantKind::Group;
    announce(work.tx, &work.change.tenant, &work.key, ChangeKind::Updated, kind, plan.groups).await?;
    Ok(plan.verdicts)
}

pub(super) async fn identifiers(work: &Work<'_>, items: Vec<Item<IdentifierInput>>) -> StoreResult<Verdicts> {
    let people = people(work, items.iter().map(|i| i.input.individual.expose())).await?;
    let stored = links::identifiers_of(work.tx, &work.change.tenant, ids_of(&people)).await?;
    let stored: HashMap<(Uuid, String), links::Identifier> =
        stored.into_iter().map(|i| ((i.registrant_id, i.id_type.clone()), i)).collect();
    let (mut verdicts, mut rows, mut changed) = (Vec::with_capacity(items.len()), Vec::new(), Vec::new());
    for Item { row_no, input } in items {
        let Some(person) = people.get(input.individual.expose()) else {
            verdicts.push((row_no, unknown("individual_external_id")));
            continue;
        };
        let before = stored.get(&(person.registrant_id, input.id_type.clone()));
        let same = before.is_some_and(|b| {
            b.value == *input.value.expose()
                && (input.expiry_date.is_none() || b.expiry_date == input.expiry_date)
        });
        let verdict = match before {
            Some(_) if same => Verdict::Unchanged,
            Some(_) => Verdict::Updated,
            None => Verdict::Created,
        };
        if verdict != Verdict::Unchanged {
            let expiry = input.expiry_date.or_else(|| before.and_then(|b| b.expiry_date));
            rows.push(json!({
                "registrant_id": person.registrant_id,
                "id_type": input.id_type,
                "value": input.value.expose(),
                "value_hash": work.state.document_hash(&input.id_type, input.value.expose()),
                "expiry_date": expiry.map(iso),
            }));
            changed.push(person.registrant_id);
        }
        verdicts.push((row_no, verdict));
    }
    if !work.dry_run {
        links::put_identifiers(work.tx, &work.change, rows).await?;
        announce_people(work, changed).await?;
    }
    Ok(verdicts)
}

pub(super) async fn phones(work: &Work<'_>, items: Vec<Item<PhoneInput>>) -> StoreResult<Verdicts> {
    let people = people(work, items.iter().map(|i| i.input.individual.expose())).await?;
    let stored = links::phones_of(work.tx, &work.change.tenant, ids_of(&people)).await?;
    let stored: HashSet<(Uuid, String)> = stored.into_iter().map(|p| (p.registrant_id, p.e164)).collect();
    let (mut verdicts, mut rows, mut changed) = (Vec::with_capacity(items.len()), Vec::new(), Vec::new());
    for Item { row_no, input } in items {
        let verdict = match people.get(input.individual.expose()) {
            None => unknown("individual_external_id"),
            Some(person) if stored.contains(&(person.registrant_id, input.e164.expose().clone())) => {
                Verdict::Unchanged
            }
            Some(person) => {
                rows.push(json!({"registrant_id": person.registrant_id, "e164": input.e164.expose()}));
                changed.push(person.registrant_id);
                Verdict::Created
            }
        };
        verdicts.push((row_no, verdict));
    }
    if !work.dry_run {
        links::add_phones(work.tx, &work.change, rows).await?;
        announce_people(work, changed).await?;
    }
    Ok(verdicts)
}

pub(super) async fn relationships(
    work: &Work<'_>,
    items: Vec<Item<RelationshipInput>>,
) -> StoreResult<Verdicts> {
    let both = || items.iter().flat_map(|i| [i.input.source.expose(), i.input.destination.expose()]);
    let people = directory(work, "individual", both()).await?;
    let groups = directory(work, "group", both()).await?;
    let find = |kind: &str, id: &String| {
        if kind == "group" { groups.get(id) } else { people.get(id) }.map(|k| k.registrant_id)
    };
    let sources = ids_of(&people).into_iter().chain(ids_of(&groups)).collect();
    let stored = links::relationships_from(work.tx, &work.change.tenant, sources).await?;
    let stored: HashMap<(Uuid, Uuid, String), links::Relationship> =
        stored.into_iter().map(|r| ((r.source_id, r.destination_id, r.relation.clone()), r)).collect();
    let (mut verdicts, mut rows): (Verdicts, Vec<Value>) = (Vec::with_capacity(items.len()), Vec::new());
    let mut changed = Vec::new();
    for Item { row_no, input } in &items {
        let Some(source) = find(&input.source_kind, input.source.expose()) else {
            verdicts.push((*row_no, unknown("source_external_id")));
            continue;
        };
        let Some(destination) = find(&input.destination_kind, input.destination.expose()) else {
            verdicts.push((*row_no, unknown("destination_external_id")));
            continue;
        };
        let before = stored.get(&(source, destination, input.relation.clone()));
        let start = input.start_date.or_else(|| before.and_then(|b| b.start_date));
        let end = input.end_date.or_else(|| before.and_then(|b| b.end_date));
        let verdict = match before {
            Some(b) if (b.start_date, b.end_date) == (start, end) => Verdict::Unchanged,
            Some(_) => Verdict::Updated,
            None => Verdict::Created,
        };
        if start.zip(end).is_some_and(|(start, end)| end < start) {
            let error = RowError::new("end_date", "ends_before_start", "lies before the stored start_date");
            verdicts.push((*row_no, Verdict::Rejected(error)));
            continue;
        }
        if verdict != Verdict::Unchanged {
            rows.push(json!({
                "relationship_id": before.map_or_else(Uuid::now_v7, |b| b.relationship_id),
                "source_id": source,
                "destination_id": destination,
                "relation": input.relation,
                "start_date": start.map(iso),
                "end_date": end.map(iso),
            }));
            changed.extend([source, destination]);
        }
        verdicts.push((*row_no, verdict));
    }
    if !work.dry_run {
        links::put_relationships(work.tx, &work.change, rows).await?;
        let members: HashSet<Uuid> = ids_of(&people).into_iter().collect();
        announce_people(work, changed.into_iter().filter(|id| members.contains(id)).collect()).await?;
    }
    Ok(verdicts)
}
