//! Configuration: defaults in code < file (`--config`) < environment, with every unknown key an error that names it.
//!
//! A file has the common keys at the top and one section per service; a section may set any common key again:
//!
//! ```toml
//! database_url = "postgres://…"
//! [spar_mapper]
//! port = 8003
//! ```
//!
//! The environment says the same as `OPENG2P__DATABASE_URL` and `OPENG2P__SPAR_MAPPER__PORT`. A name that ends in
//! `_FILE` gives the path of a file that holds the value, as mounted secrets do.

mod sources;
mod validate;

use std::path::PathBuf;

use secrecy::SecretString;
use serde::Deserialize;

pub use sources::load;

/// The services whose sections a shared file may hold.
pub const SECTIONS: &[&str] = &[
    "social_registry",
    "pbms_beneficiary_registry",
    "spar_mapper",
    "spar_self_service",
    "g2p_bridge",
    "dedup",
    "example_bank",
];

/// Prefix of environment variables.
pub const ENV_PREFIX: &str = "OPENG2P__";

/// What every service can be told. Secrets never appear in `Debug`.
#[derive(Debug, Clone, Deserialize)]
#[serde(default)]
pub struct CommonConfig {
    /// Postgres URL.
    pub database_url: Option<SecretString>,
    /// Another role for `migrate`; `database_url` when absent.
    pub migrate_database_url: Option<SecretString>,
    /// Largest number of connections.
    pub database_max_connections: u32,
    /// disable, prefer, require, verify-ca, verify-full; what the URL says when absent.
    pub database_tls_mode: Option<String>,
    /// PEM file of authorities for Postgres.
    pub database_ca_file: Option<PathBuf>,
    /// RabbitMQ URL (`amqp://` or `amqps://`); events travel through Postgres when absent.
    pub amqp_url: Option<SecretString>,
    /// Prefix of exchange and queue names, to share a broker.
    pub amqp_prefix: String,
    /// PEM file of authorities for `amqps` and for outgoing HTTPS.
    pub ca_file: Option<PathBuf>,
    /// Address to listen on.
    pub host: String,
    /// Port; the admin port is this plus 1000. 0 picks a free one.
    pub port: u16,
    /// Path prefix of every route, for a proxy that keeps it.
    pub base_path: String,
    /// Addresses and networks (`10.0.0.0/8`) whose `X-Forwarded-*` headers are believed.
    pub trusted_proxies: Vec<String>,
    /// HTTP worker threads.
    pub http_workers: usize,
    /// Largest request body in bytes; uploads have limits of their own.
    pub max_body_bytes: usize,
    /// A request that takes longer is answered 503.
    pub request_timeout_seconds: u64,
    /// At the end, readiness is 503 for so long before the port closes: time for load balancers to notice.
    pub drain_delay_ms: u64,
    /// Time limit of each outgoing call.
    pub call_timeout_seconds: u64,
    /// What this process does: `http`, `worker` or both.
    pub roles: Vec<String>,
    /// Filter as of `RUST_LOG`.
    pub log_level: String,
    /// `json` or `text`.
    pub log_format: String,
    /// OTLP/HTTP endpoint of a collector, for example `http://127.0.0.1:4318`; no traces when absent.
    pub otlp_endpoint: Option<String>,
    /// Issuer of user tokens (OIDC); none accepted when absent.
    pub oidc_issuer: Option<String>,
    /// Audience that user tokens must name.
    pub oidc_audience: String,
    /// JWKS address; found through the issuer's discovery document when absent.
    pub oidc_jwks_url: Option<String>,
    /// PEM (PKCS#8) with the key this service signs with; a new one per start when absent (development only).
    pub signing_key: Option<SecretString>,
    /// Partner id under which peers know this service; its name in upper case when absent.
    pub partner_id: Option<String>,
    /// Admit unknown or unsigned callers as the compat partner `*`. Off in production.
    pub anonymous_partner: bool,
    /// Largest difference between a strict partner's `message_ts` and now.
    pub max_skew_seconds: i64,
    /// Seconds the service's clock runs ahead, for demos and tests.
    pub clock_offset_seconds: i64,
    /// Longest pause between looks for jobs and events, when no wake-up comes.
    pub poll_interval_ms: u64,
    /// A job whose worker says nothing for this long goes to another one.
    pub job_lease_seconds: u64,
    /// Run missing migrations at start.
    pub migrate_on_start: bool,
}

