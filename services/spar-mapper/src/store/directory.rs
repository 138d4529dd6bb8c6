//! The directory of banks, branches and wallets.

use sea_orm::{ConnectionTrait, FromQueryResult, JsonValue as Json, Value};
use storage::{StoreResult, sql};
use time::OffsetDateTime;

use crate::domain::{EntryKind, Given, WalletType};

/// An entry of any kind; what a kind does not have is `None`, or the default of banks.
#[derive(Debug, Clone, FromQueryResult)]
pub(crate) struct Entry {
    pub(crate) id: i64,
    pub(crate) mnemonic: String,
    pub(crate) name: String,
    pub(crate) code: String,
    pub(crate) bank_id: Option<i64>,
    pub(crate) wallet_type: Option<String>,
    pub(crate) country: String,
    pub(crate) account_format: String,
    pub(crate) account_regex: Option<String>,
    pub(crate) strategy_id: Option<i64>,
    pub(crate) active: bool,
}

/// A level of the tree of 1.x.
#[derive(Debug, Clone, FromQueryResult)]
pub(crate) struct Level {
    pub(crate) id: i64,
    pub(crate) name: String,
    pub(crate) level_type: String,
    pub(crate) input_type: String,
    pub(crate) parent: i64,
    pub(crate) validation_regex: Option<String>,
    pub(crate) active: bool,
}

/// Which entries to list.
#[derive(Debug, Default)]
pub(crate) struct Wanted<'a> {
    /// Words of the name or the code begin with this.
    pub(crate) search: Option<&'a str>,
    /// Exactly this code.
    pub(crate) code: Option<&'a str>,
    pub(crate) country: Option<&'a str>,
    pub(crate) bank_id: Option<i64>,
    pub(crate) wallet_type: Option<WalletType>,
    pub(crate) active: Option<bool>,
    /// After the entry with this id, in the order of names.
    pub(crate) after: Option<i64>,
    pub(crate) limit: i64,
}

/// What became of a line.
#[derive(Debug, FromQueryResult)]
pub(crate) struct Loaded {
    pub(crate) line: i64,
    /// `inserted`, `updated`, `unchanged`; `mnemonic`: another entry has it; `bank`: there is none of this code.
    pub(crate) outcome: String,
}

const BANK: &str =
    "id, bank_mnemonic AS mnemonic, bank_name AS name, bank_code AS code, NULL::bigint AS bank_id,
    NULL::text AS wallet_type, country, account_format, account_regex, strategy_id, active";
const BRANCH: &str = "id, branch_mnemonic AS mnemonic, branch_name AS name, branch_code AS code, bank_id,
    NULL::text AS wallet_type, '' AS country, 'any' AS account_format, NULL::text AS account_regex,
    NULL::bigint AS strategy_id, active";
const WALLET: &str = "id, sp_mnemonic AS mnemonic, sp_name AS name, sp_code AS code, NULL::bigint AS bank_id,
    wallet_type, country, 'any' AS account_format, NULL::text AS account_regex, strategy_id, active";

/// Columns, table, column of the code.
const fn parts(kind: EntryKind) -> (&'static str, &'static str, &'static str) {
    match kind {
        EntryKind::Bank => (BANK, "banks", "bank_code"),
        EntryKind::Branch => (BRANCH, "branches", "branch_code"),
        EntryKind::Wallet => (WALLET, "wallet_service_providers", "sp_code"),
    }
}

/// Entries in the order of their names.
pub(crate) async fn list(
    conn: &impl ConnectionTrait,
    tenant: &str,
    kind: EntryKind,
    wanted: &Wanted<'_>,
) -> StoreResult<Vec<Entry>> {
    let (columns, table, code) = parts(kind);
    let mut statement = format!("SELECT {columns} FROM {table} WHERE tenant_id = $1");
    let mut values: Vec<Value> = vec![tenant.into()];
    let mut only = |condition: &str, value: Option<Value>| {
        if let Some(value) = value {
            values.push(value);
            statement.push_str(" AND ");
            statement.push_str(&condition.replace('?', &format!("${}", values.len())));
        }
    };
    let begins = r"words LIKE '%' || regexp_replace(directory_words(?), '([\\%_])', '\\\1', 'g') || '%'";
    only(begins, wanted.search.map(Value::from));
    only(&format!("{code} = ?"), wanted.code.map(Value::from));
    only("active = ?", wanted.active.map(Value::from));
    match kind {
        EntryKind::Bank => only("country = ?", wanted.country.map(Value::from)),
        EntryKind::Branch => only("bank_id = ?", wanted.bank_id.map(Value::from)),
        EntryKind::Wallet => {
            only("country = ?", wanted.country.map(Value::from));
            only("wallet_type = ?", wanted.wallet_type.map(|kind| kind.as_str().into()));
        }
    }
    let later = format!("(words, id) > (SELECT words, id FROM {table} WHERE tenant_id = $1 AND id = ?)");
    only(&later, wanted.after.map(Value::from));
    values.push(wanted.limit.into());
    statement.push_str(&format!(" ORDER BY words, id LIMIT ${}", values.len()));
    sql::fetch_all(conn, &statement, values).await
}

