//! The G2P-Connect disburse API 1.0.0.

mod answers;
mod later;
mod wire;

use actix_web::post;
use g2p_connect::{
    AckResponse, Request, Response,
    disburse::core::{DisburseRequest, DisburseResponse},
};
use platform::SignedBody;

pub(crate) use self::later::{run as run_message, run_callback, run_end};
use self::{
    answers::Asked,
    wire::{DisburseSearchRequest, DisburseSearchResponse, DisburseStatusRequest, DisburseStatusResponse},
};
use super::{Answer, State};

/// Pay. Acknowledged, worked on, and told in a callback to `/on-disburse` what was taken in.
#[utoipa::path(
    tag = "disburse",
    request_body = Request<DisburseRequest>,
    responses((status = 200, description = "`ack_status` is `ACK`, or `ERR` when nothing follows.", body = AckResponse),
              (status = 400, description = "Not of this shape: `G2P-REQ-102`.")),
)]
#[post("/disburse")]
pub(super) async fn disburse(state: State, signed: SignedBody) -> Answer {
    later::accept(&state, &signed, Asked::Disburse).await
}

/// Find the sender's own payments. Acknowledged, then told in a callback to `/disburse/on-search`.
#[utoipa::path(
    tag = "disburse",
    request_body = Request<DisburseSearchRequest>,
    responses((status = 200, description = "`ack_status` is `ACK`, or `ERR` when nothing follows.", body = AckResponse),
              (status = 400, description = "Not of this shape: `G2P-REQ-102`.")),
)]
#[post("/disburse/search")]
pub(super) async fn search(state: State, signed: SignedBody) -> Answer {
    later::accept(&state, &signed, Asked::Search).await
}

/// What became of the sender's own transactions. Acknowledged, then told in a callback to `/disburse/txn/on-status`.
#[utoipa::path(
    tag = "disburse",
    request_body = Request<DisburseStatusRequest>,
    responses((status = 200, description = "`ack_status` is `ACK`, or `ERR` when nothing follows.", body = AckResponse),
              (status = 400, description = "Not of this shape: `G2P-REQ-102`.")),
)]
#[post("/disburse/txn/status")]
pub(super) async fn txn_status(state: State, signed: SignedBody) -> Answer {
    later::accept(&state, &signed, Asked::Status).await
}

/// Pay, and be told at once what was taken in. A payment is made later: its state is asked for, or searched.
#[utoipa::path(
    tag = "disburse",
    request_body = Request<DisburseRequest>,
    responses((status = 200, description = "Each item has its status; `header.status` is `rjct` when the whole message is refused.", body = Response<DisburseResponse>),
              (status = 400, description = "Not of this shape: `G2P-REQ-102`.")),
)]
#[post("/disburse/sync/disburse")]
pub(super) async fn sync_disburse(state: State, signed: SignedBody) -> Answer {
    answers::disburse(&state, &signed).await
}

/// Find the sender's own payments by the payer's or the payee's address.
#[utoipa::path(
    tag = "disburse",
    request_body = Request<DisburseSearchRequest>,
    responses((status = 200, body = Response<DisburseSearchResponse>),
              (status = 400, description = "Not of this shape: `G2P-REQ-102`.")),
)]
#[post("/disburse/sync/search")]
pub(super) async fn sync_search(state: State, signed: SignedBody) -> Answer {
    answers::search(&state, &signed).await
}

/// What became of the sender's own transactions.
#[utoipa::path(
    tag = "disburse",
    request_body = Request<DisburseStatusRequest>,
    responses((status = 200, body = Response<DisburseStatusResponse>),
              (status = 400, description = "Not of this shape: `G2P-REQ-102`.")),
)]
#[post("/disburse/sync/txn/status")]
pub(super) async fn sync_txn_status(state: State, signed: SignedBody) -> Answer {
    answers::status(&state, &signed).await
}
