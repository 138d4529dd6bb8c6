//! Rows that wait to be sealed, or to be opened again where sealing was turned off.

use sea_orm::{ConnectionTrait, FromQueryResult};
use storage::{StoreResult, sql};
use uuid::Uuid;

/// What a mapping keeps that may be sealed, as it is stored.
#[derive(FromQueryResult)]
pub(crate) struct Stored {
    pub(crate) tenant_id: String,
    pub(crate) id_value: String,
    pub(crate) fa_value: String,
    pub(crate) name: Option<String>,
    pub(crate) phone: Option<String>,
}

/// By what the secrets are known again.
#[derive(FromQueryResult)]
pub(crate) struct Probe {
    pub(crate) probe: String,
    pub(crate) index: String,
}

/// The probe that was kept first, when any was.
pub(crate) async fn probe(conn: &impl ConnectionTrait) -> StoreResult<Option<Probe>> {
    sql::fetch_optional(conn, "SELECT probe, index FROM mapping_sealing", []).await
}

/// Tells the triggers whether the service seals, and keeps the first probe.
pub(crate) async fn announce(conn: &impl ConnectionTrait, seals: bool, probe: Probe) -> StoreResult<()> {
    let statement = "INSERT INTO mapping_sealing AS s (seals, probe, index) VALUES ($1, $2, $3)
         ON CONFLICT (one) DO UPDATE SET seals = excluded.seals WHERE s.seals <> excluded.seals";
    sql::execute(conn, statement, [seals.into(), probe.probe.into(), probe.index.into()]).await?;
    Ok(())
}

/// Mappings that have a plain value, held until the transaction ends; none that another process holds.
pub(crate) async fn plain(tx: &impl ConnectionTrait, limit: i64) -> StoreResult<Vec<Stored>> {
    sql::fetch_all(
        tx,
        "SELECT tenant_id, id_value, fa_value, name, phone FROM id_fa_mappings
          WHERE left(fa_value, 4) <> 'enc:' OR left(name, 4) <> 'enc:' OR left(phone, 4) <> 'enc:'
          LIMIT $1 FOR UPDATE SKIP LOCKED",
        [limit.into()],
    )
    .await
}

/// The same of mappings that are sealed.
pub(crate) async fn sealed(tx: &impl ConnectionTrait, limit: i64) -> StoreResult<Vec<Stored>> {
    sql::fetch_all(
        tx,
        "SELECT tenant_id, id_value, fa_value, name, phone FROM id_fa_mappings
          WHERE fa_index IS NOT NULL LIMIT $1 FOR UPDATE SKIP LOCKED",
        [limit.into()],
    )
    .await
}

/// Writes held mappings anew, the same in another form: no entry of the history tells of it.
pub(crate) async fn rewrite(
    tx: &impl ConnectionTrait,
    rows: Vec<Stored>,
    indexes: Vec<Option<String>>,
) -> StoreResult<()> {
    let mut columns: [Vec<Option<String>>; 5] = std::array::from_fn(|_| Vec::with_capacity(rows.len()));
    for row in rows {
        let values = [Some(row.tenant_id), Some(row.id_value), Some(row.fa_value), row.name, row.phone];
        for (column, value) in columns.iter_mut().zip(values) {
            column.push(value);
        }
    }
    let values = columns.into_iter().chain([indexes]).map(sql::nullable);
    sql::execute(tx, include_str!("sql/rewrite.sql"), values).await?;
    Ok(())
}

/// A state in an entry of the history that holds only a commitment to it.
#[derive(FromQueryResult)]
pub(crate) struct PlainEntry {
    pub(crate) tenant_id: String,
    pub(crate) id_value: String,
    pub(crate) no: i64,
    pub(crate) salt: Uuid,
    pub(crate) before: Option<String>,
    pub(crate) after: Option<String>,
}

/// Removes entries that wait to be sealed, and returns them; none that another process holds.
pub(crate) async fn take_entries(tx: &impl ConnectionTrait, limit: i64) -> StoreResult<Vec<PlainEntry>> {
    sql::fetch_all(
        tx,
        "DELETE FROM mapping_history_plain AS p USING (
            SELECT tenant_id, id_value, no FROM mapping_history_plain LIMIT $1 FOR UPDATE SKIP LOCKED) AS w
          WHERE p.tenant_id = w.tenant_id AND p.id_value = w.id_value AND p.no = w.no
         RETURNING p.tenant_id, p.id_value, p.no, p.salt, p.before, p.after",
        [limit.into()],
    )
    .await
}

/// Keeps what entries say, sealed: tenant, id, number, sealed text.
pub(crate) async fn keep_entries(
    tx: &impl ConnectionTrait,
    entries: Vec<(String, String, i64, String)>,
) -> StoreResult<()> {
    let mut columns: (Vec<String>, Vec<String>, Vec<i64>, Vec<String>) = Default::default();
    for (tenant, id, no, sealed) in entries {
        columns.0.push(tenant);
        columns.1.push(id);
        columns.2.push(no);
        columns.3.push(sealed);
    }
    sql::execute(
        tx,
        "INSERT INTO mapping_history_sealed (tenant_id, id_value, no, sealed)
         SELECT * FROM UNNEST($1::text[], $2::text[], $3::bigint[], $4::text[])",
        [columns.0.into(), columns.1.into(), columns.2.into(), columns.3.into()],
    )
    .await?;
    Ok(())
}
