//! Statements of envelopes: CSV, its signature, and PDF; and the key that signs them.

use actix_web::{HttpResponse, get, http::header, web};
use futures_util::stream;
use g2p_crypto::Jwks;
use platform::{ApiError, ApiResult, Caller, Problem};
use tokio::{fs::File, io::AsyncReadExt};

use super::State;
use crate::app::{
    App,
    envelope_statement::{self, EnvelopeStatement},
    statement_pdf,
};

/// Bytes sent in one go.
const PIECE: usize = 64 * 1024;
/// Header with the signed manifest of the CSV that follows.
const SIGNATURE: &str = "Statement-Signature";

/// The public key that the bridge signs with, as a JSON Web Key Set.
#[utoipa::path(
    tag = "statements",
    responses((status = 200, description = "The keys", content_type = "application/json", body = serde_json::Value)),
)]
#[get("/.well-known/jwks.json")]
pub(super) async fn keys(state: State) -> web::Json<Jwks> {
    web::Json(state.keys.public_jwks())
}

/// The statement of an envelope as CSV: totals, then a line a payment. The header `Statement-Signature` has the signed manifest
/// with its SHA-256.
#[utoipa::path(
    tag = "statements",
    security(("bearer" = [])),
    params(("id" = String, Path, description = "The envelope.")),
    responses((status = 200, body = String, content_type = "text/csv"), (status = 401, body = Problem),
              (status = 403, body = Problem), (status = 404, body = Problem)),
)]
#[get("/envelopes/{id}/statement.csv")]
pub(super) async fn csv_file(state: State, caller: Caller, id: web::Path<String>) -> ApiResult<HttpResponse> {
    csv(&state, envelope_statement::write(&state, caller.ctx(), &id).await?)
}

/// The signed manifest of the CSV: a JSON Web Signature in compact form.
#[utoipa::path(
    tag = "statements",
    security(("bearer" = [])),
    params(("id" = String, Path, description = "The envelope.")),
    responses((status = 200, body = String, content_type = "application/jose"), (status = 401, body = Problem),
              (status = 403, body = Problem), (status = 404, body = Problem)),
)]
#[get("/envelopes/{id}/statement.csv.jws")]
pub(super) async fn signature_file(
    state: State,
    caller: Caller,
    id: web::Path<String>,
) -> ApiResult<HttpResponse> {
    signature(&state, &envelope_statement::write(&state, caller.ctx(), &id).await?)
}

/// The totals of the statement as PDF, with the digest of the CSV.
#[utoipa::path(
    tag = "statements",
    security(("bearer" = [])),
    params(("id" = String, Path, description = "The envelope.")),
    responses((status = 200, body = Vec<u8>, content_type = "application/pdf"), (status = 401, body = Problem),
              (status = 403, body = Problem), (status = 404, body = Problem)),
)]
#[get("/envelopes/{id}/statement.pdf")]
pub(super) async fn pdf_file(state: State, caller: Caller, id: web::Path<String>) -> ApiResult<HttpResponse> {
    pdf(&state, &envelope_statement::write(&state, caller.ctx(), &id).await?)
}

/// Sends the CSV.
pub(crate) fn csv(app: &App, statement: EnvelopeStatement) -> ApiResult<HttpResponse> {
    let signature = statement.signature(app)?;
    let mut response = HttpResponse::Ok();
    named(&mut response, &statement, "statement.csv");
    response.content_type("text/csv; charset=utf-8").insert_header((SIGNATURE, signature));
    let bytes = statement.bytes;
    let pieces = stream::try_unfold(statement.file, |mut file: File| async move {
        let mut piece = vec![0; PIECE];
        let read = file.read(&mut piece).await.map_err(ApiError::internal)?;
        piece.truncate(read);
        Ok::<_, ApiError>((read > 0).then(|| (web::Bytes::from(piece), file)))
    });
    Ok(response.no_chunking(bytes).streaming(Box::pin(pieces)))
}

/// Sends the signature of the CSV.
pub(crate) fn signature(app: &App, statement: &EnvelopeStatement) -> ApiResult<HttpResponse> {
    let mut response = HttpResponse::Ok();
    named(&mut response, statement, "statement.csv.jws");
    Ok(response.content_type("application/jose").body(statement.signature(app)?))
}

/// Sends the PDF.
pub(crate) fn pdf(app: &App, statement: &EnvelopeStatement) -> ApiResult<HttpResponse> {
    let mut response = HttpResponse::Ok();
    named(&mut response, statement, "statement.pdf");
    Ok(response.content_type("application/pdf").body(statement_pdf::write(statement, &app.keys)?))
}

fn named(response: &mut actix_web::HttpResponseBuilder, statement: &EnvelopeStatement, file: &str) {
    // Ids are ours or of a checked alphabet, but a header must hold nothing else in any case.
    let id: String =
        statement.summary.envelope.envelope_id.chars().filter(char::is_ascii_alphanumeric).collect();
    response
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .insert_header((header::CONTENT_DISPOSITION, format!("attachment; filename=\"{id}-{file}\"")));
}
