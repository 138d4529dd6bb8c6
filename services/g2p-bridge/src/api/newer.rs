//! The newer dialect, as PBMS 3.x speaks it.

use actix_web::HttpResponse;
use g2p_connect::{
    RequestV2,
    disburse::{CancellationStatus, EnvelopeStatus, v2::DisbursementEnvelopePayload},
    reason::{BridgeReason, StatusReasonV2},
};
use money::DecimalText;
use platform::SignedBody;
use serde::{Deserialize, Deserializer, Serialize, de::DeserializeOwned};
use serde_json::{Value, value::RawValue};
use storage::StoreError;

use super::{
    Answer, State,
    wire::{attempt, codes, newer_error, newer_success, numbers, once_read, parse, read, write},
};
use crate::{
    app::{
        Failure, Refusal, cancel,
        envelopes::{self, AmendInput, EnvelopeInput, NaturalKey},
        programs::{self, Mode, ProgramConfiguration},
        status,
    },
    store::envelopes::Envelope,
};

pub(super) async fn put_program(state: &State, signed: &SignedBody, mode: Mode) -> Answer {
    let request: RequestV2<ProgramConfiguration> = parse(signed, true)?;
    let input = request.request_body.request_payload;
    let operation = match mode {
        Mode::Create => "create_benefit_program_configuration",
        Mode::Update => "update_benefit_program_configuration",
    };
    write(state, signed, operation, async |tx, ctx| {
        match attempt(tx, async |tx| programs::put(state, tx, ctx, &input, mode).await).await? {
            Ok(done) => newer_success(state, signed, &done),
            Err(refusal) => newer_error(state, signed, &refusal.code, &input),
        }
    })
    .await
}

pub(super) async fn list_programs(state: &State, signed: &SignedBody) -> Answer {
    let request: RequestV2<String> = parse(signed, true)?;
    let ctx = once_read(state, signed, "list_benefit_program_configurations").await?;
    let list = programs::list(state, &ctx, &request.request_body.request_payload, 1000).await;
    let body = match read(list)? {
        Ok(list) => newer_success(state, signed, &list)?,
        Err(refusal) => newer_error(state, signed, &refusal.code, &Value::Null)?,
    };
    Ok(HttpResponse::Ok().json(body))
}

pub(super) async fn create_envelopes(state: &State, signed: &SignedBody) -> Answer {
    let request: RequestV2<Vec<DisbursementEnvelopePayload>> = parse(signed, true)?;
    let payloads = request.request_body.request_payload;
    let totals = payloads.iter().map(|payload| payload.total_disbursement_quantity.as_ref());
    numbers("request_body.request_payload[#].total_disbursement_quantity", totals)?;
    write(state, signed, "create_disbursement_envelopes", async |tx, ctx| {
        let made = attempt(tx, async |tx| {
            let mut made = Vec::with_capacity(payloads.len());
            for (n, payload) in payloads.iter().enumerate() {
                match envelopes::create(state, tx, ctx, &to_input(payload)?).await {
                    Ok(envelope) => made.push(to_payload(&envelope)?),
                    Err(Failure::Refused(refusal)) => return Err(blame(refusal, n, payloads.len())),
                    Err(other) => return Err(other),
                }
            }
            if made.is_empty() {
                return Err(Failure::refused(BridgeReason::InvalidDisbursementEnvelopeId));
            }
            Ok(made)
        });
        match made.await? {
            Ok(made) => newer_success(state, signed, &made),
            Err(refusal) => {
                let marked = mark(&payloads, &refusal, |payload, codes| payload.response_error_codes = codes);
                newer_error(state, signed, &refusal.code, &marked)
            }
        }
    })
    .await
}

/// Lays a refusal at the door of one item of a list.
fn blame(refusal: Refusal, at: usize, len: usize) -> Failure {
    let code = <BridgeReason as g2p_connect::Reason>::from_code(&refusal.code);
    let mut rows: Vec<Vec<BridgeReason>> = vec![Vec::new(); len];
    if let Some(row) = rows.get_mut(at) {
        row.extend(code);
    }
    Failure::Refused(Refusal { rows, ..refusal })
}

/// The request's items with their codes.
pub(super) fn mark<T: Clone>(items: &[T], refusal: &Refusal, set: impl Fn(&mut T, Vec<String>)) -> Vec<T> {
    let one = |(n, item): (usize, &T)| {
        let mut item = item.clone();
        set(&mut item, codes(refusal, n));
        item
    };
    items.iter().enumerate().map(one).collect()
}

