//! Computing entitlements: one statement for a benefit and a range of households.

use std::fmt::Write;

use storage::{ConnectionTrait, FromQueryResult, StoreResult, sql};
use time::Date;
use uuid::Uuid;

use crate::domain::{
    benefit::{CAP_LINE, Per},
    definition::CompiledBenefit,
    rule::Compiler,
};

/// Whom and when a computation is about.
#[derive(Debug, Clone, Copy)]
pub struct Computation<'a> {
    pub tenant: &'a str,
    pub program: Uuid,
    pub cycle: Uuid,
    pub schedule_date: Date,
}

/// Takes back what was computed before.
pub async fn clear<C: ConnectionTrait>(tx: &C, tenant: &str, cycle: Uuid) -> StoreResult<()> {
    for table in ["entitlement_lines", "entitlements"] {
        let statement = format!("DELETE FROM {table} WHERE tenant_id = $1 AND cycle_id = $2");
        sql::execute(tx, &statement, [tenant.into(), cycle.into()]).await?;
    }
    Ok(())
}

/// The last enrolled household of the next chunk, and how many there are in it.
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
            SELECT household_id FROM memberships
             WHERE tenant_id = $1 AND program_id = $2 AND state = 'enrolled' AND household_id > $3
             ORDER BY household_id LIMIT $4) c",
        [tenant.into(), program.into(), after.into(), size.into()],
    )
    .await?;
    Ok(chunk.and_then(|chunk| chunk.last.map(|last| (last, chunk.size))))
}

/// Computes one benefit for the enrolled households after `after` up to `upto`; the same as
/// [`crate::domain::benefit::Benefit::entitlement`] for each of them. Returns how many are entitled.
pub async fn compute<C: ConnectionTrait>(
    tx: &C,
    of: &Computation<'_>,
    benefit: &CompiledBenefit,
    after: &str,
    upto: &str,
) -> StoreResult<u64> {
    let mut compiler = Compiler::new(10, "$6::date");
    let mut counts = String::new();
    let mut lines = String::from("(0, 'base', 1::bigint, $8::bigint)");
    let mut units: Vec<i64> = Vec::new();
    for (n, ((per, condition), addition)) in benefit.rules.iter().zip(&benefit.benefit.additions).enumerate()
    {
        let count = match (per, condition.member) {
            (Per::Member, Some(member)) => compiler.count_of(member, &condition.expr),
            _ => format!("(CASE WHEN {} THEN 1 ELSE 0 END)::bigint", compiler.condition(&condition.expr)),
        };
        let line = n + 1;
        // Numbers only; writing to a String cannot fail.
        let _ = write!(counts, ", {count} AS c{line}");
        let _ = write!(lines, ", ({line}, 'addition', c{line}, ($9::bigint[])[{line}])");
        units.push(addition.unit_minor);
    }
    let statement = include_str!("sql/entitle.sql")
        .replace("/*COUNTS*/", &counts)
        .replace("/*LINES*/", &lines)
        .replace("/*CAP_LINE*/", &CAP_LINE.to_string());
    let fixed = [
        of.tenant.into(),
        of.program.into(),
        of.cycle.into(),
        after.into(),
        upto.into(),
        of.schedule_date.into(),
        benefit.benefit.code.clone().into(),
        benefit.benefit.base_minor.into(),
        units.into(),
    ];
    // The cap comes last because its number is known only now.
    let params = compiler.into_params();
    let cap = format!("${}::bigint", 10 + params.len());
    let statement = statement.replace("/*CAP*/", &cap);
    let values = fixed
        .into_iter()
        .chain(params.into_iter().map(super::value))
        .chain([benefit.benefit.cap_minor.into()]);
    let count: Option<i64> = sql::scalar(tx, &statement, values).await?;
    Ok(u64::try_from(count.unwrap_or(0)).unwrap_or(0))
}

/// What a cycle's entitlements come to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, FromQueryResult)]
pub struct Totals {
    pub entitlements: i64,
    pub households: i64,
    pub total_minor: i64,
}

/// Counts and sums a cycle's entitlements.
pub async fn totals<C: ConnectionTrait>(conn: &C, tenant: &str, cycle: Uuid) -> StoreResult<Totals> {
    sql::fetch_one(
        conn,
        "the totals of a cycle",
        "SELECT count(*) AS entitlements, count(DISTINCT household_id) AS households,
                coalesce(sum(amount_minor), 0)::bigint AS total_minor
           FROM entitlements WHERE tenant_id = $1 AND cycle_id = $2",
        [tenant.into(), cycle.into()],
    )
    .await
}
