//! The account a person is paid to: see it, prepare a change, confirm it.

use platform::clock::rfc3339;
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use crate::{
    State,
    app::{Fault, Person, READ, WRITE, may_change},
    domain::{FinancialAddress, Reference},
    peers::{
        PeerError,
        mapper::{self, Operation, Outcome},
    },
    store::{self, Change, NewChange},
};

/// Where the person is paid now.
pub(crate) enum Account {
    /// Nowhere yet.
    None,
    /// Here. `active`: money can arrive.
    Known { address: FinancialAddress, active: bool },
    /// At an address of a kind that these pages cannot show.
    Other,
}

/// The account of this person.
pub(crate) async fn account(state: &State, person: &Person) -> Result<Account, Fault> {
    person.ctx.require(READ)?;
    let linked = mapper::resolve(state, &person.subject).await?;
    Ok(linked.map_or(Account::None, |linked| {
        FinancialAddress::parse(&linked.fa)
            .map_or(Account::Other, |address| Account::Known { address, active: linked.active })
    }))
}

/// An account that waits to be confirmed.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Draft {
    pub(crate) reference: String,
    pub(crate) address: FinancialAddress,
}

/// Keeps an account, sealed, in the session until the person confirms it.
pub(crate) async fn keep_draft(
    state: &State,
    person: &Person,
    address: FinancialAddress,
) -> Result<(), Fault> {
    person.ctx.require(WRITE)?;
    let reference = Reference::from_bits(Uuid::new_v4().as_u128());
    let draft = Draft { reference: reference.to_string(), address };
    let broken = |e: &dyn std::fmt::Display| Fault::Broken(format!("draft: {e}"));
    let bytes = serde_json::to_vec(&draft).map_err(|e| broken(&e))?;
    let sealed = state.drafts.seal(person.session.as_bytes(), &bytes).map_err(|e| broken(&e))?;
    store::set_draft(state.db.conn(), person.tenant(), &person.session, Some(sealed)).await?;
    Ok(())
}

/// The account that waits, if there is one that can be read.
pub(crate) fn draft(state: &State, person: &Person) -> Option<Draft> {
    let sealed = person.draft.as_deref()?;
    // Sealed with another secret or for another session: as good as none.
    let bytes = state.drafts.open(person.session.as_bytes(), sealed).ok()?;
    serde_json::from_slice(&bytes).ok()
}

/// What came of confirming.
pub(crate) enum Confirmed {
    /// The account is changed; the reference of the receipt.
    Done(String),
    /// The mapper does not take this account.
    Refused,
    /// There was nothing to confirm.
    Nothing,
    /// The person is to prove first, once more, who she is.
    ProveAgain,
}

/// Makes the account that waits the account of this person. Each outcome is in the audit log, also that we do not know
/// it: then the account may have changed, and confirming again is safe.
pub(crate) async fn confirm(state: &State, person: &Person) -> Result<Confirmed, Fault> {
    person.ctx.require(WRITE)?;
    let Some(draft) = draft(state, person) else { return Ok(Confirmed::Nothing) };
    if !may_change(state, person) {
        return Ok(Confirmed::ProveAgain);
    }
    let noted = NewChange {
        reference: &draft.reference,
        subject: person.subject.as_str(),
        kind: draft.address.kind(),
        provider: draft.address.provider(),
        ending: &draft.address.ending(),
        at: state.clock.now(),
    };
    store::request_change(state.db.conn(), person.tenant(), &noted).await?;
    match change_at_mapper(state, person, &draft.address).await {
        Ok((operation, Outcome::Done)) => {
            finish(state, person, &draft, "done", Some(operation), None).await?;
            Ok(Confirmed::Done(draft.reference))
        }
        Ok((operation, outcome)) => {
            let code = match outcome {
                Outcome::Refused(code) => code,
                Outcome::Done | Outcome::WrongOperation => "neither link nor update fits".to_owned(),
            };
            finish(state, person, &draft, "refused", Some(operation), Some(&code)).await?;
            Ok(Confirmed::Refused)
        }
        Err(error) => {
            finish(state, person, &draft, "unknown", None, Some(&error.to_string())).await?;
            Err(error.into())
        }
    }
}

/// Update when the person has an account, link when not. When the mapper says it is the other way round (it changed in
/// between), the other operation is tried once.
async fn change_at_mapper(
    state: &State,
    person: &Person,
    address: &FinancialAddress,
) -> Result<(Operation, Outcome), PeerError> {
    let linked = mapper::resolve(state, &person.subject).await?;
    let first = if linked.is_some() { Operation::Update } else { Operation::Link };
    match mapper::change(state, first, &person.subject, address.construct()).await? {
        Outcome::WrongOperation => {
            let second = first.other();
            Ok((second, mapper::change(state, second, &person.subject, address.construct()).await?))
        }
        outcome => Ok((first, outcome)),
    }
}

async fn finish(
    state: &State,
    person: &Person,
    draft: &Draft,
    outcome: &str,
    operation: Option<Operation>,
    reason: Option<&str>,
) -> Result<(), Fault> {
    let (tenant, now) = (person.tenant(), state.clock.now());
    let operation = operation.map(Operation::as_str);
    let tx = state.db.begin().await?;
    let news = store::finish_change(&tx, tenant, &draft.reference, outcome, operation, reason, now).await?;
    if news {
        let detail = json!({
            "reference": draft.reference, "outcome": outcome, "operation": operation, "kind": draft.address.kind(),
            "reason": reason, "channel": "self-service", "at": rfc3339(now),
        });
        let (actor, subject) = (person.ctx.actor.label(), person.subject.as_str());
        store::audit(&tx, tenant, now, &actor, "account.change", subject, detail).await?;
    }
    if outcome == "done" {
        store::set_draft(&tx, tenant, &person.session, None).await?;
    }
    tx.commit().await.map_err(storage::StoreError::from)?;
    Ok(())
}

/// A change of this person that is done.
pub(crate) async fn receipt(state: &State, person: &Person, reference: &str) -> Result<Change, Fault> {
    person.ctx.require(READ)?;
    let reference = Reference::parse(reference).ok_or(Fault::NotFound)?;
    let found =
        store::change(state.db.conn(), person.tenant(), person.subject.as_str(), reference.as_str()).await?;
    found.filter(|change| change.state == "done").ok_or(Fault::NotFound)
}
