//! Link, update, unlink.

use std::collections::HashMap;

use g2p_connect::{
    MsgStatus,
    mapper::{
        LinkRequest, LinkRequestItem, LinkResponse, LinkResponseItem, UnlinkRequest, UnlinkRequestItem,
        UnlinkResponse, UnlinkResponseItem, UpdateRequest, UpdateRequestItem, UpdateResponse,
        UpdateResponseItem,
    },
    reason::{LinkReason, UnlinkReason, UpdateReason},
};
use platform::{Ctx, PartnerError, clock::rfc3339};
use sea_orm::DatabaseTransaction;
use serde_json::Value;
use storage::StoreResult;

use crate::{
    app::{CALL, set_of},
    domain::{Refusal, admit, text},
    events::{Change, MappingChange, MappingsChanged},
    store::{self, ChangedBy, Columns},
};

/// Ids of one event.
const EVENT_ITEMS: usize = 500;

fn changed_by(ctx: &Ctx, message_id: &str) -> ChangedBy {
    ChangedBy {
        tenant: ctx.tenant.as_str().to_owned(),
        actor: ctx.actor.label(),
        message_id: message_id.to_owned(),
        at: ctx.clock.now(),
    }
}

async fn announce(
    tx: &DatabaseTransaction,
    by: &ChangedBy,
    ids: &[String],
    change: Change,
) -> StoreResult<()> {
    let at = rfc3339(by.at);
    for chunk in ids.chunks(EVENT_ITEMS) {
        let items = chunk.iter().map(|id| MappingChange { id: id.clone(), change, at: at.clone() }).collect();
        ::events::publish(tx, &by.tenant, "mappings", &MappingsChanged { items }).await?;
    }
    Ok(())
}

fn info_text(info: Option<&Vec<Value>>) -> Option<String> {
    info.and_then(|list| serde_json::to_string(list).ok())
}

/// Links ids that have no address yet. With `strict`, linking the identical pair again is a success that changes
/// nothing; deployed clients expect the rejection.
pub(crate) async fn link(
    tx: &DatabaseTransaction,
    ctx: &Ctx,
    message_id: &str,
    strict: bool,
    request: &LinkRequest,
) -> Result<LinkResponse, PartnerError> {
    ctx.require(CALL)?;
    let items = &request.link_request;
    let refusals = admit(&items.iter().map(|i| (i.id.as_str(), Some(i.fa.as_str()))).collect::<Vec<_>>());
    let by = changed_by(ctx, message_id);
    let mut rows = Columns::default();
    for (item, _) in items.iter().zip(&refusals).filter(|(_, refusal)| refusal.is_none()) {
        rows.ids.push(item.id.clone());
        rows.fas.push(item.fa.clone());
        rows.names.push(item.name.clone());
        rows.phones.push(item.phone_number.clone());
        rows.infos.push(info_text(item.additional_info.as_ref()));
    }
    let asked = rows.ids.clone();
    let linked = store::link(tx, &by, rows).await?;
    announce(tx, &by, &linked, Change::Linked).await?;
    let linked = set_of(linked);
    let there = if strict && linked.len() < asked.len() {
        let rest = asked.into_iter().filter(|id| !linked.contains(id)).collect();
        store::by_ids(tx, &by.tenant, rest).await?.into_iter().map(|m| (m.id_value, m.fa_value)).collect()
    } else {
        HashMap::new()
    };
    let at = rfc3339(by.at);
    let link_response = items
        .iter()
        .zip(refusals)
        .map(|(item, refusal)| {
            let done = linked.contains(&item.id) || there.get(&item.id) == Some(&item.fa);
            let refused = refusal
                .map(link_refusal)
                .or_else(|| (!done).then_some((LinkReason::ReferenceIdDuplicate, text::ALREADY_MAPPED)));
            link_item(item, &at, refused)
        })
        .collect();
    Ok(LinkResponse { transaction_id: request.transaction_id.clone(), correlation_id: None, link_response })
}

fn link_refusal(refusal: Refusal) -> (LinkReason, &'static str) {
    match refusal {
        Refusal::IdMissing => (LinkReason::IdInvalid, text::ID_IS_NULL),
        Refusal::FaMissing => (LinkReason::FaInvalid, text::FA_IS_NULL),
        Refusal::IdMalformed => (LinkReason::IdInvalid, "the id is too long or has control characters"),
        Refusal::FaMalformed => (LinkReason::FaInvalid, "the address is too long or has control characters"),
        Refusal::RepeatedInBatch => (LinkReason::ReferenceIdDuplicate, "this id stands twice in the message"),
    }
}

fn link_item(item: &LinkRequestItem, at: &str, refused: Option<(LinkReason, &str)>) -> LinkResponseItem {
    LinkResponseItem {
        reference_id: item.reference_id.clone(),
        timestamp: at.to_owned(),
        fa: refused.is_none().then(|| item.fa.clone()),
        status: if refused.is_none() { MsgStatus::Succ } else { MsgStatus::Rjct },
        status_reason_code: refused.map(|(code, _)| code.as_str().to_owned()),
        status_reason_message: refused.map(|(_, message)| message.to_owned()),
        additional_info: None,
        locale: item.locale.clone(),
    }
}

