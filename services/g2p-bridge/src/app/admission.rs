//! Taking payments into an envelope: every row or none, and never more than was declared.

use std::collections::{HashMap, HashSet};

use g2p_connect::reason::BridgeReason;
use money::{Amount, Currency, DecimalText};
use platform::{Ctx, SchemaFault};
use sea_orm::{DatabaseTransaction, TransactionTrait};
use storage::StoreError;
use time::OffsetDateTime;

use super::{App, Failure, PAY, driver, require_any, require_own};
use crate::{
    domain::{envelope::State, ids, text},
    events::envelope_changed,
    store::{
        disbursements::{self, Content, NewDisbursement, Place},
        envelopes::{self, Envelope},
    },
};

/// Rounds in which a twin of the request may be ahead of us. One is enough unless rows are cancelled in between.
const ROUNDS: usize = 3;
/// Longest narrative kept; a bank shows less.
const MAX_NARRATIVE: usize = 512;
const MAX_BENEFICIARY_ID: usize = 255;

/// One payment as either dialect asks for it. Holds personal data, so it has no `Debug`.
#[derive(Clone)]
pub struct RowInput {
    /// The sender's id; made from the content in the 1.0 dialect.
    pub disbursement_id: Option<String>,
    /// The sender's reference.
    pub mis_reference_number: Option<String>,
    /// The envelope.
    pub envelope_id: Option<String>,
    /// The payee.
    pub beneficiary_id: Option<String>,
    /// The payee's name.
    pub beneficiary_name: Option<String>,
    /// How much.
    pub amount: Option<DecimalText>,
    /// What the payee reads.
    pub narrative: Option<String>,
    /// JSON text.
    pub compute_elements: Option<String>,
}

/// A call of `create_disbursements`.
pub struct AdmitInput {
    /// The payments.
    pub rows: Vec<RowInput>,
    /// The sender's id of the call.
    pub batch_control_id: Option<String>,
    /// Set in the 1.0 dialect: ids are made from this and the content, and names are required.
    pub message: Option<(String, String)>,
}

/// A payment as it stands after the call.
#[derive(Debug, Clone)]
pub struct Admitted {
    /// Its id.
    pub disbursement_id: String,
    /// When it came.
    pub received_at: OffsetDateTime,
    /// When it was cancelled, if it was.
    pub cancelled_at: Option<OffsetDateTime>,
}

/// Takes payments in. What is there already with the same content is not taken in again: sending a call twice is the
/// same as sending it once.
///
/// # Errors
/// Refused with the codes of `create_disbursements`; the envelope is judged first, then the rows.
pub async fn create(
    app: &App,
    tx: &DatabaseTransaction,
    ctx: &Ctx,
    input: AdmitInput,
) -> Result<Vec<Admitted>, Failure> {
    require_any(ctx, PAY)?;
    let limit = app.config.max_rows_per_call;
    if input.rows.len() > limit {
        let why = format!("holds {} rows; {limit} are taken in one call", input.rows.len());
        return Err(Failure::Other(SchemaFault::rule("request_payload", &why).into()));
    }
    let envelope = one_envelope(tx, ctx, &input.rows).await?;
    let currency = Currency::from_code(&envelope.currency).map_err(|e| StoreError::Other(e.to_string()))?;
    let rows = check_rows(&input, &envelope, currency);
    let wanted: Vec<String> = rows.iter().flatten().map(|row| row.disbursement_id.clone()).collect();
    for _ in 0..ROUNDS {
        let present = disbursements::contents(tx, ctx.tenant.as_str(), wanted.clone()).await?;
        has_room(&envelope, &rows, &present)?;
        let plan = plan(&rows, present, &envelope.envelope_id)?;
        // A savepoint: when a twin of this call was faster, our numbers go back.
        let inner = tx.begin().await.map_err(StoreError::from)?;
        match admit(app, &inner, ctx, &envelope, &input, &plan).await? {
            true => {
                inner.commit().await.map_err(StoreError::from)?;
                return Ok(answers(&rows, &plan, app.now()));
            }
            false => inner.rollback().await.map_err(StoreError::from)?,
        }
    }
    Err(StoreError::Serialization.into())
}

async fn one_envelope(tx: &DatabaseTransaction, ctx: &Ctx, rows: &[RowInput]) -> Result<Envelope, Failure> {
    let id = |row: &RowInput| row.envelope_id.as_deref().map(str::trim).unwrap_or_default().to_owned();
    let first =
        rows.first().map(id).ok_or_else(|| Failure::refused(BridgeReason::InvalidDisbursementPayload))?;
    if rows.iter().any(|row| id(row) != first) {
        return Err(Failure::refused(BridgeReason::MultipleEnvelopesFound));
    }
    let envelope = envelopes::find(tx, ctx.tenant.as_str(), &first)
        .await?
        .ok_or_else(|| Failure::refused(BridgeReason::DisbursementEnvelopeNotFound))?;
    require_own(ctx, &envelope)?;
    match envelope.state()? {
        State::Cancelled | State::Expired => {
            Err(Failure::refused(BridgeReason::DisbursementEnvelopeAlreadyCanceled))
        }
        _ => Ok(envelope),
    }
}

