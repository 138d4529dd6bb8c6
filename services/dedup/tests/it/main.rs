//! The deduplicator with a real Postgres, fed by events, asking a registry that answers from a table.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::{collections::BTreeMap, sync::Mutex, time::Duration};

use dedup::{
    Service,
    events::{PairsFound, RegistrantsChanged},
};
use events::EventData;
use serde_json::{Value, json};
use storage::sql;
use testkit::{TestService, wait_for};
use uuid::Uuid;
use wiremock::{
    Mock, MockServer, Request, Respond, ResponseTemplate,
    matchers::{method, path},
};

/// Answers comparison records of the people it knows, as the registry does.
struct Registry(Mutex<BTreeMap<Uuid, Value>>);

impl Respond for Registry {
    fn respond(&self, request: &Request) -> ResponseTemplate {
        if !request.headers.get("Authorization").is_some_and(|h| h.to_str().unwrap().starts_with("Bearer ")) {
            return ResponseTemplate::new(401);
        }
        let asked: Value = request.body_json().unwrap();
        let known = self.0.lock().unwrap();
        let records: Vec<&Value> = asked["registrant_ids"]
            .as_array()
            .unwrap()
            .iter()
            .filter_map(|id| known.get(&id.as_str().unwrap().parse::<Uuid>().unwrap()))
            .collect();
        ResponseTemplate::new(200).set_body_json(records)
    }
}

fn person(n: u128, given: &str, family: &str, birth: &str, phone: &str) -> (Uuid, Value) {
    let id = Uuid::from_u128(n);
    let record = json!({
        "registrant_id": id, "household_id": Uuid::from_u128(n + 1_000), "given_name": given, "family_name": family,
        "additional_name": null, "sex": "female", "birth_date": birth, "phones": [phone], "id_hashes": [],
        "address": "Plot 4", "village": "Kilima", "district": "North",
    });
    (id, record)
}

async fn start(people: Vec<(Uuid, Value)>) -> (TestService<Service>, MockServer) {
    let registry = MockServer::start().await;
    Mock::given(method("POST"))
        .and(path("/api/v1/registrants/comparison-records"))
        .respond_with(Registry(Mutex::new(people.into_iter().collect())))
        .mount(&registry)
        .await;
    let url = registry.uri();
    let service = TestService::<Service>::start(move |loaded| loaded.service.social_registry_url = url).await;
    (service, registry)
}

async fn announce(service: &TestService<Service>, change: &str, kind: &str, ids: &[Uuid]) {
    let event =
        RegistrantsChanged { change: change.to_owned(), kind: kind.to_owned(), registrant_ids: ids.to_vec() };
    events::publish(service.db().conn(), "default", "test", &event).await.unwrap();
    service.settled().await;
}

async fn run(service: &TestService<Service>) -> Value {
    let admin = service.user("admin");
    let run = admin.post("/api/v1/runs", &json!({"min_probability": 0.5})).await.expect_status(202).json();
    let path = format!("/api/v1/runs/{}", run["run_id"].as_str().unwrap());
    wait_for("the run to end", Duration::from_secs(30), || async {
        let run = admin.get(&path).await.expect_status(200).json();
        (run["state"] == "done").then_some(run)
    })
    .await
}

#[tokio::test]
async fn a_person_entered_twice_is_found_and_announced_without_personal_data() {
    let (service, _registry) = start(vec![
        person(1, "Wanjiku", "Kamau", "1984-05-06", "+254712345678"),
        person(2, "Wanjku", "Kamau", "1984-06-05", "+254712345678"),
        person(3, "Halima", "Abdi", "1990-02-01", "+254799999999"),
    ])
    .await;
    announce(&service, "created", "individual", &[1, 2, 3].map(Uuid::from_u128)).await;
    let stats = service.user("admin").get("/api/v1/stats").await.expect_status(200).json();
    assert_eq!((&stats["records"], &stats["pending"]), (&json!(3), &json!(0)));
    let done = run(&service).await;
    assert_eq!((&done["records"], &done["pairs"]), (&json!(3), &json!(1)), "{done}");
    assert!(
        done["comparisons"].as_i64().unwrap() > 0 && done["planned"].as_i64() >= done["comparisons"].as_i64()
    );
    let pairs = format!("/api/v1/runs/{}/pairs", done["run_id"].as_str().unwrap());
    let pairs = service.user("admin").get(&pairs).await.expect_status(200).json();
    let pair = &pairs["items"][0];
    assert_eq!(pair["left"], json!(Uuid::from_u128(1)));
    assert_eq!(pair["right"], json!(Uuid::from_u128(2)));
    assert!(pair["probability"].as_f64().unwrap() > 0.9, "{pair}");
    assert!(pair["explanation"].as_array().is_some_and(|e| e.len() > 2), "{pair}");
    let payloads: Vec<String> = sql::scalars(
        service.db().conn(),
        &format!("SELECT o::text FROM outbox o WHERE topic = '{}'", PairsFound::TOPIC),
        [],
    )
    .await
    .unwrap();
    assert_eq!(payloads.len(), 1);
    assert!(payloads[0].contains(&Uuid::from_u128(2).to_string()));
    for personal in ["Wanj", "Kamau", "1984", "0712345678", "712345678"] {
        assert!(!payloads[0].contains(personal), "{personal} is in an event");
    }
}

