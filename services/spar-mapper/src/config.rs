//! Settings of the mapper.

use std::collections::BTreeMap;

use g2p_crypto::{Jwk, SealError};
use platform::Masked;
use serde::{Deserialize, Serialize};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use crate::domain::{PartyTypes, Signers, Vault, public_key};

/// Keys of the section `[spar_mapper]`, besides the common ones.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Largest number of items of one message.
    pub max_batch: usize,
    /// Resolves of many ids that are with the database at a time.
    pub resolve_batches: u16,
    /// Days that asynchronous messages and their answers are kept.
    pub transaction_days: u16,
    /// Whether callbacks may go to this machine. For tests.
    pub callback_loopback: bool,
    /// Seconds between signed checkpoints of the history.
    pub checkpoint_seconds: u64,
    /// Keys that signed checkpoints before the present one.
    pub retired_keys: Vec<RetiredKey>,
    /// Minutes after which a change made through the own API takes effect at the earliest.
    pub change_delay_minutes: u32,
    /// Whether a change made through the own API needs a second person.
    pub second_approver: bool,
    /// Whether changes made through the own API are held against the directory.
    pub check_changes: bool,
    /// Names under which strict partners may address this service, besides `partner_id`.
    pub receiver_ids: Vec<String>,
    /// Largest CSV file of banks, branches or wallets, in bytes.
    pub directory_max_bytes: usize,
    /// Largest file of changes, in bytes, without its content coding.
    pub bulk_max_bytes: u64,
    /// Most rows of a file of changes.
    pub bulk_max_rows: u64,
    /// Longest row of a file of changes, in bytes.
    pub bulk_max_row_bytes: usize,
    /// Rows that are changed in one transaction.
    pub bulk_part_rows: usize,
    /// Transactions of one file that run side by side.
    pub bulk_lanes: u32,
    /// Files of one partner that may be worked on or wait at a time.
    pub bulk_max_open: u32,
    /// Days that the report on a file is kept.
    pub bulk_days: u16,
    /// Ids of parties that Mojaloop's oracle API serves, by their type: `msisdn:{id}`.
    pub oracle_types: BTreeMap<String, String>,
    /// FSP ids by the codes of banks and wallets.
    pub oracle_fsps: BTreeMap<String, String>,
    /// Currency of accounts that name none.
    pub oracle_currency: String,
    /// Largest number of parties of one request.
    pub oracle_max_batch: usize,
    /// Items that one partner resolves in an hour before it is called unusual; 0 for never.
    pub alarm_items_an_hour: u64,
    /// Whether addresses, names and phones are sealed in the database.
    pub encryption: bool,
    /// At least 32 characters; seals.
    pub encryption_secret: Masked<String>,
    /// Earlier values of it, which still open what they sealed.
    pub encryption_old_secrets: Vec<Masked<String>>,
    /// At least 32 characters; makes the blind index. It stays the same for ever.
    pub index_secret: Masked<String>,
}

/// A key of this service that signs no more.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RetiredKey {
    /// The public key: PEM (`PUBLIC KEY`) or a JWK as text.
    pub key: String,
    /// When its last process stopped, RFC 3339: what it signed later is not believed.
    pub until: String,
}

impl RetiredKey {
    fn read(&self) -> Result<(Jwk, OffsetDateTime), String> {
        let key = public_key(&self.key).map_err(|why| format!("key: {why}"))?;
        let until = OffsetDateTime::parse(&self.until, &Rfc3339).map_err(|_| {
            "until must be a time as in RFC 3339, for example 2026-01-31T12:00:00Z".to_owned()
        })?;
        Ok((key, until))
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            max_batch: 10_000,
            resolve_batches: 4,
            transaction_days: 7,
            callback_loopback: false,
            checkpoint_seconds: 60,
            retired_keys: Vec::new(),
            change_delay_minutes: 0,
            second_approver: false,
            check_changes: true,
            receiver_ids: Vec::new(),
            directory_max_bytes: 16 * 1024 * 1024,
            bulk_max_bytes: 8 * 1024 * 1024 * 1024,
            bulk_max_rows: 20_000_000,
            bulk_max_row_bytes: 64 * 1024,
            bulk_part_rows: 10_000,
            bulk_lanes: 2,
            bulk_max_open: 8,
            bulk_days: 30,
            oracle_types: BTreeMap::new(),
            oracle_fsps: BTreeMap::new(),
            oracle_currency: String::new(),
            oracle_max_batch: 10_000,
            alarm_items_an_hour: 2_000_000,
            encryption: true,
            encryption_secret: Masked::new(String::new()),
            encryption_old_secrets: Vec::new(),
            index_secret: Masked::new(String::new()),
        }
    }
}

