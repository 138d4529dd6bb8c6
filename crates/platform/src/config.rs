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

use std::{collections::BTreeMap, path::PathBuf};

use secrecy::SecretString;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Map, Value};

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
    /// Addresses whose `X-Forwarded-*` headers are believed.
    pub trusted_proxies: Vec<String>,
    /// HTTP worker threads.
    pub http_workers: usize,
    /// Largest request body in bytes; uploads have limits of their own.
    pub max_body_bytes: usize,
    /// A request that takes longer is answered 503.
    pub request_timeout_seconds: u64,
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

    fn validate(&self) -> Result<(), ConfigError> {
        let wrong = |key: &str, why: String| Err(ConfigError::Value { key: key.to_owned(), why });
        if self.database_url.is_none() {
            return wrong("database_url", "is missing; give a Postgres URL".to_owned());
        }
        if self.roles.is_empty() || self.roles.iter().any(|r| r != "http" && r != "worker") {
            return wrong("roles", format!("is {:?}; it may hold \"http\" and \"worker\"", self.roles));
        }
        if self.log_format != "json" && self.log_format != "text" {
            return wrong(
                "log_format",
                format!("is \"{}\"; it must be \"json\" or \"text\"", self.log_format),
            );
        }
        if !self.base_path.is_empty() && (!self.base_path.starts_with('/') || self.base_path.ends_with('/')) {
            return wrong("base_path", "must start with '/' and not end with '/'".to_owned());
        }
        if self.http_workers == 0 || self.database_max_connections == 0 {
            return wrong("http_workers", "and database_max_connections must be at least 1".to_owned());
        }
        Ok(())
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
    ("ca_file", "PEM file of authorities for `amqps` and outgoing HTTPS"),
    ("host", "address to listen on"),
    ("port", "port; the admin port (health, metrics) is this plus 1000"),
    ("base_path", "path prefix of every route, for example `/spar`; `BASE_PATH` sets it too"),
    ("trusted_proxies", "addresses whose `X-Forwarded-*` headers are believed"),
    ("http_workers", "HTTP worker threads"),
    ("max_body_bytes", "largest request body; uploads have limits of their own"),
    ("request_timeout_seconds", "a request that takes longer is answered 503"),
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

/// Loads the configuration of one service.
///
/// `section` is the service's section (snake case), `port` its default port, `file` the `--config` file, `env` the
/// process environment.
///
/// # Errors
/// [`ConfigError`], naming the first wrong key.
pub fn load<C: Serialize + DeserializeOwned + Default>(
    section: &str,
    port: u16,
    file: Option<&std::path::Path>,
    env: &BTreeMap<String, String>,
) -> Result<Loaded<C>, ConfigError> {
    let service_defaults = defaults_of(&C::default())?;
    let is_common = |key: &str| COMMON_DOCS.iter().any(|(k, _)| *k == key);
    let tree = read_sources(file, env, |key| is_common(key) || service_defaults.contains_key(key))?;

    let mut common = Map::from_iter([("port".to_owned(), Value::from(port))]);
    let mut service = service_defaults.clone();
    for (key, value) in &tree {
        if SECTIONS.contains(&key.as_str()) {
            continue;
        }
        if !is_common(key) {
            return Err(ConfigError::Unknown(key.clone()));
        }
        // The port of a service is its own affair: a shared top-level one would make all listen on the same.
        common.insert(key.clone(), value.clone());
    }
    if let Some(Value::Object(own)) = tree.get(section) {
        for (key, value) in own {
            if service_defaults.contains_key(key) {
                service.insert(key.clone(), value.clone());
            } else if is_common(key) {
                common.insert(key.clone(), value.clone());
            } else {
                return Err(ConfigError::Unknown(format!("{section}.{key}")));
            }
        }
    }
    let common: CommonConfig = typed(common, section)?;
    common.validate()?;
    Ok(Loaded { common, service: typed(service, section)? })
}

fn defaults_of<C: Serialize>(defaults: &C) -> Result<Map<String, Value>, ConfigError> {
    match serde_json::to_value(defaults) {
        Ok(Value::Object(map)) => Ok(map),
        Ok(Value::Null) => Ok(Map::new()),
        _ => Err(ConfigError::File("the service's configuration type is not a struct".to_owned())),
    }
}

/// Deserialises one half of the configuration. Values from the environment are text, so a text that does not fit is
/// tried once more as the number, truth value or comma-separated list that it spells.
fn typed<T: DeserializeOwned>(mut map: Map<String, Value>, section: &str) -> Result<T, ConfigError> {
    loop {
        let error = match serde_path_to_error::deserialize::<_, T>(Value::Object(map.clone())) {
            Ok(done) => return Ok(done),
            Err(error) => error,
        };
        let path = error.path().to_string();
        let key = path.split(['.', '[']).next().unwrap_or_default().to_owned();
        let reparsed = match map.get(&key) {
            Some(Value::String(text)) => reparse(text),
            _ => None,
        };
        match reparsed {
            Some(value) => {
                map.insert(key, value);
            }
            None => {
                return Err(ConfigError::Value {
                    key: format!("{section}.{path}"),
                    why: format!("has a wrong value: {}", kind_only(&error.inner().to_string())),
                });
            }
        }
    }
}

fn reparse(text: &str) -> Option<Value> {
    if let Ok(number) = text.parse::<i64>() {
        return Some(number.into());
    }
    if let Ok(number) = text.parse::<f64>() {
        return serde_json::Number::from_f64(number).map(Value::Number);
    }
    match text {
        "true" => Some(true.into()),
        "false" => Some(false.into()),
        _ if text.starts_with('[') || text.starts_with('{') => serde_json::from_str(text).ok(),
        _ => Some(Value::Array(text.split(',').map(|s| Value::from(s.trim())).filter(|v| v != "").collect())),
    }
}

/// serde repeats the wrong value ("invalid type: string \"hunter2\", expected u16"); keep what was expected only.
fn kind_only(message: &str) -> String {
    message.find("expected").map_or_else(|| "not of the right type".to_owned(), |at| message[at..].to_owned())
}

fn read_sources(
    file: Option<&std::path::Path>,
    env: &BTreeMap<String, String>,
    known: impl Fn(&str) -> bool,
) -> Result<Map<String, Value>, ConfigError> {
    let mut builder = config::Config::builder();
    if let Some(path) = file {
        builder = builder.add_source(config::File::from(path).format(config::FileFormat::Toml));
    }
    if let Some(path) = env.get("BASE_PATH") {
        builder = override_with(builder, "base_path", path)?;
    }
    for (name, value) in env {
        let Some(rest) = name.strip_prefix(ENV_PREFIX) else { continue };
        let key = rest.to_lowercase().replace("__", ".");
        let leaf = key.rsplit('.').next().unwrap_or_default();
        match key.strip_suffix("_file") {
            Some(bare) if !known(leaf) => {
                let text = std::fs::read_to_string(value).map_err(|e| ConfigError::Value {
                    key: name.clone(),
                    why: format!("names a file that cannot be read: {e}"),
                })?;
                builder = override_with(builder, bare, text.trim_end_matches(['\n', '\r']))?;
            }
            _ => builder = override_with(builder, &key, value)?,
        }
    }
    let built = builder.build().map_err(|e| ConfigError::File(e.to_string()))?;
    built.try_deserialize().map_err(|e| ConfigError::File(e.to_string()))
}

type Builder = config::ConfigBuilder<config::builder::DefaultState>;

fn override_with(builder: Builder, key: &str, value: &str) -> Result<Builder, ConfigError> {
    builder.set_override(key, value).map_err(|_| ConfigError::Unknown(key.to_owned()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use secrecy::ExposeSecret;

    use super::*;

    #[derive(Debug, Clone, Serialize, Deserialize)]
    #[serde(default, deny_unknown_fields)]
    struct Own {
        max_batch: u32,
        mapper_url: String,
        demo: bool,
    }

    impl Default for Own {
        fn default() -> Self {
            Self { max_batch: 1000, mapper_url: "http://127.0.0.1:8003".to_owned(), demo: false }
        }
    }

    fn env(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        let mut map: BTreeMap<String, String> =
            pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        map.entry("OPENG2P__DATABASE_URL".to_owned()).or_insert_with(|| "postgres://localhost/x".to_owned());
        map
    }

    fn file(text: &str) -> tempfile::NamedTempFile {
        let file = tempfile::Builder::new().suffix(".toml").tempfile().unwrap();
        std::fs::write(file.path(), text).unwrap();
        file
    }

    #[test]
    fn environment_wins_over_file_and_file_over_defaults() {
        let file = file("log_level = \"warn\"\n[g2p_bridge]\nmax_batch = 7\nport = 9005\n");
        let env = env(&[("OPENG2P__G2P_BRIDGE__MAX_BATCH", "9"), ("OPENG2P__G2P_BRIDGE__DEMO", "true")]);
        let loaded: Loaded<Own> = load("g2p_bridge", 8005, Some(file.path()), &env).unwrap();
        assert_eq!((loaded.service.max_batch, loaded.service.demo), (9, true));
        assert_eq!((loaded.common.port, loaded.common.log_level.as_str()), (9005, "warn"));
        assert_eq!(loaded.service.mapper_url, "http://127.0.0.1:8003");
    }

    #[test]
    fn an_unknown_key_is_named() {
        for (name, expected) in [
            ("OPENG2P__G2P_BRIDGE__MAX_BACH", "g2p_bridge.max_bach"),
            ("OPENG2P__DATABSE_URL", "databse_url"),
        ] {
            let error = load::<Own>("g2p_bridge", 8005, None, &env(&[(name, "1")])).unwrap_err();
            assert!(error.to_string().contains(expected), "{error}");
        }
    }

    #[test]
    fn a_wrong_value_is_named_and_not_shown() {
        let error = load::<Own>("g2p_bridge", 8005, None, &env(&[("OPENG2P__G2P_BRIDGE__PORT", "s3cret")]))
            .unwrap_err();
        let text = error.to_string();
        assert!(text.contains("g2p_bridge.port") && !text.contains("s3cret"), "{text}");
    }

    #[test]
    fn a_mounted_secret_is_read_from_its_file() {
        let secret = file("postgres://from-file/db\n");
        let mut env = env(&[("OPENG2P__DATABASE_URL_FILE", secret.path().to_str().unwrap())]);
        env.remove("OPENG2P__DATABASE_URL");
        let loaded: Loaded<Own> = load("g2p_bridge", 8005, None, &env).unwrap();
        assert_eq!(loaded.common.database_url.unwrap().expose_secret(), "postgres://from-file/db");
    }

    #[test]
    fn a_numeric_password_stays_text_and_debug_hides_it() {
        let loaded: Loaded<Own> =
            load("g2p_bridge", 8005, None, &env(&[("OPENG2P__SIGNING_KEY", "12345")])).unwrap();
        assert_eq!(loaded.common.signing_key.as_ref().unwrap().expose_secret(), "12345");
        assert!(!format!("{loaded:?}").contains("12345"));
    }

    #[test]
    fn every_common_key_is_documented_and_known() {
        for (key, _) in COMMON_DOCS {
            let result = typed::<CommonConfig>(Map::from_iter([((*key).to_owned(), Value::Null)]), "x");
            // Null fits the optional ones only; what matters is that no error says "unknown".
            if let Err(error) = result {
                assert!(!error.to_string().contains("unknown"), "{key}: {error}");
            }
        }
    }
}
