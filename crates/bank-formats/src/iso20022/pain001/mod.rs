//! Payment orders (pain.001): credit transfers from one account each batch.

mod reader;

use std::fmt::Write;

use money::Amount;
use time::{Date, OffsetDateTime, UtcOffset};

pub use reader::{ReadError, parse};

use super::write::{MAX_ACCOUNT, MAX_ID, MAX_NAME, WriteError, Xml, identifier, iso_date};

/// Longest country-specific code of a bank (`MmbId`) or branch.
const MAX_BANK: usize = 35;

/// A message: batches of payments of one currency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Initiation {
    /// `MsgId`: the bank takes the same one once.
    pub message_id: String,
    /// `CreDtTm`, written to the second in UTC.
    pub created: OffsetDateTime,
    /// `InitgPty/Nm`.
    pub initiating_party: String,
    /// One `PmtInf` each.
    pub batches: Vec<Batch>,
}

/// Payments from one account on one day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    /// `PmtInfId`.
    pub id: String,
    /// `ReqdExctnDt`.
    pub execution_date: Date,
    /// `Dbtr/Nm`.
    pub debtor_name: String,
    /// `DbtrAcct`.
    pub debtor_account: Account,
    /// `DbtrAgt`: code of the sponsor's bank.
    pub debtor_bank: String,
    /// One `CdtTrfTxInf` each.
    pub payments: Vec<CreditTransfer>,
}

/// One payment. No text of it is shown by `Debug`: it names people.
#[derive(Clone, PartialEq, Eq)]
pub struct CreditTransfer {
    /// `EndToEndId`, and `InstrId`: our id of the payment, which comes back on reports and statements.
    pub end_to_end_id: String,
    /// `InstdAmt`.
    pub amount: Amount,
    /// `CdtrAgt`: code of the payee's bank or wallet provider.
    pub creditor_bank: Option<String>,
    /// `CdtrAgt/BrnchId`.
    pub creditor_branch: Option<String>,
    /// `Cdtr/Nm`.
    pub creditor_name: Option<String>,
    /// `CdtrAcct`.
    pub creditor_account: Account,
    /// `RmtInf/Ustrd`.
    pub remittance: Option<String>,
}

impl std::fmt::Debug for CreditTransfer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CreditTransfer")
            .field("end_to_end_id", &self.end_to_end_id)
            .field("amount", &self.amount)
            .finish_non_exhaustive()
    }
}

/// An account. `Debug` does not show its number.
#[derive(Clone, PartialEq, Eq)]
pub enum Account {
    /// An international bank account number.
    Iban(String),
    /// Any other: the bank's own number, or with a scheme (`MSISDN`, `EMAIL`) a wallet.
    Other {
        /// The number.
        id: String,
        /// What kind of number it is.
        scheme: Option<String>,
    },
}

impl std::fmt::Debug for Account {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if matches!(self, Self::Iban(_)) { "Iban(…)" } else { "Other(…)" })
    }
}

/// Count and sum of payments.
struct Control {
    count: usize,
    sum: Amount,
}

fn control<'a>(payments: impl Iterator<Item = &'a CreditTransfer>) -> Result<Control, WriteError> {
    let mut control: Option<Control> = None;
    for payment in payments {
        control = Some(match control {
            None => Control { count: 1, sum: payment.amount },
            Some(c) => Control { count: c.count + 1, sum: c.sum.checked_add(payment.amount)? },
        });
    }
    control.ok_or(WriteError::Empty("payment"))
}

/// Writes a message; count and control sum stand on the message and on each batch.
///
/// # Errors
/// As [`write`].
pub fn to_text(message: &Initiation) -> Result<String, WriteError> {
    let mut text = String::new();
    write(&mut text, message)?;
    Ok(text)
}

/// Writes a message. Names and remittance information are fitted ([`super::fit_text`]).
///
/// # Errors
/// [`WriteError`]: an id or account does not fit, no payments, a negative amount, two currencies.
pub fn write(out: &mut impl Write, message: &Initiation) -> Result<(), WriteError> {
    let total = control(message.batches.iter().flat_map(|batch| &batch.payments))?;
    let mut xml = Xml::document(out, "pain.001.001.09")?;
    xml.open(&["CstmrCdtTrfInitn", "GrpHdr"])?;
    xml.leaf("MsgId", identifier("message id", &message.message_id, MAX_ID)?)?;
    let created = message.created.to_offset(UtcOffset::UTC);
    let time = format!("{:02}:{:02}:{:02}Z", created.hour(), created.minute(), created.second());
    xml.leaf("CreDtTm", &format!("{}T{time}", iso_date(created.date())?))?;
    write_control(&mut xml, &total)?;
    xml.open(&["InitgPty"])?;
    xml.free("Nm", &message.initiating_party, MAX_NAME)?;
    xml.close(&["GrpHdr", "InitgPty"])?;
    xml.line()?;
    for batch in &message.batches {
        write_batch(&mut xml, batch)?;
    }
    xml.close(&["Document", "CstmrCdtTrfInitn"])?;
    xml.line()
}

