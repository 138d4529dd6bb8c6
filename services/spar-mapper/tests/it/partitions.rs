//! The register moves into partitions, into others, and back, with people in it, and nothing that was there is lost.

use std::{path::Path, sync::Arc, time::Duration};

use platform::{
    Service as _,
    cli::{self, Command, MigrateArgs, ServiceArgs},
};
use serde_json::{Value, json};
use storage::{Db, SqlMigration, sql};
use testkit::{TestPartner, TestService, wait_for};

use crate::{Service, change, database, message, start_plain};

/// What `migrate --partitions` does; the lines it says.
pub(crate) async fn lay_out(db: &Db, partitions: u16) -> Result<Vec<String>, String> {
    let mut said = Vec::new();
    let done = Service::partition(db, partitions, &mut |step| said.push(step.to_owned())).await;
    done.map(|()| said).map_err(|error| format!("{error:#}"))
}

async fn run(db: &Db, statement: &str) {
    sql::execute(db.conn(), statement, []).await.unwrap_or_else(|e| panic!("{e}, in: {statement}"));
}

async fn texts(db: &Db, query: &str) -> Vec<String> {
    sql::scalars(db.conn(), query, []).await.unwrap_or_else(|e| panic!("{e}, in: {query}"))
}

/// How many partitions hold mappings now; 0 for one table.
async fn partitions(db: &Db) -> usize {
    texts(db, "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'id_fa_mappings'::regclass")
        .await
        .len()
}

async fn rows(db: &Db) -> Vec<String> {
    texts(db, "SELECT to_jsonb(m)::text FROM id_fa_mappings m ORDER BY id_value").await
}

async fn resolved(partner: &TestPartner, item: Value) -> (Value, Value) {
    let body = message(partner.id(), &uuid::Uuid::new_v4().to_string(), "resolve", &[item]);
    let reply = partner.post_signed("/sync/resolve", &body).await.expect_status(200).json();
    let answer = &reply["message"]["resolve_response"][0];
    (answer["id"].clone(), answer["fa"].clone())
}

async fn intact(mapper: &TestService<Service>, id: &str) {
    let verdict = mapper.user("admin").post("/api/v1/mappings/verify", &json!({"id": id})).await;
    let verdict = verdict.expect_status(200).json();
    assert_eq!(verdict["intact"], true, "{id}: {verdict}");
}

fn id(n: usize) -> String {
    format!("token:{n}@nationalId")
}

fn links(numbers: std::ops::Range<usize>) -> Vec<Value> {
    numbers.map(|n| json!({"id": id(n), "fa": format!("account:{n}@bank"), "name": "Somebody"})).collect()
}

/// What belongs to the table besides its rows, as others rely on it.
async fn belongings(db: &Db) -> Vec<String> {
    texts(
        db,
        "SELECT 'index ' || c.relname || substring(pg_get_indexdef(c.oid) FROM ' USING .*')
           FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE i.indrelid = 'id_fa_mappings'::regclass
         UNION ALL
         SELECT 'constraint ' || conname || ' ' || pg_get_constraintdef(oid) FROM pg_constraint
          WHERE conrelid = 'id_fa_mappings'::regclass
         UNION ALL
         SELECT 'trigger ' || tgname || ' ' || tgenabled::text FROM pg_trigger
          WHERE tgrelid = 'id_fa_mappings'::regclass AND NOT tgisinternal AND tgname <> 'mappings_truncated'
         UNION ALL
         SELECT 'right ' || array_to_string(ARRAY(SELECT a::text FROM unnest(relacl) a ORDER BY 1), ' ') FROM pg_class
          WHERE oid = 'id_fa_mappings'::regclass
         UNION ALL
         SELECT 'right of ' || attname || ' ' || attacl::text FROM pg_attribute
          WHERE attrelid = 'id_fa_mappings'::regclass AND attacl IS NOT NULL
         UNION ALL
         SELECT 'column ' || attname || ' ' || format_type(atttypid, atttypmod) || ' ' || attnotnull || ' ' || attcollation
                || ' ' || attidentity::text || ' ' || coalesce(pg_get_expr(d.adbin, d.adrelid), '-')
           FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
          WHERE attrelid = 'id_fa_mappings'::regclass AND attnum > 0 AND NOT attisdropped
         UNION ALL
         SELECT DISTINCT 'options ' || coalesce(c.reloptions::text, '-') FROM pg_class c
          WHERE c.relkind = 'r' AND (c.oid = 'id_fa_mappings'::regclass
                OR c.oid IN (SELECT relid FROM pg_partition_tree('id_fa_mappings')))
         UNION ALL
         SELECT 'sequence ' || pg_get_serial_sequence('id_fa_mappings', 'id')
         UNION ALL
         SELECT 'comment ' || coalesce(obj_description('id_fa_mappings'::regclass, 'pg_class'), '-')
         ORDER BY 1",
    )
    .await
}

