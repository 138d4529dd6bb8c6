//! The mapper as an oracle of Mojaloop: which FSP has a party's account.
//!
//! Of an account that a person chose (a bank account, a wallet) an oracle tells the FSP and changes nothing: it does not
//! know the account, and must not put less in its place. What an oracle adds is an address of a strategy of its own, which
//! names the FSP only; that one it may change and remove. Every change goes the way of all changes, with its history.

use std::collections::HashMap;

use platform::{ApiError, PartnerError};
use sea_orm::DatabaseTransaction;
use storage::StoreError;

use super::{Caller, Strategies, change, change::opened};
use crate::{
    State,
    domain::{Fields, Item, MAX_VALUE, Operation, Refusal},
    store::{self, Mapping},
};

/// How these changes come, in the history.
pub(crate) const CHANNEL: &str = "oracle";

/// The strategy of what oracles add.
const STRATEGY: i64 = 900;

/// Who has an account, in which currency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Participant {
    pub(crate) fsp_id: String,
    pub(crate) currency: String,
}

/// Why nothing is told or changed.
#[derive(Debug)]
pub(crate) enum OracleFault {
    /// Nobody is known by this id (to this caller).
    NotFound,
    /// It may not be added, changed or removed: why.
    Refused(&'static str),
    /// The caller may not, or the database cannot.
    Partner(PartnerError),
}

impl From<PartnerError> for OracleFault {
    fn from(error: PartnerError) -> Self {
        Self::Partner(error)
    }
}

impl From<ApiError> for OracleFault {
    fn from(error: ApiError) -> Self {
        Self::Partner(error.into())
    }
}

impl From<StoreError> for OracleFault {
    fn from(error: StoreError) -> Self {
        Self::Partner(error.into())
    }
}

const CHOSEN: &str = "the person chose an account, which only the person changes";
const ELSEWHERE: &str = "another FSP has this party: change that, or remove it first";

/// A stored address as an oracle sees it.
struct Kept {
    participant: Participant,
    /// Whether an oracle added it.
    own: bool,
}

fn kept(state: &State, strategies: &Strategies, mapping: &Mapping) -> Option<Kept> {
    if let Some(fields) = strategies.fa(STRATEGY).and_then(|strategy| strategy.deconstruct(&mapping.fa_value))
    {
        let text = |key: &str| fields.get(key).cloned().unwrap_or_default();
        let participant = Participant { fsp_id: text("fsp_id"), currency: text("currency") };
        return Some(Kept { participant, own: true });
    }
    let code = strategies.provider_of(mapping)?.code();
    let fsp_id = state.config.oracle_fsps.get(&code).cloned().unwrap_or(code);
    let currency = state.config.oracle_currency.clone();
    Some(Kept { participant: Participant { fsp_id, currency }, own: false })
}

/// The FSP of a party; with a currency only when the account has that one.
pub(crate) async fn find(
    state: &State,
    caller: &Caller<'_>,
    id: &str,
    currency: Option<&str>,
) -> Result<Participant, OracleFault> {
    caller.require(Operation::Resolve)?;
    state.limits.admit(caller, 1).await?;
    let tenant = caller.ctx.tenant.as_str();
    if id.len() > MAX_VALUE || !caller.may_use_id(id) {
        return Err(OracleFault::NotFound);
    }
    let found = store::look_up(&state.db, tenant, &[id]).await?;
    let found = opened(&state.vault, tenant, found.into_iter().flatten().collect());
    state.limits.note_resolve(caller, 1, usize::from(found.is_empty()));
    let strategies = state.strategies.of(tenant).await?;
    let mapping = found.first().filter(|mapping| mapping.active).ok_or(OracleFault::NotFound)?;
    kept(state, &strategies, mapping)
        .map(|kept| kept.participant)
        .filter(|found| currency.is_none_or(|wanted| wanted == found.currency))
        .ok_or(OracleFault::NotFound)
}

/// Adds parties. For each in its place `None`, or why it was not added; one that is there with this FSP and currency
/// counts as added. Of two with the same id the first wins.
pub(crate) async fn add(
    state: &State,
    caller: &Caller<'_>,
    parties: &[(String, Participant)],
) -> Result<Vec<Option<&'static str>>, OracleFault> {
    caller.require(Operation::Link)?;
    state.limits.admit(caller, parties.len()).await?;
    let strategies = state.strategies.of(caller.ctx.tenant.as_str()).await?;
    let items = items(&strategies, parties.iter())?;
    let tx = state.db.begin().await?;
    let refusals = change(state, &tx, &strategies, caller, Operation::Link, &items).await?;
    let there = ids_of(parties, &refusals, |refusal| *refusal == Refusal::AlreadyMapped);
    let tenant = caller.ctx.tenant.as_str();
    let there = opened(&state.vault, tenant, store::by_ids(&tx, tenant, there).await?);
    let there: HashMap<String, Mapping> =
        there.into_iter().map(|mapping| (mapping.id_value.clone(), mapping)).collect();
    tx.commit().await.map_err(StoreError::from)?;
    let why = |((id, wanted), refusal): (&(String, Participant), &Option<Refusal>)| match refusal.as_ref()? {
        Refusal::AlreadyMapped => match there.get(id).and_then(|mapping| kept(state, &strategies, mapping)) {
            Some(kept) if kept.participant == *wanted => None,
            Some(Kept { own: true, .. }) => Some(ELSEWHERE),
            _ => Some(CHOSEN),
        },
        refusal => Some(refused(refusal)),
    };
    Ok(parties.iter().zip(&refusals).map(why).collect())
}

