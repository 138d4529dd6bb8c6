//! The same message again: one effect, one answer.

use g2p_crypto::{canonical_json, sign_detached};
use platform::{Mode, Policy, replay};
use reqwest::Method;
use serde_json::{Value, json};
use storage::sql;
use testkit::{Reply, Session, TestService};

use crate::{
    support::{close_gate, effects, message, reason, standing, start},
    toy::Toy,
};

const CHANGE: &str = "/sync/change";
const DUPLICATE: &str = "rjct.message_id.duplicate";

async fn keys(toy: &TestService<Toy>) -> i64 {
    let count = "SELECT (SELECT count(*) FROM seen_messages) + (SELECT count(*) FROM idempotency_keys)";
    sql::scalar(toy.db().conn(), count, []).await.unwrap().unwrap()
}

#[tokio::test]
async fn two_identical_messages_at_once_have_one_effect_and_one_answer() {
    let toy = start().await;
    let partner = toy.partner("PAYER", &["toy:call"]).await;
    let gate = close_gate(&toy).await;
    let body = message("PAYER", "m-1", &json!({"what": "pay", "wait": true}));
    let other = message("PAYER", "m-1", &json!({"what": "pay twice"}));
    let run = async {
        // One holds the id and waits at the gate, the others wait for the one.
        standing(&toy, 3).await;
        drop(gate);
    };
    let (first, again, other, ()) = tokio::join!(
        partner.post_signed(CHANGE, &body),
        partner.post_signed(CHANGE, &body),
        async {
            standing(&toy, 2).await;
            partner.post_signed(CHANGE, &other).await
        },
        run,
    );
    let first = first.expect_status(200).json();
    assert_eq!(first["what"], "pay");
    assert_eq!(again.expect_status(200).json(), first);
    assert_eq!(reason(other), DUPLICATE);
    assert_eq!(effects(&toy).await, 1);
    let later = partner.post_signed(CHANGE, &body).await.expect_status(200).json();
    assert_eq!((later, effects(&toy).await), (first, 1));
}

#[tokio::test]
async fn a_crash_before_the_end_leaves_neither_effect_nor_key() {
    let toy = start().await;
    let partner = toy.partner("PAYER", &["toy:call"]).await;
    let user = toy.user("admin");
    let gate = close_gate(&toy).await;
    let wish = json!({"what": "pay", "wait": true});
    let body = message("PAYER", "m-1", &wish);
    let crash = async {
        for pid in standing(&toy, 2).await {
            let ended: Option<bool> =
                sql::scalar(toy.db().conn(), "SELECT pg_terminate_backend($1)", [pid.into()]).await.unwrap();
            assert_eq!(ended, Some(true));
        }
    };
    let (message, request, ()) =
        tokio::join!(partner.post_signed(CHANGE, &body), with_key(&user, "k-1", &wish), crash);
    assert_eq!((message.status, request.status), (503, 503), "{} {}", message.text, request.text);
    drop(gate);
    assert_eq!((effects(&toy).await, keys(&toy).await), (0, 0));
    // The sender tries again, and now it is done.
    partner.post_signed(CHANGE, &body).await.expect_status(200);
    with_key(&user, "k-1", &wish).await.expect_status(200);
    assert_eq!(effects(&toy).await, 2);
}

#[tokio::test]
async fn what_failed_may_be_tried_again_under_the_same_id() {
    let toy = start().await;
    let partner = toy.partner("PAYER", &["toy:call"]).await;
    let failing = message("PAYER", "m-1", &json!({"what": "a", "fail": true}));
    partner.post_signed(CHANGE, &failing).await.expect_status(409);
    assert_eq!((effects(&toy).await, keys(&toy).await), (0, 0));
    partner.post_signed(CHANGE, &message("PAYER", "m-1", &json!({"what": "a"}))).await.expect_status(200);
    assert_eq!(effects(&toy).await, 1);
}

#[tokio::test]
async fn an_id_belongs_to_one_sender_one_operation_and_one_text() {
    let toy = start().await;
    let (a, b) = (toy.partner("A", &["toy:call"]).await, toy.partner("B", &["toy:call"]).await);
    let wish = json!({"what": "a"});
    let body = message("A", "m-1", &wish);
    a.post_signed(CHANGE, &body).await.expect_status(200);
    b.post_signed(CHANGE, &message("B", "m-1", &wish)).await.expect_status(200);
    assert_eq!(reason(a.post_signed("/sync/read", &body).await), DUPLICATE, "another operation");
    // The same content in another spelling is another text.
    let spelled = format!(" {}", String::from_utf8(canonical_json(&body)).unwrap()).into_bytes();
    let signature = sign_detached(a.key(), &spelled).unwrap();
    assert_eq!(reason(a.post_with_signature(CHANGE, spelled, &signature).await), DUPLICATE);
    assert_eq!(effects(&toy).await, 2);
}

