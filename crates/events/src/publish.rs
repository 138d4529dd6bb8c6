//! Writing events, inside the transaction of the change they tell of.

use storage::{ConnectionTrait, StoreError, StoreResult, sql, trace_context::current_traceparent};
use uuid::Uuid;

use crate::EventData;

/// Publishes one event when `tx` commits; a rollback publishes nothing. `key` is what the event is about: events of
/// one tenant and key keep their order, provided that the transaction locked or changed that thing before this call.
///
/// # Errors
/// `Other` when the data is not JSON; otherwise the database's.
pub async fn publish<C: ConnectionTrait, E: EventData>(
    tx: &C,
    tenant: &str,
    key: &str,
    data: &E,
) -> StoreResult<()> {
    insert(tx, tenant, vec![(key.to_owned(), to_json(data)?)], E::TOPIC).await
}

/// Publishes many events of one type in one statement, in this order. For a change of many rows prefer one event with
/// up to 500 items.
///
/// # Errors
/// As [`publish`]; nothing is published then.
pub async fn publish_many<C: ConnectionTrait, E: EventData>(
    tx: &C,
    tenant: &str,
    items: &[(String, E)],
) -> StoreResult<()> {
    let rows =
        items.iter().map(|(key, data)| Ok((key.clone(), to_json(data)?))).collect::<StoreResult<Vec<_>>>()?;
    insert(tx, tenant, rows, E::TOPIC).await
}

fn to_json<E: EventData>(data: &E) -> StoreResult<String> {
    serde_json::to_string(data).map_err(|error| {
        StoreError::Other(format!("an event {} cannot be written as JSON: {error}", E::TOPIC))
    })
}

async fn insert<C: ConnectionTrait>(
    tx: &C,
    tenant: &str,
    rows: Vec<(String, String)>,
    topic: &str,
) -> StoreResult<()> {
    if rows.is_empty() {
        return Ok(());
    }
    let ids: Vec<Uuid> = rows.iter().map(|_| Uuid::now_v7()).collect();
    let (keys, payloads): (Vec<String>, Vec<String>) = rows.into_iter().unzip();
    sql::execute(
        tx,
        include_str!("sql/publish.sql"),
        [tenant.into(), topic.into(), current_traceparent().into(), ids.into(), keys.into(), payloads.into()],
    )
    .await?;
    Ok(())
}
