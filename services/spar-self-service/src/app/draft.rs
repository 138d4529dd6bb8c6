//! What a person entered and did not confirm yet: sealed, in the row of her session.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    State,
    app::{
        Fault, Person, WRITE,
        choices::{self, Kind},
    },
    config::Place,
    domain::{FinancialAddress, Reference},
    store,
};

/// Everything that waits.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Draft {
    /// Bank and branch, on the way to the account number.
    pub(crate) bank: Option<ChosenBank>,
    /// The new account, to be confirmed.
    pub(crate) change: Option<Entered>,
    /// The account that is to be used no longer, to be confirmed.
    pub(crate) stop: Option<Seen>,
}

/// A bank and, once it is chosen, the branch.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct ChosenBank {
    pub(crate) bank: Place,
    pub(crate) branch: Option<Place>,
}

/// A whole account.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Entered {
    pub(crate) reference: String,
    pub(crate) address: FinancialAddress,
}

/// An account as the mapper holds it.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Seen {
    pub(crate) reference: String,
    pub(crate) fa: String,
}

impl std::fmt::Debug for Seen {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Seen({}, ***)", self.reference)
    }
}

/// What waits; nothing when it was sealed with another secret or for another session.
pub(crate) fn draft(state: &State, person: &Person) -> Draft {
    let bytes =
        person.draft.as_deref().and_then(|sealed| state.drafts.open(person.session.as_bytes(), sealed).ok());
    bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default()
}

pub(super) async fn keep(state: &State, person: &Person, draft: &Draft) -> Result<(), Fault> {
    person.ctx.require(WRITE)?;
    let broken = |e: &dyn std::fmt::Display| Fault::Broken(format!("draft: {e}"));
    let bytes = serde_json::to_vec(draft).map_err(|e| broken(&e))?;
    let sealed = state.drafts.seal(person.session.as_bytes(), &bytes).map_err(|e| broken(&e))?;
    store::set_draft(state.db.conn(), person.tenant(), &person.session, Some(sealed)).await?;
    Ok(())
}

pub(super) fn new_reference() -> String {
    Reference::from_bits(Uuid::new_v4().as_u128()).to_string()
}

/// Notes the bank of this code. `None`: there is no such bank; else whether it has branches to choose from.
pub(crate) async fn choose_bank(state: &State, person: &Person, code: &str) -> Result<Option<bool>, Fault> {
    let Some(bank) = choices::provider(state, Kind::Bank, code).await? else { return Ok(None) };
    let has_branches = choices::has_branches(state, &bank.code).await?;
    let mut draft = draft(state, person);
    // Who comes back and chooses the same bank finds her branch again.
    if draft.bank.as_ref().is_none_or(|chosen| chosen.bank.code != bank.code) {
        draft.bank = Some(ChosenBank { bank, branch: None });
    }
    keep(state, person, &draft).await?;
    Ok(Some(has_branches))
}

/// Notes the branch of this code. `false`: the chosen bank has no such branch.
pub(crate) async fn choose_branch(state: &State, person: &Person, code: &str) -> Result<bool, Fault> {
    let mut draft = draft(state, person);
    let Some(chosen) = draft.bank.as_mut() else { return Ok(false) };
    let Some(branch) = choices::branch(state, &chosen.bank.code, code).await? else { return Ok(false) };
    chosen.branch = Some(branch);
    keep(state, person, &draft).await?;
    Ok(true)
}

/// Keeps an account until the person confirms it.
pub(crate) async fn keep_change(
    state: &State,
    person: &Person,
    address: FinancialAddress,
) -> Result<(), Fault> {
    let change = Some(Entered { reference: new_reference(), address });
    keep(state, person, &Draft { change, ..draft(state, person) }).await
}
