//! What a statement says about itself: whether it adds up, whether its number was used before, whether one is missing
//! before it. Each finding stands among the lines in doubt, so that a person sees it.

use bank_formats::{
    Format, Movement,
    mt940::{Balance, BalanceError, Entry},
};
use g2p_crypto::{Sha256, sha256_hex};
use sea_orm::ConnectionTrait;
use storage::StoreResult;
use uuid::Uuid;

use crate::store::{
    lines::{self, NewLine},
    statements::{self, NewStatement, Numbers},
};

/// The balances contradict the lines, all of them readable: a line was slipped in or left out.
pub const BALANCES_DIFFER: &str = "STATEMENT_BALANCES_DIFFER";
/// Another statement of the account had the same number and reference and said something else.
pub const NUMBER_REUSED: &str = "STATEMENT_NUMBER_REUSED";
/// The statement before this one has not come.
pub const GAP: &str = "STATEMENT_GAP";

/// The statement does not begin with what the one before it ended with.
pub const CHAIN_BROKEN: &str = "STATEMENT_CHAIN_BROKEN";

/// What the balances tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sum {
    /// Every line is there.
    Right,
    /// It cannot be told: a balance is missing, or lines that nobody could read account for the difference.
    Unproved(&'static str),
    /// It is a notification, which has no balances.
    NotStated,
    /// The statement contradicts itself.
    Wrong,
}

/// Judges the balances by the sum of the lines; `unreadable` is how many lines could not be read.
#[must_use]
pub fn sum(
    format: Format,
    movement: &Movement,
    (opening, closing): (Option<Balance>, Option<Balance>),
    unreadable: usize,
) -> Sum {
    match movement.verify(opening, closing, unreadable) {
        _ if format == Format::Camt054 => Sum::NotStated,
        Ok(()) => Sum::Right,
        Err(BalanceError::Missing("opening")) => Sum::Unproved("the opening balance is missing"),
        Err(BalanceError::Missing(_)) => Sum::Unproved("the closing balance is missing"),
        Err(_) if unreadable == 0 => Sum::Wrong,
        Err(_) => Sum::Unproved("lines that could not be read are missing from the balances"),
    }
}

/// Hash of what a statement says.
#[derive(Debug)]
pub struct Digest(Sha256);

impl Digest {
    /// Of a statement with these balances.
    #[must_use]
    pub fn new(opening: Option<Balance>, closing: Option<Balance>) -> Self {
        let mut hash = Sha256::default();
        hash.update(format!("{opening:?} {closing:?}").as_bytes());
        Self(hash)
    }

    /// And this line.
    pub fn add(&mut self, entry: &Entry) {
        let text = format!(
            "\n{} {} {} {} {:?}",
            entry.mark,
            entry.amount.with_code(),
            entry.value_date,
            entry.customer_reference,
            entry.bank_reference
        );
        self.0.update(text.as_bytes());
    }

    /// As text.
    #[must_use]
    pub fn finish(self) -> String {
        hex(&self.0.finish())
    }
}

/// Bytes as text.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Looks at the statement's number among those of its account, whatever order they come in. A gap that this statement fills
/// is one no longer.
///
/// # Errors
/// The database's.
pub async fn number<C: ConnectionTrait>(
    tx: &C,
    tenant: &str,
    head: &NewStatement,
) -> StoreResult<Vec<NewLine>> {
    // Banks that do not number their statements write 0.
    let number = head.statement_number.as_deref().and_then(|n| n.parse::<i64>().ok()).filter(|n| *n > 0);
    let (Some(number), Some(date)) = (number, head.statement_date) else { return Ok(Vec::new()) };
    let gap_key = |before: i64| {
        let text = format!("{}\ngap before {}/{before}", head.account_number, date.year());
        sha256_hex(text.as_bytes())
    };
    let mut found = Vec::new();
    let seen = statements::numbers_seen(tx, tenant, head, number).await?;
    if seen.reused {
        found.push(finding(
            sha256_hex(format!("{} {}\nreused", head.file_id, head.position).as_bytes()),
            0,
            NUMBER_REUSED,
        ));
    }
    if seen.earlier && !seen.previous {
        found.push(finding(gap_key(number), 0, GAP));
    }
    lines::settle(tx, tenant, &gap_key(number.saturating_add(1))).await?;
    // The one after came first, and nobody could tell then that one was missing.
    if let Some(next) = seen.next.filter(|next| *next > number.saturating_add(1)) {
        found.push(finding(gap_key(next), 0, GAP));
    }
    found.extend(chain(head, seen, number, date.year()));
    Ok(found)
}

/// Whether the statement begins with what the one before ended with, and ends with what the one after begins with.
fn chain(head: &NewStatement, seen: Numbers, number: i64, year: i32) -> Vec<NewLine> {
    let is_whole = head.sequence_number.as_deref().is_none_or(|page| matches!(page, "0" | "1"));
    if head.problem.is_some() || !is_whole || seen.reused {
        return Vec::new();
    }
    let broken = |before: i64| {
        let text = format!("{}\nchain before {year}/{before}", head.account_number);
        finding(sha256_hex(text.as_bytes()), 0, CHAIN_BROKEN)
    };
    let differ = |ends: Option<i64>, begins: Option<i64>| ends.zip(begins).is_some_and(|(e, b)| e != b);
    let mut found = Vec::new();
    if differ(seen.closed, head.opening_minor) {
        found.push(broken(number));
    }
    if differ(head.closing_minor, seen.opens) {
        found.push(broken(number.saturating_add(1)));
    }
    found
}

/// The finding that a statement contradicts itself.
#[must_use]
pub fn wrong_sum(statement: Uuid) -> NewLine {
    finding(sha256_hex(format!("{statement}\nbalances").as_bytes()), 0, BALANCES_DIFFER)
}

/// A finding: about the statement as a whole (`entry_no` 0), or about a line of it that cannot be read.
pub(crate) fn finding(line_key: String, entry_no: i64, problem: &str) -> NewLine {
    NewLine {
        line_key,
        entry_no,
        mark: "?".to_owned(),
        amount_minor: None,
        entry_date: None,
        value_date: None,
        payment_ref: None,
        bank_ref: None,
        payee_name: None,
        reversal_reason: None,
        outcome: "PROBLEM",
        problem: Some(problem.to_owned()),
    }
}
