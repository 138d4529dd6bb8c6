//! Asking the registry.

use serde_json::json;

use crate::*;

#[tokio::test]
async fn people_are_found_by_what_they_show_and_every_look_is_noted() {
    let registry = start().await;
    let maker = registry.user("maker");
    populate(&maker).await;
    let helpdesk = registry.user("helpdesk");
    let look = async |body: Value| {
        helpdesk.post("/api/v1/registrants/lookup", &body).await.expect_status(200).json()["items"].clone()
    };
    let by_id = look(json!({"id_type": "PASSPORT", "value": "a-1234567"})).await;
    assert_eq!(by_id[0]["external_id"], "P4");
    assert_eq!(by_id[0]["phones"], json!(["+254712345678"]));
    assert_eq!(by_id[0]["memberships"][0]["group_external_id"], "H3");
    let pseudonym = by_id[0]["pseudonym"].clone();
    assert_eq!(look(json!({"pseudonym": pseudonym})).await[0]["external_id"], "P4");
    assert_eq!(look(json!({"social_id": by_id[0]["social_id"]})).await[0]["external_id"], "P4");
    assert_eq!(look(json!({"external_id": "H1"})).await[0]["memberships"].as_array().unwrap().len(), 2);
    assert_eq!(look(json!({"id_type": "PASSPORT", "value": "nobody"})).await, json!([]));
    let noted =
        "SELECT count(*) FROM audit_log WHERE action = 'registrant.lookup' AND actor = 'user:helpdesk'";
    assert_eq!(count(registry.db(), noted).await, 4);
}

#[tokio::test]
async fn questions_that_make_no_sense_are_refused() {
    let registry = start().await;
    let maker = registry.user("maker");
    for body in [
        json!({}),
        json!({"id_type": "PASSPORT"}),
        json!({"external_id": "P1", "pseudonym": "x"}),
        json!({"external_id": "a\u{1}b"}),
    ] {
        let reply = maker.post("/api/v1/registrants/lookup", &body).await;
        assert_eq!(reply.status, 422, "{body}: {}", reply.text);
    }
    assert_eq!(maker.post("/api/v1/registrants/lookup", &json!({"passport": "x"})).await.status, 400);
    let many: Vec<String> = (0..1001).map(|n| n.to_string()).collect();
    maker.post("/api/v1/registrants/pseudonyms", &json!({"external_ids": many})).await.expect_status(422);
    maker.post("/api/v1/registrants/pseudonyms", &json!({"external_ids": []})).await.expect_status(422);
    let nul = json!({"external_ids": ["a\u{0}"]});
    maker.post("/api/v1/registrants/pseudonyms", &nul).await.expect_status(400);
    registry
        .user("helpdesk")
        .post("/api/v1/registrants/pseudonyms", &json!({"external_ids": ["P1"]}))
        .await
        .expect_status(403);
}

#[tokio::test]
async fn the_deduplicator_gets_what_it_compares_and_no_document_in_clear() {
    let registry = start().await;
    let maker = registry.user("maker");
    populate(&maker).await;
    let dedup = registry.partner("DEDUP", &["registry:compare"]).await;
    let ids = [
        id_of(registry.db(), "P1").await,
        id_of(registry.db(), "P5").await,
        id_of(registry.db(), "H1").await,
    ];
    let path = "/api/v1/registrants/comparison-records";
    let reply = dedup.session().post(path, &json!({"registrant_ids": ids})).await.expect_status(200);
    assert!(!reply.text.contains("111111111"), "documents are hashed");
    let records = reply.json();
    assert_eq!(records.as_array().unwrap().len(), 2, "households are not compared");
    let amina = &records[0];
    assert_eq!((&amina["given_name"], &amina["sex"]), (&json!("Amina"), &json!("female")));
    assert_eq!((&amina["birth_date"], &amina["district"]), (&json!("1980-05-01"), &json!("Nyeri")));
    assert_eq!(amina["phones"], json!(["+254712345678"]));
    assert_eq!(amina["household_id"].as_str(), Some(ids[2].as_str()));
    assert_eq!(amina["id_hashes"].as_array().unwrap().len(), 1);
    // Other partners and other tokens are refused.
    let other = registry.partner("PBMS", &["registry:call"]).await;
    other.session().post(path, &json!({"registrant_ids": ids})).await.expect_status(403);
    registry.anonymous().post(path, &json!({"registrant_ids": ids})).await.expect_status(401);
}
