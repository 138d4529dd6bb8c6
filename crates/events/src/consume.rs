//! Transport to handlers: one task for each consumer.

use std::{sync::Arc, time::Duration};

use storage::StoreResult;
use tokio::time::sleep;

use crate::{
    Incoming, Options, Settlement, Subscription, Transport, apply::Applier, dead_letter::bury_bytes,
    envelope::Envelope, metrics,
};

/// A message handed out this often without an answer may be what kills the process: it is parked before it is tried,
/// so that the attempts are counted.
const SUSPICIOUS: u32 = 3;

/// Consumes until the applier's `stop`.
pub(crate) async fn consume(transport: Arc<dyn Transport>, applier: Applier, options: Options) {
    let name = applier.consumer.name().to_owned();
    let spec = applier.consumer.spec();
    let mut failures = 0u32;
    while !applier.stop.is_cancelled() {
        let outcome = match transport.subscribe(&spec).await {
            Ok(mut subscription) => {
                let outcome = receive(subscription.as_mut(), &applier, &options, &mut failures).await;
                subscription.close().await;
                outcome
            }
            Err(error) => Err(error),
        };
        if let Err(error) = outcome {
            failures = failures.saturating_add(1);
            tracing::warn!(consumer = name, transport = transport.name(), error = %error, failures, "receiving events is interrupted");
            let delay =
                Duration::from_millis(200).saturating_mul(1 << failures.clamp(1, 6).saturating_sub(1));
            tokio::select! {
                () = applier.stop.cancelled() => {}
                () = sleep(delay.min(Duration::from_secs(5))) => {}
            }
        }
    }
}

async fn receive(
    subscription: &mut dyn Subscription,
    applier: &Applier,
    options: &Options,
    failures: &mut u32,
) -> anyhow::Result<()> {
    while !applier.stop.is_cancelled() {
        let batch = subscription.next_batch(options.consumer_batch, &applier.stop).await?;
        *failures = 0;
        let answers = deal_with(applier, batch).await;
        if !answers.is_empty() {
            subscription.settle(answers).await?;
        }
    }
    Ok(())
}

/// Answers for all messages of a batch. Nothing is acknowledged that is not committed.
async fn deal_with(applier: &Applier, batch: Vec<Incoming>) -> Vec<(Incoming, Settlement)> {
    let mut answers = Vec::with_capacity(batch.len());
    let (mut messages, mut events) = (Vec::new(), Vec::new());
    for incoming in batch {
        match Envelope::parse(&incoming.body) {
            Ok(event) if incoming.redeliveries >= SUSPICIOUS => {
                let settlement =
                    if park_first(applier, &event).await { Settlement::Ack } else { Settlement::Requeue };
                answers.push((incoming, settlement));
            }
            Ok(event) => {
                messages.push(incoming);
                events.push(event);
            }
            Err(error) => {
                let settlement = if keep_bytes(applier, &incoming, &error).await {
                    Settlement::Reject
                } else {
                    Settlement::Requeue
                };
                answers.push((incoming, settlement));
            }
        }
    }
    let done = applier.apply(&events).await;
    for (index, message) in messages.into_iter().enumerate() {
        answers.push((message, if index < done { Settlement::Ack } else { Settlement::Requeue }));
    }
    answers
}

async fn park_first(applier: &Applier, event: &Envelope) -> bool {
    let parked: StoreResult<()> = async {
        let tx = applier.db.begin().await?;
        applier.park(&tx, event, 0, Duration::ZERO, "was handed out several times without an answer").await?;
        Ok(tx.commit().await?)
    }
    .await;
    parked.is_ok()
}

async fn keep_bytes(applier: &Applier, incoming: &Incoming, error: &str) -> bool {
    let consumer = applier.consumer.name();
    tracing::error!(
        consumer,
        error,
        bytes = incoming.body.len(),
        "a message is not an event; it became a dead letter"
    );
    metrics::handled(&applier.db, consumer, "undecodable", 1);
    bury_bytes(applier.db.conn(), consumer, &incoming.body, error).await.is_ok()
}
