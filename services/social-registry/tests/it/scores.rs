//! Scores by definition.

use serde_json::json;

use crate::*;

async fn scores(db: &Db) -> Vec<(String, f64)> {
    let mut found = Vec::new();
    for household in ["H1", "H2", "H3"] {
        let sql = "SELECT score::float8 FROM scores JOIN registrants USING (tenant_id, registrant_id)
                    WHERE external_id = $1";
        if let Some(score) = sql::scalar(db.conn(), sql, [household.into()]).await.unwrap() {
            found.push((household.to_owned(), score));
        }
    }
    found
}

fn expected(values: &[(&str, f64)]) -> Vec<(String, f64)> {
    values.iter().map(|(h, s)| ((*h).to_owned(), *s)).collect()
}

#[tokio::test]
async fn a_definition_scores_every_household_now_and_later() {
    let registry = start().await;
    let maker = registry.user("maker");
    populate(&maker).await;
    let saved = maker.post("/api/v1/score-definitions", &score_definition()).await.expect_status(202).json();
    assert_eq!(saved["version"], 1);
    registry.settled().await;
    assert_eq!(scores(registry.db()).await, expected(&[("H1", 0.0), ("H2", 17.5), ("H3", 2.0)]));
    let path = format!("/api/v1/score-definitions/computations/{}", saved["job_id"].as_str().unwrap());
    assert_eq!(maker.get(&path).await.expect_status(200).json()["state"], "done");

    // A change of what a household owns changes its score, in the same transaction.
    let file = "external_id,name,tv\nH1,Odhiambo,true\n";
    assert_eq!(counts(&import(&maker, "households", file).await), [0, 1, 0, 0]);
    assert_eq!(scores(registry.db()).await[0].1, 6.0);

    // The same definition again is the same version; another one is the next.
    let again = maker.post("/api/v1/score-definitions", &score_definition()).await.expect_status(202).json();
    assert_eq!(again["version"], 1);
    let mut other = score_definition();
    other["intercept"] = json!(10);
    let next = maker.post("/api/v1/score-definitions", &other).await.expect_status(202).json();
    assert_eq!(next["version"], 2);
    registry.settled().await;
    assert_eq!(scores(registry.db()).await, expected(&[("H1", 16.0), ("H2", 27.5), ("H3", 12.0)]));
    let history = "SELECT count(*) FROM history WHERE entity = 'score'";
    assert_eq!(count(registry.db(), history).await, 3 + 1 + 3);
}

#[tokio::test]
async fn a_wrong_definition_is_refused_and_the_field_is_named() {
    let registry = start().await;
    let maker = registry.user("maker");
    let mut wrong = score_definition();
    wrong["items"][2]["bands"] = json!([]);
    let problem = maker.post("/api/v1/score-definitions", &wrong).await.expect_status(422).json();
    assert_eq!(problem["errors"][0]["field"], "items[2]");
    for body in ["{", "[]", "{\"name\": 5}", "{\"name\": \"x\", \"surprise\": 1}"] {
        let reply = maker.post_bytes("/api/v1/score-definitions", "application/json", body).await;
        assert_eq!(reply.status, 400, "{body}: {}", reply.text);
    }
    let mut nul = score_definition();
    nul["items"][0]["points"]["a\u{0}b"] = json!(1);
    maker.post("/api/v1/score-definitions", &nul).await.expect_status(400);
    registry.user("checker").post("/api/v1/score-definitions", &score_definition()).await.expect_status(403);
}

#[tokio::test]
async fn an_idempotency_key_gives_the_first_answer_again() {
    let registry = start().await;
    let maker = registry.user("maker");
    let post = async |body: &Value| {
        maker
            .send("/api/v1/score-definitions", reqwest::Method::POST, |r| {
                r.header("Idempotency-Key", "k-1").json(body)
            })
            .await
    };
    let first = post(&score_definition()).await.expect_status(202).json();
    assert_eq!(post(&score_definition()).await.expect_status(202).json(), first);
    let mut other = score_definition();
    other["maximum"] = json!(50);
    assert_eq!(post(&other).await.status, 422);
}

#[tokio::test]
async fn a_household_imported_while_a_new_version_is_saved_gets_the_new_score() {
    let registry = start().await;
    let maker = registry.user("maker");
    populate(&maker).await;
    maker.post("/api/v1/score-definitions", &score_definition()).await.expect_status(202);
    registry.settled().await;
    // The import has read version 1, and waits before it writes scores.
    let held = registry.db().begin().await.unwrap();
    sql::execute(&held, "LOCK TABLE scores IN SHARE ROW EXCLUSIVE MODE", []).await.unwrap();
    let waiting = async |what: &str| {
        let sql = format!(
            "SELECT count(*) FROM pg_locks WHERE NOT granted AND {what}
                AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
        );
        count(registry.db(), &sql).await
    };
    let scores_waiters = "relation = 'scores'::regclass";
    let file = "external_id,name,roof\nH4,Late,tiles\n";
    let accepted = post_file(&maker, &[("kind", "households")], file).await.expect_status(202).json();
    wait_for("the import to wait", Duration::from_secs(20), || async {
        (waiting(scores_waiters).await > 0).then_some(())
    })
    .await;
    let mut other = score_definition();
    other["intercept"] = json!(10);
    let (saved, ()) = tokio::join!(maker.post("/api/v1/score-definitions", &other), async {
        // The new version waits for the import, or (wrongly) is saved and its job waits to write what it saw.
        wait_for("version 2 to wait", Duration::from_secs(20), || async {
            let both = waiting(scores_waiters).await > 1 || waiting("locktype = 'advisory'").await > 0;
            both.then_some(())
        })
        .await;
        held.commit().await.unwrap();
    });
    assert_eq!(saved.expect_status(202).json()["version"], 2);
    ended(&maker, &accepted["import_id"]).await;
    registry.settled().await;
    let old = "SELECT count(*) FROM scores WHERE version <> 2";
    assert_eq!(count(registry.db(), old).await, 0);
    assert_eq!(count(registry.db(), "SELECT count(*) FROM scores").await, 4);
}
