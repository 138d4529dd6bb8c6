//! The directory of banks, branches and wallets: kept by people with the right to, asked by everybody who changes an
//! address with a policy that says so.

use std::collections::{BTreeSet, HashSet};

use platform::{ApiError, ApiResult, Ctx, Permission};
use sea_orm::DatabaseTransaction;
use storage::{StoreError, StoreResult};

use super::Strategies;
use crate::{
    State,
    domain::{
        AccountRule, BankFacts, Coverage, DirectoryFacts, EntryFault, EntryKind, Fields, Given, Item,
        Pattern, Refusal, WalletType, codes, read_entries,
    },
    store::directory::{self, Entry, Level, LevelChange, Noted, Wanted},
};

/// To read the directory.
pub(crate) const READ: Permission = Permission::new("directory:read");
/// To change it.
pub(crate) const WRITE: Permission = Permission::new("directory:write");

/// Lines of a file that one statement writes.
const CHUNK: usize = 5_000;

/// Entries in the order of their names.
pub(crate) async fn list(
    state: &State,
    ctx: &Ctx,
    kind: EntryKind,
    wanted: &Wanted<'_>,
) -> ApiResult<Vec<Entry>> {
    ctx.require(READ)?;
    Ok(directory::list(state.db.conn(), ctx.tenant.as_str(), kind, wanted).await?)
}

/// Adds an entry.
pub(crate) async fn create(state: &State, ctx: &Ctx, kind: EntryKind, given: Given) -> ApiResult<Entry> {
    ctx.require(WRITE)?;
    let (tenant, now) = (ctx.tenant.as_str(), ctx.clock.now());
    let code = given.code.clone().unwrap_or_default();
    let wallet_type = given.wallet_type.as_deref().and_then(WalletType::parse);
    let tx = state.db.begin().await?;
    directory::begin_change(&tx, kind, &ctx.actor.label()).await?;
    let bank_id = match &given.bank_code {
        None => None,
        Some(bank) => {
            let wanted = Wanted { code: Some(bank), limit: 1, ..Wanted::default() };
            let found = directory::list(&tx, tenant, EntryKind::Bank, &wanted).await?;
            // Without its bank the branch is refused below.
            Some(found.first().map_or(0, |bank| bank.id))
        }
    };
    let same = Wanted { code: Some(&code), bank_id, wallet_type, limit: 1, ..Wanted::default() };
    if !directory::list(&tx, tenant, kind, &same).await?.is_empty() {
        let text = "the directory has an entry of this code: change that one";
        return Err(ApiError::conflict("code_taken", text));
    }
    let loaded = directory::load(&tx, tenant, kind, vec![given], now).await?;
    match loaded.first().map_or("", |line| line.outcome.as_str()) {
        "inserted" => {}
        "mnemonic" => return Err(mnemonic_taken()),
        "bank" => {
            return Err(ApiError::unprocessable("invalid_field", NO_BANK).with_field("bank_code", NO_BANK));
        }
        other => return Err(ApiError::internal(format!("an entry that was added is \"{other}\""))),
    }
    let added = directory::list(&tx, tenant, kind, &same).await?.into_iter().next();
    tx.commit().await.map_err(StoreError::from)?;
    added.ok_or_else(|| ApiError::internal("an entry that was added is not there"))
}

const NO_BANK: &str = "the directory has no bank of this code: load the banks first";
const MNEMONIC: &str =
    "another entry has this short name, or has it as its code; give this one a short name of its own";

fn mnemonic_taken() -> ApiError {
    ApiError::conflict("mnemonic_taken", MNEMONIC)
}