/// Changes what is given of an entry, but never its code, which stands in addresses; `None` when there is no such entry.
pub(crate) async fn update(
    tx: &impl ConnectionTrait,
    tenant: &str,
    kind: EntryKind,
    id: i64,
    given: Given,
    at: OffsetDateTime,
) -> StoreResult<Option<Entry>> {
    let (columns, table, code) = parts(kind);
    let prefix = code.trim_end_matches("code");
    let mut values: Vec<Value> = vec![
        tenant.into(),
        id.into(),
        at.into(),
        given.mnemonic.into(),
        given.name.into(),
        given.active.into(),
    ];
    let mut statement = format!(
        "UPDATE {table} SET updated_at = $3, {prefix}mnemonic = COALESCE($4, {prefix}mnemonic),
                {prefix}name = COALESCE($5, {prefix}name), active = COALESCE($6, active)"
    );
    if kind != EntryKind::Branch {
        values.extend([given.country.into(), given.strategy_id.into()]);
        statement.push_str(", country = COALESCE($7, country), strategy_id = COALESCE($8, strategy_id)");
    }
    if kind == EntryKind::Bank {
        values.extend([given.account_format.into(), given.account_regex.into()]);
        statement.push_str(
            ", account_format = COALESCE($9, account_format),
             account_regex = CASE WHEN $9::text IS NULL THEN account_regex ELSE $10 END",
        );
    }
    statement.push_str(&format!(" WHERE tenant_id = $1 AND id = $2 RETURNING {columns}"));
    sql::fetch_optional(tx, &statement, values).await
}

/// Says for this transaction who changes the directory, and lets nobody else change it meanwhile.
pub(crate) async fn begin_change(tx: &impl ConnectionTrait, kind: EntryKind, actor: &str) -> StoreResult<()> {
    said_by(tx, actor).await?;
    let (_, table, _) = parts(kind);
    sql::execute(tx, &format!("LOCK TABLE {table} IN SHARE ROW EXCLUSIVE MODE"), []).await?;
    Ok(())
}

async fn said_by(tx: &impl ConnectionTrait, actor: &str) -> StoreResult<()> {
    sql::execute(tx, "SELECT set_config('spar_mapper.directory_actor', $1, true)", [actor.into()]).await?;
    Ok(())
}

/// Adds entries and changes those whose code is known, in one statement.
pub(crate) async fn load(
    tx: &impl ConnectionTrait,
    tenant: &str,
    kind: EntryKind,
    entries: Vec<Given>,
    at: OffsetDateTime,
) -> StoreResult<Vec<Loaded>> {
    let statement = match kind {
        EntryKind::Bank => include_str!("sql/load_banks.sql"),
        EntryKind::Branch => include_str!("sql/load_branches.sql"),
        EntryKind::Wallet => include_str!("sql/load_wallets.sql"),
    };
    let column = |of: fn(&Given) -> Option<String>| sql::nullable(entries.iter().map(of).collect());
    let lines = entries.iter().map(|e| i64::try_from(e.line).ok()).collect();
    let values = [
        tenant.into(),
        sql::nullable::<i64>(lines),
        column(|e| e.mnemonic.clone()),
        column(|e| e.name.clone()),
        column(|e| e.code.clone()),
        column(|e| e.bank_code.clone().or_else(|| e.wallet_type.clone())),
        column(|e| e.country.clone()),
        column(|e| e.account_format.clone()),
        column(|e| e.account_regex.clone()),
        sql::nullable(entries.iter().map(|e| e.strategy_id).collect()),
        sql::nullable(entries.iter().map(|e| e.active).collect()),
        at.into(),
    ];
    sql::fetch_all(tx, statement, values).await
}

/// The levels: those of everybody, with the tenant's own in their place or beside them.
pub(crate) async fn levels(conn: &impl ConnectionTrait, tenant: &str) -> StoreResult<Vec<Level>> {
    sql::fetch_all(
        conn,
        "SELECT DISTINCT ON (id) id, name, level_type, input_type, parent, validation_regex, active FROM dfsp_levels
          WHERE tenant_id IN ($1, 'default') ORDER BY id, (tenant_id = $1) DESC",
        [tenant.into()],
    )
    .await
}

/// What to change of a level.
#[derive(Debug, Default)]
pub(crate) struct LevelChange {
    pub(crate) name: Option<String>,
    /// `Some(None)` takes the pattern away.
    pub(crate) validation_regex: Option<Option<String>>,
    pub(crate) active: Option<bool>,
}

