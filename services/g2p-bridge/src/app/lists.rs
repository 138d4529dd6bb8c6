//! Lists for operators, one payment with everything that happened to it, and a beneficiary's own payments.

use money::DecimalText;
use platform::{ApiError, ApiResult, Ctx, Page, PageQuery, clock::rfc3339};
use serde::{Deserialize, Serialize};
use storage::{StoreError, StoreResult};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::{App, READ, read::wrong_cursor, status::decimal};
use crate::{
    domain::disbursement::State,
    store::{lists, reissues},
};

/// A payment in a list.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ListedPaymentView {
    /// Its id.
    pub disbursement_id: String,
    /// Its envelope.
    pub envelope_id: String,
    /// The programme.
    pub benefit_program_mnemonic: String,
    /// The cycle.
    pub cycle_code_mnemonic: String,
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

fn view(row: lists::ListedPayment) -> StoreResult<ListedPaymentView> {
    Ok(ListedPaymentView {
        amount: decimal(row.amount_minor, &row.currency)?,
        disbursement_id: row.disbursement_id,
        envelope_id: row.envelope_id,
        benefit_program_mnemonic: row.benefit_program_mnemonic,
        cycle_code_mnemonic: row.cycle_code_mnemonic,
        beneficiary_id: row.beneficiary_id,
        currency: row.currency,
        state: row.state,
        reason: row.reason,
        received_at: rfc3339(row.received_at),
        updated_at: rfc3339(row.updated_at),
        seq: row.seq,
    })
}

/// Which payments to list.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PaymentFilter {
    /// `RECEIVED`, `RESOLVED`, `SENDING`, `UNKNOWN`, `ACCEPTED`, `PAID`, `REVERSED`, `REJECTED` or `CANCELLED`.
    pub state: String,
    /// Only this programme.
    pub program: Option<String>,
}

/// Payments of all envelopes in one state, by envelope and number.
///
/// # Errors
/// 400 for an unknown state or cursor, 403.
pub async fn payments(
    app: &App,
    ctx: &Ctx,
    filter: &PaymentFilter,
    page: &PageQuery,
) -> ApiResult<Page<ListedPaymentView>> {
    ctx.require(READ)?;
    let state = State::parse(&filter.state).ok_or_else(|| {
        let rule = format!("must be one of {}", State::ALL.map(State::as_str).join(", "));
        ApiError::bad_request("invalid_field", format!("state {rule}")).with_field("state", rule)
    })?;
    // Envelope and number with a point between: the number has none.
    let (envelope, seq) = match page.after.as_deref() {
        None => ("", -1),
        Some(after) => {
            let (envelope, seq) = after.rsplit_once('.').ok_or_else(wrong_cursor)?;
            (envelope, seq.parse::<i64>().map_err(|_| wrong_cursor())?)
        }
    };
    let (conn, tenant) = (app.db.conn(), ctx.tenant.as_str());
    let limit = i64::from(page.limit()) + 1;
    let program = filter.program.as_deref();
    let rows = lists::in_state(conn, tenant, state.as_str(), program, (envelope, seq), limit).await?;
    let views: StoreResult<Vec<_>> = rows.into_iter().map(view).collect();
    Ok(Page::from_rows(views?, page.limit(), |p| format!("{}.{}", p.envelope_id, p.seq)))
}

/// A batch in a list.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct BatchView {
    /// Its id.
    pub batch_id: Uuid,
    /// Its envelope.
    pub envelope_id: String,
    /// Its number in the envelope, from 1.
    pub batch_no: i32,
    /// Payments.
    pub count: i64,
    /// Their sum.
    #[serde(with = "money::as_string")]
    #[schema(value_type = String)]
    pub amount: DecimalText,
    /// ISO 4217.
    pub currency: String,
    /// `OPEN` or `DONE`.
    pub state: String,
    /// Rounds that ended without every payment being with the bank.
    pub rounds: i32,
    /// Why another one is needed.
    pub problem: Option<String>,
    /// When it was formed, RFC 3339.
    pub created_at: String,
    /// When it last changed, RFC 3339.
    pub updated_at: String,
}

/// Which batches to list.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct BatchFilter {
    /// Only this envelope.
    pub envelope_id: Option<String>,
    /// `OPEN` or `DONE`.
    pub state: Option<String>,
}

