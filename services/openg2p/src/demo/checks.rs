//! The result, and whether it adds up. Everything is asked through the services' APIs: PBMS, bridge and bank are walked
//! side by side, disbursement by disbursement.

use std::{
    collections::BTreeMap,
    hash::{DefaultHasher, Hash, Hasher},
};

use anyhow::Context;
use money::{Amount, Currency};
use serde::Deserialize;
use serde_json::Value;

use crate::demo::{
    Demo,
    payment::{self, Cycle, Tally},
    privacy,
    programme::PBMS,
    report::{self, Check, Disbursements, MoneyReport, Report},
};

/// One page of a list.
#[derive(Deserialize)]
struct Page {
    items: Vec<Value>,
    next: Option<String>,
}

/// A disbursement as one of the services sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Line {
    id: String,
    payee: String,
    amount: String,
    state: String,
    reason: String,
}

impl Line {
    /// The same for the same payment, however the service writes the amount. Those of a list are added up, so that lists
    /// in different orders can be compared without holding one.
    fn fingerprint(&self, currency: Currency) -> u128 {
        let amount = Amount::parse(&self.amount, currency).map(|amount| amount.minor());
        [1_u8, 2].iter().fold(0, |all, salt| {
            let mut hasher = DefaultHasher::new();
            (salt, &self.id, &self.payee, amount.as_ref().ok(), &self.state, &self.reason).hash(&mut hasher);
            (all << 64) | u128::from(hasher.finish())
        })
    }
}

/// A list of a service, read page by page: memory stays flat however long it is.
struct Walk<'a> {
    demo: &'a Demo,
    service: &'static str,
    path: String,
    keys: [&'static str; 5],
    buffer: std::collections::VecDeque<Line>,
    after: Option<String>,
    ended: bool,
}

