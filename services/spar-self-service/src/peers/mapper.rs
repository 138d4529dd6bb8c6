//! The mapper, asked as a signed partner in G2P-Connect messages of one item.

use g2p_connect::{
    MsgHeader, MsgStatus, Request, Response,
    mapper::{
        LinkRequest, LinkRequestItem, LinkResponse, ResolveRequest, ResolveRequestItem, ResolveResponse,
        UnlinkRequest, UnlinkRequestItem, UnlinkResponse, UpdateRequest, UpdateRequestItem, UpdateResponse,
    },
};
use platform::clock::rfc3339;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{State, domain::Subject, peers::PeerError};

/// An address as the mapper holds it.
pub(crate) struct Linked {
    pub(crate) fa: String,
    pub(crate) active: bool,
    pub(crate) additional_info: Option<Vec<Value>>,
}

/// What a program can give beside an address.
#[derive(Default)]
pub(crate) struct More {
    pub(crate) name: Option<String>,
    pub(crate) phone_number: Option<String>,
    pub(crate) additional_info: Option<Vec<Value>>,
}

/// What became of a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outcome {
    Done,
    /// Update of an id without an address, or link of one that has an address: the other operation is the right one.
    /// Or unlink of an address that is not there.
    WrongOperation,
    /// Nobody may change this id at the moment.
    Frozen,
    /// With the mapper's code.
    Refused(String),
}

/// What can be done with the address of an id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operation {
    Link,
    Update,
    Unlink,
}

impl Operation {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Link => "link",
            Self::Update => "update",
            Self::Unlink => "unlink",
        }
    }
}

/// The address of a person; `None` when there is none.
pub(crate) async fn resolve(state: &State, subject: &Subject) -> Result<Option<Linked>, PeerError> {
    let item = ResolveRequestItem::details(new_id(), now(state), subject.as_str());
    let message = ResolveRequest { transaction_id: new_id(), resolve_request: vec![item] };
    let answer: ResolveResponse = send(state, "resolve", message).await?;
    let Some(item) = answer.resolve_response.into_iter().next() else { return Err(empty()) };
    let code = item.status_reason_code.unwrap_or_default();
    if item.status == MsgStatus::Rjct {
        return Err(PeerError::Refused(code));
    }
    let (active, additional_info) = (!code.ends_with("inactive"), item.additional_info);
    Ok(item.fa.filter(|fa| !fa.is_empty()).map(|fa| Linked { fa, active, additional_info }))
}

/// Gives a person this address, or (unlink) takes this address away.
pub(crate) async fn change(
    state: &State,
    operation: Operation,
    subject: &Subject,
    fa: String,
) -> Result<Outcome, PeerError> {
    change_with(state, operation, subject, fa, More::default()).await
}

/// The same, with more about the person.
pub(crate) async fn change_with(
    state: &State,
    operation: Operation,
    subject: &Subject,
    fa: String,
    more: More,
) -> Result<Outcome, PeerError> {
    let (reference_id, timestamp, id) = (new_id(), now(state), subject.as_str().to_owned());
    let (transaction_id, action) = (new_id(), operation.as_str());
    let More { name, phone_number, additional_info } = more;
    let locale = None;
    let told = match operation {
        Operation::Link => {
            let item = LinkRequestItem {
                reference_id,
                timestamp,
                id,
                fa,
                name,
                phone_number,
                additional_info,
                locale,
            };
            let message = LinkRequest { transaction_id, link_request: vec![item] };
            let answer: LinkResponse = send(state, action, message).await?;
            first(answer.link_response).map(|i| (i.status, i.status_reason_code, i.status_reason_message))
        }
        Operation::Update => {
            let item = UpdateRequestItem {
                reference_id,
                timestamp,
                id,
                fa,
                name,
                phone_number,
                additional_info,
                locale,
            };
            let message = UpdateRequest { transaction_id, update_request: vec![item] };
            let answer: UpdateResponse = send(state, action, message).await?;
            first(answer.update_response).map(|i| (i.status, i.status_reason_code, i.status_reason_message))
        }
        Operation::Unlink => {
            let fa = Some(fa);
            let item = UnlinkRequestItem {
                reference_id,
                timestamp,
                id,
                fa,
                name,
                phone_number,
                additional_info,
                locale,
            };
            let message = UnlinkRequest { transaction_id, unlink_request: vec![item] };
            let answer: UnlinkResponse = send(state, action, message).await?;
            first(answer.unlink_response).map(|i| (i.status, i.status_reason_code, i.status_reason_message))
        }
    };
    let (status, code, text) = told?;
    let code = code.unwrap_or_default();
    // Our mapper says so under the code that other mappers have for the case.
    let frozen = text.is_some_and(|text| text.starts_with("this id is frozen"));
    Ok(match (status, code.as_str()) {
        (MsgStatus::Succ, _) => Outcome::Done,
        _ if frozen => Outcome::Frozen,
        // Mappers of all versions say by one of these that the id has an address, or has none.
        (MsgStatus::Rjct, "rjct.reference_id.duplicate" | "rjct.id.invalid") => Outcome::WrongOperation,
        _ => Outcome::Refused(code),
    })
}

fn first<T>(items: Vec<T>) -> Result<T, PeerError> {
    items.into_iter().next().ok_or_else(empty)
}

/// An entry of the history of an id.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Entry {
    pub(crate) change: String,
    /// RFC 3339.
    pub(crate) at: String,
    pub(crate) channel: String,
    pub(crate) actor: String,
    pub(crate) before: Option<Held>,
    pub(crate) after: Option<Held>,
}

/// What an id had.
#[derive(Clone, Deserialize)]
pub(crate) struct Held {
    pub(crate) fa: Option<String>,
}

impl std::fmt::Debug for Held {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Held(***)")
    }
}

/// Entries of a history, the oldest first, and where the next ones begin.
#[derive(Debug, Deserialize)]
pub(crate) struct Entries {
    pub(crate) items: Vec<Entry>,
    #[serde(default)]
    pub(crate) next: Option<String>,
}

/// What was changed of this person's id.
pub(crate) async fn history(
    state: &State,
    subject: &Subject,
    after: Option<&str>,
) -> Result<Entries, PeerError> {
    let url = format!("{}/api/v1/mappings/history", state.config.mapper_url.trim_end_matches('/'));
    let body = json!({"id": subject.as_str(), "after": after, "limit": 1000});
    Ok(state.http.service_post(&url, "spar-mapper", &body).await?.json()?)
}

async fn send<M: Serialize, R: DeserializeOwned>(
    state: &State,
    action: &str,
    message: M,
) -> Result<R, PeerError> {
    let url = format!("{}/mapper/sync/{action}", state.config.mapper_url.trim_end_matches('/'));
    let header =
        MsgHeader::new(new_id(), now(state), action, state.http.partner_id(), 1).to_receiver("SPAR_MAPPER");
    let answer = state.http.post_signed(&url, &Request::new(header, message)).await?;
    // Of a refused message only the header has its usual form.
    let head: Response<Value> = answer.json()?;
    if head.header.status == MsgStatus::Rjct {
        return Err(PeerError::Refused(head.header.status_reason_code.unwrap_or_default()));
    }
    let whole: Response<R> = answer.json()?;
    Ok(whole.message)
}

fn empty() -> PeerError {
    PeerError::Refused("an answer without items".to_owned())
}

fn now(state: &State) -> String {
    rfc3339(state.clock.now())
}

fn new_id() -> String {
    Uuid::now_v7().to_string()
}
