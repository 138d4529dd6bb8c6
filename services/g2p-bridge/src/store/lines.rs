//! Statement lines and the payments they name.

use sea_orm::{ConnectionTrait, FromQueryResult};
use storage::{StoreResult, sql, sql::nullable};
use time::{Date, OffsetDateTime};
use uuid::Uuid;

use super::disbursements::parse_state;
use crate::domain::matching::{Expected, Line, Mark};

/// A line to write. Holds personal data, so it has no `Debug`.
#[derive(Clone)]
pub struct NewLine {
    /// Identity of the line.
    pub line_key: String,
    /// Position in the statement, from 1.
    pub entry_no: i64,
    /// `D`, `RD`, `C`, `RC`; `?` when the line could not be read.
    pub mark: String,
    /// Minor units.
    pub amount_minor: Option<i64>,
    /// When it was booked.
    pub entry_date: Option<Date>,
    /// From when it counts.
    pub value_date: Option<Date>,
    /// Our payment id, as the bank gives it back.
    pub payment_ref: Option<String>,
    /// The bank's own reference.
    pub bank_ref: Option<String>,
    /// The payee, as the bank has them.
    pub payee_name: Option<String>,
    /// Why it came back.
    pub reversal_reason: Option<String>,
    /// Text of [`crate::domain::matching::Outcome`].
    pub outcome: &'static str,
    /// Its code.
    pub problem: Option<String>,
}

/// Which of these lines are there already.
pub async fn known_keys<C: ConnectionTrait>(
    conn: &C,
    tenant: &str,
    keys: Vec<String>,
) -> StoreResult<Vec<String>> {
    sql::scalars(
        conn,
        "SELECT l.line_key FROM UNNEST($2::text[]) AS i(line_key)
          CROSS JOIN LATERAL (SELECT l.line_key FROM statement_lines AS l
                               WHERE l.tenant_id = $1 AND l.line_key = i.line_key LIMIT 1) AS l",
        [tenant.into(), keys.into()],
    )
    .await
}

/// Writes lines; returns how many were new.
pub async fn insert<C: ConnectionTrait>(
    tx: &C,
    tenant: &str,
    statement: Uuid,
    currency: Option<&str>,
    at: OffsetDateTime,
    lines: Vec<NewLine>,
) -> StoreResult<u64> {
    let n = lines.len();
    let mut keys = Vec::with_capacity(n);
    let mut numbers = Vec::with_capacity(n);
    let mut marks = Vec::with_capacity(n);
    let mut amounts = Vec::with_capacity(n);
    let mut dates: [Vec<Option<Date>>; 2] = std::array::from_fn(|_| Vec::with_capacity(n));
    let mut texts: [Vec<Option<String>>; 4] = std::array::from_fn(|_| Vec::with_capacity(n));
    let mut outcomes = Vec::with_capacity(n);
    let mut problems = Vec::with_capacity(n);
    for line in lines {
        keys.push(line.line_key);
        numbers.push(line.entry_no);
        marks.push(line.mark);
        amounts.push(line.amount_minor);
        for (column, value) in dates.iter_mut().zip([line.entry_date, line.value_date]) {
            column.push(value);
        }
        let values = [line.payment_ref, line.bank_ref, line.payee_name, line.reversal_reason];
        for (column, value) in texts.iter_mut().zip(values) {
            column.push(value);
        }
        outcomes.push(line.outcome.to_owned());
        problems.push(line.problem);
    }
    let head = [
        tenant.into(),
        statement.into(),
        currency.into(),
        at.into(),
        keys.into(),
        numbers.into(),
        marks.into(),
        nullable(amounts),
    ];
    let dates = dates.into_iter().map(nullable);
    let texts = texts.into_iter().map(nullable);
    let tail = [outcomes.into(), nullable(problems)];
    sql::execute(
        tx,
        include_str!("sql/insert_lines.sql"),
        head.into_iter().chain(dates).chain(texts).chain(tail),
    )
    .await
}

#[derive(FromQueryResult)]
struct ExpectedRow {
    disbursement_id: String,
    state: String,
    amount_minor: i64,
    currency: String,
    account_number: String,
}

/// A payment that lines name.
#[derive(Debug, Clone)]
pub struct Named {
    /// Its id.
    pub disbursement_id: String,
    /// What we know of it.
    pub expected: Expected,
}

