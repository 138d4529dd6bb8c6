//! Answers that two people give in a bank's place, for payments whose outcome nothing else tells.

use platform::{ApiError, ApiResult};
use sea_orm::DatabaseTransaction;

use super::{App, brakes};
use crate::{
    domain::{
        disbursement::{Event, State},
        proposal::Answer,
        reason,
    },
    events::disbursements_changed,
    store::{
        attempts::{self, Attempt},
        changes::{self, Cause, Change},
        disbursements, envelopes,
        proposals::By,
    },
};

/// Which answers a payment in this state still takes. A payment that the bank said it took on can only turn out to be
/// refused after all.
const fn applies(state: State, answer: Answer) -> bool {
    matches!((state, answer), (State::Unknown, _) | (State::Accepted, Answer::Rejected))
}

/// Checks that the answer could be given now.
///
/// # Errors
/// 404, 409.
pub(super) async fn check(
    tx: &DatabaseTransaction,
    tenant: &str,
    id: &str,
    answer: Answer,
) -> ApiResult<State> {
    let found = disbursements::contents(tx, tenant, vec![id.to_owned()]).await?;
    let state = found.first().and_then(|c| State::parse(&c.state));
    let state = state.ok_or_else(|| ApiError::not_found("this disbursement"))?;
    if applies(state, answer) {
        return Ok(state);
    }
    let text = format!("the payment is {}: this answer is for payments that are UNKNOWN", state.as_str());
    Err(ApiError::conflict("wrong_state", text))
}

/// Gives the answer.
pub(super) async fn give(
    app: &App,
    tx: &DatabaseTransaction,
    by: By<'_>,
    id: &str,
    answer: Answer,
) -> ApiResult<String> {
    let state = check(tx, by.tenant, id, answer).await?;
    let changed = || ApiError::conflict("wrong_state", "the payment changed just now; look again");
    if answer == Answer::SendAgain {
        let envelope_id = attempts::allow_resend(tx, by.tenant, id).await?.ok_or_else(changed)?;
        wake(app, tx, by.tenant, &envelope_id).await?;
        return Ok("SEND_AGAIN".to_owned());
    }
    let (event, why) = match answer {
        Answer::Accepted => (Event::Accept, None),
        _ => (Event::Refuse, Some(reason::with_detail(reason::BANK_REJECTED, reason::TOLD_BY_TWO_PEOPLE))),
    };
    let cause = Cause { tenant: by.tenant, actor: by.actor, action: event.as_str(), at: by.at };
    let wanted = Change::by(event, id, state, why.clone()).ok_or_else(changed)?;
    let applied = changes::apply(tx, cause, vec![wanted]).await?;
    let after = applied.first().map(|one| one.after.clone()).ok_or_else(changed)?;
    let note = |attempt| vec![(id.to_owned(), attempt, why.clone())];
    match (state, answer) {
        (State::Accepted, _) => attempts::withdraw(tx, by.tenant, by.at, note(Attempt::Rejected)).await?,
        (_, Answer::Accepted) => attempts::answer(tx, by.tenant, by.at, note(Attempt::Accepted)).await?,
        _ => attempts::answer(tx, by.tenant, by.at, note(Attempt::Rejected)).await?,
    }
    let envelope_id = applied.first().map(|one| one.envelope_id.clone()).unwrap_or_default();
    disbursements_changed(tx, by.tenant, by.at, applied).await?;
    wake(app, tx, by.tenant, &envelope_id).await?;
    Ok(after)
}

/// Its batch and its envelope may wait for nothing else.
async fn wake(app: &App, tx: &DatabaseTransaction, tenant: &str, envelope_id: &str) -> ApiResult<()> {
    if let Some(envelope) = envelopes::find(tx, tenant, envelope_id).await? {
        brakes::wake(app, tx, tenant, &envelope).await?;
    }
    Ok(())
}
