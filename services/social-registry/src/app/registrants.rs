//! Asking the registry about people and households.

use platform::{ApiError, ApiResult, Ctx};
use uuid::Uuid;

use super::{COMPARE, LOOKUP, READ, sendable};
use crate::{
    State,
    domain::text,
    store::{
        feed::{self, Comparison, Counts, Pseudonym},
        records::{self, HistoryRow, Key, Record},
        registrants,
    },
};

/// Most items of one request.
pub(crate) const MOST: usize = 1_000;

/// What to look up by. Exactly one way.
#[derive(Debug, Clone, Default)]
pub(crate) struct Question {
    pub document: Option<(String, String)>,
    pub pseudonym: Option<String>,
    pub external_id: Option<String>,
    pub social_id: Option<String>,
}

/// The records that have the key, and those that stand for them. Every look-up leaves a row in the audit log.
pub(crate) async fn look_up(state: &State, ctx: &Ctx, question: Question) -> ApiResult<Vec<Record>> {
    if !ctx.may(LOOKUP) {
        ctx.require(READ)?;
    }
    let key = key(state, question)?;
    let tenant = ctx.tenant.as_str();
    let tx = state.db.begin().await?;
    let found = records::find(&tx, tenant, key).await?;
    let records = records::load(&tx, tenant, found).await?;
    let subjects = records.iter().map(|r| r.registrant_id).collect();
    registrants::audit(&tx, tenant, &ctx.actor.label(), "registrant.lookup", subjects).await?;
    tx.commit().await.map_err(storage::StoreError::from)?;
    Ok(records)
}

fn key(state: &State, question: Question) -> ApiResult<Key> {
    let Question { document, pseudonym, external_id, social_id } = question;
    let given = [document.is_some(), pseudonym.is_some(), external_id.is_some(), social_id.is_some()];
    if given.into_iter().filter(|g| *g).count() != 1 {
        return Err(ApiError::unprocessable(
            "key_invalid",
            "give exactly one of: id_type with value, pseudonym, external_id, social_id",
        ));
    }
    for (field, text) in [("pseudonym", &pseudonym), ("external_id", &external_id), ("social_id", &social_id)]
    {
        sendable(field, text.as_deref().unwrap_or_default(), text::MAX_ID)?;
    }
    Ok(match (document, pseudonym, external_id, social_id) {
        (Some((id_type, value)), ..) => {
            sendable("id_type", &id_type, text::MAX_ID)?;
            Key::Document { value_hash: state.document_hash(&id_type, &value), id_type }
        }
        (_, Some(pseudonym), ..) => Key::Pseudonym(pseudonym),
        (_, _, Some(external_id), _) => Key::ExternalId(external_id),
        (_, _, _, social_id) => Key::SocialId(social_id.unwrap_or_default()),
    })
}

fn limited<T>(field: &str, items: &[T]) -> ApiResult<()> {
    if items.is_empty() || items.len() > MOST {
        return Err(ApiError::unprocessable("batch_size", format!("{field} must have 1 to {MOST} items"))
            .with_field(field, format!("has {} items", items.len())));
    }
    Ok(())
}

/// The pseudonyms of external ids; unknown ones are left out.
pub(crate) async fn pseudonyms(
    state: &State,
    ctx: &Ctx,
    external_ids: Vec<String>,
) -> ApiResult<Vec<Pseudonym>> {
    ctx.require(READ)?;
    limited("external_ids", &external_ids)?;
    // An id that cannot be in the database is unknown.
    let ids = external_ids.into_iter().filter(|id| !id.contains('\0')).collect();
    Ok(feed::pseudonyms(&state.db, ctx.tenant.as_str(), ids).await?)
}

/// What people are compared by; unknown people, households and duplicates are left out.
pub(crate) async fn comparisons(state: &State, ctx: &Ctx, people: Vec<Uuid>) -> ApiResult<Vec<Comparison>> {
    ctx.require(COMPARE)?;
    limited("registrant_ids", &people)?;
    Ok(feed::comparisons(&state.db, ctx.tenant.as_str(), people).await?)
}

/// Changes of a record after `after`; one more than the page.
pub(crate) async fn history(
    state: &State,
    ctx: &Ctx,
    registrant_id: Uuid,
    after: i64,
    limit: u32,
) -> ApiResult<Vec<HistoryRow>> {
    ctx.require(READ)?;
    let tenant = ctx.tenant.as_str();
    let tx = state.db.begin().await?;
    registrants::audit(&tx, tenant, &ctx.actor.label(), "registrant.history", vec![registrant_id]).await?;
    tx.commit().await.map_err(storage::StoreError::from)?;
    Ok(records::history(&state.db, tenant, registrant_id, after, i64::from(limit) + 1).await?)
}

/// How much is registered.
pub(crate) async fn counts(state: &State, ctx: &Ctx) -> ApiResult<Counts> {
    ctx.require(READ)?;
    Ok(feed::counts(&state.db, ctx.tenant.as_str()).await?)
}
