//! A collector of traces (OTLP over HTTP, protobuf), which remembers what it received.

use std::collections::BTreeMap;

use opentelemetry_proto::tonic::{
    collector::trace::v1::ExportTraceServiceRequest,
    common::v1::{KeyValue, any_value::Value},
};
use prost::Message;
use wiremock::{
    Mock, MockServer, ResponseTemplate,
    matchers::{method, path},
};

/// A span as it arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpanSeen {
    /// 32 hexadecimal digits.
    pub trace_id: String,
    /// 16 hexadecimal digits.
    pub span_id: String,
    /// 16 hexadecimal digits; empty for a root.
    pub parent_id: String,
    /// Name.
    pub name: String,
    /// `service.name` of the sender, or the span's own `service`, which tells services of one process apart.
    pub service: String,
    /// Attributes that are texts.
    pub attributes: BTreeMap<String, String>,
}

/// The running collector. The first service started in a process decides where its traces go: give such a test a test
/// binary of its own, or start the real program.
pub struct OtlpReceiver {
    server: MockServer,
}

impl OtlpReceiver {
    /// Starts it on a free port.
    pub async fn start() -> Self {
        let server = MockServer::start().await;
        let answer = ResponseTemplate::new(200).set_body_raw(Vec::new(), "application/x-protobuf");
        Mock::given(method("POST")).and(path("/v1/traces")).respond_with(answer).mount(&server).await;
        Self { server }
    }

    /// What goes into `otlp_endpoint`.
    #[must_use]
    pub fn endpoint(&self) -> String {
        self.server.uri()
    }

    /// All spans received so far. Senders batch: poll with [`crate::wait_for`].
    ///
    /// # Panics
    /// When something else than a trace export arrived.
    pub async fn spans(&self) -> Vec<SpanSeen> {
        let requests = self.server.received_requests().await.expect("requests are recorded");
        let exports = requests
            .iter()
            .map(|request| ExportTraceServiceRequest::decode(&*request.body).expect("a trace export"));
        let mut spans = Vec::new();
        for resource_spans in exports.flat_map(|export| export.resource_spans) {
            let resource = texts(&resource_spans.resource.unwrap_or_default().attributes);
            let service = resource.get("service.name").cloned().unwrap_or_default();
            for span in resource_spans.scope_spans.into_iter().flat_map(|scope| scope.spans) {
                let attributes = texts(&span.attributes);
                spans.push(SpanSeen {
                    trace_id: hex(&span.trace_id),
                    span_id: hex(&span.span_id),
                    parent_id: hex(&span.parent_span_id),
                    name: span.name,
                    service: attributes.get("service").unwrap_or(&service).clone(),
                    attributes,
                });
            }
        }
        spans
    }
}

fn texts(attributes: &[KeyValue]) -> BTreeMap<String, String> {
    let text = |kv: &KeyValue| match kv.value.as_ref()?.value.as_ref()? {
        Value::StringValue(text) => Some((kv.key.clone(), text.clone())),
        _ => None,
    };
    attributes.iter().filter_map(text).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