/// Changes a level for this tenant; `None` when there is none of this id.
pub(crate) async fn change_level(
    tx: &impl ConnectionTrait,
    tenant: &str,
    actor: &str,
    id: i64,
    change: LevelChange,
    at: OffsetDateTime,
) -> StoreResult<Option<Level>> {
    said_by(tx, actor).await?;
    sql::fetch_optional(
        tx,
        "INSERT INTO dfsp_levels AS l (tenant_id, id, name, level_type, input_type, parent, validation_regex, active)
         SELECT $1, id, COALESCE($3, name), level_type, input_type, parent,
                CASE WHEN $4 THEN $5 ELSE validation_regex END, COALESCE($6, active)
           FROM (SELECT * FROM dfsp_levels WHERE tenant_id IN ($1, 'default') AND id = $2
                  ORDER BY (tenant_id = $1) DESC LIMIT 1) AS now
         ON CONFLICT (tenant_id, id) DO UPDATE
            SET name = excluded.name, validation_regex = excluded.validation_regex, active = excluded.active,
                updated_at = $7
         RETURNING id, name, level_type, input_type, parent, validation_regex, active",
        [
            tenant.into(),
            id.into(),
            change.name.into(),
            change.validation_regex.is_some().into(),
            change.validation_regex.flatten().into(),
            change.active.into(),
            at.into(),
        ],
    )
    .await
}

/// A change of the directory.
#[derive(Debug, FromQueryResult)]
pub(crate) struct Noted {
    pub(crate) seq: i64,
    /// The table.
    pub(crate) kind: String,
    pub(crate) entry_id: i64,
    pub(crate) at: OffsetDateTime,
    pub(crate) actor: String,
    /// The row, without its `words`; `None` when there was none.
    pub(crate) before: Option<Json>,
    pub(crate) after: Option<Json>,
}

/// Changes after one, oldest first; of one entry when its id is given.
pub(crate) async fn history(
    conn: &impl ConnectionTrait,
    tenant: &str,
    entry_id: Option<i64>,
    after: i64,
    limit: i64,
) -> StoreResult<Vec<Noted>> {
    sql::fetch_all(
        conn,
        "SELECT seq, kind, entry_id, at, actor, before, after FROM directory_history
          WHERE tenant_id = $1 AND ($2::bigint IS NULL OR entry_id = $2) AND seq > $3 ORDER BY seq LIMIT $4",
        [tenant.into(), entry_id.into(), after.into(), limit.into()],
    )
    .await
}

/// A bank of a batch, with one branch that the batch names.
#[derive(Debug, FromQueryResult)]
pub(crate) struct BankFound {
    pub(crate) bank_code: String,
    pub(crate) branch_code: String,
    pub(crate) active: bool,
    pub(crate) country: String,
    pub(crate) account_format: String,
    pub(crate) account_regex: Option<String>,
    /// `None` when the bank has no such branch.
    pub(crate) branch_active: Option<bool>,
    pub(crate) has_branches: bool,
}

/// Banks and branches of these codes (lists of the same length).
pub(crate) async fn banks_of(
    conn: &impl ConnectionTrait,
    tenant: &str,
    banks: Vec<String>,
    branches: Vec<String>,
) -> StoreResult<Vec<BankFound>> {
    if banks.is_empty() {
        return Ok(Vec::new());
    }
    let statement = include_str!("sql/directory_facts.sql");
    sql::fetch_all(conn, statement, [tenant.into(), banks.into(), branches.into()]).await
}

/// A provider of a batch.
#[derive(Debug, FromQueryResult)]
pub(crate) struct WalletFound {
    pub(crate) wallet_type: String,
    pub(crate) sp_code: String,
    pub(crate) active: bool,
}

/// Providers of these codes.
pub(crate) async fn wallets_of(
    conn: &impl ConnectionTrait,
    tenant: &str,
    codes: Vec<String>,
) -> StoreResult<Vec<WalletFound>> {
    if codes.is_empty() {
        return Ok(Vec::new());
    }
    sql::fetch_all(
        conn,
        "SELECT wallet_type, sp_code, active FROM wallet_service_providers WHERE tenant_id = $1 AND sp_code = ANY($2)",
        [tenant.into(), codes.into()],
    )
    .await
}

/// Whether there is anything active: banks, providers of mobile wallets, of email wallets.
#[derive(Debug, FromQueryResult)]
pub(crate) struct Active {
    pub(crate) banks: bool,
    pub(crate) mobile: bool,
    pub(crate) email: bool,
}

/// Of what a directory has something active.
pub(crate) async fn active(conn: &impl ConnectionTrait, tenant: &str) -> StoreResult<Active> {
    sql::fetch_one(
        conn,
        "what the directory has",
        "SELECT EXISTS (SELECT FROM banks WHERE tenant_id = $1 AND active) AS banks,
                EXISTS (SELECT FROM wallet_service_providers
                         WHERE tenant_id = $1 AND active AND wallet_type = 'MOBILE_WALLET') AS mobile,
                EXISTS (SELECT FROM wallet_service_providers
                         WHERE tenant_id = $1 AND active AND wallet_type = 'EMAIL_WALLET') AS email",
        [tenant.into()],
    )
    .await
}
