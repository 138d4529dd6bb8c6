//! Work a row must not grow with what is there already: which indexes the statements of the long runs use in tables that
//! are full.

use sea_orm::Value;
use storage::sql;

use crate::world::World;

/// Enough that reading all of them for one is out of the question.
const ROWS: &str = "
    INSERT INTO payment_attempts (disbursement_id, attempt_no, payment_key, envelope_id, batch_id, amount_minor, state, sent_at)
    SELECT 'P' || n, 1, 'P' || n, 'E', gen_random_uuid(), 1, CASE n % 5000 WHEN 0 THEN 'SENDING' ELSE 'ACCEPTED' END, now()
      FROM generate_series(1, 50000) AS n;
    INSERT INTO statements (statement_id, file_id, position, account_number, state, created_at)
    SELECT ('00000000-0000-0000-0000-' || lpad(n::text, 12, '0'))::uuid, gen_random_uuid(), 1, 'A', 'PROCESSING', now()
      FROM generate_series(1, 100) AS n;
    INSERT INTO statement_lines (line_key, statement_id, entry_no, mark, amount_minor, outcome, created_at)
    SELECT 'L' || n, ('00000000-0000-0000-0000-' || lpad((n % 100 + 1)::text, 12, '0'))::uuid, n, 'D', 1, 'BOOKED', now()
      FROM generate_series(1, 50000) AS n;
    ANALYZE payment_attempts, statements, statement_lines";

fn ids() -> Vec<String> {
    (1..=500).map(|n| format!("P{n}")).collect()
}

fn each(text: &str) -> Vec<String> {
    vec![text.to_owned(); 500]
}

impl World {
    async fn plan(&self, statement: &str, values: impl IntoIterator<Item = Value>) -> String {
        let explain = format!("EXPLAIN {statement}");
        let lines: Vec<String> = sql::scalars(self.db().conn(), &explain, values).await.unwrap();
        lines.join("\n")
    }
}

#[tokio::test]
async fn an_answer_and_a_statement_cost_the_same_however_many_there_were() {
    let world = World::start().await;
    world.program("PROG", &serde_json::json!({})).await;
    sea_orm::ConnectionTrait::execute_unprepared(world.db().conn(), ROWS).await.unwrap();
    let answer = include_str!("../../src/store/sql/answer_attempts.sql");
    let at = time::OffsetDateTime::now_utc();
    let values = ["default".into(), at.into(), ids().into(), each("ACCEPTED").into(), each("").into()];
    let plan = world.plan(answer, values).await;
    assert!(!plan.contains("payment_attempts_open"), "reads every open attempt for each payment: {plan}");
    assert!(plan.contains("Index Scan Backward using payment_attempts_pkey"), "{plan}");
    let finish = include_str!("../../src/store/sql/finish_statement.sql");
    let id: uuid::Uuid = "00000000-0000-0000-0000-000000000007".parse().unwrap();
    let plan = world.plan(finish, ["default".into(), id.into(), "hash".into()]).await;
    assert!(!plan.contains("Seq Scan on statement_lines"), "reads the lines of all statements: {plan}");
}

/// As it is within the first minute of a large envelope: the server never looked at the rows and takes them for a few.
const FRESH: &str = "
    ALTER TABLE disbursements SET (autovacuum_enabled = off);
    INSERT INTO envelopes (envelope_id, natural_key, benefit_program_mnemonic, program_version, cycle_code_mnemonic,
        disbursement_frequency, currency, schedule_date, declared_beneficiaries, declared_count, declared_minor, state, state_since,
        created_at, created_by)
    VALUES ('E', 'E', 'PROG', 1, 'C', 'Monthly', 'KES', current_date, 30000, 30000, 30000, 'PAYING', now(), now(), 'test');
    INSERT INTO disbursements (disbursement_id, envelope_id, seq, beneficiary_id, amount_minor, narrative, state, received_at,
                               updated_at)
    SELECT 'P' || n, 'E', n, 'B' || n, 1, 'Food', 'RESOLVED', now(), now() FROM generate_series(1, 30000) AS n";

#[tokio::test]
async fn a_change_of_state_reads_its_own_rows_only_in_a_table_that_was_just_filled() {
    let world = World::start().await;
    world.program("PROG", &serde_json::json!({})).await;
    sea_orm::ConnectionTrait::execute_unprepared(world.db().conn(), FRESH).await.unwrap();
    let at = time::OffsetDateTime::now_utc();
    let values = [
        "default".into(),
        ids().into(),
        each("RESOLVED").into(),
        each("SENDING").into(),
        each("").into(),
        at.into(),
        "test".into(),
        "SEND".into(),
    ];
    let plan = world.plan(include_str!("../../src/store/sql/apply_changes.sql"), values).await;
    assert!(plan.contains("Tid Scan on disbursements"), "{plan}");
    assert!(!plan.contains("Bitmap") && !plan.contains("Seq Scan"), "reads all payments: {plan}");
}
