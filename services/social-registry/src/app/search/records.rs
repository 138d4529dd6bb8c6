//! Records as partners get them: only what the answer may show.

use std::collections::HashMap;

use sea_orm::DatabaseTransaction;
use serde_json::{Map, Value, json};
use storage::StoreResult;
use uuid::Uuid;

use crate::{
    domain::{
        dates::iso,
        visible::{Collection, Visible},
    },
    store::search::{self, Hanging, Row},
};

/// Context of the records, as the specification names it. Nobody has to fetch it.
const CONTEXT: &str = "https://schema.spdci.org/extensions/social/v1";

/// The records of these ids, in their order.
pub(super) async fn load(
    tx: &DatabaseTransaction,
    tenant: &str,
    collection: Collection,
    ids: Vec<Uuid>,
    visible: &Visible,
) -> StoreResult<Vec<Value>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let rows = search::rows(tx, tenant, ids.clone()).await?;
    let mut rows: HashMap<Uuid, Row> = rows.into_iter().map(|row| (row.registrant_id, row)).collect();
    let ordered: Vec<Row> = ids.iter().filter_map(|id| rows.remove(id)).collect();
    match collection {
        Collection::Group => groups(tx, tenant, ids, ordered, visible).await,
        Collection::Member => {
            let hanging = People::load(tx, tenant, ids, visible, Collection::Member).await?;
            Ok(ordered.iter().map(|row| member_record(row, visible, &hanging)).collect())
        }
    }
}

/// Documents and phones of people.
struct People {
    identifiers: HashMap<Uuid, Vec<Hanging>>,
    phones: HashMap<Uuid, Vec<Hanging>>,
}

fn by_person(list: Vec<Hanging>) -> HashMap<Uuid, Vec<Hanging>> {
    let mut map: HashMap<Uuid, Vec<Hanging>> = HashMap::new();
    for one in list {
        map.entry(one.person).or_default().push(one);
    }
    map
}

impl People {
    /// Reads only what will be shown.
    async fn load(
        tx: &DatabaseTransaction,
        tenant: &str,
        people: Vec<Uuid>,
        visible: &Visible,
        collection: Collection,
    ) -> StoreResult<Self> {
        let identifiers = if shows(visible, collection, "identifiers") {
            search::identifiers(tx, tenant, people.clone()).await?
        } else {
            Vec::new()
        };
        let phones = if shows(visible, collection, "phone_numbers") {
            search::phones(tx, tenant, people).await?
        } else {
            Vec::new()
        };
        Ok(Self { identifiers: by_person(identifiers), phones: by_person(phones) })
    }
}

/// An attribute of a person. A partner that may see it on members may see it on the person.
fn shows(visible: &Visible, collection: Collection, name: &str) -> bool {
    visible.shows_member(name) || (collection == Collection::Member && visible.shows(name))
}

async fn groups(
    tx: &DatabaseTransaction,
    tenant: &str,
    ids: Vec<Uuid>,
    rows: Vec<Row>,
    visible: &Visible,
) -> StoreResult<Vec<Value>> {
    let needs_members = visible.has_members() || visible.shows("group_size");
    let members = if needs_members { search::members(tx, tenant, ids.clone()).await? } else { Vec::new() };
    let mut people: Vec<Uuid> = members.iter().map(|m| m.registrant_id).collect();
    people.sort_unstable();
    people.dedup();
    let hanging = People::load(tx, tenant, people, visible, Collection::Group).await?;
    let mut by_group: HashMap<Uuid, Vec<Row>> = HashMap::new();
    for member in members {
        if let Some(group) = member.group_id {
            by_group.entry(group).or_default().push(member);
        }
    }
    let mut scores: HashMap<Uuid, Vec<(String, f64)>> = HashMap::new();
    for score in search::scores(tx, tenant, ids).await? {
        if visible.shows(&score.name) {
            scores.entry(score.registrant_id).or_default().push((score.name, score.score));
        }
    }
    Ok(rows
        .iter()
        .map(|row| {
            let members = by_group.remove(&row.registrant_id).unwrap_or_default();
            let scores = scores.remove(&row.registrant_id).unwrap_or_default();
            group_record(row, &members, scores, visible, &hanging)
        })
        .collect())
}

fn head(kind: Collection, row: &Row) -> Map<String, Value> {
    let mut record = Map::new();
    record.insert("@context".to_owned(), json!({ "@vocab": CONTEXT }));
    record.insert("@type".to_owned(), kind.record_type().into());
    record.insert("id".to_owned(), row.pseudonym.as_str().into());
    record
}

