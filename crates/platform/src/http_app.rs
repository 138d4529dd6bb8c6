//! The HTTP application around a service's routes: traces, metrics, limits, documents, and errors for what is not there.

use std::time::{Duration, Instant};

use actix_web::{
    App, Error, ResponseError,
    body::MessageBody,
    dev::{Service as _, ServiceFactory, ServiceRequest, ServiceResponse},
    http::header::HeaderMap,
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

use crate::{ApiError, Authenticator, body::BodyLimit, service::Service, signed::SignedSettings};

/// What each worker's application shares.
#[derive(Debug, Clone)]
pub(crate) struct Shared {
    pub(crate) authenticator: Authenticator,
    pub(crate) signed: SignedSettings,
    pub(crate) body_limit: BodyLimit,
    pub(crate) base_path: String,
    pub(crate) timeout: Duration,
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

#[expect(clippy::needless_pass_by_value, reason = "the returned application must not borrow it")]
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
    let timeout = shared.timeout;
    let base = shared.base_path.as_str();
    let (app, mut document) = App::new()
        .into_utoipa_app()
        .openapi(base_document::<S>())
        .service(utoipa_actix_web::scope(base).configure(S::routes))
        .split_for_parts();
    document.servers = (!base.is_empty()).then(|| vec![utoipa::openapi::Server::new(base)]);
    app.app_data(state)
        .app_data(web::Data::new(shared.authenticator.clone()))
        .app_data(web::Data::new(shared.signed.clone()))
        .app_data(web::Data::new(shared.body_limit))
        .app_data(web::QueryConfig::default().error_handler(|_, _| {
            ApiError::bad_request("invalid_query", "a query parameter is missing or of the wrong type").into()
        }))
        .app_data(web::PathConfig::default().error_handler(|_, _| ApiError::not_found("this address").into()))
        .service(
            SwaggerUi::new(format!("{base}/docs/{{_:.*}}")).url(format!("{base}/openapi.json"), document),
        )
        .default_service(web::to(|| async { ApiError::not_found("this address").error_response() }))
        .wrap_fn(move |request, service| {
            let started = Instant::now();
            let method = request.method().to_string();
            let call = service.call(request);
            async move {
                let outcome = match tokio::time::timeout(timeout, call).await {
                    Ok(outcome) => outcome,
                    Err(_) => {
                        Err(ApiError::unavailable("the request took longer than its time limit").into())
                    }
                };
                let (route, status) = match &outcome {
                    Ok(response) => {
                        (response.request().match_pattern().unwrap_or_default(), response.status().as_u16())
                    }
                    Err(error) => (String::new(), error.as_response_error().status_code().as_u16()),
                };
                record(S::NAME, method, route, status, started.elapsed());
                outcome
            }
        })
        .wrap(Compress::default())
        .wrap(TracingLogger::<Spans<S>>::new())
}

fn record(service: &'static str, method: String, route: String, status: u16, took: Duration) {
    let labels = [
        ("service", service.to_owned()),
        ("method", method),
        ("route", route),
        ("status", status.to_string()),
    ];
    metrics::counter!("http_requests_total", &labels).increment(1);
    metrics::histogram!("http_request_duration_seconds", &labels).record(took.as_secs_f64());
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
        let route = request.match_pattern().unwrap_or_else(|| "unmatched".to_owned());
        let span = tracing::info_span!(
            "request",
            service = S::NAME,
            otel.name = %format!("{} {route}", request.method()),
            otel.kind = "server",
            http.request.method = %request.method(),
            http.route = %route,
            http.response.status_code = tracing::field::Empty,
            otel.status_code = tracing::field::Empty,
        );
        let parent =
            opentelemetry::global::get_text_map_propagator(|p| p.extract(&Headers(request.headers())));
        let _ = span.set_parent(parent);
        span
    }

    fn on_request_end<B: MessageBody>(span: Span, outcome: &Result<ServiceResponse<B>, Error>) {
        let status = match outcome {
            Ok(response) => response.status(),
            Err(error) => error.as_response_error().status_code(),
        };
        span.record("http.response.status_code", status.as_u16());
        if status.is_server_error() {
            span.record("otel.status_code", "ERROR");
        }
    }
}
