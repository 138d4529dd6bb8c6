//! The newest entries of ids were kept in a table once: a register from then goes on as it is.

use std::sync::Arc;

use serde_json::json;
use storage::sql;
use testkit::{TestDb, TestService, schema_of};

use crate::{Service, change, plain};

/// As the version before froze an id.
const FREEZE: &str = "WITH head AS (
        UPDATE mapping_ids SET entries = entries + 1, frozen = true, head = sha256(head || mapping_digest('default', id_value,
               'frozen', mapping_time('2026-01-01'), 'own_api', 'user:admin', NULL, '', 'why', NULL, NULL))
         WHERE id_value = 'held' RETURNING *)
    INSERT INTO mapping_history (id_value, no, change, at, channel, actor, message_id, reason, hash)
    SELECT id_value, entries, 'frozen', '2026-01-01', 'own_api', 'user:admin', '', 'why', head FROM head";

#[tokio::test]
async fn chains_and_freezes_of_the_version_before_go_on() {
    let (schema, steps) = schema_of::<Service>();
    let newer = steps.iter().position(|step| step.name.contains("m0018")).unwrap();
    let database = Arc::new(TestDb::for_services(&[(schema, steps[..newer].to_vec())]).await);
    let db = database.db("spar_mapper").await;
    for statement in [
        "INSERT INTO id_fa_mappings (id_value, fa_value) VALUES ('free', 'account:1@bank'), ('held', 'account:2@bank'),
                                                                ('gone', 'account:3@bank')",
        "UPDATE id_fa_mappings SET fa_value = 'account:4@bank' WHERE id_value = 'free'",
        "DELETE FROM id_fa_mappings WHERE id_value = 'gone'",
        FREEZE,
    ] {
        sql::execute(db.conn(), statement, []).await.unwrap();
    }
    let heads =
        "SELECT concat_ws(' ', id_value, entries, encode(head, 'hex'), frozen) FROM mapping_ids ORDER BY 1";
    let before: Vec<String> = sql::scalars(db.conn(), heads, []).await.unwrap();
    storage::migrate(&db, &steps).await.unwrap();
    let after: Vec<String> = sql::scalars(db.conn(), heads, []).await.unwrap();
    assert_eq!(after, before, "whoever reads the table reads the same");
    db.close().await;

    let mapper: TestService<Service> = TestService::start_on(database, plain).await;
    let partner = mapper.partner("P", &["mapper:call"]).await;
    let new = |id: &str| json!({"id": id, "fa": "account:9@bank"});
    let done = |outcome: &(String, String, String)| outcome.0 == "succ";
    let updated = change(&partner, "update", &[new("free"), new("held")]).await;
    assert_eq!(updated.iter().map(done).collect::<Vec<_>>(), [true, false], "{updated:?}");
    let linked = change(&partner, "link", &[new("gone"), new("fresh")]).await;
    assert!(linked.iter().all(done), "{linked:?}");
    let admin = mapper.user("admin");
    admin
        .post("/api/v1/mappings/unfreeze", &json!({"id": "held", "reason": "settled"}))
        .await
        .expect_status(204);
    for (id, entries) in [("free", 3), ("held", 3), ("gone", 3), ("fresh", 1)] {
        let verdict =
            admin.post("/api/v1/mappings/verify", &json!({"id": id})).await.expect_status(200).json();
        assert_eq!(verdict, json!({"intact": true, "entries": entries, "problem": null}), "{id}");
    }
    mapper.settled().await;
}
