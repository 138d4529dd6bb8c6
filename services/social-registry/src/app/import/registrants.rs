//! Households and individuals of a file.

use std::collections::HashMap;

use serde_json::{Map, Value, json};
use storage::{StoreError, StoreResult};
use uuid::Uuid;

use super::chunk::{Item, Verdict, Verdicts, Work};
use crate::{
    app::{announce, scores::Scorer},
    domain::rows::{RegistrantInput, RowError},
    events::{ChangeKind, RegistrantKind},
    store::{
        memberships,
        registrants::{self, Existing},
    },
};

/// Rounds of drawing social IDs before the space counts as used up.
const MOST_ROUNDS: usize = 50;

/// What the rows come to.
#[derive(Default)]
struct Plan {
    verdicts: Verdicts,
    create: Vec<Map<String, Value>>,
    update: Vec<Map<String, Value>>,
    /// Households whose place changes: their members are compared by it.
    moved: Vec<Uuid>,
}

/// What people are compared by and have from their household when they have none of their own.
const PLACE: [&str; 3] = ["address", "village", "district"];

pub(super) async fn apply(
    work: &Work<'_>,
    kind: RegistrantKind,
    items: Vec<Item<RegistrantInput>>,
) -> StoreResult<Verdicts> {
    let external_ids = items.iter().map(|i| i.input.external_id.expose().clone()).collect();
    let known = registrants::existing(work.tx, &work.change.tenant, kind.as_str(), external_ids).await?;
    let plan = plan(items, known);
    if work.dry_run {
        return Ok(plan.verdicts);
    }
    let create = complete(work, kind, plan.create).await?;
    let scores = match kind {
        RegistrantKind::Group => {
            Scorer::load(work.tx, &work.change.tenant).await?.rows(create.iter().chain(&plan.update))
        }
        RegistrantKind::Individual => Vec::new(),
    };
    let (created, updated) = (ids(&create), ids(&plan.update));
    registrants::insert(work.tx, &work.change, objects(create)).await?;
    registrants::update(work.tx, &work.change, objects(plan.update)).await?;
    crate::store::scores::put(work.tx, &work.change, scores).await?;
    let tenant = &work.change.tenant;
    announce(work.tx, tenant, &work.key, ChangeKind::Created, kind, created).await?;
    announce(work.tx, tenant, &work.key, ChangeKind::Updated, kind, updated).await?;
    if kind == RegistrantKind::Group && !plan.moved.is_empty() {
        let members = memberships::people_of(work.tx, tenant, plan.moved).await?;
        let person = RegistrantKind::Individual;
        announce(work.tx, tenant, &work.key, ChangeKind::Updated, person, members).await?;
    }
    Ok(plan.verdicts)
}

fn ids(rows: &[Map<String, Value>]) -> Vec<Uuid> {
    rows.iter().filter_map(id).collect()
}

fn id(row: &Map<String, Value>) -> Option<Uuid> {
    row.get("registrant_id")?.as_str()?.parse().ok()
}

fn objects(rows: Vec<Map<String, Value>>) -> Vec<Value> {
    rows.into_iter().map(Value::Object).collect()
}

fn plan(items: Vec<Item<RegistrantInput>>, mut known: HashMap<String, Existing>) -> Plan {
    let mut plan = Plan::default();
    for Item { row_no, input } in items {
        let verdict = match known.remove(input.external_id.expose()) {
            Some(existing) => match merged(existing, input) {
                Some((row, moved)) => {
                    if moved {
                        plan.moved.extend(id(&row));
                    }
                    plan.update.push(row);
                    Verdict::Updated
                }
                None => Verdict::Unchanged,
            },
            None if !input.fields.expose().contains_key("name") => {
                let why = "is needed to register somebody new, and the file has no column of a name";
                Verdict::Rejected(RowError::new("full_name", "missing", why))
            }
            None => {
                plan.create.push(fresh(input));
                Verdict::Created
            }
        };
        plan.verdicts.push((row_no, verdict));
    }
    plan
}

/// The stored row with the fields of the file, and whether its place changes; `None` when nothing changes.
fn merged(existing: Existing, input: RegistrantInput) -> Option<(Map<String, Value>, bool)> {
    let Value::Object(mut row) = existing.row else { return None };
    let (mut changed, mut moved) = (false, false);
    for (field, value) in input.fields.into_inner() {
        let old = row.insert(field.clone(), value.clone()).unwrap_or(Value::Null);
        changed |= old != value;
        moved |= old != value && PLACE.contains(&field.as_str());
    }
    let mut attributes = match row.remove("attributes") {
        Some(Value::Object(attributes)) => attributes,
        _ => Map::new(),
    };
    for (name, value) in input.attributes.into_inner() {
        if value.is_null() {
            changed |= attributes.remove(&name).is_some();
        } else {
            let old = attributes.insert(name, value.clone());
            changed |= old != Some(value);
        }
    }
    row.insert("attributes".to_owned(), Value::Object(attributes));
    changed.then_some((row, moved))
}