/// The parts of an envelope that are echoed and not interpreted.
fn labels(payload: &DisbursementEnvelopePayload) -> Result<Value, StoreError> {
    let kept = DisbursementEnvelopePayload {
        benefit_program_id: payload.benefit_program_id,
        benefit_program_description: payload.benefit_program_description.clone(),
        target_registry: payload.target_registry.clone(),
        benefit_code_id: payload.benefit_code_id,
        benefit_code_description: payload.benefit_code_description.clone(),
        benefit_type: payload.benefit_type.clone(),
        disbursement_cycle_id: payload.disbursement_cycle_id,
        ..DisbursementEnvelopePayload::default()
    };
    serde_json::to_value(kept).map_err(|e| StoreError::Other(format!("labels of an envelope: {e}")))
}

fn to_input(payload: &DisbursementEnvelopePayload) -> Result<EnvelopeInput, StoreError> {
    Ok(EnvelopeInput {
        key: NaturalKey::Benefit { id: payload.id.clone(), code: payload.benefit_code_mnemonic.clone() },
        program: payload.benefit_program_mnemonic.clone(),
        frequency: payload.disbursement_frequency.clone(),
        cycle: payload.cycle_code_mnemonic.clone(),
        beneficiaries: payload.number_of_beneficiaries,
        count: payload.number_of_disbursements,
        total: payload.total_disbursement_quantity.clone(),
        currency: payload.measurement_unit.clone(),
        schedule_date: payload.disbursement_schedule_date.clone(),
        labels: labels(payload)?,
    })
}

fn to_payload(envelope: &Envelope) -> Result<DisbursementEnvelopePayload, StoreError> {
    let labels: DisbursementEnvelopePayload =
        serde_json::from_value(envelope.labels.clone()).unwrap_or_default();
    Ok(DisbursementEnvelopePayload {
        id: Some(envelope.envelope_id.clone()),
        benefit_program_mnemonic: Some(envelope.benefit_program_mnemonic.clone()),
        benefit_code_mnemonic: envelope.benefit_code_mnemonic.clone(),
        disbursement_frequency: Some(envelope.disbursement_frequency.clone()),
        cycle_code_mnemonic: Some(envelope.cycle_code_mnemonic.clone()),
        number_of_beneficiaries: Some(envelope.declared_beneficiaries),
        number_of_disbursements: Some(envelope.declared_count),
        total_disbursement_quantity: Some(status::decimal(envelope.declared_minor, &envelope.currency)?),
        measurement_unit: Some(envelope.currency.clone()),
        disbursement_schedule_date: Some(envelope.schedule_date.to_string()),
        cancellation_status: Some(cancellation(envelope.cancelled_at.is_some())),
        ..labels
    })
}

pub(super) fn cancellation(cancelled: bool) -> CancellationStatus {
    if cancelled { CancellationStatus::Cancelled } else { CancellationStatus::NotCancelled }
}

/// Names an envelope: an object with `id`, or the bare id.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
enum EnvelopeName {
    Object {
        #[serde(alias = "disbursement_envelope_id")]
        id: String,
    },
    Text(String),
}

impl EnvelopeName {
    fn id(&self) -> &str {
        match self {
            Self::Object { id } | Self::Text(id) => id,
        }
    }
}

/// A list, or one item that some clients send without it. Read from its text: an untagged choice would read amounts
/// through floats.
#[derive(Debug, Clone)]
struct OneOrMany<T>(Vec<T>);

impl<'de, T: DeserializeOwned> Deserialize<'de> for OneOrMany<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        let text = raw.get();
        let items = if text.trim_start().starts_with('[') {
            serde_json::from_str(text)
        } else {
            serde_json::from_str(text).map(|item| vec![item])
        };
        items.map(Self).map_err(serde::de::Error::custom)
    }
}