#[tokio::test]
async fn reading_again_reads_again_and_stores_no_answer() {
    let toy = start().await;
    let partner = toy.partner("PAYER", &["toy:call"]).await;
    let ask = message("PAYER", "m-1", &json!({"what": "count"}));
    let count = |reply: Reply| reply.expect_status(200).json()["count"].clone();
    let (one, two) =
        tokio::join!(partner.post_signed("/sync/read", &ask), partner.post_signed("/sync/read", &ask));
    assert_eq!((count(one), count(two)), (json!(0), json!(0)));
    partner.post_signed(CHANGE, &message("PAYER", "m-2", &json!({"what": "a"}))).await.expect_status(200);
    assert_eq!(count(partner.post_signed("/sync/read", &ask).await), 1, "fresh, not stored");
    let other = message("PAYER", "m-1", &json!({"what": "count", "fail": true}));
    assert_eq!(reason(partner.post_signed("/sync/read", &other).await), DUPLICATE);
    let stored: Option<i64> = sql::scalar(
        toy.db().conn(),
        "SELECT count(*) FROM seen_messages WHERE operation = 'read' AND response IS NOT NULL",
        [],
    )
    .await
    .unwrap();
    assert_eq!(stored, Some(0));
}

#[tokio::test]
async fn for_a_compat_partner_the_message_id_is_no_key() {
    let toy = start().await;
    let policy = Policy { permissions: ["toy:call".to_owned()].into(), ..Policy::default() };
    let partner = toy.partner_with("OLD", Mode::Compat, policy).await;
    let body = message("OLD", "string", &json!({"what": "a"}));
    for _ in 0..2 {
        toy.anonymous().post(CHANGE, &body).await.expect_status(200);
        partner.post_signed(CHANGE, &body).await.expect_status(200);
    }
    assert_eq!((effects(&toy).await, keys(&toy).await), (4, 0));
}

async fn with_key(session: &Session, key: &str, wish: &Value) -> Reply {
    session.send("/api/v1/effects", Method::POST, |r| r.header("Idempotency-Key", key).json(wish)).await
}

#[tokio::test]
async fn an_idempotency_key_does_it_once_for_each_caller() {
    let toy = start().await;
    let (admin, maker) = (toy.user("admin"), toy.user("maker"));
    let gate = close_gate(&toy).await;
    let wish = json!({"what": "a", "wait": true});
    let open = async {
        standing(&toy, 2).await;
        drop(gate);
    };
    let (one, two, ()) = tokio::join!(with_key(&admin, "k", &wish), with_key(&admin, "k", &wish), open);
    assert_eq!(one.expect_status(200).json(), two.expect_status(200).json());
    assert_eq!(effects(&toy).await, 1);
    let reused = with_key(&admin, "k", &json!({"what": "b"})).await.expect_status(422);
    assert_eq!(reused.json()["code"], "idempotency_key_reused");
    with_key(&maker, "k", &wish).await.expect_status(200);
    assert_eq!(effects(&toy).await, 2, "keys of two callers do not meet");
    // An answer that is `null` is kept like any other.
    for _ in 0..2 {
        assert_eq!(
            with_key(&admin, "n", &json!({"what": "nothing"})).await.expect_status(200).json(),
            Value::Null
        );
    }
    assert_eq!(effects(&toy).await, 3);
    let empty = with_key(&admin, "", &wish).await.expect_status(400);
    assert_eq!(empty.json()["code"], "idempotency_key_invalid");
}

#[tokio::test]
async fn old_keys_are_removed_and_young_ones_stay() {
    let toy = start().await;
    let fill = async |table: &str, columns: &str, values: &str, at: &str| {
        for (rows, age) in [(12_000, "8 days"), (3, "6 days")] {
            let statement = format!(
                "INSERT INTO {table}({columns}, {at}) SELECT {values}, now() - interval '{age}'
                   FROM generate_series(1, {rows}) AS n"
            );
            sql::execute(toy.db().conn(), &statement, []).await.unwrap();
        }
    };
    fill(
        "seen_messages",
        "sender_id, message_id, operation, body_sha256",
        "'A', gen_random_uuid()::text, 'x', ''",
        "received_at",
    )
    .await;
    fill(
        "idempotency_keys",
        "actor, key, body_sha256",
        "'user:a', gen_random_uuid()::text, ''",
        "created_at",
    )
    .await;
    let removed = replay::purge(toy.db(), replay::RETENTION_DAYS).await.unwrap();
    assert_eq!((removed, keys(&toy).await), (24_000, 6), "also when it is more than one batch");
}

/// A message whose row was removed is refused for its time, so a purge never opens a door.
#[tokio::test]
async fn a_message_as_old_as_the_retention_is_refused_for_its_time() {
    let toy = TestService::<Toy>::start(|l| l.common.max_skew_seconds = 86_400).await;
    let partner = toy.partner("PAYER", &["toy:call"]).await;
    let mut body = message("PAYER", "m-1", &json!({"what": "a"}));
    let age = time::Duration::days(i64::from(replay::RETENTION_DAYS)) - time::Duration::days(2);
    let then = time::OffsetDateTime::now_utc() - age;
    body["header"]["message_ts"] =
        json!(then.format(&time::format_description::well_known::Rfc3339).unwrap());
    assert_eq!(reason(partner.post_signed(CHANGE, &body).await), "rjct.message_ts.invalid");
    assert_eq!(effects(&toy).await, 0);
}
