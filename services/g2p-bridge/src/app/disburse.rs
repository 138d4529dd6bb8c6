//! Payments of G2P-Connect disburse messages. They have no envelopes: what a message brings for one programme and one day
//! becomes an envelope that is complete at once, and goes the way of all others.

use std::{
    borrow::Cow,
    collections::{BTreeMap, HashMap, HashSet},
};

use g2p_connect::{
    disburse::core::DisburseResult,
    reason::{BridgeReason, DisburseReason, Reason},
};
use money::{Amount, Currency};
use platform::Ctx;
use sea_orm::{DatabaseTransaction, TransactionTrait};
use serde_json::{Value, json};
use storage::StoreError;
use time::Date;

use super::{
    App, Failure, PAY, Refusal,
    admission::{self, AdmitInput, RowInput, is_payable},
    disburse_read::{refused, told},
    envelopes::{self, EnvelopeInput, NaturalKey, zone},
    require_any,
};
use crate::{
    domain::{
        financial_address::Account,
        ids,
        order::{self, Label, Order, Payer, Why},
        schedule,
    },
    store::{
        orders::{self, NewOrder, Of},
        programs::{self, Program},
    },
};

/// Pairs of a programme and a day that one message may name: each becomes an envelope.
const MAX_GROUPS: usize = 100;

/// Who sends a message.
#[derive(Debug, Clone)]
pub struct From {
    /// Whose references these are.
    pub sender: String,
    /// Whether amounts and addresses may be written as deployed clients write them.
    pub lenient: bool,
}

/// A programme and a day.
type Place = (String, Date);

enum Fate {
    Refused(Why),
    /// Its reference came before, in this transaction and with this content.
    Known,
    Asked(Order),
    /// The payment's id.
    Taken(String),
}

struct Item {
    label: Label,
    fate: Fate,
}

/// Whether the sender may pay.
///
/// # Errors
/// 403.
pub(crate) fn may_pay(ctx: &Ctx) -> Result<(), Failure> {
    Ok(require_any(ctx, PAY)?)
}

/// Takes in the items that are right, and says of each what became of it. The same transaction again adds nothing: its
/// items are told as they stand by then.
///
/// # Errors
/// 403 without the permission, or what the database says. Wrong items are not errors.
pub async fn take(
    app: &App,
    tx: &DatabaseTransaction,
    ctx: &Ctx,
    from: &From,
    transaction_id: &str,
    items: &[Value],
) -> Result<Vec<DisburseResult>, Failure> {
    may_pay(ctx)?;
    let of = Of { tenant: ctx.tenant.as_str(), sender: &from.sender };
    let mut items = read(items, from.lenient);
    orders::lock(tx, of).await?;
    mark_known(tx, of, transaction_id, &mut items).await?;
    let programs = payers(tx, of.tenant, &items).await?;
    for ((mnemonic, date), members) in group(app, &programs, &mut items)? {
        let Some(program) = programs.iter().find(|p| p.benefit_program_mnemonic == mnemonic) else {
            continue;
        };
        let inner = tx.begin().await.map_err(StoreError::from)?;
        let group = Group { program, date, members: &members };
        match admit(app, &inner, ctx, from, transaction_id, &group, &items).await {
            Ok(ids) => {
                inner.commit().await.map_err(StoreError::from)?;
                for (n, id) in members.into_iter().zip(ids) {
                    set(&mut items, n, Fate::Taken(id));
                }
            }
            Err(Failure::Refused(refusal)) => {
                inner.rollback().await.map_err(StoreError::from)?;
                for n in members {
                    set(&mut items, n, Fate::Refused(why(&refusal)));
                }
            }
            Err(other) => return Err(other),
        }
    }
    keep(app, tx, of, transaction_id, &items).await?;
    answers(app, tx, of, &items).await
}

fn set(items: &mut [Item], n: usize, fate: Fate) {
    if let Some(item) = items.get_mut(n) {
        item.fate = fate;
    }
}

