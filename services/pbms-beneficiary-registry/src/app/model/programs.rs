//! Programmes, runs and funds.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::domain::benefit::Per;

/// A new programme.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ProgramRequest {
    /// Short name, unique: 1 to 64 letters, digits, `_` and `-`. The bridge knows the programme by it.
    pub mnemonic: String,
    /// Name for people.
    pub name: String,
    /// What it is for.
    #[serde(default)]
    pub description: String,
    /// ISO 4217.
    pub currency: String,
    /// IANA name, for example `Africa/Nairobi`.
    pub time_zone: String,
    /// Who gets the benefit: `household`; the payee is its Head.
    pub target: String,
    /// Rule in CEL over attributes of the household, for example
    /// `poverty_score < 50.0 && members.exists(m, m.age < 18)`.
    pub eligibility_rule: String,
    /// What an enrolled household gets in each cycle.
    pub benefit: BenefitRequest,
    /// Attributes to pull from the registry, and no others.
    pub field_policy: Vec<String>,
}

/// A benefit.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BenefitRequest {
    /// Short name.
    #[serde(default = "default_benefit")]
    #[schema(default = "CASH")]
    pub code: String,
    /// What every enrolled household gets.
    pub base: String,
    /// What comes on top.
    #[serde(default)]
    pub additions: Vec<AdditionRequest>,
    /// No household gets more; no limit when absent.
    #[serde(default)]
    pub cap: Option<String>,
}

fn default_benefit() -> String {
    "CASH".to_owned()
}

/// An addition to the base.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AdditionRequest {
    /// Counted for each member `m`, or once for the household.
    pub per: Per,
    /// CEL, for example `m.age < 5`. Ages are those on the schedule date of the cycle.
    pub rule: String,
    /// For each.
    pub amount: String,
}

/// A programme.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ProgramView {
    /// Id in paths.
    pub id: Uuid,
    /// The bridge's `benefit_program_id`.
    pub number: i64,
    /// Short name.
    pub mnemonic: String,
    /// Name.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// ISO 4217.
    pub currency: String,
    /// IANA name.
    pub time_zone: String,
    /// `household`.
    pub target: String,
    /// `active` or `ended`.
    pub state: String,
    /// Version of rule and benefit.
    pub rule_version: i32,
    /// CEL.
    pub eligibility_rule: String,
    /// What an enrolled household gets.
    pub benefit: BenefitRequest,
    /// What is pulled.
    pub field_policy: Vec<String>,
    /// When it was defined.
    #[serde(with = "time::serde::rfc3339")]
    pub created_at: OffsetDateTime,
    /// By whom.
    pub created_by: String,
}

/// How far a pull, an enrolment or a computation is.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct RunView {
    /// Id in paths.
    pub id: Uuid,
    /// `pull`, `enrolment` or `entitlement`.
    pub kind: String,
    /// Its programme.
    pub program_id: Uuid,
    /// Its cycle.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cycle_id: Option<Uuid>,
    /// `running`, `done` or `failed`.
    pub state: String,
    /// Households done.
    pub done: i64,
    /// Households in all, when known.
    pub total: Option<i64>,
    /// What came out. Pull: `received, created, updated, unchanged, refused, left`. Enrolment: `considered, eligible,
    /// enrolled, not_eligible, rejected, changed` and `reason.<REASON>`. Entitlement: `households, entitlements`, and
    /// `amount_minor`.
    pub counts: BTreeMap<String, i64>,
    /// Why it failed, or why it waits just now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// Who started it.
    pub requested_by: String,
    /// When.
    #[serde(with = "time::serde::rfc3339")]
    pub created_at: OffsetDateTime,
    /// When it ended.
    #[serde(with = "time::serde::rfc3339::option")]
    pub finished_at: Option<OffsetDateTime>,
}

/// What an enrolment can be told.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct EnrolmentRequest {
    /// Day on which ages are counted, `YYYY-MM-DD`; today in the programme's time zone when absent.
    #[schema(format = Date)]
    pub as_of: Option<String>,
}

/// Money that comes in.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FundRequest {
    /// Above zero.
    pub amount: String,
    /// For the ledger.
    #[serde(default)]
    pub note: String,
}

/// Money of a programme.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct FundView {
    /// Its programme.
    pub program_id: Uuid,
    /// ISO 4217.
    pub currency: String,
    /// What came in.
    pub deposited: String,
    /// Promised to cycles.
    pub reserved: String,
    /// Paid and not reversed.
    pub spent: String,
    /// Free: deposited less reserved less spent.
    pub available: String,
}

/// Outcome of a fund check.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct FundCheckView {
    /// Whether the whole cycle is covered; then its money is reserved.
    pub sufficient: bool,
    /// What the cycle needs.
    pub required: String,
    /// What is reserved for it now.
    pub reserved: String,
    /// What the programme has left after that.
    pub available: String,
    /// ISO 4217.
    pub currency: String,
}
