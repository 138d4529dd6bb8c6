//! One view of the bridge's tables and the bank's books, held still while the invariants are looked up.

use anyhow::Context;
use sea_orm::{ConnectionTrait, FromQueryResult, Value};
use storage::{DatabaseTransaction, Db, sql, sql::nullable};
use time::OffsetDateTime;

use super::report::{Finding, LISTED, Violation};

/// Rows of the bank's books read at a time.
const PAGE: usize = 20_000;
/// Payments that changed so shortly before the view are on their way when the two databases cannot be seen at one moment.
const IN_MOTION: time::Duration = time::Duration::seconds(60);

/// What to look for.
#[derive(Debug, Clone, Copy)]
pub struct Look {
    /// Now, by the bridge's clock.
    pub now: OffsetDateTime,
    /// Whether nothing is to be under way any more.
    pub is_final: bool,
}

/// The view. The bank's books stand beside the bridge's tables, in temporary tables of the same transaction.
pub struct Sight {
    bridge: DatabaseTransaction,
    bank: Option<DatabaseTransaction>,
    /// What was asked for.
    pub look: Look,
    /// Changes after this are on their way: bridge and bank were not read at one moment.
    pub settled_before: OffsetDateTime,
}

#[derive(FromQueryResult)]
struct Row {
    total: i64,
    id: Option<String>,
    what: String,
}

#[derive(FromQueryResult)]
struct Payment {
    id: String,
    state: Option<String>,
    amount: Option<i64>,
    currency: Option<String>,
    account: String,
    block: Option<String>,
    payee_kind: Option<String>,
    payee_id: Option<String>,
    goes_back: bool,
    net: i64,
}

#[derive(FromQueryResult)]
struct Block {
    id: String,
    key: String,
    account: String,
    amount: i64,
    used: i64,
    booked: i64,
    released: i64,
}

#[derive(FromQueryResult)]
struct Statement {
    account: String,
    number: i64,
    opening: i64,
    closing: i64,
    delivered: bool,
}

impl Sight {
    /// Opens the view. The bank's is the bridge's own moment when both are in one database; else it is taken just before,
    /// so that whatever the bank knows, the bridge wrote down earlier.
    ///
    /// # Errors
    /// When the tables cannot be read.
    pub async fn open(bridge: &Db, bank: Option<&Db>, look: Look) -> anyhow::Result<Self> {
        let Some(bank) = bank else {
            let bridge = begin(bridge).await?;
            read_only(&bridge).await?;
            return Ok(Self { bridge, bank: None, look, settled_before: look.now });
        };
        let together = place(bridge).await? == place(bank).await?;
        let (bridge, books) = if together {
            let bridge = begin(bridge).await?;
            let name: Option<String> = sql::scalar(&bridge, "SELECT pg_export_snapshot()", []).await?;
            let books = begin(bank).await?;
            // A name the server just made: digits, letters and dashes.
            let same = format!("SET TRANSACTION SNAPSHOT '{}'", name.unwrap_or_default());
            books.execute_unprepared(&same).await.context("the bank's books at the bridge's moment")?;
            (bridge, books)
        } else {
            let books = begin(bank).await?;
            let _: Option<i32> = sql::scalar(&books, "SELECT 1", []).await?;
            (begin(bridge).await?, books)
        };
        read_only(&books).await?;
        bridge
            .execute_unprepared(include_str!("sql/tables.sql"))
            .await
            .context("no temporary tables for the bank's books: a replica takes none, nor does a database on which the \
                      bridge's role lacks TEMPORARY; --without-bank checks the rest")?;
        let far = OffsetDateTime::now_utc().max(look.now) + time::Duration::days(36_500);
        // With nothing under way any more, nothing is in motion either.
        let settled_before = if together || look.is_final { far } else { look.now - IN_MOTION };
        let sight = Self { bridge, bank: Some(books), look, settled_before };
        sight.copy().await?;
        read_only(&sight.bridge).await?;
        Ok(sight)
    }

    /// Copies the bank's books, a page at a time.
    async fn copy(&self) -> anyhow::Result<()> {
        self.copy_all(include_str!("sql/bank_payments.sql"), "check_bank_payments", payments).await?;
        self.copy_all(include_str!("sql/bank_blocks.sql"), "check_bank_blocks", blocks).await?;
        self.copy_all(include_str!("sql/bank_statements.sql"), "check_bank_statements", statements).await
    }