/// A new row, without the keys that [`complete`] gives.
fn fresh(input: RegistrantInput) -> Map<String, Value> {
    let mut row = input.fields.into_inner();
    row.retain(|_, value| !value.is_null());
    let mut attributes = input.attributes.into_inner();
    attributes.retain(|_, value| !value.is_null());
    row.insert("attributes".to_owned(), Value::Object(attributes));
    row.insert("external_id".to_owned(), input.external_id.into_inner().into());
    row
}

/// Gives new registrants their ids: record id, social ID, pseudonym.
async fn complete(
    work: &Work<'_>,
    kind: RegistrantKind,
    mut rows: Vec<Map<String, Value>>,
) -> StoreResult<Vec<Map<String, Value>>> {
    let mut social_ids = match kind {
        RegistrantKind::Individual => social_ids(work, rows.len()).await?,
        RegistrantKind::Group => Vec::new(),
    };
    for row in &mut rows {
        let id = Uuid::now_v7();
        row.insert("registrant_id".to_owned(), json!(id));
        row.insert("kind".to_owned(), kind.as_str().into());
        let pseudonym = match kind {
            RegistrantKind::Individual => {
                let social_id = social_ids.pop().ok_or_else(no_social_ids)?;
                let pseudonym = work.state.person_pseudonym(&social_id);
                row.insert("social_id".to_owned(), social_id.into());
                pseudonym
            }
            RegistrantKind::Group => work.state.household_pseudonym(id),
        };
        row.insert("pseudonym".to_owned(), pseudonym.into());
    }
    Ok(rows)
}

fn no_social_ids() -> StoreError {
    StoreError::Other(
        "no social ID is left to give out; set a larger social_registry.social_id_length".to_owned(),
    )
}

/// Draws new social IDs and takes those that nobody has, until there are enough.
async fn social_ids(work: &Work<'_>, count: usize) -> StoreResult<Vec<String>> {
    let rules = work.state.config.social_id_rules();
    let mut issued: Vec<String> = Vec::with_capacity(count);
    for _ in 0..MOST_ROUNDS {
        let missing = count - issued.len().min(count);
        if missing == 0 {
            return Ok(issued);
        }
        let candidates: Vec<String> = {
            let mut rng = rand::rng();
            (0..missing).map_while(|_| rules.generate(&mut rng)).collect()
        };
        if candidates.len() < missing {
            return Err(no_social_ids());
        }
        issued.extend(registrants::issue_social_ids(work.tx, &work.change.tenant, candidates).await?);
    }
    Err(no_social_ids())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use platform::Masked;

    use super::*;

    fn object(value: &Value) -> Map<String, Value> {
        value.as_object().unwrap().clone()
    }

    #[allow(clippy::needless_pass_by_value, reason = "literals")]
    fn input(fields: Value, attributes: Value) -> RegistrantInput {
        RegistrantInput {
            external_id: Masked::new("H-1".to_owned()),
            fields: Masked::new(object(&fields)),
            attributes: Masked::new(object(&attributes)),
        }
    }

    fn stored() -> Existing {
        let row = json!({"registrant_id": Uuid::nil(), "name": "A", "district": null, "latitude": -1.250000,
                         "attributes": {"roof": "tiles", "rooms": 2}});
        Existing { external_id: "H-1".to_owned(), row }
    }

    #[test]
    fn the_same_row_again_changes_nothing() {
        let same = input(
            json!({"name": "A", "district": null, "latitude": -1.25}),
            json!({"roof": "tiles", "tv": null}),
        );
        assert!(merged(stored(), same).is_none());
    }

    #[test]
    fn fields_that_the_file_does_not_have_stay() {
        let (row, moved) =
            merged(stored(), input(json!({"district": "Nyeri"}), json!({"rooms": null}))).unwrap();
        assert!(moved);
        assert_eq!(row.get("name"), Some(&json!("A")));
        assert_eq!(row.get("district"), Some(&json!("Nyeri")));
        assert_eq!(row.get("attributes"), Some(&json!({"roof": "tiles"})));
    }
}
