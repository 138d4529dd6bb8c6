//! The 1.0 dialect on the same core.

use platform::{Policy, partners::Mode};
use serde_json::{Value, json};
use testkit::{TestPartner, unique};

use crate::world::{World, day, today};

fn message(action: &str, message_id: &str, message: &Value) -> Value {
    // As the reference's Postman collection sends it: placeholders, and no signature.
    json!({"signature": "string",
        "header": {"version": "1.0.0", "message_id": message_id, "message_ts": "string", "action": action,
            "sender_id": "OLD", "sender_uri": "", "receiver_id": "", "total_count": 0, "is_msg_encrypted": false,
            "meta": "string"},
        "message": message})
}

struct Old<'a> {
    world: &'a World,
    partner: TestPartner,
}

impl Old<'_> {
    async fn start(world: &World) -> Old<'_> {
        let permissions = ["bridge:call".to_owned()].into_iter().collect();
        let policy = Policy { permissions, ..Policy::default() };
        let partner = world.bridge.partner_with("OLD", Mode::Compat, policy).await;
        Old { world, partner }
    }

    async fn call(&self, operation: &str, payload: &Value) -> Value {
        self.call_as(operation, &unique("m"), payload).await
    }

    async fn call_as(&self, operation: &str, message_id: &str, payload: &Value) -> Value {
        let body = message(operation, message_id, payload);
        assert_eq!(self.partner.id(), "OLD");
        self.world.bridge.anonymous().post(&format!("/{operation}"), &body).await.expect_status(200).json()
    }
}

fn envelope(date: &str) -> Value {
    json!({"benefit_program_mnemonic": "PROG", "disbursement_frequency": "OnDemand", "cycle_code_mnemonic": "AUG",
        "number_of_beneficiaries": 2, "number_of_disbursements": 2, "total_disbursement_amount": 2000,
        "disbursement_currency_code": "KES", "disbursement_schedule_date": date})
}

fn rows(envelope: &str, count: usize) -> Value {
    let one = |n| {
        json!({"disbursement_envelope_id": envelope, "mis_reference_number": format!("MIS-{n}"),
            "beneficiary_id": format!("12345{n}"), "beneficiary_name": format!("Beneficiary {n}"),
            "disbursement_amount": 1000, "narrative": "Food subsidy"})
    };
    Value::Array((0..count).map(one).collect())
}

fn code(reply: &Value) -> (&str, &str) {
    (reply["header"]["status"].as_str().unwrap(), reply["header"]["status_reason_message"].as_str().unwrap())
}

#[tokio::test]
async fn the_old_dialect_creates_pays_and_reports() {
    let world = World::start().await;
    let old = Old::start(&world).await;
    let made = old.call("create_disbursement_envelope", &envelope(&today())).await;
    assert_eq!(code(&made), ("succ", ""));
    assert_eq!(made["message"]["id"], Value::Null);
    let id = made["message"]["disbursement_envelope_id"].as_str().unwrap().to_owned();
    let created = old.call("create_disbursements", &rows(&id, 2)).await;
    assert_eq!(code(&created), ("succ", ""));
    let ids: Vec<String> = created["message"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["disbursement_id"].as_str().unwrap().to_owned())
        .collect();
    assert!(ids.iter().all(|id| id.len() == 16), "{ids:?}");
    // A client that was not answered sends it again, perhaps under another message id: same payments.
    let again = old.call("create_disbursements", &rows(&id, 2)).await;
    assert_eq!(again["message"], created["message"]);
    let third = old.call("create_disbursements", &rows(&id, 3)).await;
    assert_eq!(code(&third), ("rjct", "NO_OF_DISBUESEMENTS_EXCEEDS_DECLARED"));
    world.wait_sent(2).await;
    world.statement(&[("D", &ids[0], "1000"), ("D", &ids[1], "1000")]).await;
    world.wait_state(&id, "FINISHED").await;
    let status = old.call("get_disbursement_envelope_status", &json!(id)).await;
    assert_eq!(status["message"]["number_of_disbursements_reconciled"], 2);
    assert_eq!(status["message"]["funds_blocked_with_bank"], "FUNDS_BLOCK_SUCCESS");
    assert_eq!(status["message"]["total_disbursement_amount_received"].as_f64(), Some(2000.0));
    let status = old.call("get_disbursement_status", &json!([ids[0], "unknown"])).await;
    let record = &status["message"][0]["disbursement_recon_records"]["disbursement_recon_payloads"][0];
    assert_eq!(record["disbursement_envelope_id"], json!(id));
    assert!(record["bank_disbursement_batch_id"].is_string());
    world.check().await;
}

