//! Publishing with confirms.

use std::{
    collections::HashSet,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use futures_util::future::join_all;
use lapin::{
    BasicProperties, Channel, Confirmation, PublisherConfirm,
    options::{BasicPublishOptions, ConfirmSelectOptions},
    types::ShortString,
};
use tokio::time::{Instant, timeout_at};

use super::{connection::Link, topology, topology::Names};
use crate::{Outgoing, PublishOutcome};

/// How long the broker may take for a batch; what it has not confirmed by then is published again.
const CONFIRM_TIMEOUT: Duration = Duration::from_secs(15);

pub(super) struct Publisher {
    link: Link,
    names: Names,
    /// Channels in confirm mode that nobody uses. A batch has a channel for itself: lapin hands a returned message to
    /// whichever confirmation comes next on the channel, so returns can only be told apart within one batch.
    idle: Mutex<Vec<Channel>>,
}

impl Publisher {
    pub(super) fn new(link: Link, names: Names) -> Self {
        Self { link, names, idle: Mutex::new(Vec::new()) }
    }

    pub(super) async fn publish(&self, messages: &[Outgoing]) -> Vec<PublishOutcome> {
        let deadline = Instant::now() + CONFIRM_TIMEOUT;
        let channel = match self.take().await {
            Ok(channel) => channel,
            Err(error) => return vec![PublishOutcome::Unavailable(format!("{error:#}")); messages.len()],
        };
        let mut sent = Vec::with_capacity(messages.len());
        for message in messages {
            sent.push(self.send(&channel, message, deadline).await);
            if sent.last().is_some_and(Result::is_err) {
                break;
            }
        }
        let answers = join_all(sent.into_iter().map(|sent| async move {
            match timeout_at(deadline, sent?).await {
                Ok(answer) => answer.map_err(|error| error.to_string()),
                Err(_) => Err(format!("RabbitMQ did not confirm within {CONFIRM_TIMEOUT:?}")),
            }
        }))
        .await;
        let clean = answers.len() == messages.len() && answers.iter().all(Result::is_ok);
        let outcomes = judge(messages, answers);
        if clean {
            self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(channel);
        }
        outcomes
    }

    async fn take(&self) -> anyhow::Result<Channel> {
        loop {
            let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
            match idle {
                Some(channel) if channel.status().connected() => return Ok(channel),
                Some(_) => {}
                None => break,
            }
        }
        let channel = self.link.channel().await?;
        topology::declare_base(&channel, &self.names).await?;
        channel.confirm_select(ConfirmSelectOptions::default()).await?;
        Ok(channel)
    }

    async fn send(
        &self,
        channel: &Channel,
        message: &Outgoing,
        deadline: Instant,
    ) -> Result<PublisherConfirm, String> {
        let options = BasicPublishOptions { mandatory: true, ..BasicPublishOptions::default() };
        let properties = BasicProperties::default()
            .with_delivery_mode(2)
            .with_message_id(message.id.to_string().into())
            .with_type(short(&message.topic))
            .with_content_type("application/cloudevents+json".into());
        let publish = channel.basic_publish(
            self.names.events().into(),
            short(&message.topic),
            options,
            &message.body,
            properties,
        );
        match timeout_at(deadline, publish).await {
            Ok(sent) => sent.map_err(|error| error.to_string()),
            Err(_) => Err(format!("RabbitMQ did not take the message within {CONFIRM_TIMEOUT:?}")),
        }
    }
}

fn short(text: &str) -> ShortString {
    text.into()
}

/// A confirmed message that came back is not published.
fn judge(messages: &[Outgoing], answers: Vec<Result<Confirmation, String>>) -> Vec<PublishOutcome> {
    let mut returned: HashSet<String> = HashSet::new();
    let mut outcomes: Vec<PublishOutcome> = answers
        .into_iter()
        .map(|answer| match answer {
            Ok(confirmation) => {
                let refused = confirmation.is_nack();
                let requested = confirmation != Confirmation::NotRequested;
                if let Some(message) = confirmation.take_message() {
                    let id = message.delivery.properties.message_id().as_ref().map(ToString::to_string);
                    returned.insert(id.unwrap_or_default());
                }
                match (requested, refused) {
                    (false, _) => PublishOutcome::Unavailable("the channel lost its confirm mode".to_owned()),
                    (true, true) => PublishOutcome::Refused("RabbitMQ refused the message (nack)".to_owned()),
                    (true, false) => PublishOutcome::Published,
                }
            }
            Err(reason) => PublishOutcome::Unavailable(reason),
        })
        .collect();
    // Not even sent, because the one before could not be.
    outcomes.resize(messages.len(), PublishOutcome::Unavailable("the channel to RabbitMQ broke".to_owned()));
    for (message, outcome) in messages.iter().zip(outcomes.iter_mut()) {
        if *outcome == PublishOutcome::Published && returned.contains(&message.id.to_string()) {
            *outcome = PublishOutcome::Unroutable;
        }
    }
    outcomes
}
