//! Deciding who takes part: the compiled rule over a range of households, in one statement.

use std::collections::BTreeMap;

use storage::{ConnectionTrait, FromQueryResult, StoreResult, sql};
use time::{Date, OffsetDateTime};
use uuid::Uuid;

use crate::domain::rule::{Compiler, Condition};

/// What one enrolment works with.
#[derive(Debug, Clone)]
pub struct Enrolment<'a> {
    pub tenant: &'a str,
    pub program: Uuid,
    pub run: Uuid,
    pub rule_version: i32,
    pub as_of: Date,
    pub actor: &'a str,
    pub at: OffsetDateTime,
}

/// The last household of the next chunk; none when there are no more.
pub async fn chunk_end<C: ConnectionTrait>(
    conn: &C,
    tenant: &str,
    program: Uuid,
    after: &str,
    size: i64,
) -> StoreResult<Option<(String, i64)>> {
    #[derive(FromQueryResult)]
    struct Chunk {
        last: Option<String>,
        size: i64,
    }
    let chunk: Option<Chunk> = sql::fetch_optional(
        conn,
        "SELECT max(household_id) AS last, count(*) AS size FROM (
            SELECT household_id FROM households
             WHERE tenant_id = $1 AND program_id = $2 AND household_id > $3 ORDER BY household_id LIMIT $4) c",
        [tenant.into(), program.into(), after.into(), size.into()],
    )
    .await?;
    Ok(chunk.and_then(|chunk| chunk.last.map(|last| (last, chunk.size))))
}

/// Decides on the households after `after` up to `upto`. Returns how many memberships changed.
pub async fn decide<C: ConnectionTrait>(
    tx: &C,
    enrolment: &Enrolment<'_>,
    rule: &Condition,
    after: &str,
    upto: &str,
) -> StoreResult<i64> {
    let mut compiler = Compiler::new(10, "$5::date");
    let verdict = compiler.condition(&rule.expr);
    let statement = include_str!("sql/decide.sql").replace("/*RULE*/", &verdict);
    let fixed = [
        enrolment.tenant.into(),
        enrolment.program.into(),
        after.into(),
        upto.into(),
        enrolment.as_of.into(),
        enrolment.run.into(),
        enrolment.rule_version.into(),
        enrolment.actor.into(),
        enrolment.at.into(),
    ];
    let values = fixed.into_iter().chain(compiler.into_params().into_iter().map(super::value));
    Ok(sql::scalar(tx, &statement, values).await?.unwrap_or(0))
}

/// How many households are in which state, for which reason.
pub async fn tally<C: ConnectionTrait>(
    conn: &C,
    tenant: &str,
    program: Uuid,
) -> StoreResult<BTreeMap<(String, Option<String>), i64>> {
    #[derive(FromQueryResult)]
    struct Row {
        state: String,
        reason: Option<String>,
        count: i64,
    }
    let rows: Vec<Row> = sql::fetch_all(
        conn,
        "SELECT state, reason, count(*) AS count FROM memberships
          WHERE tenant_id = $1 AND program_id = $2 GROUP BY state, reason",
        [tenant.into(), program.into()],
    )
    .await?;
    Ok(rows.into_iter().map(|row| ((row.state, row.reason), row.count)).collect())
}
