//! How much of its day's limit a partner has used.

use sea_orm::ConnectionTrait;
use storage::{StoreResult, sql};
use time::Date;

/// Takes items from a day's limit; `false` when so many are not left.
pub(crate) async fn take(
    conn: &impl ConnectionTrait,
    tenant: &str,
    partner_id: &str,
    day: Date,
    items: i64,
    limit: i64,
) -> StoreResult<bool> {
    let done = sql::execute(
        conn,
        "INSERT INTO partner_volume AS v (tenant_id, partner_id, day, items)
         SELECT $1, $2, $3, $4 WHERE $4 <= $5
         ON CONFLICT (tenant_id, partner_id, day) DO UPDATE
            SET items = v.items + excluded.items WHERE v.items + excluded.items <= $5",
        [tenant.into(), partner_id.into(), day.into(), items.into(), limit.into()],
    )
    .await?;
    Ok(done == 1)
}

/// Removes the days before one.
pub(crate) async fn forget(conn: &impl ConnectionTrait, before: Date) -> StoreResult<()> {
    sql::execute(conn, "DELETE FROM partner_volume WHERE day < $1", [before.into()]).await?;
    Ok(())
}
