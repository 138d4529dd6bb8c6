//! Statement files and the statements in them.

use sea_orm::{ConnectionTrait, FromQueryResult};
use storage::{StoreResult, sql};
use time::{Date, OffsetDateTime};
use uuid::Uuid;

/// A file that was uploaded.
#[derive(Debug, Clone, FromQueryResult)]
pub struct File {
    /// Its id.
    pub file_id: Uuid,
    /// `RECEIVED`, `PROCESSED` or `ERROR`.
    pub state: String,
    /// Why it is in error.
    pub problem: Option<String>,
}

/// What a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Statements or notifications.
    Statement,
    /// A report on payments: pain.002.
    Report,
}

impl Kind {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Statement => "STATEMENT",
            Self::Report => "REPORT",
        }
    }
}

/// A file to store.
#[derive(Debug, Clone)]
pub struct NewFile<'a> {
    /// What it is.
    pub kind: Kind,
    /// Whose folder it came from; none for uploads.
    pub bank: Option<&'a str>,
    /// Its id.
    pub file_id: Uuid,
    /// Hash of its content: the same content is stored once.
    pub sha256: &'a str,
    /// Its length.
    pub bytes: u64,
    /// Who sent it.
    pub actor: &'a str,
    /// When.
    pub at: OffsetDateTime,
}

/// Stores a file, or finds the one with the same content. The flag says whether it is new.
pub async fn put_file<C: ConnectionTrait>(
    tx: &C,
    tenant: &str,
    file: NewFile<'_>,
) -> StoreResult<(File, bool)> {
    let added = sql::execute(
        tx,
        "INSERT INTO statement_files (tenant_id, content_sha256, file_id, bytes, uploaded_by, uploaded_at, kind, bank_code)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING",
        [
            tenant.into(),
            file.sha256.into(),
            file.file_id.into(),
            i64::try_from(file.bytes).unwrap_or(i64::MAX).into(),
            file.actor.into(),
            file.at.into(),
            file.kind.as_str().into(),
            file.bank.into(),
        ],
    )
    .await?;
    let stored = sql::fetch_one(
        tx,
        "the statement file",
        "SELECT file_id, state, problem FROM statement_files WHERE tenant_id = $1 AND content_sha256 = $2",
        [tenant.into(), file.sha256.into()],
    )
    .await?;
    Ok((stored, added == 1))
}

/// The file with this content.
pub async fn by_hash<C: ConnectionTrait>(conn: &C, tenant: &str, sha256: &str) -> StoreResult<Option<Uuid>> {
    sql::scalar(
        conn,
        "SELECT file_id FROM statement_files WHERE tenant_id = $1 AND content_sha256 = $2",
        [tenant.into(), sha256.into()],
    )
    .await
}

/// What is known of a file besides its bytes.
#[derive(Debug, Clone, FromQueryResult)]
pub struct About {
    /// Whose folder it came from; none for uploads.
    pub bank_code: Option<String>,
    /// Its length.
    pub bytes: i64,
}

/// What is known of a file besides its bytes.
pub async fn about<C: ConnectionTrait>(conn: &C, tenant: &str, file_id: Uuid) -> StoreResult<Option<About>> {
    sql::fetch_optional(
        conn,
        "SELECT bank_code, COALESCE(bytes, length(content), 0)::bigint AS bytes FROM statement_files
          WHERE tenant_id = $1 AND file_id = $2",
        [tenant.into(), file_id.into()],
    )
    .await
}

/// Marks a file processed, with what a person should know of it.
pub async fn finish_file<C: ConnectionTrait>(
    tx: &C,
    tenant: &str,
    file_id: Uuid,
    problem: Option<&str>,
    at: OffsetDateTime,
) -> StoreResult<()> {
    sql::execute(
        tx,
        "UPDATE statement_files SET state = 'PROCESSED', problem = $3, processed_at = $4
          WHERE tenant_id = $1 AND file_id = $2",
        [tenant.into(), file_id.into(), problem.into(), at.into()],
    )
    .await?;
    Ok(())
}

