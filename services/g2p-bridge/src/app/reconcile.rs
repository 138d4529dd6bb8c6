//! From statement lines to payments: reads the lines, judges all lines of a payment together, writes what follows.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use bank_formats::{Format, mt940};
use g2p_crypto::sha256_hex;
use sea_orm::DatabaseTransaction;
use storage::{StoreError, StoreResult};
use time::OffsetDateTime;
use uuid::Uuid;

use super::close::release_again;
use crate::{
    domain::{
        disbursement::{Event, State},
        envelope, ids,
        matching::{self, Expected, Line, Mark, Outcome},
        reason,
        repeats::Ordinals,
    },
    events::disbursements_changed,
    jobs::ACTOR,
    store::{
        attempts::{self, Attempt},
        changes::{self, Applied, Cause, Change},
        envelopes,
        lines::{self, NewLine, Stored},
    },
};

/// The statement that lines belong to.
#[derive(Debug, Clone)]
pub struct Source {
    /// Its id.
    pub statement_id: Uuid,
    /// `:25:`.
    pub account_number: String,
    /// Of its balances.
    pub currency: Option<String>,
    /// What it came as: the formats put the same things in different places.
    pub format: Format,
}

/// Turns entries into lines. `ordinals` counts equal entries of the whole statement, so that two that are alike in
/// every field stay two, and the same statement sent again gives the same keys.
pub fn to_lines(source: &Source, entries: &[mt940::Entry], ordinals: &mut Ordinals<'_>) -> Vec<NewLine> {
    entries.iter().map(|entry| to_line(source, entry, ordinals)).collect()
}

/// Text that says something; the reference bank writes `None` for nothing.
fn filled(text: Option<&String>) -> Option<&str> {
    text.map(|t| t.trim()).filter(|t| !t.is_empty() && *t != "None")
}

/// All that tells one line of an account from another.
#[must_use]
pub fn identity(account_number: &str, format: Format, entry: &mt940::Entry) -> String {
    format!(
        "{}\n{}\n{}\n{}\n{}\n{:?}\n{}",
        account_number,
        entry.mark,
        entry.amount.with_code(),
        entry.value_date,
        entry.customer_reference,
        entry.bank_reference,
        payment_ref(format, entry).as_deref().unwrap_or_default()
    )
}

fn to_line(source: &Source, entry: &mt940::Entry, ordinals: &mut Ordinals<'_>) -> NewLine {
    let payment_ref = payment_ref(source.format, entry);
    let text = identity(&source.account_number, source.format, entry);
    let ordinal = ordinals.next(&text);
    let line_key = sha256_hex(format!("{text}\n{ordinal}").as_bytes());
    let reversal_reason = entry.mark.is_reversal().then(|| {
        reason::with_detail(reason::REVERSED, return_reason(source.format, entry).unwrap_or_default())
            .trim_start_matches("REVERSED:")
            .to_owned()
    });
    NewLine {
        line_key,
        entry_no: i64::from(entry.ordinal),
        mark: entry.mark.as_str().to_owned(),
        amount_minor: Some(entry.amount.minor()),
        entry_date: entry.entry_date,
        value_date: Some(entry.value_date),
        payment_ref,
        bank_ref: entry.bank_reference.clone(),
        payee_name: payee_name(source.format, entry).map(str::to_owned),
        reversal_reason,
        outcome: Outcome::Ignored.as_str(),
        problem: None,
    }
}

/// Our id of the payment: the reference field, or in MT940 the fifth narrative when the bank put something of its own
/// there.
fn payment_ref(format: Format, entry: &mt940::Entry) -> Option<String> {
    let usable = |text: &str| ids::is_disbursement_id(text) && text != "NONREF";
    let reference = entry.customer_reference.trim();
    if usable(reference) {
        return Some(reference.to_owned());
    }
    let fifth = entry.narratives.get(4).filter(|_| format == Format::Mt940);
    let fifth = fifth.map(|n| n.trim()).filter(|n| usable(n));
    fifth.or(Some(reference).filter(|r| !r.is_empty())).map(str::to_owned)
}

/// Why a payment came back: the reason's code, or what the bank says besides; the last narrative of MT940.
fn return_reason(format: Format, entry: &mt940::Entry) -> Option<&str> {
    if format == Format::Mt940 {
        return entry.narratives.iter().rev().find_map(|n| filled(Some(n)));
    }
    let reason = entry.return_reason.as_ref()?;
    reason.code.as_deref().or_else(|| reason.information.first().map(String::as_str))
}