/// Batches by id.
///
/// # Errors
/// 400 for a wrong cursor, 403.
pub async fn batches(
    app: &App,
    ctx: &Ctx,
    filter: &BatchFilter,
    page: &PageQuery,
) -> ApiResult<Page<BatchView>> {
    ctx.require(READ)?;
    let after = page.after.as_deref().map_or(Ok(Uuid::nil()), str::parse::<Uuid>);
    let after = after.map_err(|_| wrong_cursor())?;
    let limit = i64::from(page.limit()) + 1;
    let (envelope, state) = (filter.envelope_id.as_deref(), filter.state.as_deref());
    let rows = lists::batches(app.db.conn(), ctx.tenant.as_str(), envelope, state, after, limit).await?;
    let one = |row: lists::ListedBatch| -> StoreResult<BatchView> {
        Ok(BatchView {
            amount: decimal(row.amount_minor, &row.currency)?,
            batch_id: row.batch_id,
            envelope_id: row.envelope_id,
            batch_no: row.batch_no,
            count: row.count,
            currency: row.currency,
            state: row.state,
            rounds: row.rounds,
            problem: row.problem,
            created_at: rfc3339(row.created_at),
            updated_at: rfc3339(row.updated_at),
        })
    };
    let views: StoreResult<Vec<_>> = rows.into_iter().map(one).collect();
    Ok(Page::from_rows(views?, page.limit(), |b| b.batch_id.to_string()))
}

/// One payment with its attempts and the statement lines that name it.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct PaymentDetail {
    /// Its id.
    pub disbursement_id: String,
    /// Its envelope.
    pub envelope_id: String,
    /// The programme.
    pub benefit_program_mnemonic: String,
    /// The cycle.
    pub cycle_code_mnemonic: String,
    /// The programme system's reference.
    pub mis_reference_number: Option<String>,
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
    /// `BANK_ACCOUNT`, `MOBILE_WALLET` or `EMAIL_WALLET`, once it is known.
    pub fa_type: Option<String>,
    /// The payee's bank or wallet provider.
    pub provider: Option<String>,
    /// The payment whose place this one took.
    pub reissue_of: Option<String>,
    /// The payment that took this one's place.
    pub reissued_as: Option<String>,
    /// The latest 100, oldest first.
    pub attempts: Vec<AttemptView>,
    /// The first 100, oldest first.
    pub statement_lines: Vec<LineView>,
}

/// An attempt to pay.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct AttemptView {
    /// From 1.
    pub attempt_no: i32,
    /// `SENDING`, `UNKNOWN`, `ACCEPTED`, `REJECTED`, or `NOT_FOUND`: the bank did not have it.
    pub state: String,
    /// Why.
    pub reason: Option<String>,
    /// When it was sent, RFC 3339.
    pub sent_at: String,
    /// When it was answered, RFC 3339.
    pub answered_at: Option<String>,
}

/// A statement line that names a payment.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct LineView {
    /// Its statement.
    pub statement_id: Uuid,
    /// Position in the statement, from 1.
    pub entry: i64,
    /// `D`, `RD`, or `?` for a line that could not be read.
    pub mark: String,
    /// How much.
    pub amount: Option<String>,
    /// When it was booked.
    pub entry_date: Option<String>,
    /// The bank's reference.
    pub bank_reference: Option<String>,
    /// What was made of it.
    pub outcome: String,
    /// And its code.
    pub problem: Option<String>,
}

