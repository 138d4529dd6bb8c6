//! What the types of the common configuration do not say.

use secrecy::{ExposeSecret, SecretString};
use tracing_subscriber::EnvFilter;

use super::{CommonConfig, ConfigError};
use crate::origin::TrustedProxies;

/// How the connection to Postgres may be protected.
const TLS_MODES: &[&str] = &["disable", "allow", "prefer", "require", "verify-ca", "verify-full"];

impl CommonConfig {
    /// Names the first wrong key.
    pub(super) fn validate(&self) -> Result<(), ConfigError> {
        for (key, wrong) in self.addresses().into_iter().chain(self.numbers()).chain(self.texts()) {
            if let Some(why) = wrong {
                return Err(ConfigError::Value { key: key.to_owned(), why });
            }
        }
        Ok(())
    }

    fn addresses(&self) -> [(&'static str, Option<String>); 6] {
        let scheme = |url: &Option<SecretString>, schemes: &[&str]| {
            let url = url.as_ref()?.expose_secret();
            let known = schemes.iter().any(|s| url.starts_with(&format!("{s}://")));
            (!known).then(|| format!("must be a URL that starts with {}://", schemes.join(":// or ")))
        };
        let postgres = ["postgres", "postgresql"];
        let missing = || Some("is missing; give a Postgres URL".to_owned());
        let base = self.base_path.as_str();
        let in_base = |b: u8| b.is_ascii_alphanumeric() || b"/._~-".contains(&b);
        let base_wrong = !base.is_empty()
            && (!base.starts_with('/')
                || base.ends_with('/')
                || base.contains("//")
                || !base.bytes().all(in_base));
        [
            (
                "database_url",
                if self.database_url.is_none() { missing() } else { scheme(&self.database_url, &postgres) },
            ),
            ("migrate_database_url", scheme(&self.migrate_database_url, &postgres)),
            ("amqp_url", scheme(&self.amqp_url, &["amqp", "amqps"])),
            (
                "base_path",
                base_wrong.then(|| "must be like /spar: letters, digits, . _ ~ - and /".to_owned()),
            ),
            (
                "trusted_proxies",
                TrustedProxies::parse(&self.trusted_proxies)
                    .err()
                    .map(|entry| format!("has \"{entry}\", which is no address or network")),
            ),
            (
                "port",
                (self.port > u16::MAX - 1000)
                    .then(|| "must be at most 64535: the admin port is this plus 1000".to_owned()),
            ),
        ]
    }

    fn numbers(&self) -> [(&'static str, Option<String>); 5] {
        let positive = |ok: bool| (!ok).then(|| "must be at least 1".to_owned());
        let skew = (1..=86_400).contains(&self.max_skew_seconds);
        [
            ("http_workers", positive(self.http_workers > 0)),
            ("database_max_connections", positive(self.database_max_connections > 0)),
            ("request_timeout_seconds", positive(self.request_timeout_seconds > 0)),
            ("call_timeout_seconds", positive(self.call_timeout_seconds > 0)),
            // Message ids are remembered for seven days; see `replay::RETENTION_DAYS`.
            ("max_skew_seconds", (!skew).then(|| "must be 1 to 86400".to_owned())),
        ]
    }

    fn texts(&self) -> [(&'static str, Option<String>); 4] {
        let roles = !self.roles.is_empty() && self.roles.iter().all(|r| r == "http" || r == "worker");
        let tls = self.database_tls_mode.as_deref().is_none_or(|mode| TLS_MODES.contains(&mode));
        let format = self.log_format == "json" || self.log_format == "text";
        let level = EnvFilter::try_new(&self.log_level).is_ok();
        let wrong = |ok: bool, why: String| (!ok).then_some(why);
        [
            ("roles", wrong(roles, format!("is {:?}; it may hold \"http\" and \"worker\"", self.roles))),
            ("database_tls_mode", wrong(tls, format!("must be one of {}", TLS_MODES.join(", ")))),
            (
                "log_format",
                wrong(format, format!("is \"{}\"; it must be \"json\" or \"text\"", self.log_format)),
            ),
            ("log_level", wrong(level, "must be a level or a filter as of RUST_LOG".to_owned())),
        ]
    }
}
