//! Upload of files of banks: multipart, read as a stream and kept in pieces.

use std::{
    cell::RefCell,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll},
};

use actix_multipart::Multipart;
use actix_web::{
    HttpRequest, HttpResponse,
    dev::Payload,
    error::PayloadError,
    http::header::{CONTENT_LENGTH, HeaderMap},
    post,
    web::{self, Bytes},
};
use futures_util::{Stream, StreamExt, stream};
use g2p_connect::disburse::v1::StatementUploadResponse;
use g2p_crypto::Sha256;
use platform::{
    ApiError, Ctx, PartnerError, body,
    signed::{AnnouncedUpload, SignedSettings},
};
use serde_json::json;
use utoipa::ToSchema;

use super::{
    Answer, State,
    wire::{read, v1_header},
};
use crate::app::{
    App,
    intake::{Intake, IntakeError, Received},
    statements,
};

/// The part that holds the file.
const PART: &str = "statement_file";
/// What the parts' headers and boundaries may take beside the file.
const FRAME_BYTES: usize = 64 * 1024;
/// Largest body that is signed as it is, because it has to be held in memory for that.
const WHOLE_BYTES: usize = 16 * 1024 * 1024;
/// What a signed head says is to be done.
const OPERATION: &str = "upload_mt940";

/// The form.
#[derive(ToSchema)]
#[expect(dead_code, reason = "only its schema is used")]
struct StatementForm {
    /// An MT940, camt.053 or camt.054 file, which may hold several statements; or a pain.002 report.
    #[schema(format = Binary)]
    statement_file: String,
}

/// Bring a file of a bank: MT940, ISO 20022 camt.053 or camt.054, or a pain.002 report on payments, told apart by its content. `X-Sender-Id` names the bank. The header `Signature` is a detached JWS over the exact body; above 16 MiB, over the head with `Content-Digest` (docs/bank-statements.md).
/// The same file again gives the same id and changes nothing.
#[utoipa::path(
    tag = "bridge",
    request_body(content = StatementForm, content_type = "multipart/form-data"),
    responses((status = 200, description = "`message` is the file's id; `header.status` is `rjct` when the file is refused.", body = StatementUploadResponse),
              (status = 400, description = "No part `statement_file`: `G2P-REQ-102`."),
              (status = 401, description = "Unknown sender or wrong signature."),
              (status = 413, description = "Larger than `statement_max_bytes`.")),
)]
#[post("/upload_mt940")]
pub(super) async fn upload_mt940(
    state: State,
    settings: web::Data<SignedSettings>,
    request: HttpRequest,
    payload: web::Payload,
) -> Answer {
    refuse_too_large(&state, &request)?;
    let mut announced = AnnouncedUpload::read(&request, &settings, OPERATION).await?;
    let payload = payload.into_inner();
    let received = if announced.needs_whole_body() {
        let limit = state.config.statement_max_bytes.min(WHOLE_BYTES).saturating_add(FRAME_BYTES);
        let bytes = body::read(&request, payload, limit).await.map_err(|error| hint(&state, error))?;
        announced.check_body(&bytes)?;
        statements::may_upload(&announced.ctx)?;
        let whole = stream::once(async move { Ok::<_, PayloadError>(bytes) });
        receive(&state, &announced.ctx, Multipart::new(request.headers(), whole)).await?.end().await
    } else {
        statements::may_upload(&announced.ctx)?;
        let mut form = Form::of(&state, request.headers(), payload);
        let intake = receive(&state, &announced.ctx, form.parts()).await?;
        // The closing boundary is part of what was signed.
        let covered = form.end().await.and_then(|digest| announced.check_digest(&digest));
        if let Err(error) = covered {
            intake.abandon().await;
            return Err(error.into());
        }
        intake.end().await
    };
    let received: Received = received?;
    let (code, id) = match read(statements::upload(&state, &announced.ctx, received).await)? {
        Ok(id) => (None, Some(id.to_string())),
        Err(refusal) => (Some(refusal.code), None),
    };
    Ok(HttpResponse::Ok().json(json!({
        "signature": null,
        "header": v1_header(&state, "", "", code.as_deref()),
        "message": id,
        "statement_id": id,
        "response_error_code": code,
    })))
}

