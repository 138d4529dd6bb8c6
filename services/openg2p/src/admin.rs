//! Commands that look into a service's schema: partners, outbox, dead letters.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use anyhow::Context;
use clap::Subcommand;
use g2p_crypto::{Jwks, SigningKey};
use platform::{
    CommonConfig, Mode, Policy,
    partners::{self, PartnerChange},
    server::db_options,
    service::schema_name,
};
use serde_json::{Value, json};
use storage::{Db, sql};

use crate::{
    database::{Database, DatabaseArgs},
    services::SERVICES,
};

/// `partner …`
#[derive(Debug, Subcommand)]
pub enum PartnerCommand {
    /// Register a partner with its public keys, or change one: what is not given stays as it is.
    Add(AddArgs),
    /// List the partners of a service.
    List {
        /// The service.
        service: String,
        #[command(flatten)]
        database: DatabaseArgs,
    },
    /// Add a public key beside the present ones, or with `--retire` drop all but the new ones.
    Rotate {
        /// The service.
        service: String,
        /// The partner.
        partner: String,
        /// File with the new JWKS.
        #[arg(long)]
        jwks: PathBuf,
        /// Drop the old keys.
        #[arg(long)]
        retire: bool,
        #[command(flatten)]
        database: DatabaseArgs,
    },
    /// Make a key pair: the private key to a file, the public JWKS to standard output.
    NewKey {
        /// Where the private key (PEM) goes; must not exist.
        private_key: PathBuf,
    },
}

/// `partner add`
#[derive(Debug, clap::Args)]
pub struct AddArgs {
    /// Service that it may call.
    service: String,
    /// Id it sends as `sender_id`.
    partner: String,
    /// File with its JWKS (public keys).
    #[arg(long)]
    jwks: Option<PathBuf>,
    /// Accept what deployed clients send: unsigned, placeholders.
    #[arg(long)]
    compat: bool,
    /// Check all of a message (a new partner's mode).
    #[arg(long, conflicts_with = "compat")]
    strict: bool,
    /// Permission pattern, for example `mapper:call`; repeat for more.
    #[arg(long = "allow")]
    allow: Vec<String>,
    /// Attribute of registry records that it may see; repeat for more.
    #[arg(long = "attribute")]
    attributes: Vec<String>,
    /// Largest batch; 0 leaves the service's limit.
    #[arg(long)]
    max_batch: Option<u32>,
    /// Most rows of one bulk upload; 0 leaves the service's limit.
    #[arg(long)]
    max_bulk_rows: Option<u32>,
    /// Requests it may send in a second, to each replica; 0 for any number.
    #[arg(long)]
    max_requests_per_second: Option<u32>,
    /// Items it may use in a day (UTC), over all operations; 0 for any number.
    #[arg(long)]
    max_items_per_day: Option<u64>,
    /// Kind of ids that it may use: what stands behind their `@`; repeat for more. Without any: all.
    #[arg(long = "id-namespace")]
    id_namespaces: Vec<String>,
    /// Address that answers to its asynchronous messages may go to, or below; repeat for more. Without any: none.
    #[arg(long = "callback-url")]
    callback_urls: Vec<String>,
    /// Hold the financial addresses it gives against the directory of banks and wallets (`=false` ends that).
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    check_directory: Option<bool>,
    /// Let it give a financial address only together with the name of the person, as she is known already (`=false` ends
    /// that).
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    match_name: Option<bool>,
    #[command(flatten)]
    database: DatabaseArgs,
}

/// `outbox …`
#[derive(Debug, Subcommand)]
pub enum OutboxCommand {
    /// How many events of each service wait, and how long the oldest has.
    Status {
        #[command(flatten)]
        database: DatabaseArgs,
    },
}

/// `dlq …`
#[derive(Debug, Subcommand)]
pub enum DlqCommand {
    /// Dead letters and dead jobs of each service.
    List {
        #[command(flatten)]
        database: DatabaseArgs,
    },
    /// Put dead letters and dead jobs of a service back to work.
    Redrive {
        /// The service.
        service: String,
        #[command(flatten)]
        database: DatabaseArgs,
    },
}

