//! Envelopes: their rows, their one way of changing state, their tally.

use sea_orm::{ConnectionTrait, FromQueryResult};
use serde_json::Value;
use storage::{StoreError, StoreResult, sql};
use time::{Date, OffsetDateTime};

use super::overdue::{Limits, is_overdue};
use crate::domain::envelope;

/// An envelope with the configuration it is paid by.
#[derive(Debug, Clone, FromQueryResult)]
pub struct Envelope {
    /// Its id.
    pub envelope_id: String,
    /// Its natural key.
    pub natural_key: String,
    /// The programme.
    pub benefit_program_mnemonic: String,
    /// The version of the programme's configuration.
    pub program_version: i32,
    /// The programme system's labels.
    pub labels: Value,
    /// The benefit.
    pub benefit_code_mnemonic: Option<String>,
    /// The cycle.
    pub cycle_code_mnemonic: String,
    /// How often.
    pub disbursement_frequency: String,
    /// ISO 4217.
    pub currency: String,
    /// The day, in the programme's time zone.
    pub schedule_date: Date,
    /// Declared beneficiaries.
    pub declared_beneficiaries: i64,
    /// Declared payments.
    pub declared_count: i64,
    /// Declared sum.
    pub declared_minor: i64,
    /// Payments taken in.
    pub received_count: i64,
    /// Their sum.
    pub received_minor: i64,
    /// The next payment's number.
    pub next_seq: i64,
    /// See [`Envelope::state`].
    pub state: String,
    /// Since when.
    pub state_since: OffsetDateTime,
    /// Why it does not go on.
    pub problem: Option<String>,
    /// Since when.
    pub problem_since: Option<OffsetDateTime>,
    /// Payments with an account.
    pub eligible_count: Option<i64>,
    /// Their sum.
    pub eligible_minor: Option<i64>,
    /// Wire text of the funds check.
    pub funds_available: String,
    /// When.
    pub funds_available_at: Option<OffsetDateTime>,
    /// Why not.
    pub funds_available_error: Option<String>,
    /// How often.
    pub funds_available_attempts: i32,
    /// Wire text of the block.
    pub funds_blocked: String,
    /// When.
    pub funds_blocked_at: Option<OffsetDateTime>,
    /// Why not.
    pub funds_blocked_error: Option<String>,
    /// How often.
    pub funds_blocked_attempts: i32,
    /// From then on there may be a block.
    pub block_requested_at: Option<OffsetDateTime>,
    /// The bank's reference.
    pub block_reference: Option<String>,
    /// The money blocked.
    pub blocked_minor: Option<i64>,
    /// The money given back.
    pub released_minor: Option<i64>,
    /// When.
    pub released_at: Option<OffsetDateTime>,
    /// When it was closed after it was cancelled or given up.
    pub closed_at: Option<OffsetDateTime>,
    /// When overdue payments were last asked for.
    pub settle_checked_at: Option<OffsetDateTime>,
    /// When it was made.
    pub created_at: OffsetDateTime,
    /// By whom.
    pub created_by: String,
    /// When it was cancelled.
    pub cancelled_at: Option<OffsetDateTime>,
    /// Which bank pays.
    pub sponsor_bank_code: String,
    /// From which account.
    pub sponsor_bank_account_number: String,
    /// Whether the mapper is asked.
    pub id_mapper_resolution_required: bool,
    /// IANA name.
    pub time_zone: String,
}

impl Envelope {
    /// Where it stands.
    ///
    /// # Errors
    /// When the row holds a state of a newer version.
    pub fn state(&self) -> StoreResult<envelope::State> {
        envelope::State::parse(&self.state).ok_or_else(|| {
            StoreError::Other(format!("envelopes.state is '{}', which is not known here", self.state))
        })
    }

    /// The key under which the bank blocks the money: the same for every try, so there is one block.
    #[must_use]
    pub fn block_key(&self) -> String {
        format!("{}/block", self.envelope_id)
    }
}

const SELECT: &str =
    "SELECT e.*, p.sponsor_bank_code, p.sponsor_bank_account_number, p.id_mapper_resolution_required,
        p.time_zone
   FROM envelopes AS e
   JOIN benefit_programs AS p ON p.tenant_id = e.tenant_id
        AND p.benefit_program_mnemonic = e.benefit_program_mnemonic AND p.version = e.program_version";

