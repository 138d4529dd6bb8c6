//! Making and amending envelopes.

use g2p_connect::{disburse::DisbursementFrequency, reason::BridgeReason};
use money::{Amount, Currency, DecimalText};
use platform::Ctx;
use sea_orm::DatabaseTransaction;
use serde_json::Value;
use storage::StoreError;
use time::{Date, format_description::well_known::Iso8601};

use super::{App, Failure, PAY, driver, require_any, require_own};
use crate::{
    domain::{
        envelope::{Event, State},
        ids, schedule,
    },
    events::envelope_changed,
    store::{
        envelopes::{self, Amendment, Envelope, NewEnvelope},
        programs::{self, Program},
        progress::{self, Step},
    },
};

/// Largest total: 12 digits before the point, what an amount of an MT940 line holds.
const MAX_MAJOR: i64 = 999_999_999_999;

/// What the natural key of an envelope is made of.
#[derive(Debug, Clone)]
pub enum NaturalKey {
    /// Newer dialect: programme, benefit code and cycle.
    Benefit {
        /// The sender's id for it, used when it is new.
        id: Option<String>,
        /// The benefit.
        code: Option<String>,
    },
    /// 1.0: the message and all it says, because that dialect has no ids of the sender.
    Message {
        /// Who sends.
        sender: String,
        /// The id of the message.
        message_id: String,
    },
}

/// An envelope as either dialect asks for it.
#[derive(Debug, Clone)]
pub struct EnvelopeInput {
    /// What makes it the same envelope when it is asked for again.
    pub key: NaturalKey,
    /// The programme.
    pub program: Option<String>,
    /// How often.
    pub frequency: Option<String>,
    /// The cycle.
    pub cycle: Option<String>,
    /// Declared beneficiaries.
    pub beneficiaries: Option<i64>,
    /// Declared payments.
    pub count: Option<i64>,
    /// Declared sum.
    pub total: Option<DecimalText>,
    /// ISO 4217; the programme's when absent.
    pub currency: Option<String>,
    /// `YYYY-MM-DD`.
    pub schedule_date: Option<String>,
    /// Kept for answers.
    pub labels: Value,
}

fn filled(text: Option<&String>) -> Option<&str> {
    text.map(|t| t.trim()).filter(|t| !t.is_empty() && t.len() <= 255)
}

/// The checked parts of a declaration.
struct Declared {
    beneficiaries: i64,
    count: i64,
    amount: Amount,
    date: Date,
}

fn at_least_one(number: Option<i64>, code: BridgeReason) -> Result<i64, Failure> {
    number.filter(|n| *n >= 1).ok_or_else(|| Failure::refused(code))
}

fn total(text: Option<&DecimalText>, currency: Currency) -> Result<Amount, Failure> {
    let refused = || Failure::refused(BridgeReason::InvalidTotalDisbursementAmount);
    let amount = text.ok_or_else(refused)?.to_amount(currency).map_err(|_| refused())?;
    let most = MAX_MAJOR.saturating_mul(currency.minor_per_major());
    if amount.is_negative() || amount.minor() > most { Err(refused()) } else { Ok(amount) }
}

fn date(text: Option<&String>) -> Option<Date> {
    Date::parse(text?.trim(), &Iso8601::DATE).ok()
}