/// The schemas of an installation. Looking into them makes no role, password or table.
pub(crate) struct Schemas(BTreeMap<&'static str, CommonConfig>);

impl Schemas {
    pub(crate) async fn find(args: &DatabaseArgs) -> anyhow::Result<Self> {
        let mut sources = args.sources();
        let database = Database::find(&mut sources, args.data_dir.as_deref()).await?;
        database.use_stored_roles(&mut sources)?;
        Ok(Self(sources.of_each().await?))
    }

    /// The common keys of a service.
    pub(crate) fn of_service(&self, service: &str) -> Option<&CommonConfig> {
        self.0.get(service)
    }

    pub(crate) async fn open(&self, service: &str) -> anyhow::Result<Db> {
        self.open_if_there(service).await?.with_context(|| {
            format!(
                "this role sees no tables in the schema {} of this database: run `openg2p migrate`, or name the URL or the \
                 data directory that `migrate` was run with",
                schema_name(service)
            )
        })
    }

    /// `None` when the role sees no tables of the service.
    pub(crate) async fn open_if_there(&self, service: &str) -> anyhow::Result<Option<Db>> {
        let common = self.0.get(service).with_context(|| {
            let names: Vec<&str> = SERVICES.iter().map(|(name, _)| *name).collect();
            format!("there is no service {service}; there are {}", names.join(", "))
        })?;
        let schema = schema_name(service);
        let mut options = db_options(common, common.database_url.as_ref(), &schema)?;
        options.max_connections = 2;
        let db = Db::connect(&options).await?;
        let ready: Option<bool> = sql::scalar(db.conn(), "SELECT to_regclass('partners') IS NOT NULL", [])
            .await
            .with_context(|| format!("cannot look into the schema {schema}"))?;
        Ok((ready == Some(true)).then_some(db))
    }
}

async fn open(args: &DatabaseArgs, service: &str) -> anyhow::Result<Db> {
    Schemas::find(args).await?.open(service).await
}

fn read_jwks(path: &Path) -> anyhow::Result<Value> {
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let value: Value =
        serde_json::from_str(&text).with_context(|| format!("{} is not JSON", path.display()))?;
    let keys = Jwks::from_value(&value)
        .with_context(|| format!("{} is not a JWKS of public keys", path.display()))?;
    anyhow::ensure!(!keys.keys.is_empty(), "{} holds no usable key", path.display());
    Ok(value)
}

/// Runs a `partner` command.
///
/// # Errors
/// What went wrong.
#[allow(clippy::print_stdout)]
pub async fn partner(command: PartnerCommand) -> anyhow::Result<()> {
    match command {
        PartnerCommand::Add(args) => add(args).await?,
        PartnerCommand::List { service, database } => {
            for row in partners::list(&open(&database, &service).await?).await? {
                let state = if row.active { "active" } else { "off" };
                let (id, mode, keys, policy) = (row.partner_id, row.mode, row.keys, row.policy);
                println!("{id:<24} {mode:<7} {keys} keys  {state}  {policy}");
            }
        }
        PartnerCommand::Rotate { service, partner, jwks, retire, database } => {
            let new = read_jwks(&jwks)?;
            let db = open(&database, &service).await?;
            let changed = partners::rotate(&db, &partner, &new, retire).await?;
            anyhow::ensure!(changed, "{service} does not know {partner}");
            println!(
                "{service}: keys of {} are {}",
                partners::normalise(&partner),
                if retire { "replaced" } else { "added" }
            );
        }
        PartnerCommand::NewKey { private_key } => {
            let key = SigningKey::generate_ed25519()?;
            anyhow::ensure!(!private_key.exists(), "{} exists", private_key.display());
            crate::data_dir::write_private(&private_key, &key.to_pkcs8_pem())?;
            println!("{}", serde_json::to_string_pretty(&key.public_jwks())?);
        }
    }
    Ok(())
}

#[allow(clippy::print_stdout)]
async fn add(args: AddArgs) -> anyhow::Result<()> {
    let some = |items: Vec<String>| (!items.is_empty()).then(|| items.into_iter().collect::<BTreeSet<_>>());
    let change = PartnerChange {
        mode: match (args.compat, args.strict) {
            (true, _) => Some(Mode::Compat),
            (_, true) => Some(Mode::Strict),
            _ => None,
        },
        jwks: args.jwks.as_deref().map(read_jwks).transpose()?,
        permissions: some(args.allow),
        attributes: some(args.attributes),
        max_batch: args.max_batch,
        max_bulk_rows: args.max_bulk_rows,
        max_requests_per_second: args.max_requests_per_second,
        max_items_per_day: args.max_items_per_day,
        id_namespaces: some(args.id_namespaces),
        callback_urls: some(args.callback_urls),
        check_directory: args.check_directory,
        match_name: args.match_name,
    };
    let db = open(&args.database, &args.service).await?;
    let id = partners::normalise(&args.partner);
    if partners::change(&db, &id, &change).await? {
        println!("{} has changed {id}", args.service);
        return Ok(());
    }
    let mode = change.mode.unwrap_or(Mode::Strict);
    anyhow::ensure!(
        mode == Mode::Compat || change.jwks.is_some(),
        "{} does not know {id} yet, and a strict partner needs --jwks with its public keys",
        args.service
    );
    let policy = Policy {
        permissions: change.permissions.unwrap_or_default(),
        attributes: change.attributes.unwrap_or_default(),
        max_batch: change.max_batch.unwrap_or_default(),
        max_bulk_rows: change.max_bulk_rows.unwrap_or_default(),
        max_requests_per_second: change.max_requests_per_second.unwrap_or_default(),
        max_items_per_day: change.max_items_per_day.unwrap_or_default(),
        id_namespaces: change.id_namespaces.unwrap_or_default(),
        callback_urls: change.callback_urls.unwrap_or_default(),
        check_directory: change.check_directory.unwrap_or_default(),
        match_name: change.match_name.unwrap_or_default(),
    };
    let keys = change.jwks.unwrap_or_else(|| json!({"keys": []}));
    anyhow::ensure!(
        partners::add(&db, &id, mode, &keys, &policy).await?,
        "somebody else registered {id} just now: run this again"
    );
    println!("{} knows {id}", args.service);
    Ok(())
}

/// Runs an `outbox` command.
///
/// # Errors
/// What went wrong.
#[allow(clippy::print_stdout)]
pub async fn outbox(command: OutboxCommand) -> anyhow::Result<()> {
    let OutboxCommand::Status { database } = command;
    let schemas = Schemas::find(&database).await?;
    for (service, _) in SERVICES {
        let status = events::status(&schemas.open(service).await?).await?;
        let waiting = status.outbox_pending;
        let age = match waiting {
            0 => String::new(),
            _ => {
                format!("  oldest {} s, {} refused", status.outbox_oldest_age_seconds, status.outbox_failing)
            }
        };
        println!("{service:<28} {waiting:>8} waiting{age}");
    }
    Ok(())
}

/// Rows that are read at a time.
const PAGE: u32 = 500;

/// Runs a `dlq` command.
///
/// # Errors
/// What went wrong.
pub async fn dlq(command: DlqCommand) -> anyhow::Result<()> {
    match command {
        DlqCommand::List { database } => {
            let schemas = Schemas::find(&database).await?;
            for (service, _) in SERVICES {
                list_dead(service, &schemas.open(service).await?).await?;
            }
        }
        DlqCommand::Redrive { service, database } => {
            redrive(&service, &open(&database, &service).await?).await?;
        }
    }
    Ok(())
}

#[allow(clippy::print_stdout)]
async fn list_dead(service: &str, db: &Db) -> anyhow::Result<()> {
    let mut after = None;
    loop {
        let page = events::dead_letters(db, after, PAGE).await?;
        for one in &page {
            let topic = one.topic.as_deref().unwrap_or("no event");
            println!(
                "{service:<28} event {} {topic} for {}: given up after {} attempts at {}: {}",
                one.id, one.consumer, one.attempts, one.last_seen, one.error
            );
        }
        after = page.last().map(|one| one.id);
        if after.is_none() {
            break;
        }
    }
    loop {
        let page = jobs::dead_jobs(db, after, PAGE).await?;
        for one in &page {
            let when = one.finished_at.map_or_else(String::new, |at| format!(" at {at}"));
            println!(
                "{service:<28} job   {} {}: given up after {} attempts{when}: {}",
                one.id,
                one.kind,
                one.attempts,
                one.last_error.as_deref().unwrap_or("no reason")
            );
        }
        after = page.last().map(|one| one.id);
        if after.is_none() {
            return Ok(());
        }
    }
}

#[allow(clippy::print_stdout)]
async fn redrive(service: &str, db: &Db) -> anyhow::Result<()> {
    let letters = events::redrive(db, None, None).await?;
    let jobs = jobs::redrive(db, None, None).await?;
    println!("{service}: {letters} events and {jobs} jobs are back at work");
    Ok(())
}
