//! The mapper, asked as a signed partner in G2P-Connect messages of one item.

use g2p_connect::{
    MsgHeader, MsgStatus, Request, Response,
    mapper::{
        LinkRequest, LinkRequestItem, LinkResponse, ResolveRequest, ResolveRequestItem, ResolveResponse,
        UpdateRequest, UpdateRequestItem, UpdateResponse,
    },
};
use platform::clock::rfc3339;
use serde::{Serialize, de::DeserializeOwned};
use uuid::Uuid;

use crate::{State, domain::Subject, peers::PeerError};

/// An address as the mapper holds it.
pub(crate) struct Linked {
    pub(crate) fa: String,
    pub(crate) active: bool,
}

/// What became of a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outcome {
    Done,
    /// Update of an id without an address, or link of one that has an address: the other operation is the right one.
    WrongOperation,
    /// With the mapper's code.
    Refused(String),
}

/// The two ways to give an id an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operation {
    Link,
    Update,
}

impl Operation {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Link => "link",
            Self::Update => "update",
        }
    }

    pub(crate) fn other(self) -> Self {
        match self {
            Self::Link => Self::Update,
            Self::Update => Self::Link,
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
    Ok(item.fa.filter(|fa| !fa.is_empty()).map(|fa| Linked { fa, active: !code.ends_with("inactive") }))
}

/// Gives a person this address.
pub(crate) async fn change(
    state: &State,
    operation: Operation,
    subject: &Subject,
    fa: String,
) -> Result<Outcome, PeerError> {
    let (reference_id, timestamp, id) = (new_id(), now(state), subject.as_str().to_owned());
    let (status, code) = match operation {
        Operation::Link => {
            let item = LinkRequestItem {
                reference_id,
                timestamp,
                id,
                fa,
                name: None,
                phone_number: None,
                additional_info: None,
                locale: None,
            };
            let message = LinkRequest { transaction_id: new_id(), link_request: vec![item] };
            let answer: LinkResponse = send(state, "link", message).await?;
            answer
                .link_response
                .into_iter()
                .next()
                .map(|i| (i.status, i.status_reason_code))
                .ok_or_else(empty)?
        }
        Operation::Update => {
            let item = UpdateRequestItem {
                reference_id,
                timestamp,
                id,
                fa,
                name: None,
                phone_number: None,
                additional_info: None,
                locale: None,
            };
            let message = UpdateRequest { transaction_id: new_id(), update_request: vec![item] };
            let answer: UpdateResponse = send(state, "update", message).await?;
            answer
                .update_response
                .into_iter()
                .next()
                .map(|i| (i.status, i.status_reason_code))
                .ok_or_else(empty)?
        }
    };
    let code = code.unwrap_or_default();
    Ok(match (status, code.as_str()) {
        (MsgStatus::Succ, _) => Outcome::Done,
        // Mappers of all versions say by one of these that the id has an address, or has none.
        (MsgStatus::Rjct, "rjct.reference_id.duplicate" | "rjct.id.invalid") => Outcome::WrongOperation,
        _ => Outcome::Refused(code),
    })
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
    let head: Response<serde_json::Value> = answer.json()?;
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
