//! From a payment order's elements to its payments.

use money::Amount;
use thiserror::Error;
use time::format_description::well_known::Rfc3339;
use time::{Date, OffsetDateTime};

use super::super::xml::{Fault, Node, Pull, Text};
use super::{Account, Batch, CreditTransfer, Initiation, control};

const ROOT: &str = "CstmrCdtTrfInitn/";

/// A message cannot be read. A payment order counts as a whole or not at all.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("payment {payment}: {reason}")]
pub struct ReadError {
    /// Number of the payment in the file, from 1; 0 before the first.
    pub payment: usize,
    /// What is wrong.
    pub reason: String,
}

#[derive(Default)]
struct PaymentDraft {
    end_to_end_id: Option<String>,
    amount: Option<Amount>,
    bank: Option<String>,
    branch: Option<String>,
    name: Option<String>,
    account: AccountDraft,
    remittance: Option<String>,
}

#[derive(Default)]
struct AccountDraft {
    iban: Option<String>,
    id: Option<String>,
    scheme: Option<String>,
}

impl AccountDraft {
    fn set(&mut self, path: &str, text: &Text) -> Result<(), String> {
        match path {
            "Id/IBAN" => self.iban = Some(named(path, text)?),
            "Id/Othr/Id" => self.id = Some(named(path, text)?),
            "Id/Othr/SchmeNm/Prtry" | "Id/Othr/SchmeNm/Cd" => self.scheme = Some(named(path, text)?),
            _ => {}
        }
        Ok(())
    }

    fn finish(self) -> Result<Account, String> {
        match (self.iban, self.id) {
            (Some(iban), None) => Ok(Account::Iban(iban)),
            (None, Some(id)) => Ok(Account::Other { id, scheme: self.scheme }),
            _ => Err("an account needs either an IBAN or another number".to_owned()),
        }
    }
}

#[derive(Default)]
struct BatchDraft {
    id: Option<String>,
    date: Option<Date>,
    debtor_name: String,
    account: AccountDraft,
    bank: Option<String>,
    payments: Vec<CreditTransfer>,
    stated: Stated,
}

/// What the message says about its own size.
#[derive(Default)]
struct Stated {
    count: Option<usize>,
    sum: Option<String>,
}

impl Stated {
    fn set(&mut self, name: &str, text: &Text) -> Result<(), String> {
        let value = text.exact().map_err(|reason| format!("{name} {reason}"))?;
        match name {
            "NbOfTxs" => self.count = Some(value.parse().map_err(|_| "NbOfTxs is not a number")?),
            "CtrlSum" => self.sum = Some(value.to_owned()),
            _ => {}
        }
        Ok(())
    }

    fn check<'a>(&self, payments: impl Iterator<Item = &'a CreditTransfer>) -> Result<(), String> {
        let actual = control(payments).map_err(|e| e.to_string())?;
        if self.count.is_some_and(|count| count != actual.count) {
            return Err(format!("NbOfTxs does not fit: there are {} payments", actual.count));
        }
        let Some(sum) = &self.sum else { return Ok(()) };
        if Amount::parse(sum, actual.sum.currency()).ok() != Some(actual.sum) {
            return Err(format!("CtrlSum does not fit: the payments make {}", actual.sum.with_code()));
        }
        Ok(())
    }
}

#[derive(Default)]
struct MessageDraft {
    message_id: Option<String>,
    created: Option<OffsetDateTime>,
    initiating_party: String,
    stated: Stated,
    batch: BatchDraft,
    payment: PaymentDraft,
    batches: Vec<Batch>,
    payments: usize,
}

/// Reads a message as [`super::write`] writes it, with its counts and sums checked.
///
/// # Errors
/// [`ReadError`] names the payment and what is wrong.
pub fn parse(bytes: &[u8]) -> Result<Initiation, ReadError> {
    let mut draft = MessageDraft::default();
    read(bytes, &mut draft)
        .and_then(|()| draft.finish())
        .map_err(|(payment, reason)| ReadError { payment, reason })
}

fn read(bytes: &[u8], draft: &mut MessageDraft) -> Result<(), (usize, String)> {
    let mut xml = Pull::new(bytes);
    loop {
        let node = xml.step().map_err(|fault| {
            let reason = match fault {
                Fault::Io(error) => error.to_string(),
                Fault::Xml(reason) => reason,
            };
            (draft.payments, reason)
        })?;
        let path = xml.path().strip_prefix(ROOT).unwrap_or_default();
        match node {
            Node::Open if path == "PmtInf" => draft.batch = BatchDraft::default(),
            Node::Open if path == "PmtInf/CdtTrfTxInf" => {
                draft.payment = PaymentDraft::default();
                draft.payments += 1;
            }
            Node::Open => {}
            Node::Close(text) => draft.close(path, &text).map_err(|reason| (draft.payments, reason))?,
            Node::End => return Ok(()),
        }
    }
}