/// A reference that stands twice in a message is refused each time: nobody could tell which of them was paid.
fn read(items: &[Value], lenient: bool) -> Vec<Item> {
    let mut count: HashMap<String, usize> = HashMap::new();
    let read: Vec<_> = items.iter().map(|item| order::read(item, lenient)).collect();
    for (label, _) in &read {
        *count.entry(label.reference_id.clone()).or_default() += 1;
    }
    let one = |(label, order): (Label, Result<Order, Why>)| {
        let twice = !label.reference_id.is_empty() && count.get(&label.reference_id).is_some_and(|n| *n > 1);
        let fate = match order {
            _ if twice => Fate::Refused(Why::new(
                DisburseReason::ReferenceIdDuplicate,
                "reference_id stands more than once in this message; none of these items was taken",
            )),
            Ok(order) => Fate::Asked(order),
            Err(why) => Fate::Refused(why),
        };
        Item { label, fate }
    };
    read.into_iter().map(one).collect()
}

async fn mark_known(
    tx: &DatabaseTransaction,
    of: Of<'_>,
    transaction_id: &str,
    items: &mut [Item],
) -> Result<(), Failure> {
    let asked = items.iter().filter(|item| matches!(item.fate, Fate::Asked(_)));
    let references: Vec<String> = asked.map(|item| item.label.reference_id.clone()).collect();
    let taken = orders::taken(tx, of, references).await?;
    let taken: HashMap<&str, &orders::Taken> = taken.iter().map(|t| (t.reference_id.as_str(), t)).collect();
    for item in items.iter_mut().filter(|item| matches!(item.fate, Fate::Asked(_))) {
        let Some(there) = taken.get(item.label.reference_id.as_str()) else { continue };
        item.fate = if there.transaction_id != transaction_id {
            Fate::Refused(Why::new(
                DisburseReason::ReferenceIdDuplicate,
                "reference_id was used in another transaction",
            ))
        } else if there.content_key != item.label.content_key {
            Fate::Refused(Why::new(
                DisburseReason::ReferenceIdDuplicate,
                "reference_id was used for a payment with other content",
            ))
        } else {
            Fate::Known
        };
    }
    Ok(())
}

/// The programmes that the items may mean.
async fn payers(tx: &DatabaseTransaction, tenant: &str, items: &[Item]) -> Result<Vec<Program>, StoreError> {
    let (mut mnemonics, mut accounts) = (HashSet::new(), HashSet::new());
    for item in items {
        if let Fate::Asked(order) = &item.fate {
            let names = if order.payer.by_account { &mut accounts } else { &mut mnemonics };
            names.insert(order.payer.name.clone());
        }
    }
    if mnemonics.is_empty() && accounts.is_empty() {
        return Ok(Vec::new());
    }
    programs::of_payers(tx, tenant, mnemonics.into_iter().collect(), accounts.into_iter().collect()).await
}

fn program_of<'a>(programs: &'a [Program], payer: &Payer) -> Result<&'a Program, Why> {
    let is_meant = |p: &&Program| {
        let name =
            if payer.by_account { &p.sponsor_bank_account_number } else { &p.benefit_program_mnemonic };
        name.to_lowercase() == payer.name && order::bank_key(&p.sponsor_bank_code) == payer.bank
    };
    let mut meant = programs.iter().filter(is_meant);
    match (meant.next(), meant.next()) {
        (Some(program), None) => Ok(program),
        (None, _) => Err(Why::new(DisburseReason::PayerFaInvalid, "no programme is paid from payer_fa")),
        (Some(_), Some(_)) => Err(Why::new(
            DisburseReason::PayerFaInvalid,
            "several programmes are paid from payer_fa; name one as program:MNEMONIC@BANK",
        )),
    }
}

