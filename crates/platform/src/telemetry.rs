//! Logs as JSON lines, traces by OTLP, metrics for Prometheus. The only place that knows OpenTelemetry's setup.

mod line;

use std::{path::Path, sync::OnceLock};

use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use opentelemetry::trace::{TraceContextExt, TracerProvider};
use opentelemetry_otlp::{SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::{Resource, propagation::TraceContextPropagator, trace::SdkTracerProvider};
use tracing::Level;
use tracing_opentelemetry::OpenTelemetrySpanExt;
use tracing_subscriber::{
    EnvFilter, Layer, Registry,
    filter::{FilterExt, filter_fn},
    layer::SubscriberExt,
    util::SubscriberInitExt,
};

use crate::config::{CommonConfig, SECTIONS};

static METRICS: OnceLock<PrometheusHandle> = OnceLock::new();

/// Buckets of every duration, in seconds: from a look-up to a bulk import.
const SECONDS: &[f64] =
    &[0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0];

/// Crates of this workspace that are no service.
const OWN_CRATES: &[&str] = &[
    "bank_formats",
    "events",
    "g2p_connect",
    "g2p_crypto",
    "jobs",
    "linkage",
    "money",
    "openg2p",
    "pages",
    "platform",
    "storage",
];

/// Keeps the trace exporter alive; call [`Telemetry::shutdown`] before the process ends.
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
    // The trace exporter has an HTTP client of its own.
    crate::init_crypto();
    init_metrics()?;
    opentelemetry::global::set_text_map_propagator(TraceContextPropagator::new());
    let filter = EnvFilter::try_new(&config.log_level).unwrap_or_else(|_| EnvFilter::new("info"));
    let filter = filter.and(filter_fn(|metadata| may_be_logged(metadata.target(), *metadata.level())));
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
        let json = tracing_subscriber::fmt::format()
            .json()
            .flatten_event(true)
            .with_current_span(true)
            .with_span_list(false);
        format.json().event_format(line::Traced(json)).with_filter(filter).boxed()
    };
    let traces = config.otlp_endpoint.as_deref();
    let traces = traces.map(|endpoint| exporter(service, endpoint, config.ca_file.as_deref())).transpose()?;
    // Without an exporter the provider still makes trace ids, so that logs can be followed.
    let provider = traces.unwrap_or_else(|| SdkTracerProvider::builder().build());
    let tracer = provider.tracer("openg2p");
    let spans = tracing_opentelemetry::layer()
        .with_tracer(tracer)
        .with_filter(filter_fn(|m| *m.level() <= Level::INFO && !is_chatty(m.target())));
    // In tests several services share a process: the first set-up stays.
    let _ = tracing_subscriber::registry().with(logs).with(spans).try_init();
    Ok(Telemetry { traces: Some(provider) })
}

/// What libraries say below `info` shows requests, rows and messages: no setting lets it through. Of the chatty ones
/// only warnings are wanted.
fn may_be_logged(target: &str, level: Level) -> bool {
    let krate = target.split("::").next().unwrap_or_default();
    let own = OWN_CRATES.contains(&krate) || SECTIONS.contains(&krate);
    own || level <= if is_chatty(target) { Level::WARN } else { Level::INFO }
}

fn is_chatty(target: &str) -> bool {
    let krate = target.split("::").next().unwrap_or_default();
    ["h2", "hyper", "hyper_util", "lapin", "reqwest", "sqlx"].contains(&krate)
        || krate.starts_with("opentelemetry")
}

/// Replaces the message of a panic, which may quote a value, by the place where it happened. For programs; tests want
/// the message.
pub fn hide_panic_messages() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(place, "a bug: the code panicked");
    }));
}

fn exporter(service: &str, endpoint: &str, ca_file: Option<&Path>) -> anyhow::Result<SdkTracerProvider> {
    let tls = crate::http_client::tls_config(ca_file)?;
    // The exporter's thread has no runtime, and a blocking client cannot be made inside of one.
    let client = std::thread::spawn(move || {
        let timeout = std::time::Duration::from_secs(5);
        reqwest::blocking::Client::builder()
            .no_proxy()
            .timeout(timeout)
            .tls_backend_preconfigured(tls)
            .build()
    });
    let client =
        client.join().map_err(|_| anyhow::anyhow!("the trace exporter's client cannot be made"))??;
    let exporter = SpanExporter::builder()
        .with_http()
        .with_http_client(client)
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
    let recorder = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), SECONDS)?
        .build_recorder();
    let handle = recorder.handle();
    if METRICS.set(handle).is_ok() {
        // Fails only when somebody else installed a recorder, as a test may.
        let _ = metrics::set_global_recorder(recorder);
        describe();
    }
    Ok(())
}

fn describe() {
    use metrics::{describe_counter, describe_gauge, describe_histogram};
    describe_counter!("http_requests_total", "Requests answered, by route pattern, method and status.");
    describe_histogram!("http_request_duration_seconds", "Time to the head of the answer.");
    describe_counter!(
        "http_panics_total",
        "Requests answered 500 because a handler panicked: each is a bug."
    );
    describe_counter!("partner_refused_total", "Partner messages refused before any work, by why.");
    describe_counter!("partner_unsigned_total", "Unsigned messages taken from compat partners.");
    describe_counter!("oidc_keys_failed_total", "Failed attempts to renew the token issuer's keys.");
    describe_gauge!("build_info", "1 for each service of the process, with its version.");
    describe_gauge!("worker_failed", "1 when background work ended although the service did not.");
}

/// Sorts the samples that histograms have collected into their buckets. Without it they pile up between scrapes, and
/// for ever when nobody scrapes.
pub(crate) fn upkeep_metrics() {
    if let Some(handle) = METRICS.get() {
        handle.run_upkeep();
    }
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

#[cfg(test)]
mod tests {
    use opentelemetry::trace::{Tracer, TracerProvider};
    use testkit::{HttpsServer, TestCa};

    use super::exporter;

    #[tokio::test(flavor = "multi_thread")]
    async fn traces_go_over_https_to_a_collector_that_ca_file_vouches_for() -> anyhow::Result<()> {
        crate::init_crypto();
        let (ca, file) = (TestCa::new(), tempfile::NamedTempFile::new()?);
        ca.write_to(file.path());
        let collector = HttpsServer::start(&ca.certify("127.0.0.1"));
        let export = |ca_file: Option<&std::path::Path>| {
            let endpoint = format!("https://127.0.0.1:{}", collector.port());
            let provider = exporter("toy-shop", &endpoint, ca_file)?;
            provider.tracer("test").in_span("a", |_| {});
            anyhow::Ok(provider.force_flush()?)
        };
        tokio::task::block_in_place(|| {
            assert!(export(None).is_err(), "nobody knows the authority");
            assert_eq!(collector.seen(), [""; 0]);
            export(Some(file.path()))
        })?;
        assert_eq!(collector.seen(), ["POST /v1/traces HTTP/1.1"]);
        Ok(())
    }
}