/// What each key does.
pub const DOCS: &[(&str, &str)] = &[
    ("max_batch", "largest number of items of one message"),
    (
        "resolve_batches",
        "resolves of more than 50 ids that are with the database at a time, 1 to 64, about twice its cores; others wait their turn, \
         smaller ones do not",
    ),
    ("transaction_days", "days that asynchronous messages and their answers are kept"),
    ("callback_loopback", "whether callbacks may go to this machine; for tests"),
    ("checkpoint_seconds", "seconds between signed checkpoints of the history, 1 to 3600"),
    (
        "retired_keys",
        "keys that signed checkpoints before `signing_key` was changed, a list of `{ key = \"-----BEGIN PUBLIC KEY-----…\", until = \"2026-01-31T12:00:00Z\" }`; \
         docs/mapper-history.md has the steps",
    ),
    (
        "change_delay_minutes",
        "a change made through the own API takes effect after so many minutes at the earliest",
    ),
    ("second_approver", "a change made through the own API waits until a second person approves it"),
    (
        "check_changes",
        "changes made through the own API are held against the directory, for each kind of address (bank, mobile wallet, \
         email wallet) of which it has anything active",
    ),
    (
        "receiver_ids",
        "names, besides `partner_id`, by which a strict partner's `receiver_id` may call this service; another one is refused",
    ),
    (
        "directory_max_bytes",
        "largest CSV file of banks, branches or wallets that is loaded into the directory",
    ),
    ("bulk_max_bytes", "largest file of changes, in bytes, without its content coding"),
    ("bulk_max_rows", "most rows of a file of changes"),
    ("bulk_max_row_bytes", "longest row of a file of changes, in bytes"),
    ("bulk_part_rows", "rows of a file that are changed in one transaction, 1 to 100000"),
    ("bulk_lanes", "transactions of one file that run side by side, 1 to 16"),
    ("bulk_max_open", "files of one partner that may be worked on or wait at a time"),
    ("bulk_days", "days that the report on a file is kept, at least 3"),
    (
        "oracle_types",
        "ids of the parties that Mojaloop's oracle API serves, by their type, for example `MSISDN = \"msisdn:{id}\"`; docs/mapper-oracle.md has all forms. Without any it serves none",
    ),
    (
        "oracle_fsps",
        "FSP ids by the codes of banks and wallets; a code that is not named is the FSP id itself",
    ),
    ("oracle_currency", "currency of accounts that name none, three letters; needed with `oracle_types`"),
    ("oracle_max_batch", "largest number of parties of one request of the oracle API"),
    (
        "alarm_items_an_hour",
        "items that one partner resolves in an hour before the metric `spar_mapper_unusual_resolve_total` tells of it; 0 for never",
    ),
    (
        "encryption",
        "whether addresses, names and phones are sealed in the database; needs `encryption_secret` and `index_secret`. \
         Turned on later, it seals what is there; turned off, it opens it again, for which it needs the secrets",
    ),
    ("encryption_secret", "at least 32 characters, the same on every replica; seals"),
    (
        "encryption_old_secrets",
        "earlier values of `encryption_secret`, a list; they still open what they sealed",
    ),
    (
        "index_secret",
        "at least 32 characters, the same on every replica, never changed; by it addresses are found",
    ),
];

