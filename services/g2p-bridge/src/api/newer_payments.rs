//! Payments in the newer dialect.

use actix_web::HttpResponse;
use g2p_connect::{
    RequestV2,
    disburse::{CancellationStatus, v2::DisbursementPayload},
};
use money::DecimalText;
use platform::{SignedBody, clock::rfc3339};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    Answer, State,
    newer::{cancellation, mark},
    wire::{attempt, newer_error, newer_success, numbers, once_read, parse, read, write},
};
use crate::app::{
    admission::{self, AdmitInput, Admitted, RowInput},
    cancel, status,
};

pub(super) async fn create_disbursements(state: &State, signed: &SignedBody) -> Answer {
    let request: RequestV2<Vec<DisbursementPayload>> = parse(signed, true)?;
    let body = request.request_body;
    let payloads = body.request_payload;
    let amounts = payloads.iter().map(|payload| payload.disbursement_quantity.as_ref());
    numbers("request_body.request_payload[#].disbursement_quantity", amounts)?;
    let batch = body.disbursement_batch_control_id;
    write(state, signed, "create_disbursements", async |tx, ctx| {
        let input = AdmitInput {
            rows: payloads.iter().map(to_row).collect(),
            batch_control_id: batch.clone().filter(|b| !b.trim().is_empty() && b.len() <= 255),
            message: None,
        };
        match attempt(tx, async |tx| admission::create(state, tx, ctx, input).await).await? {
            Ok(admitted) => {
                let rows: Vec<_> = payloads.iter().zip(&admitted).map(|(p, a)| answer_row(p, a)).collect();
                newer_success(state, signed, &rows)
            }
            Err(refusal) => {
                let marked = mark(&payloads, &refusal, |payload, codes| payload.response_error_codes = codes);
                newer_error(state, signed, &refusal.code, &marked)
            }
        }
    })
    .await
}

fn to_row(payload: &DisbursementPayload) -> RowInput {
    RowInput {
        disbursement_id: payload.disbursement_id.clone(),
        mis_reference_number: payload.mis_reference_number.clone(),
        envelope_id: payload.disbursement_envelope_id.clone(),
        beneficiary_id: payload.beneficiary_id.clone(),
        beneficiary_name: payload.beneficiary_name.clone(),
        amount: payload.disbursement_quantity.clone(),
        narrative: payload.narrative.clone(),
        compute_elements: payload.compute_elements.as_ref().map(Value::to_string),
    }
}

/// A row of an answer: what the caller needs to know, not all it sent. Names and computations stay out of stored answers.
#[derive(Serialize)]
struct RowAnswer<'a> {
    disbursement_id: &'a str,
    disbursement_envelope_id: Option<&'a str>,
    beneficiary_id: Option<&'a str>,
    disbursement_quantity: Option<&'a DecimalText>,
    narrative: Option<&'a str>,
    receipt_time_stamp: String,
    cancellation_status: CancellationStatus,
    #[serde(skip_serializing_if = "Option::is_none")]
    cancellation_time_stamp: Option<String>,
    response_error_codes: [&'a str; 0],
}

fn answer_row<'a>(payload: &'a DisbursementPayload, admitted: &'a Admitted) -> RowAnswer<'a> {
    RowAnswer {
        disbursement_id: &admitted.disbursement_id,
        disbursement_envelope_id: payload.disbursement_envelope_id.as_deref(),
        beneficiary_id: payload.beneficiary_id.as_deref(),
        disbursement_quantity: payload.disbursement_quantity.as_ref(),
        narrative: payload.narrative.as_deref(),
        receipt_time_stamp: rfc3339(admitted.received_at),
        cancellation_status: cancellation(admitted.cancelled_at.is_some()),
        cancellation_time_stamp: admitted.cancelled_at.map(rfc3339),
        response_error_codes: [],
    }
}

/// Names a payment: an object with `disbursement_id`, or the bare id.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
enum PaymentName {
    Object {
        #[serde(default, alias = "id")]
        disbursement_id: Option<String>,
    },
    Text(String),
}

impl PaymentName {
    fn id(&self) -> &str {
        match self {
            Self::Object { disbursement_id } => disbursement_id.as_deref().unwrap_or_default(),
            Self::Text(id) => id,
        }
    }
}

pub(super) async fn cancel_disbursements(state: &State, signed: &SignedBody) -> Answer {
    let request: RequestV2<Vec<PaymentName>> = parse(signed, true)?;
    let ids: Vec<String> =
        request.request_body.request_payload.iter().map(|name| name.id().to_owned()).collect();
    write(state, signed, "cancel_disbursements", async |tx, ctx| {
        let row = |id: &String, envelope: Option<String>, cancelled: Option<String>| DisbursementPayload {
            disbursement_id: Some(id.clone()),
            disbursement_envelope_id: envelope,
            cancellation_status: cancelled.is_some().then_some(CancellationStatus::Cancelled),
            cancellation_time_stamp: cancelled,
            ..DisbursementPayload::default()
        };
        match attempt(tx, async |tx| cancel::payments(state, tx, ctx, &ids).await).await? {
            Ok(done) => {
                let rows = done.into_iter().map(|content| {
                    let at = Some(rfc3339(content.updated_at));
                    row(&content.disbursement_id, Some(content.envelope_id), at)
                });
                newer_success(state, signed, &rows.collect::<Vec<_>>())
            }
            Err(refusal) => {
                let rows: Vec<DisbursementPayload> = ids.iter().map(|id| row(id, None, None)).collect();
                let marked = mark(&rows, &refusal, |payload, codes| payload.response_error_codes = codes);
                newer_error(state, signed, &refusal.code, &marked)
            }
        }
    })
    .await
}

pub(super) async fn disbursement_status(state: &State, signed: &SignedBody) -> Answer {
    let request: RequestV2<Vec<String>> = parse(signed, true)?;
    let _reading = state.turns.read();
    let ctx = once_read(state, signed, "get_disbursement_status").await?;
    let ids = request.request_body.request_payload;
    let body = match read(status::payments(state, &ctx, &ids).await)? {
        Ok(items) => {
            let mut body = newer_success(state, signed, &items)?;
            // Newer clients look for the id under another name, too.
            let items = body.pointer_mut("/response_body/response_payload").and_then(Value::as_array_mut);
            for item in items.into_iter().flatten() {
                let id = item.get("disbursement_id").cloned().unwrap_or_default();
                if let Some(object) = item.as_object_mut() {
                    object.insert("reconciliation_id".to_owned(), id);
                }
            }
            body
        }
        Err(refusal) => newer_error(state, signed, &refusal.code, &Value::Null)?,
    };
    Ok(HttpResponse::Ok().json(body))
}
