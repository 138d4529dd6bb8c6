//! Every path that deployed clients use, and what each dialect gets back.

use platform::{Mode, Policy};
use serde_json::{Value, json};
use storage::sql;

use super::{message, now, start};

/// A message of the newer envelope.
fn newer(request_id: &str, payload: &Value) -> Value {
    json!({
        "request_header": {
            "sender_app_mnemonic": "BRIDGE", "sender_app_url": "https://bridge", "request_id": request_id,
            "request_timestamp": now(),
        },
        "request_body": {"request_payload": payload},
    })
}

fn bank_account() -> Value {
    json!({
        "strategy_id": 2, "fa_type": "BANK", "bank_name": "HDFC Bank", "bank_code": "HDFC",
        "branch_name": "Pune", "branch_code": "HDFC0001", "account_number": "1234567890",
    })
}

const BANK_TEXT: &str = "account_number:1234567890.branch_name:Pune.branch_code:HDFC0001.bank_name:HDFC Bank.bank_code:HDFC.fa_type:BANK";

#[tokio::test]
async fn every_path_links_and_resolves() {
    let mapper = start().await;
    let partner = mapper.partner("P", &["mapper:call"]).await;
    let bases = [
        "/sync",
        "/mapper/sync",
        "/api/mapper/sync",
        "/api/mapper/mapper/sync",
        "/api/sync",
        "/mapper/v1/sync",
        "/mapper/v1/mapper/sync",
    ];
    for (n, base) in bases.into_iter().enumerate() {
        let id = format!("token:{n}@nationalId");
        for (action, item, list) in [
            ("link", json!({"id": id, "fa": "account:1@a.b.bank_acc"}), "link_response"),
            ("update", json!({"id": id, "fa": "account:2@a.b.bank_acc"}), "update_response"),
            ("resolve", json!({"id": id, "scope": "details"}), "resolve_response"),
            ("unlink", json!({"id": id}), "unlink_response"),
        ] {
            let sent = message("P", &format!("{action}-{n}"), action, &[item]);
            let reply = partner.post_signed(&format!("{base}/{action}"), &sent).await;
            let body = reply.expect_status(200).json();
            assert_eq!(body["message"][list][0]["status"], "succ", "{base}/{action}: {body}");
        }
    }
    for path in ["/ping", "/api/mapper/ping", "/mapper/v1/ping"] {
        assert_eq!(mapper.anonymous().get(path).await.expect_status(200).json(), json!("pong"), "{path}");
    }
}

#[tokio::test]
async fn deployed_1x_clients_get_nulls_and_codes_and_the_specification_gets_neither() {
    let mapper = start().await;
    let partner = mapper.partner("P", &["mapper:call"]).await;
    let send = async |path: &str, id: &str, action: &str, items: &[Value]| {
        partner.post_signed(path, &message("P", id, action, items)).await.expect_status(200).json()
    };
    let items = [
        json!({"id": "token:a@nationalId", "fa": "account:1@b.k.bank_acc"}),
        json!({"id": "token:a@nationalId", "fa": "account:2@b.k.bank_acc"}),
    ];
    let old = send("/sync/link", "m-1", "link", &items).await;
    assert_eq!((&old["signature"], &old["message"]["correlation_id"]), (&Value::Null, &Value::Null));
    assert!(old["message"]["link_response"][0].as_object().unwrap().contains_key("status_reason_code"));
    assert_eq!(old["header"]["completed_count"], 1, "1.x counts what was done");
    assert_eq!(old["header"]["meta"], json!({}));
    let mut wrong = message("P", "m-2", "update", &items);
    wrong["header"]["action"] = json!("string");
    let refused = partner.post_signed("/sync/update", &wrong).await.expect_status(200).json();
    assert_eq!(refused["header"]["status_reason_message"], "rjct.action.not_supported");
    assert_eq!(refused["message"], json!({}));

    let ask = [json!({"id": "token:a@nationalId"}), json!({"id": "token:b@nationalId"})];
    let old = send("/sync/resolve", "m-3", "resolve", &ask).await;
    let answer = old["message"]["resolve_response"][0].as_object().unwrap().clone();
    for key in ["fa", "account_provider_info", "status_reason_message", "additional_info", "locale"] {
        assert_eq!(answer.get(key), Some(&Value::Null), "{key}");
    }
    let spec = send("/mapper/sync/resolve", "m-4", "resolve", &ask).await;
    let answer = spec["message"]["resolve_response"][0].as_object().unwrap().clone();
    let keys: Vec<&str> = answer.keys().map(String::as_str).collect();
    assert_eq!(keys, ["id", "reference_id", "status", "status_reason_code", "timestamp"]);
    assert!(spec.get("signature").is_none() && spec["message"].get("correlation_id").is_none());
}