/// Sorts what is asked for by programme and day, and refuses what no programme can pay.
fn group(
    app: &App,
    programs: &[Program],
    items: &mut [Item],
) -> Result<BTreeMap<Place, Vec<usize>>, Failure> {
    let mut groups: BTreeMap<Place, Vec<usize>> = BTreeMap::new();
    let mut found: HashMap<Payer, Result<&Program, Why>> = HashMap::new();
    for (n, item) in items.iter_mut().enumerate() {
        let Fate::Asked(order) = &item.fate else { continue };
        let program =
            found.entry(order.payer.clone()).or_insert_with(|| program_of(programs, &order.payer)).clone();
        let placed = match program {
            Ok(program) => {
                day(app, program, order)?.map(|date| (program.benefit_program_mnemonic.clone(), date))
            }
            Err(why) => Err(why),
        };
        match placed {
            Ok(place) if groups.len() < MAX_GROUPS || groups.contains_key(&place) => {
                groups.entry(place).or_default().push(n);
            }
            Ok(_) => {
                let text = "a message may name 100 pairs of a programme and a day";
                item.fate = Fate::Refused(Why::new(DisburseReason::ScheduleTsInvalid, text));
            }
            Err(why) => item.fate = Fate::Refused(why),
        }
    }
    Ok(groups)
}

/// The day on which the programme pays the order, in its time zone.
fn day(app: &App, program: &Program, order: &Order) -> Result<Result<Date, Why>, Failure> {
    let refused = |code, text: &'static str| Ok(Err(Why::new(code, text)));
    let code = program.sponsor_bank_account_currency.as_str();
    if order.currency.as_deref().is_some_and(|asked| asked != code) {
        return refused(DisburseReason::CurrencyCodeInvalid, "the programme pays in another currency");
    }
    if !order.amount.to_amount(currency(program)?).is_ok_and(is_payable) {
        return refused(DisburseReason::AmountInvalid, "amount is too large, or finer than the currency");
    }
    if !program.id_mapper_resolution_required && Account::parse(&order.payee_fa).is_err() {
        let text = "the programme looks no ids up, and payee_fa names no account";
        return refused(DisburseReason::PayeeFaInvalid, text);
    }
    let tz = zone(&program.time_zone)?;
    let today = schedule::today(app.now(), tz);
    let date = order.scheduled.map_or(today, |at| schedule::today(at, tz));
    if date < today {
        return refused(DisburseReason::ScheduleTsInvalid, "the day of scheduled_timestamp is over");
    }
    Ok(Ok(date))
}

fn currency(program: &Program) -> Result<Currency, StoreError> {
    Currency::from_code(&program.sponsor_bank_account_currency)
        .map_err(|e| StoreError::Other(format!("currency of a programme: {e}")))
}

struct Group<'a> {
    program: &'a Program,
    date: Date,
    members: &'a [usize],
}

/// Makes the envelope of a group and takes its payments in; returns their ids.
async fn admit(
    app: &App,
    tx: &DatabaseTransaction,
    ctx: &Ctx,
    from: &From,
    transaction_id: &str,
    group: &Group<'_>,
    items: &[Item],
) -> Result<Vec<String>, Failure> {
    let currency = currency(group.program)?;
    let members = group.members.iter().filter_map(|n| match items.get(*n).map(|item| &item.fate) {
        Some(Fate::Asked(order)) => Some(order),
        _ => None,
    });
    let members: Vec<&Order> = members.collect();
    let too_much = |_| Failure::refused(BridgeReason::InvalidTotalDisbursementAmount);
    let amounts = members.iter().map(|order| order.amount.to_amount(currency));
    let amounts: Vec<Amount> = amounts.collect::<Result<_, _>>().map_err(too_much)?;
    let total = Amount::sum(currency, amounts).map_err(too_much)?;
    let payees: HashSet<&str> = members.iter().map(|order| order.payee_fa.as_str()).collect();
    let first = members.first().map(|order| order.reference_id.as_str()).unwrap_or_default();
    let count = |n: usize| Some(i64::try_from(n).unwrap_or(i64::MAX));
    let program = group.program.benefit_program_mnemonic.as_str();
    let envelope = EnvelopeInput {
        // A reference is taken once, so the first one tells this envelope from all others.
        key: NaturalKey::Message { sender: from.sender.clone(), message_id: format!("disburse {first}") },
        program: Some(program.to_owned()),
        frequency: Some("OnDemand".to_owned()),
        cycle: Some(transaction_id.to_owned()),
        beneficiaries: count(payees.len()),
        count: count(members.len()),
        total: Some(total.to_decimal_text()),
        currency: Some(currency.code().to_owned()),
        schedule_date: Some(group.date.to_string()),
        labels: json!({}),
    };
    let envelope = envelopes::create(app, tx, ctx, &envelope).await?.envelope_id;
    let rows = members.iter().map(|order| RowInput {
        disbursement_id: Some(ids::derived("disburse", &[&from.sender, &order.reference_id])),
        mis_reference_number: Some(order.reference_id.clone()),
        envelope_id: Some(envelope.clone()),
        beneficiary_id: Some(order.payee_fa.clone()),
        beneficiary_name: order.payee_name.clone(),
        amount: Some(order.amount.clone()),
        narrative: Some(order.narrative.clone().unwrap_or_else(|| program.to_owned())),
        compute_elements: None,
    });
    let input = AdmitInput { rows: rows.collect(), batch_control_id: None, message: None };
    let admitted = admission::create(app, tx, ctx, input).await?;
    Ok(admitted.into_iter().map(|one| one.disbursement_id).collect())
}