/// The envelope of this id.
pub async fn find<C: ConnectionTrait>(conn: &C, tenant: &str, id: &str) -> StoreResult<Option<Envelope>> {
    let query = format!("{SELECT} WHERE e.tenant_id = $1 AND e.envelope_id = $2");
    sql::fetch_optional(conn, &query, [tenant.into(), id.into()]).await
}

/// The envelope of this id, held against changes until the transaction ends.
pub async fn lock<C: ConnectionTrait>(tx: &C, tenant: &str, id: &str) -> StoreResult<Option<Envelope>> {
    let query = format!("{SELECT} WHERE e.tenant_id = $1 AND e.envelope_id = $2 FOR NO KEY UPDATE OF e");
    sql::fetch_optional(tx, &query, [tenant.into(), id.into()]).await
}

/// The envelope of this natural key that is not cancelled.
pub async fn find_by_key<C: ConnectionTrait>(
    conn: &C,
    tenant: &str,
    key: &str,
) -> StoreResult<Option<Envelope>> {
    let query = format!("{SELECT} WHERE e.tenant_id = $1 AND e.natural_key = $2 AND e.state <> 'CANCELLED'");
    sql::fetch_optional(conn, &query, [tenant.into(), key.into()]).await
}

/// Which envelopes to list; what is absent does not matter.
#[derive(Debug, Clone, Copy, Default)]
pub struct Filter<'a> {
    /// Only this state.
    pub state: Option<&'a str>,
    /// Only this programme.
    pub program: Option<&'a str>,
    /// Those with a problem, or those without.
    pub problem: Option<bool>,
    /// Those that are overdue by these limits, or those that are not.
    pub overdue: Option<(bool, &'a Limits)>,
}

/// Envelopes in the order of their ids, after `after`.
pub async fn page<C: ConnectionTrait>(
    conn: &C,
    tenant: &str,
    filter: Filter<'_>,
    after: &str,
    limit: i64,
) -> StoreResult<Vec<Envelope>> {
    let Filter { state, program, problem, overdue } = filter;
    let late = overdue.map(|(wanted, _)| format!("AND {} = {wanted}", is_overdue(7))).unwrap_or_default();
    let query = format!(
        "{SELECT} WHERE e.tenant_id = $1 AND e.envelope_id > $2 AND ($3::text IS NULL OR e.state = $3)
            AND ($5::text IS NULL OR e.benefit_program_mnemonic = $5)
            AND ($6::boolean IS NULL OR (e.problem IS NOT NULL) = $6) {late}
          ORDER BY e.envelope_id LIMIT $4"
    );
    let mut values =
        vec![tenant.into(), after.into(), state.into(), limit.into(), program.into(), problem.into()];
    values.extend(overdue.into_iter().flat_map(|(_, limits)| limits.values()));
    sql::fetch_all(conn, &query, values).await
}

/// A new envelope.
#[derive(Debug, Clone)]
pub struct NewEnvelope {
    /// Its id.
    pub envelope_id: String,
    /// Its natural key.
    pub natural_key: String,
    /// The programme.
    pub program: String,
    /// The version of its configuration.
    pub program_version: i32,
    /// The programme system's labels.
    pub labels: Value,
    /// The benefit.
    pub benefit_code: Option<String>,
    /// The cycle.
    pub cycle: String,
    /// How often.
    pub frequency: String,
    /// ISO 4217.
    pub currency: String,
    /// The day.
    pub schedule_date: Date,
    /// Declared beneficiaries.
    pub beneficiaries: i64,
    /// Declared payments.
    pub count: i64,
    /// Declared sum.
    pub minor: i64,
}

