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

use crate::{
    demo::{
        Demo, directory,
        progress::{Step, StepResult},
    },
    population::IdRow,
};

/// Items of one message.
const BATCH: usize = 1_000;

#[derive(Deserialize)]
pub(super) struct AccountRow {
    individual_external_id: String,
    pub(super) kind: String,
    #[serde(default)]
    pub(super) bank_code: String,
    #[serde(default)]
    pub(super) bank_name: String,
    #[serde(default)]
    pub(super) branch_code: String,
    #[serde(default)]
    pub(super) branch_name: String,
    #[serde(default)]
    account_number: String,
    #[serde(default)]
    pub(super) wallet_provider_code: String,
    #[serde(default)]
    pub(super) wallet_provider_name: String,
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

/// What became of the accounts.
#[derive(Default)]
struct Outcome {
    linked: u64,
    /// Without an address.
    without: u64,
    /// Of people the registry does not know.
    unknown: u64,
    /// Refused by the mapper: a person entered twice may have two.
    refused: u64,
}

/// Links every account of `accounts.csv` to its owner's pseudonym.
///
/// # Errors
/// When the mapper refuses a message.
pub async fn accounts(demo: &Demo) -> anyhow::Result<StepResult> {
    let mut step = Step::begin("accounts");
    directory::load(demo).await?;
    let mut reader = csv::Reader::from_path(Path::new(&demo.state.population).join("accounts.csv"))?;
    let (mut rows, mut outcome) = (0_u64, Outcome::default());
    let mut batch: Vec<(String, String)> = Vec::new();
    for row in reader.deserialize() {
        let row: AccountRow = row?;
        rows += 1;
        match row.financial_address() {
            Some(fa) => batch.push((row.individual_external_id, fa)),
            None => outcome.without += 1,
        }
        if batch.len() == BATCH {
            link(demo, std::mem::take(&mut batch), &mut outcome).await?;
            step.at(rows, rows);
        }
    }
    link(demo, batch, &mut outcome).await?;
    let Outcome { linked, without, unknown, refused } = outcome;
    let mut said = format!("{linked} payees linked, {without} without an account");
    for (count, what) in [(unknown, "of people who are not registered"), (refused, "refused by the mapper")] {
        if count > 0 {
            said.push_str(&format!(", {count} {what}"));
        }
    }
    Ok(step.end(rows, &said))
}

/// Pseudonyms by external id; people who are not registered are left out.
async fn pseudonyms(demo: &Demo, ids: &[&str]) -> anyhow::Result<HashMap<String, String>> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let known: Vec<Pseudonym> = demo
        .client
        .post("social-registry", "/api/v1/registrants/pseudonyms", &json!({"external_ids": ids}))
        .await?;
    Ok(known.into_iter().map(|p| (p.external_id, p.pseudonym)).collect())
}

async fn link(demo: &Demo, batch: Vec<(String, String)>, outcome: &mut Outcome) -> anyhow::Result<()> {
    let ids: Vec<&str> = batch.iter().map(|(id, _)| id.as_str()).collect();
    let known = pseudonyms(demo, &ids).await?;
    let now = rfc3339(demo.client.clock().now());
    let asked = batch.len();
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
    outcome.unknown += u64::try_from(asked - items.len())?;
    if items.is_empty() {
        return Ok(());
    }
    let message = LinkRequest { transaction_id: Uuid::now_v7().to_string(), link_request: items };
    let count = message.link_request.len();
    let answer: LinkResponse =
        demo.client.message("spar-mapper", "/mapper/sync/link", "link", count, &message).await?;
    let linked = answer.link_response.iter().filter(|i| i.status == MsgStatus::Succ).count();
    outcome.linked += u64::try_from(linked)?;
    outcome.refused += u64::try_from(count.saturating_sub(linked))?;
    Ok(())
}

/// Somebody who was paid, to try requests with.
pub(super) struct Payee {
    /// Pseudonym, to sign in with.
    pub(super) pseudonym: String,
    /// Type and number of an identity document, to look the person up with.
    pub(super) identity: Option<(String, String)>,
}

/// The first payee of the cycle who was paid and has a document in `ids.csv`; one without a document when nobody of the
/// first hundred has one.
///
/// # Errors
/// When a service does not answer or the file cannot be read.
pub(super) async fn somebody_paid(demo: &Demo) -> anyhow::Result<Option<Payee>> {
    let id = demo.state.cycle_id.as_deref().unwrap_or_default();
    let page: serde_json::Value = demo
        .client
        .get_as("maker", super::programme::PBMS, &format!("/api/v1/cycles/{id}/disbursements?limit=100"))
        .await?;
    let text = |item: &serde_json::Value, key: &str| item.get(key)?.as_str().map(str::to_owned);
    let items = page.get("items").and_then(serde_json::Value::as_array).cloned().unwrap_or_default();
    let paid: Vec<String> = items
        .iter()
        .filter(|item| text(item, "state").as_deref() == Some("PAID"))
        .filter_map(|item| text(item, "payee"))
        .collect();
    let mut reader = csv::Reader::from_path(Path::new(&demo.state.population).join("ids.csv"))?;
    let mut rows = reader.deserialize();
    loop {
        let batch: Vec<IdRow> = rows.by_ref().take(BATCH).collect::<Result<_, _>>()?;
        if batch.is_empty() {
            return Ok(paid.into_iter().next().map(|pseudonym| Payee { pseudonym, identity: None }));
        }
        let ids: Vec<&str> = batch.iter().map(|row| row.individual_external_id.as_str()).collect();
        let known = pseudonyms(demo, &ids).await?;
        for row in batch {
            let owner = known.get(&row.individual_external_id).filter(|owner| paid.contains(owner));
            if let Some(owner) = owner
                && known_to_pbms(demo, &row.id_type, &row.value).await
            {
                let identity = Some((row.id_type, row.value));
                return Ok(Some(Payee { pseudonym: owner.clone(), identity }));
            }
        }
    }
}

/// Whether the helpdesk finds somebody by this document: some rows are wrong on purpose, and refused.
async fn known_to_pbms(demo: &Demo, id_type: &str, value: &str) -> bool {
    let asked = json!({"id_type": id_type, "value": value});
    let key = Uuid::now_v7().to_string();
    let path = "/api/v1/beneficiaries/lookup";
    let found: anyhow::Result<serde_json::Value> =
        demo.client.post_as("helpdesk", super::programme::PBMS, path, &key, &asked).await;
    found.is_ok_and(|found| found.get("found").and_then(serde_json::Value::as_bool) == Some(true))
}
