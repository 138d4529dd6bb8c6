//! What is told of payments that came in disburse messages: to their sender, and to nobody else.

use std::collections::{HashMap, HashSet};

use g2p_connect::{
    MsgStatus,
    disburse::core::{DisburseResponse, DisburseResult},
    reason::{DisburseReason, DisburseSearchReason},
};
use platform::{Ctx, SchemaFault, clock::rfc3339};
use storage::StoreError;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};
use uuid::Uuid;

use super::{App, Failure, disburse::From, status, status::may_read};
use crate::{
    domain::{disbursement::State, order},
    store::{
        disbursements::parse_state,
        messages,
        orders::{self, Of, Side, Standing},
    },
};

/// Most items that are told of one transaction, and most references of one question.
pub const MAX_TOLD: usize = 10_000;
/// Most payments that one criterion of a search may find.
pub const MAX_HITS: usize = 1_000;

/// An item of a message as the specification tells of it.
pub(super) fn told(standing: &Standing) -> Result<DisburseResult, StoreError> {
    let Some(state) = &standing.state else {
        let code = standing.reason_code.as_deref().unwrap_or_default();
        let text = standing.reason_text.as_deref().unwrap_or_default();
        return Ok(refused(&standing.reference_id, code, text, standing.received_at));
    };
    let status = match parse_state(state)? {
        State::Received => MsgStatus::Rcvd,
        State::Resolved | State::Sending | State::Unknown | State::Accepted => MsgStatus::Pdng,
        State::Paid => MsgStatus::Succ,
        State::Reversed | State::Rejected | State::Cancelled => MsgStatus::Rjct,
    };
    // While it is on its way, reasons are the bridge's own business.
    let reason = standing.reason.clone().filter(|_| status == MsgStatus::Rjct);
    let amount = match (standing.amount_minor, &standing.currency) {
        (Some(minor), Some(currency)) => Some(on_wire(status::decimal(minor, currency)?.into_string())),
        _ => None,
    };
    Ok(DisburseResult {
        status_reason_code: reason.as_deref().and_then(order::code_of).map(str::to_owned),
        status_reason_message: (status == MsgStatus::Rjct).then(|| reason.unwrap_or_else(|| state.clone())),
        amount,
        currency_code: standing.currency.clone(),
        ..bare(&standing.reference_id, status, standing.updated_at.unwrap_or(standing.received_at))
    })
}

/// The specification's amounts have a point.
fn on_wire(amount: String) -> String {
    if amount.contains('.') { amount } else { format!("{amount}.00") }
}

/// An item that is no payment.
pub(super) fn refused(reference_id: &str, code: &str, text: &str, at: OffsetDateTime) -> DisburseResult {
    DisburseResult {
        status_reason_code: Some(code.to_owned()),
        status_reason_message: Some(text.to_owned()),
        ..bare(reference_id, MsgStatus::Rjct, at)
    }
}

pub(super) fn bare(reference_id: &str, status: MsgStatus, at: OffsetDateTime) -> DisburseResult {
    DisburseResult {
        reference_id: reference_id.to_owned(),
        timestamp: rfc3339(at),
        status,
        status_reason_code: None,
        status_reason_message: None,
        instruction: None,
        amount: None,
        payer_fa: None,
        payer_name: None,
        payee_fa: None,
        payee_name: None,
        currency_code: None,
        locale: None,
    }
}

/// The items of a transaction as they stand, in the order of their references; none when nothing came under this id.
///
/// # Errors
/// 403 without a permission.
async fn transaction(
    app: &App,
    ctx: &Ctx,
    from: &From,
    transaction_id: &str,
) -> Result<Vec<DisburseResult>, Failure> {
    may_read(ctx)?;
    let of = Of { tenant: ctx.tenant.as_str(), sender: &from.sender };
    let limit = i64::try_from(MAX_TOLD).unwrap_or(i64::MAX);
    let items = orders::of_transaction(app.db.conn(), of, transaction_id, limit).await?;
    Ok(items.iter().map(told).collect::<Result<_, _>>()?)
}

