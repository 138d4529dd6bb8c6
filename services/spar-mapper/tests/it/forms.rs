//! The multipart form of the asynchronous operations: a file with the message, or with its items.

use std::time::Duration;

use platform::{Mode, Policy};
use reqwest::{
    Method,
    multipart::{Form, Part},
};
use serde_json::{Value, json};
use storage::sql;
use testkit::{Reply, TestPartner, TestService, wait_for};
use wiremock::MockServer;

use crate::{Service, bulk::Head, later, message};

const CSV: &str =
    "id,fa,reference_id\ntoken:a@nationalId,account:1@b.k.bank_acc,x\n,account:2@b.k.bank_acc,y\n";

async fn world() -> (TestService<Service>, MockServer, TestPartner) {
    let (mapper, bank) = (later::start().await, later::receiver(0).await);
    let policy = Policy {
        permissions: ["mapper:call".to_owned()].into(),
        callback_urls: [bank.uri()].into(),
        ..Policy::default()
    };
    let partner = mapper.partner_with("BANK", Mode::Strict, policy).await;
    (mapper, bank, partner)
}

fn form(action: &'static str, format: Option<&'static str>, file: &str) -> Form {
    let form = Form::new().text("action", action);
    let form = if let Some(format) = format { form.text("fileFormat", format) } else { form };
    form.part("fileName", Part::bytes(file.as_bytes().to_vec()).file_name("message"))
}

async fn send(mapper: &TestService<Service>, path: &str, form: Form, headers: &[(&str, String)]) -> Reply {
    let build = |mut request: reqwest::RequestBuilder| {
        for (name, value) in headers {
            request = request.header(*name, value);
        }
        request.multipart(form)
    };
    mapper.anonymous().send(path, Method::POST, build).await
}

/// A form with rows, signed by what its head says. (reqwest makes up a boundary: the body is written by hand.)
pub(crate) async fn send_rows(
    mapper: &TestService<Service>,
    partner: &TestPartner,
    action: &str,
    rows: &str,
    tamper: bool,
) -> Reply {
    let body = format!(
        "--b\r\nContent-Disposition: form-data; name=\"action\"\r\n\r\n{action}\r\n\
         --b\r\nContent-Disposition: form-data; name=\"fileFormat\"\r\n\r\ncsv\r\n\
         --b\r\nContent-Disposition: form-data; name=\"fileName\"; filename=\"rows.csv\"\r\n\r\n{rows}\r\n--b--\r\n"
    );
    let head = Head::new("link", "multipart/form-data; boundary=b");
    let sent = if tamper { body.replace("account:1", "account:6") } else { body.clone() };
    let build = |request: reqwest::RequestBuilder| head.headers(request, partner, body.as_bytes()).body(sent);
    mapper.anonymous().send("/mapper/link", Method::POST, build).await
}

pub(crate) async fn called_back(bank: &MockServer) -> Value {
    let got = wait_for("the callback", Duration::from_secs(30), async || {
        bank.received_requests().await.unwrap_or_default().pop()
    })
    .await;
    serde_json::from_slice(&got.body).unwrap()
}

#[tokio::test]
async fn a_message_in_a_file_is_the_same_as_one_in_the_body() {
    let (mapper, bank, partner) = world().await;
    let item = json!({"id": "token:a@nationalId", "fa": "account:1@b.k.bank_acc"});
    let text = message("BANK", "m-1", "link", &[item]).to_string();
    let signature = g2p_crypto::sign_detached(partner.key(), text.as_bytes()).unwrap();
    let signed = [("Signature", signature)];
    let ack =
        send(&mapper, "/mapper/link", form("link", None, &text), &signed).await.expect_status(200).json();
    assert_eq!(ack["message"]["ack_status"], "ACK", "{ack}");
    let again = send(&mapper, "/mapper/link", form("link", Some("json"), &text), &signed)
        .await
        .expect_status(200)
        .json();
    assert_eq!(again, ack, "the same message is kept once");
    let body = called_back(&bank).await;
    assert_eq!(body["message"]["correlation_id"], ack["message"]["correlation_id"]);
    assert_eq!(body["message"]["link_response"][0]["status"], "succ", "{body}");

    let unsigned =
        send(&mapper, "/async/link", form("link", None, &text), &[]).await.expect_status(200).json();
    assert_eq!(unsigned["message"]["ack_status"], "NACK", "{unsigned}");
}

#[tokio::test]
async fn rows_in_a_form_are_acknowledged_worked_on_and_called_back() {
    let (mapper, bank, partner) = world().await;
    let ack = send_rows(&mapper, &partner, "link", CSV, false).await.expect_status(200).json();
    assert_eq!(ack["message"]["ack_status"], "ACK", "{ack}");
    let id = ack["message"]["correlation_id"].as_str().unwrap().to_owned();
    let body = called_back(&bank).await;
    assert_eq!(
        (&body["header"]["action"], &body["header"]["total_count"]),
        (&json!("on-link"), &json!(2)),
        "{body}"
    );
    assert_eq!(body["message"]["correlation_id"], id);
    let refused = body["message"]["link_response"].as_array().unwrap();
    assert_eq!(refused.len(), 1, "the refused row: {body}");
    assert_eq!(
        (&refused[0]["reference_id"], &refused[0]["status_reason_message"]),
        (&json!("y"), &json!("row 2, line 3: ID is null"))
    );
    mapper.settled().await;
    let report = partner.session().get(&format!("/api/v1/bulk/{id}")).await.expect_status(200).json();
    assert_eq!((&report["changed"], &report["rejected"]), (&json!(1), &json!(1)), "{report}");
    let state: Option<String> =
        sql::scalar(mapper.db().conn(), "SELECT state FROM transactions", []).await.unwrap();
    assert_eq!(state.as_deref(), Some("delivered"));
}

#[tokio::test]
async fn a_form_that_is_wrong_or_changed_on_its_way_does_nothing() {
    let (mapper, _bank, partner) = world().await;
    let text = message("BANK", "m-1", "link", &[json!({"id": "token:a@nationalId", "fa": "x"})]).to_string();
    let file = || Part::bytes(text.as_bytes().to_vec());
    for (path, form, said) in [
        ("/mapper/link", Form::new().part("fileName", file()), "action"),
        ("/mapper/link", Form::new().text("action", "link"), "fileName"),
        ("/mapper/link", form("update", None, &text), "action"),
        ("/mapper/link", form("link", Some("xml"), &text), "fileFormat"),
        ("/mapper/link", form("link", None, &text).text("fileFormat", "csv"), "before fileName"),
        ("/mapper/link", form("link", None, "{").text("more", "x"), "parts of the form"),
        ("/mapper/resolve", form("resolve", Some("csv"), CSV), "json"),
        ("/mapper/sync/link", form("link", None, &text), "application/json"),
    ] {
        let reply = send(&mapper, path, form, &[]).await.expect_status(400).json();
        let message = reply["errors"][0]["message"].as_str().unwrap();
        assert!(message.contains(said), "{path}: {message}");
    }
    send_rows(&mapper, &partner, "link", CSV, true).await.expect_status(401);
    send_rows(&mapper, &partner, "update", CSV, false).await.expect_status(400);
    send(&mapper, "/mapper/link", form("link", Some("csv"), CSV), &[]).await.expect_status(401);
    for table in ["transactions", "bulk_jobs", "bulk_parts", "id_fa_mappings"] {
        let query = format!("SELECT count(*) FROM {table}");
        let rows: Option<i64> = sql::scalar(mapper.db().conn(), &query, []).await.unwrap();
        assert_eq!(rows, Some(0), "{table}");
    }
}
