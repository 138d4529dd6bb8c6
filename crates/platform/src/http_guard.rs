//! What stands around every handler: a time limit, a net for panics, numbers, and errors in one form.

use std::{
    cell::Cell,
    panic::AssertUnwindSafe,
    pin::pin,
    rc::Rc,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use actix_web::{
    Error, HttpMessage, HttpResponse, ResponseError,
    dev::{Payload, ResourceDef, ServiceRequest, ServiceResponse},
    error::{InternalError, PayloadError},
    http::{ConnectionType, Method, header::CONTENT_TYPE},
    web::Bytes,
};
use futures_util::{FutureExt, StreamExt};
use utoipa::openapi::{OpenApi, PathItem};

use crate::{ApiError, service::schema_name};

/// What the guard of one service knows.
#[derive(Debug, Clone)]
pub(crate) struct Guard {
    pub(crate) service: &'static str,
    /// Time limit of a request, from the last byte of its body on.
    pub(crate) timeout: Duration,
    /// Set when the service is about to stop.
    pub(crate) draining: Arc<AtomicBool>,
}

impl Guard {
    /// Runs a handler. `call` is not run when the address cannot be one of ours.
    pub(crate) async fn run<F>(
        self,
        seen: Seen,
        upload: Upload,
        call: Option<F>,
    ) -> Result<ServiceResponse, Error>
    where
        F: Future<Output = Result<ServiceResponse, Error>>,
    {
        let started = Instant::now();
        let mut outcome = match call {
            Some(call) => self.within_limits(&upload, call).await,
            None => Err(rendered(ApiError::bad_request(
                "invalid_address",
                "the address holds the character U+0000, which cannot be stored",
            ))),
        };
        if let Ok(response) = &mut outcome
            && self.draining.load(Ordering::Relaxed)
        {
            // The client's next request is to go to another process.
            response.response_mut().head_mut().set_connection_type(ConnectionType::Close);
        }
        let status = match &outcome {
            Ok(response) => response.status(),
            Err(error) => error.as_response_error().status_code(),
        };
        record(self.service, seen, status.as_u16(), started.elapsed());
        outcome
    }

    async fn within_limits<F>(&self, upload: &Upload, call: F) -> Result<ServiceResponse, Error>
    where
        F: Future<Output = Result<ServiceResponse, Error>>,
    {
        // A handler shares nothing that a panic could leave half done: its transaction rolls back when it is dropped.
        let mut call = pin!(AssertUnwindSafe(call).catch_unwind());
        let outcome = loop {
            let deadline = upload.deadline(self.timeout);
            match tokio::time::timeout_at(deadline.into(), &mut call).await {
                // More has arrived meanwhile.
                Err(_) if upload.deadline(self.timeout) > deadline => {}
                outcome => break outcome,
            }
        };
        match outcome {
            Ok(Ok(Ok(response))) => Ok(in_our_form(response)),
            Ok(Ok(Err(error))) => Err(error),
            Ok(Err(_)) => {
                metrics::counter!("http_panics_total", "service" => schema_name(self.service)).increment(1);
                Err(rendered(ApiError::internal("a handler panicked")))
            }
            Err(_) => Err(rendered(ApiError::unavailable(
                "the request took longer than request_timeout_seconds, or its body came too slowly",
            ))),
        }
    }
}

/// How far the body of a request is. A long one may take its time, as long as it comes.
#[derive(Debug, Clone)]
pub(crate) struct Upload(Rc<Cell<Progress>>);

#[derive(Debug, Clone, Copy)]
struct Progress {
    began: Instant,
    bytes: u64,
    last: Instant,
}

/// Bytes a second. Whoever sends less on average uses up the time of the request.
const SLOWEST_UPLOAD: u64 = 8 * 1024;

impl Upload {
    /// Watches the body of this request from now on.
    pub(crate) fn of(request: &mut ServiceRequest) -> Self {
        let began = Instant::now();
        let progress = Rc::new(Cell::new(Progress { began, bytes: 0, last: began }));
        let watched: Payload = match request.take_payload() {
            Payload::None => Payload::None,
            body => {
                let progress = Rc::clone(&progress);
                let arrived = move |chunk: &Result<Bytes, PayloadError>| {
                    let size = chunk.as_ref().map_or(0, |chunk| chunk.len() as u64);
                    let Progress { began, bytes, .. } = progress.get();
                    progress.set(Progress { began, bytes: bytes + size, last: Instant::now() });
                };
                Payload::Stream { payload: Box::pin(body.inspect(arrived)) }
            }
        };
        request.set_payload(watched);
        Self(progress)
    }

    fn deadline(&self, timeout: Duration) -> Instant {
        let Progress { began, bytes, last } = self.0.get();
        (last + timeout).min(began + timeout + Duration::from_secs(bytes / SLOWEST_UPLOAD))
    }
}

/// The pattern of a request's route, empty when there is none. Found once a request, by its span.
#[derive(Debug, Clone, Default)]
pub(crate) struct Route(pub(crate) String);

/// What must be read from a request before it is handed on.
#[derive(Debug)]
pub(crate) struct Seen {
    method: &'static str,
    route: Route,
}

impl Seen {
    pub(crate) fn of(request: &ServiceRequest) -> Self {
        let route = request.extensions().get::<Route>().cloned().unwrap_or_default();
        Self { method: method_label(request.method()), route }
    }
}

/// Whether an address holds U+0000, which Postgres does not take in a text: it would become a fault of ours.
pub(crate) fn holds_nul(request: &ServiceRequest) -> bool {
    request.uri().path().contains("%00") || request.query_string().contains("%00")
}

/// Made here, inside the request's span, so that the body names the trace.
fn rendered(error: ApiError) -> Error {
    let response = error.error_response();
    InternalError::from_response(error, response).into()
}

/// Errors of the framework are plain text, and those of libraries may tell what nobody outside should read.
fn in_our_form(response: ServiceResponse) -> ServiceResponse {
    let plain = || {
        let kind = response.headers().get(CONTENT_TYPE).and_then(|v| v.to_str().ok());
        kind.is_none_or(|kind| kind.starts_with("text/plain"))
    };
    let Some(error) = response.response().error().filter(|_| plain()) else { return response };
    let ours = ApiError::of_framework(response.status(), error).error_response();
    response.into_response(ours)
}

/// The methods HTTP defines; a label for every word that somebody sends would fill the memory.
pub(crate) fn method_label(method: &Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "POST" => "POST",
        "PUT" => "PUT",
        "PATCH" => "PATCH",
        "DELETE" => "DELETE",
        "HEAD" => "HEAD",
        "OPTIONS" => "OPTIONS",
        _ => "OTHER",
    }
}

