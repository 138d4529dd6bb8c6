//! Use cases. Each takes a context, checks the permission in its first line, and works in a transaction.

pub mod admission;
pub mod answer;
pub mod brakes;
pub mod cancel;
pub mod close;
pub mod disburse;
pub mod disburse_read;
pub mod driver;
pub mod envelope_statement;
pub mod envelopes;
pub mod funds;
pub mod inbox;
pub mod intake;
pub mod lists;
pub mod notify;
pub mod operate;
pub mod overdue;
pub mod pay;
pub mod programs;
pub mod proposals;
pub mod read;
pub mod received;
pub mod reconcile;
pub mod reissue;
pub mod reports;
pub mod resolve;
pub mod restores;
pub mod settle;
pub mod statement_checks;
pub mod statement_csv;
mod statement_passes;
pub mod statement_pdf;
pub mod statements;
pub mod status;
pub mod sweep;
pub mod turns;

use std::sync::Arc;

use g2p_connect::reason::BridgeReason;
use g2p_crypto::SigningKey;
use platform::{ApiError, Clock, Ctx, HttpClient, PartnerError, PartnerRegistry, Permission};
use sea_orm::DatabaseTransaction;
use storage::{Db, StoreError, StoreResult};
use time::OffsetDateTime;

use crate::{
    bank::Banks,
    config::Config,
    desk::Desk,
    mapper::Mapper,
    store::{envelopes::Envelope, plan},
};
use turns::Turns;

/// What handlers and jobs work with.
#[derive(Debug, Clone)]
pub struct App {
    /// The bridge's schema.
    pub db: Db,
    /// The clock to read.
    pub clock: Clock,
    /// The pages for staff.
    pub desk: Arc<Desk>,
    /// The settings.
    pub config: Arc<Config>,
    /// The partners, for messages that are worked on after they were acknowledged.
    pub partners: PartnerRegistry,
    /// Sends callbacks: to other machines only.
    pub callbacks: HttpClient,
    /// Signs callbacks.
    pub keys: Arc<SigningKey>,
    /// The mapper.
    pub mapper: Mapper,
    /// The sponsor banks.
    pub banks: Banks,
    /// Who works with the database when.
    pub turns: Arc<Turns>,
}

impl App {
    /// Begins a transaction for statements over arrays; see [`plan::afresh`].
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub async fn begin(&self) -> StoreResult<DatabaseTransaction> {
        let tx = self.db.begin().await?;
        plan::afresh(&tx).await?;
        Ok(tx)
    }

    /// Now.
    #[must_use]
    pub fn now(&self) -> OffsetDateTime {
        self.clock.now()
    }
}

/// Everything a programme system may do; `bridge:call` includes it.
const PAY: Permission = Permission::new("bridge:pay");
/// Bringing statements; `bridge:call` includes it.
const IMPORT: Permission = Permission::new("bridge:import");
/// Every operation of the partner dialects.
const CALL: Permission = Permission::new("bridge:call");
/// Looking.
pub(crate) const READ: Permission = Permission::new("bridge:read");
/// Saying where money comes from.
const WRITE: Permission = Permission::new("bridge:write");

/// Deciding what somebody else asked for.
const APPROVE: Permission = Permission::new("bridge:approve");

/// Working on envelopes that another partner made.
pub(crate) const OTHERS: Permission = Permission::new("bridge:others");

/// An envelope is its maker's: nobody else's partner fills, changes or cancels it. To others it is not there.
fn require_own(ctx: &Ctx, envelope: &Envelope) -> Result<(), Failure> {
    if ctx.may(OTHERS) || envelope.created_by == ctx.actor.label() {
        return Ok(());
    }
    Err(Failure::refused(BridgeReason::DisbursementEnvelopeNotFound))
}

fn require_any(ctx: &Ctx, narrow: Permission) -> Result<(), ApiError> {
    if ctx.may(CALL) { Ok(()) } else { ctx.require(narrow) }
}

/// Why a partner's operation did not happen.
#[derive(Debug)]
pub enum Failure {
    /// A rule refused it: HTTP 200 with this code, and nothing changed.
    Refused(Refusal),
    /// Anything else.
    Other(PartnerError),
}

/// A refusal with its code and, for lists, the codes of the rows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Refusal {
    /// The code of the whole message.
    pub code: String,
    /// The codes of each row, in the order sent; empty when no row is to blame.
    pub rows: Vec<Vec<BridgeReason>>,
}

impl Failure {
    /// A refusal of the whole message.
    #[must_use]
    pub fn refused(code: BridgeReason) -> Self {
        Self::Refused(Refusal { code: code.as_str().to_owned(), rows: Vec::new() })
    }

    /// A refusal because of rows.
    #[must_use]
    pub fn rows(code: BridgeReason, rows: Vec<Vec<BridgeReason>>) -> Self {
        Self::Refused(Refusal { code: code.as_str().to_owned(), rows })
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Other(error.into())
    }
}

impl From<ApiError> for Failure {
    fn from(error: ApiError) -> Self {
        Self::Other(error.into())
    }
}

impl From<PartnerError> for Failure {
    fn from(error: PartnerError) -> Self {
        Self::Other(error)
    }
}