    async fn copy_all<T: FromQueryResult>(
        &self,
        from: &str,
        table: &str,
        columns: fn(&[T]) -> (&'static str, Vec<Value>),
    ) -> anyhow::Result<()> {
        let Some(bank) = &self.bank else { return Ok(()) };
        bank.execute_unprepared(&format!("DECLARE {table} NO SCROLL CURSOR FOR {from}")).await?;
        loop {
            let page: Vec<T> = sql::fetch_all(bank, &format!("FETCH {PAGE} FROM {table}"), []).await?;
            let last = page.len() < PAGE;
            let (unnest, values) = columns(&page);
            let insert = format!("INSERT INTO {table} SELECT * FROM UNNEST({unnest})");
            sql::execute(&self.bridge, &insert, values).await?;
            if last {
                break;
            }
        }
        bank.execute_unprepared(&format!("CLOSE {table}")).await?;
        self.bridge.execute_unprepared(&format!("ANALYZE {table}")).await?;
        Ok(())
    }

    /// Whether there are a bank's books.
    #[must_use]
    pub const fn has_bank(&self) -> bool {
        self.bank.is_some()
    }

    /// Looks for violations among the bridge's tables, and the bank's beside them.
    ///
    /// # Errors
    /// When they cannot be read.
    pub async fn bridge(
        &self,
        finding: &mut Finding,
        query: &str,
        values: impl IntoIterator<Item = Value>,
    ) -> anyhow::Result<()> {
        look_up(&self.bridge, finding, query, values).await
    }

    /// The same, when there is a bank; else `what` is noted as not checked.
    ///
    /// # Errors
    /// When they cannot be read.
    pub async fn beside_bank(
        &self,
        finding: &mut Finding,
        what: &'static str,
        query: &str,
        values: impl IntoIterator<Item = Value>,
    ) -> anyhow::Result<()> {
        if self.has_bank() {
            return look_up(&self.bridge, finding, query, values).await;
        }
        finding.not_checked.push(what);
        Ok(())
    }

    /// Looks for violations among the bank's own tables.
    ///
    /// # Errors
    /// When they cannot be read.
    pub async fn bank(&self, finding: &mut Finding, what: &'static str, query: &str) -> anyhow::Result<()> {
        match &self.bank {
            Some(bank) => look_up(bank, finding, query, []).await,
            None => {
                finding.not_checked.push(what);
                Ok(())
            }
        }
    }

    /// Counts what an invariant looks at, by table of the bridge.
    ///
    /// # Errors
    /// When they cannot be read.
    pub async fn count(&self, finding: &mut Finding, what: &'static str, from: &str) -> anyhow::Result<()> {
        let count: Option<i64> =
            sql::scalar(&self.bridge, &format!("SELECT count(*) FROM {from}"), []).await?;
        finding.looked_at.push((what, count.unwrap_or(0)));
        Ok(())
    }

    /// The same by table of the bank; nothing without one.
    ///
    /// # Errors
    /// When they cannot be read.
    pub async fn count_at_bank(
        &self,
        finding: &mut Finding,
        what: &'static str,
        from: &str,
    ) -> anyhow::Result<()> {
        if let Some(bank) = &self.bank {
            let count: Option<i64> = sql::scalar(bank, &format!("SELECT count(*) FROM {from}"), []).await?;
            finding.looked_at.push((what, count.unwrap_or(0)));
        }
        Ok(())
    }

    /// Ends the view: nothing was written.
    ///
    /// # Errors
    /// When the connection is gone.
    pub async fn close(self) -> anyhow::Result<()> {
        self.bridge.rollback().await?;
        if let Some(bank) = self.bank {
            bank.rollback().await?;
        }
        Ok(())
    }
}

async fn look_up(
    tx: &DatabaseTransaction,
    finding: &mut Finding,
    query: &str,
    values: impl IntoIterator<Item = Value>,
) -> anyhow::Result<()> {
    let query = format!(
        "WITH found AS (\n{query}\n) SELECT count(*) OVER () AS total, id, what FROM found ORDER BY id, what LIMIT {LISTED}"
    );
    let rows: Vec<Row> = sql::fetch_all(tx, &query, values)
        .await
        .with_context(|| format!("checking {}", finding.invariant))?;
    finding.violations += rows.first().map_or(0, |row| row.total);
    let room = LISTED.saturating_sub(finding.first.len());
    let listed = rows.into_iter().take(room);
    finding.first.extend(listed.map(|row| Violation { id: row.id.unwrap_or_default(), what: row.what }));
    Ok(())
}

/// Has the server look at tables that it has not looked at since they were filled, as after a restore: it would compare
/// whole tables row by row. It does not without the right to, and not on a replica.
///
/// # Errors
/// When the server cannot be asked.
pub async fn analyze(db: &Db) -> anyhow::Result<()> {
    let stale: Vec<String> = sql::scalars(
        db.conn(),
        "SELECT format('ANALYZE %I.%I', s.schemaname, s.relname)
           FROM pg_stat_user_tables s JOIN pg_class c ON c.oid = s.relid
          WHERE s.schemaname = current_schema() AND NOT pg_is_in_recovery()
            AND pg_has_role(c.relowner, 'USAGE')
            AND (c.reltuples < 0 OR s.n_mod_since_analyze > 50 + c.reltuples / 10)",
        [],
    )
    .await?;
    for statement in stale {
        sql::execute(db.conn(), &statement, []).await?;
    }
    Ok(())
}

/// A transaction that sees one moment, takes its time, and plans for the data there are.
async fn begin(db: &Db) -> anyhow::Result<DatabaseTransaction> {
    let tx = db.begin().await?;
    // Not a query yet: the moment is chosen by the first one.
    tx.execute_unprepared(
        "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ;
         SET LOCAL statement_timeout = 0;
         SET LOCAL work_mem = '64MB';
         SET LOCAL plan_cache_mode = force_custom_plan",
    )
    .await?;
    Ok(tx)
}

/// From here on the server itself refuses any change but to the temporary tables.
async fn read_only(tx: &DatabaseTransaction) -> anyhow::Result<()> {
    tx.execute_unprepared("SET TRANSACTION READ ONLY").await?;
    Ok(())
}

/// Which database of which server this is.
async fn place(db: &Db) -> anyhow::Result<Option<String>> {
    let query = "SELECT current_database() || ' ' || pg_postmaster_start_time() || ' ' || oid
                   FROM pg_database WHERE datname = current_database()";
    Ok(sql::scalar(db.conn(), query, []).await?)
}

fn payments(page: &[Payment]) -> (&'static str, Vec<Value>) {
    let texts = |of: fn(&Payment) -> &String| page.iter().map(|p| of(p).clone()).collect::<Vec<_>>().into();
    let maybe = |of: fn(&Payment) -> &Option<String>| nullable(page.iter().map(|p| of(p).clone()).collect());
    let nets: Vec<i64> = page.iter().map(|p| p.net).collect();
    let back: Vec<bool> = page.iter().map(|p| p.goes_back).collect();
    let values = vec![
        texts(|p| &p.id),
        maybe(|p| &p.state),
        nullable(page.iter().map(|p| p.amount).collect()),
        maybe(|p| &p.currency),
        texts(|p| &p.account),
        maybe(|p| &p.block),
        maybe(|p| &p.payee_kind),
        maybe(|p| &p.payee_id),
        back.into(),
        nets.into(),
    ];
    let types = "$1::text[], $2::text[], $3::bigint[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], \
                 $9::boolean[], $10::bigint[]";
    (types, values)
}

fn blocks(page: &[Block]) -> (&'static str, Vec<Value>) {
    let texts = |of: fn(&Block) -> &String| page.iter().map(|b| of(b).clone()).collect::<Vec<_>>().into();
    let numbers = |of: fn(&Block) -> i64| page.iter().map(of).collect::<Vec<_>>().into();
    let values = vec![
        texts(|b| &b.id),
        texts(|b| &b.key),
        texts(|b| &b.account),
        numbers(|b| b.amount),
        numbers(|b| b.used),
        numbers(|b| b.booked),
        numbers(|b| b.released),
    ];
    ("$1::text[], $2::text[], $3::text[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[]", values)
}

fn statements(page: &[Statement]) -> (&'static str, Vec<Value>) {
    let numbers = |of: fn(&Statement) -> i64| page.iter().map(of).collect::<Vec<_>>().into();
    let accounts: Vec<String> = page.iter().map(|s| s.account.clone()).collect();
    let delivered: Vec<bool> = page.iter().map(|s| s.delivered).collect();
    let values = vec![
        accounts.into(),
        numbers(|s| s.number),
        numbers(|s| s.opening),
        numbers(|s| s.closing),
        delivered.into(),
    ];
    ("$1::text[], $2::bigint[], $3::bigint[], $4::bigint[], $5::boolean[]", values)
}