fn payee_name(format: Format, entry: &mt940::Entry) -> Option<&str> {
    if format == Format::Mt940 { filled(entry.narratives.get(3)) } else { entry.payee_name.as_deref() }
}

/// Writes lines that are new and does to their payments what all lines together say.
///
/// # Errors
/// The database's. `Serialization` when another statement brought one of the lines meanwhile: run it again.
pub async fn take_in(
    tx: &DatabaseTransaction,
    tenant: &str,
    source: &Source,
    mut new: Vec<NewLine>,
    at: OffsetDateTime,
) -> StoreResult<()> {
    let keys = new.iter().map(|line| line.line_key.clone()).collect();
    let known: HashSet<String> = lines::known_keys(tx, tenant, keys).await?.into_iter().collect();
    new.retain(|line| !known.contains(&line.line_key));
    if new.is_empty() {
        return Ok(());
    }
    let named: BTreeSet<String> = new
        .iter()
        .filter(|line| Mark::parse(&line.mark) != Mark::Other)
        .filter_map(|line| line.payment_ref.clone())
        .collect();
    let mut look = Look::at(tx, tenant, named.into_iter().collect()).await?;
    let outcomes = look.judge(source, &new);
    for (line, outcome) in new.iter_mut().zip(outcomes) {
        line.outcome = outcome.as_str();
        line.problem = outcome.problem().map(str::to_owned);
    }
    look.shout(&new);
    look.reasons.extend(reversal_reasons(&new));
    let count = u64::try_from(new.len()).unwrap_or(u64::MAX);
    let currency = source.currency.as_deref();
    if lines::insert(tx, tenant, source.statement_id, currency, at, new).await? != count {
        return Err(StoreError::Serialization);
    }
    look.write(tx, tenant, at).await?;
    Ok(())
}

/// Judges payments again by the lines that are there. Returns the ids of those that changed.
///
/// # Errors
/// The database's.
pub async fn again(
    tx: &DatabaseTransaction,
    tenant: &str,
    ids: &[String],
    at: OffsetDateTime,
) -> StoreResult<HashSet<String>> {
    let mut look = Look::at(tx, tenant, ids.to_vec()).await?;
    let nothing = Source {
        statement_id: Uuid::nil(),
        account_number: String::new(),
        currency: None,
        format: Format::default(),
    };
    look.judge(&nothing, &[]);
    look.write(tx, tenant, at).await
}

fn reversal_reasons(new: &[NewLine]) -> HashMap<String, String> {
    let one = |line: &NewLine| {
        Some((line.payment_ref.clone()?, reason::reversal(line.reversal_reason.as_deref()?).to_owned()))
    };
    new.iter().filter_map(one).collect()
}

/// Some payments, locked, and every line that names them.
struct Look {
    expected: HashMap<String, Expected>,
    stored: HashMap<String, Vec<Stored>>,
    names: Vec<String>,
    reasons: HashMap<String, String>,
    booked: Vec<String>,
    reversed: Vec<String>,
    changed_lines: Vec<(String, &'static str, Option<String>)>,
}

impl Look {
    async fn at(tx: &DatabaseTransaction, tenant: &str, names: Vec<String>) -> StoreResult<Self> {
        let named = lines::lock_named(tx, tenant, names.clone()).await?;
        let expected = named.into_iter().map(|n| (n.disbursement_id, n.expected)).collect();
        let mut stored: HashMap<String, Vec<Stored>> = HashMap::new();
        let mut reasons = HashMap::new();
        for line in lines::naming(tx, tenant, names.clone()).await? {
            if let Some(why) = &line.reversal_reason {
                reasons.insert(line.payment_ref.clone(), reason::reversal(why).to_owned());
            }
            stored.entry(line.payment_ref.clone()).or_default().push(line);
        }
        let (booked, reversed, changed_lines) = (Vec::new(), Vec::new(), Vec::new());
        Ok(Self { expected, stored, names, reasons, booked, reversed, changed_lines })
    }

