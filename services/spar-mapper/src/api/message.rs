//! The messages of G2P-Connect and SPAR 1.x that change mappings: their items in no dialect, and the answers to them.

use g2p_connect::{
    MsgStatus,
    mapper::{
        LinkRequest, LinkRequestItem, LinkResponse, LinkResponseItem, UnlinkRequest, UnlinkRequestItem,
        UnlinkResponse, UnlinkResponseItem, UpdateRequest, UpdateRequestItem, UpdateResponse,
        UpdateResponseItem,
    },
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

use crate::{
    app::Caller,
    domain::{Item, Mark, Operation, Refusal, misnamed},
};

/// A message that changes mappings.
pub(crate) trait ChangeMessage: DeserializeOwned {
    /// What it asks for.
    const OPERATION: Operation;
    /// The answer to it.
    type Response: Serialize;

    /// Its items in no dialect.
    fn items(&self) -> Vec<Item>;

    /// What its items say of themselves.
    fn marks(&self) -> Vec<Mark<'_>>;

    /// The answer, item by item: a refusal or none.
    fn answer(self, at: &str, refusals: &[Option<Refusal>]) -> Self::Response;
}

/// The items of a message as its sender may send them: those of a strict partner say of themselves what they must.
pub(crate) fn checked<M: ChangeMessage>(caller: &Caller<'_>, message: &M) -> Vec<Item> {
    let mut items = message.items();
    if !caller.compat() {
        for (item, wrong) in items.iter_mut().zip(misnamed(&message.marks())) {
            item.unreadable = wrong;
        }
    }
    items
}

/// The three fields of an item that say how it went.
struct Status {
    status: MsgStatus,
    code: Option<String>,
    message: Option<String>,
}

impl Status {
    fn of(refusal: Option<&Refusal>, operation: Operation) -> Self {
        Self {
            status: if refusal.is_none() { MsgStatus::Succ } else { MsgStatus::Rjct },
            code: refusal.map(|r| r.code(operation).to_owned()),
            message: refusal.map(|r| r.text().to_owned()),
        }
    }
}

fn item(
    id: &str,
    fa: Option<&str>,
    name: Option<&String>,
    phone: Option<&String>,
    info: Option<&Vec<Value>>,
) -> Item {
    Item {
        id: id.to_owned(),
        fa: fa.map(str::to_owned),
        // As in deployed mappers an empty field says nothing: it takes away no name that is there.
        name: name.filter(|name| !name.is_empty()).cloned(),
        phone: phone.filter(|phone| !phone.is_empty()).cloned(),
        info: info.filter(|info| !info.is_empty()).cloned(),
        unreadable: None,
    }
}

impl ChangeMessage for LinkRequest {
    const OPERATION: Operation = Operation::Link;
    type Response = LinkResponse;

    fn items(&self) -> Vec<Item> {
        let of = |i: &LinkRequestItem| {
            item(&i.id, Some(&i.fa), i.name.as_ref(), i.phone_number.as_ref(), i.additional_info.as_ref())
        };
        self.link_request.iter().map(of).collect()
    }

    fn marks(&self) -> Vec<Mark<'_>> {
        self.link_request.iter().map(|i| (i.reference_id.as_str(), Some(i.timestamp.as_str()))).collect()
    }

    fn answer(self, at: &str, refusals: &[Option<Refusal>]) -> LinkResponse {
        let one = |(item, refusal): (LinkRequestItem, &Option<Refusal>)| {
            let Status { status, code, message } = Status::of(refusal.as_ref(), Operation::Link);
            LinkResponseItem {
                reference_id: item.reference_id,
                timestamp: at.to_owned(),
                fa: refusal.is_none().then_some(item.fa),
                status,
                status_reason_code: code,
                status_reason_message: message,
                additional_info: None,
                locale: item.locale,
            }
        };
        let link_response = self.link_request.into_iter().zip(refusals).map(one).collect();
        LinkResponse { transaction_id: self.transaction_id, correlation_id: None, link_response }
    }
}

impl ChangeMessage for UpdateRequest {
    const OPERATION: Operation = Operation::Update;
    type Response = UpdateResponse;

    fn items(&self) -> Vec<Item> {
        let of = |i: &UpdateRequestItem| {
            item(&i.id, Some(&i.fa), i.name.as_ref(), i.phone_number.as_ref(), i.additional_info.as_ref())
        };
        self.update_request.iter().map(of).collect()
    }

    fn marks(&self) -> Vec<Mark<'_>> {
        self.update_request.iter().map(|i| (i.reference_id.as_str(), Some(i.timestamp.as_str()))).collect()
    }

    fn answer(self, at: &str, refusals: &[Option<Refusal>]) -> UpdateResponse {
        let one = |(item, refusal): (UpdateRequestItem, &Option<Refusal>)| {
            let Status { status, code, message } = Status::of(refusal.as_ref(), Operation::Update);
            UpdateResponseItem {
                reference_id: item.reference_id,
                timestamp: at.to_owned(),
                id: Some(item.id),
                fa: refusal.is_none().then_some(item.fa),
                status,
                status_reason_code: code,
                status_reason_message: message,
                additional_info: None,
                locale: item.locale,
            }
        };
        let update_response = self.update_request.into_iter().zip(refusals).map(one).collect();
        UpdateResponse { transaction_id: self.transaction_id, correlation_id: None, update_response }
    }
}

impl ChangeMessage for UnlinkRequest {
    const OPERATION: Operation = Operation::Unlink;
    type Response = UnlinkResponse;

    fn items(&self) -> Vec<Item> {
        let of = |i: &UnlinkRequestItem| item(&i.id, i.fa.as_deref(), None, None, None);
        self.unlink_request.iter().map(of).collect()
    }

    fn marks(&self) -> Vec<Mark<'_>> {
        self.unlink_request.iter().map(|i| (i.reference_id.as_str(), Some(i.timestamp.as_str()))).collect()
    }

    fn answer(self, at: &str, refusals: &[Option<Refusal>]) -> UnlinkResponse {
        let one = |(item, refusal): (UnlinkRequestItem, &Option<Refusal>)| {
            let Status { status, code, message } = Status::of(refusal.as_ref(), Operation::Unlink);
            UnlinkResponseItem {
                reference_id: item.reference_id,
                timestamp: at.to_owned(),
                id: Some(item.id),
                status,
                status_reason_code: code,
                status_reason_message: message,
                additional_info: None,
                locale: item.locale,
            }
        };
        let unlink_response = self.unlink_request.into_iter().zip(refusals).map(one).collect();
        UnlinkResponse { transaction_id: self.transaction_id, correlation_id: None, unlink_response }
    }
}
