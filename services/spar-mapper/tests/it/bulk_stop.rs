//! Files of changes that end before their last row: cancelled by somebody, or given up. Whoever waits for them is told.

use std::time::Duration;

use platform::{Mode, Policy};
use sea_orm::DatabaseTransaction;
use serde_json::{Value, json};
use storage::sql;
use testkit::{TestPartner, TestService, wait_for};
use wiremock::MockServer;

use crate::{
    Service,
    bulk::{Head, count, counts, report, upload},
    forms::{called_back, send_rows},
    later, message,
};

/// One lane, so that the rows of a file are worked on in their order, and parts of seven rows.
async fn start() -> TestService<Service> {
    TestService::<Service>::start(|loaded| {
        loaded.service.encryption = false;
        loaded.common.anonymous_partner = false;
        loaded.service.callback_loopback = true;
        loaded.service.bulk_part_rows = 7;
        loaded.service.bulk_lanes = 1;
    })
    .await
}

/// A file of 70 links.
fn seventy() -> String {
    let rows: String = (0..70).map(|n| format!("token:{n}@nationalId,account:{n}@b.k.bank_acc\n")).collect();
    format!("id,fa\n{rows}")
}

/// Somebody is about to link the id: the work on a file that has it waits here until this transaction ends.
async fn hold(mapper: &TestService<Service>, row: usize) -> DatabaseTransaction {
    let tx = mapper.db().begin().await.unwrap();
    let insert = format!(
        "INSERT INTO id_fa_mappings (id_value, fa_value) VALUES ('token:{row}@nationalId', 'account:held@b.k.bank_acc')"
    );
    sql::execute(&tx, &insert, []).await.unwrap();
    tx
}

/// Waits until the work waits, with this many rows done.
async fn stuck(mapper: &TestService<Service>, rows: i64) {
    wait_for("the work to wait in the middle of the file", Duration::from_secs(30), || async {
        let done = "SELECT coalesce(sum(changed + rejected), 0)::bigint FROM bulk_lanes JOIN bulk_jobs USING (tenant_id, job_id)
                     WHERE state = 'running'";
        let waits = "SELECT count(*) FROM pg_stat_activity
                      WHERE datname = current_database() AND wait_event_type = 'Lock'";
        (count(mapper, done).await == rows && count(mapper, waits).await > 0).then_some(())
    })
    .await;
}

async fn linked(mapper: &TestService<Service>) -> i64 {
    count(mapper, "SELECT count(*) FROM id_fa_mappings").await
}

#[tokio::test]
async fn a_file_that_is_cancelled_keeps_what_was_done_and_does_no_more() {
    let mapper = start().await;
    let partner = mapper.partner("MINISTRY", &["mapper:call"]).await;
    let other = mapper.partner("OTHER", &["mapper:call"]).await;
    let held = hold(&mapper, 25).await;
    let (head, file) = (Head::new("link", "text/csv"), seventy());
    let accepted = upload(&mapper, &partner, &head, file.as_bytes()).await.expect_status(202).json();
    stuck(&mapper, 21).await;

    let cancel = format!("/api/v1/bulk/{}/cancel", accepted["job_id"].as_str().unwrap());
    other.session().post(&cancel, &json!({})).await.expect_status(404);
    mapper.user("checker").post(&cancel, &json!({})).await.expect_status(403);
    assert_eq!(report(&partner, &accepted).await["state"], "running");
    let stopped = partner.session().post(&cancel, &json!({})).await.expect_status(200).json();
    assert_eq!(counts(&stopped), ("cancelled", 70, 21, 0), "{stopped}");
    assert_eq!((&stopped["left"], &stopped["cancelled_by"]), (&json!(49), &json!("partner:MINISTRY")));
    // The part that was in work at that moment is not made either.
    held.rollback().await.unwrap();
    mapper.settled().await;
    assert_eq!(linked(&mapper).await, 21, "the first three parts");
    let again = mapper.user("admin").post(&cancel, &json!({})).await.expect_status(200).json();
    assert_eq!(again, stopped, "cancelling again changes nothing");
    assert_eq!(report(&partner, &accepted).await, stopped);
    let path = format!("/api/v1/bulk/{}/rejects.csv", accepted["job_id"].as_str().unwrap());
    let rejects = partner.session().get(&path).await.expect_status(200).text;
    assert_eq!(
        rejects.lines().last().unwrap(),
        ",,,,,bulk.cancelled,the file was cancelled; 49 of its 70 rows were not worked on"
    );
    assert_eq!(count(&mapper, "SELECT count(*) FROM bulk_parts").await, 0, "no copy of the file stays");
    // Its rows can be sent again; those that were done say so.
    let rest = upload(&mapper, &partner, &Head::new("link", "text/csv"), file.as_bytes()).await;
    let rest = rest.expect_status(202).json();
    mapper.settled().await;
    assert_eq!(
        counts(&report(&partner, &rest).await),
        ("done", 70, 70, 0),
        "strict: the same pair again is a success"
    );
    let done = format!("/api/v1/bulk/{}/cancel", rest["job_id"].as_str().unwrap());
    let refused = partner.session().post(&done, &json!({})).await.expect_status(409).json();
    assert_eq!(
        (&refused["code"], &refused["detail"]),
        (&json!("wrong_state"), &json!("the file is done by now"))
    );
}

