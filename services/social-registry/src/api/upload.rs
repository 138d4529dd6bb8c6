//! The parts of an upload, read as they come.

use std::collections::BTreeMap;

use actix_multipart::{Field, Multipart, MultipartError};
use actix_web::HttpRequest;
use futures_util::StreamExt;
use platform::{ApiError, ApiResult, Ctx};

use crate::{
    State,
    app::upload::{Accepted, Parameters, Upload},
    domain::kind::ImportKind,
};

/// Largest part other than the file.
const MAX_PART: usize = 64 * 1024;
/// How much of a refused body is still read, so that the caller gets to see why it was refused.
const MAX_DRAIN: u64 = 256 * 1024 * 1024;

/// The parts of a body. Asking the extractor again after the end or an error would be a panic: this one stays silent.
struct Parts {
    inner: Multipart,
    over: bool,
}

impl Parts {
    async fn next(&mut self) -> Option<Result<Field, MultipartError>> {
        if self.over {
            return None;
        }
        let next = self.inner.next().await;
        self.over = !matches!(next, Some(Ok(_)));
        next
    }
}

/// Reads `kind`, `mapping`, `dry_run` and `encoding`, then `file`, which must come last.
pub(super) async fn receive(
    state: &State,
    ctx: &Ctx,
    request: &HttpRequest,
    parts: Multipart,
) -> ApiResult<Accepted> {
    let mut parts = Parts { inner: parts, over: false };
    let outcome = read(state, ctx, request, &mut parts).await;
    drain(parts).await;
    outcome
}

fn broken(why: &str) -> ApiError {
    ApiError::bad_request("multipart_invalid", why)
}

async fn read(state: &State, ctx: &Ctx, request: &HttpRequest, parts: &mut Parts) -> ApiResult<Accepted> {
    ctx.require(crate::app::IMPORT)?;
    let limit = state.config.import_max_bytes;
    let declared = request.headers().get("Content-Length").and_then(|h| h.to_str().ok()?.parse::<u64>().ok());
    // The other parts and the boundaries are small.
    if declared.is_some_and(|n| n > limit.saturating_add(1024 * 1024)) {
        return Err(ApiError::too_large(format!("the file is larger than the limit of {limit} bytes")));
    }
    let mut texts: BTreeMap<String, String> = BTreeMap::new();
    while let Some(part) = parts.next().await {
        let mut part = part.map_err(|_| broken("the body is not multipart/form-data, or it broke off"))?;
        let name = part.name().unwrap_or_default().to_owned();
        if name == "file" {
            // The file is the last part: whatever comes after it is not read.
            let key = super::idempotency_key(request);
            return file(state, ctx, key, &mut part, parameters(&texts)?).await;
        }
        if !["kind", "mapping", "dry_run", "encoding"].contains(&name.as_str()) {
            return Err(broken(
                "a part has an unknown name; send kind, mapping, dry_run, encoding and, last, file",
            ));
        }
        let text = text(&name, &mut part).await?;
        texts.insert(name, text);
    }
    Err(broken("the part `file` is missing; send it last"))
}

async fn text(name: &str, part: &mut Field) -> ApiResult<String> {
    let mut bytes = Vec::new();
    while let Some(piece) = part.next().await {
        let piece = piece.map_err(|_| broken("the body broke off"))?;
        if bytes.len() + piece.len() > MAX_PART {
            return Err(ApiError::too_large(format!("the part {name} is larger than {MAX_PART} bytes")));
        }
        bytes.extend_from_slice(&piece);
    }
    String::from_utf8(bytes).map_err(|_| broken("a part that is no file is not UTF-8"))
}

fn parameters(texts: &BTreeMap<String, String>) -> ApiResult<Parameters> {
    let text = |name: &str| texts.get(name).map(|t| t.trim()).filter(|t| !t.is_empty());
    let kinds: Vec<&str> = ImportKind::ALL.iter().map(|k| k.as_str()).collect();
    let kind = text("kind").and_then(ImportKind::parse).ok_or_else(|| {
        ApiError::bad_request("kind_invalid", "the part `kind` is missing, unknown, or comes after the file")
            .with_field("kind", format!("must be one of {}", kinds.join(", ")))
    })?;
    let dry_run = match text("dry_run") {
        None | Some("false") => false,
        Some("true") => true,
        Some(_) => {
            return Err(ApiError::bad_request("dry_run_invalid", "the part `dry_run` must be true or false")
                .with_field("dry_run", "must be true or false"));
        }
    };
    let mapping = text("mapping").map(mapping).transpose()?;
    Ok(Parameters { kind, mapping, dry_run, encoding: text("encoding").map(str::to_owned) })
}

/// `{"field": "column of the file"}`; null is the same as leaving the field out.
fn mapping(text: &str) -> ApiResult<BTreeMap<String, String>> {
    let mapping: BTreeMap<String, Option<String>> = serde_json::from_str(text).map_err(|_| {
        ApiError::bad_request("mapping_invalid", "the part `mapping` is not a JSON object of texts")
            .with_field("mapping", "must look like {\"external_id\": \"ID\", \"name\": \"Name\"}")
    })?;
    Ok(mapping.into_iter().filter_map(|(target, source)| Some((target, source?))).collect())
}

async fn file(
    state: &State,
    ctx: &Ctx,
    key: Option<&str>,
    part: &mut Field,
    parameters: Parameters,
) -> ApiResult<Accepted> {
    let mut upload = Upload::begin(state, ctx, parameters).await?;
    let outcome = fill(&mut upload, ctx, key, part).await;
    if outcome.is_err() {
        upload.abandon().await;
    }
    outcome
}

async fn fill(upload: &mut Upload, ctx: &Ctx, key: Option<&str>, part: &mut Field) -> ApiResult<Accepted> {
    while let Some(piece) = part.next().await {
        let piece = piece.map_err(|_| broken("the file broke off"))?;
        upload.push(&piece).await?;
    }
    upload.finish(ctx, key).await
}

/// Reads the rest of the body and throws it away: the closing boundary, or all of a file that was refused.
async fn drain(mut parts: Parts) {
    let mut read = 0_u64;
    while let Some(Ok(mut part)) = parts.next().await {
        while let Some(Ok(piece)) = part.next().await {
            read += piece.len() as u64;
            if read > MAX_DRAIN {
                return;
            }
        }
    }
}