/// Checks rows one by one: each is a payment or a list of codes.
fn check_rows(
    input: &AdmitInput,
    envelope: &Envelope,
    currency: Currency,
) -> Vec<Result<NewDisbursement, Vec<BridgeReason>>> {
    let mut seen: HashSet<String> = HashSet::new();
    let one = |(n, row): (usize, &RowInput)| {
        let mut checked = check_row(n, row, input.message.as_ref(), &envelope.envelope_id, currency)?;
        if !seen.insert(checked.disbursement_id.clone()) {
            return Err(vec![BridgeReason::DuplicateDisbursement]);
        }
        checked.compute_elements.clone_from(&row.compute_elements);
        Ok(checked)
    };
    input.rows.iter().enumerate().map(one).collect()
}

fn check_row(
    n: usize,
    row: &RowInput,
    message: Option<&(String, String)>,
    envelope_id: &str,
    currency: Currency,
) -> Result<NewDisbursement, Vec<BridgeReason>> {
    let mut codes = Vec::new();
    let filled = |text: &Option<String>, longest: usize| {
        text.as_deref().map(str::trim).filter(|t| !t.is_empty() && t.len() <= longest).map(str::to_owned)
    };
    let amount = row.amount.as_ref().and_then(|a| a.to_amount(currency).ok()).filter(|a| is_payable(*a));
    if amount.is_none() {
        codes.push(BridgeReason::InvalidDisbursementAmount);
    }
    let beneficiary_id = filled(&row.beneficiary_id, MAX_BENEFICIARY_ID);
    if beneficiary_id.is_none() {
        codes.push(BridgeReason::InvalidBeneficiaryId);
    }
    let beneficiary_name = filled(&row.beneficiary_name, MAX_BENEFICIARY_ID);
    if message.is_some() && beneficiary_name.is_none() {
        codes.push(BridgeReason::InvalidBeneficiaryName);
    }
    let narrative = filled(&row.narrative, MAX_NARRATIVE).filter(|n| !text::narrative(n).is_empty());
    if narrative.is_none() {
        codes.push(BridgeReason::InvalidNarrative);
    }
    let mis_reference_number = filled(&row.mis_reference_number, MAX_BENEFICIARY_ID);
    let payee = beneficiary_id.unwrap_or_default();
    let narrative = narrative.unwrap_or_default();
    let minor = amount.map_or(0, Amount::minor);
    let disbursement_id = match (message, &mis_reference_number) {
        (None, _) => row.disbursement_id.clone().unwrap_or_default(),
        (Some(_), Some(reference)) => ids::derived("disbursement", &[envelope_id, reference]),
        (Some((sender, message_id)), None) => {
            let (n, minor) = (n.to_string(), minor.to_string());
            ids::derived("disbursement", &[envelope_id, sender, message_id, &n, &payee, &minor, &narrative])
        }
    };
    if !ids::is_disbursement_id(&disbursement_id) {
        codes.push(BridgeReason::InvalidDisbursementId);
    }
    if !codes.is_empty() {
        return Err(codes);
    }
    Ok(NewDisbursement {
        disbursement_id,
        mis_reference_number,
        beneficiary_id: payee,
        beneficiary_name,
        amount_minor: minor,
        narrative,
        compute_elements: None,
    })
}

/// Above zero, and not more than the amount field of a statement holds.
pub(super) fn is_payable(amount: Amount) -> bool {
    amount.is_positive() && amount.minor() < 100_000_000_000_000
}

/// The reference judges the envelope before the rows. This look takes no lock: [`admit`] decides.
fn has_room(
    envelope: &Envelope,
    rows: &[Result<NewDisbursement, Vec<BridgeReason>>],
    present: &[Content],
) -> Result<(), Failure> {
    let there: HashSet<&str> = present.iter().map(|c| c.disbursement_id.as_str()).collect();
    let new =
        rows.iter().filter(|row| row.as_ref().map_or(true, |r| !there.contains(r.disbursement_id.as_str())));
    let (count, minor) = new.fold((0_i64, 0_i64), |(count, minor), row| {
        (count + 1, minor.saturating_add(row.as_ref().map_or(0, |r| r.amount_minor)))
    });
    if count > 0 && envelope.received_count.saturating_add(count) > envelope.declared_count {
        return Err(Failure::refused(BridgeReason::NoOfDisbursementsExceedsDeclared));
    }
    if minor > 0 && envelope.received_minor.saturating_add(minor) > envelope.declared_minor {
        return Err(Failure::refused(BridgeReason::TotalDisbursementAmountExceedsDeclared));
    }
    Ok(())
}

/// What a call comes to once we know what is there.
struct Plan {
    new: Vec<NewDisbursement>,
    minor: i64,
    present: HashMap<String, Content>,
}

