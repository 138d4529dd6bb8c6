//! The paper form of an envelope's statement: the totals, the arithmetic, and which CSV file it belongs to.

use g2p_crypto::SigningKey;
use money::{Amount, Currency};
use platform::{ApiError, ApiResult, clock::rfc3339, mask_tail};
use storage::StoreError;

use super::{
    envelope_statement::{EnvelopeStatement, Summary},
    statement_csv::totals,
};
use crate::{
    domain::reckoning::Reckoning,
    paper::{self, Block, Column, Paper, Table},
};

/// The PDF of a statement; `key` is the one that signs it.
///
/// # Errors
/// When the currency is not known here.
pub fn write(statement: &EnvelopeStatement, key: &SigningKey) -> ApiResult<Vec<u8>> {
    paper::pdf(&paper(statement, key)?).map_err(ApiError::internal)
}

fn paper(statement: &EnvelopeStatement, key: &SigningKey) -> ApiResult<Paper> {
    let summary = &statement.summary;
    let id = &summary.envelope.envelope_id;
    let code = &summary.envelope.currency;
    let currency = Currency::from_code(code).map_err(|e| StoreError::Other(e.to_string()))?;
    let money = Money(currency);
    let mut blocks = vec![facts(summary)];
    blocks.extend(verdict(&summary.reckoning, &money));
    blocks.push(Block::Heading("Totals".to_owned()));
    blocks.push(totals_table(&summary.reckoning, &money));
    blocks.push(Block::Heading("The arithmetic".to_owned()));
    blocks.push(arithmetic(&summary.reckoning, &money));
    if !summary.reasons.is_empty() {
        blocks.push(Block::Heading("Payments that did not reach their payee, or not yet".to_owned()));
        blocks.push(reasons(summary, &money));
    }
    blocks.push(Block::Heading("The file it belongs to".to_owned()));
    blocks.push(Block::Text(
        "This page sums up the file statement.csv, which lists every payment and is signed by the bridge. The file is the one \
         that was signed when its SHA-256 is the one below; docs/envelope-statements.md says how to check that."
            .to_owned(),
    ));
    blocks.push(Block::Facts(vec![
        ("SHA-256".to_owned(), statement.sha256.clone()),
        ("Length".to_owned(), format!("{} bytes", grouped(&statement.bytes.to_string()))),
        ("Signed with the key".to_owned(), format!("{} ({})", key.kid(), key.algorithm())),
    ]));
    Ok(Paper {
        title: format!("Statement of envelope {id}"),
        foot: format!("Statement of envelope {id}, as of {}", rfc3339(summary.as_of)),
        blocks,
    })
}

fn facts(summary: &Summary) -> Block {
    let envelope = &summary.envelope;
    let fact = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    Block::Facts(vec![
        fact("Programme", &envelope.benefit_program_mnemonic),
        fact("Cycle", &envelope.cycle_code_mnemonic),
        fact("Day of payment", &format!("{} ({})", envelope.schedule_date, envelope.time_zone)),
        fact("Sponsor bank", &envelope.sponsor_bank_code),
        fact("Sponsor account", &mask_tail(&envelope.sponsor_bank_account_number)),
        fact("Currency", &envelope.currency),
        fact("State", &envelope.state),
        fact("As of", &rfc3339(summary.as_of)),
    ])
}

/// What a treasurer wants to know first.
fn verdict(reckoning: &Reckoning, money: &Money) -> Vec<Block> {
    let mut blocks = Vec::new();
    blocks.push(Block::Strong(if reckoning.agrees_with_bank() {
        let away = reckoning.figures.bank_debits.minor.saturating_sub(reckoning.figures.bank_reversals.minor);
        format!("This statement equals the bank statements on file: they show {} paid for good.", money.with_code(away))
    } else {
        format!(
            "This statement does NOT equal the bank statements on file: debits differ by {}, reversals by {}, together {}. The \
             statements on file may be incomplete; the lines in doubt are listed at /api/v1/statement-problems.",
            money.with_code(reckoning.debit_difference.minor),
            money.with_code(reckoning.reversal_difference.minor),
            money.with_code(reckoning.bank_difference()),
        )
    }));
    if !reckoning.adds_up() {
        blocks.push(Block::Strong(
            "The bridge's own figures do NOT add up: see the differences below, and tell those who operate the bridge."
                .to_owned(),
        ));
    }
    blocks
}

