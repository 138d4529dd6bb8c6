//! The directory of banks, branches and wallets, for portals that show it to a person who is signed in.

use std::sync::Arc;

use crate::{
    State,
    app::{Fault, Person, READ},
    peers::directory::{self, Bank, Branch, Level, Wallet, WalletKind},
};

/// Strategies that write an address of each kind where the directory names none: those that every mapper has.
const BANK_STRATEGY: i64 = 2;
const EMAIL_STRATEGY: i64 = 3;
const MOBILE_STRATEGY: i64 = 4;

/// Something to choose at a level.
#[derive(Debug, Clone)]
pub(crate) struct LevelValue {
    pub(crate) id: i64,
    pub(crate) name: String,
    pub(crate) code: String,
    /// What was chosen at the level before; 0 at the first.
    pub(crate) parent: i64,
    pub(crate) level_id: i64,
    pub(crate) strategy_id: Option<i64>,
}

/// The levels below one (0: the first ones); all of them for `None`.
pub(crate) async fn levels(state: &State, person: &Person, parent: Option<i64>) -> Result<Vec<Level>, Fault> {
    person.ctx.require(READ)?;
    let below = |level: &&Level| parent.is_none_or(|parent| level.parent == parent);
    Ok(directory::levels(state).await?.iter().filter(below).cloned().collect())
}

/// What there is to choose at a level, below what was chosen at the one before; `None` stands for any.
pub(crate) async fn level_values(
    state: &State,
    person: &Person,
    level_id: Option<i64>,
    parent: Option<i64>,
) -> Result<Vec<LevelValue>, Fault> {
    person.ctx.require(READ)?;
    let mut values = Vec::new();
    for level in directory::levels(state).await?.iter() {
        if level_id.is_some_and(|id| id != level.id) {
            continue;
        }
        let first = parent.is_none_or(|parent| parent == 0);
        match level.level_type.as_str() {
            "bank" if first => {
                values.extend(directory::banks(state).await?.iter().map(|bank| of_bank(bank, level.id)));
            }
            "branch" if parent != Some(0) => {
                let branches = directory::branches(state, parent, "").await?;
                values.extend(branches.iter().map(|branch| of_branch(branch, level.id)));
            }
            "mobile_wallet_provider" if first => {
                let wallets = directory::wallets(state, WalletKind::Mobile).await?;
                values.extend(wallets.iter().map(|wallet| of_wallet(wallet, level.id, MOBILE_STRATEGY)));
            }
            "email_wallet_provider" if first => {
                let wallets = directory::wallets(state, WalletKind::Email).await?;
                values.extend(wallets.iter().map(|wallet| of_wallet(wallet, level.id, EMAIL_STRATEGY)));
            }
            // At the others something is entered.
            _ => {}
        }
    }
    Ok(values)
}

fn of_bank(bank: &Bank, level_id: i64) -> LevelValue {
    LevelValue {
        id: bank.id,
        name: bank.bank_name.clone(),
        code: bank.bank_code.clone(),
        parent: 0,
        level_id,
        strategy_id: Some(bank.strategy_id.unwrap_or(BANK_STRATEGY)),
    }
}

fn of_branch(branch: &Branch, level_id: i64) -> LevelValue {
    LevelValue {
        id: branch.id,
        name: branch.branch_name.clone(),
        code: branch.branch_code.clone(),
        parent: branch.bank_id,
        level_id,
        strategy_id: None,
    }
}

fn of_wallet(wallet: &Wallet, level_id: i64, usual: i64) -> LevelValue {
    LevelValue {
        id: wallet.id,
        name: wallet.sp_name.clone(),
        code: wallet.sp_code.clone(),
        parent: 0,
        level_id,
        strategy_id: Some(wallet.strategy_id.unwrap_or(usual)),
    }
}

/// All banks.
pub(crate) async fn banks(state: &State, person: &Person) -> Result<Arc<[Bank]>, Fault> {
    person.ctx.require(READ)?;
    Ok(directory::banks(state).await?)
}

/// Branches of a bank; of all banks for `None`.
pub(crate) async fn branches(
    state: &State,
    person: &Person,
    bank_id: Option<i64>,
) -> Result<Arc<[Branch]>, Fault> {
    person.ctx.require(READ)?;
    Ok(directory::branches(state, bank_id, "").await?)
}

/// All providers of wallets.
pub(crate) async fn wallets(state: &State, person: &Person) -> Result<Arc<[Wallet]>, Fault> {
    person.ctx.require(READ)?;
    Ok(directory::all_wallets(state).await?)
}
