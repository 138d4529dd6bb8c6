//! The read API for people and services that may look.

use money::DecimalText;
use platform::{ApiError, ApiResult, Ctx, Page, PageQuery, clock::rfc3339};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{App, READ, overdue, status::decimal};
use crate::store::{
    envelopes::{self, Envelope},
    read,
    tally::{self, Tally},
};

/// An envelope as it stands.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct EnvelopeView {
    /// Its id.
    pub envelope_id: String,
    /// The programme.
    pub benefit_program_mnemonic: String,
    /// The benefit.
    pub benefit_code_mnemonic: Option<String>,
    /// The cycle.
    pub cycle_code_mnemonic: String,
    /// Where it stands.
    pub state: String,
    /// Since when, RFC 3339.
    pub state_since: String,
    /// Why it does not go on; null when it does.
    pub problem: Option<String>,
    /// Until when it must have left this state, RFC 3339; null when nothing is left to do.
    pub deadline: Option<String>,
    /// Whether that moment is over: then somebody must look.
    pub overdue: bool,
    /// The day it is paid, in the programme's time zone.
    pub schedule_date: String,
    /// IANA name.
    pub time_zone: String,
    /// ISO 4217.
    pub currency: String,
    /// Declared payments.
    pub declared_count: i64,
    /// Declared sum.
    #[serde(with = "money::as_string")]
    #[schema(value_type = String)]
    pub declared_amount: DecimalText,
    /// Payments taken in.
    pub received_count: i64,
    /// Their sum.
    #[serde(with = "money::as_string")]
    #[schema(value_type = String)]
    pub received_amount: DecimalText,
    /// The money blocked.
    pub blocked_amount: Option<String>,
    /// The money given back.
    pub released_amount: Option<String>,
    /// Payments by state; states without payments are left out.
    pub payments: Vec<StateSum>,
}

/// Count and sum of the payments in one state.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct StateSum {
    /// The state.
    pub state: String,
    /// Payments.
    pub count: i64,
    /// Their sum.
    #[serde(with = "money::as_string")]
    #[schema(value_type = String)]
    pub amount: DecimalText,
}

/// One payment.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct PaymentView {
    /// Its id.
    pub disbursement_id: String,
    /// Whom it pays, by pseudonym.
    pub beneficiary_id: String,
    /// How much.
    #[serde(with = "money::as_string")]
    #[schema(value_type = String)]
    pub amount: DecimalText,
    /// ISO 4217.
    pub currency: String,
    /// Where it stands.
    pub state: String,
    /// Why.
    pub reason: Option<String>,
    /// When it came, RFC 3339.
    pub received_at: String,
    /// Since when it stands there, RFC 3339.
    pub updated_at: String,
    /// Cursor.
    #[serde(skip)]
    pub seq: i64,
}

/// One entry of a history.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct HistoryView {
    /// When, RFC 3339.
    pub at: String,
    /// Who: `partner:PBMS`, `user:…`, `system:…`.
    pub actor: String,
    /// What was done.
    pub action: String,
    /// The state before.
    pub before: Option<String>,
    /// The state after.
    pub after: String,
    /// Why.
    pub reason: Option<String>,
    /// Cursor.
    #[serde(skip)]
    pub id: i64,
}

/// A statement line that a person must look at.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ProblemLineView {
    /// Identity of the line.
    pub line_key: String,
    /// Its statement.
    pub statement_id: String,
    /// Position in the statement, from 1.
    pub entry: i64,
    /// `D`, `RD`, or `?` for a line that could not be read.
    pub mark: String,
    /// How much.
    pub amount: Option<String>,
    /// ISO 4217.
    pub currency: Option<String>,
    /// The payment it names.
    pub disbursement_id: Option<String>,
    /// The bank's reference.
    pub bank_reference: Option<String>,
    /// `PROBLEM`, or `WAITING` for another line.
    pub outcome: String,
    /// What is wrong: a code of the bridge.
    pub problem: Option<String>,
}

/// Which envelopes to list.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct EnvelopeFilter {
    /// Only this state.
    pub state: Option<String>,
    /// Only this programme.
    pub program: Option<String>,
    /// `true` for those with a problem, `false` for those without.
    pub problem: Option<bool>,
    /// `true` for those that should have gone on by now, `false` for those in time.
    pub overdue: Option<bool>,
}

