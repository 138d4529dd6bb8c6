//! Upload of statements: multipart, signed over the whole body.

use actix_multipart::Multipart;
use actix_web::{HttpRequest, HttpResponse, post, web};
use futures_util::{StreamExt, stream};
use g2p_connect::disburse::v1::StatementUploadResponse;
use platform::{ApiError, PartnerError, body, signed::SignedSettings};
use serde_json::json;
use utoipa::ToSchema;

use super::{
    Answer, State,
    wire::{read, v1_header},
};
use crate::app::statements;

/// The part that holds the statement.
const PART: &str = "statement_file";
/// What the parts' headers and boundaries may take beside the file.
const FRAME_BYTES: usize = 64 * 1024;

/// The form.
#[derive(ToSchema)]
#[expect(dead_code, reason = "only its schema is used")]
struct StatementForm {
    /// An MT940, camt.053 or camt.054 file; it may hold several statements.
    #[schema(format = Binary)]
    statement_file: String,
}

/// Bring a statement: MT940, or ISO 20022 camt.053 or camt.054, told apart by its content. The header `Signature` is a detached JWS over the exact body, `X-Sender-Id` names the bank.
/// The same file again gives the same id and changes nothing.
#[utoipa::path(
    tag = "bridge",
    request_body(content = StatementForm, content_type = "multipart/form-data"),
    responses((status = 200, description = "`message` is the statement's id; `header.status` is `rjct` when the file is refused.", body = StatementUploadResponse),
              (status = 400, description = "No part `statement_file`: `G2P-REQ-102`."),
              (status = 401, description = "Unknown sender or wrong signature.")),
)]
#[post("/upload_mt940")]
pub(super) async fn upload_mt940(
    state: State,
    settings: web::Data<SignedSettings>,
    request: HttpRequest,
    payload: web::Payload,
) -> Answer {
    let limit = state.config.statement_max_bytes;
    let bytes = body::read(&request, payload.into_inner(), limit.saturating_add(FRAME_BYTES)).await?;
    let (_, ctx) = platform::signed::verify_upload(&request, &bytes, &settings).await?;
    let content = statement_part(&request, bytes, limit).await?;
    let (code, id) = match read(statements::upload(&state, &ctx, content).await)? {
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

async fn statement_part(
    request: &HttpRequest,
    bytes: web::Bytes,
    limit: usize,
) -> Result<Vec<u8>, PartnerError> {
    let missing =
        || ApiError::bad_request("statement_missing", format!("Invalid Input. {PART}: part is missing"));
    let broken =
        |_| ApiError::bad_request("multipart_broken", "Invalid Input. the multipart body cannot be read");
    let whole = stream::once(async move { Ok::<_, actix_web::error::PayloadError>(bytes) });
    let mut parts = Multipart::new(request.headers(), whole);
    while let Some(part) = parts.next().await {
        let mut part = part.map_err(broken)?;
        let wanted = part.name() == Some(PART);
        let mut content = Vec::new();
        while let Some(chunk) = part.next().await {
            let chunk = chunk.map_err(broken)?;
            if wanted {
                content.extend_from_slice(&chunk);
            }
            if content.len() > limit {
                return Err(ApiError::too_large(format!(
                    "the file is larger than the limit of {limit} bytes"
                ))
                .into());
            }
        }
        if wanted {
            return Ok(content);
        }
    }
    Err(missing().into())
}
