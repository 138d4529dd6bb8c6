//! Paying again what came back or was refused, once the payee's account is corrected: new payments of a new envelope,
//! each tied to the one it replaces. They are resolved, funded and paid as any other, so a corrected account is found
//! where accounts are kept: in the mapper.

use money::Currency;
use platform::{ApiError, ApiResult};
use sea_orm::DatabaseTransaction;
use storage::StoreError;
use uuid::Uuid;

use super::{App, driver, envelopes::zone};
use crate::{
    domain::{disbursement::State as Payment, envelope::State, ids, schedule},
    events::{Reissue, envelope_changed, reissued},
    store::{
        disbursements::{self, NewDisbursement, Place},
        envelopes::{self, Envelope, NewEnvelope},
        programs,
        proposals::By,
        reissues::{self, Original},
    },
};

/// Most payments of one proposal.
pub const MOST: usize = 10_000;

/// Checks that all of them can be paid again.
///
/// # Errors
/// 404 for an envelope that is not there; 422 naming the rows that cannot be paid again.
pub(super) async fn check(
    tx: &DatabaseTransaction,
    tenant: &str,
    envelope_id: &str,
    wanted: &[String],
) -> ApiResult<(Envelope, Vec<Original>)> {
    let envelope = envelopes::find(tx, tenant, envelope_id).await?;
    let envelope = envelope.ok_or_else(|| ApiError::not_found("this envelope"))?;
    if wanted.is_empty() || wanted.len() > MOST {
        let rule = format!("must hold 1 to {MOST} ids");
        return Err(ApiError::unprocessable("invalid_field", format!("disbursement_ids {rule}"))
            .with_field("disbursement_ids", rule));
    }
    let found = reissues::lock_originals(tx, tenant, envelope_id, wanted.to_vec()).await?;
    let by_id: std::collections::HashMap<&str, &Original> =
        found.iter().map(|o| (o.disbursement_id.as_str(), o)).collect();
    let mut seen = std::collections::HashSet::new();
    let mut wrong = ApiError::unprocessable("not_reissuable", "some of these payments cannot be paid again");
    let mut bad = false;
    for (id, row) in wanted.iter().zip(1..) {
        let why = match by_id.get(id.as_str()) {
            None => "is no payment of this envelope".to_owned(),
            Some(_) if !seen.insert(id.as_str()) => "is named twice".to_owned(),
            Some(Original { reissued_as: Some(new), .. }) => format!("was paid again already, as {new}"),
            Some(o) if !matches!(Payment::parse(&o.state), Some(Payment::Reversed | Payment::Rejected)) => {
                format!("is {}: only payments that are REVERSED or REJECTED are paid again", o.state)
            }
            Some(_) => continue,
        };
        bad = true;
        wrong = wrong.with_row(row, "disbursement_ids", why);
    }
    if bad { Err(wrong) } else { Ok((envelope, found)) }
}

/// Makes the new envelope, complete and due today.
pub(super) async fn carry_out(
    app: &App,
    tx: &DatabaseTransaction,
    by: By<'_>,
    proposal_id: Uuid,
    envelope_id: &str,
    wanted: &[String],
) -> ApiResult<String> {
    let (old, originals) = check(tx, by.tenant, envelope_id, wanted).await?;
    let new = new_envelope(app, tx, by, proposal_id, &old, &originals).await?;
    let id = new.envelope_id.as_str();
    if !envelopes::insert(tx, by.tenant, &new, by.actor, by.at).await? {
        return Err(ApiError::conflict("reissued", "this was done already"));
    }
    reissues::give_to_maker(tx, by.tenant, id, &old.created_by).await?;
    envelope_changed(tx, by.tenant, id, State::Receiving, None, by.at).await?;
    let pairs: Vec<(String, String)> =
        originals.iter().map(|o| (o.disbursement_id.clone(), new_id(&o.disbursement_id))).collect();
    take_in(tx, by, &new, originals).await?;
    let written = reissues::insert(tx, by.tenant, id, proposal_id, by.at, pairs.clone()).await?;
    if usize::try_from(written).ok() != Some(pairs.len()) {
        return Err(ApiError::conflict("reissued", "one of these payments was paid again meanwhile"));
    }
    let items =
        pairs.into_iter().map(|(original_id, disbursement_id)| Reissue { original_id, disbursement_id });
    reissued(tx, by.tenant, envelope_id, id, by.at, items.collect()).await?;
    let made = envelopes::find(tx, by.tenant, id).await?;
    let made = made.ok_or(StoreError::NotFound("the envelope just made"))?;
    driver::enqueue(app, tx, by.tenant, &made).await?;
    Ok(id.to_owned())
}

