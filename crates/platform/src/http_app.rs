//! The HTTP application around a service's routes: traces, limits, documents, and errors for what is not there.

use actix_web::{
    App, Error, HttpMessage, HttpRequest, ResponseError,
    body::MessageBody,
    dev::{Service as _, ServiceFactory, ServiceRequest, ServiceResponse},
    http::{StatusCode, header::HeaderMap},
    middleware::Compress,
    web,
};
use opentelemetry::propagation::Extractor;
use tracing::Span;
use tracing_actix_web::{RootSpanBuilder, TracingLogger};
use tracing_opentelemetry::OpenTelemetrySpanExt;
use utoipa::openapi::{
    OpenApi,
    security::{Http, HttpAuthScheme, SecurityScheme},
};
use utoipa_actix_web::AppExt;
use utoipa_swagger_ui::SwaggerUi;

use crate::{
    ApiError, Authenticator,
    body::BodyLimit,
    http_guard::{Addresses, Guard, Route, Seen, Upload, holds_nul, method_label},
    origin::TrustedProxies,
    service::Service,
    signed::SignedSettings,
};

/// What each worker's application shares.
#[derive(Debug, Clone)]
pub(crate) struct Shared {
    pub(crate) authenticator: Authenticator,
    pub(crate) signed: SignedSettings,
    pub(crate) body_limit: BodyLimit,
    pub(crate) proxies: TrustedProxies,
    pub(crate) base_path: String,
    pub(crate) guard: Guard,
}

fn base_document<S: Service>() -> OpenApi {
    let mut document = OpenApi::default();
    document.info.title = S::TITLE.to_owned();
    document.info.version = env!("CARGO_PKG_VERSION").to_owned();
    document.info.license =
        Some(utoipa::openapi::LicenseBuilder::new().name("MPL-2.0").identifier(Some("MPL-2.0")).build());
    let components = document.components.get_or_insert_default();
    components.add_security_scheme("bearer", SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer)));
    document
}

/// The OpenAPI document of a service, made from its routes.
#[must_use]
pub fn openapi<S: Service>() -> OpenApi {
    App::new()
        .into_utoipa_app()
        .openapi(base_document::<S>())
        .service(utoipa_actix_web::scope("").configure(S::routes))
        .split_for_parts()
        .1
}

pub(crate) fn app<S: Service>(
    shared: Shared,
    state: web::Data<S::State>,
) -> App<
    impl ServiceFactory<
        ServiceRequest,
        Config = (),
        Response = ServiceResponse<impl MessageBody>,
        Error = Error,
        InitError = (),
    >,
> {
    let base = shared.base_path.as_str();
    let mut document = openapi::<S>();
    let addresses = Addresses::of(&document, base);
    document.servers = (!base.is_empty()).then(|| vec![utoipa::openapi::Server::new(base)]);
    let documents =
        SwaggerUi::new(format!("{base}/docs/{{_:.*}}")).url(format!("{base}/openapi.json"), document);
    let guard = shared.guard;
    App::new()
        .app_data(state)
        .app_data(web::Data::new(shared.authenticator))
        .app_data(web::Data::new(shared.signed))
        .app_data(web::Data::new(shared.body_limit))
        .app_data(web::Data::new(shared.proxies))
        .configure(|config| limits(config, shared.body_limit.0))
        // Before the routes: a scope takes every address below it, also those it does not have.
        .service(documents)
        .into_utoipa_app()
        .service(utoipa_actix_web::scope(base).configure(S::routes))
        .into_app()
        .default_service(web::to(move |request: HttpRequest| {
            std::future::ready(addresses.refuse(request.path()))
        }))
        .wrap_fn(move |mut request, service| {
            let (seen, upload) = (Seen::of(&request), Upload::of(&mut request));
            let call = (!holds_nul(&request)).then(|| service.call(request));
            guard.clone().run(seen, upload, call)
        })
        .wrap(Compress::default())
        .wrap(TracingLogger::<Spans<S>>::new())
}

/// Limits and errors of actix's own extractors, where a service uses them.
fn limits(config: &mut web::ServiceConfig, body: usize) {
    let wrong_body = || ApiError::bad_request("invalid_body", "the body is not what this operation takes");
    config
        .app_data(web::QueryConfig::default().error_handler(|_, _| {
            ApiError::bad_request("invalid_query", "a query parameter is missing or of the wrong type").into()
        }))
        .app_data(web::PathConfig::default().error_handler(|_, _| ApiError::not_found("this address").into()))
        .app_data(web::PayloadConfig::new(body))
        .app_data(
            web::JsonConfig::default()
                .limit(body)
                .error_handler(move |error, _| of_body(error.status_code(), wrong_body).into()),
        )
        .app_data(
            web::FormConfig::default()
                .limit(body)
                .error_handler(move |error, _| of_body(error.status_code(), wrong_body).into()),
        );
}

fn of_body(status: StatusCode, wrong: impl Fn() -> ApiError) -> ApiError {
    if status == StatusCode::BAD_REQUEST { wrong() } else { ApiError::of_framework(status, "an extractor") }
}

/// One span a request: the route pattern, never the path, which might hold an id; the trace of the caller goes on.
struct Spans<S>(std::marker::PhantomData<S>);

struct Headers<'a>(&'a HeaderMap);

impl Extractor for Headers<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key).and_then(|value| value.to_str().ok())
    }

    fn keys(&self) -> Vec<&str> {
        self.0.keys().map(actix_web::http::header::HeaderName::as_str).collect()
    }
}

impl<S: Service> RootSpanBuilder for Spans<S> {
    fn on_request_start(request: &ServiceRequest) -> Span {
        let pattern = request.match_pattern().unwrap_or_default();
        let route = if pattern.is_empty() { "unmatched" } else { pattern.as_str() };
        let method = method_label(request.method());
        let span = tracing::info_span!(
            "request",
            service = S::NAME,
            otel.name = %format!("{method} {route}"),
            otel.kind = "server",
            http.request.method = method,
            http.route = %route,
            http.response.status_code = tracing::field::Empty,
            otel.status_code = tracing::field::Empty,
        );
        let parent =
            opentelemetry::global::get_text_map_propagator(|p| p.extract(&Headers(request.headers())));
        let _ = span.set_parent(parent);
        request.extensions_mut().insert(Route(pattern));
        span
    }

    fn on_request_end<B: MessageBody>(span: Span, outcome: &Result<ServiceResponse<B>, Error>) {
        let status = match outcome {
            Ok(response) => response.status(),
            Err(error) => error.as_response_error().status_code(),
        };
        span.record("http.response.status_code", status.as_u16());
        span.in_scope(|| tracing::debug!("answered"));
        if status.is_server_error() {
            span.record("otel.status_code", "ERROR");
        }
    }
}
