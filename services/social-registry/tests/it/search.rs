//! Partners' searches: pages that hold everybody exactly once, and only what the policy allows.

use std::collections::BTreeSet;

use platform::{Mode, Policy};
use serde_json::json;
use testkit::{TestPartner, unique};

use crate::*;

const PATH: &str = "/registry/sync/search";

async fn partner(registry: &TestService<Service>, id: &str, attributes: &[&str]) -> TestPartner {
    let policy = Policy {
        permissions: ["registry:call".to_owned()].into(),
        attributes: attributes.iter().map(|a| (*a).to_owned()).collect(),
        ..Policy::default()
    };
    registry.partner_with(id, Mode::Strict, policy).await
}

fn message(sender: &str, transaction: &str, criteria: Value) -> Value {
    json!({
        "header": {"version": "1.0.0", "message_id": unique("m"), "message_ts": now(), "action": "search",
                   "sender_id": sender, "total_count": 1},
        "message": {"transaction_id": transaction, "search_request": [
            {"reference_id": "r-1", "timestamp": now(), "search_criteria": criteria, "locale": "eng"}]},
    })
}

fn groups(filter: Value) -> Value {
    json!({"reg_record_type": "Group", "query_type": "expression",
           "query": {"type": "ns:org:QueryType:expression",
                     "value": {"expression": {"collection": "Group", "query": filter}}}})
}

fn paged(mut criteria: Value, size: u32, number: u32, snapshot: Option<&Value>) -> Value {
    criteria["pagination"] = json!({"page_size": size, "page_number": number});
    if let Some(snapshot) = snapshot {
        criteria["pagination"]["snapshot_id"] = snapshot.clone();
    }
    criteria
}

async fn ask(partner: &TestPartner, criteria: Value) -> Value {
    let body = message(partner.id(), "t-1", criteria);
    partner.post_signed(PATH, &body).await.expect_status(200).json()
}

fn item(reply: &Value) -> &Value {
    &reply["message"]["search_response"][0]
}

fn records(reply: &Value) -> &Vec<Value> {
    item(reply)["data"]["reg_records"].as_array().unwrap_or_else(|| panic!("{reply}"))
}

fn code(reply: &Value) -> &str {
    item(reply)["status_reason_code"].as_str().unwrap_or_else(|| panic!("{reply}"))
}

#[tokio::test]
async fn a_programme_gets_households_with_only_the_attributes_of_its_policy() {
    let registry = start().await;
    let maker = registry.user("maker");
    populate(&maker).await;
    maker.post("/api/v1/score-definitions", &score_definition()).await.expect_status(202);
    registry.settled().await;
    let allowed = ["poverty_score", "district", "members.birth_date", "members.kind", "members.identifiers"];
    let pbms = partner(&registry, "PBMS", &allowed).await;
    let mut criteria = groups(json!({"poverty_score": {"$lt": 10}}));
    criteria["attributes"] = json!([
        "poverty_score",
        "members.birth_date",
        "members.kind",
        "members.identifiers",
        "members.name",
        "name"
    ]);
    let reply = ask(&pbms, criteria).await;
    assert_eq!(item(&reply)["status"], "succ", "{reply}");
    let found = records(&reply);
    assert_eq!(found.len(), 2);
    let scores: Vec<f64> = found.iter().map(|r| r["poverty_score"].as_f64().unwrap()).collect();
    assert_eq!(scores, [0.0, 2.0]);
    let household = found[0].as_object().unwrap();
    let keys: Vec<&str> = household.keys().map(String::as_str).collect();
    assert_eq!(keys, ["@context", "@type", "id", "members", "poverty_score"], "district was not asked for");
    assert!(household["id"].as_str().unwrap().ends_with("@household"));
    let head = &household["members"][0];
    assert_eq!(head["kind"], json!(["Head"]));
    assert_eq!(
        head["identifiers"],
        json!([{"identifier_type": "NATIONAL_ID", "identifier_value": "111111111"}])
    );
    let keys: Vec<&str> = head.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(keys, ["birth_date", "id", "identifiers", "kind"], "names were asked for and are not allowed");
    let noted = "SELECT count(*) FROM audit_log WHERE action = 'registry.search' AND actor = 'partner:PBMS'";
    assert_eq!(count(registry.db(), noted).await, 2, "whose record was given away is noted");
    for name in ["Amina", "Odhiambo", "Otieno", "H1", "P1"] {
        assert!(!reply.to_string().contains(&format!("\"{name}")), "{name} leaks");
    }
}

