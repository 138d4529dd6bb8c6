//! Logs as JSON lines, traces by OTLP, metrics for Prometheus. The only place that knows OpenTelemetry's setup.

use std::sync::OnceLock;

use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use opentelemetry::trace::{TraceContextExt, TracerProvider};
use opentelemetry_otlp::{SpanExporter, WithExportConfig};
use opentelemetry_sdk::{Resource, propagation::TraceContextPropagator, trace::SdkTracerProvider};
use tracing_opentelemetry::OpenTelemetrySpanExt;
use tracing_subscriber::{EnvFilter, Layer, Registry, layer::SubscriberExt, util::SubscriberInitExt};

use crate::config::CommonConfig;

static METRICS: OnceLock<PrometheusHandle> = OnceLock::new();

/// Keeps the trace exporter alive; `flush` before the process ends.
#[derive(Debug, Default)]
pub struct Telemetry {
    traces: Option<SdkTracerProvider>,
}

impl Telemetry {
    /// Sends the spans that are still buffered and stops the exporter.
    pub fn shutdown(&self) {
        if let Some(provider) = &self.traces
            && let Err(error) = provider.shutdown()
        {
            tracing::warn!(error = %error, "the trace exporter did not stop cleanly");
        }
    }
}

/// Where log lines go.
#[derive(Debug, Clone, Default)]
pub enum LogOutput {
    /// Standard error.
    #[default]
    Stderr,
    /// A file, appended to.
    File(std::path::PathBuf),
}

/// Sets up logs, traces and metrics for the process. A second call in one process (tests) changes nothing.
///
/// # Errors
/// When the log file cannot be opened or the OTLP endpoint is not an address.
pub fn init(service: &str, config: &CommonConfig, output: &LogOutput) -> anyhow::Result<Telemetry> {
    init_metrics()?;
    opentelemetry::global::set_text_map_propagator(TraceContextPropagator::new());
    let filter = EnvFilter::try_new(&config.log_level)
        .unwrap_or_else(|_| EnvFilter::new("info"))
        // Wire-level chatter of libraries shows request bodies at debug: never let it through.
        .add_directive("hyper=warn".parse()?)
        .add_directive("hyper_util=warn".parse()?)
        .add_directive("h2=warn".parse()?)
        .add_directive("reqwest=warn".parse()?)
        .add_directive("sqlx=warn".parse()?)
        .add_directive("lapin=warn".parse()?)
        .add_directive("opentelemetry=warn".parse()?)
        .add_directive("opentelemetry_sdk=warn".parse()?);
    let writer = match output {
        LogOutput::Stderr => tracing_subscriber::fmt::writer::BoxMakeWriter::new(std::io::stderr),
        LogOutput::File(path) => {
            let file = std::fs::OpenOptions::new().create(true).append(true).open(path)?;
            tracing_subscriber::fmt::writer::BoxMakeWriter::new(std::sync::Mutex::new(file))
        }
    };
    let format = tracing_subscriber::fmt::layer().with_writer(writer);
    let logs: Box<dyn Layer<Registry> + Send + Sync> = if config.log_format == "text" {
        format.with_ansi(false).with_filter(filter).boxed()
    } else {
        format
            .json()
            .flatten_event(true)
            .with_current_span(true)
            .with_span_list(false)
            .with_filter(filter)
            .boxed()
    };
    let traces = config.otlp_endpoint.as_deref().map(|endpoint| exporter(service, endpoint)).transpose()?;
    // Without an exporter the provider still makes trace ids, so that logs can be followed.
    let provider = traces.unwrap_or_else(|| SdkTracerProvider::builder().build());
    let tracer = provider.tracer("openg2p");
    let spans = tracing_opentelemetry::layer()
        .with_tracer(tracer)
        .with_filter(EnvFilter::new("info,hyper=off,reqwest=off,h2=off,lapin=off,sqlx=off"));
    // In tests several services share a process: the first set-up stays.
    let _ = tracing_subscriber::registry().with(logs).with(spans).try_init();
    Ok(Telemetry { traces: Some(provider) })
}

fn exporter(service: &str, endpoint: &str) -> anyhow::Result<SdkTracerProvider> {
    let exporter = SpanExporter::builder()
        .with_http()
        .with_endpoint(format!("{}/v1/traces", endpoint.trim_end_matches('/')))
        .with_timeout(std::time::Duration::from_secs(5))
        .build()?;
    Ok(SdkTracerProvider::builder()
        .with_batch_exporter(exporter)
        .with_resource(Resource::builder().with_service_name(service.to_owned()).build())
        .build())
}

fn init_metrics() -> anyhow::Result<()> {
    if METRICS.get().is_some() {
        return Ok(());
    }
    let recorder = PrometheusBuilder::new().build_recorder();
    let handle = recorder.handle();
    if METRICS.set(handle).is_ok() {
        // Fails only when somebody else installed a recorder, as a test may.
        let _ = metrics::set_global_recorder(recorder);
    }
    Ok(())
}

/// The metrics of the process in Prometheus' text format.
#[must_use]
pub fn render_metrics() -> String {
    METRICS.get().map(PrometheusHandle::render).unwrap_or_default()
}

/// Trace id of the current span, 32 hexadecimal digits.
#[must_use]
pub fn current_trace_id() -> Option<String> {
    let context = tracing::Span::current().context();
    let span = context.span();
    let id = span.span_context().trace_id();
    (id != opentelemetry::trace::TraceId::INVALID).then(|| id.to_string())
}