#[tokio::test]
async fn a_register_moves_there_and_back_with_everything_in_it() {
    let mapper = start_plain().await;
    let (db, partner) = (mapper.db(), mapper.partner("P", &["mapper:call"]).await);
    change(&partner, "link", &links(0..300)).await;
    change(&partner, "unlink", &[json!({"id": id(7)})]).await;
    change(&partner, "update", &[json!({"id": id(8), "fa": "account:x@bank"})]).await;
    // What operators add.
    for statement in [
        "INSERT INTO id_fa_mappings (id_value, fa_value, name, phone, additional_info, id, active)
         VALUES ('script', 'account:s@bank', 'Ö', '+1', '[]', 100000, false)",
        "ALTER TABLE id_fa_mappings SET (fillfactor = 77, autovacuum_vacuum_scale_factor = 0.01)",
        "CREATE INDEX by_name ON id_fa_mappings (lower(name)) WHERE active",
        "CREATE FUNCTION theirs() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
        "CREATE TRIGGER theirs BEFORE INSERT ON id_fa_mappings FOR EACH ROW EXECUTE FUNCTION theirs()",
        "CREATE TRIGGER off AFTER UPDATE ON id_fa_mappings FOR EACH STATEMENT EXECUTE FUNCTION theirs()",
        "ALTER TABLE id_fa_mappings DISABLE TRIGGER off",
        "GRANT SELECT, INSERT ON id_fa_mappings TO PUBLIC",
        "GRANT UPDATE (name) ON id_fa_mappings TO PUBLIC",
        "COMMENT ON TABLE id_fa_mappings IS 'theirs'",
    ] {
        run(db, statement).await;
    }
    let (before, had) = (rows(db).await, belongings(db).await);
    assert_eq!(before.len(), 300);
    for (round, wanted) in [4, 7, 0, 2].into_iter().enumerate() {
        let entries = noted(db).await;
        let said = lay_out(db, wanted).await.unwrap();
        assert!(said.iter().any(|line| line.contains("300 mappings")), "{said:?}");
        assert_eq!(partitions(db).await, usize::from(wanted));
        assert_eq!(rows(db).await, before, "{wanted}");
        assert_eq!(belongings(db).await, had, "{wanted}");
        assert_eq!(noted(db).await, entries, "nobody was changed");
        // The service that runs all the while.
        assert_eq!(resolved(&partner, json!({"id": id(8), "scope": "details"})).await.1, "account:x@bank");
        assert_eq!(
            resolved(&partner, json!({"fa": "account:9@bank", "scope": "details"})).await.0,
            id(9).as_str()
        );
        for n in [0, 7, 8, 299] {
            intact(&mapper, &id(n)).await;
        }
        let more = json!({"id": format!("more-{round}"), "fa": "account:m@bank"});
        assert_eq!(change(&partner, "link", &[more]).await[0].0, "succ");
        intact(&mapper, &format!("more-{round}")).await;
        let numbers = texts(db, "SELECT (count(*) = count(DISTINCT id))::text FROM id_fa_mappings").await;
        assert_eq!(numbers, ["true"], "numbers go on where they were");
        assert_eq!(change(&partner, "unlink", &[json!({"id": format!("more-{round}")})]).await[0].0, "succ");
        assert_eq!(noted(db).await.len(), entries.len() + 2);
    }
    mapper.settled().await;
}

