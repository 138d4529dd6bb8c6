//! What the APIs take and give. Amounts are decimal strings in the programme's currency.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use time::{Date, OffsetDateTime, macros::format_description};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::domain::{
    benefit::{LineKind, Per},
    cycle::CycleState,
    disbursement::DisbursementState,
};

/// A day as `YYYY-MM-DD`.
pub mod day {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};
    use time::Date;

    /// # Errors
    /// The serializer's own.
    pub fn serialize<S: Serializer>(date: &Date, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&super::day_text(*date))
    }

    /// # Errors
    /// When it is not a day.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Date, D::Error> {
        let text = String::deserialize(deserializer)?;
        super::parse_day(&text).ok_or_else(|| D::Error::custom("a day is written as 2026-01-31"))
    }
}

/// `2026-01-31`.
#[must_use]
pub fn day_text(date: Date) -> String {
    date.format(format_description!("[year]-[month]-[day]")).unwrap_or_default()
}

/// The day of `2026-01-31`.
#[must_use]
pub fn parse_day(text: &str) -> Option<Date> {
    Date::parse(text, format_description!("[year]-[month]-[day]")).ok()
}

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
    /// Why it failed.
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

/// A new cycle.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CycleRequest {
    /// Unique within the programme, up to 64 characters. The bridge and bank statements show it.
    pub name: String,
    /// Day of payment in the programme's time zone; ages are counted on it.
    #[serde(with = "day")]
    #[schema(value_type = String, format = Date)]
    pub schedule_date: Date,
    /// 1, 2, 3, …; unique within the programme.
    pub sequence: i32,
}

/// Somebody's decision on a cycle.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ApprovalRequest {
    /// `approve` (also for the maker who submits) or `return`.
    pub decision: Decision,
    /// Why.
    pub comment: String,
}

/// What is decided.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// Go on: the first person submits, the second approves.
    #[default]
    Approve,
    /// Back to draft.
    Return,
}

/// How many, and how much.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Tally {
    /// Number.
    pub count: i64,
    /// Sum.
    pub amount: String,
}

/// A cycle with its numbers.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct CycleView {
    /// Id in paths.
    pub id: Uuid,
    /// The bridge's `disbursement_cycle_id`.
    pub number: i64,
    /// Its programme.
    pub program_id: Uuid,
    /// Name.
    pub name: String,
    /// Place in the programme.
    pub sequence: i32,
    /// Day of payment.
    #[serde(with = "day")]
    #[schema(value_type = String, format = Date)]
    pub schedule_date: Date,
    /// Where it stands.
    pub state: CycleState,
    /// ISO 4217.
    pub currency: String,
    /// `none`, `computing` or `computed`.
    pub entitlement_state: String,
    /// Households entitled.
    pub households: i64,
    /// Entitlements, and their sum.
    pub entitled: Tally,
    /// Reserved of the programme's fund; falls as payments come to an end.
    pub reserved: String,
    /// Frozen at approval.
    pub approved: Option<Tally>,
    /// Disbursements by state.
    pub disbursements: BTreeMap<String, Tally>,
    /// Rejected, reversed and cancelled ones by reason.
    pub reasons: BTreeMap<String, Tally>,
    /// How many messages to the bridge are accepted, pending, refused.
    pub batches: BTreeMap<String, i64>,
    /// The bridge's last complaint, when there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_error: Option<String>,
    /// The bridge's envelopes by benefit.
    pub envelopes: BTreeMap<String, String>,
    /// Who submitted it.
    pub submitted_by: Option<String>,
    /// Who approved it.
    pub approved_by: Option<String>,
    /// When.
    #[serde(with = "time::serde::rfc3339::option")]
    pub approved_at: Option<OffsetDateTime>,
    /// When the payments began.
    #[serde(with = "time::serde::rfc3339::option")]
    pub disbursing_at: Option<OffsetDateTime>,
    /// When it was done or cancelled.
    #[serde(with = "time::serde::rfc3339::option")]
    pub finished_at: Option<OffsetDateTime>,
}

/// One payment, as operators see it.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct DisbursementView {
    /// Id, the same at the bridge and the bank.
    pub disbursement_id: String,
    /// Benefit.
    pub benefit_code: String,
    /// Pseudonym of the household.
    pub household: String,
    /// Pseudonym of the payee.
    pub payee: String,
    /// How much.
    pub amount: String,
    /// ISO 4217.
    pub currency: String,
    /// Where it stands.
    pub state: DisbursementState,
    /// Why, for rejected and reversed ones.
    pub reason: Option<String>,
    /// When it was made.
    #[serde(with = "time::serde::rfc3339")]
    pub created_at: OffsetDateTime,
    /// Since when the state holds.
    #[serde(with = "time::serde::rfc3339")]
    pub state_at: OffsetDateTime,
}

