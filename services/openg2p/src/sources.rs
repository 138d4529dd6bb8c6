//! Where the configuration of all services comes from: the operator's file and environment. What `up` adds fills the
//! gaps only; [`Sources::set`] is for the command line and for what a demo cannot do without.

use std::{
    collections::BTreeMap,
    fmt,
    path::{Path, PathBuf},
};

use platform::{
    CommonConfig, Service,
    config::{ConfigError, ENV_PREFIX, Loaded},
};
use serde::{Deserialize, Serialize};

use crate::services::{Visitor, each};

/// A shell that sets these to nothing means that there is none.
const NONE_WHEN_EMPTY: &[&str] = &["DATABASE_URL", "MIGRATE_DATABASE_URL", "AMQP_URL", "OTLP_ENDPOINT"];

/// File and environment.
#[derive(Clone, Default)]
pub struct Sources {
    file: Option<PathBuf>,
    table: toml::Table,
    env: BTreeMap<String, String>,
}

impl fmt::Debug for Sources {
    // The environment holds secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sources").field("file", &self.file).finish_non_exhaustive()
    }
}

/// The keys that no service has for itself.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct NoKeys {}

impl Sources {
    /// The environment of this process, over a file when one is named.
    #[must_use]
    pub fn of_process(file: Option<&Path>) -> Self {
        let text = |pair: (std::ffi::OsString, std::ffi::OsString)| {
            Some((pair.0.into_string().ok()?, pair.1.into_string().ok()?))
        };
        Self::new(file, std::env::vars_os().filter_map(text))
    }

    /// These variables, over a file when one is named.
    #[must_use]
    pub fn new(file: Option<&Path>, variables: impl IntoIterator<Item = (String, String)>) -> Self {
        let mut env = BTreeMap::new();
        for (name, value) in variables {
            if let Some(key) = name.strip_prefix(ENV_PREFIX) {
                let key = key.to_uppercase();
                if !(value.is_empty() && NONE_WHEN_EMPTY.contains(&key.as_str())) {
                    env.insert(format!("{ENV_PREFIX}{key}"), value);
                }
            } else if name == "BASE_PATH" {
                env.insert(name, value);
            }
        }
        // A file that cannot be read is an error of `common` and `load`, which say where it is wrong.
        let text = file.and_then(|path| std::fs::read_to_string(path).ok()).unwrap_or_default();
        Self { file: file.map(Path::to_owned), table: text.parse().unwrap_or_default(), env }
    }

    /// Whether the operator names a key, for example `SPAR_MAPPER__PORT`, in one of the ways there are.
    #[must_use]
    pub fn names(&self, key: &str) -> bool {
        let variable = format!("{ENV_PREFIX}{key}");
        self.env.contains_key(&variable)
            || self.env.contains_key(&format!("{variable}_FILE"))
            || self.file_names(key)
    }

    fn file_names(&self, key: &str) -> bool {
        let key = key.to_lowercase();
        match key.split_once("__") {
            None => self.table.contains_key(&key),
            Some((section, key)) => {
                self.table.get(section).and_then(toml::Value::as_table).is_some_and(|t| t.contains_key(key))
            }
        }
    }

    /// Sets a key, whatever the operator said.
    pub fn set(&mut self, key: &str, value: impl Into<String>) {
        let variable = format!("{ENV_PREFIX}{key}");
        self.env.remove(&format!("{variable}_FILE"));
        self.env.insert(variable, value.into());
    }

    /// Sets a key that the operator left open.
    ///
    /// # Errors
    /// When the value cannot be made.
    pub fn set_default<V: Into<String>>(
        &mut self,
        key: &str,
        value: impl FnOnce() -> anyhow::Result<V>,
    ) -> anyhow::Result<()> {
        if !self.names(key) {
            self.set(key, value()?);
        }
        Ok(())
    }

    /// Takes a key away.
    ///
    /// # Errors
    /// When the file names it.
    pub fn unset(&mut self, key: &str) -> anyhow::Result<()> {
        anyhow::ensure!(
            !self.file_names(key),
            "the configuration file names {}, which this command is to do without: take it out",
            key.to_lowercase()
        );
        self.env.remove(&format!("{ENV_PREFIX}{key}"));
        self.env.remove(&format!("{ENV_PREFIX}{key}_FILE"));
        Ok(())
    }

