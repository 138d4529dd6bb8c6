//! Programme configurations and their versions.

use sea_orm::{ConnectionTrait, FromQueryResult};
use storage::{StoreResult, sql};
use time::OffsetDateTime;

/// One version of a programme's configuration.
#[derive(Debug, Clone, PartialEq, Eq, FromQueryResult)]
pub struct Program {
    /// The programme.
    pub benefit_program_mnemonic: String,
    /// From 1.
    pub version: i32,
    /// Its name.
    pub benefit_program_name: Option<String>,
    /// Who funds it.
    pub funding_org_code: Option<String>,
    /// Who funds it, in words.
    pub funding_org_name: Option<String>,
    /// Which bank pays.
    pub sponsor_bank_code: String,
    /// From which account.
    pub sponsor_bank_account_number: String,
    /// At which branch.
    pub sponsor_bank_branch_code: Option<String>,
    /// ISO 4217.
    pub sponsor_bank_account_currency: String,
    /// Whether payees' accounts are looked up at the mapper; else the beneficiary id is the financial address.
    pub id_mapper_resolution_required: bool,
    /// IANA name.
    pub time_zone: String,
    /// Where the programme system wants to be told of changes.
    pub notify_url: Option<String>,
    /// When this version was written.
    pub created_at: OffsetDateTime,
}

const COLUMNS: &str =
    "benefit_program_mnemonic, version, benefit_program_name, funding_org_code, funding_org_name,
    sponsor_bank_code, sponsor_bank_account_number, sponsor_bank_branch_code, sponsor_bank_account_currency,
    id_mapper_resolution_required, time_zone, notify_url, created_at";

/// The current version, locked against a concurrent change when `lock`.
pub async fn current<C: ConnectionTrait>(
    conn: &C,
    tenant: &str,
    mnemonic: &str,
    lock: bool,
) -> StoreResult<Option<Program>> {
    let lock = if lock { " FOR UPDATE" } else { "" };
    let query = format!(
        "SELECT {COLUMNS} FROM benefit_programs WHERE tenant_id = $1 AND benefit_program_mnemonic = $2 AND current{lock}"
    );
    sql::fetch_optional(conn, &query, [tenant.into(), mnemonic.into()]).await
}

/// Current versions in the order of their mnemonics, after `after`.
pub async fn page<C: ConnectionTrait>(
    conn: &C,
    tenant: &str,
    after: &str,
    limit: i64,
) -> StoreResult<Vec<Program>> {
    let query = format!(
        "SELECT {COLUMNS} FROM benefit_programs WHERE tenant_id = $1 AND benefit_program_mnemonic > $2 AND current
          ORDER BY benefit_program_mnemonic LIMIT $3"
    );
    sql::fetch_all(conn, &query, [tenant.into(), after.into(), limit.into()]).await
}

/// Current versions with one of these mnemonics, or paid from one of these accounts; both in lower case.
pub async fn of_payers<C: ConnectionTrait>(
    conn: &C,
    tenant: &str,
    mnemonics: Vec<String>,
    accounts: Vec<String>,
) -> StoreResult<Vec<Program>> {
    let query = format!(
        "SELECT {COLUMNS} FROM benefit_programs WHERE tenant_id = $1 AND current
            AND (lower(benefit_program_mnemonic) = ANY($2) OR lower(sponsor_bank_account_number) = ANY($3))
          ORDER BY benefit_program_mnemonic"
    );
    sql::fetch_all(conn, &query, [tenant.into(), mnemonics.into(), accounts.into()]).await
}

/// Writes a version as the current one. `false` when somebody else wrote that version first.
pub async fn insert<C: ConnectionTrait>(
    tx: &C,
    tenant: &str,
    program: &Program,
    actor: &str,
) -> StoreResult<bool> {
    sql::execute(
        tx,
        "UPDATE benefit_programs SET current = false
          WHERE tenant_id = $1 AND benefit_program_mnemonic = $2 AND current AND version < $3",
        [tenant.into(), program.benefit_program_mnemonic.clone().into(), program.version.into()],
    )
    .await?;
    let written = sql::execute(
        tx,
        "INSERT INTO benefit_programs (tenant_id, benefit_program_mnemonic, version, benefit_program_name,
            funding_org_code, funding_org_name, sponsor_bank_code, sponsor_bank_account_number,
            sponsor_bank_branch_code, sponsor_bank_account_currency, id_mapper_resolution_required, time_zone,
            created_at, created_by, notify_url)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15) ON CONFLICT DO NOTHING",
        [
            tenant.into(),
            program.benefit_program_mnemonic.clone().into(),
            program.version.into(),
            program.benefit_program_name.clone().into(),
            program.funding_org_code.clone().into(),
            program.funding_org_name.clone().into(),
            program.sponsor_bank_code.clone().into(),
            program.sponsor_bank_account_number.clone().into(),
            program.sponsor_bank_branch_code.clone().into(),
            program.sponsor_bank_account_currency.clone().into(),
            program.id_mapper_resolution_required.into(),
            program.time_zone.clone().into(),
            program.created_at.into(),
            actor.into(),
            program.notify_url.clone().into(),
        ],
    )
    .await?;
    Ok(written == 1)
}

/// Whether any programme, now or before, is or was paid from this account.
pub async fn account_is_known<C: ConnectionTrait>(
    conn: &C,
    tenant: &str,
    account: &str,
    bank: Option<&str>,
) -> StoreResult<bool> {
    let found: Option<i32> = sql::scalar(
        conn,
        "SELECT 1 FROM benefit_programs WHERE tenant_id = $1 AND sponsor_bank_account_number = $2
            AND ($3::text IS NULL OR upper(sponsor_bank_code) = upper($3)) LIMIT 1",
        [tenant.into(), account.into(), bank.into()],
    )
    .await?;
    Ok(found.is_some())
}

/// Whether any programme, now or before, is or was paid through this bank; in either case of letters.
pub async fn bank_is_known<C: ConnectionTrait>(conn: &C, tenant: &str, bank: &str) -> StoreResult<bool> {
    let found: Option<i32> = sql::scalar(
        conn,
        "SELECT 1 FROM benefit_programs WHERE tenant_id = $1 AND lower(sponsor_bank_code) = lower($2) LIMIT 1",
        [tenant.into(), bank.into()],
    )
    .await?;
    Ok(found.is_some())
}

/// All versions of a programme's configuration in their order, after `after`, each with who wrote it.
pub async fn versions<C: ConnectionTrait>(
    conn: &C,
    tenant: &str,
    mnemonic: &str,
    after: i32,
    limit: i64,
) -> StoreResult<Vec<Version>> {
    let query = format!(
        "SELECT {COLUMNS}, created_by, current FROM benefit_programs
          WHERE tenant_id = $1 AND benefit_program_mnemonic = $2 AND version > $3 ORDER BY version LIMIT $4"
    );
    sql::fetch_all(conn, &query, [tenant.into(), mnemonic.into(), after.into(), limit.into()]).await
}

/// A version with its author.
#[derive(Debug, Clone, FromQueryResult)]
pub struct Version {
    /// What it says.
    #[sea_orm(nested)]
    pub program: Program,
    /// Who wrote it.
    pub created_by: String,
    /// Whether it is the one for new envelopes.
    pub current: bool,
}
