//! What a caller gets for link, update, unlink and resolve.

use serde_json::{Value, json};
use storage::sql;

use super::{message, start};

fn statuses(body: &Value, list: &str) -> Vec<(String, String, String)> {
    let text = |v: &Value| v.as_str().unwrap_or_default().to_owned();
    body["message"][list]
        .as_array()
        .unwrap_or_else(|| panic!("no {list} in {body}"))
        .iter()
        .map(|i| (text(&i["status"]), text(&i["status_reason_code"]), text(&i["status_reason_message"])))
        .collect()
}

fn succ() -> (String, String, String) {
    ("succ".into(), String::new(), String::new())
}

fn rjct(code: &str, message: &str) -> (String, String, String) {
    ("rjct".into(), code.into(), message.into())
}

#[tokio::test]
async fn each_item_of_a_batch_stands_for_itself_and_keeps_its_place() {
    let mapper = start().await;
    let bridge = mapper.partner("BRIDGE", &["mapper:call"]).await;
    let items = [
        json!({"id": "token:a@nationalId", "fa": "account:1@bank"}),
        json!({"id": "", "fa": "account:2@bank"}),
        json!({"id": "token:b@nationalId", "fa": ""}),
        json!({"id": "token:a@nationalId", "fa": "account:3@bank"}),
        json!({"id": "token:c@nationalId", "fa": "account:4@bank"}),
    ];
    let linked = bridge.post_signed("/mapper/sync/link", &message("BRIDGE", "m-1", "link", &items)).await;
    let linked = linked.expect_status(200).json();
    assert_eq!(
        statuses(&linked, "link_response"),
        [
            succ(),
            rjct("rjct.id.invalid", "ID is null"),
            rjct("rjct.fa.invalid", "FA is null"),
            rjct("rjct.reference_id.duplicate", "ID and FA are already mapped"),
            succ(),
        ]
    );
    assert_eq!(
        (&linked["header"]["status"], &linked["header"]["completed_count"]),
        (&json!("succ"), &json!(5)),
        "all items were worked on"
    );

    let ask = [
        json!({"id": "token:c@nationalId", "scope": "details"}),
        json!({"id": "token:nobody@nationalId", "scope": "details"}),
        json!({"id": "token:a@nationalId", "fa": "account:9@bank"}),
        json!({"fa": "account:4@bank", "scope": "details"}),
        json!({"id": "token:a@nationalId"}),
        json!({}),
    ];
    let found = bridge.post_signed("/sync/resolve", &message("BRIDGE", "m-2", "resolve", &ask)).await;
    let found = found.expect_status(200).json();
    let answers = &found["message"]["resolve_response"];
    assert_eq!(answers[0]["fa"], "account:4@bank");
    assert_eq!(answers[0]["status_reason_code"], "succ.id.active");
    assert_eq!(answers[1]["status"], "succ");
    assert_eq!(answers[1]["status_reason_message"], "ID doesnt exist please link first");
    assert_eq!(answers[2]["status_reason_code"], "succ.fa.not_linked_to_id");
    assert_eq!(answers[3]["id"], "token:c@nationalId");
    assert!(answers[4]["fa"].is_null(), "yes_no tells no address: {}", answers[4]);
    assert_eq!(answers[5]["status_reason_message"], "Either ID or FA are required");
}

#[tokio::test]
async fn every_change_is_kept_with_before_and_after() {
    let mapper = super::start_plain().await;
    let person = json!({"id": "token:a@nationalId", "fa": "account:1@bank", "name": "Somebody"});
    let partner = mapper.partner("SELF", &["mapper:call"]).await;
    let send = async |id: &str, action: &str, item: Value| {
        let reply = partner
            .post_signed(&format!("/mapper/sync/{action}"), &message("SELF", id, action, &[item]))
            .await;
        statuses(&reply.expect_status(200).json(), &format!("{action}_response")).remove(0)
    };
    assert_eq!(send("m-1", "link", person.clone()).await, succ());
    let other = json!({"id": "token:a@nationalId", "fa": "account:2@bank"});
    assert_eq!(
        send("m-2", "link", other.clone()).await,
        rjct("rjct.reference_id.duplicate", "ID and FA are already mapped")
    );
    assert_eq!(
        send("m-3", "link", person).await,
        succ(),
        "the identical pair again is no change for a strict partner"
    );
    assert_eq!(send("m-4", "update", other).await, succ());
    let unknown = json!({"id": "token:z@nationalId", "fa": "account:2@bank"});
    let not_there = rjct("rjct.id.invalid", "ID doesnt exist please link first");
    assert_eq!(send("m-5", "update", unknown).await, not_there);
    let wrong_pair = json!({"id": "token:a@nationalId", "fa": "account:1@bank"});
    assert_eq!(
        send("m-6", "unlink", wrong_pair).await,
        rjct("rjct.id.invalid", "ID doesnt exist please link first")
    );
    assert_eq!(send("m-7", "unlink", json!({"id": "token:a@nationalId"})).await, succ());

    let changes: Vec<String> = sql::scalars(
        mapper.db().conn(),
        "SELECT change || ' ' || actor || ' ' || coalesce(before->>'fa', '-') || ' ' || coalesce(after->>'fa', '-')
           FROM mapping_history ORDER BY seq",
        [],
    )
    .await
    .unwrap();
    assert_eq!(
        changes,
        [
            "linked partner:SELF - account:1@bank",
            "updated partner:SELF account:1@bank account:2@bank",
            "unlinked partner:SELF account:2@bank -",
        ]
    );
    mapper.settled().await;
}

#[tokio::test]
async fn two_batches_with_the_same_ids_in_another_order_both_end() {
    let mapper = start().await;
    let partner = mapper.partner("P", &["mapper:call"]).await;
    let items: Vec<Value> = (0..500)
        .map(|n| json!({"id": format!("token:{n}@nationalId"), "fa": format!("account:{n}@bank")}))
        .collect();
    let backwards: Vec<Value> = items.iter().rev().cloned().collect();
    let (there, back) = (message("P", "m-1", "link", &items), message("P", "m-2", "link", &backwards));
    let (a, b) = tokio::join!(
        partner.post_signed("/mapper/sync/link", &there),
        partner.post_signed("/mapper/sync/link", &back)
    );
    for reply in [a, b] {
        let done = reply.expect_status(200).json()["header"]["completed_count"].clone();
        assert_eq!(done, 500, "an identical pair is linked or found linked");
    }
    let rows: Option<i64> =
        sql::scalar(mapper.db().conn(), "SELECT count(*) FROM mapping_history", []).await.unwrap();
    assert_eq!(rows, Some(500), "each id was linked once");
}