/// A refusal of the bridge's own rules in the words of the specification.
fn why(refusal: &Refusal) -> Why {
    use BridgeReason as B;
    let row = refusal.rows.iter().flatten().next().copied();
    let code = match row.or_else(|| B::from_code(&refusal.code)) {
        Some(B::InvalidTotalDisbursementAmount | B::InvalidDisbursementAmount) => {
            DisburseReason::AmountInvalid
        }
        Some(B::InvalidDisbursementScheduleDate) => DisburseReason::ScheduleTsInvalid,
        Some(B::InvalidDisbursementCurrencyCode) => DisburseReason::CurrencyCodeInvalid,
        Some(B::InvalidBeneficiaryId | B::InvalidBeneficiaryName) => DisburseReason::PayeeFaInvalid,
        Some(B::InvalidProgramMnemonic) => DisburseReason::PayerFaInvalid,
        Some(B::DuplicateDisbursement | B::MultipleEnvelopesFound) => DisburseReason::ReferenceIdDuplicate,
        _ => DisburseReason::ReferenceIdInvalid,
    };
    let text = row.map_or_else(|| refusal.code.clone(), |row| row.as_str().to_owned());
    Why::new(code, Cow::Owned(text))
}

async fn keep(
    app: &App,
    tx: &DatabaseTransaction,
    of: Of<'_>,
    transaction_id: &str,
    items: &[Item],
) -> Result<(), StoreError> {
    let mut seen: HashSet<&str> = HashSet::new();
    let mut rows = Vec::new();
    for item in items {
        let (disbursement_id, refused) = match &item.fate {
            Fate::Taken(id) => (Some(id.clone()), None),
            Fate::Refused(why) => (None, Some((why.code.as_str().to_owned(), why.text.clone().into_owned()))),
            Fate::Known | Fate::Asked(_) => continue,
        };
        let label = &item.label;
        if !label.reference_id.is_empty() && seen.insert(&label.reference_id) {
            rows.push(NewOrder {
                reference_id: label.reference_id.clone(),
                disbursement_id,
                content_key: label.content_key.clone(),
                payer_fa: label.payer_fa.clone(),
                payee_fa: label.payee_fa.clone(),
                refused,
            });
        }
    }
    orders::save(tx, of, transaction_id, app.now(), rows).await
}

/// One result an item, in their order.
async fn answers(
    app: &App,
    tx: &DatabaseTransaction,
    of: Of<'_>,
    items: &[Item],
) -> Result<Vec<DisburseResult>, Failure> {
    let there = items.iter().filter(|item| !matches!(item.fate, Fate::Refused(_)));
    let references = there.map(|item| item.label.reference_id.clone()).collect();
    let standing = orders::of_references(tx, of, references).await?;
    let standing: HashMap<&str, &orders::Standing> =
        standing.iter().map(|s| (s.reference_id.as_str(), s)).collect();
    let one = |item: &Item| match (&item.fate, standing.get(item.label.reference_id.as_str())) {
        (Fate::Refused(why), _) => {
            Ok(refused(&item.label.reference_id, why.code.as_str(), &why.text, app.now()))
        }
        (_, Some(standing)) => Ok(told(standing)?),
        (_, None) => Err(StoreError::NotFound("a payment just taken in").into()),
    };
    items.iter().map(one).collect()
}
