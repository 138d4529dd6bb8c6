//! Sending payments to the bridge.

use pbms_beneficiary_registry::{domain::disbursement::DisbursementState, events::DisbursementChange};
use serde_json::{Value, json};
use storage::sql;

use crate::{
    registry::{five, person},
    support::World,
};

async fn approved(world: &World) -> String {
    world.registry.hold(five());
    let program = world.enrolled("GRANT").await;
    world.deposit(&program, "10000.00").await;
    let cycle = world.computed(&program, 1).await;
    world.approve(&cycle).await;
    cycle
}

#[tokio::test]
async fn the_bridge_gets_what_was_approved_and_no_name() {
    let world = World::with(|config| config.disbursement_batch_size = 2).await;
    world.registry.hold(five());
    let (_, cycle) = world.disbursing().await;
    let view = world.cycle(&cycle).await;
    assert_eq!(view["state"], "disbursing");
    assert_eq!(view["batches"], json!({"accepted": 2}));
    assert_eq!(view["envelopes"], json!({"CASH": "bridge-1"}));
    assert_eq!(view["disbursements"], json!({"RECEIVED": {"count": 3, "amount": "2250.00"}}));
    let data = world.bridge.data.lock().unwrap();
    let envelope = &data.envelopes[0];
    assert_eq!(envelope["number_of_disbursements"], 3);
    assert_eq!(envelope["total_disbursement_quantity"], "2250.00");
    assert_eq!(envelope["measurement_unit"], "KES");
    assert_eq!(envelope["cycle_code_mnemonic"], "Cycle 1");
    assert_eq!(data.batches, [2, 1]);
    let first = data.disbursements.values().find(|d| d["beneficiary_id"] == person(1, 0)).unwrap();
    assert_eq!(first["disbursement_quantity"], "650.00");
    assert_eq!(first["beneficiary_name"], Value::Null);
    assert_eq!(first["disbursement_envelope_id"], "bridge-1");
    assert_eq!(first["narrative"], "GRANT Cycle 1");
    assert!(
        data.disbursements.keys().all(|id| id.len() == 16 && id.bytes().all(|b| b.is_ascii_alphanumeric()))
    );
    assert!(data.repeated.is_empty());
}

#[tokio::test]
async fn a_lost_answer_leads_to_the_same_ids_again() {
    let world = World::with(|config| config.disbursement_batch_size = 1).await;
    let cycle = approved(&world).await;
    world.bridge.data.lock().unwrap().lose_answer_of = Some(1);
    world.post("checker", &format!("/cycles/{cycle}/disburse"), &json!({})).await.ok();
    world.work().await;
    let view = world.cycle(&cycle).await;
    assert_eq!(view["batches"], json!({"accepted": 1, "pending": 2}));
    assert!(view["last_error"].as_str().unwrap().contains("no clear answer"), "{view}");
    world.work_again().await;
    let view = world.cycle(&cycle).await;
    assert_eq!(view["batches"], json!({"accepted": 3}));
    assert_eq!(view.get("last_error"), None);
    let data = world.bridge.data.lock().unwrap();
    assert_eq!((data.disbursements.len(), data.repeated.len(), data.batches.len()), (3, 1, 4));
    assert_eq!(data.envelopes.len(), 1);
}

#[tokio::test]
async fn a_process_that_dies_anywhere_leaves_work_that_another_one_finishes() {
    // After each number of steps the job is dropped, as a kill would, and started anew by another worker.
    for calls in 0..4 {
        let world = World::with(|config| config.disbursement_batch_size = 1).await;
        let cycle = approved(&world).await;
        world.post("checker", &format!("/cycles/{cycle}/disburse"), &json!({})).await.ok();
        let bridge = std::sync::Arc::clone(&world.bridge.data);
        let reached = async {
            let seen = || {
                let data = bridge.lock().unwrap();
                data.envelopes.len() + data.batches.len()
            };
            while seen() < calls {
                tokio::task::yield_now().await;
            }
        };
        tokio::select! {
            () = world.work() => {}
            () = reached => {}
        }
        let expire = "UPDATE jobs SET lease_until = now() - interval '1 second' WHERE state = 'running'";
        sql::execute(world.db.conn(), expire, []).await.unwrap();
        let take_over =
            "UPDATE jobs SET state = 'pending', run_at = now(), fence = fence + 1 WHERE state = 'running'";
        sql::execute(world.db.conn(), take_over, []).await.unwrap();
        world.work().await;
        assert_eq!(
            world.cycle(&cycle).await["batches"],
            json!({"accepted": 3}),
            "killed after {calls} calls"
        );
        let data = world.bridge.data.lock().unwrap();
        assert_eq!((data.disbursements.len(), data.envelopes.len()), (3, 1), "killed after {calls} calls");
    }
}