/// The payments among these ids, locked in the order of their ids.
pub async fn lock_named<C: ConnectionTrait>(
    tx: &C,
    tenant: &str,
    ids: Vec<String>,
) -> StoreResult<Vec<Named>> {
    let rows: Vec<ExpectedRow> =
        sql::fetch_all(tx, include_str!("sql/lock_named.sql"), [tenant.into(), ids.into()]).await?;
    rows.into_iter()
        .map(|row| {
            let expected = Expected {
                state: parse_state(&row.state)?,
                amount_minor: row.amount_minor,
                currency: row.currency,
                account_number: row.account_number,
            };
            Ok(Named { disbursement_id: row.disbursement_id, expected })
        })
        .collect()
}

#[derive(FromQueryResult)]
struct StoredRow {
    line_key: String,
    payment_ref: String,
    mark: String,
    amount_minor: Option<i64>,
    currency: Option<String>,
    account_number: String,
    outcome: String,
    problem: Option<String>,
    reversal_reason: Option<String>,
}

/// A line that is there already.
#[derive(Debug, Clone)]
pub struct Stored {
    /// The payment it names.
    pub payment_ref: String,
    /// What it says.
    pub line: Line,
    /// What was made of it.
    pub outcome: String,
    /// And its code.
    pub problem: Option<String>,
    /// Why the payment came back, if the line says so.
    pub reversal_reason: Option<String>,
}

/// The lines that name these payments.
pub async fn naming<C: ConnectionTrait>(
    conn: &C,
    tenant: &str,
    ids: Vec<String>,
) -> StoreResult<Vec<Stored>> {
    let rows: Vec<StoredRow> =
        sql::fetch_all(conn, include_str!("sql/lines_naming.sql"), [tenant.into(), ids.into()]).await?;
    Ok(rows
        .into_iter()
        .map(|row| Stored {
            payment_ref: row.payment_ref,
            line: Line {
                key: row.line_key,
                mark: Mark::parse(&row.mark),
                amount_minor: row.amount_minor,
                currency: row.currency,
                account_number: row.account_number,
            },
            outcome: row.outcome,
            problem: row.problem,
            reversal_reason: row.reversal_reason,
        })
        .collect())
}

/// A finding that is true no longer.
pub async fn settle<C: ConnectionTrait>(tx: &C, tenant: &str, key: &str) -> StoreResult<()> {
    sql::execute(
        tx,
        "UPDATE statement_lines SET outcome = 'IGNORED', problem = NULL
          WHERE tenant_id = $1 AND line_key = $2 AND outcome = 'PROBLEM'",
        [tenant.into(), key.into()],
    )
    .await?;
    Ok(())
}

#[derive(FromQueryResult)]
struct OutcomeCount {
    outcome: String,
    count: i64,
}

/// How many lines need another line or a person, of all tenants.
pub async fn doubtful<C: ConnectionTrait>(conn: &C) -> StoreResult<(i64, i64)> {
    let rows: Vec<OutcomeCount> = sql::fetch_all(
        conn,
        "SELECT outcome, count(*) AS count FROM statement_lines WHERE outcome IN ('PROBLEM', 'WAITING') GROUP BY outcome",
        [],
    )
    .await?;
    let of = |outcome: &str| rows.iter().find(|row| row.outcome == outcome).map_or(0, |row| row.count);
    Ok((of("WAITING"), of("PROBLEM")))
}

/// Writes new outcomes of lines that were there already.
pub async fn set_outcomes<C: ConnectionTrait>(
    tx: &C,
    tenant: &str,
    outcomes: Vec<(String, &'static str, Option<String>)>,
) -> StoreResult<()> {
    if outcomes.is_empty() {
        return Ok(());
    }
    let mut columns = (Vec::new(), Vec::new(), Vec::new());
    for (key, outcome, problem) in outcomes {
        columns.0.push(key);
        columns.1.push(outcome.to_owned());
        columns.2.push(problem);
    }
    sql::execute(
        tx,
        "UPDATE statement_lines AS l SET outcome = n.outcome, problem = n.problem
           FROM UNNEST($2::text[], $3::text[], $4::text[]) AS n(line_key, outcome, problem)
          WHERE l.tenant_id = $1 AND l.line_key = n.line_key",
        [tenant.into(), columns.0.into(), columns.1.into(), nullable(columns.2)],
    )
    .await?;
    Ok(())
}
