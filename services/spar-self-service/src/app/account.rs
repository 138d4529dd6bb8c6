//! The account a person is paid to: see it, confirm a new one, be paid there no longer.

use platform::clock::rfc3339;
use serde_json::json;

use crate::{
    State,
    app::{
        Fault, Person, READ, WRITE,
        draft::{Draft, Seen, draft, keep, new_reference},
        may_change,
    },
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

impl Account {
    fn of(linked: Option<&mapper::Linked>) -> Self {
        linked.map_or(Self::None, |linked| {
            FinancialAddress::parse(&linked.fa)
                .map_or(Self::Other, |address| Self::Known { address, active: linked.active })
        })
    }
}

/// The account of this person.
pub(crate) async fn account(state: &State, person: &Person) -> Result<Account, Fault> {
    person.ctx.require(READ)?;
    Ok(Account::of(mapper::resolve(state, &person.subject).await?.as_ref()))
}

/// Whether and where the person is paid, as the mapper says it.
pub(crate) async fn linked(state: &State, person: &Person) -> Result<Option<mapper::Linked>, Fault> {
    person.ctx.require(READ)?;
    Ok(mapper::resolve(state, &person.subject).await?)
}

/// What came of confirming.
pub(crate) enum Confirmed {
    /// It is done; the reference of the receipt.
    Done(String),
    /// The mapper does not take this account.
    Refused,
    /// Staff stopped all changes of this person's account.
    Frozen,
    /// There was nothing to confirm, or it was something else by then.
    Nothing,
    /// The person is to prove first, once more, who she is.
    ProveAgain,
}

/// Makes the account that waits under this reference the account of this person. Each outcome is in the audit log, also
/// that we do not know it: then the account may have changed, and confirming again is safe.
pub(crate) async fn confirm(state: &State, person: &Person, reference: &str) -> Result<Confirmed, Fault> {
    person.ctx.require(WRITE)?;
    let waiting = draft(state, person);
    // Another page of the same browser may have entered another account since this one was shown.
    let Some(entered) = waiting.change.filter(|entered| entered.reference == reference) else {
        return Ok(Confirmed::Nothing);
    };
    if !may_change(state, person) {
        return Ok(Confirmed::ProveAgain);
    }
    let noted = Noted::of(&entered.reference, "account.change", Some(&entered.address));
    noted.begin(state, person, None).await?;
    let outcome = change_at_mapper(state, person, &entered.address).await;
    noted.end(state, person, outcome).await
}

/// Shows what is to be stopped, and keeps it: only what was seen is stopped.
pub(crate) async fn prepare_stop(state: &State, person: &Person) -> Result<(Account, String), Fault> {
    person.ctx.require(WRITE)?;
    let linked = mapper::resolve(state, &person.subject).await?;
    let account = Account::of(linked.as_ref());
    let Some(linked) = linked else { return Ok((account, String::new())) };
    let waiting = draft(state, person);
    let kept = waiting.stop.as_ref().filter(|seen| seen.fa == linked.fa).map(|seen| seen.reference.clone());
    if let Some(reference) = kept {
        return Ok((account, reference));
    }
    let reference = new_reference();
    let stop = Some(Seen { reference: reference.clone(), fa: linked.fa });
    keep(state, person, &Draft { stop, ..waiting }).await?;
    Ok((account, reference))
}

/// Takes away the account that was seen under this reference: the person is paid nowhere then.
pub(crate) async fn stop(state: &State, person: &Person, reference: &str) -> Result<Confirmed, Fault> {
    person.ctx.require(WRITE)?;
    let Some(seen) = draft(state, person).stop.filter(|seen| seen.reference == reference) else {
        return Ok(Confirmed::Nothing);
    };
    if !may_change(state, person) {
        return Ok(Confirmed::ProveAgain);
    }
    let address = FinancialAddress::parse(&seen.fa);
    let noted = Noted::of(&seen.reference, "account.stop", address.as_ref());
    noted.begin(state, person, Some(Operation::Unlink)).await?;
    let outcome = mapper::change(state, Operation::Unlink, &person.subject, seen.fa.clone()).await;
    noted.end(state, person, outcome.map(|outcome| (Operation::Unlink, outcome))).await
}

/// Update when the person has an account, link when not. When the mapper says it is the other way round (it changed in
/// between), the other operation is tried once.
async fn change_at_mapper(
    state: &State,
    person: &Person,
    address: &FinancialAddress,
) -> Result<(Operation, Outcome), PeerError> {
    let linked = mapper::resolve(state, &person.subject).await?;
    let (first, second) = match linked {
        Some(_) => (Operation::Update, Operation::Link),
        None => (Operation::Link, Operation::Update),
    };
    match mapper::change(state, first, &person.subject, address.construct()).await? {
        Outcome::WrongOperation => {
            Ok((second, mapper::change(state, second, &person.subject, address.construct()).await?))
        }
        outcome => Ok((first, outcome)),
    }
}

/// A change as it is noted, before and after the mapper is called. It holds no number.
pub(super) struct Noted<'a> {
    reference: &'a str,
    action: &'static str,
    kind: &'static str,
    provider: &'a str,
    ending: String,
}

