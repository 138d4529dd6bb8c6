//! A database per test: migrated, separate, gone afterwards, one role per schema.

use std::time::Duration;

use storage::{SqlMigration, sql};
use testkit::{TestDb, wait_for};

const A: SqlMigration = SqlMigration { name: "m0001_a", sql: "CREATE TABLE a(id bigint PRIMARY KEY)" };
const B: SqlMigration = SqlMigration { name: "m0001_b", sql: "CREATE TABLE b(id bigint PRIMARY KEY)" };

#[tokio::test]
async fn two_tests_do_not_see_each_other_and_leave_nothing() {
    let schemas = [("kit_one", vec![A])];
    let first = TestDb::new(&schemas).await;
    let second = TestDb::new(&schemas).await;
    let (one, two) = (first.db("kit_one").await, second.db("kit_one").await);
    sql::execute(one.conn(), "INSERT INTO a(id) VALUES (1)", []).await.unwrap();
    let rows: Option<i64> = sql::scalar(two.conn(), "SELECT count(*) FROM a", []).await.unwrap();
    assert_eq!(rows, Some(0));

    let (name, admin) = (first.name().to_owned(), second.admin("public").await);
    drop(first);
    // The next test, here or in another process, removes it.
    wait_for("the finished test's database to go", Duration::from_secs(30), async || {
        let _next = TestDb::new(&schemas).await;
        let sql = "SELECT count(*) FROM pg_database WHERE datname = $1";
        let left: Option<i64> = sql::scalar(admin.conn(), sql, [name.as_str().into()]).await.unwrap();
        (left == Some(0)).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_role_sees_its_own_schema_only() {
    let test = TestDb::new(&[("kit_one", vec![A]), ("kit_two", vec![B])]).await;
    let one = test.db("kit_one").await;
    sql::execute(one.conn(), "INSERT INTO a(id) VALUES (1)", []).await.unwrap();
    let refused = sql::execute(one.conn(), "INSERT INTO kit_two.b(id) VALUES (1)", []).await.unwrap_err();
    assert!(refused.to_string().contains("permission denied for schema kit_two"), "{refused}");
}