fn plan(
    rows: &[Result<NewDisbursement, Vec<BridgeReason>>],
    present: Vec<Content>,
    envelope_id: &str,
) -> Result<Plan, Failure> {
    let present: HashMap<String, Content> =
        present.into_iter().map(|c| (c.disbursement_id.clone(), c)).collect();
    let mut codes: Vec<Vec<BridgeReason>> = Vec::with_capacity(rows.len());
    let (mut new, mut minor) = (Vec::new(), 0_i64);
    for row in rows {
        let row = match row {
            Ok(row) => row,
            Err(wrong) => {
                codes.push(wrong.clone());
                continue;
            }
        };
        let mut wrong = Vec::new();
        match present.get(&row.disbursement_id) {
            // The id is the payment's key at the bank: it cannot stand for something else.
            Some(there) if !is_same(there, row, envelope_id) => {
                wrong.push(BridgeReason::DuplicateDisbursement);
            }
            Some(_) => {}
            None => {
                minor = minor.saturating_add(row.amount_minor);
                new.push(row.clone());
            }
        }
        codes.push(wrong);
    }
    if codes.iter().any(|c| !c.is_empty()) {
        return Err(Failure::rows(BridgeReason::InvalidDisbursementPayload, codes));
    }
    Ok(Plan { new, minor, present })
}

fn is_same(there: &Content, row: &NewDisbursement, envelope_id: &str) -> bool {
    there.envelope_id == envelope_id
        && there.beneficiary_id == row.beneficiary_id
        && there.amount_minor == row.amount_minor
        && there.narrative == row.narrative
}

/// Reserves room and writes the rows. `false` when another call wrote some of them meanwhile.
async fn admit(
    app: &App,
    tx: &DatabaseTransaction,
    ctx: &Ctx,
    envelope: &Envelope,
    input: &AdmitInput,
    plan: &Plan,
) -> Result<bool, Failure> {
    if plan.new.is_empty() {
        return Ok(true);
    }
    let (tenant, id, at) = (ctx.tenant.as_str(), envelope.envelope_id.as_str(), app.now());
    let count = i64::try_from(plan.new.len()).unwrap_or(i64::MAX);
    let Some(reserved) = envelopes::reserve(tx, tenant, id, count, plan.minor, at).await? else {
        // It may be a twin of this call that filled the envelope while we waited for it.
        let ids = plan.new.iter().map(|row| row.disbursement_id.clone()).collect();
        if !disbursements::contents(tx, tenant, ids).await?.is_empty() {
            return Ok(false);
        }
        return Err(why_not(tx, tenant, id, count, plan.minor).await?);
    };
    let actor = ctx.actor.label();
    let batch_control_id = input.batch_control_id.as_deref();
    let place =
        Place { tenant, envelope_id: id, first_seq: reserved.first_seq, batch_control_id, actor: &actor, at };
    if disbursements::admit(tx, place, plan.new.clone()).await? != count {
        return Ok(false);
    }
    if let Some(batch) = batch_control_id {
        disbursements::note_batch(tx, place, batch, count, plan.minor).await?;
    }
    if reserved.state == State::Scheduled.as_str() {
        envelopes::note_completion(tx, tenant, id, &actor, at).await?;
        envelope_changed(tx, tenant, id, State::Scheduled, None, at).await?;
        driver::enqueue(app, tx, tenant, envelope).await?;
    }
    Ok(true)
}

/// Names the rule that the conditional change tripped over.
async fn why_not(
    tx: &DatabaseTransaction,
    tenant: &str,
    id: &str,
    count: i64,
    minor: i64,
) -> Result<Failure, StoreError> {
    let Some(envelope) = envelopes::find(tx, tenant, id).await? else {
        return Ok(Failure::refused(BridgeReason::DisbursementEnvelopeNotFound));
    };
    Ok(Failure::refused(match envelope.state()? {
        State::Cancelled | State::Expired => BridgeReason::DisbursementEnvelopeAlreadyCanceled,
        _ if envelope.received_count.saturating_add(count) > envelope.declared_count => {
            BridgeReason::NoOfDisbursementsExceedsDeclared
        }
        _ if envelope.received_minor.saturating_add(minor) > envelope.declared_minor => {
            BridgeReason::TotalDisbursementAmountExceedsDeclared
        }
        // Complete: there is no room for any.
        _ => BridgeReason::NoOfDisbursementsExceedsDeclared,
    }))
}

fn answers(
    rows: &[Result<NewDisbursement, Vec<BridgeReason>>],
    plan: &Plan,
    now: OffsetDateTime,
) -> Vec<Admitted> {
    let one = |row: &NewDisbursement| {
        let there = plan.present.get(&row.disbursement_id);
        Admitted {
            disbursement_id: row.disbursement_id.clone(),
            received_at: there.map_or(now, |c| c.received_at),
            cancelled_at: there.filter(|c| c.state == "CANCELLED").map(|c| c.updated_at),
        }
    };
    rows.iter().flatten().map(one).collect()
}