impl<'a> Noted<'a> {
    pub(super) fn of(
        reference: &'a str,
        action: &'static str,
        address: Option<&'a FinancialAddress>,
    ) -> Self {
        Self {
            reference,
            action,
            kind: address.map_or("other", FinancialAddress::kind),
            provider: address.map_or("", FinancialAddress::provider),
            ending: address.map(FinancialAddress::ending).unwrap_or_default(),
        }
    }

    pub(super) async fn begin(
        &self,
        state: &State,
        person: &Person,
        operation: Option<Operation>,
    ) -> Result<(), Fault> {
        let change = NewChange {
            reference: self.reference,
            subject: person.subject.as_str(),
            kind: self.kind,
            provider: self.provider,
            ending: &self.ending,
            operation: operation.map(Operation::as_str),
            at: state.clock.now(),
        };
        store::request_change(state.db.conn(), person.tenant(), &change).await?;
        Ok(())
    }

    pub(super) async fn end(
        &self,
        state: &State,
        person: &Person,
        outcome: Result<(Operation, Outcome), PeerError>,
    ) -> Result<Confirmed, Fault> {
        let (operation, outcome) = match outcome {
            Ok(known) => known,
            Err(error) => {
                self.finish(state, person, "unknown", None, Some(&error.to_string())).await?;
                return Err(error.into());
            }
        };
        let (confirmed, word, reason) = match outcome {
            Outcome::Done => (Confirmed::Done(self.reference.to_owned()), "done", None),
            Outcome::Frozen => (Confirmed::Frozen, "refused", Some("frozen".to_owned())),
            Outcome::Refused(code) => (Confirmed::Refused, "refused", Some(code)),
            // It is not there any more, or it is another one.
            Outcome::WrongOperation if operation == Operation::Unlink => {
                (Confirmed::Nothing, "refused", Some("it was not the account any more".to_owned()))
            }
            Outcome::WrongOperation => {
                (Confirmed::Refused, "refused", Some("neither link nor update fits".to_owned()))
            }
        };
        self.finish(state, person, word, Some(operation), reason.as_deref()).await?;
        Ok(confirmed)
    }

    async fn finish(
        &self,
        state: &State,
        person: &Person,
        outcome: &str,
        operation: Option<Operation>,
        reason: Option<&str>,
    ) -> Result<(), Fault> {
        let (tenant, now) = (person.tenant(), state.clock.now());
        let operation = operation.map(Operation::as_str);
        let tx = state.db.begin().await?;
        let news = store::finish_change(&tx, tenant, self.reference, outcome, operation, reason, now).await?;
        if news {
            let detail = json!({
                "reference": self.reference, "outcome": outcome, "operation": operation, "kind": self.kind,
                "reason": reason, "channel": "self-service", "at": rfc3339(now),
            });
            let (actor, subject) = (person.ctx.actor.label(), person.subject.as_str());
            store::audit(&tx, tenant, now, &actor, self.action, subject, detail).await?;
        }
        if outcome == "done" {
            store::set_draft(&tx, tenant, &person.session, None).await?;
        }
        tx.commit().await.map_err(storage::StoreError::from)?;
        Ok(())
    }
}

/// A change of this person that is done.
pub(crate) async fn receipt(state: &State, person: &Person, reference: &str) -> Result<Change, Fault> {
    person.ctx.require(READ)?;
    let reference = Reference::parse(reference).ok_or(Fault::NotFound)?;
    let found =
        store::change(state.db.conn(), person.tenant(), person.subject.as_str(), reference.as_str()).await?;
    found.filter(|change| change.state == "done").ok_or(Fault::NotFound)
}