#[tokio::test]
async fn a_file_that_nobody_began_with_is_cancelled_before_its_first_row() {
    let mapper = start().await;
    let partner = mapper.partner("MINISTRY", &["mapper:call"]).await;
    // One file at a time: the second one waits behind the first.
    let held = hold(&mapper, 0).await;
    let first = upload(&mapper, &partner, &Head::new("link", "text/csv"), seventy().as_bytes()).await;
    first.expect_status(202);
    stuck(&mapper, 0).await;
    let second = b"id,fa\ntoken:x@nationalId,account:1@b.k.bank_acc\n";
    let second =
        upload(&mapper, &partner, &Head::new("link", "text/csv"), second).await.expect_status(202).json();
    let cancel = format!("/api/v1/bulk/{}/cancel", second["job_id"].as_str().unwrap());
    let stopped = mapper.user("admin").post(&cancel, &json!({})).await.expect_status(200).json();
    assert_eq!(counts(&stopped), ("cancelled", 1, 0, 0), "{stopped}");
    assert_eq!(stopped["cancelled_by"], "user:admin");
    held.rollback().await.unwrap();
    mapper.settled().await;
    assert_eq!(linked(&mapper).await, 70, "all of the first, nothing of the second");
}

#[tokio::test]
async fn files_are_listed_the_newest_first_and_a_partner_sees_its_own() {
    let mapper = start().await;
    let partner = mapper.partner("MINISTRY", &["mapper:call"]).await;
    let other = mapper.partner("OTHER", &["mapper:call"]).await;
    let mut sent = Vec::new();
    for (n, from) in [&partner, &other, &partner, &partner].into_iter().enumerate() {
        let file = format!("id,fa\ntoken:{n}@nationalId,account:1@b.k.bank_acc\n");
        let accepted = upload(&mapper, from, &Head::new("link", "text/csv"), file.as_bytes()).await;
        sent.push(accepted.expect_status(202).json()["job_id"].clone());
    }
    mapper.settled().await;
    let ids = |page: &Value| -> Vec<Value> {
        page["items"].as_array().unwrap().iter().map(|file| file["job_id"].clone()).collect()
    };
    let get = async |session: &testkit::Session, query: &str| {
        session.get(&format!("/api/v1/bulk{query}")).await.expect_status(200).json()
    };
    let first = get(partner.session(), "?limit=2").await;
    assert_eq!(ids(&first), [sent[3].clone(), sent[2].clone()]);
    let next = get(partner.session(), &format!("?limit=2&after={}", first["next"].as_str().unwrap())).await;
    assert_eq!((ids(&next), &next["next"]), (vec![sent[0].clone()], &Value::Null));
    assert!(ids(&get(partner.session(), "?partner_id=OTHER").await).is_empty());
    assert_eq!(ids(&get(other.session(), "").await), [sent[1].clone()]);
    let admin = mapper.user("admin");
    assert_eq!(ids(&get(&admin, "?state=done").await).len(), 4);
    assert!(ids(&get(&admin, "?state=cancelled").await).is_empty());
    assert_eq!(ids(&get(&admin, "?partner_id=other").await), [sent[1].clone()]);
    admin.get("/api/v1/bulk?state=lost").await.expect_status(400);
    admin.get("/api/v1/bulk?after=1").await.expect_status(400);
    mapper.user("checker").get("/api/v1/bulk").await.expect_status(403);
}

async fn with_callback(mapper: &TestService<Service>, id: &str) -> (MockServer, TestPartner) {
    let bank = later::receiver(0).await;
    let policy = Policy {
        permissions: ["mapper:call".to_owned()].into(),
        callback_urls: [bank.uri()].into(),
        ..Policy::default()
    };
    let partner = mapper.partner_with(id, Mode::Strict, policy).await;
    (bank, partner)
}