    /// What all services have in common. Unlike a service, this may come without a database.
    ///
    /// # Errors
    /// Names the wrong key.
    pub fn common(&self) -> anyhow::Result<CommonConfig> {
        let load = |env| platform::config::load::<NoKeys>("openg2p", 0, self.file.as_deref(), env);
        match load(&self.env) {
            Ok(loaded) => Ok(loaded.common),
            Err(ConfigError::Value { key, .. }) if key == "database_url" && !self.names("DATABASE_URL") => {
                let mut env = self.env.clone();
                env.insert(format!("{ENV_PREFIX}DATABASE_URL"), "postgres://none".to_owned());
                Ok(CommonConfig { database_url: None, ..load(&env)?.common })
            }
            Err(error) => Err(error.into()),
        }
    }

    /// The configuration of one service.
    ///
    /// # Errors
    /// Names the wrong key.
    pub fn load<S: Service>(&self) -> anyhow::Result<Loaded<S::Config>> {
        crate::services::load::<S>(self.file.as_deref(), &self.env)
    }

    /// The common keys as each service has them, by its name.
    ///
    /// # Errors
    /// Names the wrong key.
    pub async fn of_each(&self) -> anyhow::Result<BTreeMap<&'static str, CommonConfig>> {
        struct Collect<'a>(&'a Sources, BTreeMap<&'static str, CommonConfig>);
        impl Visitor for Collect<'_> {
            async fn visit<S: Service>(&mut self) -> anyhow::Result<()> {
                self.1.insert(S::NAME, self.0.load::<S>()?.common);
                Ok(())
            }
        }
        let mut collect = Collect(self, BTreeMap::new());
        each(&mut collect).await?;
        Ok(collect.1)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use secrecy::ExposeSecret;

    use super::Sources;

    fn sources(file: Option<&std::path::Path>, variables: &[(&str, &str)]) -> Sources {
        Sources::new(file, variables.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())))
    }

    #[test]
    fn a_default_gives_way_to_variable_secret_file_and_configuration_file() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("all.toml");
        std::fs::write(&file, "database_max_connections = 3\n[spar_mapper]\nport = 18003\n").unwrap();
        let given = [("OPENG2P__DEDUP__PORT", "18006"), ("OPENG2P__DEDUP__SIGNING_KEY_FILE", "/key.pem")];
        let mut sources = sources(Some(&file), &given);
        for key in ["DATABASE_MAX_CONNECTIONS", "SPAR_MAPPER__PORT", "DEDUP__PORT", "DEDUP__SIGNING_KEY"] {
            sources
                .set_default(key, || -> anyhow::Result<String> { anyhow::bail!("{key} was made") })
                .unwrap();
        }
        assert!(!sources.names("G2P_BRIDGE__PORT"));
        sources.set_default("G2P_BRIDGE__PORT", || Ok("1")).unwrap();
        assert!(sources.names("G2P_BRIDGE__PORT"));
        assert!(sources.unset("DATABASE_MAX_CONNECTIONS").is_err());
    }

    #[test]
    fn the_database_may_be_missing_but_not_wrong() {
        let folder = tempfile::tempdir().unwrap();
        let secret = folder.path().join("url");
        std::fs::write(&secret, "postgres://somebody@somewhere/x\n").unwrap();
        assert!(sources(None, &[("OPENG2P__DATABASE_URL", "")]).common().unwrap().database_url.is_none());
        let named = sources(None, &[("OPENG2P__DATABASE_URL_FILE", secret.to_str().unwrap())]);
        let url = named.common().unwrap().database_url.unwrap();
        assert_eq!(url.expose_secret(), "postgres://somebody@somewhere/x");
        let wrong = sources(None, &[("OPENG2P__DATABASE_URL", "mysql://x")]).common().unwrap_err();
        assert!(wrong.to_string().contains("database_url"), "{wrong}");
    }
}