/// One statement of a file.
#[derive(Debug, Clone)]
pub struct NewStatement {
    /// Its id.
    pub statement_id: Uuid,
    /// Its file.
    pub file_id: Uuid,
    /// Position in the file, from 1.
    pub position: i32,
    /// `:25:`.
    pub account_number: String,
    /// `:20:`.
    pub reference_number: Option<String>,
    /// `:28C:` before the slash.
    pub statement_number: Option<String>,
    /// `:28C:` after the slash.
    pub sequence_number: Option<String>,
    /// Of the balances.
    pub currency: Option<String>,
    /// `:60F:`; negative for debit.
    pub opening_minor: Option<i64>,
    /// `:62F:`; negative for debit.
    pub closing_minor: Option<i64>,
    /// Of the closing balance.
    pub statement_date: Option<Date>,
    /// Lines in it.
    pub lines: i64,
    /// Hash of what it says.
    pub content_sha256: String,
    /// What becomes of its lines.
    pub state: Start,
    /// Why not all is well.
    pub problem: Option<String>,
}

/// The state in which a statement is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// Its lines are taken in.
    Processing,
    /// It contradicts itself: nothing is booked.
    Problem,
    /// It is none of ours.
    Error,
}

impl Start {
    /// The text in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Processing => "PROCESSING",
            Self::Problem => "PROBLEM",
            Self::Error => "ERROR",
        }
    }
}

/// Writes a statement unless an earlier run of the same job did; returns its id and how many of its lines are done.
pub async fn put_statement<C: ConnectionTrait>(
    tx: &C,
    tenant: &str,
    new: &NewStatement,
    at: OffsetDateTime,
) -> StoreResult<Uuid> {
    sql::execute(
        tx,
        "INSERT INTO statements (tenant_id, statement_id, file_id, position, account_number, reference_number,
            statement_number, sequence_number, currency, opening_minor, closing_minor, statement_date, lines, state,
            problem, created_at, content_sha256)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)
         ON CONFLICT (tenant_id, file_id, position) DO NOTHING",
        [
            tenant.into(),
            new.statement_id.into(),
            new.file_id.into(),
            new.position.into(),
            new.account_number.clone().into(),
            new.reference_number.clone().into(),
            new.statement_number.clone().into(),
            new.sequence_number.clone().into(),
            new.currency.clone().into(),
            new.opening_minor.into(),
            new.closing_minor.into(),
            new.statement_date.into(),
            new.lines.into(),
            new.state.as_str().into(),
            new.problem.clone().into(),
            at.into(),
            // Known when its lines were read.
            Option::<String>::None.into(),
        ],
    )
    .await?;
    let id: Option<Uuid> = sql::scalar(
        tx,
        "SELECT statement_id FROM statements WHERE tenant_id = $1 AND file_id = $2 AND position = $3",
        [tenant.into(), new.file_id.into(), new.position.into()],
    )
    .await?;
    Ok(id.unwrap_or(new.statement_id))
}

/// What is known of the numbers around a statement's own.
#[derive(Debug, Clone, Copy, FromQueryResult)]
pub struct Numbers {
    /// A sound statement had this number, page and reference and said something else.
    pub reused: bool,
    /// The number before is known.
    pub previous: bool,
    /// Some smaller number is known.
    pub earlier: bool,
    /// The smallest larger number that is known.
    pub next: Option<i64>,
    /// What a sound statement of the number before ended with.
    pub closed: Option<i64>,
    /// What a sound statement of the number after begins with.
    pub opens: Option<i64>,
}

