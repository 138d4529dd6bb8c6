//! From statements to camt.053.

use std::fmt::Write;

use super::super::write::{
    MAX_ACCOUNT, MAX_ID, MAX_NAME, MAX_TEXT, WriteError, Xml, fit_text, identifier, iso_date,
};
use crate::statement::{Balance, DebitCredit, Entry, Mark, ReturnReason, Statement};

/// Longest line of information about a return.
const MAX_RETURN: usize = 105;
const DETAILS: [&str; 2] = ["NtryDtls", "TxDtls"];

/// Writes statements as one camt.053 message.
///
/// # Errors
/// As [`write`].
pub fn to_text(statements: &[Statement]) -> Result<String, WriteError> {
    let mut text = String::new();
    write(&mut text, statements)?;
    Ok(text)
}

/// Writes statements as one camt.053 message, an entry with one transaction for each line. Free text is fitted
/// ([`super::super::fit_text`]), empty lines of it are left out. [`super::parse`] reads the result back as the same
/// statements, ordinals counted anew and without funds codes.
///
/// # Errors
/// [`WriteError`] for what must not be changed to fit: ids, accounts, amounts, dates.
pub fn write(out: &mut impl Write, statements: &[Statement]) -> Result<(), WriteError> {
    let first = statements.first().ok_or(WriteError::Empty("statement"))?;
    let mut xml = Xml::document(out, "camt.053.001.08")?;
    xml.open(&["BkToCstmrStmt", "GrpHdr"])?;
    xml.leaf("MsgId", identifier("statement id", &first.reference, MAX_ID)?)?;
    xml.leaf("CreDtTm", &made(first)?)?;
    xml.close(&["GrpHdr"])?;
    xml.line()?;
    for statement in statements {
        write_statement(&mut xml, statement)?;
    }
    xml.close(&["Document", "BkToCstmrStmt"])?;
    xml.line()
}

fn made(statement: &Statement) -> Result<String, WriteError> {
    let closing = statement.closing.as_ref().ok_or(WriteError::NoBalance("closing"))?;
    Ok(format!("{}T00:00:00Z", iso_date(closing.date)?))
}

fn write_statement<W: Write>(xml: &mut Xml<'_, W>, statement: &Statement) -> Result<(), WriteError> {
    let opening = statement.opening.as_ref().ok_or(WriteError::NoBalance("opening"))?;
    let closing = statement.closing.as_ref().ok_or(WriteError::NoBalance("closing"))?;
    let currency = opening.amount.currency();
    xml.open(&["Stmt"])?;
    xml.leaf("Id", identifier("statement id", &statement.reference, MAX_ID)?)?;
    if let Some(page) = statement.sequence_number {
        if page > 99_999 {
            return Err(WriteError::Number("page"));
        }
        xml.open(&["StmtPgntn"])?;
        xml.leaf("PgNb", &page.to_string())?;
        xml.leaf("LastPgInd", if closing.intermediate { "false" } else { "true" })?;
        xml.close(&["StmtPgntn"])?;
    }
    xml.leaf("ElctrncSeqNb", &statement.statement_number.to_string())?;
    xml.leaf("CreDtTm", &made(statement)?)?;
    xml.open(&["Acct"])?;
    xml.nested(&["Id", "Othr"], "Id", identifier("account", &statement.account, MAX_ACCOUNT)?)?;
    xml.leaf("Ccy", currency.code())?;
    xml.close(&["Acct"])?;
    write_balance(xml, "OPBD", opening)?;
    write_balance(xml, "CLBD", closing)?;
    xml.line()?;
    for entry in &statement.entries {
        // Fails when the currencies differ.
        entry.amount.compare(opening.amount)?;
        write_entry(xml, entry)?;
    }
    for line in &statement.information {
        xml.free("AddtlStmtInf", line, MAX_TEXT)?;
    }
    xml.close(&["Stmt"])?;
    xml.line()
}

fn side(mark: DebitCredit) -> &'static str {
    match mark {
        DebitCredit::Credit => "CRDT",
        DebitCredit::Debit => "DBIT",
    }
}