impl<'a> Walk<'a> {
    fn new(demo: &'a Demo, service: &'static str, path: String, keys: [&'static str; 5]) -> Self {
        Self {
            demo,
            service,
            path,
            keys,
            buffer: std::collections::VecDeque::new(),
            after: None,
            ended: false,
        }
    }

    async fn next(&mut self) -> anyhow::Result<Option<Line>> {
        while self.buffer.is_empty() && !self.ended {
            let cursor = self.after.as_ref().map(|a| format!("&after={a}")).unwrap_or_default();
            let path = format!("{}?limit=1000{cursor}", self.path);
            let page: Page = if self.service == PBMS {
                self.demo.client.get_as("maker", self.service, &path).await?
            } else {
                self.demo.client.get(self.service, &path).await?
            };
            let [id, payee, amount, state, reason] = self.keys;
            let text = |item: &Value, key: &str| match item.get(key) {
                Some(Value::String(text)) => text.clone(),
                Some(Value::Number(number)) => number.to_string(),
                _ => String::new(),
            };
            self.buffer.extend(page.items.iter().map(|item| Line {
                id: text(item, id),
                payee: text(item, payee),
                amount: text(item, amount),
                state: text(item, state),
                reason: text(item, reason),
            }));
            self.after = page.next;
            self.ended = self.after.is_none();
        }
        Ok(self.buffer.pop_front())
    }
}

/// Adds up and compares.
///
/// # Errors
/// When a service does not answer.
pub async fn report(demo: &Demo) -> anyhow::Result<Report> {
    let cycle = payment::cycle(demo).await?;
    let currency = Currency::from_code(&cycle.currency)?;
    let approved = cycle.approved.clone().unwrap_or_default();
    let of = |state: &str| cycle.disbursements.get(state).cloned().unwrap_or_default();
    let (paid, reversed, rejected) = (of("PAID"), of("REVERSED"), of("REJECTED"));
    let amount =
        |tally: &Tally| Amount::parse(if tally.amount.is_empty() { "0" } else { &tally.amount }, currency);
    let ended = amount(&paid)?.checked_add(amount(&reversed)?)?.checked_add(amount(&rejected)?)?;
    let counted = paid.count + reversed.count + rejected.count;
    let states: Vec<String> = cycle.disbursements.iter().map(|(s, t)| format!("{s} {}", t.count)).collect();
    let mut checks = vec![
        Check::new(
            "every disbursement is in exactly one end state",
            counted == approved.count && approved.count > 0,
            format!("{} approved; {}", approved.count, states.join(", ")),
        ),
        Check::new(
            "paid + reversed + rejected = approved, count and money",
            counted == approved.count && ended == amount(&approved)?,
            format!(
                "{counted} of {}, {} of {} {}",
                approved.count,
                ended.to_decimal_string(),
                approved.amount,
                cycle.currency
            ),
        ),
    ];
    checks.push(bank_is_balanced(demo).await?);
    let (agree, rejected_by_reason) = everybody_agrees(demo, &cycle, currency).await?;
    checks.push(agree);
    checks.push(nothing_is_left(demo).await?);
    checks.push(privacy::nobody_is_told(demo)?);
    Ok(Report {
        persons: demo.state.persons,
        rejected_rows: demo.state.rejected_rows,
        duplicates: demo.state.duplicates.clone(),
        households: demo.state.households.clone(),
        disbursements: Disbursements {
            approved: approved.count,
            paid: paid.count,
            reversed: reversed.count,
            rejected: rejected_by_reason,
        },
        money: MoneyReport {
            currency: cycle.currency.clone(),
            approved: amount(&approved)?.to_decimal_string(),
            paid: amount(&paid)?.to_decimal_string(),
            reversed: amount(&reversed)?.to_decimal_string(),
            rejected: amount(&rejected)?.to_decimal_string(),
        },
        steps: demo.state.steps.clone(),
        peak_memory_bytes: report::peak_memory(),
        checks,
    })
}

async fn bank_is_balanced(demo: &Demo) -> anyhow::Result<Check> {
    let summary: Value = demo.client.get("example-bank", "/api/v1/ledger/summary").await?;
    let sum = summary.get("sum").and_then(Value::as_str).unwrap_or("unknown");
    let open = summary.get("open_blocks").and_then(Value::as_u64);
    let zero = !sum.is_empty() && sum.chars().all(|c| c == '0' || c == '.');
    Ok(Check::new(
        "the bank's ledger sums to zero and no block is left open",
        zero && open == Some(0),
        format!("sum {sum}, open blocks {}", open.map_or_else(|| "unknown".to_owned(), |n| n.to_string())),
    ))
}

/// What PBMS has, against both others: by id with the bank, and as a sum with the bridge, whose list has another order.
struct Walked {
    compared: u64,
    sum: u128,
    differ: Vec<String>,
    rejected: BTreeMap<String, u64>,
}

/// Compares person by person; counts rejections by reason on the way.
async fn everybody_agrees(
    demo: &Demo,
    cycle: &Cycle,
    currency: Currency,
) -> anyhow::Result<(Check, BTreeMap<String, u64>)> {
    let mut walked = against_the_bank(demo, currency).await?;
    let (mut known, mut sum) = (0_u64, 0_u128);
    at_the_bridge(demo, cycle, |line| {
        known += 1;
        sum = sum.wrapping_add(line.fingerprint(currency));
    })
    .await?;
    if (known, sum) != (walked.compared, walked.sum) {
        walked.differ.extend(against_the_bridge(demo, cycle, currency).await?);
    }
    let shown: Vec<&str> = walked.differ.iter().take(3).map(String::as_str).collect();
    let compared = walked.compared;
    let detail = if walked.differ.is_empty() {
        format!("{compared} disbursements, the same in all three")
    } else {
        format!("{compared} compared, {} differ: {}", walked.differ.len(), shown.join("; "))
    };
    let agree = walked.differ.is_empty() && compared > 0;
    Ok((Check::new("PBMS, bridge and bank agree person by person", agree, detail), walked.rejected))
}

fn walk_pbms(demo: &Demo) -> Walk<'_> {
    let id = demo.state.cycle_id.as_deref().unwrap_or_default();
    let keys = ["disbursement_id", "payee", "amount", "state", "reason"];
    Walk::new(demo, PBMS, format!("/api/v1/cycles/{id}/disbursements"), keys)
}

/// Walks both lists in the order of the ids.
async fn against_the_bank(demo: &Demo, currency: Currency) -> anyhow::Result<Walked> {
    let mut pbms = walk_pbms(demo);
    let keys = ["payment_reference_number", "payee", "amount", "state", "reason"];
    let mut bank = Walk::new(demo, "example-bank", "/api/v1/payments".to_owned(), keys);
    let mut walked = Walked { compared: 0, sum: 0, differ: Vec::new(), rejected: BTreeMap::new() };
    let mut at_bank = bank.next().await?;
    while let Some(line) = pbms.next().await? {
        walked.compared += 1;
        walked.sum = walked.sum.wrapping_add(line.fingerprint(currency));
        if line.state == "REJECTED" {
            *walked.rejected.entry(line.reason.clone()).or_default() += 1;
        }
        while let Some(other) = at_bank.take_if(|b| b.id < line.id) {
            walked.differ.push(format!("{} is at the bank only", other.id));
            at_bank = bank.next().await?;
        }
        let paid = at_bank.take_if(|b| b.id == line.id);
        if paid.is_some() {
            at_bank = bank.next().await?;
        }
        walked.differ.extend(difference_at_bank(&line, paid.as_ref(), currency));
    }
    if at_bank.is_some() {
        walked.differ.push("the bank has more payments".to_owned());
    }
    Ok(walked)
}

