//! The social registry's `POST /registry/sync/search` (SPDCI): a page of households with only the attributes asked for.
//!
//! Two extensions of the criteria: `attributes` names what is wanted, and `pagination.snapshot_id` names the stored list
//! that all pages of a pull are read from, so that everybody arrives exactly once however the registry changes meanwhile.

use std::collections::BTreeSet;

use g2p_connect::{
    MsgHeader, MsgStatus,
    reason::{Reason, SearchReason},
    registry::{Expression, REG_TYPE_SOCIAL, SearchCriteria},
};
use platform::{CallError, HttpClient, clock::rfc3339};
use serde::Deserialize;
use serde_json::{Value, json};
use time::OffsetDateTime;
use uuid::Uuid;

/// Which page.
#[derive(Debug, Clone)]
pub struct PageRequest<'a> {
    /// Same for all pages of a pull.
    pub transaction_id: &'a str,
    /// The list to read from; none for the first page.
    pub snapshot_id: Option<&'a str>,
    /// From 1.
    pub number: u32,
    /// Households.
    pub size: u32,
    /// What is wanted of each.
    pub attributes: &'a BTreeSet<String>,
}

/// A page of records.
#[derive(Debug)]
pub struct Page {
    /// Household records, not interpreted.
    pub records: Vec<Value>,
    /// Households in the whole list.
    pub total: i64,
    /// The list that the next pages are to be read from.
    pub snapshot_id: Option<String>,
}

/// Why there is no page.
#[derive(Debug, thiserror::Error)]
pub enum SearchError {
    /// No answer, or HTTP said no.
    #[error(transparent)]
    Call(#[from] CallError),
    /// The registry refused the message or the search.
    #[error("the registry refused the search: {code} {message}")]
    Refused {
        /// Its reason code.
        code: String,
        /// Its words.
        message: String,
    },
    /// The registry knows the list no more: the pull must begin again.
    #[error("the registry does not know the list of this pull any more")]
    SnapshotGone,
    /// The answer is not what SPDCI says.
    #[error("the registry's answer cannot be read: {0}")]
    Unreadable(&'static str),
}

impl SearchError {
    /// Whether the same search can never succeed: the registry says what is wrong with it, or that this service may not
    /// ask. (A refused signature can be one whose key the registry has not read yet.)
    #[must_use]
    pub fn is_final(&self) -> bool {
        match self {
            Self::Refused { code, .. } => SearchReason::from_code(code).is_some(),
            Self::Call(CallError::Rejected { status, .. }) => *status == 403,
            Self::Call(_) | Self::SnapshotGone | Self::Unreadable(_) => false,
        }
    }
}

#[derive(Deserialize)]
struct Answer {
    header: AnswerHeader,
    #[serde(default)]
    message: Option<AnswerMessage>,
}

#[derive(Deserialize)]
struct AnswerHeader {
    status: MsgStatus,
    #[serde(default)]
    status_reason_code: Option<String>,
    #[serde(default)]
    status_reason_message: Option<String>,
    #[serde(default)]
    meta: Option<Value>,
}

#[derive(Deserialize)]
struct AnswerMessage {
    #[serde(default)]
    search_response: Vec<AnswerItem>,
}

#[derive(Deserialize)]
struct AnswerItem {
    status: MsgStatus,
    #[serde(default)]
    status_reason_code: Option<String>,
    #[serde(default)]
    status_reason_message: Option<String>,
    #[serde(default)]
    data: Option<AnswerData>,
    #[serde(default)]
    pagination: Option<AnswerPagination>,
}

#[derive(Deserialize)]
struct AnswerData {
    #[serde(default)]
    reg_records: Vec<Value>,
}

#[derive(Deserialize)]
struct AnswerPagination {
    total_count: f64,
    #[serde(default)]
    snapshot_id: Option<String>,
}

/// Asks for a page.
///
/// # Errors
/// [`SearchError`].
pub async fn search(
    http: &HttpClient,
    base_url: &str,
    now: OffsetDateTime,
    page: &PageRequest<'_>,
) -> Result<Page, SearchError> {
    let url = format!("{}/registry/sync/search", base_url.trim_end_matches('/'));
    let answer = http.post_signed(&url, &message(http.partner_id(), now, page)?).await?;
    read(answer.json()?, page.snapshot_id.is_some())
}

fn message(sender: &str, now: OffsetDateTime, page: &PageRequest<'_>) -> Result<Value, SearchError> {
    let header = MsgHeader::new(Uuid::now_v7().to_string(), rfc3339(now), "search", sender, 1)
        .to_receiver("SOCIAL_REGISTRY");
    let mut criteria = SearchCriteria::expression("Group", &Expression::And(Vec::new()));
    criteria.reg_type = Some(REG_TYPE_SOCIAL.to_owned());
    criteria.reg_record_type = Some("group".to_owned());
    criteria.response_entity = Some("Group".to_owned());
    let unwritable = |_| SearchError::Unreadable("the search cannot be written as JSON");
    let mut criteria = serde_json::to_value(criteria).map_err(unwritable)?;
    if let Some(fields) = criteria.as_object_mut() {
        let mut pagination = json!({"page_size": page.size, "page_number": page.number});
        if let (Some(snapshot), Some(pagination)) = (page.snapshot_id, pagination.as_object_mut()) {
            pagination.insert("snapshot_id".to_owned(), snapshot.into());
        }
        fields.insert("pagination".to_owned(), pagination);
        fields.insert("attributes".to_owned(), json!(page.attributes));
    }
    Ok(json!({
        "header": serde_json::to_value(header).map_err(unwritable)?,
        "message": {
            "transaction_id": page.transaction_id,
            "search_request": [{
                "reference_id": format!("page-{}", page.number),
                "timestamp": rfc3339(now),
                "search_criteria": criteria,
            }],
        },
    }))
}

fn read(answer: Answer, with_snapshot: bool) -> Result<Page, SearchError> {
    if answer.header.status == MsgStatus::Rjct {
        return Err(refused(
            answer.header.status_reason_code,
            answer.header.status_reason_message,
            with_snapshot,
        ));
    }
    let item = answer.message.and_then(|m| m.search_response.into_iter().next());
    let item = item.ok_or(SearchError::Unreadable("it has no search_response"))?;
    if item.status == MsgStatus::Rjct {
        return Err(refused(item.status_reason_code, item.status_reason_message, with_snapshot));
    }
    let pagination = item.pagination.ok_or(SearchError::Unreadable("it has no pagination"))?;
    if !(0.0..1e15).contains(&pagination.total_count) {
        return Err(SearchError::Unreadable("its total_count is not a count"));
    }
    #[allow(clippy::cast_possible_truncation, reason = "checked: within the range of exact whole numbers")]
    let total = pagination.total_count as i64;
    let of_header = answer.header.meta.as_ref().and_then(|meta| meta.get("snapshot_id")?.as_str());
    let snapshot_id = pagination.snapshot_id.or_else(|| of_header.map(str::to_owned));
    Ok(Page { records: item.data.map(|data| data.reg_records).unwrap_or_default(), total, snapshot_id })
}

fn refused(code: Option<String>, message: Option<String>, with_snapshot: bool) -> SearchError {
    let code = code.unwrap_or_default();
    if with_snapshot && code == "rjct.pagination.invalid" {
        return SearchError::SnapshotGone;
    }
    let message = message.unwrap_or_default().chars().take(300).collect();
    SearchError::Refused { code, message }
}