/// Creates an envelope, or finds the one that the same request made before.
///
/// # Errors
/// Refused with the codes of `create_disbursement_envelope`, in the order of the reference: programme, frequency, cycle,
/// beneficiaries, disbursements, total, date, configuration.
pub async fn create(
    app: &App,
    tx: &DatabaseTransaction,
    ctx: &Ctx,
    input: &EnvelopeInput,
) -> Result<Envelope, Failure> {
    require_any(ctx, PAY)?;
    let tenant = ctx.tenant.as_str();
    let refused = Failure::refused;
    let program =
        filled(input.program.as_ref()).ok_or_else(|| refused(BridgeReason::InvalidProgramMnemonic))?;
    let frequency = filled(input.frequency.as_ref())
        .and_then(DisbursementFrequency::from_text)
        .ok_or_else(|| refused(BridgeReason::InvalidDisbursementFrequency))?;
    let cycle =
        filled(input.cycle.as_ref()).ok_or_else(|| refused(BridgeReason::InvalidCycleCodeMnemonic))?;
    let beneficiaries = at_least_one(input.beneficiaries, BridgeReason::InvalidNoOfBeneficiaries)?;
    let count = at_least_one(input.count, BridgeReason::InvalidNoOfDisbursements)?;
    let config = programs::current(tx, tenant, program, false).await?;
    let currency = match &config {
        Some(config) => currency_of(config)?,
        // The amount is judged before the configuration is missed, as in the reference.
        None => Currency::from_code("USD").map_err(|e| StoreError::Other(e.to_string()))?,
    };
    let amount = total(input.total.as_ref(), currency)?;
    let date = date(input.schedule_date.as_ref())
        .ok_or_else(|| refused(BridgeReason::InvalidDisbursementScheduleDate))?;
    let config = config.ok_or_else(|| refused(BridgeReason::InvalidProgramMnemonic))?;
    if filled(input.currency.as_ref()).is_some_and(|c| c != currency.code()) {
        return Err(refused(BridgeReason::InvalidDisbursementCurrencyCode));
    }
    let declared = Declared { beneficiaries, count, amount, date };
    let new = to_new(input, &config, frequency, cycle, &declared);
    if let Some(present) = envelopes::find_by_key(tx, tenant, &new.natural_key).await? {
        return same_or_refused(present, &new);
    }
    if date < schedule::today(app.now(), zone(&config.time_zone)?) {
        return Err(refused(BridgeReason::InvalidDisbursementScheduleDate));
    }
    if !envelopes::insert(tx, tenant, &new, &ctx.actor.label(), app.now()).await? {
        return match envelopes::find_by_key(tx, tenant, &new.natural_key).await? {
            // A twin of this request was first.
            Some(present) => same_or_refused(present, &new),
            None => Err(refused(BridgeReason::InvalidDisbursementEnvelopeId)),
        };
    }
    envelope_changed(tx, tenant, &new.envelope_id, State::Receiving, None, app.now()).await?;
    let made = envelopes::find(tx, tenant, &new.envelope_id).await?;
    made.ok_or_else(|| StoreError::NotFound("the envelope just made").into())
}

fn currency_of(config: &Program) -> Result<Currency, Failure> {
    Currency::from_code(&config.sponsor_bank_account_currency)
        .map_err(|e| StoreError::Other(format!("currency of a programme: {e}")).into())
}

pub(super) fn zone(name: &str) -> Result<&'static time_tz::Tz, StoreError> {
    schedule::zone(name).ok_or_else(|| StoreError::Other(format!("the time zone '{name}' is not known here")))
}

fn to_new(
    input: &EnvelopeInput,
    config: &Program,
    frequency: DisbursementFrequency,
    cycle: &str,
    declared: &Declared,
) -> NewEnvelope {
    let program = config.benefit_program_mnemonic.as_str();
    let (envelope_id, natural_key, benefit_code) = match &input.key {
        NaturalKey::Benefit { id, code } => {
            let code = filled(code.as_ref()).unwrap_or_default();
            let key = serde_json::json!([program, code, cycle]).to_string();
            let given = filled(id.as_ref()).filter(|id| ids::is_foreign_id(id)).map(str::to_owned);
            let fresh = || ids::derived("envelope", &[&uuid::Uuid::now_v7().to_string()]);
            (given.unwrap_or_else(fresh), key, (!code.is_empty()).then(|| code.to_owned()))
        }
        NaturalKey::Message { sender, message_id } => {
            let content = format!(
                "{}/{}/{}/{}",
                declared.beneficiaries,
                declared.count,
                declared.amount.with_code(),
                declared.date
            );
            let id =
                ids::derived("envelope", &[sender, message_id, program, frequency.as_str(), cycle, &content]);
            (id.clone(), format!("1.0 {id}"), None)
        }
    };
    NewEnvelope {
        envelope_id,
        natural_key,
        program: program.to_owned(),
        program_version: config.version,
        labels: input.labels.clone(),
        benefit_code,
        cycle: cycle.to_owned(),
        frequency: frequency.as_str().to_owned(),
        currency: declared.amount.currency().code().to_owned(),
        schedule_date: declared.date,
        beneficiaries: declared.beneficiaries,
        count: declared.count,
        minor: declared.amount.minor(),
    }
}

