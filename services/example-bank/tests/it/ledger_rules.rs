//! The database refuses what would break the books, whoever writes.

use example_bank::Service;
use proptest::{prelude::*, test_runner::TestRunner};
use storage::{ConnectionTrait, Db, StoreError, StoreResult, sql};
use testkit::{TestDb, schema_of};

struct Books {
    _test: TestDb,
    db: Db,
}

/// A sponsor with 1000, a payee and the bank's cash account in KES, and a payee in USD.
async fn books() -> Books {
    let test = TestDb::for_services(&[schema_of::<Service>()]).await;
    let db = test.db("example_bank").await;
    run(
        db.conn(),
        "INSERT INTO accounts (account_number, currency, kind) VALUES
            ('SP', 'KES', 'sponsor'), ('PAYEE', 'KES', 'beneficiary'), ('cash:KES', 'KES', 'clearing'),
            ('USD', 'USD', 'beneficiary')",
    )
    .await
    .unwrap();
    let entry = entry(db.conn(), "opening").await;
    post(db.conn(), entry, &[("SP", 1000), ("cash:KES", -1000)]).await.unwrap();
    Books { _test: test, db }
}

async fn run(conn: &impl ConnectionTrait, statement: &str) -> StoreResult<u64> {
    sql::execute(conn, statement, []).await
}

async fn entry(conn: &impl ConnectionTrait, reference: &str) -> i64 {
    let statement = "INSERT INTO journal_entries (kind, reference, currency, booked_at)
                     VALUES ('deposit', $1, 'KES', now()) RETURNING entry_id";
    sql::scalar(conn, statement, [reference.into()]).await.unwrap().unwrap()
}

async fn post(conn: &impl ConnectionTrait, entry: i64, legs: &[(&str, i64)]) -> StoreResult<u64> {
    let accounts: Vec<String> = legs.iter().map(|(account, _)| (*account).to_owned()).collect();
    let amounts: Vec<i64> = legs.iter().map(|(_, amount)| *amount).collect();
    sql::execute(
        conn,
        "INSERT INTO legs (entry_id, account_number, amount)
         SELECT $1, l.account, l.amount FROM UNNEST($2::text[], $3::bigint[]) AS l (account, amount)",
        [entry.into(), accounts.into(), amounts.into()],
    )
    .await
}

async fn balance(db: &Db, account: &str) -> (i64, i64) {
    let statement = "SELECT ARRAY[book_balance, blocked] FROM accounts WHERE account_number = $1";
    let found: Vec<i64> = sql::scalar(db.conn(), statement, [account.into()]).await.unwrap().unwrap();
    (found[0], found[1])
}

