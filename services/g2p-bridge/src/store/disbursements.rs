//! Payments as they arrive, are looked up and are resolved.

use sea_orm::{ConnectionTrait, FromQueryResult};
use storage::{StoreError, StoreResult, sql, sql::nullable};
use time::OffsetDateTime;

use super::plan;
use crate::domain::{disbursement::State, financial_address::Account};

/// A payment to take in. Holds personal data, so it has no `Debug`.
#[derive(Clone)]
pub struct NewDisbursement {
    /// Its id.
    pub disbursement_id: String,
    /// The programme system's reference.
    pub mis_reference_number: Option<String>,
    /// The payee, as the mapper knows them.
    pub beneficiary_id: String,
    /// The payee's name.
    pub beneficiary_name: Option<String>,
    /// Minor units.
    pub amount_minor: i64,
    /// What the payee reads.
    pub narrative: String,
    /// JSON text, kept and not interpreted.
    pub compute_elements: Option<String>,
}

/// Where payments go in.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// Whose.
    pub tenant: &'a str,
    /// The envelope.
    pub envelope_id: &'a str,
    /// Number of the first one.
    pub first_seq: i64,
    /// The sender's id of the call.
    pub batch_control_id: Option<&'a str>,
    /// Who sends.
    pub actor: &'a str,
    /// When.
    pub at: OffsetDateTime,
}

/// Writes payments with their history and tally; returns how many were new.
pub async fn admit<C: ConnectionTrait>(
    tx: &C,
    place: Place<'_>,
    rows: Vec<NewDisbursement>,
) -> StoreResult<i64> {
    let mut ids = Vec::with_capacity(rows.len());
    let mut references = Vec::with_capacity(rows.len());
    let mut payees = Vec::with_capacity(rows.len());
    let mut names = Vec::with_capacity(rows.len());
    let mut amounts = Vec::with_capacity(rows.len());
    let mut narratives = Vec::with_capacity(rows.len());
    let mut elements = Vec::with_capacity(rows.len());
    for row in rows {
        ids.push(row.disbursement_id);
        references.push(row.mis_reference_number);
        payees.push(row.beneficiary_id);
        names.push(row.beneficiary_name);
        amounts.push(row.amount_minor);
        narratives.push(row.narrative);
        elements.push(row.compute_elements);
    }
    plan::kept(tx).await?;
    let added: Option<i64> = sql::scalar(
        tx,
        include_str!("sql/admit.sql"),
        [
            place.tenant.into(),
            place.envelope_id.into(),
            place.first_seq.into(),
            place.batch_control_id.into(),
            place.at.into(),
            place.actor.into(),
            ids.into(),
            nullable(references),
            payees.into(),
            nullable(names),
            amounts.into(),
            narratives.into(),
            nullable(elements),
        ],
    )
    .await?;
    plan::afresh(tx).await?;
    Ok(added.unwrap_or(0))
}

/// Remembers a call under the sender's id of it. A call that comes again, or goes on, adds what is new.
pub async fn note_batch<C: ConnectionTrait>(
    tx: &C,
    place: Place<'_>,
    id: &str,
    count: i64,
    minor: i64,
) -> StoreResult<()> {
    sql::execute(
        tx,
        "INSERT INTO receive_batches (tenant_id, batch_control_id, envelope_id, count, amount_minor, received_at)
         VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (tenant_id, batch_control_id) DO UPDATE
            SET count = receive_batches.count + excluded.count,
                amount_minor = receive_batches.amount_minor + excluded.amount_minor",
        [
            place.tenant.into(),
            id.into(),
            place.envelope_id.into(),
            count.into(),
            minor.into(),
            place.at.into(),
        ],
    )
    .await?;
    Ok(())
}

/// What makes a payment the same as another one with its id. Holds personal data, so it has no `Debug`.
#[derive(Clone, PartialEq, Eq, FromQueryResult)]
pub struct Content {
    /// Its id.
    pub disbursement_id: String,
    /// Its envelope.
    pub envelope_id: String,
    /// The payee.
    pub beneficiary_id: String,
    /// Minor units.
    pub amount_minor: i64,
    /// What the payee reads.
    pub narrative: String,
    /// Where it stands.
    pub state: String,
    /// When it came.
    pub received_at: OffsetDateTime,
    /// When it last changed.
    pub updated_at: OffsetDateTime,
}

/// The payments that exist among these ids.
pub async fn contents<C: ConnectionTrait>(
    conn: &C,
    tenant: &str,
    ids: Vec<String>,
) -> StoreResult<Vec<Content>> {
    sql::fetch_all(
        conn,
        "SELECT d.* FROM UNNEST($2::text[]) AS i(disbursement_id)
          CROSS JOIN LATERAL (
                SELECT d.disbursement_id, d.envelope_id, d.beneficiary_id, d.amount_minor, d.narrative, d.state,
                       d.received_at, d.updated_at
                  FROM disbursements AS d
                 WHERE d.tenant_id = $1 AND d.disbursement_id = i.disbursement_id LIMIT 1) AS d",
        [tenant.into(), ids.into()],
    )
    .await
}

