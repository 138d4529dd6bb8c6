use std::sync::{Arc, Mutex};

use opentelemetry::trace::TracerProvider;
use storage::{DatabaseTransaction, trace_context::current_traceparent};
use tracing::Instrument;
use tracing_subscriber::layer::SubscriberExt;

use crate::support::*;

/// Publishes a further event from within the handler.
struct Chain {
    seen: Arc<Mutex<Vec<(i64, String)>>>,
}

#[async_trait::async_trait]
impl events::Handler<Counted> for Chain {
    async fn handle(
        &self,
        tx: &DatabaseTransaction,
        event: events::Delivered<Counted>,
    ) -> Result<(), events::HandlerError> {
        self.seen.lock().unwrap().push((event.data.n, current_traceparent().unwrap_or_default()));
        if event.data.n < 3 {
            events::publish(tx, &event.tenant, &event.key, &Counted { n: event.data.n + 1 }).await?;
        }
        Ok(())
    }
}

#[tokio::test]
async fn one_trace_goes_through_outbox_transport_consumer_and_the_next_outbox() {
    let provider = opentelemetry_sdk::trace::SdkTracerProvider::builder().build();
    let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("test"));
    // For the other tests too: whether a span is recorded is remembered for the whole process.
    tracing::subscriber::set_global_default(tracing_subscriber::registry().with(layer)).unwrap();
    for kind in [Kind::Postgres, Kind::Rabbit] {
        let world = World::new(kind).await;
        let seen: Arc<Mutex<Vec<(i64, String)>>> = Arc::default();
        let consumer = events::Consumer::typed::<Counted, _>("chain", Arc::new(Chain { seen: seen.clone() }));
        events::declare(world.transport.as_ref(), &[consumer.spec()]).await.unwrap();
        let running = world.run(&world.producer, vec![consumer]);
        let asked = async {
            world.publish("k", 1).await;
            current_traceparent().expect("a trace")
        }
        .instrument(tracing::info_span!("request"))
        .await;
        testkit::wait_until("three hops", LIMIT, || seen.lock().unwrap().len() == 3).await;
        running.stop().await;
        for (n, traceparent) in seen.lock().unwrap().iter() {
            assert_eq!(traceparent.get(..35), asked.get(..35), "hop {n} over {kind:?}");
        }
    }
}