#[tokio::test]
async fn a_refused_batch_does_not_keep_the_others_back_and_is_sent_again() {
    let world = World::with(|config| config.disbursement_batch_size = 1).await;
    let cycle = approved(&world).await;
    world.bridge.data.lock().unwrap().refuse = Some(0);
    world.post("checker", &format!("/cycles/{cycle}/disburse"), &json!({})).await.ok();
    world.work().await;
    let view = world.cycle(&cycle).await;
    assert_eq!(view["batches"], json!({"accepted": 2, "refused": 1}));
    assert!(view["last_error"].as_str().unwrap().contains("rjct.batch.invalid"), "{view}");
    let rows = world.texts("SELECT row_errors::text FROM disbursement_batches WHERE state = 'refused'").await;
    assert!(rows[0].contains("rjct.disbursement.invalid"), "{rows:?}");
    world.work_again().await;
    assert_eq!(world.cycle(&cycle).await["batches"], json!({"accepted": 3}));
}

#[tokio::test]
async fn an_envelope_that_is_refused_is_reported_and_tried_again() {
    let world = World::new().await;
    let cycle = approved(&world).await;
    world.bridge.data.lock().unwrap().refuse_envelope = true;
    world.post("checker", &format!("/cycles/{cycle}/disburse"), &json!({})).await.ok();
    world.work().await;
    let view = world.cycle(&cycle).await;
    assert!(view["last_error"].as_str().unwrap().contains("rjct.program.unknown"), "{view}");
    assert!(world.bridge.data.lock().unwrap().disbursements.is_empty());
    world.bridge.data.lock().unwrap().refuse_envelope = false;
    world.work_again().await;
    let view = world.cycle(&cycle).await;
    assert_eq!((view["envelopes"]["CASH"].as_str(), view.get("last_error")), (Some("bridge-1"), None));
}

#[tokio::test]
async fn a_day_that_passed_before_the_bridge_took_the_envelope_is_put_off() {
    let world = World::new().await;
    world.registry.hold(five());
    let program = world.enrolled("GRANT").await;
    world.deposit(&program, "10000.00").await;
    let path = format!("/programs/{program}/cycles");
    let request = json!({"name": "Past", "schedule_date": "2020-01-31", "sequence": 1});
    let cycle = world.post("maker", &path, &request).await.ok().id();
    world.post("maker", &format!("/cycles/{cycle}/entitlements"), &json!({})).await.ok();
    world.work().await;
    world.approve(&cycle).await;
    world.bridge.data.lock().unwrap().refuse_envelope = true;
    world.post("checker", &format!("/cycles/{cycle}/disburse"), &json!({})).await.ok();
    world.work().await;
    let day = world.texts("SELECT schedule_date::text FROM envelopes").await;
    // A day later nobody has it yet: it is declared anew, once.
    world.clock.shift(86_400);
    world.work_again().await;
    let next = world.texts("SELECT schedule_date::text FROM envelopes").await;
    assert!(next > day, "{day:?} {next:?}");
    world.bridge.data.lock().unwrap().refuse_envelope = false;
    world.work_again().await;
    let data = world.bridge.data.lock().unwrap();
    assert_eq!(data.envelopes[0]["disbursement_schedule_date"], next[0]);
}

#[tokio::test]
async fn a_row_that_an_accepted_batch_left_out_is_rejected_and_its_money_free() {
    let world = World::new().await;
    let cycle = approved(&world).await;
    world.bridge.data.lock().unwrap().complain = true;
    world.post("checker", &format!("/cycles/{cycle}/disburse"), &json!({})).await.ok();
    world.work().await;
    let view = world.cycle(&cycle).await;
    assert_eq!(view["disbursements"]["REJECTED"]["count"], 1, "{view}");
    assert_eq!(view["reasons"]["rjct.beneficiary.invalid"]["count"], 1);
    let rejected = view["disbursements"]["REJECTED"]["amount"].as_str().unwrap().replace('.', "");
    let reserved = view["reserved"].as_str().unwrap().replace('.', "");
    assert_eq!(rejected.parse::<i64>().unwrap() + reserved.parse::<i64>().unwrap(), 225_000);
}