#[tokio::test]
async fn households_are_not_compared_and_merged_people_leave() {
    let registered = person(1, "Wanjiku", "Kamau", "1984-05-06", "+254712345678");
    let (service, _registry) = start(vec![registered]).await;
    announce(&service, "created", "group", &[Uuid::from_u128(9)]).await;
    announce(&service, "created", "individual", &[Uuid::from_u128(1)]).await;
    // The registry does not give a record of somebody who was joined to another.
    sql::execute(
        service.db().conn(),
        "INSERT INTO records (registrant_id, given_name) VALUES ($1, 'Wanjiku')",
        [Uuid::from_u128(2).into()],
    )
    .await
    .unwrap();
    announce(&service, "duplicate", "individual", &[Uuid::from_u128(2)]).await;
    let ids: Vec<Uuid> =
        sql::scalars(service.db().conn(), "SELECT registrant_id FROM records", []).await.unwrap();
    assert_eq!(ids, [Uuid::from_u128(1)]);
}

#[tokio::test]
async fn people_known_by_a_whole_name_only_are_compared_by_it() {
    let person = |n: u128| {
        let (id, mut record) = person(n, "", "", "1984-05-06", "+254712345678");
        record["full_name"] = json!("Wanjiku Kamau");
        (id, record)
    };
    let (service, _registry) = start(vec![person(1), person(2)]).await;
    announce(&service, "created", "individual", &[1, 2].map(Uuid::from_u128)).await;
    let names: Vec<String> =
        sql::scalars(service.db().conn(), "SELECT given_name FROM records", []).await.unwrap();
    assert_eq!(names, ["Wanjiku Kamau", "Wanjiku Kamau"]);
    assert_eq!(run(&service).await["pairs"], 1);
}

#[tokio::test]
async fn a_run_that_cannot_be_done_says_so_and_one_key_starts_one_run() {
    let registry = MockServer::start().await;
    let people = [1, 2, 3].map(|n| person(n, "Wanjiku", "Kamau", "1984-05-06", "+254712345678"));
    Mock::given(method("POST"))
        .respond_with(Registry(Mutex::new(people.into_iter().collect())))
        .mount(&registry)
        .await;
    let url = registry.uri();
    let service = TestService::<Service>::start(move |loaded| {
        loaded.service.social_registry_url = url;
        loaded.service.max_records = 2;
    })
    .await;
    announce(&service, "created", "individual", &[1, 2, 3].map(Uuid::from_u128)).await;
    let admin = service.user("admin");
    let post = async |body: Value| {
        admin
            .send("/api/v1/runs", reqwest::Method::POST, |r| r.header("Idempotency-Key", "k-1").json(&body))
            .await
    };
    let first = post(json!({"min_probability": 0.5})).await.expect_status(202).json();
    assert_eq!(post(json!({"min_probability": 0.5})).await.expect_status(202).json(), first);
    assert_eq!(post(json!({"min_probability": 0.6})).await.status, 422);
    let path = format!("/api/v1/runs/{}", first["run_id"].as_str().unwrap());
    let failed = wait_for("the run to fail", Duration::from_secs(30), || async {
        let run = admin.get(&path).await.expect_status(200).json();
        (run["state"] == "failed").then_some(run)
    })
    .await;
    assert!(failed["error"].as_str().unwrap().contains("max_records"), "{failed}");
    assert!(failed["finished_at"].is_string());
}

#[tokio::test]
async fn wrong_requests_are_named() {
    let (service, _registry) = start(vec![]).await;
    let admin = service.user("admin");
    let wrong = admin.post("/api/v1/runs", &json!({"min_probability": 7})).await.expect_status(422).json();
    assert_eq!(wrong["errors"][0]["field"], "min_probability");
    let typo = admin.post("/api/v1/runs", &json!({"min_probabilty": 0.5})).await.expect_status(400).json();
    assert_eq!(typo["code"], "invalid_json");
    admin.get(&format!("/api/v1/runs/{}", Uuid::nil())).await.expect_status(404);
    admin.get(&format!("/api/v1/runs/{}/pairs?after=x", Uuid::nil())).await.expect_status(400);
    service.user("helpdesk").post("/api/v1/runs", &json!({})).await.expect_status(403);
    service.anonymous().post("/api/v1/runs", &json!({})).await.expect_status(401);
}

#[tokio::test]
async fn a_registry_that_is_away_delays_the_feed_and_loses_nobody() {
    let (service, registry) = start(vec![person(1, "Wanjiku", "Kamau", "1984-05-06", "+254712345678")]).await;
    registry.reset().await;
    let event = RegistrantsChanged {
        change: "created".to_owned(),
        kind: "individual".to_owned(),
        registrant_ids: vec![Uuid::from_u128(1)],
    };
    events::publish(service.db().conn(), "default", "test", &event).await.unwrap();
    wait_for("a failed attempt", Duration::from_secs(20), || async {
        let attempts: Option<i32> =
            sql::scalar(service.db().conn(), "SELECT coalesce(max(attempts), 0) FROM jobs", [])
                .await
                .unwrap();
        attempts.filter(|n| *n > 0)
    })
    .await;
    let people = [person(1, "Wanjiku", "Kamau", "1984-05-06", "+254712345678")].into_iter().collect();
    Mock::given(method("POST")).respond_with(Registry(Mutex::new(people))).mount(&registry).await;
    service.settled().await;
    let records: Option<i64> =
        sql::scalar(service.db().conn(), "SELECT count(*) FROM records", []).await.unwrap();
    assert_eq!(records, Some(1));
}