/// The id of the payment that takes this one's place: there can be only one.
fn new_id(original: &str) -> String {
    ids::derived("reissue", &[original])
}

async fn new_envelope(
    app: &App,
    tx: &DatabaseTransaction,
    by: By<'_>,
    proposal_id: Uuid,
    old: &Envelope,
    originals: &[Original],
) -> ApiResult<NewEnvelope> {
    let program = programs::current(tx, by.tenant, &old.benefit_program_mnemonic, false).await?;
    let program = program.ok_or_else(|| ApiError::not_found("the programme of this envelope"))?;
    if program.sponsor_bank_account_currency != old.currency {
        let text = format!(
            "the programme pays in {} now, the envelope in {}",
            program.sponsor_bank_account_currency, old.currency
        );
        return Err(ApiError::conflict("other_currency", text));
    }
    Currency::from_code(&old.currency).map_err(|e| StoreError::Other(e.to_string()))?;
    let payees: std::collections::HashSet<&str> =
        originals.iter().map(|o| o.beneficiary_id.as_str()).collect();
    let proposal = proposal_id.to_string();
    let mut labels = old.labels.clone();
    if let Some(labels) = labels.as_object_mut() {
        labels.insert("reissue_of".to_owned(), old.envelope_id.clone().into());
    }
    let as_i64 = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
    Ok(NewEnvelope {
        envelope_id: ids::derived("reissue envelope", &[&proposal]),
        natural_key: format!("reissue {proposal}"),
        program: program.benefit_program_mnemonic.clone(),
        program_version: program.version,
        labels,
        benefit_code: old.benefit_code_mnemonic.clone(),
        cycle: old.cycle_code_mnemonic.clone(),
        frequency: old.disbursement_frequency.clone(),
        currency: old.currency.clone(),
        schedule_date: schedule::today(app.now(), zone(&program.time_zone)?),
        beneficiaries: as_i64(payees.len()),
        count: as_i64(originals.len()),
        minor: originals.iter().map(|o| o.amount_minor).sum(),
    })
}

/// Admits the new payments, which complete their envelope.
async fn take_in(
    tx: &DatabaseTransaction,
    by: By<'_>,
    new: &NewEnvelope,
    originals: Vec<Original>,
) -> ApiResult<()> {
    let id = new.envelope_id.as_str();
    let rows: Vec<NewDisbursement> = originals.into_iter().map(to_new).collect();
    let reserved = envelopes::reserve(tx, by.tenant, id, new.count, new.minor, by.at).await?;
    let reserved = reserved.ok_or_else(|| ApiError::internal("a new envelope has no room"))?;
    let place = Place {
        tenant: by.tenant,
        envelope_id: id,
        first_seq: reserved.first_seq,
        batch_control_id: None,
        actor: by.actor,
        at: by.at,
    };
    if disbursements::admit(tx, place, rows).await? != new.count {
        return Err(ApiError::conflict("reissued", "one of these payments was paid again already"));
    }
    envelopes::note_completion(tx, by.tenant, id, by.actor, by.at).await?;
    envelope_changed(tx, by.tenant, id, State::Scheduled, None, by.at).await?;
    Ok(())
}

fn to_new(original: Original) -> NewDisbursement {
    NewDisbursement {
        disbursement_id: new_id(&original.disbursement_id),
        mis_reference_number: original.mis_reference_number,
        beneficiary_id: original.beneficiary_id,
        beneficiary_name: original.beneficiary_name,
        amount_minor: original.amount_minor,
        narrative: original.narrative,
        compute_elements: original.compute_elements,
    }
}
