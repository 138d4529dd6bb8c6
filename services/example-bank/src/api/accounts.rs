//! Accounts: opened in bulk, looked at one by one.

use actix_web::{post, web};
use money::DecimalText;
use platform::{ApiJson, ApiResult, Caller, Problem, clock::rfc3339};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    State,
    app::{
        accounts::{self, Opening},
        decimal,
    },
};

/// Whose account it is.
#[derive(Debug, Clone, Copy, Default, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum OpenKind {
    /// Pays.
    #[default]
    Sponsor,
    /// Is paid. These are also opened by the first payment to them.
    Beneficiary,
}

/// An account to open.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct OpenAccount {
    /// 1 to 34 of `0-9 A-Z a-z -`.
    account_number: String,
    /// ISO 4217.
    currency: String,
    /// Whose it is; a sponsor's when absent.
    #[serde(default)]
    kind: OpenKind,
    /// Exact decimal, as a JSON number or a string.
    #[serde(default)]
    deposit: Option<DecimalText>,
    /// Key of the deposit, booked once; without it the deposit is the account's first and only one.
    #[serde(default)]
    deposit_reference: Option<String>,
}

/// Accounts to open.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct OpenAccountsRequest {
    /// At most 1,000.
    accounts: Vec<OpenAccount>,
}

/// What came of one account.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct OpenedAccount {
    /// As sent.
    account_number: String,
    /// `opened`, `exists` or `rejected`.
    status: &'static str,
    /// Why it was rejected, as a word.
    reason: &'static str,
    /// Whether this request booked the deposit.
    deposited: bool,
}

/// What came of the accounts.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct OpenAccountsResponse {
    /// In the order sent.
    accounts: Vec<OpenedAccount>,
}

/// Open accounts and book their deposits. Sending it again changes nothing.
#[utoipa::path(tag = "accounts", request_body = OpenAccountsRequest, responses((status = 200, body = OpenAccountsResponse), (status = 400, body = Problem), (status = 401, body = Problem), (status = 403, body = Problem), (status = 422, body = Problem)), security(("bearer" = [])))]
#[post("/accounts")]
pub(super) async fn open_accounts(
    state: web::Data<State>,
    caller: Caller,
    request: ApiJson<OpenAccountsRequest>,
) -> ApiResult<web::Json<OpenAccountsResponse>> {
    let openings = request.0.accounts.into_iter().map(|account| Opening {
        account_number: account.account_number,
        currency: account.currency,
        kind: match account.kind {
            OpenKind::Sponsor => "sponsor",
            OpenKind::Beneficiary => "beneficiary",
        },
        deposit: account.deposit,
        deposit_reference: account.deposit_reference,
    });
    let opened = accounts::open(&state, caller.ctx(), &openings.collect::<Vec<_>>()).await?;
    let opened = opened.into_iter().map(|o| OpenedAccount {
        account_number: o.account_number,
        status: o.status,
        reason: o.reason,
        deposited: o.deposited,
    });
    Ok(web::Json(OpenAccountsResponse { accounts: opened.collect() }))
}

/// Which account to look at.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct LookupRequest {
    /// Its number.
    account_number: String,
}

/// An account.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct AccountView {
    /// Its number.
    account_number: String,
    /// `sponsor`, `beneficiary`, `clearing` or `wallet`.
    kind: String,
    /// `open`, `closed` or `frozen`.
    status: String,
    /// ISO 4217.
    currency: String,
    /// Decimal text.
    book_balance: String,
    /// Set aside for payments.
    blocked: String,
    /// `book_balance` without `blocked`.
    available: String,
    /// When it was opened.
    opened_at: String,
}

/// Look at an account.
#[utoipa::path(tag = "accounts", request_body = LookupRequest, responses((status = 200, body = AccountView), (status = 400, body = Problem), (status = 401, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem)), security(("bearer" = [])))]
#[post("/accounts/lookup")]
pub(super) async fn lookup_account(
    state: web::Data<State>,
    caller: Caller,
    request: ApiJson<LookupRequest>,
) -> ApiResult<web::Json<AccountView>> {
    let account = accounts::lookup(&state, caller.ctx(), &request.account_number).await?;
    let text = |minor: i64| decimal(minor, &account.currency);
    Ok(web::Json(AccountView {
        book_balance: text(account.book_balance),
        blocked: text(account.blocked),
        available: text(account.book_balance - account.blocked),
        account_number: account.account_number,
        kind: account.kind,
        status: account.status,
        opened_at: rfc3339(account.opened_at),
        currency: account.currency,
    }))
}