/// Which state to list.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct StateFilter {
    /// Only this state.
    pub state: Option<String>,
}

/// An envelope with counts and sums by state.
///
/// # Errors
/// 403, 404.
pub async fn envelope(app: &App, ctx: &Ctx, id: &str) -> ApiResult<EnvelopeView> {
    ctx.require(READ)?;
    let (conn, tenant) = (app.db.conn(), ctx.tenant.as_str());
    let envelope =
        envelopes::find(conn, tenant, id).await?.ok_or_else(|| ApiError::not_found("this envelope"))?;
    let tally = tally::tally(conn, tenant, id).await?;
    view(app, &envelope, &tally)
}

/// Envelopes in the order of their ids.
///
/// # Errors
/// 403.
pub async fn envelopes(
    app: &App,
    ctx: &Ctx,
    filter: &EnvelopeFilter,
    page: &PageQuery,
) -> ApiResult<Page<EnvelopeView>> {
    let Page { items, next } = listed(app, ctx, filter, page).await?;
    let items: ApiResult<_> = items.iter().map(|l| view(app, &l.envelope, &l.tally)).collect();
    Ok(Page { items: items?, next })
}

/// An envelope of a list.
#[derive(Debug)]
pub struct Listed {
    /// The envelope.
    pub envelope: Envelope,
    /// Its payments.
    pub tally: Tally,
}

/// The same as rows.
///
/// # Errors
/// 403.
pub async fn listed(
    app: &App,
    ctx: &Ctx,
    filter: &EnvelopeFilter,
    page: &PageQuery,
) -> ApiResult<Page<Listed>> {
    ctx.require(READ)?;
    let (conn, tenant) = (app.db.conn(), ctx.tenant.as_str());
    let after = page.after.as_deref().unwrap_or_default();
    let limit = i64::from(page.limit()) + 1;
    let limits = match filter.overdue {
        Some(wanted) => Some((wanted, overdue::limits(app).await?)),
        None => None,
    };
    let filter = envelopes::Filter {
        state: filter.state.as_deref(),
        program: filter.program.as_deref(),
        problem: filter.problem,
        overdue: limits.as_ref().map(|(wanted, limits)| (*wanted, limits)),
    };
    let rows = envelopes::page(conn, tenant, filter, after, limit).await?;
    let ids = rows.iter().map(|e| e.envelope_id.clone()).collect();
    let mut tallies = tally::tallies(conn, tenant, ids).await?;
    let listed = rows.into_iter().map(|envelope| {
        let tally = tallies.remove(&envelope.envelope_id).unwrap_or_default();
        Listed { envelope, tally }
    });
    Ok(Page::from_rows(listed.collect(), page.limit(), |l| l.envelope.envelope_id.clone()))
}

fn view(app: &App, envelope: &Envelope, tally: &Tally) -> ApiResult<EnvelopeView> {
    let (deadline, overdue) = overdue::deadline(app, envelope)?;
    let currency = envelope.currency.as_str();
    let text = |minor: Option<i64>| {
        minor.map(|m| decimal(m, currency).map(money::DecimalText::into_string)).transpose()
    };
    let sums: Result<Vec<StateSum>, storage::StoreError> = tally
        .iter()
        .map(|(state, sum)| {
            let amount = decimal(sum.minor, currency)?;
            Ok(StateSum { state: state.as_str().to_owned(), count: sum.count, amount })
        })
        .collect();
    Ok(EnvelopeView {
        envelope_id: envelope.envelope_id.clone(),
        benefit_program_mnemonic: envelope.benefit_program_mnemonic.clone(),
        benefit_code_mnemonic: envelope.benefit_code_mnemonic.clone(),
        cycle_code_mnemonic: envelope.cycle_code_mnemonic.clone(),
        state: envelope.state.clone(),
        state_since: rfc3339(envelope.state_since),
        problem: envelope.problem.clone(),
        deadline,
        overdue,
        schedule_date: envelope.schedule_date.to_string(),
        time_zone: envelope.time_zone.clone(),
        currency: currency.to_owned(),
        declared_count: envelope.declared_count,
        declared_amount: decimal(envelope.declared_minor, currency)?,
        received_count: envelope.received_count,
        received_amount: decimal(envelope.received_minor, currency)?,
        blocked_amount: text(envelope.blocked_minor)?,
        released_amount: text(envelope.released_minor)?,
        payments: sums?,
    })
}