#[tokio::test]
async fn a_bridge_that_is_away_for_long_keeps_nobody_from_being_paid() {
    let world = World::with(|config| config.disbursement_batch_size = 1).await;
    let cycle = approved(&world).await;
    world.bridge.data.lock().unwrap().lose_answer_of = Some(0);
    world.post("checker", &format!("/cycles/{cycle}/disburse"), &json!({})).await.ok();
    let tried = "UPDATE jobs SET attempts = 100000 WHERE kind = 'pbms.disburse'";
    sql::execute(world.db.conn(), tried, []).await.unwrap();
    world.work().await;
    assert_eq!(world.texts("SELECT state FROM jobs WHERE kind = 'pbms.disburse'").await, ["pending"]);
    let soon =
        "SELECT count(*) FROM jobs WHERE kind = 'pbms.disburse' AND run_at < now() + interval '2 minutes'";
    assert_eq!(world.number(soon).await, 1);
    world.work_again().await;
    assert_eq!(world.cycle(&cycle).await["batches"], json!({"accepted": 3}));
}

#[tokio::test]
async fn what_an_envelope_that_is_over_did_not_take_is_cancelled_and_its_money_free() {
    let world = World::with(|config| config.disbursement_batch_size = 1).await;
    let cycle = approved(&world).await;
    world.bridge.data.lock().unwrap().cancelled_at = Some(1);
    world.post("checker", &format!("/cycles/{cycle}/disburse"), &json!({})).await.ok();
    world.work().await;
    assert_eq!(world.texts("SELECT state FROM jobs WHERE kind = 'pbms.disburse'").await, ["done"]);
    let view = world.cycle(&cycle).await;
    assert_eq!(view["batches"], json!({"accepted": 1, "withdrawn": 2}));
    assert_eq!(view["disbursements"]["CANCELLED"]["count"], 2, "{view}");
    assert_eq!(view["reasons"]["DISBURSEMENT_ENVELOPE_ALREADY_CANCELED"]["count"], 2);
    assert_eq!(view["state"], "disbursing", "the bridge has yet to say what became of the first");
    let amount = |v: &Value| v.as_str().unwrap().replace('.', "").parse::<i64>().unwrap();
    let cancelled = amount(&view["disbursements"]["CANCELLED"]["amount"]);
    assert_eq!(cancelled + amount(&view["reserved"]), 225_000);
    let first = world.texts("SELECT id FROM disbursements WHERE state = 'RECEIVED'").await;
    let gone = DisbursementChange {
        disbursement_id: first[0].clone(),
        state: DisbursementState::Cancelled,
        reason: None,
        at: world.clock.now() + time::Duration::seconds(60),
    };
    world.tell(vec![gone]).await;
    let view = world.cycle(&cycle).await;
    assert_eq!(
        (view["reserved"].as_str(), view["disbursements"]["CANCELLED"]["count"].as_i64()),
        (Some("0.00"), Some(3))
    );
    assert_ne!(view["state"], "disbursing");
}

#[tokio::test]
async fn nothing_is_sent_when_the_sum_is_not_what_was_approved() {
    let world = World::new().await;
    let cycle = approved(&world).await;
    let change =
        "UPDATE entitlements SET amount_minor = amount_minor + 1 WHERE household_id LIKE '%h000001@%'";
    sql::execute(world.db.conn(), change, []).await.unwrap();
    world.post("checker", &format!("/cycles/{cycle}/disburse"), &json!({})).await.ok();
    world.work().await;
    assert!(world.bridge.data.lock().unwrap().envelopes.is_empty());
    assert_eq!(world.texts("SELECT state FROM jobs WHERE kind = 'pbms.disburse'").await, ["dead"]);
}

#[tokio::test]
async fn disbursements_are_listed_by_id_in_pages() {
    let world = World::new().await;
    world.registry.hold(five());
    let (_, cycle) = world.disbursing().await;
    let path = format!("/cycles/{cycle}/disbursements");
    let all = world.get("maker", &path).await.ok().body["items"].as_array().unwrap().clone();
    let ids: Vec<&str> = all.iter().map(|d| d["disbursement_id"].as_str().unwrap()).collect();
    assert!(ids.windows(2).all(|pair| pair[0] < pair[1]), "in the order of their bytes: {ids:?}");
    let mut paged = Vec::new();
    let mut after = String::new();
    loop {
        let page = world.get("maker", &format!("{path}?limit=2{after}")).await.ok().body;
        paged.extend(page["items"].as_array().unwrap().clone());
        let Some(next) = page["next"].as_str() else { break };
        after = format!("&after={next}");
    }
    assert_eq!(paged, all);
    assert_eq!((all.len(), all[0]["currency"].as_str()), (3, Some("KES")));
}
