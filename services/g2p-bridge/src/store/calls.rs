//! Calls to banks, and the payments in them.

use std::collections::HashMap;

use sea_orm::{ConnectionTrait, FromQueryResult};
use storage::{StoreResult, sql};
use uuid::Uuid;

use super::disbursements::parse_state;
use crate::domain::disbursement::State;

/// Whether a call was made; to this bank, when one is given.
pub async fn is_known<C: ConnectionTrait>(
    conn: &C,
    tenant: &str,
    call: Uuid,
    bank: Option<&str>,
) -> StoreResult<bool> {
    let found: Option<i32> = sql::scalar(
        conn,
        "SELECT 1 FROM bank_calls WHERE tenant_id = $1 AND call_id = $2 AND ($3::text IS NULL OR bank_code = upper($3))",
        [tenant.into(), call.into(), bank.into()],
    )
    .await?;
    Ok(found.is_some())
}

/// The payments of a call.
pub async fn payments<C: ConnectionTrait>(conn: &C, tenant: &str, call: Uuid) -> StoreResult<Vec<String>> {
    sql::scalars(conn, include_str!("sql/call_payments.sql"), [tenant.into(), call.into()]).await
}

#[derive(FromQueryResult)]
struct Row {
    disbursement_id: String,
    state: String,
}

/// Those of the payments that were sent in the call, locked in the order of their ids, and where they stand.
pub async fn lock_payments<C: ConnectionTrait>(
    tx: &C,
    tenant: &str,
    call: Uuid,
    ids: Vec<String>,
) -> StoreResult<HashMap<String, State>> {
    let rows: Vec<Row> = sql::fetch_all(
        tx,
        include_str!("sql/lock_call_payments.sql"),
        [tenant.into(), ids.into(), call.into()],
    )
    .await?;
    rows.into_iter().map(|row| Ok((row.disbursement_id, parse_state(&row.state)?))).collect()
}
