//! Resolve: by id, by address, or whether a pair belongs together.

use std::collections::HashMap;

use g2p_connect::{
    MsgStatus,
    mapper::{ResolveRequest, ResolveRequestItem, ResolveResponse, ResolveResponseItem, ResolveScope},
    reason::ResolveReason,
};
use platform::{Ctx, PartnerError, clock::rfc3339};
use serde_json::Value;
use storage::Db;

use crate::{
    app::CALL,
    domain::{MAX_VALUE, text},
    store::{self, Mapping},
};

/// Answers each item in the order of the request.
pub(crate) async fn resolve(
    db: &Db,
    ctx: &Ctx,
    request: &ResolveRequest,
) -> Result<ResolveResponse, PartnerError> {
    ctx.require(CALL)?;
    let items = &request.resolve_request;
    let usable = |value: &str| !value.is_empty() && value.len() <= MAX_VALUE;
    let ids: Vec<String> = items.iter().map(|i| &i.id).filter(|id| usable(id)).cloned().collect();
    let by_fa = items.iter().filter(|i| i.id.is_empty()).map(|i| &i.fa);
    let fas: Vec<String> = by_fa.filter(|fa| usable(fa)).cloned().collect();
    let tenant = ctx.tenant.as_str();
    let ids: HashMap<String, Mapping> =
        store::by_ids(db.conn(), tenant, ids).await?.into_iter().map(|m| (m.id_value.clone(), m)).collect();
    let fas: HashMap<String, Mapping> =
        store::by_fas(db.conn(), tenant, fas).await?.into_iter().map(|m| (m.fa_value.clone(), m)).collect();
    let at = rfc3339(ctx.clock.now());
    let resolve_response = items.iter().map(|item| answer(item, &at, &ids, &fas)).collect();
    Ok(ResolveResponse {
        transaction_id: request.transaction_id.clone(),
        correlation_id: None,
        resolve_response,
    })
}

fn answer(
    item: &ResolveRequestItem,
    at: &str,
    ids: &HashMap<String, Mapping>,
    fas: &HashMap<String, Mapping>,
) -> ResolveResponseItem {
    let mut answer = ResolveResponseItem {
        reference_id: item.reference_id.clone(),
        timestamp: at.to_owned(),
        fa: None,
        id: (!item.id.is_empty()).then(|| item.id.clone()),
        account_provider_info: None,
        status: MsgStatus::Succ,
        status_reason_code: None,
        status_reason_message: None,
        additional_info: None,
        locale: item.locale.clone(),
    };
    let (reason, message) = judge(item, ids, fas);
    answer.status_reason_code = Some(reason.as_str().to_owned());
    answer.status_reason_message = message.map(str::to_owned);
    if reason.as_str().starts_with("rjct") {
        answer.status = MsgStatus::Rjct;
        return answer;
    }
    let found = matches!(
        reason,
        ResolveReason::IdActive
            | ResolveReason::IdInactive
            | ResolveReason::FaActive
            | ResolveReason::FaInactive
    );
    let mapping = if item.id.is_empty() { fas.get(&item.fa) } else { ids.get(&item.id) };
    if let (true, ResolveScope::Details, Some(mapping)) = (found, item.scope, mapping) {
        answer.fa = Some(mapping.fa_value.clone());
        answer.id = Some(mapping.id_value.clone());
        answer.additional_info = match &mapping.additional_info {
            Some(Value::Array(list)) if !list.is_empty() => Some(list.clone()),
            _ => None,
        };
    }
    answer
}

fn judge(
    item: &ResolveRequestItem,
    ids: &HashMap<String, Mapping>,
    fas: &HashMap<String, Mapping>,
) -> (ResolveReason, Option<&'static str>) {
    if item.scope == ResolveScope::Unsupported {
        return (ResolveReason::ResolveTypeNotSupported, Some("scope is yes_no or details"));
    }
    if item.id.len() > MAX_VALUE {
        return (ResolveReason::IdInvalid, Some("the id is too long"));
    }
    match (item.id.is_empty(), item.fa.is_empty()) {
        (true, true) => (ResolveReason::ReferenceIdInvalid, Some(text::ID_OR_FA_REQUIRED)),
        (true, false) => match fas.get(&item.fa) {
            Some(mapping) if mapping.active => (ResolveReason::FaActive, None),
            Some(_) => (ResolveReason::FaInactive, None),
            None => (ResolveReason::FaNotFound, None),
        },
        (false, _) => match ids.get(&item.id) {
            None => (ResolveReason::FaNotLinkedToId, Some(text::NOT_LINKED)),
            Some(mapping) if !item.fa.is_empty() && item.fa != mapping.fa_value => {
                (ResolveReason::FaNotLinkedToId, None)
            }
            Some(mapping) if mapping.active => (ResolveReason::IdActive, None),
            Some(_) => (ResolveReason::IdInactive, None),
        },
    }
}
