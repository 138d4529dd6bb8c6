//! The layout of the table of mappings, and the statements that give it another one.

use sea_orm::{ConnectionTrait, DatabaseTransaction, TransactionTrait};
use storage::{StoreError, StoreResult, sql};

use crate::domain::Layout;

/// The layout that is there; `None` when somebody made partitions otherwise than we do.
pub(crate) async fn current(conn: &impl ConnectionTrait) -> StoreResult<Option<Layout>> {
    let partitions: Option<i32> = sql::scalar(conn, include_str!("sql/layout/current.sql"), []).await?;
    Ok(partitions.and_then(|n| u16::try_from(n).ok()).and_then(|n| Layout::wanted(n).ok()))
}

/// Holds back every other change of the layout, and migrations, until the transaction ends. It may take as long as it takes.
pub(crate) async fn begin(tx: &impl ConnectionTrait) -> StoreResult<()> {
    sql::execute(tx, "SET LOCAL statement_timeout = 0", []).await?;
    let statement =
        "SELECT pg_advisory_xact_lock(hashtextextended('openg2p-migrate-' || current_schema(), 0))";
    sql::execute(tx, statement, []).await?;
    Ok(())
}

/// How much the table is held back from others.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Hold {
    /// It can be read and not changed.
    Changes,
    /// It can be neither read nor changed.
    All,
}

/// Tries for half a second to hold the table. A lock that is waited for stands in the way of those that come later, and
/// the server ends one of two sessions that wait for each other after a second: so it is given up before that.
///
/// # Errors
/// `Timeout` when others use the table; the transaction goes on as it was.
pub(crate) async fn try_hold(tx: &DatabaseTransaction, hold: Hold) -> StoreResult<()> {
    let mode = match hold {
        Hold::Changes => "EXCLUSIVE",
        Hold::All => "ACCESS EXCLUSIVE",
    };
    let attempt = tx.begin().await?;
    sql::execute(&attempt, "SET LOCAL lock_timeout = '500ms'", []).await?;
    if let Err(error) = sql::execute(&attempt, &format!("LOCK TABLE id_fa_mappings IN {mode} MODE"), []).await
    {
        attempt.rollback().await?;
        return Err(error);
    }
    attempt.commit().await?;
    sql::execute(tx, "SET LOCAL lock_timeout = 0", []).await?;
    Ok(())
}

/// Sessions that use the table now, by the numbers of their server processes.
pub(crate) async fn users(tx: &impl ConnectionTrait) -> StoreResult<Vec<String>> {
    sql::scalars(
        tx,
        "SELECT DISTINCT pid::text FROM pg_locks
          WHERE relation IN (SELECT 'id_fa_mappings'::regclass::oid UNION SELECT relid::oid FROM pg_partition_tree('id_fa_mappings'))
            AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
            AND granted AND pid <> pg_backend_pid() ORDER BY 1",
        [],
    )
    .await
}

/// What would be lost or is in the way, each as a clause that begins with its name.
pub(crate) async fn obstacles(tx: &impl ConnectionTrait, wanted: Layout) -> StoreResult<Vec<String>> {
    sql::scalars(tx, include_str!("sql/layout/obstacles.sql"), [number(wanted)]).await
}

/// Rows, as the server estimates them, and what they and their indexes take on the disk, as people write it.
pub(crate) async fn size(tx: &impl ConnectionTrait) -> StoreResult<(i64, String)> {
    let tables = "(SELECT 'id_fa_mappings'::regclass::oid AS oid UNION SELECT relid::oid FROM pg_partition_tree('id_fa_mappings')) t
                  JOIN pg_class c USING (oid)";
    let rows = format!("SELECT sum(greatest(reltuples, 0))::bigint FROM {tables} WHERE relkind = 'r'");
    let bytes =
        format!("SELECT pg_size_pretty(sum(pg_total_relation_size(oid))) FROM {tables} WHERE relkind = 'r'");
    let rows: Option<i64> = sql::scalar(tx, &rows, []).await?;
    let bytes: Option<String> = sql::scalar(tx, &bytes, []).await?;
    Ok((rows.unwrap_or_default(), bytes.unwrap_or_default()))
}

/// Makes the empty tables of the wanted layout beside the present one.
pub(crate) async fn make_tables(tx: &impl ConnectionTrait, wanted: Layout) -> StoreResult<()> {
    run(tx, include_str!("sql/layout/tables.sql"), Some(wanted)).await
}

/// Takes all rows over, and returns how many there are.
pub(crate) async fn copy(tx: &impl ConnectionTrait) -> StoreResult<u64> {
    let statement: Option<String> = sql::scalar(tx, include_str!("sql/layout/copy.sql"), []).await?;
    let statement = statement.ok_or(StoreError::NotFound("the table of mappings"))?;
    sql::execute(tx, &statement, []).await
}

/// Gives the new tables indexes, triggers and rights.
pub(crate) async fn furnish(tx: &impl ConnectionTrait, wanted: Layout) -> StoreResult<()> {
    run(tx, include_str!("sql/layout/furnish.sql"), Some(wanted)).await
}

/// Puts the new tables in the place of the present one, which goes.
pub(crate) async fn swap(tx: &impl ConnectionTrait) -> StoreResult<()> {
    run(tx, include_str!("sql/layout/swap.sql"), None).await
}

/// Lets the server know what is in the new tables. Not inside a transaction.
pub(crate) async fn refresh_statistics(conn: &impl ConnectionTrait) -> StoreResult<()> {
    sql::execute(conn, "VACUUM (ANALYZE) id_fa_mappings", []).await?;
    Ok(())
}

/// Runs the statements that a query answers with.
async fn run(tx: &impl ConnectionTrait, query: &str, wanted: Option<Layout>) -> StoreResult<()> {
    let statements: Vec<String> = sql::scalars(tx, query, wanted.map(number)).await?;
    for statement in statements {
        sql::execute(tx, &statement, []).await?;
    }
    Ok(())
}

fn number(layout: Layout) -> sea_orm::Value {
    i32::from(layout.partitions()).into()
}
