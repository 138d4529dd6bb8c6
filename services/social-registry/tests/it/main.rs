//! The social registry over HTTP, on a real Postgres.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::needless_pass_by_value, reason = "JSON literals are passed where they are written")]

mod bad_files;
mod duplicates;
mod imports;
mod registrants;
mod resume;
mod scores;
mod search;
mod speed;

use std::time::Duration;

use platform::Masked;
use serde_json::{Value, json};
use social_registry::{Config, Service};
use storage::{Db, sql};
use testkit::{Reply, Session, TestService, wait_for};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

pub(crate) fn config() -> Config {
    Config {
        pseudonym_secret: Masked::new("a secret of the tests, 32 bytes long".to_owned()),
        import_chunk_rows: 3,
        ..Config::default()
    }
}

pub(crate) async fn start() -> TestService<Service> {
    TestService::start(|loaded| loaded.service = config()).await
}

pub(crate) fn now() -> String {
    OffsetDateTime::now_utc().format(&Rfc3339).unwrap()
}

/// Posts a file with further parts before it.
pub(crate) async fn post_file(
    session: &Session,
    parts: &[(&'static str, &str)],
    file: impl Into<Vec<u8>>,
) -> Reply {
    let mut form = reqwest::multipart::Form::new();
    for (name, value) in parts {
        form = form.text(*name, (*value).to_owned());
    }
    let form = form.part("file", reqwest::multipart::Part::bytes(file.into()).file_name("rows.csv"));
    session.send("/api/v1/imports", reqwest::Method::POST, |r| r.multipart(form)).await
}

/// Waits until an import has ended, and returns its view.
pub(crate) async fn ended(session: &Session, import_id: &Value) -> Value {
    let path = format!("/api/v1/imports/{}", import_id.as_str().unwrap());
    wait_for("the import to end", Duration::from_secs(30), || async {
        let view = session.get(&path).await.expect_status(200).json();
        ["done", "failed"].contains(&view["state"].as_str().unwrap()).then_some(view)
    })
    .await
}

/// Imports a file and waits for its end.
pub(crate) async fn import(session: &Session, kind: &str, file: &str) -> Value {
    let accepted = post_file(session, &[("kind", kind)], file).await.expect_status(202).json();
    let view = ended(session, &accepted["import_id"]).await;
    assert_eq!(view["state"], "done", "{view}");
    view
}

/// `[created, updated, unchanged, rejected]`
pub(crate) fn counts(view: &Value) -> [i64; 4] {
    ["created", "updated", "unchanged", "rejected"].map(|k| view[k].as_i64().unwrap())
}

pub(crate) async fn rejects(session: &Session, view: &Value) -> Vec<(i64, String, String)> {
    let path = format!("/api/v1/imports/{}/rows?outcome=rejected", view["import_id"].as_str().unwrap());
    let page = session.get(&path).await.expect_status(200).json();
    let text = |v: &Value| v.as_str().unwrap_or_default().to_owned();
    page["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|r| (r["row"].as_i64().unwrap(), text(&r["column"]), text(&r["code"])))
        .collect()
}

pub(crate) async fn count(db: &Db, sql: &str) -> i64 {
    sql::scalar(db.conn(), sql, []).await.unwrap().unwrap()
}

pub(crate) const HOUSEHOLDS: &str = "external_id,name,kind,district,region,registration_date,roof,rooms,tv\n\
    H1,Odhiambo,Household,Nyeri,Central,2025-01-01,grass,1,false\n\
    H2,Wanjiku,Household,Kisumu,Nyanza,2025-02-01,tiles,3,true\n\
    H3,Kamau,Household,Nyeri,Central,2025-03-01,grass,2,false\n";

pub(crate) const INDIVIDUALS: &str = "external_id,given_name,family_name,gender,birth_date,registration_date,language\n\
    P1,Amina,Odhiambo,female,1980-05-01,2025-01-01,luo\n\
    P2,Otieno,Odhiambo,male,2022-03-04,2025-01-01,luo\n\
    P3,Grace,Wanjiku,female,1990-01-01,2025-02-01,kik\n\
    P4,Peter,Kamau,male,1975-12-31,2025-03-01,kik\n\
    P5,Petr,Kamau,male,1975-12-31,2025-04-01,kik\n";

pub(crate) const MEMBERSHIPS: &str = "household_external_id,individual_external_id,kind,relationship_to_head\n\
    H1,P1,Head,head\nH1,P2,Child,son\nH2,P3,Head,head\nH3,P4,Head,head\nH2,P5,Relative,relative\n";

pub(crate) const IDS: &str = "individual_external_id,id_type,value\n\
    P1,NATIONAL_ID,111111111\nP3,NATIONAL_ID,222222222\nP4,PASSPORT,A1234567\nP5,NATIONAL_ID,333333333\n";

pub(crate) const PHONES: &str = "individual_external_id,phone,country\n\
    P1,0712 345 678,KE\nP3,+254722000111,\nP4,0712345678,KE\n";

/// A small population: three households, five people of whom P5 is P4 entered again.
pub(crate) async fn populate(session: &Session) {
    for (kind, file) in [
        ("households", HOUSEHOLDS),
        ("individuals", INDIVIDUALS),
        ("memberships", MEMBERSHIPS),
        ("ids", IDS),
        ("phones", PHONES),
    ] {
        let view = import(session, kind, file).await;
        assert_eq!(view["rejected"], 0, "{kind}: {:?}", rejects(session, &view).await);
    }
}

pub(crate) fn score_definition() -> Value {
    json!({
        "name": "poverty_score", "target": "household", "intercept": 0, "minimum": 0, "maximum": 100,
        "items": [
            {"attribute": "roof", "type": "category", "points": {"grass": 0, "tiles": 8}, "missing": 0},
            {"attribute": "tv", "type": "category", "points": {"true": 6, "false": 0}, "missing": 0},
            {"attribute": "rooms", "type": "bands", "missing": 0,
             "bands": [{"from": 0, "points": 0}, {"from": 2, "points": 2}, {"from": 3, "points": 3.5}]},
        ]
    })
}

/// Record id of an external id.
pub(crate) async fn id_of(db: &Db, external_id: &str) -> String {
    let sql = "SELECT registrant_id::text FROM registrants WHERE external_id = $1";
    sql::scalar(db.conn(), sql, [external_id.into()]).await.unwrap().unwrap()
}
