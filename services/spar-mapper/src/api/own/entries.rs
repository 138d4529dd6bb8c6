//! Entries of the directory as the own API takes and shows them.

use platform::clock::rfc3339;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::{
    app::directory::Report,
    domain::EntryFault,
    store::directory::{Entry, Level, Noted},
};

/// Faults that an answer lists at most; all of them are counted.
const LISTED: usize = 1_000;

type Values = Vec<(&'static str, Option<String>)>;

/// A bank to add, or what to change of one.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct BankRequest {
    /// Code, as it stands in addresses; needed for a new bank, and never changed.
    #[serde(default)]
    bank_code: Option<String>,
    /// Name that people know; needed for a new bank.
    #[serde(default)]
    bank_name: Option<String>,
    /// Short name, unique; the code when absent.
    #[serde(default)]
    bank_mnemonic: Option<String>,
    /// Two letters, as in ISO 3166.
    #[serde(default)]
    country: Option<String>,
    /// `any` (as the level of account numbers says), `iban`, or `regex`.
    #[serde(default)]
    account_format: Option<String>,
    /// With `regex`: a regular expression for the whole account number.
    #[serde(default)]
    account_regex: Option<String>,
    /// The strategy that clients are to write addresses with.
    #[serde(default)]
    strategy_id: Option<i64>,
    /// Whether it takes payments; true for a new one.
    #[serde(default)]
    active: Option<bool>,
}

impl BankRequest {
    pub(super) fn values(self) -> Values {
        vec![
            ("bank_code", self.bank_code),
            ("bank_name", self.bank_name),
            ("bank_mnemonic", self.bank_mnemonic),
            ("country", self.country),
            ("account_format", self.account_format),
            ("account_regex", self.account_regex),
            ("strategy_id", self.strategy_id.map(|id| id.to_string())),
            ("active", self.active.map(|active| active.to_string())),
        ]
    }
}

/// A branch to add, or what to change of one.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct BranchRequest {
    /// Code of its bank; needed for a new branch, and never changed.
    #[serde(default)]
    bank_code: Option<String>,
    /// Code, as it stands in addresses; needed for a new branch, and never changed.
    #[serde(default)]
    branch_code: Option<String>,
    /// Name that people know; needed for a new branch.
    #[serde(default)]
    branch_name: Option<String>,
    /// Short name, unique; made of the codes when absent.
    #[serde(default)]
    branch_mnemonic: Option<String>,
    /// Whether it takes payments; true for a new one.
    #[serde(default)]
    active: Option<bool>,
}

impl BranchRequest {
    pub(super) fn values(self) -> Values {
        vec![
            ("bank_code", self.bank_code),
            ("branch_code", self.branch_code),
            ("branch_name", self.branch_name),
            ("branch_mnemonic", self.branch_mnemonic),
            ("active", self.active.map(|active| active.to_string())),
        ]
    }
}

/// A provider of wallets to add, or what to change of one.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct WalletRequest {
    /// `MOBILE_WALLET` or `EMAIL_WALLET`; needed for a new one, and never changed.
    #[serde(default)]
    wallet_type: Option<String>,
    /// Code, as it stands in addresses; needed for a new one, and never changed.
    #[serde(default)]
    sp_code: Option<String>,
    /// Name that people know; needed for a new one.
    #[serde(default)]
    sp_name: Option<String>,
    /// Short name, unique; the code when absent.
    #[serde(default)]
    sp_mnemonic: Option<String>,
    /// Two letters, as in ISO 3166.
    #[serde(default)]
    country: Option<String>,
    /// The strategy that clients are to write addresses with.
    #[serde(default)]
    strategy_id: Option<i64>,
    /// Whether it takes payments; true for a new one.
    #[serde(default)]
    active: Option<bool>,
}

impl WalletRequest {
    pub(super) fn values(self) -> Values {
        vec![
            ("wallet_type", self.wallet_type),
            ("sp_code", self.sp_code),
            ("sp_name", self.sp_name),
            ("sp_mnemonic", self.sp_mnemonic),
            ("country", self.country),
            ("strategy_id", self.strategy_id.map(|id| id.to_string())),
            ("active", self.active.map(|active| active.to_string())),
        ]
    }
}

/// A bank.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct BankView {
    /// Its id; no branch and no provider of wallets has the same.
    id: i64,
    /// Short name.
    bank_mnemonic: String,
    /// Name that people know.
    bank_name: String,
    /// Code, as it stands in addresses.
    bank_code: String,
    /// Two letters, as in ISO 3166; empty when nobody said.
    country: String,
    /// `any`, `iban` or `regex`.
    account_format: String,
    /// The pattern of `regex`.
    account_regex: Option<String>,
    /// The strategy that clients are to write addresses with.
    strategy_id: Option<i64>,
    /// Whether it takes payments.
    active: bool,
}

