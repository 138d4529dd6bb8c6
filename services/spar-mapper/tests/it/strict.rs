//! What a strict partner's items must say of themselves, what limits of a partner hold everywhere, and messages that are
//! larger than what is kept of them.

use platform::{Mode, Policy};
use serde_json::{Value, json};
use storage::sql;
use testkit::{TestPartner, TestService, unique};

use crate::{Service, change, message, now, start};

fn policy(permissions: &[&str]) -> Policy {
    Policy { permissions: permissions.iter().map(|p| (*p).to_owned()).collect(), ..Policy::default() }
}

/// Items as they are, with whatever they say of themselves.
fn raw(sender: &str, action: &str, items: &[Value]) -> Value {
    let mut body = message(sender, &unique("m"), action, &[]);
    body["header"]["total_count"] = json!(items.len());
    body["message"][format!("{action}_request")] = json!(items);
    body
}

fn codes(answers: &Value) -> Vec<String> {
    let code = |item: &Value| item["status_reason_code"].as_str().unwrap_or("-").to_owned();
    answers.as_array().unwrap().iter().map(code).collect()
}

/// One right item, then one without a reference, with the first one's, without a zone, and without any time.
fn misnamed() -> [Value; 5] {
    let item = |n: usize, reference: &str, at: &str| json!({"reference_id": reference, "timestamp": at, "id": format!("token:{n}@nationalId"), "fa": "account:1@b"});
    let at = now();
    [
        item(0, "r", &at),
        item(1, "", &at),
        item(2, "r", &at),
        item(3, "s", "2026-01-01T00:00:00"),
        item(4, "t", "string"),
    ]
}

const WRONG: [&str; 4] = [
    "rjct.reference_id.invalid",
    "rjct.reference_id.duplicate",
    "rjct.timestamp.invalid",
    "rjct.timestamp.invalid",
];

#[tokio::test]
async fn items_of_strict_partners_have_a_reference_of_their_own_and_a_time_with_its_zone() {
    let mapper = start().await;
    let strict = mapper.partner("STRICT", &["mapper:call"]).await;
    let send = async |partner: &TestPartner, action: &str| {
        let body = raw(partner.id(), action, &misnamed());
        let reply = partner.post_signed(&format!("/mapper/sync/{action}"), &body).await;
        codes(&reply.expect_status(200).json()["message"][format!("{action}_response")])
    };
    for action in ["link", "update", "unlink"] {
        let answered = send(&strict, action).await;
        assert_eq!((answered[0].as_str(), &answered[1..]), ("-", &WRONG.map(str::to_owned)[..]), "{action}");
    }
    let answered = send(&strict, "resolve").await;
    assert_eq!(answered[0], "succ.fa.not_linked_to_id");
    assert_eq!(answered[1..], WRONG);
    // Deployed clients send all of this.
    let compat = mapper.partner_with("COMPAT", Mode::Compat, policy(&["mapper:call"])).await;
    assert_eq!(send(&compat, "link").await, ["-"; 5]);
    assert_eq!(send(&compat, "resolve").await, ["succ.id.active"; 5]);

    let mut meta = raw("STRICT", "link", &[misnamed()[0].clone()]);
    meta["header"]["meta"] = json!("string");
    strict.post_signed("/mapper/sync/link", &meta).await.expect_status(400);
}

#[tokio::test]
async fn items_of_the_newer_dialect_have_a_reference_of_their_own_too() {
    let mapper = start().await;
    let strict = mapper.partner("STRICT", &["mapper:call"]).await;
    let fa = json!({"strategy_id": 5, "fa_type": "bank_acc", "account_number": "1", "branch_code": "b", "bank_code": "k"});
    for (operation, wanted) in [("link", "-"), ("resolve", "succ.id.active")] {
        let item = |id: &str| {
            if operation == "link" {
                json!({"reference_id": "r", "timestamp": "any", "id": id, "fa": fa})
            } else {
                json!({"reference_id": "r", "timestamp": "any", "id": id})
            }
        };
        let payload = json!({"transaction_id": "t", format!("{operation}_request"): [item("a"), item("b")]});
        let body = json!({
            "request_header": {
                "sender_app_mnemonic": "STRICT", "sender_app_url": "", "request_id": unique("q"), "request_timestamp": now(),
            },
            "request_body": {"request_payload": payload},
        });
        let reply =
            strict.post_signed(&format!("/mapper/{operation}"), &body).await.expect_status(200).json();
        let answers = &reply["response_body"]["response_payload"][format!("{operation}_response")];
        assert_eq!(codes(answers), [wanted, "rjct.reference_id.duplicate"], "{operation}: {reply}");
    }
}

