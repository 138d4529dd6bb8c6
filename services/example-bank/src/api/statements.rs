//! Statements: asked for, listed, read.

use actix_web::{HttpResponse, get, post, web};
use platform::{ApiError, ApiJson, ApiResult, Caller, Page, PageQuery, Problem, clock::rfc3339};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::word;
use crate::{
    State,
    app::{
        decimal,
        statements::{self, Listed},
    },
};

/// Whose statement to make.
#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct GenerateRequest {
    /// A sponsor's account.
    program_account_number: String,
}

/// The statement that was made.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct GenerateResponse {
    /// `success` or `failed`.
    status: &'static str,
    /// Its number in the bank.
    account_statement_id: Option<String>,
    /// Why it failed.
    error_message: Option<&'static str>,
}

/// Report what is not reported yet, now, and post it to the bridge. With nothing to report, names the last statement.
#[utoipa::path(tag = "bank", request_body = GenerateRequest, responses((status = 200, body = GenerateResponse), (status = 400, body = Problem), (status = 401, body = Problem), (status = 403, body = Problem)), security(("bearer" = [])))]
#[post("/generate_account_statement")]
pub(super) async fn generate_account_statement(
    state: web::Data<State>,
    caller: Caller,
    request: ApiJson<GenerateRequest>,
) -> ApiResult<web::Json<GenerateResponse>> {
    let made = statements::generate(&state, caller.ctx(), &request.program_account_number).await?;
    Ok(web::Json(GenerateResponse {
        status: word(made.is_some()),
        account_statement_id: made.map(|id| id.to_string()),
        error_message: made.is_none().then_some("Account not found"),
    }))
}

/// A statement, without its text.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct StatementView {
    /// Its number in the bank.
    statement_id: i64,
    /// The sponsor's account.
    account_number: String,
    /// 1, 2, 3 … for the account.
    number: i32,
    /// Page.
    sequence: i32,
    /// ISO 4217.
    currency: String,
    /// Decimal text.
    opening_balance: String,
    /// Decimal text.
    closing_balance: String,
    /// Lines.
    entries: i32,
    /// When it was made.
    created_at: String,
    /// When the bridge took it.
    delivered_at: Option<String>,
}

fn view(statement: Listed) -> StatementView {
    let text = |minor: i64| decimal(minor, &statement.currency);
    StatementView {
        opening_balance: text(statement.opening_balance),
        closing_balance: text(statement.closing_balance),
        statement_id: statement.statement_id,
        account_number: statement.account_number,
        number: statement.number,
        sequence: statement.sequence,
        currency: statement.currency,
        entries: statement.entries,
        created_at: rfc3339(statement.created_at),
        delivered_at: statement.delivered_at.map(rfc3339),
    }
}

/// All statements, in the order they were made.
#[utoipa::path(tag = "audit", params(PageQuery), responses((status = 200, body = Page<StatementView>), (status = 400, body = Problem), (status = 401, body = Problem), (status = 403, body = Problem)), security(("bearer" = [])))]
#[get("/statements")]
pub(super) async fn list_statements(
    state: web::Data<State>,
    caller: Caller,
    query: web::Query<PageQuery>,
) -> ApiResult<web::Json<Page<StatementView>>> {
    let after = query.after.as_deref().unwrap_or("0").parse::<i64>().map_err(|_| {
        ApiError::bad_request("invalid_cursor", "after must be the next of another page")
            .with_field("after", "not a cursor of this list")
    })?;
    let rows = statements::list(&state, caller.ctx(), after, i64::from(query.limit()) + 1).await?;
    let page = Page::from_rows(rows, query.limit(), |s| s.statement_id.to_string());
    Ok(web::Json(Page { items: page.items.into_iter().map(view).collect(), next: page.next }))
}

/// A statement as the bank posted it: MT940, or camt.053 for accounts that are set so.
#[utoipa::path(tag = "audit", params(("statement_id" = i64, Path)), responses((status = 200, body = String, content_type = "text/plain"), (status = 401, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem)), security(("bearer" = [])))]
#[get("/statements/{statement_id}")]
pub(super) async fn get_statement(
    state: web::Data<State>,
    caller: Caller,
    path: web::Path<i64>,
) -> ApiResult<HttpResponse> {
    let content = statements::content(&state, caller.ctx(), *path).await?;
    let xml = bank_formats::is_xml(content.as_bytes());
    let kind = if xml { "application/xml" } else { "text/plain; charset=utf-8" };
    Ok(HttpResponse::Ok().content_type(kind).body(content))
}
