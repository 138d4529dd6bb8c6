use std::sync::{Arc, Mutex};

use futures_util::FutureExt;
use jobs::{NewJob, Next};
use opentelemetry::trace::TracerProvider;
use storage::trace_context::current_traceparent;
use tracing::Instrument;
use tracing_subscriber::layer::SubscriberExt;

use crate::support::*;

#[tokio::test]
async fn a_job_runs_in_the_trace_that_asked_for_it() {
    let provider = opentelemetry_sdk::trace::SdkTracerProvider::builder().build();
    let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("test"));
    // For the other tests too: whether a span is recorded is remembered for the whole process.
    tracing::subscriber::set_global_default(tracing_subscriber::registry().with(layer)).unwrap();

    let (_test, db) = database().await;
    let inner = db.clone();
    let asked = async move {
        jobs::enqueue(inner.conn(), NewJob::new("k", &())).await.unwrap();
        current_traceparent().expect("a trace")
    }
    .instrument(tracing::info_span!("request"))
    .await;

    let seen = Arc::new(Mutex::new(None));
    let slot = seen.clone();
    let worker = worker("k", move |_| {
        let slot = slot.clone();
        async move {
            *slot.lock().unwrap() = current_traceparent();
            Ok(Next::Done)
        }
        .boxed()
    });
    jobs::run_until_idle(&db, vec![worker]).await.unwrap();
    let seen = seen.lock().unwrap().clone().expect("the handler has a trace");
    assert_eq!(seen[..35], asked[..35], "the same trace id");
    assert_ne!(seen, asked, "in a span of its own");
}
