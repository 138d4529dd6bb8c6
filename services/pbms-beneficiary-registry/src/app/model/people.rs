//! Answers about one person.

use serde::{Deserialize, Serialize};
use time::{Date, OffsetDateTime};
use utoipa::ToSchema;
use uuid::Uuid;

use super::day;
use crate::domain::{benefit::LineKind, disbursement::DisbursementState};

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