/// Whom to look up. The identifier is hashed at once and stored nowhere.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LookupRequest {
    /// For example `NATIONAL_ID`.
    pub id_type: String,
    /// The document's number.
    pub value: String,
}

/// What the register knows of a person.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct LookupView {
    /// Whether anybody has this identifier.
    pub found: bool,
    /// One entry for each programme and household.
    pub programs: Vec<ParticipationView>,
}

/// A household in a programme.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ParticipationView {
    /// Programme.
    pub program_id: Uuid,
    /// Its short name.
    pub program_mnemonic: String,
    /// Its name.
    pub program_name: String,
    /// ISO 4217.
    pub currency: String,
    /// Pseudonym of the household.
    pub household: String,
    /// Pseudonym of the person who was looked up.
    pub person: String,
    /// Whether that person is the payee.
    pub is_payee: bool,
    /// `enrolled`, `not_eligible`, `rejected`, `paused`, `exited`; null when nothing was decided yet.
    pub membership: Option<String>,
    /// Why.
    pub membership_reason: Option<String>,
    /// Since when.
    #[serde(with = "time::serde::rfc3339::option")]
    pub membership_since: Option<OffsetDateTime>,
    /// By cycle and benefit, newest cycle first.
    pub entitlements: Vec<EntitlementView>,
}

/// What the household gets of a benefit in a cycle.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct EntitlementView {
    /// Cycle.
    pub cycle_id: Uuid,
    /// Its name.
    pub cycle_name: String,
    /// Where the cycle stands; before its approval amounts may change.
    pub cycle_state: String,
    /// Day of payment.
    #[serde(with = "day")]
    #[schema(value_type = String, format = Date)]
    pub schedule_date: Date,
    /// Benefit.
    pub benefit_code: String,
    /// How much.
    pub amount: String,
    /// How it came about.
    pub lines: Vec<LineView>,
    /// The payment, once it was made.
    pub disbursement: Option<PaymentView>,
}

/// Part of an entitlement.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct LineView {
    /// Base, addition or cap.
    pub kind: LineKind,
    /// How many.
    pub quantity: i64,
    /// Of how much.
    pub unit: String,
    /// Quantity times unit.
    pub amount: String,
}

/// One payment with all its states.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct PaymentView {
    /// Id, the same at the bridge and the bank.
    pub disbursement_id: String,
    /// How much.
    pub amount: String,
    /// Where it stands.
    pub state: DisbursementState,
    /// Why.
    pub reason: Option<String>,
    /// When it was made.
    #[serde(with = "time::serde::rfc3339")]
    pub created_at: OffsetDateTime,
    /// Since when the state holds.
    #[serde(with = "time::serde::rfc3339")]
    pub state_at: OffsetDateTime,
    /// Every state it went through, oldest first.
    pub history: Vec<StateView>,
}

/// A state and since when.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct StateView {
    /// State.
    pub state: DisbursementState,
    /// Why.
    pub reason: Option<String>,
    /// When it happened.
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
}

/// Whose payments.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PayeeRequest {
    /// Pseudonym.
    pub payee: String,
}

/// Payments of one payee, newest first, at most 500.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct PayeePaymentsView {
    /// The payments.
    pub items: Vec<PayeePaymentView>,
}

/// A payment as the payee sees it.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct PayeePaymentView {
    /// Id to quote.
    pub disbursement_id: String,
    /// Programme.
    pub program_name: String,
    /// Its short name.
    pub program_mnemonic: String,
    /// Cycle.
    pub cycle_name: String,
    /// Benefit.
    pub benefit_code: String,
    /// Day of payment.
    #[serde(with = "day")]
    #[schema(value_type = String, format = Date)]
    pub schedule_date: Date,
    /// How much.
    pub amount: String,
    /// ISO 4217.
    pub currency: String,
    /// Where it stands.
    pub state: DisbursementState,
    /// Why.
    pub reason: Option<String>,
    /// When it was made.
    #[serde(with = "time::serde::rfc3339")]
    pub created_at: OffsetDateTime,
    /// Since when the state holds.
    #[serde(with = "time::serde::rfc3339")]
    pub state_at: OffsetDateTime,
}