async fn of_kind(mapper: &TestService<Service>, id: &str, kind: &str, permissions: &[&str]) -> TestPartner {
    let policy = Policy { id_namespaces: [kind.to_owned()].into(), ..policy(permissions) };
    mapper.partner_with(id, Mode::Strict, policy).await
}

/// Two kinds of ids have one account: who may use one kind hears of that one, whichever of them comes first.
#[tokio::test]
async fn an_account_is_found_by_its_address_among_the_ids_that_the_partner_may_use() {
    for mapper in [start().await, crate::start_plain().await] {
        let all = mapper.partner("ALL", &["mapper:call"]).await;
        let fa = "account:1@b.k.acc";
        let items = ["a@FIRST", "b@second", "no-kind"].map(|id| json!({"id": id, "fa": fa}));
        change(&all, "link", &items).await;
        for (kind, wanted) in [("first", "a@FIRST"), ("Second", "b@second"), ("third", ""), ("*", "a@FIRST")]
        {
            let partner = of_kind(&mapper, &unique("P"), kind, &["mapper:call"]).await;
            let body =
                message(partner.id(), &unique("m"), "resolve", &[json!({"fa": fa, "scope": "details"})]);
            let reply = partner.post_signed("/mapper/sync/resolve", &body).await.expect_status(200).json();
            let answer = &reply["message"]["resolve_response"][0];
            assert_eq!(answer["id"].as_str().unwrap_or_default(), wanted, "{kind}: {reply}");
            let code = if wanted.is_empty() { "succ.fa.not_found" } else { "succ.fa.active" };
            assert_eq!(answer["status_reason_code"], code);
        }
    }
}

#[tokio::test]
async fn a_partner_sees_and_changes_ids_of_its_own_kinds_only_also_through_the_own_api() {
    let mapper = start().await;
    let all = mapper.partner("ALL", &["mapper:call"]).await;
    let items = ["a@mine", "b@theirs"].map(|id| json!({"id": id, "fa": "account:1@b.k.acc"}));
    change(&all, "link", &items).await;
    let may =
        ["mapper:call", "mapper:history", "mapper:freeze", "mapper:write", "mapper:read", "mapper:approve"];
    let mine = of_kind(&mapper, "MINE", "mine", &may).await;
    let wanted = |id: &str| json!({"id": id, "operation": "unlink", "reason": "left the country", "needs_approval": true});
    let (own, other) = (json!({"id": "a@mine"}), json!({"id": "b@theirs"}));
    for (path, status) in [("history", 200), ("lookup", 200), ("verify", 200)] {
        let path = format!("/api/v1/mappings/{path}");
        mine.session().post(&path, &own).await.expect_status(status);
        mine.session().post(&path, &other).await.expect_status(403);
    }
    for path in ["/api/v1/mappings/freeze", "/api/v1/mappings/unfreeze"] {
        mine.session().post(path, &json!({"id": "b@theirs", "reason": "no"})).await.expect_status(403);
    }
    mine.session().post("/api/v1/changes", &wanted("b@theirs")).await.expect_status(403);
    mine.session().post("/api/v1/changes", &wanted("a@mine")).await.expect_status(202);
    let admin = mapper.user("admin");
    let theirs = admin.post("/api/v1/changes", &wanted("b@theirs")).await.expect_status(202).json();
    let seen = mine.session().get("/api/v1/changes").await.expect_status(200).json();
    let ids: Vec<&Value> = seen["items"].as_array().unwrap().iter().map(|change| &change["id"]).collect();
    assert_eq!(ids, ["a@mine"]);
    for decision in ["approve", "cancel"] {
        let path = format!("/api/v1/changes/{}/{decision}", theirs["change_id"].as_str().unwrap());
        mine.session().post(&path, &json!({})).await.expect_status(404);
    }
    admin.post("/api/v1/mappings/history", &other).await.expect_status(200);
}

