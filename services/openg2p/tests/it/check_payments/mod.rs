//! `check-payments`: silent about payments that are right, and each invariant names what was broken, and nobody else.

use openg2p::check_payments::{Look, Report, check};
use platform::service::{all_migrations, schema_name};
use sea_orm::ConnectionTrait;
use storage::{Db, SqlMigration};
use testkit::TestDb;
use time::OffsetDateTime;

fn migrations<S: platform::Service>() -> (&'static str, Vec<SqlMigration>) {
    (Box::leak(schema_name(S::NAME).into_boxed_str()), all_migrations::<S>())
}

/// Bridge and bank with some payments that are at their end.
struct Books {
    // Dropped last.
    _databases: Vec<TestDb>,
    bridge: Db,
    bank: Db,
}

impl Books {
    async fn in_one_database() -> Self {
        let both = [migrations::<g2p_bridge::Service>(), migrations::<example_bank::Service>()];
        let db = TestDb::new(&both).await;
        let (bridge, bank) = (db.db("g2p_bridge").await, db.db("example_bank").await);
        Self { _databases: vec![db], bridge, bank }.filled().await
    }

    async fn in_two_databases() -> Self {
        let one = TestDb::new(&[migrations::<g2p_bridge::Service>()]).await;
        let two = TestDb::new(&[migrations::<example_bank::Service>()]).await;
        let (bridge, bank) = (one.db("g2p_bridge").await, two.db("example_bank").await);
        Self { _databases: vec![one, two], bridge, bank }.filled().await
    }

    async fn filled(self) -> Self {
        run(&self.bridge, include_str!("bridge.sql")).await;
        run(&self.bank, include_str!("bank.sql")).await;
        self
    }

    async fn check(&self, is_final: bool) -> Report {
        let look = Look { now: OffsetDateTime::now_utc(), is_final };
        check(&self.bridge, Some(&self.bank), look).await.unwrap_or_else(|e| panic!("{e:#}"))
    }
}

async fn run(db: &Db, statements: &str) {
    // One session and transaction: the scripts have functions of their own.
    let tx = db.begin().await.unwrap();
    tx.execute_unprepared(statements).await.unwrap_or_else(|e| panic!("{e}, in: {statements}"));
    tx.commit().await.unwrap();
}

/// Breaks the books in one place, and the check names this invariant, and the one thing that is wrong.
async fn only(invariant: &str, is_final: bool, bridge: &str, bank: &str, id: &str) {
    let books = Books::in_one_database().await;
    if !bridge.is_empty() {
        run(&books.bridge, bridge).await;
    }
    if !bank.is_empty() {
        run(&books.bank, bank).await;
    }
    let report = books.check(is_final).await;
    assert_eq!(report.violated(), [invariant], "{report}");
    let finding = report.findings.iter().find(|f| f.invariant == invariant).unwrap();
    assert!(finding.first.iter().any(|v| v.id.contains(id)), "{report}");
    assert!(report.to_string().contains("VIOLATED"));
    if is_final {
        assert!(books.check(false).await.holds(), "said before the end, too");
    }
}

#[tokio::test]
async fn payments_that_are_right_violate_nothing() {
    let books = Books::in_one_database().await;
    for is_final in [false, true] {
        let report = books.check(is_final).await;
        assert!(report.holds(), "{report}");
        let names: Vec<&str> = report.findings.iter().map(|f| f.invariant).collect();
        let all: Vec<String> = (1..=14).map(|n| format!("INV{n}")).collect();
        assert_eq!(names, all);
        assert!(report.findings.iter().all(|f| f.looked_at.iter().any(|(_, n)| *n > 0)), "{report}");
    }
    assert!(books.check(true).await.findings.iter().all(|f| f.not_checked.is_empty()));
    let look = Look { now: OffsetDateTime::now_utc(), is_final: true };
    let alone = check(&books.bridge, None, look).await.unwrap();
    assert!(alone.holds(), "{alone}");
    assert!(alone.to_string().contains("not checked: anything: the bank's books"), "{alone}");
}

#[tokio::test]
async fn tables_that_were_just_filled_are_not_compared_blindly() {
    let books = Books::in_one_database().await;
    assert!(books.check(false).await.holds());
    for db in [&books.bridge, &books.bank] {
        let blind: Vec<String> = storage::sql::scalars(
            db.conn(),
            "SELECT relname::text FROM pg_class
              WHERE relnamespace = current_schema()::regnamespace AND relkind = 'r' AND reltuples < 0",
            [],
        )
        .await
        .unwrap();
        assert!(blind.is_empty(), "the server never looked at {}", blind.join(", "));
    }
}