#[tokio::test]
async fn pages_hold_everybody_exactly_once_while_others_are_registered() {
    let registry = start().await;
    let maker = registry.user("maker");
    let rows: String = (0..23).map(|n| format!("S{n},Family {},Nyeri\n", "x".repeat(n + 1))).collect();
    import(&maker, "households", &format!("external_id,name,district\n{rows}")).await;
    let pbms = partner(&registry, "PBMS", &["district", "registration_date"]).await;
    let criteria = groups(json!({"district": "Nyeri"}));

    let first = ask(&pbms, paged(criteria.clone(), 5, 1, None)).await;
    let snapshot = first["header"]["meta"]["snapshot_id"].clone();
    assert_eq!(item(&first)["pagination"]["snapshot_id"], snapshot);
    assert_eq!(item(&first)["pagination"]["total_count"], 23);
    let mut ids: Vec<String> = Vec::new();
    let mut page = first;
    for number in 2.. {
        ids.extend(records(&page).iter().map(|r| r["id"].as_str().unwrap().to_owned()));
        if records(&page).is_empty() {
            break;
        }
        // New households and changed districts between two pages.
        let more = format!("external_id,name,district\nN{number},New,Nyeri\nS{number},Moved,Kisumu\n");
        import(&maker, "households", &more).await;
        page = ask(&pbms, paged(criteria.clone(), 5, number, Some(&snapshot))).await;
        assert_eq!(item(&page)["pagination"]["total_count"], 23);
    }
    let distinct: BTreeSet<&String> = ids.iter().collect();
    assert_eq!((ids.len(), distinct.len()), (23, 23));

    // Without the extension a page number belongs to the newest search of the same transaction.
    let second = ask(&pbms, paged(criteria.clone(), 5, 2, None)).await;
    let second: Vec<&str> = records(&second).iter().map(|r| r["id"].as_str().unwrap()).collect();
    assert_eq!(second, ids[5..10].iter().map(String::as_str).collect::<Vec<_>>());

    // A snapshot answers its own search only.
    let wrong_size = ask(&pbms, paged(criteria.clone(), 6, 2, Some(&snapshot))).await;
    assert_eq!(code(&wrong_size), "rjct.pagination.invalid");
    let other = ask(&pbms, paged(groups(json!({"district": "Kisumu"})), 5, 2, Some(&snapshot))).await;
    assert_eq!(code(&other), "rjct.pagination.invalid");
    let stranger = partner(&registry, "OTHER", &["district"]).await;
    let stolen = ask(&stranger, paged(criteria.clone(), 5, 2, Some(&snapshot))).await;
    assert_eq!(code(&stolen), "rjct.pagination.invalid");
    let age = "UPDATE search_snapshots SET created_at = now() - interval '61 minutes'";
    sql::execute(registry.db().conn(), age, []).await.unwrap();
    for name in [Some(&snapshot), None] {
        let expired = ask(&pbms, paged(criteria.clone(), 5, 2, name)).await;
        assert_eq!(code(&expired), "rjct.pagination.invalid", "another list must not answer");
    }
}

