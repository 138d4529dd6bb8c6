//! Whether the money went to the account its owner named, and whether the statements add up to the ledger.

use std::collections::BTreeMap;

use sea_orm::FromQueryResult;
use storage::{Db, sql};

use super::Installation;

/// Where money goes: `account` or `wallet`, number or phone, code of the bank or of the provider.
type Address = (String, String, String);

#[derive(FromQueryResult)]
struct Person {
    external_id: String,
    pseudonym: String,
}

#[derive(FromQueryResult)]
struct Paid {
    id: String,
    kind: String,
    number: String,
    at: String,
}

/// Addresses of `accounts.csv` by pseudonym. Somebody entered twice may have named two.
async fn named(installation: &Installation) -> BTreeMap<String, Vec<Address>> {
    let registry = installation.db("social-registry").await;
    // The pseudonym of a duplicate is that of the record that stands for the person.
    let people: Vec<Person> = sql::fetch_all(
        registry.conn(),
        "SELECT r.external_id, coalesce(o.pseudonym, r.pseudonym) AS pseudonym
           FROM registrants r
           LEFT JOIN registrants o ON o.tenant_id = r.tenant_id AND o.registrant_id = r.duplicate_of
          WHERE r.kind = 'individual'",
        [],
    )
    .await
    .unwrap();
    registry.close().await;
    let people: BTreeMap<String, String> = people.into_iter().map(|p| (p.external_id, p.pseudonym)).collect();
    let mut named: BTreeMap<String, Vec<Address>> = BTreeMap::new();
    let mut reader = csv::Reader::from_path(installation.population().join("accounts.csv")).unwrap();
    for row in reader.deserialize() {
        let row: BTreeMap<String, String> = row.unwrap();
        let Some(owner) = people.get(&row["individual_external_id"]) else { continue };
        let address = match row["kind"].as_str() {
            "BANK" => ("account".to_owned(), row["account_number"].clone(), row["bank_code"].clone()),
            "MOBILE_WALLET" => {
                ("wallet".to_owned(), row["phone"].clone(), row["wallet_provider_code"].clone())
            }
            _ => continue,
        };
        named.entry(owner.clone()).or_default().push(address);
    }
    named
}

async fn addresses(db: &Db, query: &str) -> BTreeMap<String, Address> {
    let rows: Vec<Paid> = sql::fetch_all(db.conn(), query, []).await.unwrap();
    rows.into_iter().map(|row| (row.id, (row.kind, row.number, row.at))).collect()
}

/// Bank and bridge hold, for each payment, an address that its payee named; who named none has no payment.
/// `payees` has the payee of each disbursement.
pub async fn the_right_accounts(
    installation: &Installation,
    bridge: &Db,
    bank: &Db,
    payees: &BTreeMap<String, String>,
) {
    let named = named(installation).await;
    let at_bank =
        addresses(bank, "SELECT payment_reference_number AS id, payee_kind AS kind, payee_id AS number, payee_at AS at FROM payments")
            .await;
    let at_bridge = addresses(
        bridge,
        "SELECT disbursement_id AS id, CASE fa_type WHEN 'BANK_ACCOUNT' THEN 'account' ELSE 'wallet' END AS kind,
                coalesce(account_number, mobile_number, '') AS number,
                coalesce(CASE fa_type WHEN 'BANK_ACCOUNT' THEN bank_code END, '') AS at
           FROM payees",
    )
    .await;
    assert!(!at_bank.is_empty());
    for (id, payee) in payees {
        let Some(wanted) = named.get(payee) else {
            assert!(
                !at_bank.contains_key(id) && !at_bridge.contains_key(id),
                "{id}: an account nobody named"
            );
            continue;
        };
        let resolved = at_bridge.get(id).unwrap_or_else(|| panic!("{id}: the payee named an account"));
        assert!(
            wanted.iter().any(|(kind, number, at)| {
                (kind, number) == (&resolved.0, &resolved.1) && (kind == "wallet" || *at == resolved.2)
            }),
            "{id}: the bridge resolved another account than the payee named"
        );
        if let Some(paid) = at_bank.get(id) {
            assert!(wanted.contains(paid), "{id}: the bank paid another account than the payee named");
            assert_eq!((&paid.0, &paid.1), (&resolved.0, &resolved.1), "{id}: bridge and bank");
        }
    }
}

#[derive(FromQueryResult)]
struct Statement {
    account_number: String,
    number: i32,
    opening_balance: i64,
    closing_balance: i64,
    content: String,
}

/// 1234,5 with the mark before it, in minor units: C500,00 is 50000, D0,5 is -50.
fn signed(mark: &str, amount: &str) -> i64 {
    let (whole, cents) = amount.split_once(',').expect("a comma");
    let minor = whole.parse::<i64>().unwrap() * 100 + format!("{cents:0<2}").parse::<i64>().unwrap();
    // RD takes back a debit, RC a credit.
    if matches!(mark, "C" | "RD") { minor } else { -minor }
}

/// `:60F:C260101KES1234,00` and `:62F:` alike.
fn balance(content: &str, tag: &str) -> i64 {
    let line =
        content.lines().find_map(|l| l.strip_prefix(tag)).unwrap_or_else(|| panic!("{tag} is missing"));
    signed(&line[..1], line[10..].trim_end())
}

/// The movement of a `:61:` line.
fn movement(line: &str) -> i64 {
    let rest = &line[14..];
    let mark = if rest.starts_with('R') { &rest[..2] } else { &rest[..1] };
    let amount = rest[mark.len()..].split('N').next().unwrap();
    signed(mark, amount.trim_start_matches(|c: char| c.is_ascii_alphabetic()))
}

/// Each statement begins where the last one ended, its lines lead from its first balance to its last, and the last of
/// all is what the ledger holds.
pub async fn statements_lead_to_the_ledger(bank: &Db) {
    let statements: Vec<Statement> = sql::fetch_all(
        bank.conn(),
        "SELECT account_number, number, opening_balance, closing_balance, content FROM statements
          WHERE delivered_at IS NOT NULL ORDER BY account_number, number",
        [],
    )
    .await
    .unwrap();
    let mut closed: BTreeMap<&str, (i32, i64)> = BTreeMap::new();
    for s in &statements {
        let (number, before) = closed.get(s.account_number.as_str()).copied().unwrap_or((0, 0));
        let name = format!("statement {} of {}", s.number, s.account_number);
        assert_eq!((s.number, s.opening_balance), (number + 1, before), "{name} follows the one before");
        let (opening, closing) = (balance(&s.content, ":60F:"), balance(&s.content, ":62F:"));
        assert_eq!((opening, closing), (s.opening_balance, s.closing_balance), "{name} as text");
        let moved: i64 = s.content.lines().filter(|l| l.starts_with(":61:")).map(movement).sum();
        assert_eq!(opening + moved, closing, "{name}: its lines");
        closed.insert(&s.account_number, (s.number, closing));
    }
    assert!(!closed.is_empty(), "no statement was delivered");
    for (account, (_, closing)) in closed {
        let held: Option<i64> = sql::scalar(
            bank.conn(),
            "SELECT book_balance FROM accounts
              WHERE account_number = $1
                AND book_balance = (SELECT sum(amount) FROM legs WHERE account_number = $1)",
            [account.into()],
        )
        .await
        .unwrap();
        assert_eq!(held, Some(closing), "the ledger of {account} and its last statement");
    }
}
