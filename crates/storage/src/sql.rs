//! Statements in plain SQL with typed rows, on a pool or inside a transaction.
//!
//! Arrays are ordinary values: `sql::execute(&tx, "… = ANY($1)", [ids.into()])` with `ids: Vec<String>`.
//! Nullable columns of a batch are `Vec<Option<T>>`, made into a value by [`nullable`].

use sea_orm::{ConnectionTrait, DbBackend, FromQueryResult, Statement, TryGetable, Value, sqlx};

use crate::{Db, StoreError, StoreResult};

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

/// All rows of a query that is planned for its tables and values as they are now, not by a plan that was kept. In two round
/// trips, where a transaction would take four.
///
/// # Errors
/// As classified by [`StoreError`].
pub async fn fetch_all_afresh<T: FromQueryResult>(
    db: &Db,
    query: sqlx::query::Query<'_, sqlx::Postgres, sqlx::postgres::PgArguments>,
) -> StoreResult<Vec<T>> {
    let mut tx =
        db.pool().begin_with("BEGIN READ ONLY; SET LOCAL plan_cache_mode = force_custom_plan").await?;
    let rows = query.fetch_all(&mut *tx).await?;
    // Ended when the connection goes back to the pool: nobody waits for that.
    drop(tx);
    rows.into_iter().map(|row| T::from_query_result(&row.into(), "").map_err(StoreError::from)).collect()
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

/// An array parameter whose elements may be null, for `UNNEST($1::text[])`. The statement must cast it to the array type,
/// because it is sent as text: sea-query's own arrays panic on a null element.
#[must_use]
pub fn nullable<T>(items: Vec<Option<T>>) -> Value
where
    T: Into<Value>,
{
    let mut literal = String::from("{");
    for (index, item) in items.into_iter().enumerate() {
        if index > 0 {
            literal.push(',');
        }
        match item.and_then(|item| text_of(item.into())) {
            Some(text) => push_quoted(&mut literal, &text),
            None => literal.push_str("NULL"),
        }
    }
    literal.push('}');
    literal.into()
}

/// How Postgres reads the value from text; `None` is NULL.
fn text_of(value: Value) -> Option<String> {
    match value {
        Value::String(text) => text,
        Value::Bool(v) => v.map(|v| v.to_string()),
        Value::SmallInt(v) => v.map(|v| v.to_string()),
        Value::Int(v) => v.map(|v| v.to_string()),
        Value::BigInt(v) => v.map(|v| v.to_string()),
        Value::Float(v) => v.map(|v| v.to_string()),
        Value::Double(v) => v.map(|v| v.to_string()),
        Value::Uuid(v) => v.map(|v| v.to_string()),
        Value::Json(v) => v.map(|v| v.to_string()),
        Value::TimeDate(v) => v.map(|v| v.to_string()),
        // `2026-01-31 12:00:00.123456 +00:00:00`
        Value::TimeDateTimeWithTimeZone(v) => v.map(|v| v.to_string()),
        Value::Bytes(v) => v.map(|v| v.iter().fold("\\x".to_owned(), |hex, byte| format!("{hex}{byte:02x}"))),
        // Not reached by the types the workspace stores; sea-query writes an SQL literal, which a cast refuses loudly.
        other => Some(other.to_string()),
    }
}

fn push_quoted(literal: &mut String, text: &str) {
    literal.push('"');
    for character in text.chars() {
        if matches!(character, '"' | '\\') {
            literal.push('\\');
        }
        literal.push(character);
    }
    literal.push('"');
}

#[cfg(test)]
mod tests {
    use sea_orm::Value;
    use time::{OffsetDateTime, macros::date};

    use super::nullable;

    fn literal(value: Value) -> String {
        match value {
            Value::String(Some(text)) => text,
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn elements_are_quoted_and_nulls_are_not() {
        let texts = vec![Some("a,\"b\\".to_owned()), None, Some(String::new()), Some("NULL".to_owned())];
        assert_eq!(literal(nullable(texts)), r#"{"a,\"b\\",NULL,"","NULL"}"#);
        assert_eq!(literal(nullable(vec![Some(-1i64), None])), r#"{"-1",NULL}"#);
        assert_eq!(literal(nullable(vec![Some(date!(2026 - 02 - 01))])), r#"{"2026-02-01"}"#);
        let epoch = literal(nullable(vec![Some(OffsetDateTime::UNIX_EPOCH)]));
        assert_eq!(epoch, r#"{"1970-01-01 0:00:00.0 +00:00:00"}"#);
        assert_eq!(literal(nullable(vec![Some(vec![0u8, 255])])), r#"{"\\x00ff"}"#);
        assert_eq!(literal(nullable(Vec::<Option<String>>::new())), "{}");
    }
}