fn ids_of(
    parties: &[(String, Participant)],
    refusals: &[Option<Refusal>],
    which: impl Fn(&Refusal) -> bool,
) -> Vec<String> {
    let wanted = parties.iter().zip(refusals).filter(|(_, refusal)| refusal.as_ref().is_some_and(&which));
    wanted.map(|((id, _), _)| id.clone()).collect()
}

fn items<'a>(
    strategies: &Strategies,
    parties: impl Iterator<Item = &'a (String, Participant)>,
) -> Result<Vec<Item>, ApiError> {
    let strategy = strategies
        .fa(STRATEGY)
        .ok_or_else(|| ApiError::internal(format!("strategy {STRATEGY}, that of oracles, is not there")))?;
    parties
        .map(|(id, participant)| {
            let fields = Fields::from([
                ("fsp_id".to_owned(), participant.fsp_id.clone()),
                ("currency".to_owned(), participant.currency.clone()),
                ("fa_type".to_owned(), "FSP".to_owned()),
            ]);
            let fa = strategy.construct(&fields).map_err(ApiError::internal)?;
            Ok(Item { id: id.clone(), fa: Some(fa), ..Item::default() })
        })
        .collect()
}

/// Why the mapper did not do it, in words that name no value.
fn refused(refusal: &Refusal) -> &'static str {
    match refusal {
        Refusal::Frozen => "this party is frozen; ask the operator of the mapper",
        Refusal::IdForbidden => "this caller may not use parties of this kind",
        Refusal::IdMalformed => "the identifier is too long",
        Refusal::NotInDirectory(why) => why,
        _ => "the mapper does not take this",
    }
}

/// Makes another FSP that of a party which an oracle added.
pub(crate) async fn replace(
    state: &State,
    caller: &Caller<'_>,
    id: &str,
    participant: Participant,
) -> Result<(), OracleFault> {
    caller.require(Operation::Update)?;
    state.limits.admit(caller, 1).await?;
    let strategies = state.strategies.of(caller.ctx.tenant.as_str()).await?;
    let tx = state.db.begin().await?;
    let (_, kept) = held(state, &tx, &strategies, caller, id).await?;
    if kept.participant == participant {
        return Ok(());
    }
    if !kept.own {
        return Err(OracleFault::Refused(CHOSEN));
    }
    let party = (id.to_owned(), participant);
    let items = items(&strategies, std::iter::once(&party))?;
    one(change(state, &tx, &strategies, caller, Operation::Update, &items).await?)?;
    tx.commit().await.map_err(StoreError::from)?;
    Ok(())
}

/// Removes a party that an oracle added; with a currency only when it has that one.
pub(crate) async fn remove(
    state: &State,
    caller: &Caller<'_>,
    id: &str,
    currency: Option<&str>,
) -> Result<(), OracleFault> {
    caller.require(Operation::Unlink)?;
    state.limits.admit(caller, 1).await?;
    let strategies = state.strategies.of(caller.ctx.tenant.as_str()).await?;
    let tx = state.db.begin().await?;
    let (mapping, kept) = held(state, &tx, &strategies, caller, id).await?;
    if currency.is_some_and(|wanted| wanted != kept.participant.currency) {
        return Err(OracleFault::NotFound);
    }
    if !kept.own {
        return Err(OracleFault::Refused(CHOSEN));
    }
    let item = Item { id: id.to_owned(), fa: Some(mapping.fa_value), ..Item::default() };
    one(change(state, &tx, &strategies, caller, Operation::Unlink, &[item]).await?)?;
    tx.commit().await.map_err(StoreError::from)?;
    Ok(())
}

/// The address of a party, kept as it is until the transaction ends.
async fn held(
    state: &State,
    tx: &DatabaseTransaction,
    strategies: &Strategies,
    caller: &Caller<'_>,
    id: &str,
) -> Result<(Mapping, Kept), OracleFault> {
    if id.len() > MAX_VALUE || !caller.may_use_id(id) {
        return Err(OracleFault::NotFound);
    }
    let tenant = caller.ctx.tenant.as_str();
    store::hold(tx, tenant, id).await?;
    let found = opened(&state.vault, tenant, store::by_ids(tx, tenant, vec![id.to_owned()]).await?);
    let found = found.into_iter().next();
    let mapping = found.ok_or(OracleFault::NotFound)?;
    let kept = kept(state, strategies, &mapping).ok_or(OracleFault::Refused(CHOSEN))?;
    Ok((mapping, kept))
}

fn one(refusals: Vec<Option<Refusal>>) -> Result<(), OracleFault> {
    match refusals.into_iter().next() {
        Some(None) => Ok(()),
        Some(Some(refusal)) => Err(OracleFault::Refused(refused(&refusal))),
        None => Err(ApiError::internal("a change without its answer").into()),
    }
}
