//! Roles, schemas and tables of an installation: one role and one schema per service, and none may touch another's.

use anyhow::Context;
use platform::{
    server::EVENTS_SCHEMA,
    service::{Service, all_migrations, schema_name},
};
use sea_orm::sqlx;
use secrecy::ExposeSecret;
use storage::{Db, StoreError, StoreResult, sql};

use crate::{
    database::{Database, role_secret, role_url, url_key},
    services::{SERVICES, Visitor, each},
    sources::Sources,
};

/// Comment on a schema that a demo made and that nothing else has used since. A demo deletes no other.
const DEMO_MARK: &str = "made by openg2p demo, which deletes it when it runs again";

/// How often a role logs in where the server lets nobody in.
const LOG_INS: u32 = 3;

/// How to prepare.
#[derive(Debug, Clone, Copy, Default)]
pub struct PrepareOptions {
    /// Mark new schemas as the demo's. Otherwise they are in real use from now on, and lose the mark.
    pub demo: bool,
    /// Give a role that exists, and whose password is not known here, a new one.
    pub reset_passwords: bool,
}

/// Creates what is missing: roles, schemas, tables; then the sources name each service's role. Idempotent; safe to run
/// while version N serves.
///
/// # Errors
/// When the administrator may not create roles, a role belongs to another installation, or a migration fails.
pub async fn prepare(
    sources: &mut Sources,
    database: &Database,
    options: PrepareOptions,
) -> anyhow::Result<()> {
    let db = database.connect(&database.admin, "public").await?;
    let events = database.connect(&database.admin, EVENTS_SCHEMA).await?;
    let mut lock = db.pool().acquire().await?.detach();
    let run = |statement: &'static str| sqlx::query(statement);
    run("SELECT pg_advisory_lock(hashtextextended('openg2p-prepare', 0))").execute(&mut lock).await?;
    for (service, _) in SERVICES {
        if !sources.names(&url_key(service)) {
            let password = ensure_role(database, &db, service, options.reset_passwords).await?;
            let url = role_url(&database.admin, &schema_name(service), &password)?;
            sources.set(&url_key(service), url.expose_secret());
        }
    }
    ensure_schema(&db, EVENTS_SCHEMA, "CURRENT_USER", options.demo).await?;
    storage::migrate(&events, events::postgres::MIGRATIONS).await?;
    each(&mut Prepare { sources, database, db: &db, options }).await?;
    run("SELECT pg_advisory_unlock(hashtextextended('openg2p-prepare', 0))").execute(&mut lock).await?;
    events.close().await;
    db.close().await;
    Ok(())
}

struct Prepare<'a> {
    sources: &'a Sources,
    database: &'a Database,
    db: &'a Db,
    options: PrepareOptions,
}

impl Visitor for Prepare<'_> {
    async fn visit<S: Service>(&mut self) -> anyhow::Result<()> {
        let schema = schema_name(S::NAME);
        let url = self.sources.load::<S>()?.common.database_url;
        let url = url.with_context(|| format!("{} has no database URL", S::NAME))?;
        let own = self.database.connect(&url, &schema).await?;
        ping(&own)
            .await
            .with_context(|| format!("the database URL of {} does not open the database", S::NAME))?;
        let role: Option<String> = sql::scalar(own.conn(), "SELECT quote_ident(current_user)", []).await?;
        let role = role.unwrap_or_default();
        ensure_schema(self.db, &schema, &role, self.options.demo).await?;
        for statement in [
            format!("GRANT USAGE ON SCHEMA {EVENTS_SCHEMA} TO {role}"),
            format!("GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {EVENTS_SCHEMA} TO {role}"),
            format!("GRANT USAGE ON ALL SEQUENCES IN SCHEMA {EVENTS_SCHEMA} TO {role}"),
        ] {
            sql::execute(self.db.conn(), &statement, []).await?;
        }
        storage::migrate(&own, &all_migrations::<S>())
            .await
            .with_context(|| format!("migrating {schema}"))?;
        own.close().await;
        Ok(())
    }
}