#[tokio::test]
async fn what_moves_between_two_databases_is_left_for_the_next_time() {
    let books = Books::in_two_databases().await;
    assert!(books.check(true).await.holds());
    // The bridge heard of it a moment after the bank's books were read.
    run(&books.bank, "ALTER TABLE payments DISABLE TRIGGER USER; DELETE FROM payments WHERE payment_reference_number = 'again';
                      UPDATE blocks SET used = 0, booked = 0, released = 1000 WHERE block_reference = 'BR';
                      UPDATE block_releases SET amount = 1000 WHERE block_reference = 'BR';
                      ALTER TABLE legs DISABLE TRIGGER USER; ALTER TABLE journal_entries DISABLE TRIGGER USER;
                      UPDATE accounts SET book_balance = book_balance WHERE false").await;
    let missing = books.check(false).await;
    assert!(missing.violated().contains(&"INV4"), "{missing}");
    run(&books.bridge, "UPDATE disbursements SET updated_at = now() WHERE disbursement_id = 'again'").await;
    let moving = books.check(false).await;
    assert!(!moving.violated().contains(&"INV4"), "{moving}");
}

#[tokio::test]
async fn a_role_that_may_not_make_temporary_tables_is_told_so() {
    let books = Books::in_one_database().await;
    let name: Option<String> =
        storage::sql::scalar(books.bridge.conn(), "SELECT current_database()::text", []).await.unwrap();
    let name = name.unwrap();
    let admin = books._databases[0].admin("public").await;
    run(&admin, &format!("REVOKE TEMPORARY ON DATABASE {name} FROM PUBLIC")).await;
    let look = Look { now: OffsetDateTime::now_utc(), is_final: false };
    let why = check(&books.bridge, Some(&books.bank), look).await.unwrap_err();
    assert!(format!("{why:#}").contains("--without-bank"), "{why:#}");
}

#[tokio::test]
async fn inv1_a_second_debit() {
    let twice = "INSERT INTO legs (entry_id, account_number, amount)
                 SELECT entry_id, account_number, amount FROM legs JOIN journal_entries USING (tenant_id, entry_id)
                  WHERE kind = 'payment' AND reference = 'paid'";
    only("INV1", false, "", twice, "paid").await;
}

#[tokio::test]
async fn inv1_a_second_debit_on_a_statement_when_the_bank_keeps_its_books_elsewhere() {
    let books = Books::in_one_database().await;
    run(
        &books.bridge,
        "INSERT INTO statement_lines (line_key, statement_id, entry_no, mark, amount_minor, currency, payment_ref, outcome,
                                      problem, created_at)
         SELECT 'line 9', statement_id, 9, 'D', 1000, 'KES', 'paid', 'PROBLEM', 'DUPLICATE_DISBURSEMENT', now()
           FROM statements WHERE statement_number = '2';
         UPDATE statements SET new_lines = 2 WHERE statement_number = '2'",
    )
    .await;
    let look = Look { now: OffsetDateTime::now_utc(), is_final: true };
    let alone = check(&books.bridge, None, look).await.unwrap();
    assert_eq!(alone.violated(), ["INV1"], "{alone}");
    assert!(books.check(true).await.holds(), "the ledger knows better");
}

#[tokio::test]
async fn inv2_more_than_was_blocked() {
    only("INV2", false, "UPDATE envelopes SET blocked_minor = 1500 WHERE envelope_id = 'F'", "", "F").await;
}

#[tokio::test]
async fn inv3_a_cancelled_payment_at_the_bank() {
    let paid = "ALTER TABLE blocks DROP CONSTRAINT blocks_within_amount;
                UPDATE blocks SET used = 1000 WHERE block_reference = 'BC';
                INSERT INTO payments (payment_reference_number, batch_id, state, account_number, currency, amount,
                    block_reference, payee_kind, payee_id, payee_at, credit_account, narratives, payment_date, received_by,
                    received_at)
                VALUES ('taken', gen_random_uuid(), 'accepted', 'SP-1', 'KES', 1000, 'BC', 'account', 'ACC-taken', 'EXBK',
                        'ACC-taken', '', current_date, 'test', now())";
    only("INV3", false, "", paid, "taken").await;
}

