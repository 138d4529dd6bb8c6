//! Step 6: money. The sponsor's account, the bridge's configuration, and the order to pay; then waiting for the bank's
//! last statement to come back as the last event.

use std::collections::BTreeMap;

use platform::clock::rfc3339;
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    demo::{
        Demo,
        accounts::Payee,
        checks,
        programme::{CURRENCY, PBMS, PROGRAMME, TIME_ZONE},
        progress::{Patience, Step, StepResult},
    },
    up::Up,
};

/// The programme's account at the sponsor bank.
const SPONSOR_ACCOUNT: &str = "1000000001";

/// Count and sum of disbursements.
#[derive(Debug, Clone, Default, Deserialize)]
pub(super) struct Tally {
    /// How many.
    pub(super) count: u64,
    /// How much, as decimal text.
    pub(super) amount: String,
}

/// A cycle as PBMS shows it.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Cycle {
    pub(super) state: String,
    pub(super) currency: String,
    pub(super) approved: Option<Tally>,
    pub(super) disbursements: BTreeMap<String, Tally>,
    #[serde(default)]
    pub(super) envelopes: BTreeMap<String, String>,
    #[serde(default)]
    pub(super) last_error: Option<String>,
}

pub(super) async fn cycle(demo: &Demo) -> anyhow::Result<Cycle> {
    let id = demo.state.cycle_id.as_deref().unwrap_or_default();
    demo.client.get_as("maker", PBMS, &format!("/api/v1/cycles/{id}")).await
}

/// Pays the cycle and waits until every disbursement is in an end state.
///
/// # Errors
/// When a service refuses.
pub async fn payment(demo: &Demo) -> anyhow::Result<StepResult> {
    let mut step = Step::begin("payment");
    let before = cycle(demo).await?;
    let approved = before.approved.clone().unwrap_or_default();
    if before.state == "approved" {
        open_sponsor_account(demo, &approved.amount).await?;
        configure_bridge(demo).await?;
        let id = demo.state.cycle_id.as_deref().unwrap_or_default();
        let path = format!("/api/v1/cycles/{id}/disburse");
        let key = demo.state.key("disbursement");
        let _: Value = demo.client.post_as("checker", PBMS, &path, &key, &json!({})).await?;
        demo.reached("disbursement")?;
    }
    let mut told = String::new();
    let mut patience = Patience::new("the payments");
    let done = loop {
        let now = cycle(demo).await?;
        let ended: u64 = ["PAID", "REVERSED", "REJECTED", "CANCELLED"]
            .iter()
            .filter_map(|state| now.disbursements.get(*state))
            .map(|tally| tally.count)
            .sum();
        step.at(ended, approved.count);
        if let Some(error) = now.last_error.filter(|error| *error != told) {
            tracing::warn!(error = %error, "PBMS reports a problem with the payments");
            told = error;
        }
        if now.state == "done" {
            break ended;
        }
        let counts: Vec<String> = now.disbursements.iter().map(|(s, t)| format!("{s} {}", t.count)).collect();
        patience.pause(format!("{}: {}", now.state, counts.join(", "))).await?;
    };
    settle(demo).await?;
    Ok(step.end(done, &format!("{done} disbursements reached their end")))
}

/// Waits until nothing is left to do: the bank has booked, returned and told everything, and what it told has gone
/// through bridge and PBMS. A payment that is paid can still come back until then. Services are asked one after the
/// other, so it must look so twice: an event can pass behind the first look, but not behind the second.
async fn settle(demo: &Demo) -> anyhow::Result<()> {
    #[derive(Deserialize)]
    struct Summary {
        settled: bool,
        open_blocks: u64,
        undelivered_entries: u64,
        unreported_entries: u64,
    }
    let mut patience = Patience::new("the bank's last statement");
    let mut still = false;
    loop {
        let bank: Summary = demo.client.get("example-bank", "/api/v1/ledger/summary").await?;
        let left = checks::left_over(demo).await?;
        let quiet = bank.settled && bank.open_blocks == 0 && left.is_empty();
        if quiet && still {
            return Ok(());
        }
        still = quiet;
        let entries = bank.undelivered_entries + bank.unreported_entries;
        patience
            .pause(format!("{} blocks, {entries} entries, {}", bank.open_blocks, left.join(", ")))
            .await?;
    }
}

