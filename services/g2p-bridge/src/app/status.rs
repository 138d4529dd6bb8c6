//! Answers to the status operations of the dialects.

use std::collections::HashMap;

use g2p_connect::{
    disburse::{
        CancellationStatus, DisbursementStatus, EnvelopeStatus, ErrorReconPayload, FundsAvailable,
        FundsBlocked, ReconPayload, ReconRecords,
        v2::{DisbursementBatchControlPayload, ProcessStatus},
    },
    reason::BridgeReason,
};
use money::{Amount, Currency, DecimalText};
use platform::{Ctx, clock::rfc3339};
use storage::StoreError;

use super::{App, CALL, Failure, READ};
use crate::{
    domain::{disbursement::State as Payment, envelope::State, reason},
    store::{
        envelopes::{self, Envelope},
        read::{self, PaymentStatus},
        tally::{self, Tally},
    },
};

/// Most ids in one call of `get_disbursement_status`.
pub const MAX_STATUS_IDS: usize = 10_000;

pub(crate) fn may_read(ctx: &Ctx) -> Result<(), Failure> {
    if ctx.may(CALL) || ctx.may(super::PAY) { Ok(()) } else { Ok(ctx.require(READ)?) }
}

/// An amount as it stands on the wire.
pub(crate) fn decimal(minor: i64, currency: &str) -> Result<DecimalText, StoreError> {
    let currency = Currency::from_code(currency).map_err(|e| StoreError::Other(e.to_string()))?;
    Ok(Amount::from_minor(minor, currency).to_decimal_text())
}

/// An envelope and the answer to `get_disbursement_envelope_status`.
///
/// # Errors
/// Refused with `DISBURSEMENT_ENVELOPE_NOT_FOUND`.
pub async fn envelope(app: &App, ctx: &Ctx, id: &str) -> Result<(Envelope, EnvelopeStatus), Failure> {
    may_read(ctx)?;
    let envelope = envelopes::find(app.db.conn(), ctx.tenant.as_str(), id.trim())
        .await?
        .ok_or_else(|| Failure::refused(BridgeReason::DisbursementEnvelopeNotFound))?;
    let tally = tally::tally(app.db.conn(), ctx.tenant.as_str(), &envelope.envelope_id).await?;
    let status = to_status(&envelope, &tally)?;
    Ok((envelope, status))
}

fn to_status(envelope: &Envelope, tally: &Tally) -> Result<EnvelopeStatus, Failure> {
    let cancelled = envelope.state()? == State::Cancelled;
    Ok(EnvelopeStatus {
        disbursement_envelope_id: envelope.envelope_id.clone(),
        number_of_disbursements_received: envelope.received_count,
        total_disbursement_amount_received: decimal(envelope.received_minor, &envelope.currency)?,
        funds_available_with_bank: match envelope.funds_available.as_str() {
            "FUNDS_AVAILABLE" => FundsAvailable::FundsAvailable,
            "FUNDS_NOT_AVAILABLE" => FundsAvailable::FundsNotAvailable,
            "ERROR" => FundsAvailable::Error,
            _ => FundsAvailable::PendingCheck,
        },
        funds_available_latest_timestamp: envelope.funds_available_at.map(rfc3339),
        funds_available_latest_error_code: envelope.funds_available_error.clone(),
        funds_available_attempts: envelope.funds_available_attempts.into(),
        funds_blocked_with_bank: match envelope.funds_blocked.as_str() {
            "FUNDS_BLOCK_SUCCESS" => FundsBlocked::FundsBlockSuccess,
            "FUNDS_BLOCK_FAILURE" => FundsBlocked::FundsBlockFailure,
            "ERROR" => FundsBlocked::Error,
            _ => FundsBlocked::PendingCheck,
        },
        funds_blocked_latest_timestamp: envelope.funds_blocked_at.map(rfc3339),
        funds_blocked_latest_error_code: envelope.funds_blocked_error.clone(),
        funds_blocked_attempts: envelope.funds_blocked_attempts.into(),
        funds_blocked_reference_number: envelope.block_reference.clone(),
        id_mapper_resolution_required: Some(envelope.id_mapper_resolution_required),
        number_of_disbursements_shipped: tally.sum(Payment::is_with_bank).count,
        number_of_disbursements_reconciled: tally.of(Payment::Paid).count + tally.of(Payment::Reversed).count,
        number_of_disbursements_reversed: tally.of(Payment::Reversed).count,
        number_of_disbursements_rejected: Some(tally.of(Payment::Rejected).count),
        cancellation_status: Some(if cancelled {
            CancellationStatus::Cancelled
        } else {
            CancellationStatus::NotCancelled
        }),
    })
}

