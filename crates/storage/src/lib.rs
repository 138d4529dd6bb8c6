//! Postgres for one service: a sea-orm pool bound to one schema, transactions,
//! migrations in plain SQL, set-based statements, `COPY`, and the private
//! development cluster.
//!
//! A service gets one [`Db`]. Its `search_path` is its own schema, so no SQL in
//! the workspace names a schema. State machines and CRUD go through sea-orm;
//! batches go through [`sql`] with `UNNEST`/`= ANY($1)` or through [`copy`].

pub mod cluster;
pub mod copy;
mod db;
mod error;
mod migrate;
pub mod sql;
pub mod trace_context;

pub use db::{Db, DbOptions, Tls};
pub use error::{StoreError, StoreResult};
pub use migrate::{SchemaState, SqlMigration, migrate, schema_state};
pub use sea_orm::{ConnectionTrait, DatabaseTransaction, FromQueryResult, TransactionTrait, Value};