/// Payments of an envelope in the order they came.
///
/// # Errors
/// 400 for a wrong cursor, 403, 404.
pub async fn payments(
    app: &App,
    ctx: &Ctx,
    id: &str,
    filter: &StateFilter,
    page: &PageQuery,
) -> ApiResult<Page<PaymentView>> {
    ctx.require(READ)?;
    let (conn, tenant) = (app.db.conn(), ctx.tenant.as_str());
    let envelope =
        envelopes::find(conn, tenant, id).await?.ok_or_else(|| ApiError::not_found("this envelope"))?;
    let after = page.after.as_deref().map_or(Ok(-1), str::parse::<i64>).map_err(|_| wrong_cursor())?;
    let limit = i64::from(page.limit()) + 1;
    let rows = read::payments(conn, tenant, id, filter.state.as_deref(), after, limit).await?;
    let views: Result<Vec<PaymentView>, storage::StoreError> = rows
        .into_iter()
        .map(|row| {
            Ok(PaymentView {
                disbursement_id: row.disbursement_id,
                beneficiary_id: row.beneficiary_id,
                amount: decimal(row.amount_minor, &envelope.currency)?,
                currency: envelope.currency.clone(),
                state: row.state,
                reason: row.reason,
                received_at: rfc3339(row.received_at),
                updated_at: rfc3339(row.updated_at),
                seq: row.seq,
            })
        })
        .collect();
    Ok(Page::from_rows(views?, page.limit(), |p| p.seq.to_string()))
}

/// What happened to a payment, oldest first.
///
/// # Errors
/// 400 for a wrong cursor, 403, 404.
pub async fn history(app: &App, ctx: &Ctx, subject: &str, page: &PageQuery) -> ApiResult<Page<HistoryView>> {
    ctx.require(READ)?;
    let after = page.after.as_deref().map_or(Ok(0), str::parse::<i64>).map_err(|_| wrong_cursor())?;
    let limit = i64::from(page.limit()) + 1;
    let rows = read::history(app.db.conn(), ctx.tenant.as_str(), subject, after, limit).await?;
    if rows.is_empty() && after == 0 {
        return Err(ApiError::not_found("this history"));
    }
    let one = |row: read::HistoryEntry| HistoryView {
        id: row.id,
        at: rfc3339(row.at),
        actor: row.actor,
        action: row.action,
        before: row.before,
        after: row.after,
        reason: row.reason,
    };
    Ok(Page::from_rows(rows.into_iter().map(one).collect(), page.limit(), |h| h.id.to_string()))
}

/// A cursor that no page gave.
pub(crate) fn wrong_cursor() -> ApiError {
    ApiError::bad_request("invalid_cursor", "after must be the next of the page before")
}

/// Statement lines in doubt.
///
/// # Errors
/// 403.
pub async fn problem_lines(app: &App, ctx: &Ctx, page: &PageQuery) -> ApiResult<Page<ProblemLineView>> {
    ctx.require(READ)?;
    let after = page.after.as_deref().unwrap_or_default();
    let limit = i64::from(page.limit()) + 1;
    let rows = read::problem_lines(app.db.conn(), ctx.tenant.as_str(), after, limit).await?;
    let one = |row: read::ProblemLine| ProblemLineView {
        amount: row
            .amount_minor
            .zip(row.currency.as_deref())
            .and_then(|(minor, currency)| decimal(minor, currency).ok().map(money::DecimalText::into_string)),
        line_key: row.line_key,
        statement_id: row.statement_id.to_string(),
        entry: row.entry_no,
        mark: row.mark,
        currency: row.currency,
        disbursement_id: row.payment_ref,
        bank_reference: row.bank_ref,
        outcome: row.outcome,
        problem: row.problem,
    };
    Ok(Page::from_rows(rows.into_iter().map(one).collect(), page.limit(), |l| l.line_key.clone()))
}