pub(super) async fn cancel_envelope(state: &State, signed: &SignedBody) -> Answer {
    let request: RequestV2<OneOrMany<EnvelopeName>> = parse(signed, true)?;
    let names = request.request_body.request_payload.0;
    write(state, signed, "cancel_disbursement_envelope", async |tx, ctx| {
        let done = attempt(tx, async |tx| {
            let mut done = Vec::with_capacity(names.len());
            for name in &names {
                let cancelled = cancel::envelope(state, tx, ctx, Some(name.id())).await?;
                done.push(to_payload(&cancelled)?);
            }
            if done.is_empty() {
                return Err(Failure::refused(BridgeReason::DisbursementEnvelopeNotFound));
            }
            Ok(done)
        });
        match done.await? {
            Ok(done) => newer_success(state, signed, &done),
            Err(refusal) => {
                let echo = names.iter().map(|name| DisbursementEnvelopePayload {
                    id: Some(name.id().to_owned()),
                    ..DisbursementEnvelopePayload::default()
                });
                newer_error(state, signed, &refusal.code, &echo.collect::<Vec<_>>())
            }
        }
    })
    .await
}

pub(super) async fn amend_envelope(state: &State, signed: &SignedBody) -> Answer {
    let request: RequestV2<OneOrMany<DisbursementEnvelopePayload>> = parse(signed, true)?;
    let payloads = request.request_body.request_payload.0;
    let totals = payloads.iter().map(|payload| payload.total_disbursement_quantity.as_ref());
    numbers("request_body.request_payload[#].total_disbursement_quantity", totals)?;
    write(state, signed, "amend_disbursement_envelope", async |tx, ctx| {
        let done = attempt(tx, async |tx| {
            let mut done = Vec::with_capacity(payloads.len());
            for payload in &payloads {
                let input = AmendInput {
                    envelope_id: payload.id.clone(),
                    beneficiaries: payload.number_of_beneficiaries,
                    count: payload.number_of_disbursements,
                    total: payload.total_disbursement_quantity.clone(),
                    schedule_date: payload.disbursement_schedule_date.clone(),
                };
                done.push(to_payload(&envelopes::amend(state, tx, ctx, &input).await?)?);
            }
            Ok(done)
        });
        match done.await? {
            Ok(done) => newer_success(state, signed, &done),
            Err(refusal) => newer_error(state, signed, &refusal.code, &payloads),
        }
    })
    .await
}

/// What the newer dialect says of an envelope beyond the 1.0 fields.
#[derive(Serialize)]
struct NewerEnvelopeStatus {
    #[serde(flatten)]
    base: EnvelopeStatus,
    benefit_code_mnemonic: Option<String>,
    measurement_unit: String,
    number_of_beneficiaries_declared: i64,
    number_of_disbursements_declared: i64,
    total_disbursement_quantity_declared: DecimalText,
    total_disbursement_quantity_received: DecimalText,
    disbursement_envelope_status: String,
    disbursement_envelope_problem: Option<String>,
}

pub(super) async fn envelope_status(state: &State, signed: &SignedBody) -> Answer {
    let request: RequestV2<String> = parse(signed, true)?;
    let ctx = once_read(state, signed, "get_disbursement_envelope_status").await?;
    let body = match read(status::envelope(state, &ctx, &request.request_body.request_payload).await)? {
        Ok((envelope, base)) => {
            let whole = NewerEnvelopeStatus {
                number_of_beneficiaries_declared: envelope.declared_beneficiaries,
                number_of_disbursements_declared: envelope.declared_count,
                total_disbursement_quantity_declared: status::decimal(
                    envelope.declared_minor,
                    &envelope.currency,
                )?,
                total_disbursement_quantity_received: base.total_disbursement_amount_received.clone(),
                benefit_code_mnemonic: envelope.benefit_code_mnemonic,
                measurement_unit: envelope.currency,
                disbursement_envelope_status: envelope.state,
                disbursement_envelope_problem: envelope.problem,
                base,
            };
            newer_success(state, signed, &whole)?
        }
        Err(refusal) => newer_error(state, signed, &refusal.code, &Value::Null)?,
    };
    Ok(HttpResponse::Ok().json(body))
}

pub(super) async fn batch_control(state: &State, signed: &SignedBody) -> Answer {
    let request: RequestV2<String> = parse(signed, true)?;
    let ctx = once_read(state, signed, "get_disbursement_batch_control").await?;
    let found = status::batch_control(state, &ctx, &request.request_body.request_payload).await;
    let body = match read(found)? {
        Ok(Some(batch)) => newer_success(state, signed, &batch)?,
        // The reference answers an unknown batch with success and nothing; an error says more.
        Ok(None) => newer_error(state, signed, StatusReasonV2::RequestValidation.as_str(), &Value::Null)?,
        Err(refusal) => newer_error(state, signed, &refusal.code, &Value::Null)?,
    };
    Ok(HttpResponse::Ok().json(body))
}
