//! The mapper's own API, asked for the helpdesk: what is changed there is changed in the name of the staff member.

use platform::CallError;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    State,
    domain::Subject,
    peers::{PeerError, mapper::Held},
};

/// The mapper's name in tokens.
const MAPPER: &str = "spar-mapper";
/// Changes on a page.
const PAGE: u32 = 25;

/// Why the mapper did not do what staff asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Refused {
    /// The id is frozen.
    Frozen,
    /// Another change of the id waits already.
    ChangeWaits,
    /// It is so already.
    NothingToDo,
    /// It was decided, withdrawn or made meanwhile.
    TooLate,
    /// Who asked for it cannot approve it.
    OwnChange,
    /// The mapper does not take it.
    Invalid,
    /// The mapper's directory does not bear the account out.
    WrongPart {
        /// The part of the address, as its strategy names it; `fa` for all of it.
        part: String,
        /// What is wrong with it, in English.
        why: String,
    },
}

/// An id now.
#[derive(Debug, Deserialize)]
pub(crate) struct Now {
    pub(crate) linked: bool,
    pub(crate) mapping: Option<Held>,
    pub(crate) frozen: bool,
}

/// An entry of a history.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Entry {
    pub(crate) change: String,
    pub(crate) at: String,
    pub(crate) actor: String,
    pub(crate) approved_by: Option<String>,
    pub(crate) reason: Option<String>,
    pub(crate) before: Option<Held>,
    pub(crate) after: Option<Held>,
}

/// A change that waits.
#[derive(Deserialize)]
pub(crate) struct Change {
    pub(crate) change_id: Uuid,
    pub(crate) id: String,
    pub(crate) operation: String,
    pub(crate) fa: Option<String>,
    pub(crate) reason: String,
    pub(crate) requested_by: String,
    pub(crate) requested_at: String,
}

/// Changes that wait, and where the next ones begin.
#[derive(Deserialize)]
pub(crate) struct Waiting {
    pub(crate) items: Vec<Change>,
    pub(crate) next: Option<String>,
}

fn url(state: &State, path: &str) -> String {
    format!("{}/api/v1{path}", state.config.mapper_url.trim_end_matches('/'))
}

pub(crate) async fn lookup(state: &State, subject: &Subject) -> Result<Now, PeerError> {
    let body = json!({"id": subject.as_str()});
    Ok(state.http.service_post(&url(state, "/mappings/lookup"), MAPPER, &body).await?.json()?)
}

/// The newest entries of a history, the oldest first.
pub(crate) async fn history(state: &State, subject: &Subject) -> Result<Vec<Entry>, PeerError> {
    #[derive(Deserialize)]
    struct Page {
        items: Vec<Entry>,
        next: Option<String>,
    }
    const SHOWN: usize = 100;
    let (mut newest, mut after) = (Vec::new(), None::<String>);
    for _ in 0..20 {
        let body = json!({"id": subject.as_str(), "after": after, "limit": 1000});
        let page: Page =
            state.http.service_post(&url(state, "/mappings/history"), MAPPER, &body).await?.json()?;
        newest.extend(page.items);
        newest.drain(..newest.len().saturating_sub(SHOWN));
        after = page.next;
        if after.is_none() {
            return Ok(newest);
        }
    }
    Err(PeerError::Refused("a history without end".to_owned()))
}

pub(crate) async fn freeze(
    state: &State,
    staff: &str,
    subject: &Subject,
    reason: &str,
    freeze: bool,
) -> Result<Result<(), Refused>, PeerError> {
    let path = if freeze { "/mappings/freeze" } else { "/mappings/unfreeze" };
    let body = json!({"id": subject.as_str(), "reason": reason});
    Ok(post(state, staff, path, &body).await?.map(|_| ()))
}

pub(crate) async fn ask_for_change(
    state: &State,
    staff: &str,
    wanted: &Value,
) -> Result<Result<(), Refused>, PeerError> {
    Ok(post(state, staff, "/changes", wanted).await?.map(|_| ()))
}

pub(crate) async fn waiting(state: &State, after: Option<&str>) -> Result<Waiting, PeerError> {
    let mut path = format!("/changes?state=proposed&limit={PAGE}");
    // Only what can be a cursor goes into the address.
    if let Some(after) = after.and_then(|after| after.parse::<Uuid>().ok()) {
        path = format!("{path}&after={after}");
    }
    Ok(state.http.service_get(&url(state, &path), MAPPER).await?.json()?)
}

pub(crate) async fn decide(
    state: &State,
    staff: &str,
    change_id: Uuid,
    approve: bool,
) -> Result<Result<Change, Refused>, PeerError> {
    let what = if approve { "approve" } else { "cancel" };
    match post(state, staff, &format!("/changes/{change_id}/{what}"), &json!({})).await? {
        Ok(answer) => Ok(Ok(answer.json()?)),
        Err(refused) => Ok(Err(refused)),
    }
}

/// An answer, or why it was not done. What is about us and not about the case is an error.
async fn post<T: Serialize>(
    state: &State,
    staff: &str,
    path: &str,
    body: &T,
) -> Result<Result<platform::Answer, Refused>, PeerError> {
    let error = match state.http.service_post_for(&url(state, path), MAPPER, staff, body).await {
        Ok(answer) => return Ok(Ok(answer)),
        Err(error) => error,
    };
    let CallError::Rejected { status, body, .. } = &error else { return Err(error.into()) };
    let problem: Value = serde_json::from_slice(body).unwrap_or_default();
    let said = |name: &str| problem.get(name).and_then(Value::as_str).unwrap_or_default();
    let refused = match (*status, said("code")) {
        (409, "frozen") => Refused::Frozen,
        (409, "change_waits") => Refused::ChangeWaits,
        (409, "nothing_to_do") => Refused::NothingToDo,
        (404 | 409, _) => Refused::TooLate,
        (403, _) if said("detail").starts_with("somebody else") => Refused::OwnChange,
        (422, "invalid_change") => wrong_part(&problem).unwrap_or(Refused::Invalid),
        (422, _) => Refused::Invalid,
        _ => return Err(error.into()),
    };
    Ok(Err(refused))
}

fn wrong_part(problem: &Value) -> Option<Refused> {
    let first = problem.get("errors")?.get(0)?;
    let text = |name: &str| first.get(name).and_then(Value::as_str);
    let (field, why) = (text("field")?, text("message")?);
    let part = if field == "fa" { field } else { field.strip_prefix("fa.")? };
    Some(Refused::WrongPart { part: part.to_owned(), why: why.to_owned() })
}