/// Too much is too much before anybody asks who sent it.
fn refuse_too_large(state: &App, request: &HttpRequest) -> Result<(), ApiError> {
    let limit = state.config.statement_max_bytes.saturating_add(FRAME_BYTES);
    let declared = request.headers().get(CONTENT_LENGTH).and_then(|h| h.to_str().ok()?.parse::<usize>().ok());
    if declared.is_some_and(|n| n > limit) {
        return Err(ApiError::too_large(format!("the body is larger than the limit of {limit} bytes")));
    }
    Ok(())
}

/// A file that may come, but not in a body that has to be held in memory.
fn hint(state: &App, error: ApiError) -> ApiError {
    if state.config.statement_max_bytes <= WHOLE_BYTES {
        return error;
    }
    ApiError::too_large(format!(
        "a body that is signed as it is has at most {WHOLE_BYTES} bytes; send Content-Digest and sign the head"
    ))
}

fn broken() -> ApiError {
    ApiError::bad_request("multipart_broken", "Invalid Input. the multipart body cannot be read")
}

/// Receives the file of a form; what else is in it is passed over.
async fn receive<'a>(app: &'a App, ctx: &Ctx, mut parts: Multipart) -> Result<Intake<'a>, PartnerError> {
    let mut intake = Intake::begin(app, ctx.tenant.as_str()).await?;
    match fill(&mut intake, &mut parts).await {
        Ok(true) => Ok(intake),
        Ok(false) => {
            intake.abandon().await;
            let missing = format!("Invalid Input. {PART}: part is missing");
            Err(ApiError::bad_request("statement_missing", missing).into())
        }
        Err(error) => {
            intake.abandon().await;
            Err(error)
        }
    }
}

/// Whether there was a file.
async fn fill(intake: &mut Intake<'_>, parts: &mut Multipart) -> Result<bool, PartnerError> {
    let mut found = false;
    while let Some(part) = parts.next().await {
        let mut part = part.map_err(|_| broken())?;
        let wanted = !found && part.name() == Some(PART);
        found |= wanted;
        while let Some(bytes) = part.next().await {
            let bytes = bytes.map_err(|_| broken())?;
            if wanted {
                intake.push(&bytes).await.map_err(|error| match error {
                    IntakeError::TooLarge(_) => ApiError::too_large(error.to_string()).into(),
                    IntakeError::Store(error) => PartnerError::from(error),
                })?;
            }
        }
    }
    Ok(found)
}

/// A body that is hashed as it is read.
struct Form {
    body: Rc<RefCell<Body>>,
    headers: HeaderMap,
}

struct Body {
    payload: Payload,
    hash: Sha256,
    left: usize,
}

struct Reading(Rc<RefCell<Body>>);

impl Stream for Reading {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let mut body = self.0.borrow_mut();
        let next = Pin::new(&mut body.payload).poll_next(cx);
        if let Poll::Ready(Some(Ok(bytes))) = &next {
            let Some(left) = body.left.checked_sub(bytes.len()) else {
                return Poll::Ready(Some(Err(PayloadError::Overflow)));
            };
            body.left = left;
            body.hash.update(bytes);
        }
        next
    }
}

impl Form {
    fn of(app: &App, headers: &HeaderMap, payload: Payload) -> Self {
        let left = app.config.statement_max_bytes.saturating_add(FRAME_BYTES);
        let body = Body { payload, hash: Sha256::default(), left };
        Self { body: Rc::new(RefCell::new(body)), headers: headers.clone() }
    }

    fn parts(&self) -> Multipart {
        Multipart::new(&self.headers, Reading(Rc::clone(&self.body)))
    }

    /// Reads what is behind the form, and returns the hash of all.
    async fn end(&mut self) -> Result<[u8; 32], ApiError> {
        let mut rest = Reading(Rc::clone(&self.body));
        while let Some(bytes) = rest.next().await {
            bytes.map_err(|_| broken())?;
        }
        Ok(std::mem::take(&mut self.body.borrow_mut().hash).finish())
    }
}
