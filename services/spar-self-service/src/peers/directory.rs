//! The mapper's directory of banks, branches and wallets, asked as a service and kept for half a minute: it is the same
//! for everybody and seldom changes.

use std::{sync::Arc, time::Duration};

use moka::future::Cache;
use platform::CallError;
use serde::{Deserialize, de::DeserializeOwned};
use url::form_urlencoded::Serializer;

use crate::{State, peers::PeerError};

/// How long a change of the directory may go unnoticed.
const KEPT: Duration = Duration::from_secs(30);
/// Entries of one list at most.
const MOST: usize = 50_000;

/// A bank that takes payments.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Bank {
    pub(crate) id: i64,
    pub(crate) bank_mnemonic: String,
    pub(crate) bank_name: String,
    pub(crate) bank_code: String,
    pub(crate) strategy_id: Option<i64>,
}

/// A branch that takes payments.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Branch {
    pub(crate) id: i64,
    pub(crate) branch_mnemonic: String,
    pub(crate) branch_name: String,
    pub(crate) branch_code: String,
    pub(crate) bank_id: i64,
}

/// A provider of wallets that takes payments.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Wallet {
    pub(crate) id: i64,
    pub(crate) sp_mnemonic: String,
    pub(crate) sp_name: String,
    pub(crate) sp_code: String,
    pub(crate) wallet_type: String,
    pub(crate) strategy_id: Option<i64>,
}

/// A step in which a person names an account.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Level {
    pub(crate) id: i64,
    pub(crate) name: String,
    pub(crate) level_type: String,
    pub(crate) input_type: String,
    pub(crate) parent: i64,
    pub(crate) validation_regex: Option<String>,
    pub(crate) active: bool,
}

/// What a wallet belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WalletKind {
    /// A phone number.
    Mobile,
    /// An email address.
    Email,
}

impl WalletKind {
    /// As the directory writes it.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Mobile => "MOBILE_WALLET",
            Self::Email => "EMAIL_WALLET",
        }
    }
}

/// What was read of the directory lately.
#[derive(Debug, Clone)]
pub(crate) struct Directory {
    banks: Cache<(), Arc<[Bank]>>,
    branches: Cache<Option<i64>, Arc<[Branch]>>,
    wallets: Cache<(), Arc<[Wallet]>>,
    levels: Cache<(), Arc<[Level]>>,
}

impl Directory {
    /// One that has read nothing yet.
    pub(crate) fn new() -> Self {
        Self { banks: cache(1), branches: cache(500), wallets: cache(1), levels: cache(1) }
    }
}

fn cache<K, V>(lists: u64) -> Cache<K, V>
where
    K: std::hash::Hash + Eq + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
{
    Cache::builder().max_capacity(lists).time_to_live(KEPT).build()
}

/// All banks, by name.
pub(crate) async fn banks(state: &State) -> Result<Arc<[Bank]>, PeerError> {
    kept(&state.directory.banks, (), async || all(state, "banks", &[]).await).await
}

/// Branches of a bank (of all banks: `None`), by name. With a search only those of whose name a word, or whose code,
/// begins with it, whatever its accents.
pub(crate) async fn branches(
    state: &State,
    bank_id: Option<i64>,
    search: &str,
) -> Result<Arc<[Branch]>, PeerError> {
    let of_bank = bank_id.map(|id| ("bank_id", id.to_string()));
    let mut only: Vec<(&str, String)> = of_bank.into_iter().collect();
    if search.trim().is_empty() {
        return kept(&state.directory.branches, bank_id, async || all(state, "branches", &only).await).await;
    }
    // What people type is not kept: it is never the same.
    only.push(("search", search.chars().take(100).collect()));
    Ok(all(state, "branches", &only).await?.into())
}

/// All providers of wallets of one kind, by name.
pub(crate) async fn wallets(state: &State, kind: WalletKind) -> Result<Vec<Wallet>, PeerError> {
    let of_kind = |wallet: &&Wallet| wallet.wallet_type == kind.as_str();
    Ok(all_wallets(state).await?.iter().filter(of_kind).cloned().collect())
}

/// All providers of wallets, by name.
pub(crate) async fn all_wallets(state: &State) -> Result<Arc<[Wallet]>, PeerError> {
    kept(&state.directory.wallets, (), async || all(state, "wallet-providers", &[]).await).await
}

/// The levels that are in use, by id.
pub(crate) async fn levels(state: &State) -> Result<Arc<[Level]>, PeerError> {
    kept(&state.directory.levels, (), async || {
        let levels: Vec<Level> = all(state, "levels", &[]).await?;
        Ok(levels.into_iter().filter(|level| level.active).collect())
    })
    .await
}

async fn kept<K, T>(
    cache: &Cache<K, Arc<[T]>>,
    key: K,
    read: impl AsyncFnOnce() -> Result<Vec<T>, PeerError>,
) -> Result<Arc<[T]>, PeerError>
where
    K: std::hash::Hash + Eq + Send + Sync + 'static,
    T: Send + Sync + 'static,
{
    if let Some(known) = cache.get(&key).await {
        return Ok(known);
    }
    let list: Arc<[T]> = read().await?.into();
    cache.insert(key, Arc::clone(&list)).await;
    Ok(list)
}

#[derive(Deserialize)]
struct Page<T> {
    items: Vec<T>,
    next: Option<String>,
}

/// Reads a list page by page. A mapper that has no directory, or does not let us read it, has an empty one: then the
/// lists of the configuration serve.
async fn all<T: DeserializeOwned>(
    state: &State,
    kind: &str,
    only: &[(&str, String)],
) -> Result<Vec<T>, PeerError> {
    let base = format!("{}/api/v1/directory/{kind}", state.config.mapper_url.trim_end_matches('/'));
    let mut list: Vec<T> = Vec::new();
    let mut after: Option<String> = None;
    loop {
        let mut query = Serializer::new(String::new());
        query.append_pair("active", "true").append_pair("limit", "1000");
        for (name, value) in only {
            query.append_pair(name, value);
        }
        if let Some(after) = &after {
            query.append_pair("after", after);
        }
        let answer = state.http.service_get(&format!("{base}?{}", query.finish()), "spar-mapper").await;
        let page: Page<T> = match answer {
            Err(CallError::Rejected { status: status @ (403 | 404), .. }) => {
                tracing::warn!(
                    status,
                    "the mapper gives no directory: it needs the permission directory:read"
                );
                return Ok(Vec::new());
            }
            answer => answer?.json()?,
        };
        list.extend(page.items);
        if list.len() >= MOST && page.next.is_some() {
            tracing::warn!(kind, "the directory has more entries than {MOST}: the others are not offered");
            return Ok(list);
        }
        after = page.next;
        if after.is_none() {
            return Ok(list);
        }
    }
}