fn record(service: &'static str, seen: Seen, status: u16, took: Duration) {
    let labels = [
        ("service", schema_name(service)),
        ("method", seen.method.to_owned()),
        ("route", seen.route.0),
        ("status", status.to_string()),
    ];
    metrics::counter!("http_requests_total", &labels).increment(1);
    metrics::histogram!("http_request_duration_seconds", &labels).record(took.as_secs_f64());
}

/// The addresses of a service with their methods: tells "not here" from "not like this".
#[derive(Debug, Clone)]
pub(crate) struct Addresses(Arc<[(ResourceDef, String)]>);

impl Addresses {
    pub(crate) fn of(document: &OpenApi, base_path: &str) -> Self {
        let address = |(path, item): (&String, &PathItem)| {
            (ResourceDef::new(format!("{base_path}{path}")), allowed(item))
        };
        Self(document.paths.paths.iter().map(address).collect())
    }

    /// The answer to a request that no route took.
    pub(crate) fn refuse(&self, path: &str) -> HttpResponse {
        let here = self.0.iter().find(|(address, _)| address.is_match(path));
        match here {
            Some((_, allow)) => ApiError::method_not_allowed(allow).error_response(),
            None => ApiError::not_found("this address").error_response(),
        }
    }
}

fn allowed(item: &PathItem) -> String {
    let methods = [
        ("GET", item.get.is_some()),
        ("POST", item.post.is_some()),
        ("PUT", item.put.is_some()),
        ("PATCH", item.patch.is_some()),
        ("DELETE", item.delete.is_some()),
    ];
    let names: Vec<&str> = methods.iter().filter(|(_, there)| *there).map(|(name, _)| *name).collect();
    names.join(", ")
}
