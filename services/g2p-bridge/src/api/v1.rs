//! The 1.0 dialect.

use actix_web::HttpResponse;
use g2p_connect::{
    MsgHeader, Request,
    disburse::{
        CancellationStatus,
        v1::{DisbursementPayloadV1, EnvelopePayloadV1},
    },
};
use platform::{SignedBody, clock::rfc3339};
use serde_json::Value;
use storage::StoreError;

use super::{
    Answer, State,
    wire::{attempt, codes, numbers, once_read, parse, read, v1, write},
};
use crate::{
    app::{
        admission::{self, AdmitInput, RowInput},
        cancel,
        envelopes::{self, AmendInput, EnvelopeInput, NaturalKey},
        status,
    },
    store::envelopes::Envelope,
};

fn key(header: &MsgHeader) -> (String, String) {
    (header.sender_id.clone(), header.message_id.clone())
}

fn to_payload(envelope: &Envelope) -> Result<EnvelopePayloadV1, StoreError> {
    Ok(EnvelopePayloadV1 {
        id: None,
        disbursement_envelope_id: Some(envelope.envelope_id.clone()),
        benefit_program_mnemonic: Some(envelope.benefit_program_mnemonic.clone()),
        disbursement_frequency: Some(envelope.disbursement_frequency.clone()),
        cycle_code_mnemonic: Some(envelope.cycle_code_mnemonic.clone()),
        number_of_beneficiaries: Some(envelope.declared_beneficiaries),
        number_of_disbursements: Some(envelope.declared_count),
        total_disbursement_amount: Some(status::decimal(envelope.declared_minor, &envelope.currency)?),
        disbursement_currency_code: Some(envelope.currency.clone()),
        disbursement_schedule_date: Some(envelope.schedule_date.to_string()),
    })
}

pub(super) async fn create_envelope(state: &State, signed: &SignedBody) -> Answer {
    let request: Request<EnvelopePayloadV1> = parse(signed, false)?;
    let (sender, message_id) = key(&request.header);
    let payload = request.message;
    let input = EnvelopeInput {
        key: NaturalKey::Message { sender, message_id },
        program: payload.benefit_program_mnemonic,
        frequency: payload.disbursement_frequency,
        cycle: payload.cycle_code_mnemonic,
        beneficiaries: payload.number_of_beneficiaries,
        count: payload.number_of_disbursements,
        total: payload.total_disbursement_amount,
        currency: payload.disbursement_currency_code,
        schedule_date: payload.disbursement_schedule_date,
        labels: Value::Object(serde_json::Map::new()),
    };
    write(state, signed, "create_disbursement_envelope", async |tx, ctx| {
        match attempt(tx, async |tx| envelopes::create(state, tx, ctx, &input).await).await? {
            Ok(envelope) => v1(state, signed, None, &to_payload(&envelope)?),
            Err(refusal) => v1(state, signed, Some(&refusal.code), &EnvelopePayloadV1::default()),
        }
    })
    .await
}

pub(super) async fn cancel_envelope(state: &State, signed: &SignedBody) -> Answer {
    let request: Request<EnvelopePayloadV1> = parse(signed, false)?;
    let payload = request.message;
    write(state, signed, "cancel_disbursement_envelope", async |tx, ctx| {
        let id = payload.disbursement_envelope_id.as_deref();
        match attempt(tx, async |tx| cancel::envelope(state, tx, ctx, id).await).await? {
            Ok(_) => v1(state, signed, None, &payload),
            Err(refusal) => v1(state, signed, Some(&refusal.code), &payload),
        }
    })
    .await
}

pub(super) async fn amend_envelope(state: &State, signed: &SignedBody) -> Answer {
    let request: Request<EnvelopePayloadV1> = parse(signed, false)?;
    let payload = request.message;
    numbers("message.total_disbursement_amount", [payload.total_disbursement_amount.as_ref()].into_iter())?;
    let input = AmendInput {
        envelope_id: payload.disbursement_envelope_id.clone(),
        beneficiaries: payload.number_of_beneficiaries,
        count: payload.number_of_disbursements,
        total: payload.total_disbursement_amount.clone(),
        schedule_date: payload.disbursement_schedule_date.clone(),
    };
    write(state, signed, "amend_disbursement_envelope", async |tx, ctx| {
        match attempt(tx, async |tx| envelopes::amend(state, tx, ctx, &input).await).await? {
            Ok(envelope) => v1(state, signed, None, &to_payload(&envelope)?),
            Err(refusal) => v1(state, signed, Some(&refusal.code), &payload),
        }
    })
    .await
}

