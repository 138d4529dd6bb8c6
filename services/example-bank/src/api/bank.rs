//! Funds: asked for, blocked, given back. The reference dialect with keys and release added; what the bank refuses is
//! HTTP 200 with `failed`.

use actix_web::{HttpResponse, get, post, web};
use money::DecimalText;
use platform::{ApiJson, ApiResult, Caller, Problem};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::word;
use crate::{
    State,
    app::blocks::{self, BlockFunds, Named},
};

/// Is the bank there? Answers `"pong"` to everybody.
#[utoipa::path(tag = "bank", responses((status = 200, body = String)))]
#[get("/ping")]
pub(super) async fn ping() -> HttpResponse {
    HttpResponse::Ok().json("pong")
}

/// A question about an account.
#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct CheckFundsRequest {
    /// The sponsor's account.
    account_number: String,
    /// Its currency.
    account_currency: String,
    /// Exact decimal, as a JSON number or a string.
    total_funds_needed: DecimalText,
}

/// What the account holds.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CheckFundsResponse {
    /// `success` or `failed`.
    status: &'static str,
    /// As asked.
    account_number: String,
    /// Whether so much is there and not blocked.
    has_sufficient_funds: bool,
    /// Why it failed.
    error_message: String,
}

/// Does an account hold enough that is not blocked?
#[utoipa::path(tag = "bank", request_body = CheckFundsRequest, responses((status = 200, body = CheckFundsResponse), (status = 400, body = Problem), (status = 401, body = Problem), (status = 403, body = Problem)), security(("bearer" = [])))]
#[post("/check_funds")]
pub(super) async fn check_funds(
    state: web::Data<State>,
    caller: Caller,
    request: ApiJson<CheckFundsRequest>,
) -> ApiResult<web::Json<CheckFundsResponse>> {
    let ask = &request.0;
    let (number, needed) = (&ask.account_number, &ask.total_funds_needed);
    let answer = blocks::check_funds(&state, caller.ctx(), number, &ask.account_currency, needed).await?;
    Ok(web::Json(CheckFundsResponse {
        status: word(answer.is_ok()),
        account_number: number.clone(),
        has_sufficient_funds: answer.unwrap_or(false),
        error_message: answer.err().unwrap_or_default().to_owned(),
    }))
}

/// Money to set aside.
#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct BlockFundsRequest {
    /// The sponsor's account.
    account_number: String,
    /// Its currency.
    currency: String,
    /// Exact decimal, as a JSON number or a string.
    amount: DecimalText,
    /// The caller's key: the same key gives the same block and the same answer.
    reference: Option<String>,
}

/// The block.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct BlockFundsResponse {
    /// `success` or `failed`.
    status: &'static str,
    /// The block's reference, empty when it failed.
    block_reference_no: String,
    /// Why it failed.
    error_message: String,
}

/// Set money aside for payments.
#[utoipa::path(tag = "bank", request_body = BlockFundsRequest, responses((status = 200, body = BlockFundsResponse), (status = 400, body = Problem), (status = 401, body = Problem), (status = 403, body = Problem)), security(("bearer" = [])))]
#[post("/block_funds")]
pub(super) async fn block_funds(
    state: web::Data<State>,
    caller: Caller,
    request: ApiJson<BlockFundsRequest>,
) -> ApiResult<web::Json<BlockFundsResponse>> {
    let ask = &request.0;
    let funds = BlockFunds {
        account_number: &ask.account_number,
        currency: &ask.currency,
        amount: &ask.amount,
        reference: ask.reference.as_deref().filter(|key| !key.is_empty()),
    };
    let answer = blocks::block(&state, caller.ctx(), &funds).await?;
    Ok(web::Json(BlockFundsResponse {
        status: word(answer.is_ok()),
        error_message: answer.as_ref().err().copied().unwrap_or_default().to_owned(),
        block_reference_no: answer.unwrap_or_default(),
    }))
}

/// A block whose rest is not needed any more.
#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct ReleaseBlockRequest {
    /// The block.
    block_reference_no: Option<String>,
    /// Instead of the block, the `reference` it was asked for under, when the answer never came. If nothing is blocked
    /// under it, nothing will be: later requests under it are refused.
    blocked_under: Option<String>,
    /// The caller's key: the same key gives the same answer.
    reference: Option<String>,
}

/// What was given back.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ReleaseBlockResponse {
    /// `success` or `failed`.
    status: &'static str,
    /// What went back to the account; absent when it failed.
    released_amount: Option<DecimalText>,
    /// Why it failed.
    error_message: String,
}

/// Give back what no accepted payment has taken of a block.
#[utoipa::path(tag = "bank", request_body = ReleaseBlockRequest, responses((status = 200, body = ReleaseBlockResponse), (status = 400, body = Problem), (status = 401, body = Problem), (status = 403, body = Problem)), security(("bearer" = [])))]
#[post("/release_block")]
pub(super) async fn release_block(
    state: web::Data<State>,
    caller: Caller,
    request: ApiJson<ReleaseBlockRequest>,
) -> ApiResult<web::Json<ReleaseBlockResponse>> {
    let key = request.reference.as_deref().filter(|key| !key.is_empty());
    let filled = |text: &'_ Option<String>| text.clone().filter(|text| !text.is_empty());
    let (block, asked_under) = (filled(&request.block_reference_no), filled(&request.blocked_under));
    let named = match (&block, &asked_under) {
        (None, Some(key)) => Named::Key(key),
        (block, _) => Named::Reference(block.as_deref().unwrap_or_default()),
    };
    let answer = blocks::release(&state, caller.ctx(), named, key).await?;
    Ok(web::Json(ReleaseBlockResponse {
        status: word(answer.is_ok()),
        released_amount: answer.as_ref().ok().cloned(),
        error_message: answer.err().unwrap_or_default().to_owned(),
    }))
}
