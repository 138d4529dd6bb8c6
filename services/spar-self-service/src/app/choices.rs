//! What people can choose from: banks, their branches, wallets. Pages and APIs ask here and nowhere else. What the mapper's
//! directory has none of is taken from the configuration.

use crate::{
    State,
    app::Fault,
    config::{Place, Provider},
    peers::directory::{self, Bank, Branch, Wallet, WalletKind},
};

/// Most branches that are shown at once.
const SHOWN: usize = 20;

/// What kind of account it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Bank,
    /// A wallet that belongs to a phone number.
    Wallet,
    /// A wallet that belongs to an email address.
    Email,
}

impl Kind {
    pub(crate) const ALL: [Self; 3] = [Self::Bank, Self::Wallet, Self::Email];

    /// As forms and addresses of ours name it.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Bank => "bank",
            Self::Wallet => "wallet",
            Self::Email => "email",
        }
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

/// Branches that fit a search.
#[derive(Debug, Default)]
pub(crate) struct Branches {
    pub(crate) places: Vec<Place>,
    /// Whether more of them fit than are shown.
    pub(crate) more: bool,
    /// Whether the bank has so many that people search among them.
    pub(crate) many: bool,
}

/// Banks, or wallets of a kind.
pub(crate) async fn providers(state: &State, kind: Kind) -> Result<Vec<Place>, Fault> {
    let known: Vec<Place> = match kind {
        Kind::Bank => directory::banks(state).await?.iter().map(of_bank).collect(),
        Kind::Wallet => wallets(state, WalletKind::Mobile).await?,
        Kind::Email => wallets(state, WalletKind::Email).await?,
    };
    if !known.is_empty() {
        return Ok(known);
    }
    let list = match kind {
        Kind::Bank => &state.config.banks,
        Kind::Wallet => &state.config.wallets,
        Kind::Email => &state.config.email_wallets,
    };
    Ok(list.iter().map(Provider::place).collect())
}

async fn wallets(state: &State, kind: WalletKind) -> Result<Vec<Place>, Fault> {
    Ok(directory::wallets(state, kind).await?.iter().map(of_wallet).collect())
}

fn of_bank(bank: &Bank) -> Place {
    Place { code: bank.bank_code.clone(), name: bank.bank_name.clone() }
}

fn of_branch(branch: &Branch) -> Place {
    Place { code: branch.branch_code.clone(), name: branch.branch_name.clone() }
}

fn of_wallet(wallet: &Wallet) -> Place {
    Place { code: wallet.sp_code.clone(), name: wallet.sp_name.clone() }
}

/// Kinds that have a provider to choose.
pub(crate) async fn kinds(state: &State) -> Result<Vec<Kind>, Fault> {
    let mut kinds = Vec::new();
    for kind in Kind::ALL {
        if !providers(state, kind).await?.is_empty() {
            kinds.push(kind);
        }
    }
    Ok(kinds)
}

/// The provider of this code.
pub(crate) async fn provider(state: &State, kind: Kind, code: &str) -> Result<Option<Place>, Fault> {
    Ok(providers(state, kind).await?.into_iter().find(|place| place.code == code))
}

/// Branches of a bank whose name or code has `search` in it, whatever its capitals; when none has, those that the
/// directory finds whatever their accents. Without a search none of many.
pub(crate) async fn branches(state: &State, bank: &str, search: &str) -> Result<Branches, Fault> {
    let all = all_branches(state, bank).await?;
    let many = all.len() > SHOWN;
    let search = search.trim().to_lowercase();
    if many && search.is_empty() {
        return Ok(Branches { many, ..Branches::default() });
    }
    let fits = |place: &Place| {
        place.name.to_lowercase().contains(&search) || place.code.to_lowercase().contains(&search)
    };
    let mut places: Vec<Place> = all.into_iter().filter(fits).take(SHOWN + 1).collect();
    if places.is_empty()
        && let Some(bank_id) = bank_id(state, bank).await?
    {
        let found = directory::branches(state, Some(bank_id), &search).await?;
        places = found.iter().map(of_branch).take(SHOWN + 1).collect();
    }
    let more = places.len() > SHOWN;
    places.truncate(SHOWN);
    Ok(Branches { places, more, many })
}

/// The branch of this code.
pub(crate) async fn branch(state: &State, bank: &str, code: &str) -> Result<Option<Place>, Fault> {
    Ok(all_branches(state, bank).await?.into_iter().find(|place| place.code == code))
}

/// Whether people choose a branch of this bank.
pub(crate) async fn has_branches(state: &State, bank: &str) -> Result<bool, Fault> {
    Ok(!all_branches(state, bank).await?.is_empty())
}

/// The bank's id in the directory.
async fn bank_id(state: &State, code: &str) -> Result<Option<i64>, Fault> {
    Ok(directory::banks(state).await?.iter().find(|bank| bank.bank_code == code).map(|bank| bank.id))
}

async fn all_branches(state: &State, bank: &str) -> Result<Vec<Place>, Fault> {
    if let Some(bank_id) = bank_id(state, bank).await? {
        return Ok(directory::branches(state, Some(bank_id), "").await?.iter().map(of_branch).collect());
    }
    let found = state.config.banks.iter().find(|provider| provider.code == bank);
    Ok(found.map(|provider| provider.branches.clone()).unwrap_or_default())
}