pub(super) async fn create_disbursements(state: &State, signed: &SignedBody) -> Answer {
    let request: Request<Vec<DisbursementPayloadV1>> = parse(signed, false)?;
    let message = Some(key(&request.header));
    let payloads = request.message;
    let amounts = payloads.iter().map(|payload| payload.disbursement_amount.as_ref());
    numbers("message[#].disbursement_amount", amounts)?;
    write(state, signed, "create_disbursements", async |tx, ctx| {
        let input = AdmitInput {
            rows: payloads.iter().map(to_row).collect(),
            batch_control_id: None,
            message: message.clone(),
        };
        match attempt(tx, async |tx| admission::create(state, tx, ctx, input).await).await? {
            Ok(admitted) => {
                let rows = payloads.iter().zip(admitted).map(|(payload, admitted)| DisbursementPayloadV1 {
                    disbursement_id: Some(admitted.disbursement_id),
                    response_error_codes: Vec::new(),
                    ..payload.clone()
                });
                v1(state, signed, None, &rows.collect::<Vec<_>>())
            }
            Err(refusal) => {
                let rows = payloads.iter().enumerate().map(|(n, payload)| DisbursementPayloadV1 {
                    response_error_codes: codes(&refusal, n),
                    ..payload.clone()
                });
                v1(state, signed, Some(&refusal.code), &rows.collect::<Vec<_>>())
            }
        }
    })
    .await
}

fn to_row(payload: &DisbursementPayloadV1) -> RowInput {
    RowInput {
        disbursement_id: None,
        mis_reference_number: payload.mis_reference_number.clone(),
        envelope_id: payload.disbursement_envelope_id.clone(),
        beneficiary_id: payload.beneficiary_id.clone(),
        beneficiary_name: payload.beneficiary_name.clone(),
        amount: payload.disbursement_amount.clone(),
        narrative: payload.narrative.clone(),
        compute_elements: None,
    }
}

pub(super) async fn cancel_disbursements(state: &State, signed: &SignedBody) -> Answer {
    let request: Request<Vec<DisbursementPayloadV1>> = parse(signed, false)?;
    let payloads = request.message;
    let ids: Vec<String> =
        payloads.iter().map(|payload| payload.disbursement_id.clone().unwrap_or_default()).collect();
    write(state, signed, "cancel_disbursements", async |tx, ctx| {
        match attempt(tx, async |tx| cancel::payments(state, tx, ctx, &ids).await).await? {
            Ok(done) => {
                let rows = payloads.iter().map(|payload| {
                    let content =
                        done.iter().find(|c| Some(&c.disbursement_id) == payload.disbursement_id.as_ref());
                    DisbursementPayloadV1 {
                        cancellation_status: content.map(|_| CancellationStatus::Cancelled),
                        cancellation_time_stamp: content.map(|c| rfc3339(c.updated_at)),
                        response_error_codes: Vec::new(),
                        ..payload.clone()
                    }
                });
                v1(state, signed, None, &rows.collect::<Vec<_>>())
            }
            Err(refusal) => {
                let rows = payloads.iter().enumerate().map(|(n, payload)| DisbursementPayloadV1 {
                    response_error_codes: codes(&refusal, n),
                    ..payload.clone()
                });
                v1(state, signed, Some(&refusal.code), &rows.collect::<Vec<_>>())
            }
        }
    })
    .await
}

pub(super) async fn disbursement_status(state: &State, signed: &SignedBody) -> Answer {
    let request: Request<Vec<String>> = parse(signed, false)?;
    let _reading = state.turns.read();
    let ctx = once_read(state, signed, "get_disbursement_status").await?;
    let body = match read(status::payments(state, &ctx, &request.message).await)? {
        Ok(items) => v1(state, signed, None, &items)?,
        Err(refusal) => v1(state, signed, Some(&refusal.code), &Value::Array(Vec::new()))?,
    };
    Ok(HttpResponse::Ok().json(body))
}

pub(super) async fn envelope_status(state: &State, signed: &SignedBody) -> Answer {
    let request: Request<String> = parse(signed, false)?;
    let ctx = once_read(state, signed, "get_disbursement_envelope_status").await?;
    let body = match read(status::envelope(state, &ctx, &request.message).await)? {
        Ok((_, status)) => v1(state, signed, None, &status)?,
        Err(refusal) => v1(state, signed, Some(&refusal.code), &Value::Null)?,
    };
    Ok(HttpResponse::Ok().json(body))
}