impl Default for CommonConfig {
    fn default() -> Self {
        Self {
            database_url: None,
            migrate_database_url: None,
            database_max_connections: 10,
            database_tls_mode: None,
            database_ca_file: None,
            amqp_url: None,
            amqp_prefix: "openg2p".to_owned(),
            ca_file: None,
            host: "127.0.0.1".to_owned(),
            port: 0,
            base_path: String::new(),
            trusted_proxies: Vec::new(),
            http_workers: 2,
            max_body_bytes: 8 * 1024 * 1024,
            request_timeout_seconds: 60,
            drain_delay_ms: 0,
            call_timeout_seconds: 30,
            roles: vec!["http".to_owned(), "worker".to_owned()],
            log_level: "info".to_owned(),
            log_format: "json".to_owned(),
            otlp_endpoint: None,
            oidc_issuer: None,
            oidc_audience: "openg2p".to_owned(),
            oidc_jwks_url: None,
            signing_key: None,
            partner_id: None,
            anonymous_partner: false,
            max_skew_seconds: 300,
            clock_offset_seconds: 0,
            poll_interval_ms: 1_000,
            job_lease_seconds: 60,
            migrate_on_start: false,
        }
    }
}

impl CommonConfig {
    /// Whether this process serves HTTP.
    #[must_use]
    pub fn serves_http(&self) -> bool {
        self.roles.iter().any(|r| r == "http")
    }

    /// Whether this process runs jobs and consumers.
    #[must_use]
    pub fn runs_workers(&self) -> bool {
        self.roles.iter().any(|r| r == "worker")
    }
}

/// One line for each common key: name, default as text, what it does. `docs/configuration.md` is made from it.
pub const COMMON_DOCS: &[(&str, &str)] = &[
    ("database_url", "Postgres URL (required)"),
    ("migrate_database_url", "another role's URL for `migrate`"),
    ("database_max_connections", "connections of this service"),
    ("database_tls_mode", "disable, prefer, require, verify-ca or verify-full"),
    ("database_ca_file", "PEM file of authorities for Postgres"),
    ("amqp_url", "RabbitMQ URL, `amqp://` or `amqps://`; without it events travel through Postgres"),
    ("amqp_prefix", "prefix of exchange and queue names"),
    ("ca_file", "PEM file of authorities for `amqps` and outgoing HTTPS, traces among it"),
    ("host", "address to listen on"),
    ("port", "port; the admin port (health, metrics) is this plus 1000"),
    ("base_path", "path prefix of every route, for example `/spar`; `BASE_PATH` sets it too"),
    ("trusted_proxies", "addresses and networks (`10.0.0.0/8`) whose `X-Forwarded-*` headers are believed"),
    ("http_workers", "HTTP worker threads"),
    ("max_body_bytes", "largest request body; uploads have limits of their own"),
    (
        "request_timeout_seconds",
        "a request that takes longer, from the last byte of its body on, is answered 503",
    ),
    ("drain_delay_ms", "at the end, how long readiness is 503 before the port closes"),
    ("call_timeout_seconds", "time limit of each outgoing call"),
    ("roles", "what this process does: `http`, `worker` or both"),
    ("log_level", "filter as of `RUST_LOG`"),
    ("log_format", "`json` or `text`"),
    ("otlp_endpoint", "OTLP/HTTP endpoint of a trace collector"),
    ("oidc_issuer", "issuer of user tokens; none accepted without it"),
    ("oidc_audience", "audience that user tokens must name"),
    ("oidc_jwks_url", "address of the issuer's keys; found by discovery without it"),
    ("signing_key", "PEM (PKCS#8) of the key this service signs with"),
    ("partner_id", "id under which peers know this service; its name in upper case without it"),
    ("anonymous_partner", "admit unsigned callers as the compat partner `*`; keep off in production"),
    ("max_skew_seconds", "largest clock difference of a strict partner"),
    ("clock_offset_seconds", "moves the service's clock, for demos and tests"),
    ("poll_interval_ms", "longest pause between looks for jobs and events"),
    (
        "job_lease_seconds",
        "a job whose worker says nothing for this long goes to another one, where its kind has no time of its own",
    ),
    ("migrate_on_start", "run missing migrations at start"),
];

/// Why a configuration was refused. Names the key and never shows a value that may be secret.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file is missing or is not TOML.
    #[error("configuration file: {0}")]
    File(String),
    /// A key that nobody reads.
    #[error("unknown configuration key {0}")]
    Unknown(String),
    /// A value of the wrong type or outside its range.
    #[error("configuration key {key} {why}")]
    Value {
        /// The key, with its section.
        key: String,
        /// What is wrong.
        why: String,
    },
}

/// The configuration of one service, ready to use.
#[derive(Debug, Clone)]
pub struct Loaded<C> {
    /// What every service has.
    pub common: CommonConfig,
    /// The service's own keys.
    pub service: C,
}

#[cfg(test)]
mod tests;
