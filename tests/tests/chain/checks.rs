//! The demo's claims, recomputed: SQL on each service's tables as its own role, and the bank's statements as text.

use std::collections::{BTreeMap, BTreeSet};

use sea_orm::FromQueryResult;
use serde_json::Value;
use storage::{Db, sql};

use super::{Installation, figures, payees};

#[derive(Debug, Clone, FromQueryResult)]
struct Payment {
    id: String,
    payee: String,
    amount: i64,
    state: String,
    reason: Option<String>,
}

async fn rows(db: &Db, query: &str) -> BTreeMap<String, Payment> {
    let rows: Vec<Payment> = sql::fetch_all(db.conn(), query, []).await.unwrap();
    rows.into_iter().map(|row| (row.id.clone(), row)).collect()
}

async fn count(db: &Db, query: &str) -> i64 {
    sql::scalar::<i64>(db.conn(), query, []).await.unwrap().unwrap_or_default()
}

/// PBMS, bridge and bank agree on every payment, the totals are those of the report, and nothing is left over.
pub async fn everything_adds_up(installation: &Installation, report: &Value) {
    let pbms = installation.db("pbms-beneficiary-registry").await;
    let bridge = installation.db("g2p-bridge").await;
    let bank = installation.db("example-bank").await;
    let in_pbms =
        rows(&pbms, "SELECT id, payee, amount_minor AS amount, state, reason FROM disbursements").await;
    let in_bridge = rows(
        &bridge,
        "SELECT disbursement_id AS id, beneficiary_id AS payee, amount_minor AS amount, state, reason FROM disbursements",
    )
    .await;
    let in_bank = rows(
        &bank,
        "SELECT payment_reference_number AS id, '' AS payee, amount, state, return_reason AS reason FROM payments",
    )
    .await;
    assert!(!in_pbms.is_empty(), "nobody was to be paid");
    person_by_person(&in_pbms, &in_bridge, &in_bank);
    totals(report, &in_pbms);
    bank_statements(&bank, &in_pbms).await;
    payees::statements_lead_to_the_ledger(&bank).await;
    let payees = in_pbms.values().map(|p| (p.id.clone(), p.payee.clone())).collect();
    payees::the_right_accounts(installation, &bridge, &bank, &payees).await;
    ledger(&bank).await;
    figures::are_those_of_the_registry(installation, report).await;
    nothing_left(installation).await;
    twice_nowhere(&bridge, &bank).await;
    assert!(report["checks"].as_array().unwrap().iter().all(|c| c["ok"] == true), "{}", report["checks"]);
    assert!(report["checks"].as_array().unwrap().len() >= 6);
}

fn person_by_person(
    pbms: &BTreeMap<String, Payment>,
    bridge: &BTreeMap<String, Payment>,
    bank: &BTreeMap<String, Payment>,
) {
    assert_eq!(
        pbms.keys().collect::<Vec<_>>(),
        bridge.keys().collect::<Vec<_>>(),
        "the same payments in both"
    );
    for (id, here) in pbms {
        let there = &bridge[id];
        assert_eq!(
            (&here.payee, here.amount, &here.state),
            (&there.payee, there.amount, &there.state),
            "{id}"
        );
        assert_eq!(here.reason, there.reason, "{id}");
        let at_bank = bank.get(id).map(|p| p.state.as_str());
        match here.state.as_str() {
            "PAID" => assert_eq!(at_bank, Some("booked"), "{id}"),
            "REVERSED" => assert_eq!(at_bank, Some("reversed"), "{id}"),
            "REJECTED" => assert!(matches!(at_bank, None | Some("rejected")), "{id}: {at_bank:?}"),
            other => panic!("{id} ended in {other}"),
        }
        if let Some(paid) = bank.get(id) {
            assert_eq!(paid.amount, here.amount, "{id}");
        }
    }
    assert!(bank.keys().all(|id| pbms.contains_key(id)), "the bank paid somebody nobody approved");
}

/// 1234.50 of minor units with two decimals.
fn decimal(minor: i64) -> String {
    format!("{}.{:02}", minor / 100, minor % 100)
}