/// A payment to resolve. Holds personal data, so it has no `Debug`.
#[derive(Clone, FromQueryResult)]
pub struct Unresolved {
    /// Its id.
    pub disbursement_id: String,
    /// The payee.
    pub beneficiary_id: String,
}

/// The payments of a range of numbers that have no account yet.
pub async fn unresolved<C: ConnectionTrait>(
    conn: &C,
    tenant: &str,
    envelope_id: &str,
    (first, last): (i64, i64),
) -> StoreResult<Vec<Unresolved>> {
    sql::fetch_all(
        conn,
        "SELECT disbursement_id, beneficiary_id FROM disbursements
          WHERE tenant_id = $1 AND envelope_id = $2 AND seq BETWEEN $3 AND $4 AND state = 'RECEIVED' ORDER BY seq",
        [tenant.into(), envelope_id.into(), first.into(), last.into()],
    )
    .await
}

/// First numbers of the chunks of `size` that still hold payments without an account.
pub async fn unresolved_chunks<C: ConnectionTrait>(
    conn: &C,
    tenant: &str,
    envelope_id: &str,
    size: i64,
) -> StoreResult<Vec<i64>> {
    sql::scalars(
        conn,
        "SELECT DISTINCT seq / $3 * $3 AS first FROM disbursements
          WHERE tenant_id = $1 AND envelope_id = $2 AND state = 'RECEIVED' ORDER BY first",
        [tenant.into(), envelope_id.into(), size.into()],
    )
    .await
}

/// An account found for a payment.
#[derive(Clone)]
pub struct Payee {
    /// The payment.
    pub disbursement_id: String,
    /// The account.
    pub account: Account,
}

/// Writes the accounts of payments.
pub async fn save_payees<C: ConnectionTrait>(
    tx: &C,
    tenant: &str,
    at: OffsetDateTime,
    payees: Vec<Payee>,
) -> StoreResult<()> {
    if payees.is_empty() {
        return Ok(());
    }
    let mut ids = Vec::with_capacity(payees.len());
    let mut kinds = Vec::with_capacity(payees.len());
    let mut columns: [Vec<Option<String>>; 7] = std::array::from_fn(|_| Vec::with_capacity(payees.len()));
    for payee in payees {
        let account = payee.account;
        ids.push(payee.disbursement_id);
        kinds.push(account.kind.as_str().to_owned());
        let values = [
            account.account_number.map(platform::Masked::into_inner),
            account.account_type,
            account.bank_code,
            account.branch_code,
            account.mobile_number.map(platform::Masked::into_inner),
            account.email_address.map(platform::Masked::into_inner),
            account.wallet_provider,
        ];
        for (column, value) in columns.iter_mut().zip(values) {
            column.push(value);
        }
    }
    let head = [tenant.into(), at.into(), ids.into(), kinds.into()];
    sql::execute(
        tx,
        include_str!("sql/save_payees.sql"),
        head.into_iter().chain(columns.into_iter().map(nullable)),
    )
    .await?;
    Ok(())
}

/// A payment as the pipeline looks at it.
#[derive(Debug, Clone, FromQueryResult)]
pub struct Brief {
    /// Its id.
    pub disbursement_id: String,
    /// Its number.
    pub seq: i64,
    state: String,
}

impl Brief {
    /// Where it stands.
    ///
    /// # Errors
    /// When the row holds a state of a newer version.
    pub fn state(&self) -> StoreResult<State> {
        parse_state(&self.state)
    }
}

/// The state of this text, as a column holds it.
///
/// # Errors
/// When it is a state of a newer version.
pub fn parse_state(text: &str) -> StoreResult<State> {
    State::parse(text)
        .ok_or_else(|| StoreError::Other(format!("disbursements.state is '{text}', which is not known here")))
}

/// Payments of an envelope in some states, in the order of their numbers, after `after`.
pub async fn in_states<C: ConnectionTrait>(
    conn: &C,
    tenant: &str,
    envelope_id: &str,
    states: &[State],
    after: i64,
    limit: i64,
) -> StoreResult<Vec<Brief>> {
    let states: Vec<String> = states.iter().map(|s| s.as_str().to_owned()).collect();
    sql::fetch_all(
        conn,
        "SELECT disbursement_id, seq, state FROM disbursements
          WHERE tenant_id = $1 AND envelope_id = $2 AND seq > $3 AND state = ANY($4) ORDER BY seq LIMIT $5",
        [tenant.into(), envelope_id.into(), after.into(), states.into(), limit.into()],
    )
    .await
}

/// Payments that have been with the bank, unchanged, since before `since`.
pub async fn unchanged_since<C: ConnectionTrait>(
    conn: &C,
    tenant: &str,
    envelope_id: &str,
    states: &[State],
    since: OffsetDateTime,
    after: i64,
    limit: i64,
) -> StoreResult<Vec<Brief>> {
    let states: Vec<String> = states.iter().map(|state| state.as_str().to_owned()).collect();
    sql::fetch_all(
        conn,
        "SELECT disbursement_id, seq, state FROM disbursements
          WHERE tenant_id = $1 AND envelope_id = $2 AND seq > $3 AND state = ANY($6) AND updated_at < $4
          ORDER BY seq LIMIT $5",
        [tenant.into(), envelope_id.into(), after.into(), since.into(), limit.into(), states.into()],
    )
    .await
}
