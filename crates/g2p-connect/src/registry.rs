//! Messages of the registry: search by SPDCI, and by G2P-Connect where it differs.
//!
//! A search item that is wrong must not make the whole message unreadable, so what a query means is decided
//! late: `query`, the sort order and the page numbers are read loosely, and [`SearchCriteria::parse_query`],
//! [`SearchItem::page`] and [`SearchItem::check`] answer with the reason code for that item.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::checks;
use crate::envelope::MsgStatus;
use crate::lenient::{count, null_default, version_1, version_or_default};
use crate::masked::masked_debug;
use crate::reason::SearchReason;
use crate::txn::{RegistryTxnType, TxnStatusRequest, TxnStatusResponse};

pub mod expression;
mod identifier;
mod predicate;
mod query;

pub use expression::{Comparison, Expression, Limits, Scalar};
pub use identifier::plain_identifier;
pub use predicate::{Condition, Predicate, PredicateExpression};
pub use query::{IdTypeQuery, Query};

/// Message of `registry/txn/status`.
pub type RegistryTxnStatusRequest = TxnStatusRequest<RegistryTxnType>;
/// Message of `registry/txn/on-status`.
pub type RegistryTxnStatusResponse = TxnStatusResponse<RegistryTxnType>;

/// Registry type of a social registry.
pub const REG_TYPE_SOCIAL: &str = "ns:org:RegistryType:Social";
/// Registry type of an integrated beneficiary registry.
pub const REG_TYPE_IBR: &str = "ns:org:RegistryType:IBR";

/// Message of `search`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SearchRequest {
    /// The sender's id of the transaction, 1 to 99 characters.
    #[schema(min_length = 1, max_length = 99)]
    pub transaction_id: String,
    /// The searches.
    pub search_request: Vec<SearchItem>,
}

impl SearchRequest {
    /// Whether the transaction id has 1 to 99 characters.
    pub fn has_valid_transaction_id(&self) -> bool {
        checks::is_transaction_id(&self.transaction_id)
    }
}

/// One search.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SearchItem {
    /// The sender's id of the search.
    pub reference_id: String,
    /// When the sender made the search; RFC 3339 with an offset.
    #[schema(format = DateTime)]
    pub timestamp: String,
    /// What to search.
    pub search_criteria: SearchCriteria,
    /// Where the conformance suite puts the paging; the specification has it in the criteria.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pagination: Option<PaginationRequest>,
    /// Language of texts, ISO 639-3: three small letters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(pattern = "^[a-z]{3,3}$")]
    pub locale: Option<String>,
}

impl SearchItem {
    /// Checks the formats that the specification prescribes: reference id, time stamp, paging, sorting.
    pub fn check(&self) -> Result<(), SearchReason> {
        if self.reference_id.is_empty() {
            return Err(SearchReason::ReferenceIdInvalid);
        }
        checks::rfc3339(&self.timestamp).ok_or(SearchReason::TimestampInvalid)?;
        if !self.locale.as_deref().is_none_or(checks::is_locale) {
            return Err(SearchReason::SearchCriteriaInvalid);
        }
        self.page()?;
        for sort in self.search_criteria.sort.iter().flatten() {
            sort.parse()?;
        }
        Ok(())
    }

    /// The page asked for, wherever it stands; none when the sender does not page.
    ///
    /// Both places must be valid, and the same when both are used.
    pub fn page(&self) -> Result<Option<Page>, SearchReason> {
        let inner = self.search_criteria.pagination.as_ref().map(PaginationRequest::parse).transpose()?;
        let outer = self.pagination.as_ref().map(PaginationRequest::parse).transpose()?;
        match (inner, outer) {
            (Some(inner), Some(outer)) if inner != outer => Err(SearchReason::PaginationInvalid),
            (inner, outer) => Ok(inner.or(outer)),
        }
    }
}

