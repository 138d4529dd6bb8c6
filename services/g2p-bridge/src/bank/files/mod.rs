//! Banks that are told in files: orders as pain.001 in a folder that SFTP serves. What becomes of them the bank says in
//! files, too: pain.002, and statements.

mod folder;
mod order;

use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};

use async_trait::async_trait;
use bank_formats::iso20022::pain001;
use money::{Amount, Currency};
use uuid::Uuid;

pub use self::folder::{Arrival, Delivery, Folder};
use super::{
    Asked, BankConnector, BankFault, BlockName, BlockOutcome, BlockRequest, Capabilities, FundsCheck,
    Inquiry, NO_FUNDS, Outcome, Payment, PaymentFrame,
};
use crate::{config::Bank, domain::reason};

/// Payments in a file when the configuration does not say.
const IN_A_FILE: usize = 10_000;
/// How long a file must have been left alone before it is read, when the configuration does not say.
const QUIET: Duration = Duration::from_secs(10);

/// Connector of a bank that is told in files.
#[derive(Debug, Clone)]
pub struct FileDrop {
    folder: Folder,
    debtor_name: Option<String>,
    bank_id: String,
    in_a_file: usize,
    tenant: String,
}

impl FileDrop {
    /// The bank of this code and configuration.
    #[must_use]
    pub fn new(code: &str, bank: &Bank) -> Self {
        let quiet = bank.quiet_seconds.map_or(QUIET, Duration::from_secs);
        let size = bank.max_payments.and_then(|n| usize::try_from(n).ok());
        Self {
            folder: Folder::new(bank.folder.as_deref().unwrap_or_default(), quiet),
            debtor_name: bank.debtor_name.clone(),
            bank_id: bank.bank_id.clone().unwrap_or_else(|| code.to_owned()),
            in_a_file: size.unwrap_or(IN_A_FILE),
            tenant: bank.tenant().to_owned(),
        }
    }

    async fn on_disk<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Folder) -> std::io::Result<T> + Send + 'static,
    ) -> std::io::Result<T> {
        let folder = self.folder.clone();
        tokio::task::spawn_blocking(move || work(&folder)).await.map_err(std::io::Error::other)?
    }
}

/// The file of a call.
#[must_use]
pub fn file_name(call_id: Uuid) -> String {
    format!("pain001-{}.xml", call_id.simple())
}

/// The payments in the file of a call, if it was handed over; none when it never will be.
fn payments_in(folder: &Folder, call: Uuid) -> std::io::Result<HashSet<String>> {
    let name = file_name(call);
    if folder.settle(&name)? == Delivery::GivenUp {
        return Ok(HashSet::new());
    }
    let order = pain001::parse(&folder.sent(&name)?).map_err(std::io::Error::other)?;
    let payments = order.batches.into_iter().flat_map(|batch| batch.payments);
    Ok(payments.map(|payment| payment.end_to_end_id).collect())
}

fn no_funds() -> BankFault {
    BankFault(NO_FUNDS.to_owned())
}

#[async_trait]
impl BankConnector for FileDrop {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            inquiry: false,
            file_drop: true,
            funds: false,
            // A call has one file, whoever writes it and how often.
            idempotency: true,
            release: false,
            batch: Some(self.in_a_file),
            max_payments: self.in_a_file,
            max_inquiry: 10_000,
        }
    }

    async fn check_funds(&self, _: &str, _: Amount) -> Result<FundsCheck, BankFault> {
        Err(no_funds())
    }

    async fn block_funds(&self, _: BlockRequest<'_>) -> BlockOutcome {
        BlockOutcome::Refused(NO_FUNDS.to_owned())
    }

    async fn release_block(&self, _: BlockName<'_>, _: &str, _: Currency) -> Result<Amount, BankFault> {
        Err(no_funds())
    }

    async fn pay(&self, frame: &PaymentFrame, payments: &[Payment]) -> Vec<Outcome> {
        let debtor = self.debtor_name.as_deref().unwrap_or(&frame.program);
        let (transfers, mut outcomes) = order::transfers(payments);
        let message = order::message(frame, debtor, &self.bank_id, transfers);
        let name = file_name(frame.call_id);
        let delivered = match message {
            Some(message) => {
                let write = move || {
                    let text = pain001::to_text(&message).map_err(std::io::Error::other)?;
                    Ok(text.into_bytes())
                };
                self.on_disk(move |folder| folder.deliver(&name, write)).await
            }
            // Every payment was refused.
            None => return outcomes,
        };
        let outcome = match delivered {
            Ok(Delivery::HandedOver) => Outcome::HandedOver,
            Ok(Delivery::GivenUp) => Outcome::Unknown(reason::FILE_NOT_WRITTEN),
            Err(error) => {
                tracing::error!(call = %frame.call_id, %error, "a file of payments could not be handed over");
                Outcome::Unknown(reason::FILE_NOT_WRITTEN)
            }
        };
        for slot in outcomes.iter_mut().filter(|slot| !matches!(slot, Outcome::Rejected(_))) {
            *slot = outcome.clone();
        }
        outcomes
    }

    /// From what was written: a call's file was handed over, with the payment in it or without, or it never will be.
    async fn inquire(&self, asked: &[Asked]) -> Result<Vec<Option<Inquiry>>, BankFault> {
        let mut calls: Vec<Uuid> = asked.iter().filter_map(|one| one.call_id).collect();
        calls.sort_unstable();
        calls.dedup();
        let settle = move |folder: &Folder| {
            let one = |call: Uuid| payments_in(folder, call).map(|payments| (call, payments));
            calls.into_iter().map(one).collect::<std::io::Result<HashMap<_, _>>>()
        };
        let settled = self.on_disk(settle).await;
        let settled = settled.map_err(|e| BankFault(format!("the bank's folder cannot be used: {e}")))?;
        let answer = |one: &Asked| {
            let there = settled.get(&one.call_id?)?.contains(&one.key);
            Some(if there { Inquiry::HandedOver } else { Inquiry::NotFound })
        };
        Ok(asked.iter().map(answer).collect())
    }

    fn tenant(&self) -> &str {
        &self.tenant
    }

    fn folder(&self) -> Option<&Folder> {
        Some(&self.folder)
    }
}
