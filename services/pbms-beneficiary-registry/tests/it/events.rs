//! News of payments.

use pbms_beneficiary_registry::{domain::disbursement::DisbursementState as S, events::DisbursementChange};
use serde_json::json;
use time::{Duration, OffsetDateTime};

use crate::{registry::five, support::World};

fn news(id: &str, state: S, seconds: i64, reason: Option<&str>) -> DisbursementChange {
    // After the batch was accepted.
    let at = OffsetDateTime::now_utc() + Duration::seconds(60 + seconds);
    DisbursementChange { disbursement_id: id.to_owned(), state, reason: reason.map(str::to_owned), at }
}

async fn ids(world: &World) -> Vec<String> {
    // By amount: 500.00, 650.00, 1,100.00.
    world.texts("SELECT id FROM disbursements ORDER BY amount_minor").await
}

#[tokio::test]
async fn the_cycle_is_done_when_the_last_payment_has_its_end_and_the_fund_is_settled() {
    let world = World::new().await;
    world.registry.hold(five());
    let (program, cycle) = world.disbursing().await;
    let ids = ids(&world).await;
    world
        .tell(vec![
            news(&ids[0], S::Sent, 1, None),
            news(&ids[1], S::Rejected, 1, Some("NO_FINANCIAL_ADDRESS")),
        ])
        .await;
    world.tell(vec![news(&ids[0], S::Paid, 2, None)]).await;
    assert_eq!(world.cycle(&cycle).await["state"], "disbursing");
    world.tell(vec![news(&ids[2], S::Paid, 3, None)]).await;
    let view = world.cycle(&cycle).await;
    assert_eq!(view["state"], "done");
    assert_eq!(
        view["disbursements"],
        json!({"PAID": {"count": 2, "amount": "1600.00"}, "REJECTED": {"count": 1, "amount": "650.00"}})
    );
    assert_eq!(view["reasons"], json!({"NO_FINANCIAL_ADDRESS": {"count": 1, "amount": "650.00"}}));
    // Out of 100,000.00 only what was paid is gone.
    let body = world.get("maker", &format!("/programs/{program}/funds")).await.ok().body;
    assert_eq!(
        (body["spent"].as_str(), body["reserved"].as_str(), body["available"].as_str()),
        (Some("1600.00"), Some("0.00"), Some("98400.00"))
    );
    // A reversal may come after the end: the money is back, the cycle stays done.
    world.tell(vec![news(&ids[2], S::Reversed, 9, Some("ACCOUNT_CLOSED"))]).await;
    let body = world.get("maker", &format!("/programs/{program}/funds")).await.ok().body;
    assert_eq!((body["spent"].as_str(), body["available"].as_str()), (Some("500.00"), Some("99500.00")));
    let view = world.cycle(&cycle).await;
    assert_eq!((view["state"].as_str(), view["reserved"].as_str()), (Some("done"), Some("0.00")));
    assert_eq!(view["disbursements"]["REVERSED"]["amount"], "1100.00");
    assert_eq!(world.number("SELECT count(*) FROM cycle_history WHERE to_state = 'done'").await, 1);
    let ledger = "SELECT sum(deposited_minor - reserved_minor - spent_minor)::bigint FROM fund_entries";
    assert_eq!(world.number(ledger).await, 9_950_000, "the ledger tells the same as the account");
}

#[tokio::test]
async fn late_repeated_and_unknown_news_change_nothing() {
    let world = World::new().await;
    world.registry.hold(five());
    let (_, cycle) = world.disbursing().await;
    let ids = ids(&world).await;
    let reversed = news(&ids[0], S::Reversed, 5, Some("ACCOUNT_CLOSED"));
    world.tell(vec![reversed.clone()]).await;
    world
        .tell(vec![
            news(&ids[0], S::Paid, 4, None),
            news(&ids[0], S::Sent, 9, None),
            reversed,
            news("0000000000000000", S::Paid, 1, None),
        ])
        .await;
    let view = world.cycle(&cycle).await;
    assert_eq!(view["disbursements"]["REVERSED"]["count"], 1);
    assert_eq!(view["disbursements"]["RECEIVED"]["count"], 2);
    let steps = "SELECT count(*) FROM disbursement_history WHERE to_state <> 'RECEIVED'";
    assert_eq!(world.number(steps).await, 1);
    let odd = "SELECT spent_minor FROM fund_accounts";
    assert_eq!(world.number(odd).await, 0);
}

#[tokio::test]
async fn several_news_of_one_payment_in_one_event_leave_the_furthest() {
    let world = World::new().await;
    world.registry.hold(five());
    let (_, cycle) = world.disbursing().await;
    let ids = ids(&world).await;
    world
        .tell(vec![
            news(&ids[0], S::Paid, 3, None),
            news(&ids[0], S::Resolved, 1, None),
            news(&ids[0], S::Sent, 2, None),
        ])
        .await;
    assert_eq!(world.cycle(&cycle).await["disbursements"]["PAID"]["count"], 1);
}

#[tokio::test]
async fn events_that_arrive_together_still_end_the_cycle_once() {
    let world = World::new().await;
    world.registry.hold(five());
    let (_, cycle) = world.disbursing().await;
    let ids = ids(&world).await;
    let one = |n: usize| world.tell(vec![news(&ids[n], S::Paid, 1, None)]);
    tokio::join!(one(0), one(1), one(2));
    assert_eq!(world.cycle(&cycle).await["state"], "done");
    assert_eq!(world.number("SELECT spent_minor FROM fund_accounts").await, 225_000);
}

#[test]
fn the_bridges_words_are_read() {
    for (word, state) in
        [("ACCEPTED", S::Sent), ("UNKNOWN", S::Sent), ("PAID", S::Paid), ("REVERSED", S::Reversed)]
    {
        let event = json!({"disbursement_id": "a", "state": word, "at": "2026-01-01T00:00:00Z"});
        let change: DisbursementChange = serde_json::from_value(event).unwrap();
        assert_eq!((change.state, change.reason), (state, None));
    }
}
