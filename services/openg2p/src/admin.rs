//! Commands that look into a service's schema: partners, outbox, dead letters.

use std::path::PathBuf;

use anyhow::Context;
use clap::Subcommand;
use g2p_crypto::{Jwks, SigningKey};
use platform::{Mode, Policy, partners};
use secrecy::SecretString;
use serde_json::{Value, json};
use storage::{Db, sql};

use crate::{
    cli::DatabaseArgs,
    services::SERVICES,
    up::{UpOptions, database, service_db},
};

/// `partner …`
#[derive(Debug, Subcommand)]
pub enum PartnerCommand {
    /// Register a partner with its public keys.
    Add {
        /// Service that it may call.
        service: String,
        /// Id it sends as `sender_id`.
        partner: String,
        /// File with its JWKS (public keys).
        #[arg(long)]
        jwks: Option<PathBuf>,
        /// Accept what deployed clients send: unsigned, placeholders. Strict otherwise.
        #[arg(long)]
        compat: bool,
        /// Permission pattern, for example `mapper:call`; repeat for more.
        #[arg(long = "allow")]
        allow: Vec<String>,
        #[command(flatten)]
        database: DatabaseArgs,
    },
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

async fn open(args: DatabaseArgs, service: &str) -> anyhow::Result<Db> {
    anyhow::ensure!(
        SERVICES.iter().any(|(name, _)| *name == service),
        "there is no service {service}; there are {}",
        SERVICES.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ")
    );
    let options = UpOptions {
        database_url: args.database_url.map(SecretString::from),
        data_dir: args.data_dir,
        ..UpOptions::default()
    };
    let (data, admin) = database(&options).await?;
    service_db(&data, &admin, service).await
}

fn read_jwks(path: &PathBuf) -> anyhow::Result<Value> {
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
        PartnerCommand::Add { service, partner, jwks, compat, allow, database } => {
            let keys = match &jwks {
                Some(path) => read_jwks(path)?,
                None if compat => json!({"keys": []}),
                None => anyhow::bail!("a strict partner needs --jwks with its public keys"),
            };
            let mode = if compat { Mode::Compat } else { Mode::Strict };
            let policy = Policy { permissions: allow.into_iter().collect(), ..Policy::default() };
            let db = open(database, &service).await?;
            partners::put(&db, &partner, mode, &keys, &policy).await?;
            println!("{service} knows {}", partners::normalise(&partner));
        }
        PartnerCommand::List { service, database } => {
            for row in partners::list(&open(database, &service).await?).await? {
                let state = if row.active { "active" } else { "off" };
                println!("{:<24} {:<7} {} keys  {state}", row.partner_id, row.mode, row.keys);
            }
        }
        PartnerCommand::Rotate { service, partner, jwks, retire, database } => {
            let new = read_jwks(&jwks)?;
            let db = open(database, &service).await?;
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

/// Runs an `outbox` command.
///
/// # Errors
/// What went wrong.
#[allow(clippy::print_stdout)]
pub async fn outbox(command: OutboxCommand) -> anyhow::Result<()> {
    let OutboxCommand::Status { database } = command;
    for (service, _) in SERVICES {
        let db = open(database.clone(), service).await?;
        let waiting: Option<i64> =
            sql::scalar(db.conn(), "SELECT count(*) FROM outbox WHERE published_at IS NULL", []).await?;
        let oldest: Option<Option<f64>> = sql::scalar(
            db.conn(),
            "SELECT extract(epoch FROM now() - min(created_at))::float8 FROM outbox WHERE published_at IS NULL",
            [],
        )
        .await?;
        let age = oldest.flatten().map_or_else(String::new, |s| format!("  oldest {s:.0} s"));
        println!("{service:<28} {:>8} waiting{age}", waiting.unwrap_or(0));
    }
    Ok(())
}

/// Runs a `dlq` command.
///
/// # Errors
/// What went wrong.
#[allow(clippy::print_stdout)]
pub async fn dlq(command: DlqCommand) -> anyhow::Result<()> {
    match command {
        DlqCommand::List { database } => {
            for (service, _) in SERVICES {
                let db = open(database.clone(), service).await?;
                for letter in events::dead_letters(&db, None, 100).await? {
                    println!("{service:<28} event {letter:?}");
                }
                for job in jobs::dead_jobs(&db, None, 100).await? {
                    println!("{service:<28} job   {job:?}");
                }
            }
        }
        DlqCommand::Redrive { service, database } => {
            let db = open(database, &service).await?;
            let letters = events::redrive(&db, None, None).await?;
            let jobs = jobs::redrive(&db, None, None).await?;
            println!("{service}: {letters} events and {jobs} jobs are back at work");
        }
    }
    Ok(())
}