/// Writes it. `false` when its id or key is taken.
pub async fn insert<C: ConnectionTrait>(
    tx: &C,
    tenant: &str,
    new: &NewEnvelope,
    actor: &str,
    at: OffsetDateTime,
) -> StoreResult<bool> {
    let written = sql::execute(
        tx,
        "WITH added AS (
            INSERT INTO envelopes (tenant_id, envelope_id, natural_key, benefit_program_mnemonic, program_version, labels,
                benefit_code_mnemonic, cycle_code_mnemonic, disbursement_frequency, currency, schedule_date,
                declared_beneficiaries, declared_count, declared_minor, state_since, created_at, created_by)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $15, $16)
            ON CONFLICT DO NOTHING RETURNING envelope_id
         ) INSERT INTO state_changes (tenant_id, subject, at, actor, action, after)
           SELECT $1, 'envelope/' || envelope_id, $15, $16, 'create', 'RECEIVING' FROM added",
        [
            tenant.into(),
            new.envelope_id.clone().into(),
            new.natural_key.clone().into(),
            new.program.clone().into(),
            new.program_version.into(),
            new.labels.clone().into(),
            new.benefit_code.clone().into(),
            new.cycle.clone().into(),
            new.frequency.clone().into(),
            new.currency.clone().into(),
            new.schedule_date.into(),
            new.beneficiaries.into(),
            new.count.into(),
            new.minor.into(),
            at.into(),
            actor.into(),
        ],
    )
    .await?;
    Ok(written == 1)
}

/// Numbers for new payments.
#[derive(Debug, Clone, FromQueryResult)]
pub struct Reserved {
    /// Number of the first of them.
    pub first_seq: i64,
    /// The envelope's state now: `SCHEDULED` when these were the last.
    pub state: String,
}

/// Admits `count` payments of `minor` in all, or `None` when the envelope does not take them.
pub async fn reserve<C: ConnectionTrait>(
    tx: &C,
    tenant: &str,
    id: &str,
    count: i64,
    minor: i64,
    at: OffsetDateTime,
) -> StoreResult<Option<Reserved>> {
    sql::fetch_optional(
        tx,
        include_str!("sql/reserve.sql"),
        [tenant.into(), id.into(), count.into(), minor.into(), at.into()],
    )
    .await
}

/// Writes into the history that the last payments completed the envelope ([`reserve`] changed its state).
pub async fn note_completion<C: ConnectionTrait>(
    tx: &C,
    tenant: &str,
    id: &str,
    actor: &str,
    at: OffsetDateTime,
) -> StoreResult<()> {
    sql::execute(
        tx,
        "INSERT INTO state_changes (tenant_id, subject, at, actor, action, before, after)
         VALUES ($1, 'envelope/' || $2, $3, $4, 'complete', 'RECEIVING', 'SCHEDULED')",
        [tenant.into(), id.into(), at.into(), actor.into()],
    )
    .await?;
    Ok(())
}

/// Takes cancelled payments out of the counts of an envelope that has not begun. `false` when it has.
pub async fn give_back<C: ConnectionTrait>(
    tx: &C,
    tenant: &str,
    id: &str,
    count: i64,
    minor: i64,
) -> StoreResult<bool> {
    let changed = sql::execute(
        tx,
        "UPDATE envelopes SET received_count = received_count - $3, received_minor = received_minor - $4, problem = NULL,
                problem_since = NULL
          WHERE tenant_id = $1 AND envelope_id = $2 AND state IN ('RECEIVING', 'SCHEDULED')
            AND received_count >= $3 AND received_minor >= $4",
        [tenant.into(), id.into(), count.into(), minor.into()],
    )
    .await?;
    Ok(changed == 1)
}

/// New declared totals and day.
#[derive(Debug, Clone, Copy)]
pub struct Amendment {
    /// Declared beneficiaries.
    pub beneficiaries: i64,
    /// Declared payments.
    pub count: i64,
    /// Declared sum.
    pub minor: i64,
    /// The day.
    pub schedule_date: Date,
}

/// Changes the declaration of an envelope that the caller has locked. Never below what was received.
pub async fn amend<C: ConnectionTrait>(tx: &C, tenant: &str, id: &str, to: &Amendment) -> StoreResult<bool> {
    let changed = sql::execute(
        tx,
        "UPDATE envelopes SET declared_beneficiaries = $3, declared_count = $4, declared_minor = $5, schedule_date = $6,
                problem = NULL, problem_since = NULL
          WHERE tenant_id = $1 AND envelope_id = $2 AND received_count <= $4 AND received_minor <= $5
            AND state IN ('RECEIVING', 'SCHEDULED')",
        [
            tenant.into(),
            id.into(),
            to.beneficiaries.into(),
            to.count.into(),
            to.minor.into(),
            to.schedule_date.into(),
        ],
    )
    .await?;
    Ok(changed == 1)
}
