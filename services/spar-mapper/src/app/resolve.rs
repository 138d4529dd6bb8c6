//! Resolve: by id, by address, or whether a pair belongs together.

use std::{borrow::Cow, collections::HashMap};

use g2p_connect::{mapper::AccountProviderInfo, reason::ResolveReason};
use platform::PartnerError;
use serde::Serialize;
use serde_json::Value;

use crate::{
    State,
    app::{
        Caller, Strategies,
        change::{open, opened},
    },
    domain::{Fields, Finding, MAX_VALUE, Operation, Question, Refusal, Scope, text},
    store::{self, Mapping},
};

/// What one question is answered with.
pub(crate) struct Answer<'a> {
    pub(crate) finding: Finding,
    /// The mapping, when it was found and may be told.
    pub(crate) told: Option<&'a Mapping>,
}

impl Answer<'_> {
    /// The answer to an item that does not say of itself what a strict partner's must.
    pub(crate) fn misnamed(refusal: &Refusal) -> Self {
        let finding = match refusal {
            Refusal::ReferenceRepeated => with(ResolveReason::ReferenceIdDuplicate, text::REFERENCE_REPEATED),
            Refusal::TimestampInvalid => with(ResolveReason::TimestampInvalid, text::TIMESTAMP_INVALID),
            _ => with(ResolveReason::ReferenceIdInvalid, text::REFERENCE_MISSING),
        };
        Self { finding, told: None }
    }
}

/// Mappings of a batch of questions.
#[derive(Default)]
pub(crate) struct Found {
    details: bool,
    /// Of the id of each question, in its place.
    ids: Vec<Known>,
    fas: HashMap<String, Mapping>,
}

/// What is known of an id.
enum Known {
    Nothing,
    /// It has an address, which does not open.
    Unreadable,
    Mapped(Mapping),
}

/// So many ids are looked up without waiting for a turn.
const FEW: usize = 50;

/// Looks up all that the questions ask for; [`Found::answer`] then answers each.
///
/// # Errors
/// When the partner may not resolve, or the database cannot be asked.
pub(crate) async fn resolve(
    state: &State,
    caller: &Caller<'_>,
    questions: &[Question<'_>],
) -> Result<Found, PartnerError> {
    caller.require(Operation::Resolve)?;
    let usable = |value: &str| !value.is_empty() && value.len() <= MAX_VALUE;
    let asked = |q: &Question<'_>| usable(q.id) && caller.may_use_id(q.id);
    // An id that may not be asked for is asked for as an empty one, which nobody has.
    let ids: Vec<&str> = questions.iter().map(|q| if asked(q) { q.id } else { "" }).collect();
    let fas = questions.iter().filter(|q| q.id.is_empty()).map(|q| q.fa).filter(|fa| usable(fa));
    let tenant = caller.ctx.tenant.as_str();
    let fas: Vec<String> = fas.map(str::to_owned).collect();
    let mapped = if ids.iter().all(|id| id.is_empty()) {
        Vec::new()
    } else {
        // One after another they are all answered sooner than all at once, and single ids pass by.
        let _turn = if ids.len() > FEW { state.turns.acquire().await.ok() } else { None };
        store::look_up(&state.db, tenant, &ids).await?
    };
    let mut found =
        Found { details: caller.may_see_details(), ids: known(state, tenant, mapped), fas: HashMap::new() };
    let indexes = fas.iter().filter_map(|fa| state.vault.index(tenant, fa)).collect();
    let namespaces = caller.sender.partner.policy.namespaces();
    let by_fa = store::by_fas(state.db.conn(), tenant, fas, indexes, namespaces).await?;
    for mapping in opened(&state.vault, tenant, by_fa) {
        let better = |known: &Mapping| mapping.active && !known.active;
        if caller.may_use_id(&mapping.id_value) && found.fas.get(&mapping.fa_value).is_none_or(better) {
            found.fas.insert(mapping.fa_value.clone(), mapping);
        }
    }
    // Also an account that nobody has, and one that is not this person's: so one finds out whose account it is.
    let guessed = |(place, question): &(usize, &Question<'_>)| {
        let asked = question.id.is_empty() || ids.get(*place).is_some_and(|id| !id.is_empty());
        let reason = found.find(*place, question).0.reason;
        asked && matches!(reason, ResolveReason::FaNotFound | ResolveReason::FaNotLinkedToId)
    };
    let unknown = questions.iter().enumerate().filter(guessed).count();
    state.limits.note_resolve(caller, questions.len(), unknown);
    Ok(found)
}

/// Opens addresses that are sealed.
fn known(state: &State, tenant: &str, mappings: Vec<Option<Mapping>>) -> Vec<Known> {
    let one = |mapping: Option<Mapping>| {
        let Some(mapping) = mapping else { return Known::Nothing };
        open(&state.vault, tenant, mapping).map_or(Known::Unreadable, Known::Mapped)
    };
    mappings.into_iter().map(one).collect()
}

impl Found {
    /// The answer to the question in this place.
    pub(crate) fn answer(&self, place: usize, question: &Question<'_>, caller: &Caller<'_>) -> Answer<'_> {
        let refused = |reason, text| Answer { finding: with(reason, text), told: None };
        match question.scope {
            Scope::Unsupported => {
                return refused(ResolveReason::ResolveTypeNotSupported, "scope is yes_no or details");
            }
            Scope::Details if !self.details => {
                return refused(
                    ResolveReason::ResolveTypeNotSupported,
                    "this partner may ask with scope yes_no only",
                );
            }
            Scope::Details | Scope::YesNo => {}
        }
        if question.id.len() > MAX_VALUE {
            return refused(ResolveReason::IdInvalid, "the id is too long");
        }
        if !question.id.is_empty() && !caller.may_use_id(question.id) {
            return refused(ResolveReason::IdInvalid, "this partner may not use ids of this kind");
        }
        let (finding, mapping) = self.find(place, question);
        Answer { finding, told: mapping.filter(|_| question.scope == Scope::Details) }
    }

    fn find(&self, place: usize, question: &Question<'_>) -> (Finding, Option<&Mapping>) {
        let (id, fa) = (question.id, question.fa);
        match (id.is_empty(), fa.is_empty()) {
            (true, true) => (with(ResolveReason::ReferenceIdInvalid, text::ID_OR_FA_REQUIRED), None),
            (true, false) => match self.fas.get(fa) {
                Some(m) if m.active => (of(ResolveReason::FaActive), Some(m)),
                Some(m) => (of(ResolveReason::FaInactive), Some(m)),
                None => (of(ResolveReason::FaNotFound), None),
            },
            (false, _) => match self.ids.get(place).unwrap_or(&Known::Nothing) {
                // Not "not linked": who hears that may link the id to another account.
                Known::Unreadable => (
                    with(ResolveReason::FaInvalid, "the stored address cannot be read; ask the operator"),
                    None,
                ),
                Known::Nothing => (with(ResolveReason::FaNotLinkedToId, text::NOT_LINKED), None),
                Known::Mapped(m) if !fa.is_empty() && fa != m.fa_value => {
                    (of(ResolveReason::FaNotLinkedToId), None)
                }
                Known::Mapped(m) if m.active => (of(ResolveReason::IdActive), Some(m)),
                Known::Mapped(m) => (of(ResolveReason::IdInactive), Some(m)),
            },
        }
    }
}

