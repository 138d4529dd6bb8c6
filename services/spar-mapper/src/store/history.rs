//! The history of ids: what was changed, and whether it was tampered with.

use sea_orm::{ConnectionTrait, FromQueryResult};
use serde_json::Value;
use storage::{StoreResult, sql};
use time::OffsetDateTime;
use uuid::Uuid;

/// The digest of the entry `h`, as the database function `mapping_digest` makes it. Written here again, so that somebody
/// who replaces the function cannot make a changed entry look right.
pub(super) const DIGEST: &str = r#"sha256(convert_to(json_build_array(h.tenant_id, h.id_value, h.change,
    to_char(h.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), h.channel, h.actor, h.approved_by, h.message_id,
    h.reason, h.before, h.after)::text, 'UTF8'))"#;

/// The entry before `h` of its id.
pub(super) const PREVIOUS: &str = "LEFT JOIN mapping_history p ON p.tenant_id = h.tenant_id AND p.id_value = h.id_value AND p.no = h.no - 1";

/// Whether the hash of `h` is the one its content and the entry before it, `p`, demand.
pub(super) fn fits() -> String {
    format!(
        "COALESCE(h.hash = CASE WHEN h.no = 1 THEN {DIGEST} ELSE sha256(p.hash || {DIGEST}) END, false) AS fits"
    )
}

/// One change of an id.
#[derive(FromQueryResult)]
pub(crate) struct Entry {
    pub(crate) no: i64,
    pub(crate) change: String,
    pub(crate) at: OffsetDateTime,
    pub(crate) channel: String,
    pub(crate) actor: String,
    pub(crate) approved_by: Option<String>,
    pub(crate) message_id: String,
    pub(crate) reason: Option<String>,
    pub(crate) before: Option<Value>,
    pub(crate) after: Option<Value>,
    /// Where these are commitments: what they commit to, sealed, …
    pub(crate) sealed: Option<String>,
    /// … or not yet.
    pub(crate) salt: Option<Uuid>,
    pub(crate) plain_before: Option<String>,
    pub(crate) plain_after: Option<String>,
}

const ENTRY: &str =
    "SELECT no, change, at, channel, actor, approved_by, message_id, reason, h.before, h.after,
       s.sealed, p.salt, p.before AS plain_before, p.after AS plain_after
  FROM mapping_history h
  LEFT JOIN mapping_history_sealed s USING (tenant_id, id_value, no)
  LEFT JOIN mapping_history_plain p USING (tenant_id, id_value, no)";

/// Entries of an id after the `after`th, oldest first.
pub(crate) async fn entries(
    conn: &impl ConnectionTrait,
    tenant: &str,
    id: &str,
    after: i64,
    limit: i64,
) -> StoreResult<Vec<Entry>> {
    let statement =
        format!("{ENTRY} WHERE tenant_id = $1 AND id_value = $2 AND no > $3 ORDER BY no LIMIT $4");
    sql::fetch_all(conn, &statement, [tenant.into(), id.into(), after.into(), limit.into()]).await
}

/// The entry that gave an id the state it had at a moment; `None` when it had none yet.
pub(crate) async fn entry_at(
    conn: &impl ConnectionTrait,
    tenant: &str,
    id: &str,
    at: OffsetDateTime,
) -> StoreResult<Option<Entry>> {
    let statement = format!(
        "{ENTRY} WHERE tenant_id = $1 AND id_value = $2 AND at <= $3 AND change IN ('linked', 'updated', 'unlinked')
          ORDER BY no DESC LIMIT 1"
    );
    sql::fetch_optional(conn, &statement, [tenant.into(), id.into(), at.into()]).await
}

/// The entry that gave an id the state it had after its `no`th entry.
pub(crate) async fn entry_after(
    conn: &impl ConnectionTrait,
    tenant: &str,
    id: &str,
    no: i64,
) -> StoreResult<Option<Entry>> {
    let statement = format!(
        "{ENTRY} WHERE tenant_id = $1 AND id_value = $2 AND no <= $3 AND change IN ('linked', 'updated', 'unlinked')
          ORDER BY no DESC LIMIT 1"
    );
    sql::fetch_optional(conn, &statement, [tenant.into(), id.into(), no.into()]).await
}

/// How many entries an id has: the number of its newest one.
pub(crate) async fn last_no(conn: &impl ConnectionTrait, tenant: &str, id: &str) -> StoreResult<i64> {
    let statement =
        "SELECT no FROM mapping_history WHERE tenant_id = $1 AND id_value = $2 ORDER BY no DESC LIMIT 1";
    let no: Option<i64> = sql::scalar(conn, statement, [tenant.into(), id.into()]).await?;
    Ok(no.unwrap_or_default())
}

/// The entry that froze an id.
#[derive(Debug, PartialEq, Eq, FromQueryResult)]
pub(crate) struct FrozenBy {
    pub(crate) no: i64,
    pub(crate) hash: Vec<u8>,
}

/// The entry that froze an id; `None` when it is not frozen.
pub(crate) async fn frozen_by(
    conn: &impl ConnectionTrait,
    tenant: &str,
    id: &str,
) -> StoreResult<Option<FrozenBy>> {
    let statement = "SELECT no, hash FROM frozen_ids WHERE tenant_id = $1 AND id_value = $2";
    sql::fetch_optional(conn, statement, [tenant.into(), id.into()]).await
}

/// An entry with the verdict on its hash.
#[derive(Debug, FromQueryResult)]
pub(crate) struct Checked {
    pub(crate) no: i64,
    pub(crate) freezes: bool,
    pub(crate) hash: Vec<u8>,
    pub(crate) fits: bool,
}

/// All entries of an id with a verdict on each, oldest first.
pub(crate) async fn checked(
    conn: &impl ConnectionTrait,
    tenant: &str,
    id: &str,
) -> StoreResult<Vec<Checked>> {
    let statement = format!(
        "SELECT h.no, h.change = 'frozen' AS freezes, h.hash, {} FROM mapping_history h {PREVIOUS}
          WHERE h.tenant_id = $1 AND h.id_value = $2 ORDER BY h.no",
        fits()
    );
    sql::fetch_all(conn, &statement, [tenant.into(), id.into()]).await
}

/// The mapping of an id as entries of the history tell states.
pub(crate) async fn state(conn: &impl ConnectionTrait, tenant: &str, id: &str) -> StoreResult<Option<Value>> {
    sql::scalar(conn, include_str!("sql/state.sql"), [tenant.into(), id.into()]).await
}

/// Freezes or unfreezes an id. `false` when it was so already. Waits for changes of its mapping that are being made.
pub(crate) async fn freeze(
    tx: &impl ConnectionTrait,
    by: &super::ChangedBy,
    id: &str,
    change: &str,
) -> StoreResult<bool> {
    super::hold(tx, &by.tenant, id).await?;
    let done = sql::execute(
        tx,
        include_str!("sql/freeze.sql"),
        [
            by.tenant.clone().into(),
            id.into(),
            change.into(),
            by.at.into(),
            by.channel.into(),
            by.actor.clone().into(),
            by.reason.clone().into(),
        ],
    )
    .await
    .map_err(super::at_once)?;
    Ok(done == 1)
}
