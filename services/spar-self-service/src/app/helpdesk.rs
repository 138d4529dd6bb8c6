//! What staff of the helpdesk can do for a person: find her by her exact id, see what was changed, freeze her account,
//! and ask for a change that somebody else approves. Every look at a whole account is in the audit log.

use platform::clock::rfc3339;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    State,
    app::{
        Fault,
        staff::{APPROVE, CHANGE, FREEZE, LOOKUP, REVEAL, Staff},
    },
    domain::{FinancialAddress, Subject, id_ending},
    peers::desk::{self, Refused},
    store,
};

/// Longest id, and longest reason.
const MAX_ID: usize = 200;
pub(crate) const MAX_REASON: usize = 300;

/// A person who was found.
pub(crate) struct FoundPerson {
    /// Says in forms whom they are about, and tells nothing of her.
    pub(crate) reference: String,
    /// The end of her id.
    pub(crate) id_end: String,
    pub(crate) linked: bool,
    /// When it is of a kind that can be shown.
    pub(crate) address: Option<FinancialAddress>,
    pub(crate) frozen: bool,
    /// The newest changes, the newest first.
    pub(crate) entries: Vec<desk::Entry>,
}

/// Notes whose account is looked at. `false`: the text cannot be an id.
pub(crate) async fn find(state: &State, staff: &Staff, text: &str) -> Result<bool, Fault> {
    staff.ctx.require(LOOKUP)?;
    let id = text.trim();
    if !(1..=MAX_ID).contains(&id.len()) || !id.bytes().all(|b| b.is_ascii_graphic()) {
        return Ok(false);
    }
    let sealed = state.drafts.seal(&sealed_for(staff), id.as_bytes());
    let sealed = sealed.map_err(|e| Fault::Broken(format!("helpdesk: {e}")))?;
    let tx = state.db.begin().await?;
    store::set_found(&tx, staff.tenant(), &staff.session, sealed).await?;
    let (now, actor) = (state.clock.now(), staff.ctx.actor.label());
    store::audit(&tx, staff.tenant(), now, &actor, "helpdesk.find", id, json!({})).await?;
    tx.commit().await.map_err(storage::StoreError::from)?;
    Ok(true)
}

fn sealed_for(staff: &Staff) -> Vec<u8> {
    format!("helpdesk:{}", staff.session).into_bytes()
}

/// The id of the person whose account is looked at.
fn subject(state: &State, staff: &Staff) -> Option<Subject> {
    let sealed = staff.found.as_deref()?;
    let id = state.drafts.open(&sealed_for(staff), sealed).ok()?;
    Some(Subject::stored(std::str::from_utf8(&id).ok()?.to_owned()))
}

/// What a form says about whom it is.
fn bound(staff: &Staff, subject: &Subject) -> String {
    format!("helpdesk:{}:{}", staff.session, subject.as_str())
}

/// The person of a form: the one whom the page showed that it was on. A browser has several pages open, and the session
/// holds whom it looked at last; what is done must not be done to her because another page is sent.
fn subject_of(state: &State, staff: &Staff, reference: &str) -> Result<Subject, Fault> {
    let subject = subject(state, staff).ok_or(Fault::NotFound)?;
    if state.site.csrf.verify(&bound(staff, &subject), reference) {
        return Ok(subject);
    }
    Err(Fault::OtherPerson)
}

/// Whether a form is about the person who is looked at.
pub(crate) fn is_about(state: &State, staff: &Staff, reference: &str) -> Result<(), Fault> {
    staff.ctx.require(CHANGE)?;
    subject_of(state, staff, reference).map(drop)
}

/// The person who was found last in this session.
pub(crate) async fn found(state: &State, staff: &Staff) -> Result<Option<FoundPerson>, Fault> {
    staff.ctx.require(LOOKUP)?;
    let Some(subject) = subject(state, staff) else { return Ok(None) };
    let now = desk::lookup(state, &subject).await?;
    let mut entries = desk::history(state, &subject).await?;
    entries.reverse();
    Ok(Some(FoundPerson {
        reference: state.site.csrf.token(&bound(staff, &subject))?,
        id_end: id_ending(subject.as_str()),
        linked: now.linked,
        address: now.mapping.and_then(|held| held.fa).as_deref().and_then(FinancialAddress::parse),
        frozen: now.frozen,
        entries,
    }))
}