    /// Judges every payment of the look; returns an outcome for each new line.
    fn judge(&mut self, source: &Source, new: &[NewLine]) -> Vec<Outcome> {
        let mut outcomes = vec![Outcome::Ignored; new.len()];
        let mut by_name: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (at, line) in new.iter().enumerate() {
            match (&line.payment_ref, Mark::parse(&line.mark)) {
                (_, Mark::Other) => {}
                (Some(name), _) => by_name.entry(name).or_default().push(at),
                (None, _) => {
                    let alone = matching::judge(None, &[to_judge(source, line)]);
                    if let (Some(slot), Some(outcome)) = (outcomes.get_mut(at), alone.outcomes.first()) {
                        *slot = *outcome;
                    }
                }
            }
        }
        for name in std::mem::take(&mut self.names) {
            let places = by_name.get(name.as_str()).map(Vec::as_slice).unwrap_or_default();
            let fresh = places.iter().filter_map(|at| new.get(*at)).map(|line| to_judge(source, line));
            let stored = self.stored.remove(&name).unwrap_or_default();
            let all: Vec<Line> = fresh.chain(stored.iter().map(|s| s.line.clone())).collect();
            let verdict = matching::judge(self.expected.get(&name), &all);
            for (at, outcome) in places.iter().zip(&verdict.outcomes) {
                if let Some(slot) = outcomes.get_mut(*at) {
                    *slot = *outcome;
                }
            }
            for (line, outcome) in stored.iter().zip(verdict.outcomes.iter().skip(places.len())) {
                if line.outcome != outcome.as_str() || line.problem.as_deref() != outcome.problem() {
                    let problem = outcome.problem().map(str::to_owned);
                    self.changed_lines.push((line.line.key.clone(), outcome.as_str(), problem));
                }
            }
            if verdict.booked {
                self.booked.push(name.clone());
            }
            if verdict.reversed {
                self.reversed.push(name);
            }
        }
        outcomes
    }

    /// Money left the account for a payment that was never to be made: nobody may overlook that.
    fn shout(&self, new: &[NewLine]) {
        let debits = new.iter().filter(|line| Mark::parse(&line.mark) == Mark::Debit);
        for id in debits.filter_map(|line| line.payment_ref.as_deref()) {
            let state = self.expected.get(id).map(|expected| expected.state);
            if let Some(state @ (State::Rejected | State::Cancelled)) = state {
                tracing::error!(disbursement = %id, state = state.as_str(), "the bank debited a payment that is not to be made");
            }
        }
    }

    /// Writes what follows for the payments; returns the ids of those that changed.
    async fn write(
        self,
        tx: &DatabaseTransaction,
        tenant: &str,
        at: OffsetDateTime,
    ) -> StoreResult<HashSet<String>> {
        lines::set_outcomes(tx, tenant, self.changed_lines).await?;
        let state = |id: &String| self.expected.get(id).map(|e| e.state);
        let booked = self.booked.iter().filter_map(|id| Change::by(Event::Book, id, state(id)?, None));
        let cause = |event: Event| Cause { tenant, actor: ACTOR, action: event.as_str(), at };
        let mut applied = changes::apply(tx, cause(Event::Book), booked.collect()).await?;
        let paid: HashSet<String> = applied.iter().map(|a| a.disbursement_id.clone()).collect();
        // A statement outranks an answer that never came.
        let notes = paid.iter().map(|id| (id.clone(), Attempt::Accepted, None));
        attempts::answer(tx, tenant, at, notes.collect()).await?;
        let reversed = self.reversed.iter().filter(|id| paid.contains(*id) || state(id) == Some(State::Paid));
        let reversed = reversed.filter_map(|id| {
            let why = self.reasons.get(id).cloned().or_else(|| Some(reason::REVERSED.to_owned()));
            Change::by(Event::Reverse, id, State::Paid, why)
        });
        let back = changes::apply(tx, cause(Event::Reverse), reversed.collect()).await?;
        release_late(tx, tenant, &back).await?;
        applied.extend(back);
        let ids = applied.iter().map(|a| a.disbursement_id.clone()).collect();
        disbursements_changed(tx, tenant, at, applied).await?;
        Ok(ids)
    }
}

/// A reversal after the envelope was finished may put money back into its block: give that back too.
async fn release_late(tx: &DatabaseTransaction, tenant: &str, reversed: &[Applied]) -> StoreResult<()> {
    let ids: BTreeSet<&str> = reversed.iter().map(|a| a.envelope_id.as_str()).collect();
    for id in ids {
        let envelope = envelopes::find(tx, tenant, id).await?;
        let over = [envelope::State::Releasing.as_str(), envelope::State::Finished.as_str()];
        if envelope.is_some_and(|e| over.contains(&e.state.as_str())) {
            release_again(tx, tenant, id).await?;
        }
    }
    Ok(())
}

fn to_judge(source: &Source, line: &NewLine) -> Line {
    Line {
        key: line.line_key.clone(),
        mark: Mark::parse(&line.mark),
        amount_minor: line.amount_minor,
        currency: source.currency.clone(),
        account_number: source.account_number.clone(),
    }
}
