//! Files of many changes, and files in forms.

use actix_web::{
    HttpRequest, HttpResponse,
    dev::Payload,
    error::PayloadError,
    http::header::{CONTENT_ENCODING, CONTENT_TYPE},
    post, web,
};
use futures_util::{StreamExt, stream};
use g2p_crypto::Sha256;
use platform::{
    ApiError, ApiResult, Problem, body,
    signed::{AnnouncedUpload, SignedSettings},
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::Shared;
use crate::{
    app::{Caller, bulk::Upload},
    domain::{Operation, bulk::Format},
};

/// How much of a refused body is still read, so that the caller gets to see why it was refused.
const MAX_DRAIN: usize = 64 * 1024 * 1024;

/// What is done with a file.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct BulkQuery {
    /// `link` (when absent), `update` or `unlink`.
    operation: Option<String>,
}

/// A file that was taken in; a job works on it.
#[derive(Serialize, ToSchema)]
struct BulkAccepted {
    /// Ask for its state with this.
    job_id: Uuid,
    /// Rows of the file.
    rows: i64,
}

/// Link, update or unlink as many ids as a file has rows, in the background. CSV with a header line (`id`, `fa`, `name`,
/// `phone_number`, `additional_info`, `reference_id`), one JSON object a line, or a JSON array; `Content-Encoding: gzip` is
/// taken. `X-Sender-Id` names the partner. Takes `Idempotency-Key`.
#[utoipa::path(
    tag = "bulk",
    params(BulkQuery),
    request_body(content(
        (String = "text/csv"), (String = "application/x-ndjson"), (Vec<serde_json::Value> = "application/json"),
    )),
    responses((status = 202, body = BulkAccepted), (status = 400, body = Problem), (status = 401, body = Problem),
              (status = 403, body = Problem), (status = 409, body = Problem), (status = 413, body = Problem),
              (status = 415, body = Problem), (status = 422, body = Problem)),
)]
#[post("/mapper/bulk")]
pub(super) async fn upload(
    state: Shared,
    settings: web::Data<SignedSettings>,
    query: web::Query<BulkQuery>,
    request: HttpRequest,
    payload: web::Payload,
) -> ApiResult<HttpResponse> {
    let mut payload = payload.into_inner();
    let outcome = take(&state, &settings, &query, &request, &mut payload).await;
    if outcome.is_err() {
        drain(&mut payload).await;
    }
    outcome
}

async fn take(
    state: &Shared,
    settings: &SignedSettings,
    query: &BulkQuery,
    request: &HttpRequest,
    payload: &mut Payload,
) -> ApiResult<HttpResponse> {
    let operation = operation(query.operation.as_deref())?;
    let purpose = format!("bulk {}", operation.as_str());
    let mut announced = AnnouncedUpload::read(request, settings, &purpose).await?;
    may_be_done(&announced)?;
    let content_type = text(request, &CONTENT_TYPE);
    let format = Format::of_content_type(content_type).ok_or_else(|| {
        ApiError::unsupported_media_type("send text/csv, application/x-ndjson or application/json")
    })?;
    let packed = packed(request)?;
    let mut body = Body::of(&mut announced, request, payload, settings).await?;
    let (ctx, sender) = (announced.ctx.clone(), announced.sender.clone());
    let caller = Caller::new(ctx, &sender, "");
    let mut file = Upload::begin(state, &caller, operation, format, packed).await?;
    let read = async {
        while let Some(chunk) = body.next().await {
            file.push(&chunk.map_err(|_| broke_off())?).await?;
        }
        announced.check_digest(&body.digest())
    };
    if let Err(error) = read.await {
        file.abandon().await;
        return Err(error);
    }
    let accepted = file.finish(&caller, announced.key.as_deref(), None).await?;
    Ok(HttpResponse::Accepted().json(BulkAccepted { job_id: accepted.job_id, rows: accepted.rows }))
}

/// What a strict partner sends must say in what it signs what is to be done, and when: else an old file could be sent again
/// by somebody else, and accounts would go back to what they were. That of a link too: an id that was unlinked since would
/// have the account again that its person left.
pub(super) fn may_be_done(announced: &AnnouncedUpload) -> ApiResult<()> {
    use platform::Mode;
    if announced.bound || announced.sender.partner.mode == Mode::Compat {
        return Ok(());
    }
    let text = "sign what is to be done: send Content-Digest, X-Message-Ts and Idempotency-Key, and a Signature over them";
    Err(ApiError::unauthorized(text))
}

fn operation(name: Option<&str>) -> ApiResult<Operation> {
    let rule = "must be link, update or unlink";
    let operation = Operation::parse(name.unwrap_or("link")).filter(|o| *o != Operation::Resolve);
    operation.ok_or_else(|| {
        ApiError::bad_request("operation_invalid", format!("operation {rule}")).with_field("operation", rule)
    })
}

pub(super) fn text<'a>(request: &'a HttpRequest, name: &actix_web::http::header::HeaderName) -> &'a str {
    request.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

fn packed(request: &HttpRequest) -> ApiResult<bool> {
    match text(request, &CONTENT_ENCODING).trim().to_ascii_lowercase().as_str() {
        "" | "identity" => Ok(false),
        "gzip" | "x-gzip" => Ok(true),
        _ => Err(ApiError::unsupported_media_type("the only Content-Encoding that is taken is gzip")),
    }
}

pub(super) fn broke_off() -> ApiError {
    ApiError::bad_request("body_incomplete", "the body broke off")
}

/// The body of an upload: a stream that is hashed as it comes, or bytes that were verified already.
pub(super) enum Body<'a> {
    Whole(Option<web::Bytes>, [u8; 32]),
    Stream(&'a mut Payload, Sha256),
}

impl<'a> Body<'a> {
    /// A body that is signed itself is read and verified at once; it must be small.
    pub(super) async fn of(
        announced: &mut AnnouncedUpload,
        request: &HttpRequest,
        payload: &'a mut Payload,
        settings: &SignedSettings,
    ) -> ApiResult<Self> {
        if !announced.needs_whole_body() {
            return Ok(Self::Stream(payload, Sha256::default()));
        }
        let bytes = body::read(request, payload.take(), settings.max_body).await?;
        announced.check_body(&bytes)?;
        let digest = g2p_crypto::sha256(&bytes);
        Ok(Self::Whole(Some(bytes), digest))
    }

    pub(super) async fn next(&mut self) -> Option<Result<web::Bytes, PayloadError>> {
        match self {
            Self::Whole(bytes, _) => bytes.take().map(Ok),
            Self::Stream(payload, hash) => {
                let next = payload.next().await;
                if let Some(Ok(bytes)) = &next {
                    hash.update(bytes);
                }
                next
            }
        }
    }

    pub(super) fn digest(&self) -> [u8; 32] {
        match self {
            Self::Whole(_, digest) => *digest,
            Self::Stream(_, hash) => hash.clone().finish(),
        }
    }
}

/// Reads the rest of a body that was refused, and throws it away.
pub(super) async fn drain(payload: &mut Payload) {
    let mut read = 0;
    let mut rest = stream::poll_fn(|context| payload.poll_next_unpin(context));
    while let Some(Ok(piece)) = rest.next().await {
        read += piece.len();
        if read > MAX_DRAIN {
            return;
        }
    }
}
