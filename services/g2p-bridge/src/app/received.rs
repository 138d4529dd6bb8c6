//! What banks sent: files of statements and reports, and the statements in them.

use platform::{ApiResult, Ctx, Page, PageQuery, clock::rfc3339};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::{App, READ, read::wrong_cursor, status::decimal};
use crate::store::received;

/// Which files to list.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct FileFilter {
    /// `true` for those with a problem, `false` for those without.
    pub problem: Option<bool>,
}

/// Which statements to list.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct StatementFilter {
    /// Only those of this file.
    pub file_id: Option<Uuid>,
    /// `true` for those with a problem of their own or with lines in doubt, `false` for those without.
    pub problem: Option<bool>,
}

/// A file that a bank sent.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct FileView {
    /// Its id.
    pub file_id: Uuid,
    /// `STATEMENT`, or `REPORT` for what a bank says of payments apart from statements (pain.002).
    pub kind: String,
    /// The sponsor bank that it came from, where that is known.
    pub sponsor_bank_code: Option<String>,
    /// SHA-256 of its content, hexadecimal.
    pub content_sha256: String,
    /// Its size.
    pub bytes: Option<i64>,
    /// `RECEIVED`, `PROCESSED`, or `ERROR` when nothing could be read from it.
    pub state: String,
    /// What a person must look at; null when nothing.
    pub problem: Option<String>,
    /// Who brought it.
    pub uploaded_by: String,
    /// When, RFC 3339.
    pub uploaded_at: String,
    /// When it was worked off, RFC 3339.
    pub processed_at: Option<String>,
}

/// A statement in a file.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct StatementView {
    /// Its id.
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
    /// The balance before, in the currency; negative for a debit.
    pub opening_balance: Option<String>,
    /// The balance after.
    pub closing_balance: Option<String>,
    /// The day of the balance after.
    pub statement_date: Option<String>,
    /// Lines in it.
    pub lines: i64,
    /// Lines that no other statement had before.
    pub new_lines: i64,
    /// Lines in doubt; `/statement-problems` lists them.
    pub problem_lines: i64,
    /// `PROCESSING`, `PROCESSED`, `PROBLEM` when it contradicts itself and nothing was booked, or `ERROR` when its account is none of
    /// ours.
    pub state: String,
    /// What a person must look at; null when nothing.
    pub problem: Option<String>,
}

fn cursor(page: &PageQuery) -> ApiResult<Uuid> {
    page.after.as_deref().map_or(Ok(Uuid::nil()), str::parse).map_err(|_| wrong_cursor())
}

/// Files in the order in which they came.
///
/// # Errors
/// 400 for a wrong cursor, 403.
pub async fn files(app: &App, ctx: &Ctx, filter: &FileFilter, page: &PageQuery) -> ApiResult<Page<FileView>> {
    ctx.require(READ)?;
    let (tenant, limit) = (ctx.tenant.as_str(), i64::from(page.limit()) + 1);
    let rows = received::files(app.db.conn(), tenant, filter.problem, cursor(page)?, limit).await?;
    let one = |row: received::File| FileView {
        file_id: row.file_id,
        kind: row.kind,
        sponsor_bank_code: row.bank_code,
        content_sha256: row.content_sha256,
        bytes: row.bytes,
        state: row.state,
        problem: row.problem,
        uploaded_by: row.uploaded_by,
        uploaded_at: rfc3339(row.uploaded_at),
        processed_at: row.processed_at.map(rfc3339),
    };
    Ok(Page::from_rows(rows.into_iter().map(one).collect(), page.limit(), |f| f.file_id.to_string()))
}

/// Statements in the order in which they were read.
///
/// # Errors
/// 400 for a wrong cursor, 403.
pub async fn statements(
    app: &App,
    ctx: &Ctx,
    filter: &StatementFilter,
    page: &PageQuery,
) -> ApiResult<Page<StatementView>> {
    ctx.require(READ)?;
    let (tenant, limit) = (ctx.tenant.as_str(), i64::from(page.limit()) + 1);
    let after = cursor(page)?;
    let rows =
        received::statements(app.db.conn(), tenant, filter.file_id, filter.problem, after, limit).await?;
    let views = rows.into_iter().map(statement).collect();
    Ok(Page::from_rows(views, page.limit(), |s| s.statement_id.to_string()))
}

fn statement(row: received::Statement) -> StatementView {
    let currency = row.currency.as_deref();
    let money = |minor: Option<i64>| {
        minor.zip(currency).and_then(|(minor, currency)| Some(decimal(minor, currency).ok()?.into_string()))
    };
    StatementView {
        opening_balance: money(row.opening_minor),
        closing_balance: money(row.closing_minor),
        statement_id: row.statement_id,
        file_id: row.file_id,
        position: row.position,
        account_number: row.account_number,
        reference_number: row.reference_number,
        statement_number: row.statement_number,
        sequence_number: row.sequence_number,
        statement_date: row.statement_date.map(|day| day.to_string()),
        lines: row.lines,
        new_lines: row.new_lines,
        problem_lines: row.problem_lines,
        state: row.state,
        problem: row.problem,
        currency: row.currency,
    }
}