/// The role of a service, and its password. Roles belong to the whole server: one that exists and that the password
/// kept here does not open is another installation's, and stays as it is unless `reset`. Role names are constants of
/// ours and the password is URL-safe base64, so both may stand in statements that take no parameters.
async fn ensure_role(database: &Database, db: &Db, service: &str, reset: bool) -> anyhow::Result<String> {
    let role = schema_name(service);
    let query = "SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1)";
    let exists: Option<bool> = sql::scalar(db.conn(), query, [role.as_str().into()]).await?;
    let exists = exists == Some(true);
    let stored = database.data.stored(&role_secret(service))?;
    if exists {
        let why = match &stored {
            None => "its password is not kept there".to_owned(),
            Some(password) => match log_in(database, &role, password).await? {
                Ok(()) => return Ok(password.clone()),
                // A server too busy to let anybody in says nothing about the password.
                Err(error @ StoreError::Unavailable(_)) => {
                    return Err(error).with_context(|| format!("the role {role} could not log in"));
                }
                Err(error) => format!("the password kept there does not open it ({error})"),
            },
        };
        anyhow::ensure!(
            reset,
            "this server has a role {role} already, and {} is not the data directory it was made from: {why}. Give \
             that directory with --data-dir, or the service's URL in OPENG2P__{}. `openg2p migrate --reset-passwords` \
             gives all such roles new passwords, which locks out what uses the present ones",
            database.data.root().display(),
            url_key(service)
        );
    }
    let password = database.data.secret(&role_secret(service))?;
    anyhow::ensure!(
        password.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_'),
        "a role's password may hold letters, digits, - and _ only"
    );
    let verb = if exists { "ALTER" } else { "CREATE" };
    for statement in
        [format!("{verb} ROLE {role} LOGIN PASSWORD '{password}'"), format!("GRANT {role} TO CURRENT_USER")]
    {
        sql::execute(db.conn(), &statement, []).await.with_context(|| {
            format!("the role {role} could not be made; the administrator needs CREATEROLE")
        })?;
    }
    Ok(password)
}

/// Whether the role gets in with this password.
async fn log_in(database: &Database, role: &str, password: &str) -> anyhow::Result<StoreResult<()>> {
    let own = database.connect(&role_url(&database.admin, role, password)?, role).await?;
    let answer = ping(&own).await;
    own.close().await;
    Ok(answer)
}

/// Whether the server lets us in. One that is busy is asked up to three times.
async fn ping(db: &Db) -> StoreResult<()> {
    let mut answer = db.ping().await;
    for _ in 1..LOG_INS {
        if !matches!(answer, Err(StoreError::Unavailable(_))) {
            break;
        }
        answer = db.ping().await;
    }
    answer
}

/// A schema that `owner` (an identifier, quoted where it must be) owns. The mark is made with it or not at all.
async fn ensure_schema(db: &Db, schema: &str, owner: &str, demo: bool) -> anyhow::Result<()> {
    let tx = db.begin().await?;
    let query =
        "SELECT COALESCE(obj_description(oid, 'pg_namespace'), '') FROM pg_namespace WHERE nspname = $1";
    let comment: Option<String> = sql::scalar(&tx, query, [schema.into()]).await?;
    if comment.is_none() {
        sql::execute(&tx, &format!("CREATE SCHEMA {schema} AUTHORIZATION {owner}"), []).await?;
    }
    if comment.is_none() && demo {
        sql::execute(&tx, &format!("COMMENT ON SCHEMA {schema} IS '{DEMO_MARK}'"), []).await?;
    } else if comment.as_deref() == Some(DEMO_MARK) && !demo {
        sql::execute(&tx, &format!("COMMENT ON SCHEMA {schema} IS NULL"), []).await?;
    }
    tx.commit().await?;
    Ok(())
}

/// Drops the schemas of all services and of the events, for a demo that starts anew. Roles stay. Schemas that no demo
/// made stop it before anything is dropped, unless `replace` is given for the private cluster.
///
/// # Errors
/// When there are such schemas, or the administrator may not.
pub async fn drop_demo_schemas(database: &Database, replace: bool) -> anyhow::Result<()> {
    let db = database.connect(&database.admin, "public").await?;
    let ours: Vec<String> =
        SERVICES.iter().map(|(name, _)| schema_name(name)).chain([EVENTS_SCHEMA.to_owned()]).collect();
    let in_use: Vec<String> = sql::scalars(
        db.conn(),
        "SELECT nspname::text FROM pg_namespace
          WHERE nspname = ANY($1) AND obj_description(oid, 'pg_namespace') IS DISTINCT FROM $2 ORDER BY 1",
        [ours.clone().into(), DEMO_MARK.into()],
    )
    .await?;
    let way_out = if database.private {
        "To delete what `openg2p up` keeps in this directory's private database, add --replace-data"
    } else {
        "Name an empty database, or drop these schemas yourself if you are sure"
    };
    anyhow::ensure!(
        in_use.is_empty() || (replace && database.private),
        "this database has schemas that the demo did not make, or that were used since: {}. A demo starts by deleting \
         them, so nothing was done. {way_out}",
        in_use.join(", ")
    );
    for schema in ours {
        sql::execute(db.conn(), &format!("DROP SCHEMA IF EXISTS {schema} CASCADE"), []).await?;
    }
    db.close().await;
    Ok(())
}
