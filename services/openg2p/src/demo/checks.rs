//! The result, and whether it adds up. Everything is asked through the services' APIs: PBMS, bridge and bank are walked
//! side by side, disbursement by disbursement.

use std::{cmp::Ordering, collections::BTreeMap};

use money::{Amount, Currency};
use serde::Deserialize;
use serde_json::Value;

use crate::demo::{
    Demo,
    payment::{self, Cycle, Tally},
    programme::PBMS,
    report::{Check, Disbursements, MoneyReport, Report},
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

/// Walks the three lists in the order of the ids and compares person by person; counts rejections by reason on the way.
async fn everybody_agrees(
    demo: &Demo,
    cycle: &Cycle,
    currency: Currency,
) -> anyhow::Result<(Check, BTreeMap<String, u64>)> {
    let id = demo.state.cycle_id.as_deref().unwrap_or_default();
    let keys = ["disbursement_id", "payee", "amount", "state", "reason"];
    let mut pbms = Walk::new(demo, PBMS, format!("/api/v1/cycles/{id}/disbursements"), keys);
    let keys = ["payment_reference_number", "payee", "amount", "state", "reason"];
    let mut bank = Walk::new(demo, "example-bank", "/api/v1/payments".to_owned(), keys);
    let bridge = bridge_lines(demo, cycle).await?;
    let (mut compared, mut differ) = (0_u64, Vec::new());
    let mut reasons: BTreeMap<String, u64> = BTreeMap::new();
    let mut at_bank = bank.next().await?;
    while let Some(line) = pbms.next().await? {
        compared += 1;
        if line.state == "REJECTED" {
            *reasons.entry(line.reason.clone()).or_default() += 1;
        }
        while at_bank.as_ref().is_some_and(|b| b.id.cmp(&line.id) == Ordering::Less) {
            differ.push(format!("{} is at the bank only", at_bank.as_ref().map_or("", |b| b.id.as_str())));
            at_bank = bank.next().await?;
        }
        let paid = at_bank.as_ref().filter(|b| b.id == line.id).cloned();
        if paid.is_some() {
            at_bank = bank.next().await?;
        }
        if let Some(why) = difference(&line, bridge.get(&line.id), paid.as_ref(), currency) {
            differ.push(why);
        }
    }
    let known = u64::try_from(bridge.len()).unwrap_or(u64::MAX);
    if at_bank.is_some() {
        differ.push("the bank has more payments".to_owned());
    }
    if known != compared {
        differ.push(format!("the bridge has {known} disbursements"));
    }
    let shown: Vec<String> = differ.iter().take(3).cloned().collect();
    let detail = if differ.is_empty() {
        format!("{compared} disbursements, the same in all three")
    } else {
        format!("{compared} compared, {} differ: {}", differ.len(), shown.join("; "))
    };
    let agree =
        Check::new("PBMS, bridge and bank agree person by person", differ.is_empty() && compared > 0, detail);
    Ok((agree, reasons))
}

/// The bridge's disbursements, by id.
async fn bridge_lines(demo: &Demo, cycle: &Cycle) -> anyhow::Result<BTreeMap<String, Line>> {
    let mut lines = BTreeMap::new();
    for envelope in cycle.envelopes.values() {
        let keys = ["disbursement_id", "beneficiary_id", "amount", "state", "reason"];
        let path = format!("/api/v1/envelopes/{envelope}/disbursements");
        let mut walk = Walk::new(demo, "g2p-bridge", path, keys);
        while let Some(line) = walk.next().await? {
            lines.insert(line.id.clone(), line);
        }
    }
    Ok(lines)
}

fn difference(pbms: &Line, bridge: Option<&Line>, bank: Option<&Line>, currency: Currency) -> Option<String> {
    let id = &pbms.id;
    let Some(bridge) = bridge else { return Some(format!("{id} is not at the bridge")) };
    let same_amount = |a: &str, b: &str| {
        Amount::parse(a, currency).ok().zip(Amount::parse(b, currency).ok()).is_some_and(|(a, b)| a == b)
    };
    if (&bridge.payee, &bridge.state, &bridge.reason) != (&pbms.payee, &pbms.state, &pbms.reason)
        || !same_amount(&bridge.amount, &pbms.amount)
    {
        return Some(format!("{id}: PBMS says {} and the bridge {}", pbms.state, bridge.state));
    }
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

/// Events and jobs that wait, from each service's admin port; empty when nothing does.
pub(super) async fn left_over(demo: &Demo) -> anyhow::Result<Vec<String>> {
    let mut left = Vec::new();
    for (service, url) in demo.client.admin_urls() {
        let work: Value = demo.client.plain_get(&format!("{url}/work")).await?;
        for key in ["outbox", "parked", "jobs", "dead_jobs", "dead_letters"] {
            let count = work.get(key).and_then(Value::as_u64).unwrap_or(u64::MAX);
            if count != 0 {
                left.push(format!("{service}: {count} {key}"));
            }
        }
    }
    Ok(left)
}