/// The answer to `get_disbursement_status`: one item an id, in the order asked; unknown ids have empty lists. The caller holds
/// a [`super::turns::Reading`] until the answer is written.
///
/// # Errors
/// 403 without a permission.
pub async fn payments(app: &App, ctx: &Ctx, ids: &[String]) -> Result<Vec<DisbursementStatus>, Failure> {
    may_read(ctx)?;
    if ids.len() > MAX_STATUS_IDS {
        let why = format!("holds {} ids; {MAX_STATUS_IDS} are answered in one call", ids.len());
        return Err(Failure::Other(platform::SchemaFault::rule("request_payload", &why).into()));
    }
    let rows = read::statuses(&app.db, ctx.tenant.as_str(), ids).await?;
    let mut of_each: HashMap<&str, Vec<&PaymentStatus>> = HashMap::with_capacity(ids.len());
    for row in &rows {
        of_each.entry(row.disbursement_id.as_str()).or_default().push(row);
    }
    let one = |id: &String| {
        let rows = of_each.get(id.as_str()).map(Vec::as_slice).unwrap_or_default();
        let known = rows.first();
        DisbursementStatus {
            disbursement_id: id.clone(),
            disbursement_recon_records: records(id, rows),
            disbursement_status: known.and_then(|s| s.state.clone()),
            status_reason_code: known.and_then(|s| s.reason.clone()),
            status_timestamp: known.and_then(|s| s.updated_at).map(rfc3339),
        }
    };
    Ok(ids.iter().map(one).collect())
}

fn records(id: &str, lines: &[&PaymentStatus]) -> ReconRecords {
    let midnight = |date: Option<time::Date>| date.map(|d| format!("{d}T00:00:00"));
    let with = |outcome: &str| lines.iter().find(|line| line.outcome.as_deref() == Some(outcome));
    let mut records = ReconRecords::default();
    if let Some(debit) = with("BOOKED") {
        let back = with("REVERSED");
        records.disbursement_recon_payloads.push(ReconPayload {
            bank_disbursement_batch_id: debit.batch_id.map(|id| id.to_string()),
            disbursement_id: Some(id.to_owned()),
            disbursement_envelope_id: debit.envelope_id.clone(),
            beneficiary_name_from_bank: debit.payee_name.clone(),
            remittance_reference_number: debit.bank_ref.clone(),
            remittance_statement_id: debit.statement_id.map(|id| id.to_string()),
            remittance_statement_number: debit.statement_number.clone(),
            remittance_statement_sequence: debit.sequence_number.clone(),
            remittance_entry_sequence: debit.entry_no.map(|no| no.to_string()),
            remittance_entry_date: midnight(debit.entry_date.or(debit.value_date)),
            remittance_value_date: midnight(debit.value_date),
            reversal_found: back.is_some(),
            reversal_statement_id: back.and_then(|l| l.statement_id).map(|id| id.to_string()),
            reversal_statement_number: back.and_then(|l| l.statement_number.clone()),
            reversal_statement_sequence: back.and_then(|l| l.sequence_number.clone()),
            reversal_entry_sequence: back.and_then(|l| l.entry_no).map(|no| no.to_string()),
            reversal_entry_date: midnight(back.and_then(|l| l.entry_date.or(l.value_date))),
            reversal_value_date: midnight(back.and_then(|l| l.value_date)),
            reversal_reason: back
                .and_then(|l| l.reversal_reason.as_deref())
                .map(|text| reason::reversal(text).to_owned()),
        });
    }
    let doubtful = lines.iter().filter(|line| matches!(line.outcome.as_deref(), Some("PROBLEM" | "WAITING")));
    records.disbursement_error_recon_payloads = doubtful
        .map(|line| ErrorReconPayload {
            statement_id: line.statement_id.map(|id| id.to_string()),
            statement_number: line.statement_number.clone(),
            statement_sequence: line.sequence_number.clone(),
            entry_sequence: line.entry_no.map(|no| no.to_string()),
            entry_date: midnight(line.entry_date.or(line.value_date)),
            value_date: midnight(line.value_date),
            error_reason: line.problem.clone(),
            disbursement_id: Some(id.to_owned()),
            bank_reference_number: line.bank_ref.clone(),
        })
        .collect();
    records
}

/// The answer to `get_disbursement_batch_control`; `None` when the sender used no such id.
///
/// # Errors
/// 403 without a permission.
pub async fn batch_control(
    app: &App,
    ctx: &Ctx,
    id: &str,
) -> Result<Option<DisbursementBatchControlPayload>, Failure> {
    may_read(ctx)?;
    let Some(batch) = read::batch_control(app.db.conn(), ctx.tenant.as_str(), id.trim()).await? else {
        return Ok(None);
    };
    let step = |open: i64| match open {
        0 => ProcessStatus::Processed,
        n if n < batch.count => ProcessStatus::Processing,
        _ => ProcessStatus::Pending,
    };
    let changed = batch.changed_at.map(rfc3339);
    Ok(Some(DisbursementBatchControlPayload {
        disbursement_batch_control_id: id.trim().to_owned(),
        disbursement_envelope_id: Some(batch.envelope_id.clone()),
        disbursement_cycle_id: None,
        number_of_disbursements: Some(batch.count),
        fa_resolution_status: step(batch.unresolved),
        fa_resolution_timestamp: changed.clone(),
        fa_resolution_latest_error_code: None,
        fa_resolution_attempts: 0,
        sponsor_bank_dispatch_status: step(batch.unresolved + batch.unsent),
        sponsor_bank_dispatch_timestamp: changed,
        sponsor_bank_dispatch_latest_error_code: None,
        sponsor_bank_dispatch_attempts: 0,
    }))
}