fn totals_table(reckoning: &Reckoning, money: &Money) -> Block {
    let rows = totals(reckoning).into_iter().map(|line| {
        let count = line.count.map(|count| grouped(&count.to_string())).unwrap_or_default();
        let amount = line.minor.map_or_else(|| "not yet".to_owned(), |minor| money.text(minor));
        vec![sentence(line.what), count, amount]
    });
    Block::Table(Table {
        columns: vec![
            Column::text("What", 3.0),
            Column::number("Payments", 1.2),
            Column::number(&format!("Amount in {}", money.0.code()), 1.8),
        ],
        rows: rows.collect(),
    })
}

fn arithmetic(reckoning: &Reckoning, money: &Money) -> Block {
    let f = &reckoning.figures;
    let t = |minor: i64| money.text(minor);
    let row = |what: &str, amounts: String, difference: i64| vec![what.to_owned(), amounts, t(difference)];
    let mut rows = vec![row(
        "approved = paid + reversed + rejected + open",
        format!(
            "{} = {} + {} + {} + {}",
            t(reckoning.approved.minor),
            t(f.paid.minor),
            t(f.reversed.minor),
            t(reckoning.rejected.minor),
            t(f.open.minor)
        ),
        reckoning.admission_difference.minor,
    )];
    if let (Some(blocked), Some(unspent), Some(held)) = (f.blocked, reckoning.unspent, reckoning.held) {
        rows.push(row(
            "blocked = debits - reversals at the bank + open + unspent",
            format!(
                "{} = {} - {} + {} + {}",
                t(blocked),
                t(f.bank_debits.minor),
                t(f.bank_reversals.minor),
                t(f.open.minor),
                t(unspent)
            ),
            // The same as the bank's difference, with the sign that the block sees.
            reckoning.bank_difference().saturating_neg(),
        ));
        rows.push(row(
            "unspent = reversed + rejected by the bank",
            format!("{} = {} + {}", t(unspent), t(f.reversed.minor), t(f.rejected_by_bank.minor)),
            reckoning.block_difference,
        ));
        rows.push(row(
            "unspent = released, when all is given back",
            format!("{} = {}", t(unspent), t(f.released.unwrap_or(0))),
            held,
        ));
    }
    rows.push(row(
        "debits at the bank = paid + reversed",
        format!("{} = {} + {}", t(f.bank_debits.minor), t(f.paid.minor), t(f.reversed.minor)),
        reckoning.debit_difference.minor,
    ));
    rows.push(row(
        "reversals at the bank = reversed",
        format!("{} = {}", t(f.bank_reversals.minor), t(f.reversed.minor)),
        reckoning.reversal_difference.minor,
    ));
    Block::Table(Table {
        columns: vec![
            Column::text("Rule", 2.2),
            Column::text("In figures", 3.0),
            Column::number("Difference", 1.2),
        ],
        rows,
    })
}

fn reasons(summary: &Summary, money: &Money) -> Block {
    let rows = summary.reasons.iter().map(|((state, reason), sum)| {
        vec![state.clone(), reason.clone(), grouped(&sum.count.to_string()), money.text(sum.minor)]
    });
    Block::Table(Table {
        columns: vec![
            Column::text("State", 1.2),
            Column::text("Reason", 3.0),
            Column::number("Payments", 1.0),
            Column::number("Amount", 1.4),
        ],
        rows: rows.collect(),
    })
}

/// Amounts as people write them.
struct Money(Currency);

impl Money {
    fn text(&self, minor: i64) -> String {
        let text = Amount::from_minor(minor, self.0).to_decimal_string();
        let (sign, digits) = text.strip_prefix('-').map_or(("", text.as_str()), |rest| ("\u{2212}", rest));
        let (whole, fraction) = digits.split_once('.').map_or((digits, None), |(w, f)| (w, Some(f)));
        let fraction = fraction.map(|fraction| format!(".{fraction}")).unwrap_or_default();
        format!("{sign}{}{fraction}", grouped(whole))
    }

    fn with_code(&self, minor: i64) -> String {
        format!("{} {}", self.0.code(), self.text(minor))
    }
}

/// `1234567` → `1,234,567`.
fn grouped(digits: &str) -> String {
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}