/// Looks at the statements of the same account and year that were processed.
pub async fn numbers_seen<C: ConnectionTrait>(
    conn: &C,
    tenant: &str,
    of: &NewStatement,
    number: i64,
) -> StoreResult<Numbers> {
    // Two at a time would not see each other.
    sql::execute(
        conn,
        "SELECT pg_advisory_xact_lock(hashtextextended('statements of ' || $1 || ' ' || $2, 0))",
        [tenant.into(), of.account_number.clone().into()],
    )
    .await?;
    sql::fetch_one(
        conn,
        "the statements of the account",
        "SELECT COALESCE(bool_or(n = $3 AND file_id <> $4 AND content_sha256 <> $5 AND problem IS NULL
                       AND sequence_number IS NOT DISTINCT FROM $6 AND reference_number IS NOT DISTINCT FROM $7), false)
                    AS reused,
                COALESCE(bool_or(n = $3 - 1), false) AS previous,
                COALESCE(bool_or(n < $3), false) AS earlier,
                min(n) FILTER (WHERE n > $3) AS next,
                -- Of a number with several pages, or said twice, nothing follows.
                CASE WHEN count(DISTINCT (sequence_number, opening_minor, closing_minor))
                          FILTER (WHERE n = $3 - 1 AND problem IS NULL) = 1
                     THEN min(closing_minor) FILTER (WHERE n = $3 - 1 AND problem IS NULL) END AS closed,
                CASE WHEN count(DISTINCT (sequence_number, opening_minor, closing_minor))
                          FILTER (WHERE n = $3 + 1 AND problem IS NULL) = 1
                     THEN min(opening_minor) FILTER (WHERE n = $3 + 1 AND problem IS NULL) END AS opens
           FROM (SELECT *, statement_number::bigint AS n FROM statements
                  WHERE tenant_id = $1 AND account_number = $2 AND state = 'PROCESSED' AND statement_number IS NOT NULL
                    AND date_part('year', statement_date) = $8) AS s",
        [
            tenant.into(),
            of.account_number.clone().into(),
            number.into(),
            of.file_id.into(),
            of.content_sha256.clone().into(),
            of.sequence_number.clone().into(),
            of.reference_number.clone().into(),
            of.statement_date.map_or(0.0, |date| f64::from(date.year())).into(),
        ],
    )
    .await
}

#[derive(FromQueryResult)]
struct HeadRow {
    statement_id: Uuid,
    account_number: String,
    reference_number: Option<String>,
    statement_number: Option<String>,
    sequence_number: Option<String>,
    currency: Option<String>,
    opening_minor: Option<i64>,
    closing_minor: Option<i64>,
    statement_date: Option<Date>,
    lines: i64,
    state: String,
}

/// The head of a statement whose lines are to be worked off; `None` when they are not, or were.
pub async fn processing<C: ConnectionTrait>(
    conn: &C,
    tenant: &str,
    file_id: Uuid,
    position: i32,
) -> StoreResult<Option<NewStatement>> {
    let row: Option<HeadRow> = sql::fetch_optional(
        conn,
        "SELECT statement_id, account_number, reference_number, statement_number, sequence_number, currency, opening_minor,
                closing_minor, statement_date, lines, state
           FROM statements WHERE tenant_id = $1 AND file_id = $2 AND position = $3",
        [tenant.into(), file_id.into(), position.into()],
    )
    .await?;
    Ok(row.filter(|row| row.state == Start::Processing.as_str()).map(|row| NewStatement {
        statement_id: row.statement_id,
        file_id,
        position,
        account_number: row.account_number,
        reference_number: row.reference_number,
        statement_number: row.statement_number,
        sequence_number: row.sequence_number,
        currency: row.currency,
        opening_minor: row.opening_minor,
        closing_minor: row.closing_minor,
        statement_date: row.statement_date,
        lines: row.lines,
        content_sha256: String::new(),
        state: Start::Processing,
        problem: None,
    }))
}

/// Marks a statement processed, writes what it says in all, and counts what its lines came to.
pub async fn finish_statement<C: ConnectionTrait>(
    tx: &C,
    tenant: &str,
    id: Uuid,
    content_sha256: &str,
) -> StoreResult<()> {
    sql::execute(
        tx,
        include_str!("sql/finish_statement.sql"),
        [tenant.into(), id.into(), content_sha256.into()],
    )
    .await?;
    Ok(())
}
