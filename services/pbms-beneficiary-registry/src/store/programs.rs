//! Programmes and their versions.

use storage::{ConnectionTrait, FromQueryResult, StoreResult, sql};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::domain::definition::Definition;

/// A programme with one of its versions.
#[derive(Debug, Clone, FromQueryResult)]
pub struct ProgramRow {
    pub id: Uuid,
    pub number: i64,
    pub mnemonic: String,
    pub name: String,
    pub description: String,
    pub currency: String,
    pub time_zone: String,
    pub target: String,
    pub state: String,
    pub rule_version: i32,
    pub definition: serde_json::Value,
    pub created_at: OffsetDateTime,
    pub created_by: String,
}

impl ProgramRow {
    /// The stored definition.
    ///
    /// # Errors
    /// When another version of this service wrote something this one does not know.
    pub fn definition(&self) -> anyhow::Result<Definition> {
        Ok(serde_json::from_value(self.definition.clone())?)
    }
}

const SELECT: &str = "SELECT p.id, p.number, p.mnemonic, p.name, p.description, p.currency, p.time_zone, p.target, \
    p.state, v.version AS rule_version, v.definition, p.created_at, p.created_by \
    FROM programs p JOIN program_versions v ON v.tenant_id = p.tenant_id AND v.program_id = p.id";

/// A new programme, in the terms of its tables.
#[derive(Debug)]
pub struct NewProgram<'a> {
    pub id: Uuid,
    pub mnemonic: &'a str,
    pub name: &'a str,
    pub description: &'a str,
    pub currency: &'a str,
    pub time_zone: &'a str,
    pub target: &'a str,
    pub definition: &'a Definition,
    pub at: OffsetDateTime,
    pub actor: &'a str,
}

/// Writes the programme, its first version, its benefits and its empty fund account.
pub async fn insert<C: ConnectionTrait>(tx: &C, tenant: &str, new: &NewProgram<'_>) -> StoreResult<()> {
    let definition = serde_json::to_value(new.definition)
        .map_err(|e| storage::StoreError::Other(format!("the definition cannot be stored: {e}")))?;
    sql::execute(
        tx,
        "INSERT INTO programs (tenant_id, id, mnemonic, name, description, currency, time_zone, target, rule_version,
                               created_at, created_by)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 1, $9, $10)",
        [
            tenant.into(),
            new.id.into(),
            new.mnemonic.into(),
            new.name.into(),
            new.description.into(),
            new.currency.into(),
            new.time_zone.into(),
            new.target.into(),
            new.at.into(),
            new.actor.into(),
        ],
    )
    .await?;
    sql::execute(
        tx,
        "INSERT INTO program_versions (tenant_id, program_id, version, definition, created_at, created_by)
         VALUES ($1, $2, 1, $3, $4, $5)",
        [tenant.into(), new.id.into(), definition.into(), new.at.into(), new.actor.into()],
    )
    .await?;
    let codes: Vec<String> = new.definition.benefits.iter().map(|b| b.code.clone()).collect();
    sql::execute(
        tx,
        "INSERT INTO program_benefits (tenant_id, program_id, code, benefit_type)
         SELECT $1, $2, code, 'CASH_DIGITAL' FROM UNNEST($3::text[]) AS code",
        [tenant.into(), new.id.into(), codes.into()],
    )
    .await?;
    sql::execute(
        tx,
        "INSERT INTO fund_accounts (tenant_id, program_id, currency) VALUES ($1, $2, $3)",
        [tenant.into(), new.id.into(), new.currency.into()],
    )
    .await?;
    Ok(())
}

/// The programme with its current version.
pub async fn find<C: ConnectionTrait>(conn: &C, tenant: &str, id: Uuid) -> StoreResult<Option<ProgramRow>> {
    let sql = format!("{SELECT} AND v.version = p.rule_version WHERE p.tenant_id = $1 AND p.id = $2");
    sql::fetch_optional(conn, &sql, [tenant.into(), id.into()]).await
}

/// The programme of this mnemonic with its current version.
pub async fn find_by_mnemonic<C: ConnectionTrait>(
    conn: &C,
    tenant: &str,
    mnemonic: &str,
) -> StoreResult<Option<ProgramRow>> {
    let sql = format!("{SELECT} AND v.version = p.rule_version WHERE p.tenant_id = $1 AND p.mnemonic = $2");
    sql::fetch_optional(conn, &sql, [tenant.into(), mnemonic.into()]).await
}

/// The programme with a certain version.
pub async fn find_version<C: ConnectionTrait>(
    conn: &C,
    tenant: &str,
    id: Uuid,
    version: i32,
) -> StoreResult<Option<ProgramRow>> {
    let sql = format!("{SELECT} AND v.version = $3 WHERE p.tenant_id = $1 AND p.id = $2");
    sql::fetch_optional(conn, &sql, [tenant.into(), id.into(), version.into()]).await
}

/// Up to `limit` programmes after a mnemonic.
pub async fn list<C: ConnectionTrait>(
    conn: &C,
    tenant: &str,
    after: &str,
    limit: i64,
) -> StoreResult<Vec<ProgramRow>> {
    let sql = format!(
        "{SELECT} AND v.version = p.rule_version WHERE p.tenant_id = $1 AND p.mnemonic > $2 ORDER BY p.mnemonic LIMIT $3"
    );
    sql::fetch_all(conn, &sql, [tenant.into(), after.into(), limit.into()]).await
}

/// Number of a benefit, as the bridge knows it.
pub async fn benefit_number<C: ConnectionTrait>(
    conn: &C,
    tenant: &str,
    program: Uuid,
    code: &str,
) -> StoreResult<Option<i64>> {
    sql::scalar(
        conn,
        "SELECT number FROM program_benefits WHERE tenant_id = $1 AND program_id = $2 AND code = $3",
        [tenant.into(), program.into(), code.into()],
    )
    .await
}
