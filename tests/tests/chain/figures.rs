//! The figures of the report that are no payments: rejected rows, duplicates and households, counted in the registry's
//! own tables.

use std::{collections::BTreeMap, path::Path};

use sea_orm::FromQueryResult;
use serde_json::Value;
use storage::{Db, sql};

use super::Installation;

/// Fewer accepted pairs that are true, or fewer true ones accepted, and the demo shows no deduplication.
const LEAST_PRECISION: f64 = 0.95;
const LEAST_RECALL: f64 = 0.85;
/// With fewer true pairs chance weighs more.
const FEW_PAIRS: u32 = 30;
const LEAST_RECALL_OF_FEW: f64 = 0.6;

#[derive(FromQueryResult)]
struct Counted {
    eligible: i64,
    enrolled: i64,
}

#[derive(FromQueryResult)]
struct Root {
    external_id: String,
    root: String,
}

async fn count(db: &Db, query: &str) -> i64 {
    sql::scalar::<i64>(db.conn(), query, []).await.unwrap().unwrap_or_default()
}

/// Compares them with the report.
pub async fn are_those_of_the_registry(installation: &Installation, report: &Value) {
    let registry = installation.db("social-registry").await;
    let rejected = count(&registry, "SELECT count(*) FROM import_rows WHERE outcome = 'rejected'").await;
    assert_eq!(report["rejected_rows"], Value::from(rejected));
    households(installation, &registry, report).await;
    duplicates(installation, &registry, report).await;
    registry.close().await;
}

/// The programme's rule, once more: a score below 50 and somebody under 18. Enrolled is who also has a Head.
async fn households(installation: &Installation, registry: &Db, report: &Value) {
    let as_of = installation.state()["as_of"].as_str().unwrap().to_owned();
    let counted: Counted = sql::fetch_one(
        registry.conn(),
        "the counts",
        "SELECT count(*) AS eligible,
                count(*) FILTER (WHERE EXISTS (
                    SELECT 1 FROM memberships m
                     WHERE m.group_id = g.registrant_id AND m.ended_at IS NULL AND 'Head' = ANY (m.kinds))) AS enrolled
           FROM registrants g
           JOIN scores s ON s.tenant_id = g.tenant_id AND s.registrant_id = g.registrant_id
          WHERE g.kind = 'group' AND g.status = 'active' AND s.name = 'poverty_score' AND s.score < 50
            AND EXISTS (SELECT 1 FROM memberships m
                          JOIN registrants i ON i.tenant_id = m.tenant_id AND i.registrant_id = m.individual_id
                         WHERE m.group_id = g.registrant_id AND m.ended_at IS NULL AND i.status = 'active'
                           AND i.birth_date > $1::date - interval '18 years')",
        [as_of.into()],
    )
    .await
    .unwrap();
    assert!(counted.enrolled > 0);
    assert_eq!(
        report["households"],
        serde_json::json!({"eligible": counted.eligible, "enrolled": counted.enrolled})
    );
}

async fn duplicates(installation: &Installation, registry: &Db, report: &Value) {
    // Three records of one person are three pairs.
    let found = count(
        registry,
        "SELECT coalesce(sum(n * (n - 1) / 2), 0)::bigint
           FROM (SELECT count(*) + 1 AS n FROM registrants WHERE duplicate_of IS NOT NULL GROUP BY duplicate_of) x",
    )
    .await;
    assert_eq!(report["duplicates"]["found"], Value::from(found));
    let truth = installation.population().join("truth.csv");
    if !truth.is_file() {
        for unknown in ["true", "precision", "recall"] {
            assert!(report["duplicates"][unknown].is_null(), "{unknown} cannot be known without truth.csv");
        }
        return;
    }
    let (pairs, joined) = joined_of(registry, &truth).await;
    assert_eq!(report["duplicates"]["true"], Value::from(pairs));
    let least_recall = if pairs < FEW_PAIRS { LEAST_RECALL_OF_FEW } else { LEAST_RECALL };
    for (name, whole, least) in
        [("precision", found, LEAST_PRECISION), ("recall", i64::from(pairs), least_recall)]
    {
        let share = f64::from(joined) / f64::from(u32::try_from(whole).unwrap());
        let told = report["duplicates"][name].as_f64().unwrap_or_else(|| panic!("no {name}"));
        assert!((told - share).abs() < 1e-9, "{name}: the report says {told}, the registry {share}");
        assert!(told >= least, "{name} is {told}, below {least}");
    }
}

/// True pairs, and how many of them are one person to the registry.
async fn joined_of(registry: &Db, truth: &Path) -> (u32, u32) {
    let roots: Vec<Root> = sql::fetch_all(
        registry.conn(),
        "SELECT external_id, coalesce(duplicate_of, registrant_id)::text AS root
           FROM registrants WHERE kind = 'individual'",
        [],
    )
    .await
    .unwrap();
    let roots: BTreeMap<String, String> = roots.into_iter().map(|r| (r.external_id, r.root)).collect();
    let (mut pairs, mut joined) = (0, 0);
    for row in csv::Reader::from_path(truth).unwrap().deserialize() {
        let row: BTreeMap<String, String> = row.unwrap();
        let (a, b) = (roots.get(&row["external_id_a"]), roots.get(&row["external_id_b"]));
        pairs += 1;
        joined += u32::from(a.is_some() && a == b);
    }
    (pairs, joined)
}