impl MessageDraft {
    fn close(&mut self, path: &str, text: &Text) -> Result<(), String> {
        if let Some(path) = path.strip_prefix("PmtInf/CdtTrfTxInf/") {
            return self.payment.set(path, text);
        }
        match path {
            "GrpHdr/MsgId" => self.message_id = Some(named(path, text)?),
            "GrpHdr/CreDtTm" => {
                let at = text.exact().ok().and_then(|text| OffsetDateTime::parse(text, &Rfc3339).ok());
                self.created = Some(at.ok_or("CreDtTm is not a time with its zone")?);
            }
            "GrpHdr/InitgPty/Nm" => self.initiating_party = text.free(),
            "GrpHdr/NbOfTxs" => self.stated.set("NbOfTxs", text)?,
            "GrpHdr/CtrlSum" => self.stated.set("CtrlSum", text)?,
            "PmtInf/CdtTrfTxInf" => {
                let payment = std::mem::take(&mut self.payment).finish()?;
                self.batch.payments.push(payment);
            }
            "PmtInf" => self.batches.push(std::mem::take(&mut self.batch).finish()?),
            _ => {
                if let Some(path) = path.strip_prefix("PmtInf/") {
                    self.batch.set(path, text)?;
                }
            }
        }
        Ok(())
    }

    fn finish(self) -> Result<Initiation, (usize, String)> {
        let whole = |reason: String| (0, reason);
        let payments = self.batches.iter().flat_map(|batch| &batch.payments);
        self.stated.check(payments).map_err(whole)?;
        Ok(Initiation {
            message_id: self.message_id.ok_or_else(|| whole("MsgId is missing".to_owned()))?,
            created: self.created.ok_or_else(|| whole("CreDtTm is missing".to_owned()))?,
            initiating_party: self.initiating_party,
            batches: self.batches,
        })
    }
}

impl BatchDraft {
    fn set(&mut self, path: &str, text: &Text) -> Result<(), String> {
        if let Some(path) = path.strip_prefix("DbtrAcct/") {
            return self.account.set(path, text);
        }
        match path {
            "PmtInfId" => self.id = Some(named(path, text)?),
            "NbOfTxs" | "CtrlSum" => self.stated.set(path, text)?,
            "ReqdExctnDt/Dt" => {
                self.date = Some(text.date().map_err(|reason| format!("{path} {reason}"))?);
            }
            "Dbtr/Nm" => self.debtor_name = text.free(),
            "DbtrAgt/FinInstnId/ClrSysMmbId/MmbId" => self.bank = Some(named(path, text)?),
            _ => {}
        }
        Ok(())
    }

    fn finish(self) -> Result<Batch, String> {
        self.stated.check(self.payments.iter())?;
        Ok(Batch {
            id: self.id.ok_or("PmtInfId is missing")?,
            execution_date: self.date.ok_or("ReqdExctnDt is missing")?,
            debtor_name: self.debtor_name,
            debtor_account: self.account.finish()?,
            debtor_bank: self.bank.ok_or("DbtrAgt is missing")?,
            payments: self.payments,
        })
    }
}

impl PaymentDraft {
    fn set(&mut self, path: &str, text: &Text) -> Result<(), String> {
        if let Some(path) = path.strip_prefix("CdtrAcct/") {
            return self.account.set(path, text);
        }
        match path {
            "PmtId/EndToEndId" => self.end_to_end_id = Some(named(path, text)?),
            "Amt/InstdAmt" => {
                self.amount = Some(text.amount().map_err(|reason| format!("{path} {reason}"))?);
            }
            "CdtrAgt/FinInstnId/ClrSysMmbId/MmbId" => self.bank = Some(named(path, text)?),
            "CdtrAgt/BrnchId/Id" => self.branch = Some(named(path, text)?),
            "Cdtr/Nm" => self.name = Some(text.free()),
            "RmtInf/Ustrd" => self.remittance = Some(text.free()),
            _ => {}
        }
        Ok(())
    }

    fn finish(self) -> Result<CreditTransfer, String> {
        Ok(CreditTransfer {
            end_to_end_id: self.end_to_end_id.ok_or("EndToEndId is missing")?,
            amount: self.amount.ok_or("InstdAmt is missing")?,
            creditor_bank: self.bank,
            creditor_branch: self.branch,
            creditor_name: self.name,
            creditor_account: self.account.finish()?,
            remittance: self.remittance,
        })
    }
}

fn named(path: &str, text: &Text) -> Result<String, String> {
    match text.identity() {
        Ok(name) if name.is_empty() => Err(format!("{path} is empty")),
        Ok(name) => Ok(name),
        Err(reason) => Err(format!("{path} {reason}")),
    }
}
