//! Cycles, decisions and disbursements.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use time::{Date, OffsetDateTime};
use utoipa::ToSchema;
use uuid::Uuid;

use super::day;
use crate::domain::{cycle::CycleState, disbursement::DisbursementState};

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