fn write_control<W: Write>(xml: &mut Xml<'_, W>, control: &Control) -> Result<(), WriteError> {
    xml.leaf("NbOfTxs", &control.count.to_string())?;
    xml.leaf("CtrlSum", &control.sum.to_decimal_string())
}

fn write_batch<W: Write>(xml: &mut Xml<'_, W>, batch: &Batch) -> Result<(), WriteError> {
    xml.open(&["PmtInf"])?;
    xml.leaf("PmtInfId", identifier("batch id", &batch.id, MAX_ID)?)?;
    xml.leaf("PmtMtd", "TRF")?;
    // A line on the statement for each payment, not one for the batch.
    xml.leaf("BtchBookg", "false")?;
    write_control(xml, &control(batch.payments.iter())?)?;
    xml.nested(&["ReqdExctnDt"], "Dt", &iso_date(batch.execution_date)?)?;
    xml.open(&["Dbtr"])?;
    xml.free("Nm", &batch.debtor_name, MAX_NAME)?;
    xml.close(&["Dbtr"])?;
    write_account(xml, "DbtrAcct", &batch.debtor_account)?;
    let bank = identifier("sponsor's bank", &batch.debtor_bank, MAX_BANK)?;
    xml.nested(&["DbtrAgt", "FinInstnId", "ClrSysMmbId"], "MmbId", bank)?;
    xml.line()?;
    for payment in &batch.payments {
        write_payment(xml, payment)?;
    }
    xml.close(&["PmtInf"])?;
    xml.line()
}

fn write_payment<W: Write>(xml: &mut Xml<'_, W>, payment: &CreditTransfer) -> Result<(), WriteError> {
    xml.open(&["CdtTrfTxInf"])?;
    let id = identifier("end-to-end id", &payment.end_to_end_id, MAX_ID)?;
    xml.open(&["PmtId"])?;
    xml.leaf("InstrId", id)?;
    xml.leaf("EndToEndId", id)?;
    xml.close(&["PmtId"])?;
    xml.open(&["Amt"])?;
    xml.amount("InstdAmt", payment.amount)?;
    xml.close(&["Amt"])?;
    if payment.creditor_bank.is_some() || payment.creditor_branch.is_some() {
        xml.open(&["CdtrAgt"])?;
        xml.open(&["FinInstnId"])?;
        if let Some(bank) = &payment.creditor_bank {
            xml.nested(&["ClrSysMmbId"], "MmbId", identifier("payee's bank", bank, MAX_BANK)?)?;
        }
        xml.close(&["FinInstnId"])?;
        if let Some(branch) = &payment.creditor_branch {
            xml.nested(&["BrnchId"], "Id", identifier("payee's branch", branch, MAX_BANK)?)?;
        }
        xml.close(&["CdtrAgt"])?;
    }
    xml.open(&["Cdtr"])?;
    xml.free("Nm", payment.creditor_name.as_deref().unwrap_or_default(), MAX_NAME)?;
    xml.close(&["Cdtr"])?;
    write_account(xml, "CdtrAcct", &payment.creditor_account)?;
    if let Some(text) = &payment.remittance {
        xml.open(&["RmtInf"])?;
        xml.free("Ustrd", text, MAX_NAME)?;
        xml.close(&["RmtInf"])?;
    }
    xml.close(&["CdtTrfTxInf"])?;
    xml.line()
}

/// Whether a payment can be written.
#[must_use]
pub fn fits(payment: &CreditTransfer) -> bool {
    let mut sink = String::new();
    Xml::document(&mut sink, "").is_ok_and(|mut xml| write_payment(&mut xml, payment).is_ok())
}

fn write_account<W: Write>(xml: &mut Xml<'_, W>, element: &str, account: &Account) -> Result<(), WriteError> {
    match account {
        Account::Iban(iban) => xml.nested(&[element, "Id"], "IBAN", identifier("IBAN", iban, MAX_ACCOUNT)?),
        Account::Other { id, scheme } => {
            xml.open(&[element, "Id", "Othr"])?;
            xml.leaf("Id", identifier("account", id, MAX_ACCOUNT)?)?;
            if let Some(scheme) = scheme {
                xml.nested(&["SchmeNm"], "Prtry", identifier("scheme of an account", scheme, MAX_ID)?)?;
            }
            xml.close(&[element, "Id", "Othr"])
        }
    }
}
