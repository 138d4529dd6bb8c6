//! The pool of one service, bound to its schema.

use std::time::Duration;

use sea_orm::{
    ConnectOptions, Database, DatabaseConnection, DatabaseTransaction, IsolationLevel, TransactionTrait,
    sqlx::{self, Connection as _, postgres::PgSslMode},
};
use secrecy::{ExposeSecret, SecretString};

use crate::{StoreError, StoreResult};

/// A connection that was used so recently is not asked whether it still lives.
const TRUSTED_IDLE: Duration = Duration::from_secs(1);

/// How the connection to Postgres is protected.
#[derive(Debug, Clone, Default)]
pub struct Tls {
    /// `disable`, `prefer`, `require`, `verify-ca` or `verify-full`; `None` leaves what the URL says.
    pub mode: Option<String>,
    /// PEM file with the certificate authorities to trust.
    pub ca_file: Option<std::path::PathBuf>,
}

/// How to reach the database.
#[derive(Debug, Clone)]
pub struct DbOptions {
    /// `postgres://user:password@host:port/database`. Never logged.
    pub url: SecretString,
    /// Schema that becomes the `search_path` of each connection.
    pub schema: String,
    /// Largest number of connections.
    pub max_connections: u32,
    /// How long a caller waits for a free connection.
    pub acquire_timeout: Duration,
    /// A statement that runs longer is cancelled by the server; `None` for migrations.
    pub statement_timeout: Option<Duration>,
    /// Transport security.
    pub tls: Tls,
}

impl DbOptions {
    /// Options with the defaults that the services use: 10 connections, 5 s to acquire, 60 s a statement.
    #[must_use]
    pub fn new(url: SecretString, schema: impl Into<String>) -> Self {
        Self {
            url,
            schema: schema.into(),
            max_connections: 10,
            acquire_timeout: Duration::from_secs(5),
            statement_timeout: Some(Duration::from_secs(60)),
            tls: Tls::default(),
        }
    }
}

/// A pool whose connections see one schema only.
#[derive(Debug, Clone)]
pub struct Db {
    conn: DatabaseConnection,
    schema: String,
}

impl Db {
    /// Opens the pool. Connects lazily: a database that is down is reported by the first query.
    ///
    /// # Errors
    /// `Unavailable` when the URL is not a Postgres URL or the first connection fails.
    pub async fn connect(options: &DbOptions) -> StoreResult<Self> {
        let mut connect = ConnectOptions::new(options.url.expose_secret());
        connect
            .max_connections(options.max_connections)
            .acquire_timeout(options.acquire_timeout)
            .connect_timeout(options.acquire_timeout)
            .connect_lazy(true)
            // Asking every time costs as much as a look-up.
            .test_before_acquire(false)
            .map_sqlx_postgres_pool_opts(|options| {
                options.before_acquire(|connection, meta| {
                    Box::pin(async move {
                        if meta.idle_for > TRUSTED_IDLE {
                            connection.ping().await?;
                        }
                        Ok(true)
                    })
                })
            })
            .sqlx_logging(false)
            .set_schema_search_path(options.schema.as_str());
        if let Some(limit) = options.statement_timeout {
            connect.statement_timeout(limit);
        }
        let mode = options.tls.mode.as_deref().map(parse_ssl_mode).transpose()?;
        let ca_file = options.tls.ca_file.clone();
        connect.map_sqlx_postgres_opts(move |pg| {
            // Compiling a plan costs more than running any statement of ours.
            let mut pg = pg.options([("jit", "off")]);
            if let Some(mode) = mode {
                pg = pg.ssl_mode(mode);
            }
            if let Some(file) = &ca_file {
                pg = pg.ssl_root_cert(file);
            }
            pg
        });
        let conn = Database::connect(connect).await?;
        Ok(Self { conn, schema: options.schema.clone() })
    }

    /// The sea-orm connection, for entities and single statements.
    #[must_use]
    pub fn conn(&self) -> &DatabaseConnection {
        &self.conn
    }

    /// The sqlx pool beneath, for hot read paths and `COPY`.
    #[must_use]
    pub fn pool(&self) -> &sqlx::PgPool {
        self.conn.get_postgres_connection_pool()
    }

    /// The schema this pool is bound to.
    #[must_use]
    pub fn schema(&self) -> &str {
        &self.schema
    }

    /// Begins a read-committed transaction. Dropping it rolls back.
    ///
    /// # Errors
    /// `Unavailable` when no connection is free in time.
    pub async fn begin(&self) -> StoreResult<DatabaseTransaction> {
        Ok(self.conn.begin().await?)
    }

    /// Begins a serialisable transaction: the caller must run the work again on [`StoreError::Serialization`].
    ///
    /// # Errors
    /// As [`Db::begin`].
    pub async fn begin_serializable(&self) -> StoreResult<DatabaseTransaction> {
        Ok(self.conn.begin_with_config(Some(IsolationLevel::Serializable), None).await?)
    }

    /// One round trip, for readiness.
    ///
    /// # Errors
    /// `Unavailable` when the server does not answer.
    pub async fn ping(&self) -> StoreResult<()> {
        Ok(self.conn.ping().await?)
    }

    /// Closes the pool after the last connection is returned.
    pub async fn close(&self) {
        // A pool that is already closed is what we want.
        let _ = self.conn.clone().close().await;
    }
}

fn parse_ssl_mode(mode: &str) -> StoreResult<PgSslMode> {
    mode.parse().map_err(|_| {
        StoreError::Other(format!(
            "database_tls_mode is '{mode}'; it must be disable, prefer, require, verify-ca or verify-full"
        ))
    })
}