/// Changes an entry.
pub(crate) async fn update(
    state: &State,
    ctx: &Ctx,
    kind: EntryKind,
    id: i64,
    given: Given,
) -> ApiResult<Entry> {
    ctx.require(WRITE)?;
    let tx = state.db.begin().await?;
    directory::begin_change(&tx, kind, &ctx.actor.label()).await?;
    let changed = directory::update(&tx, ctx.tenant.as_str(), kind, id, given, ctx.clock.now()).await;
    let changed = changed.map_err(|error| match error {
        // The only constraint left that a checked request can break.
        StoreError::Constraint { .. } => mnemonic_taken(),
        other => other.into(),
    })?;
    tx.commit().await.map_err(StoreError::from)?;
    changed.ok_or_else(|| ApiError::not_found("the entry of the directory"))
}

/// What became of a file.
#[derive(Debug, Default)]
pub(crate) struct Report {
    pub(crate) inserted: u64,
    pub(crate) updated: u64,
    pub(crate) unchanged: u64,
    /// Lines that were left out.
    pub(crate) refused: usize,
    /// Why, by line.
    pub(crate) faults: Vec<EntryFault>,
}

/// Loads a CSV file: all lines that can be taken in one transaction, so that a fault of ours leaves nothing half done.
pub(crate) async fn import(state: &State, ctx: &Ctx, kind: EntryKind, file: &[u8]) -> ApiResult<Report> {
    ctx.require(WRITE)?;
    let (given, faults) =
        read_entries(kind, file).map_err(|why| ApiError::unprocessable("invalid_header", why))?;
    let mut report = Report { faults, ..Report::default() };
    let tx = state.db.begin().await?;
    directory::begin_change(&tx, kind, &ctx.actor.label()).await?;
    let mut rest = given;
    while !rest.is_empty() {
        let later = rest.split_off(rest.len().min(CHUNK));
        let chunk = std::mem::replace(&mut rest, later);
        let loaded = directory::load(&tx, ctx.tenant.as_str(), kind, chunk, ctx.clock.now()).await?;
        for line in loaded {
            let no = u64::try_from(line.line).unwrap_or_default();
            let mut refuse = |column: &'static str, message: &str| {
                let message = message.to_owned();
                report.faults.push(EntryFault { line: no, column: Some(column), message });
            };
            match line.outcome.as_str() {
                "inserted" => report.inserted += 1,
                "updated" => report.updated += 1,
                "unchanged" => report.unchanged += 1,
                "bank" => refuse("bank_code", NO_BANK),
                _ => refuse(mnemonic_of(kind), MNEMONIC),
            }
        }
    }
    tx.commit().await.map_err(StoreError::from)?;
    report.faults.sort_by_key(|fault| fault.line);
    report.refused = report.faults.iter().map(|fault| fault.line).collect::<BTreeSet<_>>().len();
    Ok(report)
}

const fn mnemonic_of(kind: EntryKind) -> &'static str {
    match kind {
        EntryKind::Bank => "bank_mnemonic",
        EntryKind::Branch => "branch_mnemonic",
        EntryKind::Wallet => "sp_mnemonic",
    }
}

/// What was changed, oldest first; of one entry when its id is given.
pub(crate) async fn history(
    state: &State,
    ctx: &Ctx,
    entry_id: Option<i64>,
    after: i64,
    limit: i64,
) -> ApiResult<Vec<Noted>> {
    ctx.require(READ)?;
    Ok(directory::history(state.db.conn(), ctx.tenant.as_str(), entry_id, after, limit).await?)
}

/// The levels, by id.
pub(crate) async fn levels(state: &State, ctx: &Ctx) -> ApiResult<Vec<Level>> {
    ctx.require(READ)?;
    Ok(directory::levels(state.db.conn(), ctx.tenant.as_str()).await?)
}

/// Changes a level.
pub(crate) async fn change_level(state: &State, ctx: &Ctx, id: i64, change: LevelChange) -> ApiResult<Level> {
    ctx.require(WRITE)?;
    let tx = state.db.begin().await?;
    let (tenant, actor) = (ctx.tenant.as_str(), ctx.actor.label());
    let changed = directory::change_level(&tx, tenant, &actor, id, change, ctx.clock.now()).await?;
    tx.commit().await.map_err(StoreError::from)?;
    changed.ok_or_else(|| ApiError::not_found("the level"))
}

