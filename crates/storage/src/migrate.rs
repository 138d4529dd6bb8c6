//! Migrations: plain SQL, relative to the schema, run in order under a lock.

use sea_orm::{ConnectionTrait, DbErr};
use sea_orm_migration::{MigrationName, MigrationTrait, SchemaManager, migrator::MigratorTraitSelf};

use crate::{Db, StoreResult, sql};

/// One step of a schema: a name that orders it and the SQL that makes it. Steps are never edited after release.
#[derive(Debug, Clone, Copy)]
pub struct SqlMigration {
    /// `m0001_what_it_adds`; unique within the schema, ordered as text within its owner.
    pub name: &'static str,
    /// One or more statements, without a schema name.
    pub sql: &'static str,
}

impl MigrationName for SqlMigration {
    fn name(&self) -> &str {
        self.name
    }
}

#[async_trait::async_trait]
impl MigrationTrait for SqlMigration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.get_connection().execute_unprepared(self.sql).await.map(|_| ())
    }
}

struct Migrations(Vec<SqlMigration>);

impl MigratorTraitSelf for Migrations {
    fn migrations(&self) -> Vec<Box<dyn MigrationTrait>> {
        self.0.iter().map(|m| Box::new(*m) as Box<dyn MigrationTrait>).collect()
    }
}

/// Whether the schema has every step that the code needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SchemaState {
    /// Every step is there. Steps of a newer version may be there too: version N runs beside N+1.
    Current,
    /// These steps are missing.
    Behind(Vec<String>),
}

/// Runs the steps that the schema does not have. Two processes may call it at once: an advisory lock makes one wait.
///
/// # Errors
/// The error of the failing statement; the step it belongs to is rolled back.
pub async fn migrate(db: &Db, steps: &[SqlMigration]) -> StoreResult<()> {
    let mut lock = db.pool().acquire().await?;
    let key = format!("openg2p-migrate-{}", db.schema());
    sea_orm::sqlx::query("SELECT pg_advisory_lock(hashtextextended($1, 0))")
        .bind(&key)
        .execute(&mut *lock)
        .await?;
    let outcome = match schema_state(db, steps).await {
        Ok(SchemaState::Current) => Ok(()),
        Ok(SchemaState::Behind(_)) => run_missing(db, steps).await,
        Err(error) => Err(error),
    };
    sea_orm::sqlx::query("SELECT pg_advisory_unlock(hashtextextended($1, 0))")
        .bind(&key)
        .execute(&mut *lock)
        .await?;
    outcome
}

/// sea-orm refuses a table that knows steps of a newer version, so only the missing ones are handed to it, after the
/// ones it already ran.
async fn run_missing(db: &Db, steps: &[SqlMigration]) -> StoreResult<()> {
    let applied = applied_steps(db).await?;
    if applied.iter().all(|name| steps.iter().any(|s| s.name == name)) {
        Migrations(steps.to_vec()).up(db.conn(), None).await?;
        return Ok(());
    }
    for step in steps.iter().filter(|s| !applied.iter().any(|a| a == s.name)) {
        let tx = db.begin().await?;
        tx.execute_unprepared(step.sql).await?;
        sql::execute(
            &tx,
            "INSERT INTO seaql_migrations(version, applied_at) VALUES ($1, extract(epoch from now())::bigint)",
            [step.name.into()],
        )
        .await?;
        tx.commit().await?;
    }
    Ok(())
}

async fn applied_steps(db: &Db) -> StoreResult<Vec<String>> {
    let exists: Option<bool> =
        sql::scalar(db.conn(), "SELECT to_regclass('seaql_migrations') IS NOT NULL AS v", []).await?;
    if exists != Some(true) {
        return Ok(Vec::new());
    }
    sql::scalars(db.conn(), "SELECT version AS v FROM seaql_migrations", []).await
}

/// Compares the schema with what the code needs.
///
/// # Errors
/// When the database cannot be asked.
pub async fn schema_state(db: &Db, steps: &[SqlMigration]) -> StoreResult<SchemaState> {
    let applied = applied_steps(db).await?;
    let missing: Vec<String> =
        steps.iter().filter(|s| !applied.iter().any(|a| a == s.name)).map(|s| s.name.to_owned()).collect();
    Ok(if missing.is_empty() { SchemaState::Current } else { SchemaState::Behind(missing) })
}