/// Gives ids that are linked another address.
pub(crate) async fn update(
    tx: &DatabaseTransaction,
    ctx: &Ctx,
    message_id: &str,
    request: &UpdateRequest,
) -> Result<UpdateResponse, PartnerError> {
    ctx.require(CALL)?;
    let items = &request.update_request;
    let refusals = admit(&items.iter().map(|i| (i.id.as_str(), Some(i.fa.as_str()))).collect::<Vec<_>>());
    let by = changed_by(ctx, message_id);
    let mut rows = Columns::default();
    for (item, _) in items.iter().zip(&refusals).filter(|(_, refusal)| refusal.is_none()) {
        rows.ids.push(item.id.clone());
        rows.fas.push(item.fa.clone());
        rows.names.push(item.name.clone());
        rows.phones.push(item.phone_number.clone());
        rows.infos.push(info_text(item.additional_info.as_ref()));
    }
    let updated = store::update(tx, &by, rows).await?;
    announce(tx, &by, &updated, Change::Updated).await?;
    let updated = set_of(updated);
    let at = rfc3339(by.at);
    let update_response = items
        .iter()
        .zip(refusals)
        .map(|(item, refusal)| {
            let refused = refusal.map(update_refusal).or_else(|| {
                (!updated.contains(&item.id))
                    .then_some((UpdateReason::ReferenceIdDuplicate, text::NOT_LINKED))
            });
            update_item(item, &at, refused)
        })
        .collect();
    Ok(UpdateResponse {
        transaction_id: request.transaction_id.clone(),
        correlation_id: None,
        update_response,
    })
}

fn update_refusal(refusal: Refusal) -> (UpdateReason, &'static str) {
    match refusal {
        Refusal::IdMissing => (UpdateReason::IdInvalid, text::ID_IS_NULL),
        Refusal::FaMissing => (UpdateReason::FaInvalid, text::FA_IS_NULL),
        Refusal::IdMalformed => (UpdateReason::IdInvalid, "the id is too long or has control characters"),
        Refusal::FaMalformed => {
            (UpdateReason::FaInvalid, "the address is too long or has control characters")
        }
        Refusal::RepeatedInBatch => {
            (UpdateReason::ReferenceIdDuplicate, "this id stands twice in the message")
        }
    }
}

fn update_item(
    item: &UpdateRequestItem,
    at: &str,
    refused: Option<(UpdateReason, &str)>,
) -> UpdateResponseItem {
    UpdateResponseItem {
        reference_id: item.reference_id.clone(),
        timestamp: at.to_owned(),
        id: Some(item.id.clone()),
        fa: refused.is_none().then(|| item.fa.clone()),
        status: if refused.is_none() { MsgStatus::Succ } else { MsgStatus::Rjct },
        status_reason_code: refused.map(|(code, _)| code.as_str().to_owned()),
        status_reason_message: refused.map(|(_, message)| message.to_owned()),
        additional_info: None,
        locale: item.locale.clone(),
    }
}

/// Removes the address of ids; with an address in the item, only when it is that one.
pub(crate) async fn unlink(
    tx: &DatabaseTransaction,
    ctx: &Ctx,
    message_id: &str,
    request: &UnlinkRequest,
) -> Result<UnlinkResponse, PartnerError> {
    ctx.require(CALL)?;
    let items = &request.unlink_request;
    let refusals = admit(&items.iter().map(|i| (i.id.as_str(), i.fa.as_deref())).collect::<Vec<_>>());
    let by = changed_by(ctx, message_id);
    let admitted = items.iter().zip(&refusals).filter(|(_, refusal)| refusal.is_none());
    let (ids, fas) = admitted.map(|(item, _)| (item.id.clone(), item.fa.clone())).unzip();
    let removed = store::unlink(tx, &by, ids, fas).await?;
    announce(tx, &by, &removed, Change::Unlinked).await?;
    let removed = set_of(removed);
    let at = rfc3339(by.at);
    let unlink_response = items
        .iter()
        .zip(refusals)
        .map(|(item, refusal)| {
            let refused = refusal.map(unlink_refusal).or_else(|| {
                (!removed.contains(&item.id)).then_some((UnlinkReason::IdInvalid, text::NOT_LINKED))
            });
            unlink_item(item, &at, refused)
        })
        .collect();
    Ok(UnlinkResponse {
        transaction_id: request.transaction_id.clone(),
        correlation_id: None,
        unlink_response,
    })
}

fn unlink_refusal(refusal: Refusal) -> (UnlinkReason, &'static str) {
    match refusal {
        Refusal::IdMissing => (UnlinkReason::IdInvalid, text::ID_IS_NULL),
        Refusal::FaMissing => (UnlinkReason::FaInvalid, text::FA_IS_NULL),
        Refusal::IdMalformed => (UnlinkReason::IdInvalid, "the id is too long or has control characters"),
        Refusal::FaMalformed => {
            (UnlinkReason::FaInvalid, "the address is too long or has control characters")
        }
        Refusal::RepeatedInBatch => {
            (UnlinkReason::ReferenceIdDuplicate, "this id stands twice in the message")
        }
    }
}

fn unlink_item(
    item: &UnlinkRequestItem,
    at: &str,
    refused: Option<(UnlinkReason, &str)>,
) -> UnlinkResponseItem {
    UnlinkResponseItem {
        reference_id: item.reference_id.clone(),
        timestamp: at.to_owned(),
        id: Some(item.id.clone()),
        status: if refused.is_none() { MsgStatus::Succ } else { MsgStatus::Rjct },
        status_reason_code: refused.map(|(code, _)| code.as_str().to_owned()),
        status_reason_message: refused.map(|(_, message)| message.to_owned()),
        additional_info: None,
        locale: item.locale.clone(),
    }
}