/// What became of references, in the order asked. One that never came is told as rejected: it is safe to send.
///
/// # Errors
/// 403 without a permission; too many references.
async fn references(
    app: &App,
    ctx: &Ctx,
    from: &From,
    references: &[String],
) -> Result<Vec<DisburseResult>, Failure> {
    may_read(ctx)?;
    if references.len() > MAX_TOLD {
        let why = format!("holds {} references; {MAX_TOLD} are answered in one call", references.len());
        return Err(Failure::Other(
            SchemaFault::rule("message.txnstatus_request.attribute_value", &why).into(),
        ));
    }
    let of = Of { tenant: ctx.tenant.as_str(), sender: &from.sender };
    let tx = app.begin().await?;
    let found = orders::of_references(&tx, of, references.to_vec()).await?;
    tx.commit().await.map_err(StoreError::from)?;
    let found: HashMap<&str, &Standing> = found.iter().map(|s| (s.reference_id.as_str(), s)).collect();
    let unknown = references.iter().filter(|r| !found.contains_key(r.as_str()));
    let waiting = messages::waiting(app.db.conn(), of, unknown.cloned().collect()).await?;
    let waiting: HashSet<&str> = waiting.iter().map(String::as_str).collect();
    let one = |reference: &String| match found.get(reference.as_str()) {
        Some(standing) => told(standing),
        None if waiting.contains(reference.as_str()) => Ok(bare(reference, MsgStatus::Rcvd, app.now())),
        None => {
            let code = DisburseReason::ReferenceIdInvalid.as_str();
            Ok(refused(reference, code, "no payment with this reference was received", app.now()))
        }
    };
    Ok(references.iter().map(one).collect::<Result<_, _>>()?)
}

/// How a sender names what it asks about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Named {
    /// By its own id.
    Transaction(String),
    /// By references of payments.
    References(Vec<String>),
    /// By the id that a message was acknowledged with.
    Correlation(Uuid),
}

/// What is asked about a transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// Whether it was a search; else payments.
    pub search: bool,
    /// Which one.
    pub named: Named,
}

/// What became of a transaction.
#[derive(Debug, Clone, Default)]
pub struct Known {
    /// The sender's id; empty when references were asked for, or nothing is known.
    pub transaction_id: String,
    /// The id that its newest message was acknowledged with.
    pub correlation_id: Option<Uuid>,
    /// Its items.
    pub items: Vec<DisburseResult>,
}

/// What became of payments or of a search, of messages that were answered at once and of those that were acknowledged.
///
/// # Errors
/// 403 without a permission; too many references.
pub async fn status(app: &App, ctx: &Ctx, from: &From, asked: &Question) -> Result<Known, Failure> {
    may_read(ctx)?;
    let of = Of { tenant: ctx.tenant.as_str(), sender: &from.sender };
    let kind = if asked.search { "search" } else { "disburse" };
    let message = match &asked.named {
        Named::Transaction(id) => messages::newest(app.db.conn(), of, kind, id).await?,
        Named::Correlation(id) => messages::find(app.db.conn(), of.tenant, *id)
            .await?
            .filter(|m| m.sender == from.sender && m.asked == kind),
        Named::References(_) => None,
    };
    let correlation_id = message.as_ref().map(|m| m.correlation_id);
    if asked.search {
        // A search that was answered at once is not kept.
        let Some(message) = message else { return Ok(Known::default()) };
        let answer = message.response.as_deref().map(serde_json::from_str::<DisburseResponse>).transpose();
        let answer = answer.map_err(|e| StoreError::Other(format!("a kept answer: {e}")))?;
        let items = answer.map(|a| a.disbursements_status).unwrap_or_default();
        return Ok(Known { transaction_id: message.transaction_id, correlation_id, items });
    }
    let (transaction_id, items) = match (&asked.named, message) {
        (Named::References(list), _) => (String::new(), references(app, ctx, from, list).await?),
        (Named::Correlation(_), None) => (String::new(), Vec::new()),
        (Named::Correlation(_), Some(message)) => {
            let items = references(app, ctx, from, &message.reference_ids).await?;
            (message.transaction_id, items)
        }
        (Named::Transaction(id), message) => {
            let mut items = transaction(app, ctx, from, id).await?;
            // Acknowledged, and nobody has worked on it yet.
            if let Some(message) = message.filter(|m| m.state == "received") {
                let there: HashSet<String> = items.iter().map(|i| i.reference_id.clone()).collect();
                let new = message.reference_ids.iter().filter(|r| !there.contains(r.as_str()));
                items.extend(new.map(|r| bare(r, MsgStatus::Rcvd, app.now())));
            }
            (id.clone(), items)
        }
    };
    Ok(Known { transaction_id, correlation_id, items })
}