#[tokio::test]
async fn the_old_dialect_refuses_with_the_codes_of_the_reference() {
    let world = World::start().await;
    let old = Old::start(&world).await;
    for (field, value, wanted) in [
        ("benefit_program_mnemonic", json!(""), "INVALID_PROGRAM_MNEMONIC"),
        ("number_of_disbursements", json!(0), "INVALID_NO_OF_DISBURSEMENTS"),
        ("disbursement_schedule_date", Value::Null, "INVALID_DISBURSEMENT_SCHEDULE_DATE"),
    ] {
        let mut wrong = envelope(&day(1));
        wrong[field] = value;
        let reply = old.call("create_disbursement_envelope", &wrong).await;
        assert_eq!(code(&reply), ("rjct", wanted));
        assert_eq!(reply["message"]["disbursement_envelope_id"], Value::Null);
    }
    let made = old.call("create_disbursement_envelope", &envelope(&day(1))).await;
    let id = made["message"]["disbursement_envelope_id"].as_str().unwrap().to_owned();
    let mut wrong = rows(&id, 2);
    wrong[0]["beneficiary_name"] = Value::Null;
    wrong[0]["disbursement_amount"] = Value::Null;
    let reply = old.call("create_disbursements", &wrong).await;
    assert_eq!(code(&reply), ("rjct", "INVALID_DISBURSEMENT_PAYLOAD"));
    let codes = &reply["message"][0]["response_error_codes"];
    assert_eq!(*codes, json!(["INVALID_DISBURSEMENT_AMOUNT", "INVALID_BENEFICIARY_NAME"]));
    let unknown = old.call("get_disbursement_envelope_status", &json!("nobody")).await;
    assert_eq!(code(&unknown), ("rjct", "DISBURSEMENT_ENVELOPE_NOT_FOUND"));
    assert_eq!(unknown["message"], Value::Null);

    let amended = old
        .call(
            "amend_disbursement_envelope",
            &json!({"disbursement_envelope_id": id, "number_of_beneficiaries": 1, "number_of_disbursements": 1,
                "total_disbursement_amount": 1000, "disbursement_schedule_date": day(2)}),
        )
        .await;
    assert_eq!(code(&amended), ("succ", ""));
    old.call("create_disbursements", &rows(&id, 1)).await;
    world.wait_state(&id, "SCHEDULED").await;
    let below = old
        .call(
            "amend_disbursement_envelope",
            &json!({"disbursement_envelope_id": id, "number_of_beneficiaries": 1, "number_of_disbursements": 1,
                "total_disbursement_amount": 999, "disbursement_schedule_date": day(2)}),
        )
        .await;
    assert_eq!(code(&below), ("rjct", "INVALID_TOTAL_DISBURSEMENT_AMOUNT"));
    let cancel = json!({"disbursement_envelope_id": id});
    assert_eq!(code(&old.call("cancel_disbursement_envelope", &cancel).await), ("succ", ""));
    let twice = old.call("cancel_disbursement_envelope", &cancel).await;
    assert_eq!(code(&twice), ("rjct", "DISBURSEMENT_ENVELOPE_ALREADY_CANCELED"));
}

#[tokio::test]
async fn the_same_message_makes_the_same_envelope() {
    let world = World::start().await;
    let old = Old::start(&world).await;
    let first = old.call_as("create_disbursement_envelope", "string", &envelope(&day(1))).await;
    let again = old.call_as("create_disbursement_envelope", "string", &envelope(&day(1))).await;
    assert_eq!(first["message"], again["message"]);
    let other = old.call_as("create_disbursement_envelope", "another", &envelope(&day(1))).await;
    assert_ne!(first["message"], other["message"]);
}
