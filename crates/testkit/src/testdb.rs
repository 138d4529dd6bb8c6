//! A database per test, copied from a migrated template.

use std::time::Duration;

use sea_orm::{ConnectionTrait, sqlx};
use storage::{Db, DbOptions, SqlMigration, migrate, sql};
use time::OffsetDateTime;
use url::Url;
use uuid::Uuid;

use crate::postgres_url;

/// Part of the template's name, so that a change of how templates are made does not meet old ones.
const TEMPLATE_FORMAT: &str = "2";
/// Schema of the Postgres transport for events: every role may use it.
const EVENTS_SCHEMA: &str = "openg2p_events";
/// Databases that a killed test left behind are dropped after this time.
const DATABASE_AGE: Duration = Duration::from_secs(60 * 60);
/// So that no test starts late because of the ones before it.
const DROPS_AT_ONCE: usize = 4;
/// How long to wait for one.
const DROP_TIMEOUT: Duration = Duration::from_secs(5);
/// Templates of migrations that nobody has any more are dropped after this time.
const TEMPLATE_AGE: Duration = Duration::from_secs(24 * 60 * 60);

/// A database of one test, with a schema and a role that owns it for each service, migrated. The next test drops it
/// when the value is gone; when the test fails it is kept for an hour, to look at.
pub struct TestDb {
    name: String,
    schemas: Vec<String>,
}

impl TestDb {
    /// Makes the database: about 50 ms from the template, some seconds the first time for these migrations.
    ///
    /// # Panics
    /// When the server refuses.
    pub async fn new(schemas: &[(&str, Vec<SqlMigration>)]) -> Self {
        let admin = connect(postgres_url(), "public").await;
        drop_finished(&admin).await;
        sweep(&admin, "^t_[0-9]{10}_[0-9a-f]{32}$", DATABASE_AGE).await;
        let template = template_name(schemas);
        let name = format!("t_{}_{}", OffsetDateTime::now_utc().unix_timestamp(), Uuid::new_v4().simple());
        let create = format!("CREATE DATABASE {name} TEMPLATE {template}");
        make_template(&admin, &template, schemas).await;
        if admin.conn().execute_unprepared(&create).await.is_err() {
            // Another process may just have swept the template as too old.
            make_template(&admin, &template, schemas).await;
            admin.conn().execute_unprepared(&create).await.expect("a database from the template");
        }
        admin.close().await;
        let schemas = schemas.iter().map(|(schema, _)| (*schema).to_owned()).collect();
        Self { name, schemas }
    }

    /// Name of the database.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// URL for the server's administrator.
    #[must_use]
    pub fn admin_url(&self) -> String {
        url_of(&self.name, None)
    }

    /// URL for the role that owns the schema and may see nothing else.
    ///
    /// # Panics
    /// When the schema is not one of this database.
    #[must_use]
    pub fn url(&self, schema: &str) -> String {
        assert!(self.schemas.iter().any(|s| s == schema), "{schema} is not a schema of this database");
        url_of(&self.name, Some(schema))
    }

    /// A pool of the schema's own role.
    ///
    /// # Panics
    /// When it cannot connect.
    pub async fn db(&self, schema: &str) -> Db {
        connect(&self.url(schema), schema).await
    }

    /// A pool of the administrator, whose search path is the given schema.
    ///
    /// # Panics
    /// When it cannot connect.
    pub async fn admin(&self, schema: &str) -> Db {
        connect(&self.admin_url(), schema).await
    }
}

impl Drop for TestDb {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("the test's database {} is kept for an hour", self.name);
            return;
        }
        // Not dropped here: the test's runtime stands still meanwhile, and a session of it that is just logging in
        // would make the server wait for its timeout. The next test drops it; failing that, its age does.
        let _ = std::fs::create_dir_all(finished_dir())
            .and_then(|()| std::fs::write(finished_dir().join(&self.name), ""));
    }
}

/// Holds a file for each database that is not needed any more, named like it.
fn finished_dir() -> std::path::PathBuf {
    crate::servers_dir().join("finished-databases")
}

/// Drops the databases of finished tests. Whoever removes a database's file drops it.
async fn drop_finished(admin: &Db) {
    let files = std::fs::read_dir(finished_dir()).into_iter().flatten().filter_map(Result::ok);
    for file in files.take(DROPS_AT_ONCE) {
        let name = file.file_name().to_string_lossy().into_owned();
        let is_name = name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        if is_name && name.starts_with("t_") && std::fs::remove_file(file.path()).is_ok() {
            drop_database(admin, &name).await;
        }
    }
}

/// Best effort: what is left is dropped by age.
async fn drop_database(admin: &Db, name: &str) {
    let statement = format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)");
    let _ = tokio::time::timeout(DROP_TIMEOUT, admin.conn().execute_unprepared(&statement)).await;
}

async fn connect(url: &str, schema: &str) -> Db {
    Db::connect(&DbOptions::new(url.to_owned().into(), schema)).await.expect("a pool for the test")
}

/// The tests' role of a schema. Roles belong to the whole server, so they are shared by all test databases.
fn role_of(schema: &str) -> String {
    format!("g2ptest_{schema}")
}

/// Every process must find the same password, and nobody without the administrator's URL may know it.
fn role_password() -> String {
    Uuid::new_v5(&Uuid::NAMESPACE_URL, postgres_url().as_bytes()).simple().to_string()
}

