//! What the register answers about one person.

use pbms_beneficiary_registry::{domain::disbursement::DisbursementState, events::DisbursementChange};
use serde_json::json;
use time::{Duration, OffsetDateTime};

use crate::{
    registry::{five, person},
    support::{World, demo_program},
};

#[tokio::test]
async fn the_helpdesk_finds_programmes_entitlements_and_payments_by_a_document() {
    let world = World::new().await;
    world.registry.hold(five());
    let (_, _cycle) = world.disbursing().await;
    let id = world.texts("SELECT id FROM disbursements WHERE household_id LIKE '%h000001@%'").await.remove(0);
    world
        .tell(vec![DisbursementChange {
            disbursement_id: id.clone(),
            state: DisbursementState::Rejected,
            reason: Some("NO_FINANCIAL_ADDRESS".to_owned()),
            at: OffsetDateTime::now_utc() + Duration::seconds(5),
        }])
        .await;
    // The Head's document, spelled as people spell.
    let request = json!({"id_type": "national id", "value": "000 001-000"});
    let found = world.post("helpdesk", "/beneficiaries/lookup", &request).await.ok().body;
    let participation = &found["programs"][0];
    assert_eq!(
        (found["found"].as_bool(), participation["program_mnemonic"].as_str()),
        (Some(true), Some("GRANT"))
    );
    assert_eq!(
        (participation["membership"].as_str(), participation["is_payee"].as_bool()),
        (Some("enrolled"), Some(true))
    );
    let entitlement = &participation["entitlements"][0];
    assert_eq!(
        (entitlement["amount"].as_str(), entitlement["cycle_state"].as_str()),
        (Some("650.00"), Some("disbursing"))
    );
    assert_eq!(
        entitlement["lines"][1],
        json!({"kind": "addition", "quantity": 1, "unit": "150.00", "amount": "150.00"})
    );
    let payment = &entitlement["disbursement"];
    assert_eq!(
        (payment["state"].as_str(), payment["reason"].as_str()),
        (Some("REJECTED"), Some("NO_FINANCIAL_ADDRESS"))
    );
    assert_eq!(payment["disbursement_id"], id);
    let states: Vec<_> = payment["history"].as_array().unwrap().iter().map(|s| s["state"].clone()).collect();
    assert_eq!(states, ["RECEIVED", "REJECTED"]);
    // A child of the same household leads to the same payment, but is not the payee.
    let child = json!({"id_type": "NATIONAL_ID", "value": "000001001"});
    let child = world.post("helpdesk", "/beneficiaries/lookup", &child).await.ok().body;
    assert_eq!(child["programs"][0]["is_payee"], false);
    assert_eq!(child["programs"][0]["entitlements"], participation["entitlements"]);
}

#[tokio::test]
async fn every_lookup_is_written_down_without_the_identifier() {
    let world = World::new().await;
    world.registry.hold(five());
    world.enrolled("GRANT").await;
    for value in ["000001000", "999999999"] {
        let request = json!({"id_type": "NATIONAL_ID", "value": value});
        let found =
            world.post("helpdesk", "/beneficiaries/lookup", &request).await.ok().body["found"].clone();
        assert_eq!(found, value == "000001000");
    }
    let audit = world
        .texts("SELECT actor || '|' || subject || '|' || detail::text FROM audit_log WHERE action = 'beneficiary.lookup' ORDER BY id")
        .await;
    assert_eq!(audit.len(), 2);
    assert!(audit[0].starts_with(&format!("user:helpdesk|{}|", person(1, 0))), "{audit:?}");
    assert!(audit[1].contains("\"found\": false"), "{audit:?}");
    assert!(audit.iter().all(|line| !line.contains("000001000") && !line.contains("999999999")), "{audit:?}");
    for wrong in
        [json!({"id_type": "", "value": "1"}), json!({"id_type": "X", "value": " "}), json!({"id_type": "X"})]
    {
        assert_eq!(world.post("helpdesk", "/beneficiaries/lookup", &wrong).await.status, 400, "{wrong}");
    }
}

#[tokio::test]
async fn a_payee_sees_the_payments_through_the_self_service() {
    let world = World::new().await;
    world.registry.hold(five());
    world.disbursing().await;
    let request = world.client().post(world.at("/payees/payments")).bearer_auth(world.service_token());
    let items = world.send(request.json(&json!({"payee": person(2, 0)}))).await.ok().body["items"].clone();
    assert_eq!(items.as_array().unwrap().len(), 1);
    let payment = &items[0];
    assert_eq!((payment["amount"].as_str(), payment["currency"].as_str()), (Some("1100.00"), Some("KES")));
    assert_eq!(
        (payment["program_name"].as_str(), payment["cycle_name"].as_str()),
        (Some("Child grant"), Some("Cycle 1"))
    );
    assert_eq!(
        (payment["state"].as_str(), payment["schedule_date"].as_str()),
        (Some("RECEIVED"), Some("2026-01-31"))
    );
}

#[tokio::test]
async fn programmes_without_identifiers_are_found_through_the_pseudonym() {
    let world = World::new().await;
    world.registry.hold(five());
    world.enrolled("GRANT").await;
    let mut program = demo_program("MEALS");
    program["field_policy"] = json!(["poverty_score", "members.kind", "members.birth_date"]);
    let program = world.post("maker", "/programs", &program).await.ok().id();
    world.pull(&program).await;
    let request = json!({"id_type": "NATIONAL_ID", "value": "000004000"});
    let found = world.post("helpdesk", "/beneficiaries/lookup", &request).await.ok().body;
    let seen: Vec<_> = found["programs"]
        .as_array()
        .unwrap()
        .iter()
        .map(|p| [&p["program_mnemonic"], &p["membership"]])
        .collect();
    assert_eq!(json!(seen), json!([["GRANT", "not_eligible"], ["MEALS", null]]));
}