#[tokio::test]
async fn nothing_is_stored_of_a_search_that_fits_one_page() {
    let registry = start().await;
    let maker = registry.user("maker");
    populate(&maker).await;
    let pbms = partner(&registry, "PBMS", &["district"]).await;
    for size in [3, 4] {
        let reply = ask(&pbms, paged(groups(json!({})), size, 1, None)).await;
        assert_eq!((records(&reply).len(), &item(&reply)["pagination"]["total_count"]), (3, &json!(3)));
        assert_eq!(item(&reply)["pagination"]["snapshot_id"], Value::Null);
    }
    let none = ask(&pbms, paged(groups(json!({"district": "Nowhere"})), 3, 1, None)).await;
    assert_eq!(item(&none)["pagination"]["total_count"], 0);
    for table in ["search_snapshots", "search_snapshot_rows"] {
        assert_eq!(count(registry.db(), &format!("SELECT count(*) FROM {table}")).await, 0);
    }
    let reply = ask(&pbms, paged(groups(json!({})), 2, 1, None)).await;
    assert!(item(&reply)["pagination"]["snapshot_id"].is_string());
    assert_eq!(count(registry.db(), "SELECT count(*) FROM search_snapshot_rows").await, 3);
    let stored = "SELECT count(*) FROM seen_messages WHERE response IS NOT NULL";
    assert_eq!(count(registry.db(), stored).await, 0, "records must not lie in a second table");
}

#[tokio::test]
async fn a_filter_of_very_many_values_is_answered() {
    let registry = start().await;
    let maker = registry.user("maker");
    populate(&maker).await;
    let pbms = partner(&registry, "PBMS", &["*"]).await;
    let many = |n: usize, last: Value| -> Value {
        let values = (0..999).map(|i| json!(format!("{n}-{i}"))).chain([last]);
        json!({ "$in": values.collect::<Vec<_>>() })
    };
    let parts: Vec<Value> = (0..70).map(|n| json!({"district": many(n, json!("Kisumu"))})).collect();
    let hits = async |filter: Value| records(&ask(&pbms, groups(filter)).await).len();
    assert_eq!(hits(json!({ "$or": parts })).await, 1);
    assert_eq!(hits(json!({"location": {"$in": ["Nyanza", "Kisumu", "x"]}})).await, 1);
    assert_eq!(hits(json!({"group_size": {"$in": [2, 7.0]}})).await, 2);
    assert_eq!(hits(json!({"members.kind": {"$in": ["Child", "Relative"]}})).await, 2);
    assert_eq!(hits(json!({"members.birth_date": {"$in": ["1990-01-01", null]}})).await, 1);
    assert_eq!(hits(json!({"$not": {"attributes.roof": {"$in": ["grass", null]}}})).await, 1);
}

#[tokio::test]
async fn filters_are_limited_to_what_the_partner_may_see() {
    let registry = start().await;
    let maker = registry.user("maker");
    populate(&maker).await;
    let allowed =
        ["district", "region", "group_size", "members.birth_date", "members.gender", "attributes.roof"];
    let pbms = partner(&registry, "PBMS", &allowed).await;
    let hits = async |filter: Value| records(&ask(&pbms, groups(filter)).await).len();
    assert_eq!(hits(json!({})).await, 3);
    assert_eq!(hits(json!({"location": {"$eq": "Central"}})).await, 2);
    assert_eq!(hits(json!({"$or": [{"district": "Kisumu"}, {"group_size": {"$gte": 2}}]})).await, 2);
    assert_eq!(hits(json!({"members.age": {"$lt": 10}})).await, 1);
    // Each condition about members holds when it holds for one of them, not all for the same one.
    assert_eq!(hits(json!({"age": {"$gte": 40}, "members.gender": "male"})).await, 3);
    assert_eq!(hits(json!({"$not": {"district": "Nyeri"}})).await, 1);
    assert_eq!(hits(json!({"attributes.roof": {"$in": ["grass", "tiles"]}})).await, 3);
    for refused in [
        json!({"members.name": "Amina"}),
        json!({"poverty_score": {"$lt": 5}}),
        json!({"attributes.tv": true}),
        json!({"name'; DROP TABLE registrants; --": 1}),
        json!({"district": {"$regex": ".*"}}),
    ] {
        let reply = ask(&pbms, groups(refused.clone())).await;
        assert!(code(&reply).starts_with("rjct."), "{refused}");
        assert_eq!(reply["header"]["status"], "rjct");
        assert_eq!(reply["message"]["ack_status"], "ERR");
    }
}