/// The whole account of the person, for a reason that is kept.
pub(crate) async fn reveal(
    state: &State,
    staff: &Staff,
    reference: &str,
    reason: &str,
) -> Result<Option<FinancialAddress>, Fault> {
    staff.ctx.require(REVEAL)?;
    let subject = subject_of(state, staff, reference)?;
    // Noted before anything is shown.
    audit(state, staff, "helpdesk.reveal", &subject, json!({"reason": reason})).await?;
    let now = desk::lookup(state, &subject).await?;
    Ok(now.mapping.and_then(|held| held.fa).as_deref().and_then(FinancialAddress::parse))
}

/// Freezes the account of the person, or ends that.
pub(crate) async fn freeze(
    state: &State,
    staff: &Staff,
    reference: &str,
    reason: &str,
    freeze: bool,
) -> Result<Result<(), Refused>, Fault> {
    staff.ctx.require(FREEZE)?;
    let subject = subject_of(state, staff, reference)?;
    let action = if freeze { "helpdesk.freeze" } else { "helpdesk.unfreeze" };
    let outcome = desk::freeze(state, &staff.name, &subject, reason, freeze).await?;
    let detail = json!({"reason": reason, "done": outcome.is_ok()});
    audit(state, staff, action, &subject, detail).await?;
    Ok(outcome)
}

/// Asks for another account of the person, or (`None`) for none at all. It waits for somebody else's approval.
pub(crate) async fn ask_for_change(
    state: &State,
    staff: &Staff,
    reference: &str,
    address: Option<&FinancialAddress>,
    reason: &str,
) -> Result<Result<(), Refused>, Fault> {
    staff.ctx.require(CHANGE)?;
    let subject = subject_of(state, staff, reference)?;
    let linked = desk::lookup(state, &subject).await?.linked;
    let operation = match (address, linked) {
        (None, _) => "unlink",
        (Some(_), true) => "update",
        (Some(_), false) => "link",
    };
    let wanted = json!({
        "id": subject.as_str(), "operation": operation, "fa": address.map(FinancialAddress::construct),
        "reason": reason, "needs_approval": true,
    });
    let outcome = desk::ask_for_change(state, &staff.name, &wanted).await?;
    let detail = json!({"operation": operation, "reason": reason, "done": outcome.is_ok()});
    audit(state, staff, "helpdesk.change", &subject, detail).await?;
    Ok(outcome)
}

/// Changes that wait for approval, in the order they were asked for, and where the next ones begin.
pub(crate) async fn waiting(
    state: &State,
    staff: &Staff,
    after: Option<&str>,
) -> Result<desk::Waiting, Fault> {
    if !staff.ctx.may(APPROVE) {
        staff.ctx.require(CHANGE)?;
    }
    Ok(desk::waiting(state, after).await?)
}

/// Approves what somebody else asked for, or refuses it.
pub(crate) async fn decide(
    state: &State,
    staff: &Staff,
    change_id: Uuid,
    approve: bool,
) -> Result<Result<(), Refused>, Fault> {
    staff.ctx.require(APPROVE)?;
    let action = if approve { "helpdesk.approve" } else { "helpdesk.refuse" };
    let decided = desk::decide(state, &staff.name, change_id, approve).await?;
    let (subject, done) = match &decided {
        Ok(change) => (Subject::stored(change.id.clone()), true),
        Err(_) => (Subject::stored(String::new()), false),
    };
    audit(state, staff, action, &subject, json!({"change_id": change_id, "done": done})).await?;
    Ok(decided.map(|_| ()))
}

async fn audit(
    state: &State,
    staff: &Staff,
    action: &str,
    subject: &Subject,
    mut detail: Value,
) -> Result<(), Fault> {
    let (now, actor) = (state.clock.now(), staff.ctx.actor.label());
    if let Some(fields) = detail.as_object_mut() {
        fields.insert("at".to_owned(), json!(rfc3339(now)));
    }
    store::audit(state.db.conn(), staff.tenant(), now, &actor, action, subject.as_str(), detail).await?;
    Ok(())
}