impl From<Entry> for BankView {
    fn from(entry: Entry) -> Self {
        Self {
            id: entry.id,
            bank_mnemonic: entry.mnemonic,
            bank_name: entry.name,
            bank_code: entry.code,
            country: entry.country,
            account_format: entry.account_format,
            account_regex: entry.account_regex,
            strategy_id: entry.strategy_id,
            active: entry.active,
        }
    }
}

/// A branch.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct BranchView {
    /// Its id.
    id: i64,
    /// Short name.
    branch_mnemonic: String,
    /// Name that people know.
    branch_name: String,
    /// Code, as it stands in addresses.
    branch_code: String,
    /// Id of its bank.
    bank_id: i64,
    /// Whether it takes payments.
    active: bool,
}

impl From<Entry> for BranchView {
    fn from(entry: Entry) -> Self {
        Self {
            id: entry.id,
            branch_mnemonic: entry.mnemonic,
            branch_name: entry.name,
            branch_code: entry.code,
            bank_id: entry.bank_id.unwrap_or_default(),
            active: entry.active,
        }
    }
}

/// A provider of wallets.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct WalletView {
    /// Its id.
    id: i64,
    /// Short name.
    sp_mnemonic: String,
    /// Name that people know.
    sp_name: String,
    /// Code, as it stands in addresses.
    sp_code: String,
    /// `MOBILE_WALLET` or `EMAIL_WALLET`.
    wallet_type: String,
    /// Two letters, as in ISO 3166; empty when nobody said.
    country: String,
    /// The strategy that clients are to write addresses with.
    strategy_id: Option<i64>,
    /// Whether it takes payments.
    active: bool,
}

impl From<Entry> for WalletView {
    fn from(entry: Entry) -> Self {
        Self {
            id: entry.id,
            sp_mnemonic: entry.mnemonic,
            sp_name: entry.name,
            sp_code: entry.code,
            wallet_type: entry.wallet_type.unwrap_or_default(),
            country: entry.country,
            strategy_id: entry.strategy_id,
            active: entry.active,
        }
    }
}

/// A step in which a person names an account.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct LevelView {
    /// Its id.
    id: i64,
    /// What people see.
    name: String,
    /// `bank`, `branch`, `account`, `mobile_wallet_provider`, `mobile_number`, `email_wallet_provider` or `email_address`.
    level_type: String,
    /// `select` or `input`.
    input_type: String,
    /// The step before; 0 for the first.
    parent: i64,
    /// What may be entered.
    validation_regex: Option<String>,
    /// Whether it is used.
    active: bool,
}

impl From<Level> for LevelView {
    fn from(level: Level) -> Self {
        Self {
            id: level.id,
            name: level.name,
            level_type: level.level_type,
            input_type: level.input_type,
            parent: level.parent,
            validation_regex: level.validation_regex,
            active: level.active,
        }
    }
}

/// A change of the directory.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct NotedView {
    /// Grows from change to change.
    seq: i64,
    /// `banks`, `branches`, `wallet_service_providers` or `dfsp_levels`.
    kind: String,
    /// The entry.
    id: i64,
    /// When, RFC 3339.
    at: String,
    /// Who: `user:…`, `partner:…`, `script:…`.
    actor: String,
    /// What was there before; null when the entry is new.
    before: Option<Value>,
    /// What was there then; null when a script removed it.
    after: Option<Value>,
}

impl From<Noted> for NotedView {
    fn from(noted: Noted) -> Self {
        Self {
            seq: noted.seq,
            kind: noted.kind,
            id: noted.entry_id,
            at: rfc3339(noted.at),
            actor: noted.actor,
            before: noted.before,
            after: noted.after,
        }
    }
}

/// What became of a file.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ReportView {
    /// Entries that are new.
    inserted: u64,
    /// Entries that were changed.
    updated: u64,
    /// Entries that were as the file says.
    unchanged: u64,
    /// Lines that were left out.
    refused: usize,
    /// Why, by line; the first thousand.
    errors: Vec<FaultView>,
}

/// Why a line was left out.
#[derive(Debug, Serialize, ToSchema)]
struct FaultView {
    /// Line of the file; the header is 1.
    line: u64,
    /// The column that is wrong, when it is one.
    column: Option<&'static str>,
    /// What is wrong and what to do.
    message: String,
}

impl From<EntryFault> for FaultView {
    fn from(fault: EntryFault) -> Self {
        Self { line: fault.line, column: fault.column, message: fault.message }
    }
}

impl From<Report> for ReportView {
    fn from(report: Report) -> Self {
        Self {
            inserted: report.inserted,
            updated: report.updated,
            unchanged: report.unchanged,
            refused: report.refused,
            errors: report.faults.into_iter().take(LISTED).map(FaultView::from).collect(),
        }
    }
}
