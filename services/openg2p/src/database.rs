//! The database of an installation, as its administrator reaches it.

use std::path::{Path, PathBuf};

use anyhow::Context;
use platform::{CommonConfig, server::db_options, service::schema_name};
use secrecy::{ExposeSecret, SecretString};
use storage::{
    Db,
    cluster::{Cluster, ClusterOptions, private_dir},
    sql,
};
use url::Url;

use crate::{data_dir::DataDir, services::SERVICES, sources::Sources};

/// How an operator's command reaches a database.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct DatabaseArgs {
    /// Postgres URL; that of the configuration when absent (OPENG2P__DATABASE_URL or OPENG2P__DATABASE_URL_FILE,
    /// before them the migrate_database_url), and the private cluster of this directory when there is none.
    #[arg(long = "database-url", visible_alias = "admin-url")]
    pub database_url: Option<String>,
    /// Directory of keys and secrets.
    #[arg(long)]
    pub data_dir: Option<PathBuf>,
    /// Configuration file (TOML), the same as the services'.
    #[arg(long)]
    pub config: Option<PathBuf>,
}

impl DatabaseArgs {
    /// The configuration with the command line over it.
    #[must_use]
    pub fn sources(&self) -> Sources {
        let mut sources = Sources::of_process(self.config.as_deref());
        if let Some(url) = &self.database_url {
            sources.set("DATABASE_URL", url);
            if sources.names("MIGRATE_DATABASE_URL") {
                sources.set("MIGRATE_DATABASE_URL", url);
            }
        }
        sources
    }
}

/// The database that was found, and the directory of what belongs to it.
#[derive(Debug, Clone)]
pub struct Database {
    /// Keys, passwords and secrets.
    pub data: DataDir,
    /// The administrator's URL.
    pub admin: SecretString,
    /// Whether it is the private cluster of this directory.
    pub private: bool,
    common: CommonConfig,
}

impl Database {
    /// The database that the sources name, else the private cluster, found or started; then the sources name that.
    ///
    /// # Errors
    /// When the configuration is wrong or the cluster does not start.
    pub async fn find(sources: &mut Sources, data_dir: Option<&Path>) -> anyhow::Result<Self> {
        let common = sources.common()?;
        let here = std::env::current_dir()?;
        let named = common.migrate_database_url.clone().or_else(|| common.database_url.clone());
        if let Some(admin) = named {
            sources.set_default("DATABASE_URL", || Ok(admin.expose_secret()))?;
            let root = data_dir.map_or_else(|| here.join(".openg2p"), Path::to_owned);
            return Ok(Self { data: DataDir::new(&root), admin, private: false, common });
        }
        let (cluster, root) = tokio::task::spawn_blocking(move || start_cluster(&here)).await??;
        let data = DataDir::new(data_dir.unwrap_or(&root));
        let admin = cluster.admin_url("openg2p");
        sources.set("DATABASE_URL", admin.expose_secret());
        let database = Self { data, admin, private: true, common };
        database.create(&cluster.admin_url("postgres")).await?;
        Ok(database)
    }

    /// Makes the database of the private cluster.
    async fn create(&self, maintenance: &SecretString) -> anyhow::Result<()> {
        let db = self.connect(maintenance, "public").await?;
        let query = "SELECT EXISTS (SELECT FROM pg_database WHERE datname = 'openg2p')";
        let exists: Option<bool> = sql::scalar(db.conn(), query, []).await?;
        if exists != Some(true) {
            sql::execute(db.conn(), "CREATE DATABASE openg2p", []).await?;
        }
        db.close().await;
        Ok(())
    }

    /// A small pool with the same protection as the services', for statements that take their time.
    ///
    /// # Errors
    /// When the URL is none of Postgres.
    pub async fn connect(&self, url: &SecretString, schema: &str) -> anyhow::Result<Db> {
        let mut options = db_options(&self.common, Some(url), schema)?;
        options.max_connections = 2;
        options.statement_timeout = None;
        Ok(Db::connect(&options).await?)
    }

    /// Lets every service whose database the operator does not name, and whose role has its password here, use that
    /// role. The others keep the URL that was given.
    ///
    /// # Errors
    /// When the secrets cannot be read.
    pub fn use_stored_roles(&self, sources: &mut Sources) -> anyhow::Result<()> {
        for (service, _) in SERVICES {
            let key = url_key(service);
            if let (false, Some(password)) = (sources.names(&key), self.data.stored(&role_secret(service))?) {
                let url = role_url(&self.admin, &schema_name(service), &password)?;
                sources.set(&key, url.expose_secret());
            }
        }
        Ok(())
    }
}

/// Key of a service's own database URL.
#[must_use]
pub fn url_key(service: &str) -> String {
    format!("{}__DATABASE_URL", schema_name(service).to_uppercase())
}

/// Name under which the password of a service's role is kept.
#[must_use]
pub fn role_secret(service: &str) -> String {
    format!("role:{service}")
}

/// The database URL of a service's own role, made from the administrator's.
///
/// # Errors
/// When the administrator's URL is not a URL.
pub fn role_url(admin: &SecretString, role: &str, password: &str) -> anyhow::Result<SecretString> {
    let mut url = Url::parse(admin.expose_secret()).context("the database URL cannot be read")?;
    url.set_username(role)
        .and_then(|()| url.set_password(Some(password)))
        .ok()
        .context("the database URL has no host")?;
    Ok(url.to_string().into())
}

fn start_cluster(here: &Path) -> anyhow::Result<(Cluster, PathBuf)> {
    let options = ClusterOptions::development(here)?;
    let cluster = Cluster::find_or_start(&options)?;
    // Keys and secrets belong to the person who runs this, not to the account of the server.
    let root = private_dir(&here.join(".openg2p"))?;
    Ok((cluster, root.join("platform")))
}