/// A helpdesk vouches for `ministry:ada`; the same Ada has a token of the issuer that the mapper itself trusts.
#[tokio::test]
async fn nobody_approves_by_another_way_what_she_asked_for() {
    let mapper = start().await;
    let pages = mapper.partner("PAGES", &["mapper:*"]).await;
    change(&pages, "link", &[json!({"id": "a", "fa": "account:1@b.k.acc"})]).await;
    let token = pages.http_client().service_token("spar-mapper").unwrap();
    let as_staff = async |who: &str, path: &str, body: &Value| {
        let session = mapper.anonymous();
        let build = |request: reqwest::RequestBuilder| {
            request.bearer_auth(&token).header("On-Behalf-Of", who).json(body)
        };
        session.send(path, reqwest::Method::POST, build).await
    };
    let wanted = json!({"id": "a", "operation": "update", "fa": "account:2@b.k.acc", "reason": "moved", "needs_approval": true});
    let change = as_staff("ministry:admin", "/api/v1/changes", &wanted).await.expect_status(202).json();
    let path = format!("/api/v1/changes/{}/approve", change["change_id"].as_str().unwrap());
    for who in ["ministry:admin", "other:admin", "admin"] {
        as_staff(who, &path, &json!({})).await.expect_status(403);
    }
    mapper.user("admin").post(&path, &json!({})).await.expect_status(403);
    mapper.user("checker").post(&path, &json!({})).await.expect_status(200);
}