#[tokio::test]
async fn inv4_a_rejection_without_a_reason_and_a_file_that_is_not_worked_off() {
    let why = "UPDATE disbursements SET reason = NULL WHERE disbursement_id = 'nowhere'";
    only("INV4", false, why, "", "nowhere").await;
    let waiting = "UPDATE statement_files SET state = 'RECEIVED' WHERE content_sha256 = 'hash 2';
                   INSERT INTO jobs (id, kind, dedup_key, payload)
                   SELECT gen_random_uuid(), 'bridge.statement', file_id::text, '{}' FROM statement_files";
    only("INV4", true, waiting, "", "-").await;
}

#[tokio::test]
async fn inv4_an_envelope_that_nobody_drives() {
    let alone = "UPDATE envelopes SET state = 'RELEASING' WHERE envelope_id = 'R';
                 DELETE FROM state_changes WHERE subject = 'envelope/R' AND after = 'FINISHED'";
    only("INV4", false, alone, "", "R").await;
}

#[tokio::test]
async fn inv5_a_call_that_was_counted_twice() {
    only("INV5", false, "UPDATE receive_batches SET count = 8, amount_minor = 8000", "", "CALL").await;
}

#[tokio::test]
async fn inv6_a_line_that_does_not_count_though_it_should() {
    let ignored = "UPDATE statement_lines SET outcome = 'IGNORED' WHERE payment_ref = 'paid'";
    only("INV6", false, ignored, "", "paid").await;
}

#[tokio::test]
async fn inv7_a_balance_that_is_not_its_legs() {
    let more = "ALTER TABLE accounts DISABLE TRIGGER USER;
                UPDATE accounts SET book_balance = book_balance + 1 WHERE account_number = 'SP-1'";
    only("INV7", false, "", more, "SP-1").await;
}

#[tokio::test]
async fn inv8_a_counter_that_counts_wrong() {
    let one_more =
        "INSERT INTO envelope_tally (envelope_id, state, count, amount_minor) VALUES ('F', 'PAID', 1, 1000)";
    only("INV8", false, one_more, "", "F").await;
}

#[tokio::test]
async fn inv9_sent_again_without_asking() {
    let blind =
        "UPDATE payment_attempts SET state = 'REJECTED' WHERE disbursement_id = 'again' AND attempt_no = 1";
    only("INV9", false, blind, "", "again").await;
}

#[tokio::test]
async fn inv10_another_amount_than_was_ordered() {
    let less = "UPDATE payment_attempts SET amount_minor = 999 WHERE disbursement_id = 'paid'";
    only("INV10", false, less, "", "paid").await;
    let elsewhere = "ALTER TABLE payments DISABLE TRIGGER USER;
                     UPDATE payments SET payee_id = 'ACC-back' WHERE payment_reference_number = 'paid'";
    only("INV10", false, "", elsewhere, "paid").await;
}

#[tokio::test]
async fn inv11_a_statement_that_stopped_at_a_line() {
    only("INV11", false, "UPDATE statements SET new_lines = 5 WHERE statement_number = '1'", "", "-").await;
}

#[tokio::test]
async fn inv12_a_statement_that_does_not_follow_the_one_before() {
    let jump = "UPDATE statements SET opening_minor = opening_minor + 1 WHERE statement_number = '2'";
    only("INV12", false, jump, "", "-").await;
    let gone = "UPDATE statements SET statement_number = '5' WHERE statement_number = '2'";
    only("INV12", false, gone, "", "-").await;
    let elsewhere = "UPDATE statements SET number = 7 WHERE number = 2";
    only("INV12", false, "", elsewhere, "7 of SP-1").await;
}

#[tokio::test]
async fn inv13_a_gap_in_the_history() {
    let gap = "DELETE FROM state_changes WHERE subject = 'paid' AND after = 'RESOLVED'";
    only("INV13", false, gap, "", "paid").await;
    let end = "DELETE FROM state_changes WHERE subject = 'envelope/F' AND after = 'FINISHED'";
    only("INV13", false, end, "", "envelope/F").await;
}

#[tokio::test]
async fn inv14_money_that_stays_blocked() {
    let kept = "UPDATE blocks SET released = 0 WHERE block_reference = 'BC';
                DELETE FROM block_releases WHERE block_reference = 'BC'";
    only("INV14", false, "", kept, "C").await;
    // Under a key that the bridge does not know, as after a restore.
    let stray = "INSERT INTO blocks (block_reference, reference, account_number, currency, amount, created_by, created_at)
                 VALUES ('BX', 'X/block', 'SP-1', 'KES', 500, 'test', now())";
    only("INV14", true, "", stray, "X/block").await;
}
