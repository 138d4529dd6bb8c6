//! The names that ids are known for.

use sea_orm::{ConnectionTrait, FromQueryResult};
use storage::{StoreResult, sql};

/// An id that has or had an address, and the name that came with it, as it is stored.
#[derive(FromQueryResult)]
pub(crate) struct Known {
    pub(crate) id_value: String,
    pub(crate) name: Option<String>,
}

/// What is known of these ids: of those that have an address the name beside it, of those that had one the name in the
/// newest entry of their history.
pub(crate) async fn known(
    conn: &impl ConnectionTrait,
    tenant: &str,
    ids: Vec<String>,
) -> StoreResult<Vec<Known>> {
    sql::fetch_all(
        conn,
        "SELECT i.id_value, CASE WHEN m.id_value IS NULL THEN h.name ELSE m.name END AS name
           FROM UNNEST((SELECT $2::text[])) AS i (id_value)
           LEFT JOIN id_fa_mappings m ON m.tenant_id = $1 AND m.id_value = i.id_value
           LEFT JOIN LATERAL (
                SELECT coalesce(e.after, e.before) ->> 'name' AS name FROM mapping_history e
                 WHERE e.tenant_id = $1 AND e.id_value = i.id_value AND e.change IN ('linked', 'updated', 'unlinked')
                 ORDER BY e.no DESC LIMIT 1) h ON m.id_value IS NULL",
        [tenant.into(), ids.into()],
    )
    .await
}