/// For which kinds of addresses the directory has anything active.
pub(super) async fn coverage(tx: &DatabaseTransaction, tenant: &str) -> StoreResult<Coverage> {
    let directory::Active { banks, mobile, email } = directory::active(tx, tenant).await?;
    Ok(Coverage { banks, mobile, email })
}

/// Refuses those of the items whose address the directory does not bear out, among the kinds of addresses that are to be
/// checked. An address is held against every strategy that reads it, so that none that reads it otherwise later finds what
/// was not checked.
pub(super) async fn check(
    tx: &DatabaseTransaction,
    tenant: &str,
    strategies: &Strategies,
    checked: Coverage,
    items: &[Item],
    refusals: &mut [Option<Refusal>],
) -> StoreResult<()> {
    let read = |fa: &String| -> Vec<Fields> {
        strategies.fas().filter_map(|strategy| strategy.deconstruct(fa)).collect()
    };
    let readings: Vec<Option<Vec<Fields>>> = items
        .iter()
        .zip(refusals.iter())
        .map(|(item, refusal)| item.fa.as_ref().filter(|_| refusal.is_none()).map(read))
        .collect();
    let facts = facts(tx, tenant, readings.iter().flatten().flatten()).await?;
    for (refusal, readings) in refusals.iter_mut().zip(&readings) {
        let Some(readings) = readings else { continue };
        let wrong = if readings.is_empty() {
            checked.any().then_some("fa: no strategy of this mapper reads this address")
        } else {
            let covered = readings.iter().filter(|fields| checked.covers(fields));
            covered.map(|fields| facts.check(fields)).find_map(Result::err)
        };
        *refusal = wrong.map(Refusal::NotInDirectory);
    }
    Ok(())
}

/// What the directory knows of what these addresses name: three statements, however many they are.
async fn facts<'a>(
    tx: &DatabaseTransaction,
    tenant: &str,
    addresses: impl Iterator<Item = &'a Fields>,
) -> StoreResult<DirectoryFacts> {
    let mut pairs: HashSet<(&str, &str)> = HashSet::new();
    let mut providers: HashSet<&str> = HashSet::new();
    for fields in addresses {
        let codes = codes(fields);
        pairs.extend(codes.bank);
        providers.extend(codes.wallet);
    }
    let (banks, branches) =
        pairs.into_iter().map(|(bank, branch)| (bank.to_owned(), branch.to_owned())).unzip();
    let mut facts = DirectoryFacts::default();
    for found in directory::banks_of(tx, tenant, banks, branches).await? {
        let accounts = match (found.account_format.as_str(), &found.account_regex) {
            ("iban", _) => AccountRule::Iban,
            ("regex", Some(text)) => AccountRule::Pattern(pattern(text)),
            _ => AccountRule::Any,
        };
        if let Some(active) = found.branch_active {
            facts.branches.insert((found.bank_code.clone(), found.branch_code), active);
        }
        let (active, country, has_branches) = (found.active, found.country, found.has_branches);
        facts.banks.insert(found.bank_code, BankFacts { active, country, accounts, has_branches });
    }
    let providers = providers.into_iter().map(str::to_owned).collect();
    for found in directory::wallets_of(tx, tenant, providers).await? {
        if let Some(kind) = WalletType::parse(&found.wallet_type) {
            facts.wallets.insert((kind, found.sp_code), found.active);
        }
    }
    for level in directory::levels(tx, tenant).await?.into_iter().filter(|level| level.active) {
        if let Some(text) = &level.validation_regex {
            facts.levels.insert(level.level_type, pattern(text));
        }
    }
    Ok(facts)
}

/// A stored pattern. What the API stored can be read; what a script wrote may not be.
fn pattern(text: &str) -> Option<Pattern> {
    Pattern::new(text)
        .inspect_err(|why| tracing::error!("a pattern of the directory {why}: nothing fits it"))
        .ok()
}