#[tokio::test]
async fn an_empty_name_takes_no_name_away() {
    let mapper = crate::start_plain().await;
    let partner = mapper.partner_with("P", Mode::Compat, policy(&["mapper:call"])).await;
    let full = json!({"id": "a", "fa": "account:1@b", "name": "A B", "phone_number": "+254700000001",
                      "additional_info": [{"name": "n", "value": 1}]});
    change(&partner, "link", &[full]).await;
    let empty =
        json!({"id": "a", "fa": "account:2@b", "name": "", "phone_number": "", "additional_info": []});
    assert_eq!(change(&partner, "update", &[empty]).await[0].0, "succ");
    let kept: Vec<String> = sql::scalars(
        mapper.db().conn(),
        "SELECT concat_ws('|', fa_value, name, phone, additional_info) FROM id_fa_mappings",
        [],
    )
    .await
    .unwrap();
    assert_eq!(kept, [r#"account:2@b|A B|+254700000001|[{"name": "n", "value": 1}]"#]);
}

#[tokio::test]
async fn a_used_message_id_is_refused_with_the_empty_list_of_the_newer_dialect() {
    let mapper = start().await;
    let strict = mapper.partner("STRICT", &["mapper:call"]).await;
    for operation in ["unlink", "resolve"] {
        let ask = async |id: &str| {
            let item = json!({"reference_id": "r", "timestamp": "any", "id": id});
            let body = json!({
                "request_header": {
                    "sender_app_mnemonic": "STRICT", "sender_app_url": "", "request_id": operation,
                    "request_timestamp": now(),
                },
                "request_body": {"request_payload": {"transaction_id": "t", format!("{operation}_request"): [item]}},
            });
            strict.post_signed(&format!("/mapper/{operation}"), &body).await.expect_status(200).json()
        };
        ask("a").await;
        let refused = ask("b").await;
        assert_eq!(refused["response_header"]["response_error_code"], "rjct.message_id.duplicate");
        let payload = &refused["response_body"]["response_payload"];
        assert_eq!(
            (&payload["transaction_id"], &payload[format!("{operation}_response")]),
            (&json!("t"), &json!([]))
        );
    }
}

/// Times at the edge of what can be written are wrong, or right, and no fault of ours.
#[tokio::test]
async fn a_time_that_utc_does_not_have_is_refused() {
    let mapper = start().await;
    let admin = mapper.user("admin");
    let mut answered = Vec::new();
    for at in ["9999-12-31T23:59:59-23:59", "0000-01-01T00:00:00+23:59", "9999-12-31T23:59:59Z"] {
        let ask = json!({"id": "a", "as_of": at});
        let asked = admin.post("/api/v1/mappings/lookup", &ask).await;
        let wanted =
            json!({"id": unique("i"), "operation": "link", "fa": "f", "reason": "r", "effective_from": at});
        answered.push((asked.status, admin.post("/api/v1/changes", &wanted).await.status));
    }
    assert_eq!(answered, [(422, 422), (200, 422), (200, 202)]);
}

/// It is kept with each change, and told for each of thousands of ids.
#[tokio::test]
async fn what_stands_beside_an_address_is_small() {
    let mapper = start().await;
    let partner = mapper.partner("P", &["mapper:call"]).await;
    let item = |id: &str, length: usize| json!({"id": id, "fa": "account:1@b", "additional_info": [{"name": "n", "value": "x".repeat(length)}]});
    let linked = change(&partner, "link", &[item("a", 4_000), item("b", 5_000), item("c", 1)]).await;
    let codes: Vec<&str> = linked.iter().map(|(_, code, _)| code.as_str()).collect();
    assert_eq!(codes, ["", "rjct.other.error", ""]);
    assert_eq!(change(&partner, "update", &[item("a", 5_000)]).await[0].1, "rjct.fa.invalid");
}

/// Ids of transactions and items are looked for by an index, which takes none of any length.
#[tokio::test]
async fn ids_that_are_too_long_to_be_kept_are_refused_and_are_no_fault_of_ours() {
    let mapper = start().await;
    let partner = mapper.partner_with("P", Mode::Compat, policy(&["mapper:call"])).await;
    // Random enough that no compression makes it short.
    let long: String = (0..300).map(|_| uuid::Uuid::new_v4().simple().to_string()).collect();
    let item = |reference: &str| json!({"reference_id": reference, "timestamp": now(), "id": "a", "fa": "account:1@b"});
    for action in ["link", "update", "unlink", "resolve"] {
        let mut body = raw("P", action, &[item("r")]);
        body["message"]["transaction_id"] = json!(long);
        let reply = partner.post_signed(&format!("/async/{action}"), &body).await.expect_status(400);
        assert!(
            reply.text.contains("message.transaction_id") && !reply.text.contains(&long),
            "{}",
            reply.text
        );
        let body = raw("P", action, &[item("r"), item(&long)]);
        let reply = partner.post_signed(&format!("/async/{action}"), &body).await.expect_status(400);
        assert!(reply.text.contains(&format!("{action}_request[1].reference_id")), "{}", reply.text);
    }
}

/// The history keeps the id of the message with each id that it changes: a long one would be written thousands of times.
#[tokio::test]
async fn an_id_of_a_message_is_short() {
    let mapper = start().await;
    let compat = mapper.partner_with("COMPAT", Mode::Compat, policy(&["mapper:call"])).await;
    let mut body = message("COMPAT", &"m".repeat(256), "link", &[json!({"id": "a", "fa": "account:1@b"})]);
    for path in ["/sync/link", "/mapper/sync/link", "/async/link"] {
        let reply = compat.post_signed(path, &body).await.expect_status(400);
        assert!(reply.text.contains("header.message_id"), "{}", reply.text);
    }
    body["header"]["message_id"] = json!("m".repeat(255));
    compat.post_signed("/sync/link", &body).await.expect_status(200);
    let newer = json!({
        "request_header": {
            "sender_app_mnemonic": "COMPAT", "sender_app_url": "", "request_id": "q".repeat(256), "request_timestamp": now(),
        },
        "request_body": {"request_payload": {"transaction_id": "t", "unlink_request": [
            {"reference_id": "r", "timestamp": "any", "id": "a"},
        ]}},
    });
    let refused = compat.post_signed("/mapper/unlink", &newer).await.expect_status(200).json();
    assert_eq!(refused["response_header"]["response_error_code"], "rjct.request.validation");
    assert_eq!(change(&compat, "unlink", &[json!({"id": "a"})]).await[0].0, "succ", "it is still there");
}

/// Each question may be answered with a whole message of ten thousand items: one message must not fill the memory.
#[tokio::test]
async fn questions_about_earlier_messages_are_few() {
    let mapper = start().await;
    let partner = mapper.partner("P", &["mapper:call"]).await;
    let ask = async |count: usize| {
        let question = |n: usize| {
            json!({"reference_id": format!("r{n}"), "timestamp": now(), "txn_type": "link",
                   "attribute_type": "transaction_id", "attribute_value": "t-1"})
        };
        let mut body = message("P", &unique("m"), "txn-status", &[]);
        body["header"]["total_count"] = json!(count);
        body["message"] =
            json!({"transaction_id": "t", "txnstatus_request": (0..count).map(question).collect::<Vec<_>>()});
        let reply = partner.post_signed("/mapper/sync/txn/status", &body).await.expect_status(200).json();
        reply["header"]["status_reason_code"].clone()
    };
    assert_eq!(ask(10).await, Value::Null);
    assert_eq!(ask(11).await, "rjct.total_count.limit_exceeded");
}