/// The same request again gets the same envelope; another declaration under its key is refused: amend it.
fn same_or_refused(present: Envelope, new: &NewEnvelope) -> Result<Envelope, Failure> {
    let same = present.declared_count == new.count
        && present.declared_minor == new.minor
        && present.currency == new.currency
        && present.schedule_date == new.schedule_date;
    if same { Ok(present) } else { Err(Failure::refused(BridgeReason::MultipleEnvelopesFound)) }
}

/// A new declaration for an envelope.
#[derive(Debug, Clone)]
pub struct AmendInput {
    /// The envelope.
    pub envelope_id: Option<String>,
    /// Declared beneficiaries.
    pub beneficiaries: Option<i64>,
    /// Declared payments.
    pub count: Option<i64>,
    /// Declared sum.
    pub total: Option<DecimalText>,
    /// `YYYY-MM-DD`.
    pub schedule_date: Option<String>,
}

/// Changes the declaration of an envelope whose day has not come, never below what it received.
///
/// # Errors
/// Refused with the codes of `amend_disbursement_envelope`.
pub async fn amend(
    app: &App,
    tx: &DatabaseTransaction,
    ctx: &Ctx,
    input: &AmendInput,
) -> Result<Envelope, Failure> {
    require_any(ctx, PAY)?;
    let tenant = ctx.tenant.as_str();
    let id = filled(input.envelope_id.as_ref())
        .ok_or_else(|| Failure::refused(BridgeReason::InvalidDisbursementEnvelopeId))?;
    let envelope = envelopes::lock(tx, tenant, id)
        .await?
        .ok_or_else(|| Failure::refused(BridgeReason::DisbursementEnvelopeNotFound))?;
    require_own(ctx, &envelope)?;
    let today = schedule::today(app.now(), zone(&envelope.time_zone)?);
    match envelope.state()? {
        State::Cancelled | State::Expired => {
            return Err(Failure::refused(BridgeReason::DisbursementEnvelopeAlreadyCanceled));
        }
        State::Receiving | State::Scheduled if envelope.schedule_date > today => {}
        _ => return Err(Failure::refused(BridgeReason::DisbursementEnvelopeDatePassed)),
    }
    let currency = Currency::from_code(&envelope.currency).map_err(|e| StoreError::Other(e.to_string()))?;
    let to = Amendment {
        beneficiaries: at_least_one(input.beneficiaries, BridgeReason::InvalidNoOfBeneficiaries)?,
        count: at_least_one(input.count, BridgeReason::InvalidNoOfDisbursements)?,
        minor: total(input.total.as_ref(), currency)?.minor(),
        schedule_date: date(input.schedule_date.as_ref())
            .filter(|date| *date >= today)
            .ok_or_else(|| Failure::refused(BridgeReason::InvalidDisbursementScheduleDate))?,
    };
    if to.count < envelope.received_count {
        return Err(Failure::refused(BridgeReason::InvalidNoOfDisbursements));
    }
    if !envelopes::amend(tx, tenant, id, &to).await? {
        return Err(Failure::refused(BridgeReason::InvalidTotalDisbursementAmount));
    }
    after_change(app, tx, ctx, id).await
}

/// Completes or reopens an envelope whose counts or declaration changed, and sees that it is driven when it is complete.
/// The caller holds its row.
pub(super) async fn after_change(
    app: &App,
    tx: &DatabaseTransaction,
    ctx: &Ctx,
    id: &str,
) -> Result<Envelope, Failure> {
    let tenant = ctx.tenant.as_str();
    let missing = || StoreError::NotFound("the envelope");
    let envelope = envelopes::find(tx, tenant, id).await?.ok_or_else(missing)?;
    let complete = envelope.received_count == envelope.declared_count
        && envelope.received_minor == envelope.declared_minor;
    let event = match (envelope.state()?, complete) {
        (State::Receiving, true) => Some(Event::Complete),
        (State::Scheduled, false) => Some(Event::Reopen),
        _ => None,
    };
    if let Some(event) = event {
        let actor = ctx.actor.label();
        let step = Step { event, actor: &actor, at: app.now(), reason: None };
        if let Some(state) = progress::step(tx, tenant, id, step).await? {
            envelope_changed(tx, tenant, id, state, None, app.now()).await?;
        }
    }
    let envelope = envelopes::find(tx, tenant, id).await?.ok_or_else(missing)?;
    if envelope.state()? == State::Scheduled {
        driver::enqueue(app, tx, tenant, &envelope).await?;
    }
    Ok(envelope)
}