/// Shows each of the bridge's disbursements.
async fn at_the_bridge(demo: &Demo, cycle: &Cycle, mut show: impl FnMut(Line)) -> anyhow::Result<()> {
    for envelope in cycle.envelopes.values() {
        let keys = ["disbursement_id", "beneficiary_id", "amount", "state", "reason"];
        let path = format!("/api/v1/envelopes/{envelope}/disbursements");
        let mut walk = Walk::new(demo, "g2p-bridge", path, keys);
        while let Some(line) = walk.next().await? {
            show(line);
        }
    }
    Ok(())
}

/// Which disbursements are not the same, once it is known that some are not.
async fn against_the_bridge(demo: &Demo, cycle: &Cycle, currency: Currency) -> anyhow::Result<Vec<String>> {
    let mut bridge = BTreeMap::new();
    at_the_bridge(demo, cycle, |line| drop(bridge.insert(line.id.clone(), line))).await?;
    let (mut pbms, mut differ) = (walk_pbms(demo), Vec::new());
    while let Some(line) = pbms.next().await? {
        match bridge.remove(&line.id) {
            None => differ.push(format!("{} is not at the bridge", line.id)),
            Some(other) if other.fingerprint(currency) != line.fingerprint(currency) => {
                differ.push(format!("{}: PBMS says {} and the bridge {}", line.id, line.state, other.state));
            }
            Some(_) => {}
        }
    }
    differ.extend(bridge.keys().map(|id| format!("{id} is at the bridge only")));
    Ok(differ)
}

fn difference_at_bank(pbms: &Line, bank: Option<&Line>, currency: Currency) -> Option<String> {
    let id = &pbms.id;
    let same_amount = |a: &str, b: &str| {
        Amount::parse(a, currency).ok().zip(Amount::parse(b, currency).ok()).is_some_and(|(a, b)| a == b)
    };
    let expected: &[Option<&str>] = match pbms.state.as_str() {
        "PAID" => &[Some("booked")],
        "REVERSED" => &[Some("reversed")],
        _ => &[None, Some("rejected")],
    };
    let there = bank.map(|b| b.state.as_str());
    if !expected.contains(&there) {
        return Some(format!("{id}: PBMS says {} and the bank {}", pbms.state, there.unwrap_or("nothing")));
    }
    let other = bank.filter(|b| !same_amount(&b.amount, &pbms.amount));
    other.map(|_| format!("{id}: the bank has another amount"))
}

async fn nothing_is_left(demo: &Demo) -> anyhow::Result<Check> {
    let left = left_over(demo).await?;
    let detail =
        if left.is_empty() { "0 events, 0 jobs, 0 dead letters".to_owned() } else { left.join(", ") };
    Ok(Check::new("no outbox row or job is left", left.is_empty(), detail))
}

/// Events on their way to a service, in it and from it, and its jobs.
const WORK: &[&str] = &["outbox", "backlog", "parked", "jobs", "dead_jobs", "dead_letters"];

/// Events and jobs that wait, from each service's admin port; empty when nothing does.
pub(super) async fn left_over(demo: &Demo) -> anyhow::Result<Vec<String>> {
    let mut left = Vec::new();
    for (service, url) in demo.client.admin_urls() {
        let work: Value = demo.client.plain_get(&format!("{url}/work")).await?;
        for key in WORK {
            let count = count(&work, key);
            if count != 0 {
                left.push(format!("{service}: {count} {key}"));
            }
        }
    }
    Ok(left)
}

/// How much of these waits at one service.
pub(super) async fn waiting(demo: &Demo, service: &str, keys: &[&str]) -> anyhow::Result<u64> {
    let (_, url) = demo
        .client
        .admin_urls()
        .find(|(name, _)| *name == service)
        .with_context(|| format!("{service} does not run"))?;
    let work: Value = demo.client.plain_get(&format!("{url}/work")).await?;
    Ok(keys.iter().fold(0, |sum, key| count(&work, key).saturating_add(sum)))
}

fn count(work: &Value, key: &str) -> u64 {
    work.get(key).and_then(Value::as_u64).unwrap_or(u64::MAX)
}