#[tokio::test]
async fn people_are_found_by_their_documents_and_by_predicates() {
    let registry = start().await;
    let maker = registry.user("maker");
    populate(&maker).await;
    let all = partner(&registry, "ALL", &["*"]).await;
    let by_id =
        |value: &str| json!({"query_type": "idtype-value", "query": {"type": "NATIONAL_ID", "value": value}});
    let reply = ask(&all, by_id("111 111 111")).await;
    let amina = &records(&reply)[0];
    assert_eq!((&amina["@type"], &amina["demographic_info"]["sex"]), (&json!("Member"), &json!("female")));
    assert_eq!(amina["demographic_info"]["name"]["given_name"], "Amina");
    assert_eq!(amina["member_identifier"][0]["identifier_value"], "111111111");
    assert!(records(&ask(&all, by_id("999")).await).is_empty());
    let mut household = by_id("111111111");
    household["reg_record_type"] = json!("Group");
    assert_eq!(records(&ask(&all, household).await)[0]["name"], "Odhiambo");
    // Numbers of predicates are sent as text.
    let predicate = json!({"query_type": "predicate", "reg_record_type": "Member", "query": [
        {"seq_num": 1, "expression1": {"attribute_name": "age", "operator": "lt", "attribute_value": "25"},
         "condition": "and", "expression2": {"attribute_name": "gender", "operator": "eq", "attribute_value": "male"}}]});
    let reply = ask(&all, predicate).await;
    assert_eq!(records(&reply).len(), 1);
    // A partner that may not see documents cannot ask for them.
    let blind = partner(&registry, "BLIND", &["gender"]).await;
    assert_eq!(code(&ask(&blind, by_id("111111111")).await), "rjct.filter.invalid");
}

#[tokio::test]
async fn messages_that_are_not_right_get_the_code_of_the_dialect() {
    let registry = start().await;
    let maker = registry.user("maker");
    populate(&maker).await;
    let pbms = partner(&registry, "PBMS", &["district"]).await;
    for (criteria, wanted) in [
        (paged(groups(json!({})), 0, 1, None), "rjct.pagination.invalid"),
        (paged(groups(json!({})), 10, 0, None), "rjct.pagination.invalid"),
        (paged(groups(json!({})), 5000, 1, None), "rjct.pagination.invalid"),
        (json!({"query_type": "magic", "query": {}}), "rjct.search_criteria.invalid"),
        (
            json!({"query_type": "expression", "query": {"type": "x", "value": "y"}}),
            "rjct.search_criteria.invalid",
        ),
        (
            json!({"query_type": "graphql", "query": "{ getRegistrants { name } }"}),
            "rjct.search_criteria.invalid",
        ),
    ] {
        assert_eq!(code(&ask(&pbms, criteria.clone()).await), wanted, "{criteria}");
    }
    let mut sorted = groups(json!({}));
    sorted["sort"] = json!([{"attribute_name": "name", "sort_order": "asc"}]);
    assert_eq!(code(&ask(&pbms, sorted.clone()).await), "rjct.sort.invalid");
    sorted["sort"] = json!([{"attribute_name": "district", "sort_order": "desc"}]);
    assert_eq!(item(&ask(&pbms, sorted).await)["status"], "succ");

    let send = async |change: &dyn Fn(&mut Value)| {
        let mut body = message("PBMS", "t-1", groups(json!({})));
        change(&mut body);
        pbms.post_signed(PATH, &body).await
    };
    let late = send(&|b| b["message"]["search_request"][0]["timestamp"] = json!("2024-01-15T10:30:00")).await;
    assert_eq!(code(&late.expect_status(200).json()), "rjct.timestamp.invalid");
    let locale = send(&|b| b["message"]["search_request"][0]["locale"] = json!("EN")).await;
    assert_eq!(code(&locale.expect_status(200).json()), "rjct.search_criteria.invalid");
    let changes: [&dyn Fn(&mut Value); 5] = [
        &|b| b["message"]["transaction_id"] = json!("x".repeat(100)),
        &|b| b["message"]["transaction_id"] = json!("a\u{1}"),
        &|b| b["message"]["search_request"] = json!([]),
        &|b| b["message"]["search_request"] = json!("all"),
        &|b| drop(b.as_object_mut().unwrap().remove("message")),
    ];
    for change in changes {
        let reply = send(change).await.expect_status(400).json();
        assert_eq!(reply["message"]["ack_status"], "ERR", "{reply}");
        assert_eq!(reply["errors"][0]["code"], "err.request.bad");
    }
    let count = send(&|b| b["header"]["total_count"] = json!(7)).await.expect_status(200).json();
    assert_eq!(count["header"]["status_reason_code"], "rjct.total_count.invalid");
    assert_eq!(count["message"]["ack_status"], "ERR");
}

