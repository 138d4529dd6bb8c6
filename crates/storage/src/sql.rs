//! Statements in plain SQL with typed rows, on a pool or inside a transaction.
//!
//! Arrays are ordinary values: `sql::execute(&tx, "… = ANY($1)", [ids.into()])` with `ids: Vec<String>`.
//! Nullable columns of a batch are `Vec<Option<T>>`, made into a value by [`nullable`].

use sea_orm::{
    ConnectionTrait, DbBackend, FromQueryResult, Statement, TryGetable, Value,
    sea_query::{ArrayType, ValueType},
};

use crate::{StoreError, StoreResult};

fn statement(sql: &str, values: impl IntoIterator<Item = Value>) -> Statement {
    Statement::from_sql_and_values(DbBackend::Postgres, sql, values)
}

/// Runs a statement and returns the number of rows it changed.
///
/// # Errors
/// As classified by [`StoreError`].
pub async fn execute<C: ConnectionTrait>(
    conn: &C,
    sql: &str,
    values: impl IntoIterator<Item = Value>,
) -> StoreResult<u64> {
    Ok(conn.execute_raw(statement(sql, values)).await?.rows_affected())
}

/// All rows of a query.
///
/// # Errors
/// As classified by [`StoreError`].
pub async fn fetch_all<T: FromQueryResult>(
    conn: &impl ConnectionTrait,
    sql: &str,
    values: impl IntoIterator<Item = Value>,
) -> StoreResult<Vec<T>> {
    let rows = conn.query_all_raw(statement(sql, values)).await?;
    rows.iter().map(|row| T::from_query_result(row, "").map_err(StoreError::from)).collect()
}

/// The first row, if there is one.
///
/// # Errors
/// As classified by [`StoreError`].
pub async fn fetch_optional<T: FromQueryResult>(
    conn: &impl ConnectionTrait,
    sql: &str,
    values: impl IntoIterator<Item = Value>,
) -> StoreResult<Option<T>> {
    let row = conn.query_one_raw(statement(sql, values)).await?;
    row.map(|row| T::from_query_result(&row, "").map_err(StoreError::from)).transpose()
}

/// The first row.
///
/// # Errors
/// `NotFound(what)` when there is none.
pub async fn fetch_one<T: FromQueryResult>(
    conn: &impl ConnectionTrait,
    what: &'static str,
    sql: &str,
    values: impl IntoIterator<Item = Value>,
) -> StoreResult<T> {
    fetch_optional(conn, sql, values).await?.ok_or(StoreError::NotFound(what))
}

/// The first column of the first row, if there is one.
///
/// # Errors
/// As classified by [`StoreError`].
pub async fn scalar<T: TryGetable>(
    conn: &impl ConnectionTrait,
    sql: &str,
    values: impl IntoIterator<Item = Value>,
) -> StoreResult<Option<T>> {
    let row = conn.query_one_raw(statement(sql, values)).await?;
    row.map(|row| row.try_get_by_index::<T>(0).map_err(StoreError::from)).transpose()
}

/// The first column of every row.
///
/// # Errors
/// As classified by [`StoreError`].
pub async fn scalars<T: TryGetable>(
    conn: &impl ConnectionTrait,
    sql: &str,
    values: impl IntoIterator<Item = Value>,
) -> StoreResult<Vec<T>> {
    let rows = conn.query_all_raw(statement(sql, values)).await?;
    rows.iter().map(|row| row.try_get_by_index::<T>(0).map_err(StoreError::from)).collect()
}

/// An array parameter whose elements may be null, for `UNNEST`.
#[must_use]
pub fn nullable<T>(items: Vec<Option<T>>) -> Value
where
    T: Into<Value> + ValueType,
    Option<T>: Into<Value>,
{
    let array_type: ArrayType = T::array_type();
    Value::Array(array_type, Some(Box::new(items.into_iter().map(Into::into).collect())))
}