fn refused_by(outcome: StoreResult<u64>) -> String {
    match outcome.expect_err("the database must refuse this") {
        StoreError::Constraint { constraint, .. } => constraint,
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn a_transaction_whose_legs_do_not_sum_to_zero_cannot_commit() {
    let books = books().await;
    // In one statement, and spread over two: looked at when the transaction ends.
    for legs in [&[("SP", -10), ("PAYEE", 9)][..], &[("PAYEE", 5)]] {
        let tx = books.db.begin().await.unwrap();
        let entry = entry(&tx, "unbalanced").await;
        for leg in legs {
            post(&tx, entry, &[*leg]).await.unwrap();
        }
        let refused = tx.commit().await.map(|()| 0).map_err(StoreError::from);
        assert_eq!(refused_by(refused), "ledger_entry_balanced");
    }
    let tx = books.db.begin().await.unwrap();
    let entry = entry(&tx, "balanced").await;
    post(&tx, entry, &[("SP", -10)]).await.unwrap();
    post(&tx, entry, &[("PAYEE", 10)]).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!((balance(&books.db, "SP").await, balance(&books.db, "PAYEE").await), ((990, 0), (10, 0)));
    // Nor can a leg be added to a closed entry.
    assert_eq!(refused_by(post(books.db.conn(), entry, &[("PAYEE", 1)]).await), "ledger_entry_balanced");
    let open: Option<i64> =
        sql::scalar(books.db.conn(), "SELECT count(*) FROM open_entries", []).await.unwrap();
    assert_eq!(open, Some(0));
}

#[tokio::test]
async fn money_that_is_not_there_or_is_blocked_cannot_leave() {
    let books = books().await;
    let conn = books.db.conn();
    let overdraft = entry(conn, "overdraft").await;
    let refused = post(conn, overdraft, &[("SP", -1001), ("PAYEE", 1001)]).await;
    assert_eq!(refused_by(refused), "accounts_available");

    let block = "INSERT INTO blocks (block_reference, reference, account_number, currency, amount, created_by, created_at)
                 VALUES ('B', 'k', 'SP', 'KES', 400, 'test', now())";
    run(conn, block).await.unwrap();
    assert_eq!(balance(&books.db, "SP").await, (1000, 400));
    let refused = post(conn, overdraft, &[("SP", -601), ("PAYEE", 601)]).await;
    assert_eq!(refused_by(refused), "accounts_available");
    let too_much = block.replace("'B', 'k'", "'C', 'l'").replace("400", "601");
    assert_eq!(refused_by(run(conn, &too_much).await), "accounts_available");

    assert_eq!(refused_by(run(conn, "UPDATE blocks SET released = 401").await), "blocks_within_amount");
    run(conn, "UPDATE blocks SET used = 100, booked = 100, released = 250").await.unwrap();
    assert_eq!(balance(&books.db, "SP").await, (1000, 50));
    assert_eq!(refused_by(run(conn, "UPDATE blocks SET amount = 900").await), "ledger_blocks_stay");
    assert_eq!(refused_by(run(conn, "DELETE FROM blocks").await), "ledger_blocks_stay");
}

#[tokio::test]
async fn balances_and_legs_cannot_be_touched_by_hand() {
    let books = books().await;
    for (statement, constraint) in [
        ("UPDATE accounts SET book_balance = 5 WHERE account_number = 'PAYEE'", "ledger_balance_is_its_legs"),
        ("UPDATE accounts SET blocked = 5 WHERE account_number = 'SP'", "ledger_balance_is_its_legs"),
        ("UPDATE accounts SET currency = 'USD' WHERE account_number = 'PAYEE'", "ledger_accounts_stay"),
        ("DELETE FROM accounts WHERE account_number = 'USD'", "ledger_accounts_stay"),
        (
            "INSERT INTO accounts (account_number, currency, kind, book_balance) VALUES ('R', 'KES', 'clearing', 5)",
            "ledger_balance_is_its_legs",
        ),
        ("UPDATE legs SET amount = 5", "ledger_entries_stay"),
        ("DELETE FROM legs", "ledger_entries_stay"),
        ("TRUNCATE legs", "ledger_entries_stay"),
        ("DELETE FROM journal_entries", "ledger_entries_stay"),
        ("UPDATE journal_entries SET currency = 'USD'", "ledger_entries_stay"),
        (
            "INSERT INTO journal_entries (kind, reference, currency, booked_at) VALUES ('deposit', 'opening', 'KES', now())",
            "journal_entries_once",
        ),
    ] {
        assert_eq!(refused_by(run(books.db.conn(), statement).await), constraint, "{statement}");
    }
    run(books.db.conn(), "UPDATE legs SET statement_id = 1 WHERE account_number = 'SP'").await.unwrap();
    let again = run(books.db.conn(), "UPDATE legs SET statement_id = 2 WHERE account_number = 'SP'").await;
    assert_eq!(refused_by(again), "ledger_leg_reported_once");
}

#[tokio::test]
async fn a_payment_never_goes_back_nor_changes() {
    let books = books().await;
    let conn = books.db.conn();
    run(
        conn,
        "INSERT INTO payments (payment_reference_number, batch_id, state, account_number, currency, amount,
                               block_reference, payee_kind, payee_id, payee_at, credit_account, narratives,
                               payment_date, received_by, received_at)
         VALUES ('P', gen_random_uuid(), 'accepted', 'SP', 'KES', 5, 'B', 'account', 'PAYEE', '', 'PAYEE', '', now(),
                 'test', now())",
    )
    .await
    .unwrap();
    for (statement, taken) in [
        ("UPDATE payments SET state = 'reversed', return_reason = 'X'", false),
        ("UPDATE payments SET state = 'rejected', reason = 'X'", false),
        ("UPDATE payments SET state = 'booked', return_reason = 'X'", true),
        ("UPDATE payments SET state = 'booked'", false),
        ("UPDATE payments SET amount = 4", false),
        ("UPDATE payments SET state = 'reversed'", true),
        ("UPDATE payments SET state = 'booked'", false),
        ("DELETE FROM payments", false),
    ] {
        let outcome = run(conn, statement).await;
        assert_eq!(outcome.is_ok(), taken, "{statement}");
        if !taken {
            assert_eq!(refused_by(outcome), "payments_go_forward", "{statement}");
        }
    }
}

#[tokio::test]
async fn a_leg_needs_an_entry_and_an_account_in_its_currency() {
    let books = books().await;
    let conn = books.db.conn();
    let entry = entry(conn, "odd").await;
    for legs in [[("SP", -1), ("NOBODY", 1)], [("SP", -1), ("USD", 1)]] {
        assert_eq!(refused_by(post(conn, entry, &legs).await), "ledger_leg_has_its_account");
    }
    let no_entry = post(conn, entry + 1000, &[("SP", -1), ("PAYEE", 1)]).await;
    assert_eq!(refused_by(no_entry), "ledger_leg_has_its_account");
    assert_eq!(balance(&books.db, "SP").await, (1000, 0));
}

/// Whatever is posted, the books hold exactly what balances and is covered, and sum to zero.
#[test]
fn any_posting_is_taken_exactly_when_it_balances_and_is_covered() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let books = runtime.block_on(books());
    const ACCOUNTS: [&str; 3] = ["SP", "PAYEE", "cash:KES"];
    let leg = (0..3_usize, prop_oneof![-300_i64..=-1, 1_i64..=300]);
    let postings = (proptest::collection::vec(leg, 1..6), any::<bool>());
    let mut number = 0;
    let mut runner =
        TestRunner::new(ProptestConfig { cases: 150, max_shrink_iters: 0, ..Default::default() });
    // The runner wants a Fn; each case works on the same books.
    let number = std::cell::RefCell::new(&mut number);
    runner
        .run(&postings, |(mut legs, even_out)| {
            let sum: i64 = legs.iter().map(|(_, amount)| amount).sum();
            if even_out && sum != 0 {
                legs.push((2, -sum));
            }
            let legs: Vec<(&str, i64)> = legs.iter().map(|(at, amount)| (ACCOUNTS[*at], *amount)).collect();
            **number.borrow_mut() += 1;
            let reference = format!("case-{}", number.borrow());
            runtime.block_on(async {
                let sponsor = balance(&books.db, "SP").await.0;
                let payee = balance(&books.db, "PAYEE").await.0;
                let moved = |name: &str| legs.iter().filter(|l| l.0 == name).map(|l| l.1).sum::<i64>();
                let covered = sponsor + moved("SP") >= 0 && payee + moved("PAYEE") >= 0;
                let balances = legs.iter().map(|l| l.1).sum::<i64>() == 0;
                let tx = books.db.begin().await.unwrap();
                let entry = entry(&tx, &reference).await;
                let taken = match post(&tx, entry, &legs).await {
                    Ok(_) => tx.commit().await.is_ok(),
                    Err(_) => false,
                };
                prop_assert_eq!(taken, covered && balances);
                let total: Option<i64> =
                    sql::scalar(books.db.conn(), "SELECT sum(book_balance)::bigint FROM accounts", [])
                        .await
                        .unwrap();
                prop_assert_eq!(total, Some(0));
                if taken {
                    prop_assert_eq!(balance(&books.db, "SP").await.0, sponsor + moved("SP"));
                }
                Ok(())
            })
        })
        .unwrap();
}