#[tokio::test]
async fn strangers_find_nothing_and_the_same_message_is_answered_again() {
    let registry = TestService::<Service>::start(|loaded| {
        loaded.service = config();
        loaded.common.anonymous_partner = true;
    })
    .await;
    let maker = registry.user("maker");
    populate(&maker).await;
    let anonymous = registry.anonymous();
    let by_id = json!({"query_type": "idtype-value", "query": {"type": "NATIONAL_ID", "value": "111111111"}});
    for criteria in [groups(json!({})), by_id] {
        let reply = anonymous.post(PATH, &message("nobody", "t-1", criteria)).await.expect_status(200).json();
        assert_eq!(item(&reply)["status"], "succ", "an unknown client gets an answer of the right shape");
        assert!(records(&reply).is_empty(), "and nothing in it");
        assert_eq!(item(&reply)["pagination"]["total_count"], 0);
    }
    let pbms = partner(&registry, "PBMS", &["district"]).await;
    let body = message("PBMS", "t-1", groups(json!({})));
    let first = pbms.post_signed(PATH, &body).await.expect_status(200).json();
    let again = pbms.post_signed(PATH, &body).await.expect_status(200).json();
    assert_eq!(records(&again), records(&first));
    let mut other = body.clone();
    other["message"]["transaction_id"] = json!("t-2");
    let refused = pbms.post_signed(PATH, &other).await.expect_status(200).json();
    assert_eq!(refused["header"]["status_reason_code"], "rjct.message_id.duplicate");
    // A registered partner's name without its signature is no partner.
    let unsigned =
        anonymous.post(PATH, &message("PBMS", "t-1", groups(json!({})))).await.expect_status(200).json();
    assert_eq!(
        (&unsigned["header"]["status"], &unsigned["message"]["ack_status"]),
        (&json!("rjct"), &json!("ERR"))
    );
    let no_right = registry.partner("READER", &["registry:read"]).await;
    let body = message("READER", "t-1", groups(json!({})));
    assert_eq!(no_right.post_signed(PATH, &body).await.status, 403);
}

#[tokio::test]
async fn duplicates_are_no_members_and_their_documents_are_the_persons() {
    let registry = start().await;
    let maker = registry.user("maker");
    populate(&maker).await;
    // P5 is a second entry of P4; its document becomes P4's.
    let sql = "UPDATE registrants AS d SET status = 'duplicate', duplicate_of = m.registrant_id
                 FROM registrants AS m WHERE d.external_id = 'P5' AND m.external_id = 'P4'";
    sql::execute(registry.db().conn(), sql, []).await.unwrap();
    let all = partner(&registry, "ALL", &["*"]).await;
    let reply = ask(&all, groups(json!({}))).await;
    let names: Vec<&str> = records(&reply)
        .iter()
        .flat_map(|g| g["members"].as_array().unwrap())
        .map(|m| m["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["Amina Odhiambo", "Otieno Odhiambo", "Grace Wanjiku", "Peter Kamau"]);
    let by_id = json!({"query_type": "idtype-value", "query": {"type": "NATIONAL_ID", "value": "333333333"}});
    let reply = ask(&all, by_id).await;
    assert_eq!(records(&reply)[0]["demographic_info"]["name"]["given_name"], "Peter");
    assert_eq!(records(&reply)[0]["member_identifier"].as_array().unwrap().len(), 2);
}
