//! Request bodies: read within a limit, parsed with errors that name the field.

use std::{future::Future, ops::Deref, pin::Pin};

use actix_web::{FromRequest, HttpRequest, dev::Payload, web};
use futures_util::StreamExt;
use serde::de::DeserializeOwned;

use crate::{ApiError, signed::parse_json};

/// Memory that a request gets before its body has arrived.
const FIRST_BYTES: usize = 64 * 1024;

/// Largest JSON body of own APIs; the server puts it into the application data.
#[derive(Debug, Clone, Copy)]
pub struct BodyLimit(pub usize);

/// Reads a body of at most `limit` bytes. A larger one is refused as soon as that is known.
///
/// # Errors
/// 413, or 400 when the connection breaks off.
pub async fn read(req: &HttpRequest, mut payload: Payload, limit: usize) -> Result<web::Bytes, ApiError> {
    let too_large = || ApiError::too_large(format!("the body is larger than the limit of {limit} bytes"));
    let declared = req.headers().get("Content-Length").and_then(|h| h.to_str().ok()?.parse::<usize>().ok());
    if declared.is_some_and(|n| n > limit) {
        return Err(too_large());
    }
    let mut body = web::BytesMut::with_capacity(declared.unwrap_or(0).min(limit).min(FIRST_BYTES));
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|_| ApiError::bad_request("body_incomplete", "the body broke off"))?;
        if body.len() + chunk.len() > limit {
            return Err(too_large());
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body.freeze())
}

/// A JSON body of an own API.
#[derive(Debug, Clone)]
pub struct ApiJson<T>(pub T);

impl<T> Deref for ApiJson<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: DeserializeOwned + 'static> FromRequest for ApiJson<T> {
    type Error = ApiError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, ApiError>>>>;

    fn from_request(req: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let req = req.clone();
        let payload = payload.take();
        Box::pin(async move {
            let limit = req.app_data::<web::Data<BodyLimit>>().map_or(2 * 1024 * 1024, |l| l.0);
            let bytes = read(&req, payload, limit).await?;
            parse_json(&bytes).map(Self).map_err(|fault| {
                ApiError::bad_request("invalid_json", "the body is not what this operation takes")
                    .with_field(fault.field(), fault.message())
            })
        })
    }
}
