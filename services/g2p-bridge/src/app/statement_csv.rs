//! The CSV form of an envelope's statement: the totals, an empty line, then a line a payment.

use csv::Writer;
use money::{Amount, Currency};
use platform::{ApiError, ApiResult, clock::rfc3339, mask_tail};
use storage::StoreError;
use time::Date;

use super::envelope_statement::Summary;
use crate::{
    domain::reckoning::{Reckoning, Sum},
    store::statement_rows::StatementRow,
};

/// The columns of a payment.
const COLUMNS: [&str; 8] = [
    "disbursement_id",
    "beneficiary_id",
    "amount",
    "state",
    "reason",
    "bank_reference",
    "booked_on",
    "reversed_on",
];

/// A line of the totals: what, how many, how much.
pub struct TotalLine {
    /// What is counted.
    pub what: &'static str,
    /// How many payments; `None` where it is money only.
    pub count: Option<i64>,
    /// Minor units; `None` where it is not known yet.
    pub minor: Option<i64>,
}

/// The totals in their order, the same in every form of the statement.
#[must_use]
pub fn totals(reckoning: &Reckoning) -> Vec<TotalLine> {
    let figures = &reckoning.figures;
    let sum = |what, sum: Sum| TotalLine { what, count: Some(sum.count), minor: Some(sum.minor) };
    let money = |what, minor| TotalLine { what, count: None, minor };
    vec![
        sum("declared", figures.declared),
        sum("approved", reckoning.approved),
        sum("paid", figures.paid),
        sum("reversed", figures.reversed),
        sum("rejected before sending", figures.rejected_unsent),
        sum("rejected by the bank", figures.rejected_by_bank),
        sum("open", figures.open),
        sum("cancelled", figures.cancelled),
        money("blocked", figures.blocked),
        money("unspent", reckoning.unspent),
        money("released", figures.released),
        money("still blocked", reckoning.held),
        sum("debits on bank statements", figures.bank_debits),
        sum("reversals on bank statements", figures.bank_reversals),
        sum("difference of debits", reckoning.debit_difference),
        sum("difference of reversals", reckoning.reversal_difference),
        sum("payments that differ from the bank", figures.mismatched),
    ]
}

/// Everything above the payments.
///
/// # Errors
/// When the currency is not known here.
pub fn head(summary: &Summary) -> ApiResult<Vec<u8>> {
    let envelope = &summary.envelope;
    let currency = currency(&envelope.currency)?;
    let mut writer = writer();
    let facts = [
        ("statement of envelope", envelope.envelope_id.clone()),
        ("programme", envelope.benefit_program_mnemonic.clone()),
        ("cycle", envelope.cycle_code_mnemonic.clone()),
        ("day", envelope.schedule_date.to_string()),
        ("sponsor bank", envelope.sponsor_bank_code.clone()),
        ("sponsor account", mask_tail(&envelope.sponsor_bank_account_number)),
        ("currency", envelope.currency.clone()),
        ("state", envelope.state.clone()),
        ("as of", rfc3339(summary.as_of)),
    ];
    for (what, value) in &facts {
        write(&mut writer, [*what, &harmless(value)])?;
    }
    write(&mut writer, ["total", "payments", "amount"])?;
    for line in totals(&summary.reckoning) {
        let count = line.count.map(|count| count.to_string()).unwrap_or_default();
        let minor = line.minor.map(|minor| amount(minor, currency)).unwrap_or_default();
        write(&mut writer, [line.what, &count, &minor])?;
    }
    let yes_no = |yes: bool| if yes { "yes" } else { "no" };
    write(&mut writer, ["figures of the bridge add up", yes_no(summary.reckoning.adds_up())])?;
    write(&mut writer, ["equals the bank statements on file", yes_no(summary.reckoning.agrees_with_bank())])?;
    write(&mut writer, [""])?;
    write(&mut writer, COLUMNS)?;
    writer.into_inner().map_err(ApiError::internal)
}

/// Payments, a line each.
///
/// # Errors
/// When the currency is not known here.
pub fn rows(rows: &[StatementRow], currency_code: &str) -> ApiResult<Vec<u8>> {
    let currency = currency(currency_code)?;
    let mut writer = writer();
    let date = |date: Option<Date>| date.map(|date| date.to_string()).unwrap_or_default();
    for row in rows {
        let line = [
            harmless(&row.disbursement_id),
            harmless(&row.beneficiary_id),
            amount(row.amount_minor, currency),
            row.state.clone(),
            row.reason.clone().unwrap_or_default(),
            harmless(row.bank_ref.as_deref().unwrap_or_default()),
            date(row.booked_on),
            date(row.reversed_on),
        ];
        write(&mut writer, line)?;
    }
    writer.into_inner().map_err(ApiError::internal)
}

fn writer() -> Writer<Vec<u8>> {
    csv::WriterBuilder::new().flexible(true).terminator(csv::Terminator::CRLF).from_writer(Vec::new())
}

fn write<I, T>(writer: &mut Writer<Vec<u8>>, record: I) -> ApiResult<()>
where
    I: IntoIterator<Item = T>,
    T: AsRef<[u8]>,
{
    writer.write_record(record).map_err(ApiError::internal)
}

fn currency(code: &str) -> ApiResult<Currency> {
    Ok(Currency::from_code(code).map_err(|e| StoreError::Other(e.to_string()))?)
}

fn amount(minor: i64, currency: Currency) -> String {
    Amount::from_minor(minor, currency).to_decimal_string()
}

/// Others wrote this text. What a spreadsheet would take for a formula gets an apostrophe in front.
fn harmless(text: &str) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{text}") } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::harmless;

    #[test]
    fn a_text_of_others_is_no_formula() {
        assert_eq!(harmless("=HYPERLINK(\"http://x\")"), "'=HYPERLINK(\"http://x\")");
        assert_eq!(harmless("AB-1"), "AB-1");
    }
}