fn url_of(database: &str, schema: Option<&str>) -> String {
    let mut url = Url::parse(postgres_url()).expect("the server's URL");
    url.set_path(database);
    if let Some(schema) = schema {
        url.set_username(&role_of(schema)).expect("a user in the URL");
        url.set_password(Some(&role_password())).expect("a password in the URL");
    }
    url.into()
}

fn template_name(schemas: &[(&str, Vec<SqlMigration>)]) -> String {
    let mut text = TEMPLATE_FORMAT.to_owned();
    for (schema, steps) in schemas {
        text.push_str(&format!("\0\0{schema}"));
        for step in steps {
            text.push_str(&format!("\0{}\0{}", step.name, step.sql));
        }
    }
    format!("tmpl_{}", Uuid::new_v5(&Uuid::NAMESPACE_OID, text.as_bytes()).simple())
}

/// Makes the template unless it is there; processes that want the same one wait for each other.
async fn make_template(admin: &Db, name: &str, schemas: &[(&str, Vec<SqlMigration>)]) {
    if template_exists(admin, name).await {
        return;
    }
    let mut lock = admin.pool().acquire().await.expect("a connection");
    let lock_sql = "SELECT pg_advisory_lock(hashtextextended($1, 0))";
    // One lock for all templates: they share the roles.
    sqlx::query(lock_sql).bind("testkit").execute(&mut *lock).await.expect("the lock of the templates");
    if !template_exists(admin, name).await {
        sweep(admin, "^tmpl_[0-9a-f]{32}$", TEMPLATE_AGE).await;
        build_template(admin, name, schemas).await;
    }
    // Ends the session, and the lock with it.
    lock.close().await.expect("the lock's connection closes");
}

async fn template_exists(admin: &Db, name: &str) -> bool {
    let sql = "SELECT datistemplate FROM pg_database WHERE datname = $1";
    sql::scalar(admin.conn(), sql, [name.into()]).await.expect("the list of databases") == Some(true)
}

async fn build_template(admin: &Db, name: &str, schemas: &[(&str, Vec<SqlMigration>)]) {
    let run = async |db: &Db, sql: String| {
        db.conn().execute_unprepared(&sql).await.unwrap_or_else(|e| panic!("{e}, in: {sql}"));
    };
    run(admin, format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).await;
    run(admin, format!("CREATE DATABASE {name}")).await;
    let owner = connect(&url_of(name, None), "public").await;
    run(&owner, "REVOKE ALL ON SCHEMA public FROM PUBLIC".to_owned()).await;
    for (schema, steps) in schemas {
        let role = role_of(schema);
        let exists: Option<i32> =
            sql::scalar(admin.conn(), "SELECT 1 FROM pg_roles WHERE rolname = $1", [role.as_str().into()])
                .await
                .expect("the list of roles");
        let verb = if exists.is_some() { "ALTER" } else { "CREATE" };
        run(admin, format!("{verb} ROLE {role} LOGIN PASSWORD '{}'", role_password())).await;
        run(&owner, format!("CREATE SCHEMA {schema} AUTHORIZATION {role}")).await;
        let db = connect(&url_of(name, Some(schema)), schema).await;
        migrate(&db, steps).await.unwrap_or_else(|e| panic!("the migrations of {schema}: {e}"));
        db.close().await;
    }
    share_events_schema(&owner, schemas).await;
    owner.close().await;
    let now = OffsetDateTime::now_utc().unix_timestamp();
    run(admin, format!("COMMENT ON DATABASE {name} IS '{now}'")).await;
    run(admin, format!("ALTER DATABASE {name} ALLOW_CONNECTIONS false IS_TEMPLATE true")).await;
}

async fn share_events_schema(owner: &Db, schemas: &[(&str, Vec<SqlMigration>)]) {
    if schemas.iter().all(|(schema, _)| *schema != EVENTS_SCHEMA) {
        return;
    }
    for (schema, _) in schemas.iter().filter(|(schema, _)| *schema != EVENTS_SCHEMA) {
        let role = role_of(schema);
        for what in [
            format!("USAGE ON SCHEMA {EVENTS_SCHEMA}"),
            format!("SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {EVENTS_SCHEMA}"),
            format!("USAGE ON ALL SEQUENCES IN SCHEMA {EVENTS_SCHEMA}"),
        ] {
            owner.conn().execute_unprepared(&format!("GRANT {what} TO {role}")).await.expect("the grant");
        }
    }
}

/// Drops the databases with such names that are too old. Best effort: another process may be doing the same.
async fn sweep(admin: &Db, names: &str, age: Duration) {
    let sql = "SELECT datname::text FROM pg_database
               WHERE datname ~ $1
                 AND coalesce(substring(datname from '^t_([0-9]+)_'),
                              substring(shobj_description(oid, 'pg_database') from '^[0-9]+$'))::bigint < $2
               LIMIT 20";
    let limit = OffsetDateTime::now_utc() - age;
    let old: Vec<String> = sql::scalars(admin.conn(), sql, [names.into(), limit.unix_timestamp().into()])
        .await
        .unwrap_or_default();
    for name in old {
        let _ = admin.conn().execute_unprepared(&format!("ALTER DATABASE {name} IS_TEMPLATE false")).await;
        let _ =
            admin.conn().execute_unprepared(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).await;
    }
}