#[tokio::test]
async fn the_same_layout_again_is_nothing_to_do_and_what_cannot_be_is_refused_with_nothing_changed() {
    let database = database().await;
    let db = database.db("spar_mapper").await;
    run(&db, "INSERT INTO id_fa_mappings (id_value, fa_value) SELECT n, n FROM generate_series(1, 50) n")
        .await;
    for (partitions, why) in
        [(1, "give 0 for one table"), (65, "it must be 2 to 64"), (u16::MAX, "it must be")]
    {
        let refused = lay_out(&db, partitions).await.unwrap_err();
        assert!(refused.contains(why), "{refused}");
    }
    assert_eq!(lay_out(&db, 0).await.unwrap(), ["the mappings are in one table already"]);
    let which = "SELECT 'id_fa_mappings'::regclass::oid::text";
    lay_out(&db, 3).await.unwrap();
    let there = texts(&db, which).await;
    assert_eq!(lay_out(&db, 3).await.unwrap(), ["the mappings are in 3 partitions already"]);
    assert_eq!(texts(&db, which).await, there, "not made anew");

    let told = rows(&db).await;
    for (make, drop, name) in [
        ("CREATE VIEW report AS SELECT id_value FROM id_fa_mappings", "DROP VIEW report", "the view report"),
        ("CREATE VIEW part AS SELECT id_value FROM id_fa_mappings_3_0", "DROP VIEW part", "the view part"),
        (
            "CREATE TABLE cards (tenant_id text COLLATE \"C\", id_value text COLLATE \"C\", FOREIGN KEY (tenant_id, id_value) REFERENCES id_fa_mappings)",
            "DROP TABLE cards",
            "cards has the foreign key",
        ),
        (
            "ALTER TABLE id_fa_mappings ENABLE ROW LEVEL SECURITY",
            "ALTER TABLE id_fa_mappings DISABLE ROW LEVEL SECURITY",
            "row security",
        ),
    ] {
        run(&db, make).await;
        let refused = lay_out(&db, 5).await.unwrap_err();
        assert!(refused.contains(name) && refused.contains("Nothing was changed"), "{refused}");
        assert_eq!((partitions(&db).await, rows(&db).await), (3, told.clone()));
        run(&db, drop).await;
    }
    lay_out(&db, 0).await.unwrap();
    run(&db, "CREATE UNIQUE INDEX one_each ON id_fa_mappings (fa_value)").await;
    let refused = lay_out(&db, 5).await.unwrap_err();
    assert!(refused.contains("one_each does not have the column id_value"), "{refused}");
    run(&db, "DROP INDEX one_each").await;
    lay_out(&db, 5).await.unwrap();
    assert_eq!((partitions(&db).await, rows(&db).await), (5, told));
    db.close().await;
}

/// The changes that the history tells of, in their order.
async fn noted(db: &Db) -> Vec<String> {
    let query = "SELECT change || ' ' || id_value || ' ' || coalesce(after->>'fa', before->>'fa') FROM mapping_history ORDER BY seq";
    texts(db, query).await
}

#[tokio::test]
async fn the_history_tells_of_everything_also_of_what_is_written_into_one_partition() {
    let mapper = start_plain().await;
    let db = mapper.db();
    lay_out(db, 3).await.unwrap();
    run(db, "INSERT INTO id_fa_mappings (id_value, fa_value) SELECT n, 'account:' || n FROM generate_series(1, 9) n").await;
    let part =
        texts(db, "SELECT tableoid::regclass::text FROM id_fa_mappings WHERE id_value = '1'").await.remove(0);
    run(db, &format!("UPDATE {part} SET fa_value = 'account:x' WHERE id_value = '1'")).await;
    run(db, &format!("DELETE FROM {part} WHERE id_value = '1'")).await;
    run(db, &format!("INSERT INTO {part} (id_value, fa_value, id) VALUES ('1', 'account:y', 1)")).await;
    // Into another partition.
    run(db, "UPDATE id_fa_mappings SET id_value = 'b' || id_value WHERE id_value = '1'").await;
    let first: Vec<String> = (1..10).map(|n| format!("linked {n} account:{n}")).collect();
    let then = ["updated 1 account:x", "unlinked 1 account:x", "linked 1 account:y"];
    let seen = noted(db).await;
    assert_eq!(seen[..9], first);
    assert_eq!(seen[9..12], then);
    let mut moved = seen[12..].to_vec();
    moved.sort();
    assert_eq!(moved, ["linked b1 account:y", "unlinked 1 account:y"]);

    let gone = texts(db, &format!("SELECT id_value FROM {part} ORDER BY 1")).await;
    run(db, &format!("TRUNCATE {part}")).await;
    let seen = noted(db).await.len();
    assert_eq!(seen, 14 + gone.len(), "each row of the partition, and no other");
    let rest = rows(db).await.len();
    assert_eq!(rest, 9 - gone.len());
    run(db, "TRUNCATE id_fa_mappings").await;
    assert_eq!(noted(db).await.len(), seen + rest, "each row once");
    for id in ["1", "b1", "2", "3", "4", "5", "6", "7", "8", "9"] {
        intact(&mapper, id).await;
    }
}

