//! One connection that is made when it is needed and made anew when it is gone.

use std::{sync::Arc, time::Duration};

use anyhow::{Context, anyhow};
use lapin::{Channel, Connection, ConnectionProperties, tcp::OwnedTLSConfig, uri::AMQPUri};
use secrecy::{ExposeSecret, SecretString};
use tokio::{sync::Mutex, time::timeout};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// A dead peer is noticed after two of these.
const HEARTBEAT_SECONDS: u16 = 10;

pub(super) struct Link {
    uri: AMQPUri,
    ca: Option<String>,
    name: &'static str,
    current: Mutex<Option<Arc<Connection>>>,
}

impl Link {
    pub(super) fn new(url: &SecretString, ca: Option<String>, name: &'static str) -> anyhow::Result<Self> {
        let mut uri: AMQPUri = url.expose_secret().parse().map_err(|error: String| {
            anyhow!("amqp_url is not an AMQP URL (amqp://user:password@host:port/vhost): {error}")
        })?;
        if uri.query.heartbeat.is_none() {
            uri.query.heartbeat = Some(HEARTBEAT_SECONDS);
        }
        Ok(Self { uri, ca, name, current: Mutex::new(None) })
    }

    /// A new channel, over a new connection when the old one is gone. One caller connects, the others wait for it.
    pub(super) async fn channel(&self) -> anyhow::Result<Channel> {
        let mut current = self.current.lock().await;
        if let Some(connection) = current.as_ref().filter(|c| c.status().connected()) {
            // A connection can die unseen between the check and the call: then it is made anew below.
            if let Ok(Ok(channel)) = timeout(CONNECT_TIMEOUT, connection.create_channel()).await {
                return Ok(channel);
            }
        }
        *current = None;
        let connection = timeout(CONNECT_TIMEOUT, self.connect())
            .await
            .map_err(|_| anyhow!("RabbitMQ did not answer within {CONNECT_TIMEOUT:?}"))?
            .context("RabbitMQ cannot be reached")?;
        let channel = timeout(CONNECT_TIMEOUT, connection.create_channel())
            .await
            .map_err(|_| anyhow!("RabbitMQ did not open a channel within {CONNECT_TIMEOUT:?}"))??;
        tracing::info!(connection = self.name, "connected to RabbitMQ");
        *current = Some(Arc::new(connection));
        Ok(channel)
    }

    async fn connect(&self) -> lapin::Result<Connection> {
        let properties = ConnectionProperties::default().with_connection_name(self.name.into());
        let tls = OwnedTLSConfig { identity: None, cert_chain: self.ca.clone() };
        Connection::connect_uri_with_config(
            self.uri.clone(),
            properties,
            tls,
            lapin::runtime::default_runtime()?,
        )
        .await
    }
}