#[tokio::test]
async fn addresses_of_the_newer_dialect_are_objects_written_and_read_by_strategies() {
    let mapper = start().await;
    let bridge = mapper.partner("BRIDGE", &["mapper:call"]).await;
    let send = async |op: &str, id: &str, payload: Value| {
        let reply = bridge.post_signed(&format!("/mapper/{op}"), &newer(id, &payload)).await;
        reply.expect_status(200).json()
    };
    let item = |id: &str, fa: Value| json!({"reference_id": format!("r-{id}"), "timestamp": "any", "id": id, "fa": fa});
    let mut unknown = bank_account();
    unknown["strategy_id"] = json!(99);
    let mut short = bank_account();
    short.as_object_mut().unwrap().remove("bank_code");
    let linked = send(
        "link",
        "q-1",
        json!({"transaction_id": "t-1", "link_request": [
            item("1234567890", bank_account()), item("2", unknown), item("3", short), item("4", Value::Null),
        ]}),
    )
    .await;
    assert_eq!(linked["response_header"]["response_status"], "SUCCESS");
    let payload = &linked["response_body"]["response_payload"];
    assert_eq!((&payload["transaction_id"], &payload["correlation_id"]), (&json!("t-1"), &Value::Null));
    let answers = &payload["link_response"];
    assert_eq!(answers[0]["fa"], BANK_TEXT);
    assert_eq!(answers[1]["status_reason_message"], "there is no strategy 99");
    assert_eq!(answers[2]["status_reason_message"], "fa: bank_code is missing");
    assert_eq!(answers[2]["status_reason_code"], "rjct.fa.invalid");
    assert_eq!(answers[3]["status_reason_message"], "FA is null");

    let asked = json!({"transaction_id": "t-2", "resolve_request": [
        {"reference_id": "r-1", "timestamp": "x", "id": "1234567890", "scope": "details"},
        {"reference_id": "r-2", "timestamp": "x", "id": "nobody", "scope": "details"},
    ]});
    let found = send("resolve", "q-2", asked).await;
    let answers = &found["response_body"]["response_payload"]["resolve_response"];
    assert_eq!(answers[0]["fa"], bank_account());
    assert_eq!(answers[0]["additional_info"], json!([{"strategy_id": 2}]));
    assert_eq!(
        answers[0]["account_provider_info"],
        json!({"name": "HDFC Bank", "code": "HDFC", "subcode": "HDFC0001"})
    );
    assert_eq!(answers[1]["status_reason_message"], "ID doesnt exist please link first");

    let empty = send("unlink", "q-3", json!({"transaction_id": "t-3", "unlink_request": []})).await;
    assert_eq!(
        empty["response_header"]["response_error_message"],
        "Empty unlink_request list in request.request_body.request_payload"
    );
    assert_eq!(empty["response_body"]["response_payload"]["unlink_response"], json!([]));
    assert_eq!(empty["response_body"]["response_payload"]["transaction_id"], "t-3");
    let gone = json!({"transaction_id": "t-4", "unlink_request": [{"reference_id": "r", "timestamp": "x", "id": "1234567890", "fa": null}]});
    let gone = send("unlink", "q-4", gone).await;
    assert_eq!(gone["response_body"]["response_payload"]["unlink_response"][0]["status"], "succ");
}