async fn open_sponsor_account(demo: &Demo, amount: &str) -> anyhow::Result<()> {
    let account = json!({
        "account_number": SPONSOR_ACCOUNT, "currency": CURRENCY, "kind": "sponsor", "deposit": amount,
        "deposit_reference": "demo-deposit-1",
    });
    let _: Value =
        demo.client.post("example-bank", "/api/v1/accounts", &json!({"accounts": [account]})).await?;
    Ok(())
}

async fn configure_bridge(demo: &Demo) -> anyhow::Result<()> {
    let message = json!({
        "request_header": {
            "sender_app_mnemonic": "DEMO",
            "sender_app_url": "http://127.0.0.1",
            "request_id": Uuid::now_v7(),
            "request_timestamp": rfc3339(demo.client.clock().now()),
        },
        "request_body": {"request_payload": {
            "benefit_program_mnemonic": PROGRAMME,
            "benefit_program_name": "Child grant",
            "sponsor_bank_code": "EXAMPLE_BANK",
            "sponsor_bank_account_number": SPONSOR_ACCOUNT,
            "sponsor_bank_account_currency": CURRENCY,
            "id_mapper_resolution_required": true,
            "time_zone": TIME_ZONE,
        }},
    });
    let answer: Value =
        demo.client.signed("g2p-bridge", "/create_benefit_program_configuration", &message).await?;
    let status = answer.pointer("/response_header/response_status").and_then(Value::as_str);
    anyhow::ensure!(
        status == Some("SUCCESS"),
        "the bridge refused the programme's configuration: {}",
        answer
            .pointer("/response_header/response_error_message")
            .and_then(Value::as_str)
            .unwrap_or("no reason given")
    );
    Ok(())
}

/// Where everything is, and three requests to try, for `--keep-running`.
///
/// # Errors
/// When a token cannot be made.
#[allow(clippy::print_stdout)]
pub fn print_urls(up: &Up, demo: &Demo, payee: Option<&Payee>) -> anyhow::Result<()> {
    println!("All services stay up until ctrl-c:");
    for (name, url) in &up.urls {
        println!("  {name:<26} {url}  documents: {url}/docs/");
    }
    let helpdesk = up.token_for("helpdesk")?;
    let maker = up.token_for("maker")?;
    let (id_type, value) = payee
        .and_then(|payee| payee.identity.as_ref())
        .map_or(("NATIONAL_ID", "…"), |(id_type, value)| (id_type.as_str(), value.as_str()));
    let payee = payee.map(|payee| payee.pseudonym.as_str());
    println!("\nWhat happened to a person, for the helpdesk:");
    println!(
        "  curl -s -H 'Authorization: Bearer {helpdesk}' -H 'Content-Type: application/json' \\\n    -d '{{\"id_type\": \"{id_type}\", \"value\": \"{value}\"}}' {}/api/v1/beneficiaries/lookup",
        up.url(PBMS)
    );
    println!("The cycle, with counts and money by state:");
    println!(
        "  curl -s -H 'Authorization: Bearer {maker}' {}/api/v1/cycles/{}",
        up.url(PBMS),
        demo.state.cycle_id.as_deref().unwrap_or_default()
    );
    println!("An account at the mapper, as an old client asks (unsigned, the compat partner `*`):");
    println!(
        "  curl -s -H 'Content-Type: application/json' -d '{}' {}/mapper/sync/resolve",
        json!({
            "header": {"message_id": "string", "message_ts": "string", "action": "resolve", "sender_id": "curl", "total_count": 1},
            "message": {"transaction_id": "1", "resolve_request": [
                {"reference_id": "1", "timestamp": "string", "id": payee.unwrap_or("token:…@nationalId"), "scope": "yes_no"}]},
        }),
        up.url("spar-mapper")
    );
    if let Some(payee) = payee {
        println!("Sign in as a beneficiary at {} with\n  {payee}", up.url("spar-self-service"));
    }
    Ok(())
}
