//! Step 4: payees say where they want their money.

use std::{collections::HashMap, path::Path};

use g2p_connect::{
    MsgStatus,
    mapper::{LinkRequest, LinkRequestItem, LinkResponse},
};
use platform::clock::rfc3339;
use serde::Deserialize;
use serde_json::json;
use uuid::Uuid;

use crate::demo::{
    Demo,
    progress::{Step, StepResult},
};

/// Items of one message.
const BATCH: usize = 1_000;

#[derive(Deserialize)]
struct AccountRow {
    individual_external_id: String,
    kind: String,
    #[serde(default)]
    bank_code: String,
    #[serde(default)]
    bank_name: String,
    #[serde(default)]
    branch_code: String,
    #[serde(default)]
    branch_name: String,
    #[serde(default)]
    account_number: String,
    #[serde(default)]
    wallet_provider_code: String,
    #[serde(default)]
    wallet_provider_name: String,
    #[serde(default)]
    phone: String,
}

impl AccountRow {
    /// The financial address in the form deployed mappers hold; none for people without an account.
    fn financial_address(&self) -> Option<String> {
        match self.kind.as_str() {
            "BANK" => Some(format!(
                "account_number:{}.branch_name:{}.branch_code:{}.bank_name:{}.bank_code:{}.fa_type:BANK_ACCOUNT",
                self.account_number, self.branch_name, self.branch_code, self.bank_name, self.bank_code
            )),
            "MOBILE_WALLET" => Some(format!(
                "mobile_number:{}.wallet_provider_name:{}.wallet_provider_code:{}.fa_type:MOBILE_WALLET",
                self.phone, self.wallet_provider_name, self.wallet_provider_code
            )),
            _ => None,
        }
    }
}

#[derive(Deserialize)]
struct Pseudonym {
    external_id: String,
    pseudonym: String,
}

/// Links every account of `accounts.csv` to its owner's pseudonym.
///
/// # Errors
/// When the mapper refuses a message.
pub async fn accounts(demo: &Demo) -> anyhow::Result<StepResult> {
    let mut step = Step::begin("accounts");
    let mut reader = csv::Reader::from_path(Path::new(&demo.state.population).join("accounts.csv"))?;
    let (mut rows, mut linked, mut without) = (0_u64, 0_u64, 0_u64);
    let mut batch: Vec<(String, String)> = Vec::new();
    for row in reader.deserialize() {
        let row: AccountRow = row?;
        rows += 1;
        match row.financial_address() {
            Some(fa) => batch.push((row.individual_external_id, fa)),
            None => without += 1,
        }
        if batch.len() == BATCH {
            linked += link(demo, std::mem::take(&mut batch)).await?;
            step.at(linked, linked);
        }
    }
    if !batch.is_empty() {
        linked += link(demo, batch).await?;
    }
    Ok(step.end(rows, &format!("{linked} payees linked, {without} without an account")))
}

async fn link(demo: &Demo, batch: Vec<(String, String)>) -> anyhow::Result<u64> {
    let ids: Vec<&String> = batch.iter().map(|(id, _)| id).collect();
    let known: Vec<Pseudonym> = demo
        .client
        .post("social-registry", "/api/v1/registrants/pseudonyms", &json!({"external_ids": ids}))
        .await?;
    let known: HashMap<String, String> = known.into_iter().map(|p| (p.external_id, p.pseudonym)).collect();
    let now = rfc3339(demo.client.clock().now());
    let items: Vec<LinkRequestItem> = batch
        .into_iter()
        .filter_map(|(external_id, fa)| {
            Some(LinkRequestItem {
                reference_id: Uuid::now_v7().to_string(),
                timestamp: now.clone(),
                id: known.get(&external_id)?.clone(),
                fa,
                name: None,
                phone_number: None,
                additional_info: None,
                locale: Some("eng".to_owned()),
            })
        })
        .collect();
    if items.is_empty() {
        return Ok(0);
    }
    let message = LinkRequest { transaction_id: Uuid::now_v7().to_string(), link_request: items };
    let count = message.link_request.len();
    let answer: LinkResponse =
        demo.client.message("spar-mapper", "/mapper/sync/link", "link", count, &message).await?;
    let linked = answer.link_response.iter().filter(|i| i.status == MsgStatus::Succ).count();
    Ok(u64::try_from(linked)?)
}

/// The pseudonym of somebody who is paid, to sign in with.
///
/// # Errors
/// When PBMS does not answer.
pub async fn some_payee(demo: &Demo) -> anyhow::Result<Option<String>> {
    let id = demo.state.cycle_id.as_deref().unwrap_or_default();
    let page: serde_json::Value = demo
        .client
        .get_as("maker", super::programme::PBMS, &format!("/api/v1/cycles/{id}/disbursements?limit=100"))
        .await?;
    let items = page.get("items").and_then(serde_json::Value::as_array).cloned().unwrap_or_default();
    let paid = items.iter().find(|i| i.get("state").and_then(|s| s.as_str()) == Some("PAID"));
    Ok(paid.and_then(|i| i.get("payee")).and_then(|p| p.as_str()).map(str::to_owned))
}

/// An identity document of the population, to look a person up with.
#[must_use]
pub fn some_identity(demo: &Demo) -> Option<(String, String)> {
    #[derive(Deserialize)]
    struct Row {
        id_type: String,
        value: String,
    }
    let mut reader = csv::Reader::from_path(Path::new(&demo.state.population).join("ids.csv")).ok()?;
    let row: Row = reader.deserialize().next()?.ok()?;
    Some((row.id_type, row.value))
}
