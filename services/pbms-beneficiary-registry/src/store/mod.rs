//! Statements of this service. Batches are set-based; no statement holds a value in its text.

pub mod cycles;
pub mod disbursements;
pub mod eligibility;
pub mod entitlements;
pub mod envelopes;
pub mod households;
pub mod lookups;
pub mod programs;
pub mod runs;

use storage::{ConnectionTrait, StoreResult};

use crate::domain::rule::Param;

/// Has the statements of this transaction planned for the tables as they are now. A plan that was made while a table was
/// empty is kept otherwise, and becomes slower with every row of a bulk load.
pub(crate) async fn plan_anew<C: ConnectionTrait>(tx: &C) -> StoreResult<()> {
    tx.execute_unprepared("SET LOCAL plan_cache_mode = force_custom_plan").await?;
    Ok(())
}

/// The parameter as the database takes it.
pub(crate) fn value(param: Param) -> sea_orm::Value {
    match param {
        Param::Int(n) => n.into(),
        Param::Double(n) => n.into(),
        Param::Text(text) => text.into(),
        Param::Date(date) => date.into(),
        Param::Doubles(numbers) => numbers.into(),
        Param::Texts(texts) => texts.into(),
        Param::Dates(dates) => dates.into(),
    }
}
