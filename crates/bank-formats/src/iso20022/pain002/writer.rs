//! From a report to its text.

use std::fmt::Write;

use time::Date;

use super::super::write::{MAX_ID, WriteError, Xml, identifier, iso_date};
use super::{Report, Status, Transaction};
use crate::statement::ReturnReason;

/// Longest line of information about a status.
const MAX_INFORMATION: usize = 105;

/// Writes a report made on a day. Payments stand in the batch of their id; each batch is written once.
///
/// # Errors
/// [`WriteError`] for ids that do not fit.
pub fn to_text(report: &Report, made: Date) -> Result<String, WriteError> {
    let mut text = String::new();
    write(&mut text, report, made)?;
    Ok(text)
}

fn write(out: &mut impl Write, report: &Report, made: Date) -> Result<(), WriteError> {
    let mut xml = Xml::document(out, "pain.002.001.10")?;
    xml.open(&["CstmrPmtStsRpt", "GrpHdr"])?;
    xml.leaf("MsgId", identifier("message id", &report.group.message_id, MAX_ID)?)?;
    xml.leaf("CreDtTm", &format!("{}T00:00:00Z", iso_date(made)?))?;
    xml.close(&["GrpHdr"])?;
    xml.line()?;
    xml.open(&["OrgnlGrpInfAndSts"])?;
    xml.leaf("OrgnlMsgId", identifier("original message id", &report.group.original_message_id, MAX_ID)?)?;
    xml.leaf("OrgnlMsgNmId", "pain.001.001.09")?;
    write_status(&mut xml, "GrpSts", report.group.status, &report.group.reason)?;
    xml.close(&["OrgnlGrpInfAndSts"])?;
    xml.line()?;
    for batch in &report.batches {
        xml.open(&["OrgnlPmtInfAndSts"])?;
        xml.leaf("OrgnlPmtInfId", identifier("batch id", &batch.id, MAX_ID)?)?;
        write_status(&mut xml, "PmtInfSts", batch.status, &batch.reason)?;
        xml.line()?;
        for payment in report.transactions.iter().filter(|payment| payment.batch_id == batch.id) {
            write_transaction(&mut xml, payment)?;
        }
        xml.close(&["OrgnlPmtInfAndSts"])?;
        xml.line()?;
    }
    xml.close(&["Document", "CstmrPmtStsRpt"])?;
    xml.line()
}

fn write_transaction<W: Write>(xml: &mut Xml<'_, W>, payment: &Transaction) -> Result<(), WriteError> {
    xml.open(&["TxInfAndSts"])?;
    if let Some(id) = &payment.instruction_id {
        xml.leaf("OrgnlInstrId", identifier("instruction id", id, MAX_ID)?)?;
    }
    xml.leaf("OrgnlEndToEndId", identifier("end-to-end id", &payment.end_to_end_id, MAX_ID)?)?;
    write_status(xml, "TxSts", Some(payment.status), &payment.reason)?;
    if let Some(reference) = &payment.bank_reference {
        xml.leaf("AcctSvcrRef", identifier("bank reference", reference, MAX_ID)?)?;
    }
    xml.close(&["TxInfAndSts"])?;
    xml.line()
}

fn write_status<W: Write>(
    xml: &mut Xml<'_, W>,
    element: &str,
    status: Option<Status>,
    reason: &ReturnReason,
) -> Result<(), WriteError> {
    if let Some(status) = status {
        xml.leaf(element, status.code())?;
    }
    if reason.code.is_none() && reason.information.is_empty() {
        return Ok(());
    }
    xml.open(&["StsRsnInf"])?;
    if let Some(code) = &reason.code {
        let coded = code.len() == 4 && code.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
        xml.nested(&["Rsn"], if coded { "Cd" } else { "Prtry" }, identifier("reason", code, MAX_ID)?)?;
    }
    for line in &reason.information {
        xml.free("AddtlInf", line, MAX_INFORMATION)?;
    }
    xml.close(&["StsRsnInf"])
}