/// One criterion of a search. Holds an address, so it has no `Debug`.
#[derive(Clone)]
pub struct Criterion {
    /// The sender's id of it.
    pub reference_id: String,
    /// When it was made.
    pub timestamp: Option<String>,
    /// `disburse`.
    pub request_type: String,
    /// `payer_fa` or `payee_fa`.
    pub attribute_type: String,
    /// The address.
    pub attribute_value: Option<String>,
}

/// Finds the sender's payments by address: a result a payment, under the payment's reference; a criterion that finds
/// none, too many, or is wrong has one result under its own.
///
/// # Errors
/// 403 without a permission.
pub async fn search(
    app: &App,
    ctx: &Ctx,
    from: &From,
    criteria: &[Criterion],
) -> Result<Vec<DisburseResult>, Failure> {
    may_read(ctx)?;
    let of = Of { tenant: ctx.tenant.as_str(), sender: &from.sender };
    let mut seen = HashSet::new();
    let judged: Vec<Result<(Side, String), DisburseSearchReason>> = criteria
        .iter()
        .map(|criterion| {
            let first = seen.insert(criterion.reference_id.as_str());
            let judged = judge(criterion, from.lenient)?;
            if first { Ok(judged) } else { Err(DisburseSearchReason::ReferenceIdDuplicate) }
        })
        .collect();
    let mut found: Vec<Vec<Standing>> = criteria.iter().map(|_| Vec::new()).collect();
    for side in [Side::Payer, Side::Payee] {
        let asked = judged.iter().enumerate().filter_map(|(n, one)| match one {
            Ok((of_side, address)) if *of_side == side => Some((n, address.clone())),
            _ => None,
        });
        let (places, addresses): (Vec<usize>, Vec<String>) = asked.unzip();
        if addresses.is_empty() {
            continue;
        }
        let limit = i64::try_from(MAX_HITS + 1).unwrap_or(i64::MAX);
        for hit in orders::search(app.db.conn(), of, side, addresses, limit).await? {
            let place = usize::try_from(hit.position - 1).ok().and_then(|n| places.get(n));
            if let Some(list) = place.and_then(|n| found.get_mut(*n)) {
                list.push(hit);
            }
        }
    }
    let mut results = Vec::new();
    for ((criterion, judged), hits) in criteria.iter().zip(judged).zip(found) {
        let why = match judged {
            Err(code) => Some((code, "the criterion is not of the specification's form")),
            Ok(_) if hits.is_empty() => {
                Some((DisburseSearchReason::SrchReferenceIdNotFound, "no payment has this address"))
            }
            Ok(_) if hits.len() > MAX_HITS => Some((
                DisburseSearchReason::SrchTooManyRecordsFound,
                "more than 1000 payments have this address; ask for transactions instead",
            )),
            Ok(_) => None,
        };
        match why {
            Some((code, text)) => {
                results.push(refused(&criterion.reference_id, code.as_str(), text, app.now()));
            }
            None => {
                for hit in &hits {
                    results.push(told(hit)?);
                }
            }
        }
    }
    Ok(results)
}

fn judge(criterion: &Criterion, lenient: bool) -> Result<(Side, String), DisburseSearchReason> {
    use DisburseSearchReason as R;
    let reference = criterion.reference_id.as_str();
    if reference.is_empty() || reference.len() > order::MAX_TEXT {
        return Err(R::ReferenceIdInvalid);
    }
    if !lenient
        && criterion.timestamp.as_deref().is_some_and(|at| OffsetDateTime::parse(at, &Rfc3339).is_err())
    {
        return Err(R::TimestampInvalid);
    }
    if criterion.request_type != "disburse" {
        return Err(R::RequestTypeInvalid);
    }
    let (side, wrong) = match criterion.attribute_type.as_str() {
        "payer_fa" => (Side::Payer, R::SrchPayerFaInvalid),
        "payee_fa" => (Side::Payee, R::SrchPayeeFaInvalid),
        _ => return Err(R::AttributeTypeInvalid),
    };
    let address = criterion.attribute_value.as_deref().map(str::trim).unwrap_or_default();
    if address.is_empty() || address.len() > order::MAX_TEXT {
        Err(wrong)
    } else {
        Ok((side, address.to_lowercase()))
    }
}