impl Config {
    pub(crate) fn validate(&self) -> Result<(), String> {
        if self.max_batch == 0 || self.max_batch > 100_000 {
            return Err(format!("spar_mapper.max_batch is {}; it must be 1 to 100000", self.max_batch));
        }
        if !(1..=64).contains(&self.resolve_batches) {
            return Err(format!(
                "spar_mapper.resolve_batches is {}; it must be 1 to 64",
                self.resolve_batches
            ));
        }
        if !(1..=3_600).contains(&self.checkpoint_seconds) {
            return Err(format!(
                "spar_mapper.checkpoint_seconds is {}; it must be 1 to 3600",
                self.checkpoint_seconds
            ));
        }
        self.retired().map_err(|why| format!("spar_mapper.{why}"))?;
        self.validate_oracle().map_err(|why| format!("spar_mapper.{why}"))?;
        if self.change_delay_minutes > 527_040 {
            return Err(format!(
                "spar_mapper.change_delay_minutes is {}; it must be at most 527040, a year",
                self.change_delay_minutes
            ));
        }
        if !(1..=100_000).contains(&self.bulk_part_rows) {
            return Err(format!(
                "spar_mapper.bulk_part_rows is {}; it must be 1 to 100000",
                self.bulk_part_rows
            ));
        }
        if !(1..=16).contains(&self.bulk_lanes) {
            return Err(format!("spar_mapper.bulk_lanes is {}; it must be 1 to 16", self.bulk_lanes));
        }
        // A signed upload may come again for two days at most, and must be known then.
        if self.bulk_days < 3 {
            return Err(format!("spar_mapper.bulk_days is {}; it must be at least 3", self.bulk_days));
        }
        if self.encryption && self.encryption_secret.expose().is_empty() {
            return Err("spar_mapper.encryption_secret is missing: addresses are sealed with it. Make one with \
                        `openssl rand -base64 48`, and one for index_secret; or set spar_mapper.encryption = false"
                .to_owned());
        }
        for (key, secret) in
            [("encryption_secret", &self.encryption_secret), ("index_secret", &self.index_secret)]
                .into_iter()
                .chain(self.encryption_old_secrets.iter().map(|secret| ("encryption_old_secrets", secret)))
        {
            let needed = self.encryption || !self.encryption_secret.expose().is_empty();
            if needed && secret.expose().len() < 32 {
                return Err(format!("spar_mapper.{key} is shorter than 32 characters"));
            }
        }
        Ok(())
    }

    fn validate_oracle(&self) -> Result<(), String> {
        PartyTypes(&self.oracle_types).validate().map_err(|why| format!("oracle_types.{why}"))?;
        let currency = self.oracle_currency.as_bytes();
        if !self.oracle_types.is_empty()
            && (currency.len() != 3 || !currency.iter().all(u8::is_ascii_uppercase))
        {
            return Err("oracle_currency must be three capital letters where oracle_types has any".to_owned());
        }
        if let Some((code, _)) = self.oracle_fsps.iter().find(|(_, fsp)| !(1..=32).contains(&fsp.len())) {
            return Err(format!("oracle_fsps.{code}: an FSP id has 1 to 32 characters"));
        }
        if !(1..=100_000).contains(&self.oracle_max_batch) {
            return Err(format!("oracle_max_batch is {}; it must be 1 to 100000", self.oracle_max_batch));
        }
        Ok(())
    }

    fn retired(&self) -> Result<Vec<(Jwk, OffsetDateTime)>, String> {
        let read = |(n, retired): (usize, &RetiredKey)| {
            retired.read().map_err(|why| format!("retired_keys[{n}].{why}"))
        };
        self.retired_keys.iter().enumerate().map(read).collect()
    }

    /// Whose statements are believed: the present key's, and in their time those of the retired ones.
    pub(crate) fn signers(&self, current: Jwk) -> Result<Signers, String> {
        let mut signers = Signers::new(current);
        for (key, until) in self.retired()? {
            signers.retire(key, until);
        }
        Ok(signers)
    }

    /// What seals and opens.
    pub(crate) fn vault(&self) -> Result<Vault, SealError> {
        if self.encryption_secret.expose().is_empty() {
            return Ok(Vault::default());
        }
        let older: Vec<&str> = self.encryption_old_secrets.iter().map(|s| s.expose().as_str()).collect();
        Vault::new(self.encryption_secret.expose(), &older, self.index_secret.expose(), self.encryption)
    }
}