#[tokio::test]
async fn rows_of_older_mappers_resolve_in_the_newer_dialect_too() {
    let mapper = start().await;
    let bridge = mapper.partner("BRIDGE", &["mapper:call"]).await;
    for (id, fa) in [
        ("old", "account:42@b1.k9.bank_acc"),
        (
            "one",
            "mobile_number:+254700000001.wallet_provider_name:M.wallet_provider_code:MP.fa_type:MOBILE_WALLET",
        ),
        ("odd", "iban:DE0"),
    ] {
        sql::execute(
            mapper.db().conn(),
            "INSERT INTO id_fa_mappings (id_value, fa_value) VALUES ($1, $2)",
            [id.into(), fa.into()],
        )
        .await
        .unwrap();
    }
    let ask = |id: &str| json!({"reference_id": id, "timestamp": "x", "id": id, "scope": "details"});
    let asked = json!({"transaction_id": "t", "resolve_request": [ask("old"), ask("one"), ask("odd")]});
    let found = bridge.post_signed("/mapper/resolve", &newer("q", &asked)).await.expect_status(200).json();
    let answers = &found["response_body"]["response_payload"]["resolve_response"];
    assert_eq!(answers[0]["fa"]["account_number"], "42");
    assert_eq!(
        (&answers[0]["fa"]["fa_type"], &answers[0]["fa"]["bank_code"]),
        (&json!("BANK"), &json!("k9"))
    );
    assert_eq!(answers[1]["fa"]["wallet_provider_code"], "MP");
    assert_eq!(answers[2]["fa"], json!({"fa_value": "iban:DE0"}), "an address is never lost");
}

#[tokio::test]
async fn a_partner_does_what_its_registration_says_and_nothing_else() {
    let mapper = start().await;
    let reader = mapper.partner("READER", &["mapper:resolve"]).await;
    let policy = Policy {
        permissions: ["mapper:call".to_owned()].into(),
        id_namespaces: ["nationalId".to_owned()].into(),
        ..Policy::default()
    };
    let narrow = mapper.partner_with("NARROW", Mode::Strict, policy).await;
    let items = [
        json!({"id": "token:a@nationalId", "fa": "account:1@b"}),
        json!({"id": "token:a@refugeeId", "fa": "account:1@b"}),
    ];
    let linked = narrow.post_signed("/mapper/sync/link", &message("NARROW", "m-1", "link", &items)).await;
    let linked = linked.expect_status(200).json();
    assert_eq!(linked["message"]["link_response"][0]["status"], "succ");
    assert_eq!(linked["message"]["link_response"][1]["status_reason_code"], "rjct.id.invalid");

    reader
        .post_signed("/mapper/sync/link", &message("READER", "m-1", "link", &items))
        .await
        .expect_status(403);
    let ask = [json!({"id": "token:a@nationalId", "scope": "details"}), json!({"id": "token:a@nationalId"})];
    let told = reader.post_signed("/mapper/sync/resolve", &message("READER", "m-2", "resolve", &ask)).await;
    let told = told.expect_status(200).json();
    let answers = &told["message"]["resolve_response"];
    assert_eq!(answers[0]["status_reason_code"], "rjct.resolve_type.not_supported");
    assert!(answers[0].get("fa").is_none());
    assert_eq!(answers[1]["status_reason_code"], "succ.id.active");
    let mut forbidden = newer(
        "q-1",
        &json!({"transaction_id": "t", "link_request": [
        {"reference_id": "r", "timestamp": "x", "id": "z", "fa": bank_account()}]}),
    );
    forbidden["request_header"]["sender_app_mnemonic"] = json!("READER");
    let refused = reader.post_signed("/mapper/link", &forbidden).await.expect_status(200).json();
    assert_eq!(refused["response_header"]["response_error_code"], "rjct.permission.denied");
}