/// What was called back: status and text of the header, rows that were worked on, and the last item.
fn told(body: &Value) -> (&str, &str, i64, &Value) {
    let header = &body["header"];
    let items = body["message"]["link_response"].as_array().unwrap();
    (
        header["status"].as_str().unwrap(),
        header["status_reason_message"].as_str().unwrap(),
        header["completed_count"].as_i64().unwrap(),
        &items.last().unwrap()["status_reason_message"],
    )
}

#[tokio::test]
async fn whoever_waits_for_a_file_that_ends_early_is_called_back() {
    let mapper = start().await;
    let (bank, partner) = with_callback(&mapper, "BANK").await;
    let held = hold(&mapper, 8).await;
    let ack = send_rows(&mapper, &partner, "link", &seventy(), false).await.expect_status(200).json();
    stuck(&mapper, 7).await;
    let cancel = format!("/api/v1/bulk/{}/cancel", ack["message"]["correlation_id"].as_str().unwrap());
    partner.session().post(&cancel, &json!({})).await.expect_status(200);
    let body = called_back(&bank).await;
    let why = "the file was cancelled; 63 of its 70 rows were not worked on";
    assert_eq!(told(&body), ("rjct", why, 7, &json!(why)), "{body}");
    held.rollback().await.unwrap();
    mapper.settled().await;

    // A part of the next one is lost: it is given up, and its sender told so.
    let (bank, partner) = with_callback(&mapper, "FUND").await;
    let held = hold(&mapper, 8).await;
    let ack = send_rows(&mapper, &partner, "link", &seventy(), false).await.expect_status(200).json();
    stuck(&mapper, 7).await;
    let lost = "DELETE FROM bulk_parts WHERE part_no = 3";
    sql::execute(mapper.db().conn(), lost, []).await.unwrap();
    held.rollback().await.unwrap();
    let body = called_back(&bank).await;
    let why = "the file was given up (part 3 is not in the database any more); 49 of its 70 rows were not worked on";
    assert_eq!(told(&body), ("rjct", why, 21, &json!(why)), "{body}");
    let id = ack["message"]["correlation_id"].as_str().unwrap();
    let report = partner.session().get(&format!("/api/v1/bulk/{id}")).await.expect_status(200).json();
    assert_eq!((&report["state"], &report["left"]), (&json!("failed"), &json!(49)), "{report}");
}

#[tokio::test]
async fn whoever_waits_for_a_message_that_is_given_up_is_called_back() {
    let configure = |workers: bool| {
        move |loaded: &mut platform::config::Loaded<spar_mapper::Config>| {
            loaded.common.anonymous_partner = false;
            loaded.service.callback_loopback = true;
            crate::seal(loaded);
            if !workers {
                loaded.common.roles = vec!["http".to_owned()];
            }
        }
    };
    let mapper = TestService::<Service>::start(configure(false)).await;
    let (bank, partner) = with_callback(&mapper, "BANK").await;
    let items = [
        json!({"id": "token:a@nationalId", "fa": "account:1@b.k.bank_acc"}),
        json!({"id": "token:b@nationalId", "fa": "account:2@b.k.bank_acc"}),
    ];
    let ack = partner.post_signed("/mapper/link", &message("BANK", "m-1", "link", &items)).await;
    assert_eq!(ack.expect_status(200).json()["message"]["ack_status"], "ACK");
    // Before anybody works on it the right to link is taken away.
    let only = platform::partners::PartnerChange {
        permissions: Some(["mapper:resolve".to_owned()].into()),
        ..Default::default()
    };
    assert!(platform::partners::change(mapper.db(), "BANK", &only).await.unwrap());
    let other = TestService::<Service>::start_on(mapper.stop().await, configure(true)).await;
    let body = called_back(&bank).await;
    assert_eq!((&body["header"]["status"], &body["header"]["completed_count"]), (&json!("rjct"), &json!(0)));
    assert!(body["header"]["status_reason_message"].as_str().unwrap().contains("mapper:link"), "{body}");
    let told: Vec<(&Value, &Value)> = body["message"]["link_response"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| (&item["reference_id"], &item["status"]))
        .collect();
    assert_eq!(told, [(&json!("r-0"), &json!("rjct")), (&json!("r-1"), &json!("rjct"))], "{body}");
    assert_eq!(count(&other, "SELECT count(*) FROM id_fa_mappings").await, 0);
}