fn group_record(
    row: &Row,
    members: &[Row],
    scores: Vec<(String, f64)>,
    visible: &Visible,
    hanging: &People,
) -> Value {
    let mut record = head(Collection::Group, row);
    let mut put = |name: &str, value: Value| {
        if visible.shows(name) && !value.is_null() {
            record.insert(name.to_owned(), value);
        }
    };
    put("name", row.name.as_str().into());
    put("group_kind", json!(row.group_kind));
    put("registration_date", iso(row.registration_date).into());
    for (name, value) in [
        ("address", &row.address),
        ("village", &row.village),
        ("district", &row.district),
        ("region", &row.region),
        ("country", &row.country),
    ] {
        put(name, json!(value));
    }
    put("latitude", json!(row.latitude));
    put("longitude", json!(row.longitude));
    put("group_size", members.len().into());
    for (name, score) in scores {
        put(&name, json!(score));
    }
    put_attributes(&mut record, row, visible, "");
    if visible.has_members() {
        let list: Vec<Value> =
            members.iter().map(|m| person(m, visible, Collection::Group, hanging)).collect();
        record.insert("members".to_owned(), list.into());
    }
    Value::Object(record)
}

fn put_attributes(record: &mut Map<String, Value>, row: &Row, visible: &Visible, prefix: &str) {
    let Some(all) = row.attributes.as_object() else { return };
    let shown: Map<String, Value> = match visible.extra(prefix) {
        None => all.clone(),
        Some(names) => names.into_iter().filter_map(|n| Some((n.to_owned(), all.get(n)?.clone()))).collect(),
    };
    if !shown.is_empty() {
        record.insert("attributes".to_owned(), Value::Object(shown));
    }
}

/// A person as a member of a household or on its own: pseudonym and what may be shown.
fn person(row: &Row, visible: &Visible, collection: Collection, hanging: &People) -> Value {
    let mut record = Map::from_iter([("id".to_owned(), Value::from(row.pseudonym.as_str()))]);
    let mut put = |name: &str, value: Value| {
        if shows(visible, collection, name) && !value.is_null() {
            record.insert(name.to_owned(), value);
        }
    };
    if collection == Collection::Group {
        put("kind", json!(row.kinds));
        put("relationship_to_head", json!(row.relationship_to_head));
    }
    put("name", row.name.as_str().into());
    for (name, value) in [
        ("given_name", &row.given_name),
        ("family_name", &row.family_name),
        ("additional_name", &row.additional_name),
        ("gender", &row.gender),
        ("birth_place", &row.birth_place),
        ("email", &row.email),
        ("social_id", &row.social_id),
    ] {
        put(name, json!(value));
    }
    put("birth_date", json!(row.birth_date.map(iso)));
    put("registration_date", iso(row.registration_date).into());
    let id = row.registrant_id;
    if shows(visible, collection, "identifiers") {
        record.insert("identifiers".to_owned(), identifiers(hanging, id));
    }
    if shows(visible, collection, "phone_numbers") {
        let numbers = hanging.phones.get(&id).into_iter().flatten().map(|p| Value::from(p.value.as_str()));
        record.insert("phone_numbers".to_owned(), numbers.collect());
    }
    put_attributes(&mut record, row, visible, "members.");
    Value::Object(record)
}

fn identifiers(hanging: &People, person: Uuid) -> Value {
    let list = hanging.identifiers.get(&person).into_iter().flatten();
    list.map(|i| json!({"identifier_type": i.kind, "identifier_value": i.value})).collect()
}

/// A person as a record of its own, in the shape of the specification.
fn member_record(row: &Row, visible: &Visible, hanging: &People) -> Value {
    let sees = |name: &str| shows(visible, Collection::Member, name);
    let mut record = head(Collection::Member, row);
    let mut info = Map::from_iter([("@type".to_owned(), Value::from("Person"))]);
    let mut name = Map::new();
    for (target, shown, value) in [
        ("surname", "family_name", row.family_name.as_deref()),
        ("given_name", "given_name", row.given_name.as_deref()),
        ("full_name", "name", Some(row.name.as_str())),
    ] {
        if let (true, Some(value)) = (sees(shown), value) {
            name.insert(target.to_owned(), value.into());
        }
    }
    if !name.is_empty() {
        info.insert("name".to_owned(), Value::Object(name));
    }
    if let (true, Some(gender)) = (sees("gender"), &row.gender) {
        info.insert("sex".to_owned(), gender.as_str().into());
    }
    if let (true, Some(birth)) = (sees("birth_date"), row.birth_date) {
        info.insert("birth_date".to_owned(), iso(birth).into());
    }
    if sees("identifiers") {
        let list = identifiers(hanging, row.registrant_id);
        info.insert("identifier".to_owned(), list.clone());
        record.insert("member_identifier".to_owned(), list);
    }
    if sees("phone_numbers") {
        let numbers = hanging.phones.get(&row.registrant_id).into_iter().flatten();
        info.insert("phone_number".to_owned(), numbers.map(|p| Value::from(p.value.as_str())).collect());
    }
    record.insert("demographic_info".to_owned(), Value::Object(info));
    if sees("registration_date") {
        record.insert("registration_date".to_owned(), iso(row.registration_date).into());
    }
    if let Some(status) = row.attributes.get("marital_status").filter(|_| sees("attributes.marital_status")) {
        record.insert("marital_status".to_owned(), status.clone());
    }
    put_attributes(&mut record, row, visible, "members.");
    put_attributes(&mut record, row, visible, "");
    Value::Object(record)
}