fn totals(report: &Value, payments: &BTreeMap<String, Payment>) {
    let of = |state: &'static str| payments.values().filter(move |p| p.state == state);
    let money = |state: &'static str| of(state).map(|p| p.amount).sum::<i64>();
    let number = |n: usize| Value::from(u64::try_from(n).unwrap());
    assert_eq!(report["disbursements"]["approved"], number(payments.len()));
    assert_eq!(report["disbursements"]["paid"], number(of("PAID").count()));
    assert_eq!(report["disbursements"]["reversed"], number(of("REVERSED").count()));
    let mut reasons: BTreeMap<&str, u64> = BTreeMap::new();
    for payment in of("REJECTED") {
        *reasons.entry(payment.reason.as_deref().unwrap_or("")).or_default() += 1;
    }
    assert_eq!(report["disbursements"]["rejected"], serde_json::to_value(&reasons).unwrap());
    assert!(!reasons.contains_key(""), "a rejection without a reason");
    let approved: i64 = payments.values().map(|p| p.amount).sum();
    assert_eq!(report["money"]["approved"], decimal(approved));
    for (key, state) in [("paid", "PAID"), ("reversed", "REVERSED"), ("rejected", "REJECTED")] {
        assert_eq!(report["money"][key], decimal(money(state)), "{key}");
    }
    assert_eq!(money("PAID") + money("REVERSED") + money("REJECTED"), approved);
    assert!(
        of("PAID").count() > 0 && of("REJECTED").count() > 0,
        "a demo without paid or rejected shows nothing"
    );
}

/// The lines of the delivered statements say the same: one debit a payment, one reversal for those that came back.
async fn bank_statements(bank: &Db, payments: &BTreeMap<String, Payment>) {
    let texts: Vec<String> = sql::scalars(
        bank.conn(),
        "SELECT content FROM statements WHERE delivered_at IS NOT NULL ORDER BY account_number, number",
        [],
    )
    .await
    .unwrap();
    let (mut debits, mut reversals) = (BTreeMap::new(), BTreeSet::new());
    for line in texts.iter().flat_map(|t| t.lines()).filter(|l| l.starts_with(":61:")) {
        // :61:YYMMDDMMDD[R]D<amount>NTRF<reference>//<bank reference>
        let rest = &line[14..];
        let reversal = rest.starts_with('R');
        let rest = rest.trim_start_matches('R');
        let mark = &rest[..1];
        let (amount, tail) = rest[1..].split_once('N').expect("a transaction type");
        let amount = amount.trim_start_matches(|c: char| c.is_ascii_alphabetic());
        let minor: i64 = {
            let (whole, cents) = amount.split_once(',').expect("a comma");
            whole.parse::<i64>().unwrap() * 100 + format!("{cents:0<2}").parse::<i64>().unwrap()
        };
        let reference = tail[3..].split("//").next().unwrap().to_owned();
        match (mark, reversal) {
            ("D", false) => {
                assert!(debits.insert(reference.clone(), minor).is_none(), "{reference} is debited twice");
            }
            ("D", true) => assert!(reversals.insert(reference.clone()), "{reference} is reversed twice"),
            _ => {}
        }
    }
    let paid: BTreeMap<String, i64> = payments
        .values()
        .filter(|p| p.state == "PAID" || p.state == "REVERSED")
        .map(|p| (p.id.clone(), p.amount))
        .collect();
    assert_eq!(debits, paid, "the statements' debits are the payments");
    let reversed: BTreeSet<String> =
        payments.values().filter(|p| p.state == "REVERSED").map(|p| p.id.clone()).collect();
    assert_eq!(reversals, reversed);
}

async fn ledger(bank: &Db) {
    assert_eq!(
        count(bank, "SELECT coalesce(sum(amount), 0)::bigint FROM legs").await,
        0,
        "the ledger sums to zero"
    );
    let unbalanced = count(
        bank,
        "SELECT count(*) FROM (SELECT entry_id FROM legs GROUP BY entry_id HAVING sum(amount) <> 0) x",
    )
    .await;
    assert_eq!(unbalanced, 0);
    assert_eq!(
        count(bank, "SELECT count(*) FROM blocks WHERE amount - booked - released > 0").await,
        0,
        "open blocks"
    );
    assert_eq!(count(bank, "SELECT count(*) FROM accounts WHERE blocked <> 0").await, 0);
}

