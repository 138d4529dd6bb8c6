//! How Postgres plans the statements of a transaction.

use sea_orm::ConnectionTrait;
use storage::StoreResult;

/// Each statement over arrays is planned for the table as it is now, until the transaction ends. A plan made while a table was
/// small, and kept, would read all of it for ever.
///
/// # Errors
/// When the database cannot be asked.
pub async fn afresh<C: ConnectionTrait>(tx: &C) -> StoreResult<()> {
    tx.execute_unprepared("SET LOCAL plan_cache_mode = force_custom_plan").await?;
    Ok(())
}

/// Plans are kept, for a statement that writes many rows which refer to another table: Postgres looks up what each row
/// refers to by a statement of its own, and [`afresh`] would have that planned for every row.
///
/// # Errors
/// When the database cannot be asked.
pub async fn kept<C: ConnectionTrait>(tx: &C) -> StoreResult<()> {
    tx.execute_unprepared("SET LOCAL plan_cache_mode = auto").await?;
    Ok(())
}
