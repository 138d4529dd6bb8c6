//! Files that banks sent, and the statements in them, to look at.

use sea_orm::{ConnectionTrait, FromQueryResult};
use storage::{StoreResult, sql};
use time::{Date, OffsetDateTime};
use uuid::Uuid;

/// A file.
#[derive(Debug, Clone, FromQueryResult)]
pub struct File {
    /// Its id: the cursor. Later ones have higher ones.
    pub file_id: Uuid,
    /// `STATEMENT` or `REPORT`.
    pub kind: String,
    /// The bank that it came from, where that is known.
    pub bank_code: Option<String>,
    /// Hash of its content.
    pub content_sha256: String,
    /// Its size.
    pub bytes: Option<i64>,
    /// `RECEIVED`, `PROCESSED` or `ERROR`.
    pub state: String,
    /// What a person must look at.
    pub problem: Option<String>,
    /// Who brought it.
    pub uploaded_by: String,
    /// When.
    pub uploaded_at: OffsetDateTime,
    /// When it was worked off.
    pub processed_at: Option<OffsetDateTime>,
}

/// Files after an id, all of them or those with (`Some(true)`) or without a problem.
pub async fn files<C: ConnectionTrait>(
    conn: &C,
    tenant: &str,
    with_problem: Option<bool>,
    after: Uuid,
    limit: i64,
) -> StoreResult<Vec<File>> {
    sql::fetch_all(
        conn,
        "SELECT file_id, kind, bank_code, content_sha256, bytes, state, problem, uploaded_by, uploaded_at, processed_at
           FROM statement_files
          WHERE tenant_id = $1 AND file_id > $2 AND ($3::boolean IS NULL OR (problem IS NOT NULL) = $3)
          ORDER BY file_id LIMIT $4",
        [tenant.into(), after.into(), with_problem.into(), limit.into()],
    )
    .await
}

/// A statement.
#[derive(Debug, Clone, FromQueryResult)]
pub struct Statement {
    /// Its id: the cursor. Later ones have higher ones.
    pub statement_id: Uuid,
    /// Its file.
    pub file_id: Uuid,
    /// Place in the file, from 1.
    pub position: i32,
    /// The account.
    pub account_number: String,
    /// The bank's reference.
    pub reference_number: Option<String>,
    /// Its number.
    pub statement_number: Option<String>,
    /// The number of the part.
    pub sequence_number: Option<String>,
    /// ISO 4217.
    pub currency: Option<String>,
    /// The balance before, in minor units.
    pub opening_minor: Option<i64>,
    /// The balance after.
    pub closing_minor: Option<i64>,
    /// The day of the balance after.
    pub statement_date: Option<Date>,
    /// Lines in it.
    pub lines: i64,
    /// Lines that no other statement had before.
    pub new_lines: i64,
    /// Lines in doubt.
    pub problem_lines: i64,
    /// `PROCESSING`, `PROCESSED`, `PROBLEM` or `ERROR`.
    pub state: String,
    /// What a person must look at.
    pub problem: Option<String>,
}

/// Statements after an id, of one file or of all, all of them or those with or without a problem.
pub async fn statements<C: ConnectionTrait>(
    conn: &C,
    tenant: &str,
    file: Option<Uuid>,
    with_problem: Option<bool>,
    after: Uuid,
    limit: i64,
) -> StoreResult<Vec<Statement>> {
    sql::fetch_all(
        conn,
        "SELECT statement_id, file_id, position, account_number, reference_number, statement_number, sequence_number,
                currency, opening_minor, closing_minor, statement_date, lines, new_lines, problem_lines, state, problem
           FROM statements
          WHERE tenant_id = $1 AND statement_id > $2 AND ($3::uuid IS NULL OR file_id = $3)
            AND ($4::boolean IS NULL OR (problem IS NOT NULL OR problem_lines > 0) = $4)
          ORDER BY statement_id LIMIT $5",
        [tenant.into(), after.into(), file.into(), with_problem.into(), limit.into()],
    )
    .await
}