fn write_balance<W: Write>(xml: &mut Xml<'_, W>, code: &str, balance: &Balance) -> Result<(), WriteError> {
    xml.open(&["Bal", "Tp"])?;
    xml.nested(&["CdOrPrtry"], "Cd", code)?;
    if balance.intermediate {
        xml.nested(&["SubTp"], "Cd", "INTM")?;
    }
    xml.close(&["Tp"])?;
    xml.amount("Amt", balance.amount)?;
    xml.leaf("CdtDbtInd", side(balance.mark))?;
    xml.nested(&["Dt"], "Dt", &iso_date(balance.date)?)?;
    xml.close(&["Bal"])
}

fn write_entry<W: Write>(xml: &mut Xml<'_, W>, entry: &Entry) -> Result<(), WriteError> {
    xml.open(&["Ntry"])?;
    xml.amount("Amt", entry.amount)?;
    xml.leaf("CdtDbtInd", side(if entry.mark.adds() { DebitCredit::Credit } else { DebitCredit::Debit }))?;
    if entry.mark.is_reversal() {
        xml.leaf("RvslInd", "true")?;
    }
    xml.nested(&["Sts"], "Cd", "BOOK")?;
    if let Some(date) = entry.entry_date {
        xml.nested(&["BookgDt"], "Dt", &iso_date(date)?)?;
    }
    xml.nested(&["ValDt"], "Dt", &iso_date(entry.value_date)?)?;
    let bank_reference =
        entry.bank_reference.as_deref().map(|r| identifier("bank reference", r, MAX_ID)).transpose()?;
    if let Some(reference) = bank_reference {
        xml.leaf("AcctSvcrRef", reference)?;
    }
    xml.nested(&["BkTxCd", "Prtry"], "Cd", identifier("transaction type", &entry.type_code, MAX_ID)?)?;
    xml.open(&DETAILS)?;
    xml.open(&["Refs"])?;
    let customer =
        if entry.customer_reference.is_empty() { "NOTPROVIDED" } else { &entry.customer_reference };
    xml.leaf("EndToEndId", identifier("customer reference", customer, MAX_ID)?)?;
    xml.close(&["Refs"])?;
    if let Some(name) = entry.payee_name.as_deref().filter(|name| !fit_text(name, MAX_NAME).is_empty()) {
        xml.open(&["RltdPties", "Cdtr", "Pty"])?;
        xml.free("Nm", name, MAX_NAME)?;
        xml.close(&["RltdPties", "Cdtr", "Pty"])?;
    }
    write_remittance(xml, &entry.narratives)?;
    // On any other line it would make a return of it.
    if let Some(reason) = entry.return_reason.as_ref().filter(|_| is_return(entry.mark)) {
        write_return(xml, reason)?;
    }
    xml.close(&DETAILS)?;
    if let Some(text) = &entry.supplementary {
        xml.free("AddtlNtryInf", text, MAX_TEXT)?;
    }
    xml.close(&["Ntry"])?;
    xml.line()
}

const fn is_return(mark: Mark) -> bool {
    mark.is_reversal()
}

fn write_remittance<W: Write>(xml: &mut Xml<'_, W>, narratives: &[String]) -> Result<(), WriteError> {
    if narratives.iter().all(|line| fit_text(line, MAX_NAME).is_empty()) {
        return Ok(());
    }
    xml.open(&["RmtInf"])?;
    for line in narratives {
        xml.free("Ustrd", line, MAX_NAME)?;
    }
    xml.close(&["RmtInf"])
}

fn write_return<W: Write>(xml: &mut Xml<'_, W>, reason: &ReturnReason) -> Result<(), WriteError> {
    xml.open(&["RtrInf"])?;
    if let Some(code) = &reason.code {
        // The standard's codes have four characters, a bank's own ones up to 35.
        let coded = code.len() == 4 && code.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
        let element = if coded { "Cd" } else { "Prtry" };
        xml.nested(&["Rsn"], element, identifier("reason of return", code, MAX_ID)?)?;
    }
    for line in &reason.information {
        xml.free("AddtlInf", line, MAX_RETURN)?;
    }
    xml.close(&["RtrInf"])
}