async fn nothing_left(installation: &Installation) {
    for (service, _) in openg2p::services::SERVICES {
        let db = installation.db(service).await;
        for (what, query) in [
            ("events to publish", "SELECT count(*) FROM outbox WHERE published_at IS NULL"),
            ("events set aside", "SELECT count(*) FROM parked"),
            ("jobs", "SELECT count(*) FROM jobs WHERE state IN ('pending', 'running', 'dead')"),
            ("dead letters", "SELECT count(*) FROM dead_letter WHERE state = 'open'"),
        ] {
            assert_eq!(count(&db, query).await, 0, "{service} has {what} left");
        }
        db.close().await;
    }
    // Published, and not yet taken by the service they are for.
    let admin = installation.admin().await;
    let transport: Option<bool> =
        sql::scalar(admin.conn(), "SELECT to_regclass('openg2p_events.delivery') IS NOT NULL", [])
            .await
            .unwrap();
    if transport == Some(true) {
        assert_eq!(
            count(&admin, "SELECT count(*) FROM openg2p_events.delivery").await,
            0,
            "events in transit"
        );
    } else {
        assert!(installation.has_broker(), "without a broker the Postgres transport carries the events");
    }
    admin.close().await;
}

/// No payment has two live attempts, no payee two payments of one benefit, no reference two bookings.
async fn twice_nowhere(bridge: &Db, bank: &Db) {
    let attempts =
        "SELECT count(*) FROM (SELECT disbursement_id FROM payment_attempts WHERE state = 'ACCEPTED'
                                           GROUP BY disbursement_id HAVING count(*) > 1) x";
    assert_eq!(count(bridge, attempts).await, 0);
    let payees =
        "SELECT count(*) FROM (SELECT beneficiary_id FROM disbursements GROUP BY beneficiary_id, envelope_id
                                         HAVING count(*) > 1) x";
    assert_eq!(count(bridge, payees).await, 0);
    let bookings = "SELECT count(*) FROM (SELECT reference FROM journal_entries WHERE kind = 'payment'
                                           GROUP BY reference HAVING count(*) > 1) x";
    assert_eq!(count(bank, bookings).await, 0);
}

/// At log level debug no line holds a full name, phone, identity number or account of the population.
pub fn no_personal_data_in_the_log(installation: &Installation) {
    let log = std::fs::read_to_string(installation.log_path()).unwrap();
    assert!(log.lines().count() > 50, "the log is too short to prove anything");
    let population = installation.population();
    let mut secrets = BTreeSet::new();
    for (file, columns) in [
        ("individuals.csv", &["full_name"][..]),
        ("phones.csv", &["phone"][..]),
        ("ids.csv", &["value"][..]),
        ("accounts.csv", &["account_number", "phone"][..]),
    ] {
        let mut reader = csv::Reader::from_path(population.join(file)).unwrap();
        let headers = reader.headers().unwrap().clone();
        let wanted: Vec<usize> =
            columns.iter().map(|c| headers.iter().position(|h| h == *c).expect("the column")).collect();
        for record in reader.records().map(Result::unwrap) {
            for value in wanted.iter().map(|i| record[*i].trim()) {
                // Short ones (a one-word name, a broken number) may stand in a log by chance.
                if value.chars().count() >= 8 {
                    secrets.insert(value.to_owned());
                    let digits: String = value.chars().filter(char::is_ascii_digit).collect();
                    if digits.len() >= 9 {
                        secrets.insert(digits.trim_start_matches('0').to_owned());
                    }
                }
            }
        }
    }
    assert!(secrets.len() > 1_000);
    let log_words: BTreeSet<&str> = log.split(|c: char| !c.is_alphanumeric()).collect();
    for secret in &secrets {
        let found = if secret.chars().all(char::is_alphanumeric) {
            log_words.contains(secret.as_str())
        } else {
            log.contains(secret.as_str())
        };
        assert!(!found, "the log holds {} characters of personal data", secret.len());
    }
}