#[tokio::test]
async fn look_ups_go_on_during_the_move_and_changes_are_made_after_it() {
    let mapper = start_plain().await;
    let (db, partner) = (mapper.db().clone(), mapper.partner("P", &["mapper:call"]).await);
    change(&partner, "link", &links(0..200)).await;
    // Somebody reads in a transaction that stays open, and will want to write later.
    let reader = db.begin().await.unwrap();
    let seen: Option<i64> = sql::scalar(&reader, "SELECT count(*) FROM id_fa_mappings", []).await.unwrap();
    assert_eq!(seen, Some(200));
    let said = Arc::new(std::sync::Mutex::new(Vec::new()));
    let (moving, lines) = (db.clone(), Arc::clone(&said));
    let moved = tokio::spawn(async move {
        Service::partition(&moving, 4, &mut |step| lines.lock().unwrap().push(step.to_owned())).await
    });
    wait_for("the copy", Duration::from_secs(30), || async {
        said.lock().unwrap().iter().any(|line| line.contains("200 mappings copied")).then_some(())
    })
    .await;
    let linking = tokio::spawn({
        let partner = partner.through(&mapper);
        async move { change(&partner, "link", &links(200..210)).await }
    });
    for n in 0..20 {
        let answer = resolved(&partner, json!({"id": id(n), "scope": "details"})).await;
        assert_eq!(answer.1, format!("account:{n}@bank").as_str());
    }
    assert!(
        !moved.is_finished() && !linking.is_finished(),
        "the move waits for the reader, the change for the move"
    );
    reader.commit().await.unwrap();
    moved.await.unwrap().unwrap();
    assert!(linking.await.unwrap().iter().all(|(status, _, _)| status == "succ"));
    assert_eq!((partitions(&db).await, rows(&db).await.len()), (4, 210));
    intact(&mapper, &id(205)).await;
}

#[tokio::test]
async fn what_a_later_version_adds_reaches_every_partition() {
    let database = database().await;
    let db = database.db("spar_mapper").await;
    lay_out(&db, 3).await.unwrap();
    run(&db, "INSERT INTO id_fa_mappings (id_value, fa_value) SELECT n, n FROM generate_series(1, 50) n")
        .await;
    let mut steps = platform::service::all_migrations::<Service>();
    steps.push(SqlMigration {
        name: "spar_mapper_m9999_later",
        sql: "ALTER TABLE id_fa_mappings ADD COLUMN later text NOT NULL DEFAULT 'x';
              CREATE INDEX later_one ON id_fa_mappings (tenant_id, later);
              ALTER TABLE id_fa_mappings ALTER COLUMN phone TYPE varchar;
              ALTER TABLE id_fa_mappings ADD CONSTRAINT later_check CHECK (later <> '');",
    });
    storage::migrate(&db, &steps).await.unwrap();
    let both = belongings(&db).await;
    lay_out(&db, 0).await.unwrap();
    assert_eq!(belongings(&db).await, both, "and is taken along");
    assert_eq!(texts(&db, "SELECT DISTINCT later FROM id_fa_mappings").await, ["x"]);
    db.close().await;
}

#[tokio::test]
async fn the_operator_says_it_with_migrate() {
    let database = database().await;
    let db = database.db("spar_mapper").await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("config.toml");
    let text =
        format!("database_url = \"{}\"\n[spar_mapper]\nencryption = false\n", database.url("spar_mapper"));
    std::fs::write(&file, text).unwrap();
    let migrate = async |file: &Path, partitions| {
        let command = Some(Command::Migrate(MigrateArgs { partitions }));
        cli::run::<Service>(ServiceArgs { config: Some(file.to_owned()), command }).await
    };
    for (asked, there) in [(Some(4), 4), (None, 4), (Some(4), 4), (Some(0), 0)] {
        migrate(&file, asked).await.unwrap();
        assert_eq!(partitions(&db).await, there, "{asked:?}");
    }
    let refused = migrate(&file, Some(1)).await.unwrap_err().to_string();
    assert!(refused.contains("--partitions 1"), "{refused}");
    db.close().await;
}
