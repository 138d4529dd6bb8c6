//! What stands in the log of the mapper at its most talkative while it does everything it can, rightly and wrongly: no address,
//! no name, no phone. A process has one log, so this test has a process of its own.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use platform::{
    CommonConfig, Masked, Mode, Policy,
    telemetry::{self, LogOutput},
};
use reqwest::{
    Method,
    multipart::{Form, Part},
};
use serde_json::{Value, json};
use spar_mapper::Service;
use testkit::{TestPartner, TestService};
use wiremock::{Mock, MockServer, ResponseTemplate, matchers::method};

/// Stand in every address, name and phone.
const MARKS: [&str; 3] = ["Acct99Mark", "Amina7Hassan", "2547001122"];

fn fa() -> String {
    format!(
        "account_number:{}.branch_name:Main.branch_code:B.bank_name:First.bank_code:FB.fa_type:BANK",
        MARKS[0]
    )
}

fn item(id: &str) -> Value {
    json!({"reference_id": "r", "timestamp": "2026-01-01T00:00:00Z", "id": id, "fa": fa(), "name": MARKS[1],
        "phone_number": format!("+{}", MARKS[2]), "scope": "details", "additional_info": [{"name": MARKS[1], "value": MARKS[0]}]})
}

fn message(action: &str, items: &[Value]) -> Value {
    let list = format!("{action}_request");
    json!({"header": {"version": "1.0.0", "message_id": "m", "message_ts": "string", "action": action, "sender_id": "BANK",
        "total_count": items.len()}, "message": {"transaction_id": "t", list: items}})
}

#[tokio::test]
async fn no_line_of_a_full_run_holds_an_address_a_name_or_a_phone() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let config = CommonConfig {
        log_level: "trace,hyper=trace,sqlx=trace,actix_web=trace,actix_http=trace".to_owned(),
        log_format: "json".to_owned(),
        ..CommonConfig::default()
    };
    let _telemetry =
        telemetry::init("spar-mapper", &config, &LogOutput::File(file.path().to_owned())).unwrap();
    let bank = MockServer::start().await;
    Mock::given(method("POST")).respond_with(ResponseTemplate::new(503)).up_to_n_times(1).mount(&bank).await;
    Mock::given(method("POST")).respond_with(ResponseTemplate::new(200)).mount(&bank).await;
    let mapper = TestService::<Service>::start(|loaded| {
        loaded.common.anonymous_partner = false;
        loaded.service.callback_loopback = true;
        loaded.service.checkpoint_seconds = 1;
        loaded.service.encryption_secret =
            Masked::new("a secret of the tests that seals addresses".to_owned());
        loaded.service.index_secret = Masked::new("a secret of the tests that finds addresses".to_owned());
    })
    .await;
    let policy = Policy {
        permissions: ["mapper:call".to_owned()].into(),
        callback_urls: [bank.uri()].into(),
        ..Policy::default()
    };
    let partner = mapper.partner_with("BANK", Mode::Compat, policy).await;
    messages(&mapper).await;
    wrong_messages(&mapper).await;
    files(&mapper, &partner).await;
    own_api(&mapper).await;
    mapper.settled().await;
    broken_database(&mapper).await;
    mapper.stop().await;

    let log = std::fs::read_to_string(file.path()).unwrap();
    for line in log.lines() {
        for mark in MARKS {
            assert!(!line.contains(mark), "{line}");
        }
    }
    // The run was one: work, refusals and a fault of ours stand in it.
    for said in [
        "/mapper/bulk",
        "/api/v1/changes",
        "partner's message was refused",
        "the job failed and will be retried",
        "checkpoint of the history",
        "request failed",
    ] {
        assert!(log.contains(said), "nothing of {said} in the log:\n{log}");
    }
}

async fn messages(mapper: &TestService<Service>) {
    let all = mapper.anonymous();
    for action in ["link", "link", "resolve", "update", "unlink", "unlink"] {
        for path in ["/mapper/sync", "/sync", "/mapper", "/async"] {
            let items = [
                item("token:a@nationalId"),
                item(""),
                item("token:b@nationalId"),
                item("token:b@nationalId"),
            ];
            all.post(&format!("{path}/{action}"), &message(action, &items)).await.expect_status(200);
        }
        let address =
            json!({"strategy_id": 2, "fa_type": "BANK", "account_number": MARKS[0], "bank_code": "FB"});
        let payload = if action == "resolve" || action == "unlink" {
            json!([{"id": "token:c@nationalId"}])
        } else {
            json!([{"id": "token:c@nationalId", "fa": address, "name": MARKS[1], "phone_number": MARKS[2]}])
        };
        let newer = json!({"request_header": {"sender_app_mnemonic": "BANK", "request_id": "r",
            "request_timestamp": "2026-01-01T00:00:00Z"}, "request_body": {"request_payload": payload}});
        all.post(&format!("/mapper/{action}"), &newer).await;
    }
}