/// Everything about one payment.
///
/// # Errors
/// 403, 404.
pub async fn payment(app: &App, ctx: &Ctx, id: &str) -> ApiResult<PaymentDetail> {
    ctx.require(READ)?;
    let (conn, tenant) = (app.db.conn(), ctx.tenant.as_str());
    let found = lists::payment(conn, tenant, id).await?;
    let row = found.ok_or_else(|| ApiError::not_found("this disbursement"))?;
    let links = reissues::links(conn, tenant, id).await?;
    let attempts = lists::attempts(conn, tenant, id).await?.into_iter().map(|a| AttemptView {
        attempt_no: a.attempt_no,
        state: a.state,
        reason: a.reason,
        sent_at: rfc3339(a.sent_at),
        answered_at: a.answered_at.map(rfc3339),
    });
    let amount = |minor: i64| decimal(minor, &row.currency).map(DecimalText::into_string);
    let lines: Result<Vec<LineView>, StoreError> = lists::lines(conn, tenant, id)
        .await?
        .into_iter()
        .map(|line| {
            Ok(LineView {
                statement_id: line.statement_id,
                entry: line.entry_no,
                mark: line.mark,
                amount: line.amount_minor.map(amount).transpose()?,
                entry_date: line.entry_date.map(|d| d.to_string()),
                bank_reference: line.bank_ref,
                outcome: line.outcome,
                problem: line.problem,
            })
        })
        .collect();
    Ok(PaymentDetail {
        amount: decimal(row.amount_minor, &row.currency)?,
        attempts: attempts.collect(),
        statement_lines: lines?,
        disbursement_id: row.disbursement_id,
        envelope_id: row.envelope_id,
        benefit_program_mnemonic: row.benefit_program_mnemonic,
        cycle_code_mnemonic: row.cycle_code_mnemonic,
        mis_reference_number: row.mis_reference_number,
        beneficiary_id: row.beneficiary_id,
        currency: row.currency,
        state: row.state,
        reason: row.reason,
        received_at: rfc3339(row.received_at),
        updated_at: rfc3339(row.updated_at),
        fa_type: row.fa_type,
        provider: row.provider,
        reissue_of: links.reissue_of,
        reissued_as: links.reissued_as,
    })
}

/// What a beneficiary got of a programme in a currency till date. A payment that another one replaced counts as the
/// other one only.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct BeneficiaryTotalView {
    /// The programme.
    pub benefit_program_mnemonic: String,
    /// ISO 4217.
    pub currency: String,
    /// Payments that reached the account and stayed there.
    pub paid_count: i64,
    /// Their sum.
    #[serde(with = "money::as_string")]
    #[schema(value_type = String)]
    pub paid_amount: DecimalText,
    /// Payments on their way.
    pub open_count: i64,
    /// Their sum.
    #[serde(with = "money::as_string")]
    #[schema(value_type = String)]
    pub open_amount: DecimalText,
    /// Payments that came back or were refused, and were not paid again.
    pub failed_count: i64,
    /// Their sum.
    #[serde(with = "money::as_string")]
    #[schema(value_type = String)]
    pub failed_amount: DecimalText,
    /// When the latest payment was seen on a statement, RFC 3339.
    pub last_paid_at: Option<String>,
}

/// The payments of one beneficiary, by id.
///
/// # Errors
/// 403.
pub async fn of_beneficiary(
    app: &App,
    ctx: &Ctx,
    beneficiary_id: &str,
    page: &PageQuery,
) -> ApiResult<Page<ListedPaymentView>> {
    ctx.require(READ)?;
    let after = page.after.as_deref().unwrap_or_default();
    let limit = i64::from(page.limit()) + 1;
    let tenant = ctx.tenant.as_str();
    let rows = lists::of_beneficiary(app.db.conn(), tenant, beneficiary_id, after, limit).await?;
    let views: StoreResult<Vec<_>> = rows.into_iter().map(view).collect();
    Ok(Page::from_rows(views?, page.limit(), |p| p.disbursement_id.clone()))
}

/// A beneficiary's totals by programme and currency.
///
/// # Errors
/// 403.
pub async fn totals(app: &App, ctx: &Ctx, beneficiary_id: &str) -> ApiResult<Vec<BeneficiaryTotalView>> {
    ctx.require(READ)?;
    let rows = lists::totals(app.db.conn(), ctx.tenant.as_str(), beneficiary_id).await?;
    let one = |row: lists::BeneficiaryTotal| -> StoreResult<BeneficiaryTotalView> {
        Ok(BeneficiaryTotalView {
            paid_amount: decimal(row.paid_minor, &row.currency)?,
            open_amount: decimal(row.open_minor, &row.currency)?,
            failed_amount: decimal(row.failed_minor, &row.currency)?,
            benefit_program_mnemonic: row.benefit_program_mnemonic,
            currency: row.currency,
            paid_count: row.paid_count,
            open_count: row.open_count,
            failed_count: row.failed_count,
            last_paid_at: row.last_paid_at.map(rfc3339),
        })
    };
    let views: StoreResult<Vec<_>> = rows.into_iter().map(one).collect();
    Ok(views?)
}
