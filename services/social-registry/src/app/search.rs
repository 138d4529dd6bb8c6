//! Partners' searches: what is asked, what may be seen, and which page of which snapshot answers.

mod records;

use std::collections::BTreeSet;

use g2p_connect::{
    reason::SearchReason,
    registry::{
        Expression, Page, PaginationResponse, Query, REG_TYPE_SOCIAL, SearchData, SearchItem, SearchResult,
    },
};
use g2p_crypto::{canonical_json, sha256_hex};
use platform::{ApiError, ApiResult, Ctx, clock::rfc3339};
use sea_orm::DatabaseTransaction;
use serde_json::{Value, json};
use uuid::Uuid;

use super::CALL;
use crate::{
    State,
    domain::visible::{Collection, Visible},
    store::{
        filter::{self, Condition, Scope},
        registrants, scores,
        search::{self, NewSnapshot, Snapshot},
    },
};

/// What our clients say beyond the specification, in the criteria of an item.
#[derive(Debug, Clone, Default, serde::Deserialize)]
pub(crate) struct Extension {
    /// Attributes wanted; without them all that the policy allows.
    #[serde(default)]
    pub attributes: Option<Vec<String>>,
    /// The snapshot whose page is wanted.
    #[serde(default)]
    pub pagination: Option<SnapshotRef>,
}

/// Names a snapshot.
#[derive(Debug, Clone, Default, serde::Deserialize)]
pub(crate) struct SnapshotRef {
    /// As the first page's answer gave it.
    #[serde(default)]
    pub snapshot_id: Option<String>,
}

/// Who searches.
pub(crate) struct Searcher<'a> {
    pub ctx: &'a Ctx,
    /// Attributes of the partner's policy.
    pub policy: &'a BTreeSet<String>,
    pub partner_id: &'a str,
    pub transaction_id: &'a str,
}

/// An item's answer, and its snapshot when there is one.
pub(crate) struct Answer {
    pub result: SearchResult,
    pub snapshot_id: Option<Uuid>,
}

/// Why an item is rejected.
struct Rejection {
    reason: SearchReason,
    message: &'static str,
}

/// A rejection is the partner's fault, an error ours.
enum Stop {
    Rejected(Rejection),
    Failed(ApiError),
}