/// Of the wrong shape, too long, from nobody, to nowhere.
async fn wrong_messages(mapper: &TestService<Service>) {
    let all = mapper.anonymous();
    let mut typed = message("link", &[item("token:d@nationalId")]);
    typed["message"]["link_request"][0]["timestamp"] = json!({"of": fa()});
    typed["message"]["link_request"][0]["additional_info"] = json!(fa());
    all.post("/sync/link", &typed).await.expect_status(400);
    let mut scoped = message("resolve", &[item("token:d@nationalId")]);
    scoped["message"]["resolve_request"][0]["scope"] = json!(MARKS[0]);
    all.post("/mapper/sync/resolve", &scoped).await;
    let mut stranger = message("link", &[item("token:d@nationalId")]);
    stranger["header"]["sender_id"] = json!("NOBODY");
    all.post("/sync/link", &stranger).await.expect_status(200);
    let mut long = item("token:d@nationalId");
    long["fa"] = json!(fa().repeat(50));
    all.post("/sync/link", &message("link", &[long])).await.expect_status(200);
    let text = message("link", &[item("token:d@nationalId")]).to_string();
    for body in
        [text[..text.len() - 3].to_owned(), text.replace("Main", "Main\\u0000"), format!("{text}{text}")]
    {
        all.post_bytes("/mapper/link", "application/json", body).await.expect_status(400);
    }
    all.post(&format!("/sync/{}", MARKS[1]), &typed).await.expect_status(404);
}

async fn files(mapper: &TestService<Service>, partner: &TestPartner) {
    let rows = format!(
        "id,fa,name,phone_number\ntoken:e@nationalId,{fa},{name},+{phone}\ntoken:e@nationalId,{fa},{name},+{phone}\n,{fa},,\ntoken:f@nationalId,{fa}\n\"token:g@nationalId\",\"{fa}\n\",{name},\n",
        fa = fa(),
        name = MARKS[1],
        phone = MARKS[2]
    );
    let send = async |kind: &str, body: String| {
        let build = |request: reqwest::RequestBuilder| {
            request.header("Content-Type", kind).header("X-Sender-Id", "BANK").body(body)
        };
        mapper.anonymous().send("/mapper/bulk", Method::POST, build).await
    };
    let accepted = send("text/csv", rows.clone()).await.expect_status(202).json();
    send("text/csv", format!("id,{}\n{rows}", MARKS[0])).await.expect_status(422);
    send("application/json", format!("[{}] {}", item("token:h@nationalId"), MARKS[0]))
        .await
        .expect_status(422);
    send(
        "application/x-ndjson",
        format!("{{\"id\":\"token:h@nationalId\",\"fa\":{{\"x\":\"{}\"}}}}\n", fa()),
    )
    .await
    .expect_status(202);
    let form = Form::new()
        .text("action", "link")
        .text("fileFormat", "csv")
        .part("fileName", Part::bytes(rows.into_bytes()).file_name(MARKS[1]));
    let build = |request: reqwest::RequestBuilder| request.header("X-Sender-Id", "BANK").multipart(form);
    mapper.anonymous().send("/mapper/link", Method::POST, build).await.expect_status(200);
    mapper.settled().await;
    let job = accepted["job_id"].as_str().unwrap();
    for path in [format!("/api/v1/bulk/{job}"), format!("/api/v1/bulk/{job}/rejects.csv")] {
        let report = partner.session().get(&path).await.expect_status(200).text;
        assert!(MARKS.iter().all(|mark| !report.contains(mark)), "a report has no address either: {report}");
    }
}

async fn own_api(mapper: &TestService<Service>) {
    let admin = mapper.user("admin");
    let change = json!({"id": "token:i@nationalId", "operation": "link", "fa": fa(), "name": MARKS[1], "phone": MARKS[2],
        "reason": "asked for it"});
    admin.post("/api/v1/changes", &change).await.expect_status(202);
    admin.post("/api/v1/changes", &change).await;
    mapper.settled().await;
    for path in ["history", "lookup", "verify"] {
        admin
            .post(&format!("/api/v1/mappings/{path}"), &json!({"id": "token:i@nationalId"}))
            .await
            .expect_status(200);
        admin
            .post(&format!("/api/v1/mappings/{path}"), &json!({"id": 5, "fa": fa()}))
            .await
            .expect_status(400);
    }
    admin
        .post("/api/v1/mappings/freeze", &json!({"id": "token:i@nationalId", "reason": "stolen"}))
        .await
        .expect_status(204);
    mapper.user("nobody").post("/api/v1/changes", &change).await.expect_status(403);
}

/// What the database says quotes the row that it refuses.
async fn broken_database(mapper: &TestService<Service>) {
    let admin = mapper.test_db().admin("spar_mapper").await;
    let forbid =
        "ALTER TABLE id_fa_mappings ADD CONSTRAINT none_of_these CHECK (id_value <> 'token:j@nationalId')";
    storage::sql::execute(admin.conn(), forbid, []).await.unwrap();
    let refused =
        mapper.anonymous().post("/sync/link", &message("link", &[item("token:j@nationalId")])).await;
    refused.expect_status(500);
    admin.close().await;
}