/// What to search. `query` is interpreted by `query_type` alone, never by its shape.
#[derive(Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SearchCriteria {
    /// Version of the criteria.
    #[serde(default = "version_1", deserialize_with = "version_or_default")]
    #[schema(required = false, default = "1.0.0")]
    pub version: String,
    /// The registry, for example `ns:org:RegistryType:Social`. Required by G2P-Connect only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reg_type: Option<String>,
    /// Part of the registry (G2P-Connect).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reg_sub_type: Option<String>,
    /// Kind of event (SPDCI).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reg_event_type: Option<String>,
    /// Kind of record wanted, for example `Member` or `Group`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reg_record_type: Option<String>,
    /// `idtype-value`, `expression` or `predicate` (SPDCI); `idtype`, `namedQuery` or `predicate`
    /// (G2P-Connect); `graphql` (older OpenG2P clients).
    pub query_type: String,
    /// `Group` or `Member`: what the records stand for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response_entity: Option<String>,
    /// The query, of the shape that `query_type` says.
    #[schema(value_type = Object)]
    pub query: Value,
    /// Order of the records.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sort: Option<Vec<SearchSort>>,
    /// Which page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pagination: Option<PaginationRequest>,
    /// The person's consent, as agreed between the parties.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub consent: Option<Value>,
    /// The caller's authorisation, as agreed between the parties.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub authorize: Option<Value>,
}
masked_debug!(SearchCriteria {
    show: version, reg_type, reg_sub_type, reg_event_type, reg_record_type, query_type, response_entity, sort, pagination;
    hide: query, consent, authorize
});

impl SearchCriteria {
    /// Criteria of type `expression` over a collection, as we send them.
    pub fn expression(collection: &str, filter: &Expression) -> Self {
        Self {
            version: version_1(),
            reg_type: None,
            reg_sub_type: None,
            reg_event_type: None,
            reg_record_type: None,
            query_type: "expression".to_owned(),
            response_entity: None,
            query: query::expression_template(collection, filter),
            sort: None,
            pagination: None,
            consent: None,
            authorize: None,
        }
    }

    /// Interprets `query` by `query_type`, with the default limits of [`Limits`].
    ///
    /// An unknown type, or a query of another shape than its type says, is
    /// [`SearchReason::SearchCriteriaInvalid`].
    pub fn parse_query(&self) -> Result<Query, SearchReason> {
        self.parse_query_within(&Limits::default())
    }

    /// As [`Self::parse_query`], with other limits.
    pub fn parse_query_within(&self, limits: &Limits) -> Result<Query, SearchReason> {
        Query::parse(&self.query_type, &self.query, limits)
    }
}

/// Order of records by one attribute.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SearchSort {
    /// The attribute.
    #[serde(default, deserialize_with = "null_default")]
    pub attribute_name: String,
    /// `asc` or `desc`; `asc` when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sort_order: Option<String>,
}

impl SearchSort {
    /// The attribute and the direction; [`SearchReason::SortInvalid`] when either makes no sense.
    pub fn parse(&self) -> Result<(&str, SortOrder), SearchReason> {
        let order = match self.sort_order.as_deref() {
            None | Some("asc") => SortOrder::Asc,
            Some("desc") => SortOrder::Desc,
            Some(_) => return Err(SearchReason::SortInvalid),
        };
        if !checks::is_attribute_name(&self.attribute_name) {
            return Err(SearchReason::SortInvalid);
        }
        Ok((&self.attribute_name, order))
    }
}

/// Direction of sorting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SortOrder {
    /// Smallest first.
    Asc,
    /// Largest first.
    Desc,
}

/// Which page, as sent. The published schema sets no minimum; [`PaginationRequest::parse`] does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PaginationRequest {
    /// Records per page, from 1.
    #[serde(deserialize_with = "count")]
    #[schema(minimum = 1)]
    pub page_size: i64,
    /// The page, from 1; 1 when left out.
    #[serde(default = "first_page", deserialize_with = "count")]
    #[schema(required = false, default = 1, minimum = 1)]
    pub page_number: i64,
}

