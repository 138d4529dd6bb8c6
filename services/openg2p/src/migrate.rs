//! Roles, schemas and tables of an installation: one role and one schema per service, and none may touch another's.

use anyhow::Context;
use platform::{
    server::EVENTS_SCHEMA,
    service::{Service, all_migrations, schema_name},
};
use secrecy::{ExposeSecret, SecretString};
use storage::{Db, DbOptions, sql};
use url::Url;

use crate::services::{Visitor, each};

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

struct Prepare<'a, F> {
    admin: &'a SecretString,
    db: &'a Db,
    password_of: F,
}

/// Creates what is missing: roles, schemas, tables. Idempotent; safe to run while version N serves.
///
/// `password_of` gives the password of a service's role.
///
/// # Errors
/// When the administrator may not create roles or a migration fails.
pub async fn prepare(
    admin: &SecretString,
    password_of: impl Fn(&str) -> anyhow::Result<String>,
) -> anyhow::Result<()> {
    let db = open(admin, "public").await?;
    let events = open(admin, EVENTS_SCHEMA).await?;
    let lock = db.pool().acquire().await?;
    let mut lock = lock.detach();
    let run = |statement: &'static str| sea_orm::sqlx::query(statement);
    run("SELECT pg_advisory_lock(hashtextextended('openg2p-prepare', 0))").execute(&mut lock).await?;
    sql::execute(db.conn(), &format!("CREATE SCHEMA IF NOT EXISTS {EVENTS_SCHEMA}"), []).await?;
    storage::migrate(&events, events::postgres::MIGRATIONS).await?;
    each(&mut Prepare { admin, db: &db, password_of }).await?;
    run("SELECT pg_advisory_unlock(hashtextextended('openg2p-prepare', 0))").execute(&mut lock).await?;
    events.close().await;
    db.close().await;
    Ok(())
}

async fn open(url: &SecretString, schema: &str) -> anyhow::Result<Db> {
    let mut options = DbOptions::new(url.clone(), schema);
    options.max_connections = 2;
    options.statement_timeout = None;
    Ok(Db::connect(&options).await?)
}

impl<F: Fn(&str) -> anyhow::Result<String>> Visitor for Prepare<'_, F> {
    async fn visit<S: Service>(&mut self) -> anyhow::Result<()> {
        let role = schema_name(S::NAME);
        let password = (self.password_of)(S::NAME)?;
        let url = role_url(self.admin, &role, &password)?;
        // A role that works is left alone: installations that share a server may prepare at the same time.
        let works = match open(&url, &role).await {
            Ok(db) => db.ping().await.is_ok(),
            Err(_) => false,
        };
        create_role(self.db, &role, &password, works).await.with_context(|| {
            format!("the role {role} could not be made; the administrator needs CREATEROLE")
        })?;
        let db = open(&url, &role).await?;
        storage::migrate(&db, &all_migrations::<S>()).await.with_context(|| format!("migrating {role}"))?;
        db.close().await;
        Ok(())
    }
}

/// A role that owns one schema and may use the events transport. Role names are constants of ours and the password is
/// URL-safe base64, so both may stand in statements that take no parameters.
async fn create_role(db: &Db, role: &str, password: &str, works: bool) -> anyhow::Result<()> {
    anyhow::ensure!(
        password.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_'),
        "a role's password may hold letters, digits, - and _ only"
    );
    if !works {
        let exists: Option<bool> =
            sql::scalar(db.conn(), "SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1)", [role.into()])
                .await?;
        let verb = if exists == Some(true) { "ALTER" } else { "CREATE" };
        sql::execute(db.conn(), &format!("{verb} ROLE {role} LOGIN PASSWORD '{password}'"), []).await?;
        sql::execute(db.conn(), &format!("GRANT {role} TO CURRENT_USER"), []).await?;
    }
    for statement in [
        format!("CREATE SCHEMA IF NOT EXISTS {role} AUTHORIZATION {role}"),
        format!("GRANT USAGE ON SCHEMA {EVENTS_SCHEMA} TO {role}"),
        format!("GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {EVENTS_SCHEMA} TO {role}"),
        format!("GRANT USAGE ON ALL SEQUENCES IN SCHEMA {EVENTS_SCHEMA} TO {role}"),
    ] {
        sql::execute(db.conn(), &statement, []).await?;
    }
    Ok(())
}

/// Drops the schemas of all services and of the events, for a demo that starts anew. Roles stay.
///
/// # Errors
/// When the administrator may not.
pub async fn drop_schemas(admin: &SecretString) -> anyhow::Result<()> {
    let db = open(admin, "public").await?;
    for (service, _) in crate::services::SERVICES {
        sql::execute(db.conn(), &format!("DROP SCHEMA IF EXISTS {} CASCADE", schema_name(service)), [])
            .await?;
    }
    sql::execute(db.conn(), &format!("DROP SCHEMA IF EXISTS {EVENTS_SCHEMA} CASCADE"), []).await?;
    db.close().await;
    Ok(())
}