const fn of(reason: ResolveReason) -> Finding {
    Finding { reason, text: None }
}

const fn with(reason: ResolveReason, text: &'static str) -> Finding {
    Finding { reason, text: Some(text) }
}

/// Who keeps the account: the bank with its branch, or the wallet's provider. Never the person.
fn provider<'a>(get: impl Fn(&str) -> Option<Cow<'a, str>>) -> Option<Provider<'a>> {
    let get = |key: &str| get(key).filter(|value| !value.is_empty());
    let code = get("bank_code").or_else(|| get("wallet_provider_code")).or_else(|| get("fsp_id"))?;
    let name = get("bank_name").or_else(|| get("wallet_provider_name")).unwrap_or_else(|| code.clone());
    Some(Provider { name, code, subcode: get("branch_code") })
}

/// `account_provider_info` of an answer.
#[derive(Debug, Serialize)]
pub(crate) struct Provider<'a> {
    name: Cow<'a, str>,
    code: Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    subcode: Option<Cow<'a, str>>,
}

impl Provider<'_> {
    /// The code, as it stands in the address.
    pub(crate) fn code(&self) -> String {
        self.code.clone().into_owned()
    }
}

impl From<Provider<'_>> for AccountProviderInfo {
    fn from(provider: Provider<'_>) -> Self {
        Self {
            name: provider.name.into_owned(),
            code: provider.code.into_owned(),
            subcode: provider.subcode.map(Cow::into_owned),
            additional_info: None,
        }
    }
}

/// The strategy that an entry of `additional_info` names, as deployed mappers of 2.x keep it.
fn named_strategy(info: &str) -> Option<i64> {
    if !info.contains("strategy_id") {
        return None;
    }
    let info: Value = serde_json::from_str(info).ok()?;
    info.as_array()?.iter().find_map(|entry| entry.get("strategy_id")?.as_i64())
}

impl Strategies {
    /// Who keeps the account of a stored address.
    pub(crate) fn provider_of<'a>(&self, mapping: &'a Mapping) -> Option<Provider<'a>> {
        let text = mapping.fa_value.as_str();
        // The way of nearly all: one strategy begins like this, and splitting is enough.
        if let Some(strategy) = self.fas().find(|strategy| strategy.may_have_written(text))
            && let Some(values) = strategy.split(text)
        {
            return provider(|key| {
                let at = strategy.names().position(|name| name == key)?;
                values.get(at).map(|value| Cow::Borrowed(*value))
            });
        }
        let (_, fields) = self.parts_of(mapping)?;
        provider(|key| fields.get(key).map(|value| Cow::Owned(value.clone())))
    }

    /// The parts of a stored address, and the strategy they were read with: the one that is named beside the address,
    /// or the first that reads it. (Rows that came before strategies name none.)
    pub(crate) fn parts_of(&self, mapping: &Mapping) -> Option<(i64, Fields)> {
        let named = mapping.additional_info.as_deref().and_then(named_strategy).and_then(|id| self.fa(id));
        let others = self.fas().filter(|strategy| strategy.may_have_written(&mapping.fa_value));
        named
            .into_iter()
            .chain(others)
            .find_map(|strategy| Some((strategy.id, strategy.deconstruct(&mapping.fa_value)?)))
    }
}