const fn first_page() -> i64 {
    1
}

impl PaginationRequest {
    /// A valid page; [`SearchReason::PaginationInvalid`] below 1 or above 2^31-1. A service's own upper limit
    /// of the size is the service's to check.
    pub fn parse(&self) -> Result<Page, SearchReason> {
        let positive =
            |n: i64| i32::try_from(n).ok().filter(|n| *n >= 1).ok_or(SearchReason::PaginationInvalid);
        Ok(Page {
            size: positive(self.page_size)?.unsigned_abs(),
            number: positive(self.page_number)?.unsigned_abs(),
        })
    }
}

/// A page whose size and number are at least 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page {
    /// Records per page.
    pub size: u32,
    /// The page, from 1.
    pub number: u32,
}

/// Answer to `search`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SearchResponse {
    /// Echo of the request's transaction id.
    #[schema(max_length = 99)]
    pub transaction_id: String,
    /// The receiver's id of the work.
    #[serde(default, deserialize_with = "null_default")]
    #[schema(max_length = 99)]
    pub correlation_id: String,
    /// One result per search, in the order of the request.
    pub search_response: Vec<SearchResult>,
}

/// What one search found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SearchResult {
    /// Echo of the search's id.
    pub reference_id: String,
    /// When the answer was made.
    #[schema(format = DateTime)]
    pub timestamp: String,
    /// `succ` also when nothing was found.
    pub status: MsgStatus,
    /// A [`SearchReason`] from us.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status_reason_code: Option<String>,
    /// The reason in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 999)]
    pub status_reason_message: Option<String>,
    /// The records.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<SearchData>,
    /// Where in the list of all hits these records stand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pagination: Option<PaginationResponse>,
    /// Language of texts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(pattern = "^[a-z]{3,3}$")]
    pub locale: Option<String>,
}

impl SearchResult {
    /// The search was answered; `timestamp` is RFC 3339.
    pub fn found(
        request: &SearchItem,
        timestamp: impl Into<String>,
        data: SearchData,
        pagination: Option<PaginationResponse>,
    ) -> Self {
        Self {
            reference_id: request.reference_id.clone(),
            timestamp: timestamp.into(),
            status: MsgStatus::Succ,
            status_reason_code: None,
            status_reason_message: None,
            data: Some(data),
            pagination,
            locale: request.locale.clone().filter(|locale| checks::is_locale(locale)),
        }
    }

    /// The search was rejected; `timestamp` is RFC 3339.
    pub fn rejected(
        request: &SearchItem,
        timestamp: impl Into<String>,
        reason: SearchReason,
        message: impl Into<String>,
    ) -> Self {
        Self {
            reference_id: request.reference_id.clone(),
            timestamp: timestamp.into(),
            status: MsgStatus::Rjct,
            status_reason_code: Some(reason.as_str().to_owned()),
            status_reason_message: Some(message.into()),
            data: None,
            pagination: None,
            locale: request.locale.clone().filter(|locale| checks::is_locale(locale)),
        }
    }
}

/// The records of one search.
#[derive(Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SearchData {
    /// Version of the record format.
    #[serde(default = "version_1", deserialize_with = "version_or_default")]
    #[schema(required = false, default = "1.0.0")]
    pub version: String,
    /// The registry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reg_type: Option<String>,
    /// Kind of the records; equal to their `@type`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reg_record_type: Option<String>,
    /// The records, JSON-LD objects.
    #[schema(value_type = Vec<Object>)]
    pub reg_records: Vec<Value>,
}
masked_debug!(SearchData { show: version, reg_type, reg_record_type; hide: reg_records });

/// Where in the list of all hits a page stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PaginationResponse {
    /// Records per page, as asked.
    #[serde(deserialize_with = "count")]
    pub page_size: i64,
    /// The page, from 1.
    #[serde(deserialize_with = "count")]
    pub page_number: i64,
    /// All hits.
    #[serde(deserialize_with = "count")]
    pub total_count: i64,
}