impl<E: Into<ApiError>> From<E> for Stop {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

fn reject<T>(reason: SearchReason, message: &'static str) -> Result<T, Stop> {
    Err(Stop::Rejected(Rejection { reason, message }))
}

fn criteria<T>(outcome: Result<T, SearchReason>, message: &'static str) -> Result<T, Stop> {
    outcome.or_else(|reason| reject(reason, message))
}

/// Answers one item. A partner whose policy shows nothing finds nothing, whatever there is.
pub(crate) async fn answer(
    state: &State,
    tx: &DatabaseTransaction,
    searcher: &Searcher<'_>,
    item: &SearchItem,
    extension: &Extension,
) -> ApiResult<Answer> {
    searcher.ctx.require(CALL)?;
    let now = rfc3339(searcher.ctx.clock.now());
    match found(state, tx, searcher, item, extension, &now).await {
        Ok(answer) => Ok(answer),
        Err(Stop::Rejected(rejection)) => {
            let result = SearchResult::rejected(item, now, rejection.reason, rejection.message);
            Ok(Answer { result, snapshot_id: None })
        }
        Err(Stop::Failed(error)) => Err(error),
    }
}

/// The hits of a page.
struct Hits {
    ids: Vec<Uuid>,
    total: i64,
    snapshot_id: Option<Uuid>,
}

async fn found(
    state: &State,
    tx: &DatabaseTransaction,
    searcher: &Searcher<'_>,
    item: &SearchItem,
    extension: &Extension,
    now: &str,
) -> Result<Answer, Stop> {
    criteria(item.check(), "the item's reference id, timestamp, locale, paging or sorting is not valid")?;
    let query = criteria(item.search_criteria.parse_query(), "the query does not fit its query_type")?;
    let collection = collection(item, &query)?;
    let asked = item.page().unwrap_or_default();
    let page = asked.unwrap_or(Page { size: state.config.search_max_page, number: 1 });
    if page.size > state.config.search_max_page {
        return reject(SearchReason::PaginationInvalid, "page_size is larger than the largest page");
    }
    let policy = Visible::new(searcher.policy, None);
    let visible = Visible::new(searcher.policy, extension.attributes.as_deref());
    let hits = if policy.is_empty() {
        Hits { ids: Vec::new(), total: 0, snapshot_id: None }
    } else if let Query::IdType(document) = &query {
        by_document(state, tx, searcher, (&document.id_type, &document.value), collection, &policy, page)
            .await?
    } else {
        let Some(filter) = query.filter() else {
            return reject(
                SearchReason::SearchCriteriaInvalid,
                "this registry does not answer this query_type",
            );
        };
        by_filter(state, tx, searcher, item, extension, &filter, collection, &policy, page).await?
    };
    if asked.is_none() && hits.total > i64::from(page.size) {
        return reject(SearchReason::TooManyRecordsFound, "too many records; ask for pages");
    }
    let tenant = searcher.ctx.tenant.as_str();
    // Whose record was given to whom: one row each, so that a person can be told.
    let actor = searcher.ctx.actor.label();
    registrants::audit(tx, tenant, &actor, "registry.search", hits.ids.clone()).await?;
    let reg_records = records::load(tx, tenant, collection, hits.ids, &visible).await?;
    let data = SearchData {
        version: "1.0.0".to_owned(),
        reg_type: Some(item.search_criteria.reg_type.clone().unwrap_or_else(|| REG_TYPE_SOCIAL.to_owned())),
        reg_record_type: Some(collection.record_type().to_owned()),
        reg_records,
    };
    let pagination = PaginationResponse {
        page_size: page.size.into(),
        page_number: page.number.into(),
        total_count: hits.total,
    };
    let result = SearchResult::found(item, now, data, Some(pagination));
    Ok(Answer { result, snapshot_id: hits.snapshot_id })
}

/// Households or people: what the expression names, else the record type, else the entity wanted.
fn collection(item: &SearchItem, query: &Query) -> Result<Collection, Stop> {
    let named = match query {
        Query::Expression { collection, .. } => collection.as_deref(),
        _ => None,
    };
    let criteria = &item.search_criteria;
    let name = named.or(criteria.reg_record_type.as_deref()).or(criteria.response_entity.as_deref());
    let by_default = if matches!(query, Query::IdType(_)) { Collection::Member } else { Collection::Group };
    match name {
        None => Ok(by_default),
        Some(name) => match Collection::parse(name) {
            Some(collection) => Ok(collection),
            None => reject(SearchReason::SearchCriteriaInvalid, "the collection must be Group or Member"),
        },
    }
}

fn offset(page: Page) -> i64 {
    i64::from(page.size) * (i64::from(page.number) - 1)
}

async fn by_document(
    state: &State,
    tx: &DatabaseTransaction,
    searcher: &Searcher<'_>,
    (id_type, value): (&str, &str),
    collection: Collection,
    policy: &Visible,
    page: Page,
) -> Result<Hits, Stop> {
    if !policy.shows("identifiers") && !policy.shows_member("identifiers") {
        return reject(SearchReason::FilterInvalid, "this partner may not search by identifiers");
    }
    if id_type.contains('\0') {
        return reject(SearchReason::SearchCriteriaInvalid, "the type has a character that no text may have");
    }
    let most = i64::from(state.config.search_max_page);
    let hash = state.document_hash(id_type, value);
    let group = collection == Collection::Group;
    let ids = search::by_document(tx, searcher.ctx.tenant.as_str(), id_type, &hash, group, most + 1).await?;
    let total = i64::try_from(ids.len()).unwrap_or(i64::MAX);
    if total > most {
        return reject(SearchReason::TooManyRecordsFound, "too many records have this identifier");
    }
    let skip = usize::try_from(offset(page)).unwrap_or(usize::MAX);
    let take = usize::try_from(page.size).unwrap_or(usize::MAX);
    Ok(Hits { ids: ids.into_iter().skip(skip).take(take).collect(), total, snapshot_id: None })
}

#[allow(clippy::too_many_arguments, reason = "one call, and each is a thing of its own")]
async fn by_filter(
    state: &State,
    tx: &DatabaseTransaction,
    searcher: &Searcher<'_>,
    item: &SearchItem,
    extension: &Extension,
    filter: &Expression,
    collection: Collection,
    policy: &Visible,
    page: Page,
) -> Result<Hits, Stop> {
    let tenant = searcher.ctx.tenant.as_str();
    let names: Vec<String> = scores::definitions(tx, tenant).await?.into_iter().map(|d| d.name).collect();
    let today = searcher.ctx.clock.now().date();
    let scope = Scope { collection, policy, scores: &names, today };
    let refused = "the filter names an attribute that does not exist, that this partner may not see, or whose value \
                   does not fit";
    let mut condition = criteria(Condition::compile(filter, &scope, search::FIRST_PARAMETER), refused)?;
    let sorts: Vec<_> =
        item.search_criteria.sort.iter().flatten().filter_map(|sort| sort.parse().ok()).collect();
    let order = criteria(filter::order(&sorts, &scope, &mut condition), "the attribute cannot be sorted by")?;
    let digest = digest(item, filter, collection);
    let new = NewSnapshot {
        tenant,
        partner: searcher.partner_id,
        transaction_id: searcher.transaction_id,
        criteria_sha256: &digest,
        page_size: i32::try_from(page.size).unwrap_or(i32::MAX),
        kind: if collection == Collection::Group { "group" } else { "individual" },
        order: &order,
    };
    let named = extension.pagination.as_ref().and_then(|p| p.snapshot_id.as_deref());
    if named.is_none() && page.number == 1 {
        let first = search::create(tx, &new, condition).await?;
        return Ok(Hits { ids: first.ids, total: first.total, snapshot_id: first.snapshot_id });
    }
    let snapshot = snapshot(state, tx, &new, named).await?;
    let ids = search::page(tx, tenant, snapshot.snapshot_id, offset(page) + 1, page.size.into()).await?;
    Ok(Hits { ids, total: snapshot.total, snapshot_id: Some(snapshot.snapshot_id) })
}

/// What makes two searches the same: filter, order and collection, however they were written.
fn digest(item: &SearchItem, filter: &Expression, collection: Collection) -> String {
    let sort: Vec<Value> = item
        .search_criteria
        .sort
        .iter()
        .flatten()
        .filter_map(|sort| sort.parse().ok())
        .map(|(name, order)| json!([name, format!("{order:?}")]))
        .collect();
    let all = json!({"filter": filter.to_json(), "sort": sort, "collection": collection.record_type()});
    sha256_hex(&canonical_json(&all))
}

/// The snapshot that a later page is read from: the one named, else that of the same search in the same transaction. When
/// it is gone nothing else may answer: a page of another list would leave people out, or hold them twice.
async fn snapshot(
    state: &State,
    tx: &DatabaseTransaction,
    new: &NewSnapshot<'_>,
    named: Option<&str>,
) -> Result<Snapshot, Stop> {
    let minutes = i32::try_from(state.config.snapshot_minutes).unwrap_or(i32::MAX);
    let Some(named) = named else {
        let Some(found) = search::find_by_transaction(tx, new, minutes).await? else {
            return reject(
                SearchReason::PaginationInvalid,
                "the first page of this search was not asked for in this transaction, held everything, or has \
                 expired; begin again at page 1",
            );
        };
        return Ok(found);
    };
    let gone = "the snapshot is unknown, has expired, or belongs to another search; begin again at page 1";
    let Ok(id) = named.parse::<Uuid>() else { return reject(SearchReason::PaginationInvalid, gone) };
    match search::find(tx, new.tenant, new.partner, id, minutes).await? {
        Some(found) if found.page_size != new.page_size => reject(
            SearchReason::PaginationInvalid,
            "page_size differs from that of the snapshot's first page",
        ),
        Some(found)
            if found.transaction_id == new.transaction_id && found.criteria_sha256 == new.criteria_sha256 =>
        {
            Ok(found)
        }
        _ => reject(SearchReason::PaginationInvalid, gone),
    }
}
