//! Scores of households: definitions, and computing them.

use std::time::Duration;

use async_trait::async_trait;
use jobs::{JobError, JobHandler, NewJob, Next, RunningJob};
use platform::{ApiError, ApiResult, Ctx};
use sea_orm::DatabaseTransaction;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use storage::{StoreError, StoreResult};
use uuid::Uuid;

use super::{READ, WRITE, announce};
use crate::{
    State,
    domain::score::ScoreDefinition,
    events::{ChangeKind, RegistrantKind},
    store::{
        Change, Shared,
        scores::{self, Definition},
    },
};

/// Kind of the job.
pub(crate) const JOB: &str = "social-registry.score";

/// Households scored in one transaction.
const CHUNK: i64 = 2_000;

/// The definitions of a tenant, ready to compute with.
pub(crate) struct Scorer {
    definitions: Vec<(i32, ScoreDefinition)>,
}

impl Scorer {
    /// The newest version of each definition, which stays so until the transaction ends.
    pub(crate) async fn load(tx: &DatabaseTransaction, tenant: &str) -> StoreResult<Self> {
        Shared::Scores.read(tx, tenant).await?;
        let definitions = scores::definitions(tx, tenant).await?;
        let definitions =
            definitions.into_iter().map(|d| Ok((d.version, read(&d)?))).collect::<StoreResult<_>>()?;
        Ok(Self { definitions })
    }

    /// The scores of registrants, given as rows with `registrant_id` and `attributes`.
    pub(crate) fn rows<'a>(&self, registrants: impl Iterator<Item = &'a Map<String, Value>>) -> Vec<Value> {
        let none = Map::new();
        registrants
            .flat_map(|row| {
                let attributes = row.get("attributes").and_then(Value::as_object).unwrap_or(&none);
                self.definitions.iter().filter_map(move |(version, definition)| {
                    let id = row.get("registrant_id")?;
                    Some(score_row(id, definition, *version, attributes))
                })
            })
            .collect()
    }
}

fn read(stored: &Definition) -> StoreResult<ScoreDefinition> {
    serde_json::from_value(stored.definition.clone()).map_err(|e| {
        let (name, version) = (&stored.name, stored.version);
        StoreError::Other(format!("version {version} of the score definition {name} cannot be read: {e}"))
    })
}

fn score_row(
    id: &Value,
    definition: &ScoreDefinition,
    version: i32,
    attributes: &Map<String, Value>,
) -> Value {
    json!({
        "registrant_id": id,
        "name": definition.name,
        "score": definition.evaluate(attributes),
        "version": version,
    })
}

/// What a saved definition started.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Saved {
    pub name: String,
    pub version: i32,
    pub job_id: Uuid,
}

/// Saves a new version of a definition; a job computes the score of every household again. Saving the same again makes
/// no new version.
pub(crate) async fn save(
    ctx: &Ctx,
    tx: &DatabaseTransaction,
    definition: &ScoreDefinition,
) -> ApiResult<Saved> {
    ctx.require(WRITE)?;
    definition.check().map_err(|error| {
        ApiError::unprocessable(
            "score_definition_invalid",
            format!("the score definition is not usable: {error}"),
        )
        .with_field(error.field.clone(), error.why)
    })?;
    super::sendable("description", &definition.description, 1_000)?;
    let name = definition.name.as_str();
    let value = serde_json::to_value(definition).map_err(ApiError::internal)?;
    if value.to_string().contains("\\u0000") {
        return Err(ApiError::unprocessable("text_invalid", "the definition contains the character NUL"));
    }
    let change = Change {
        tenant: ctx.tenant.as_str().to_owned(),
        actor: ctx.actor.label(),
        reason: format!("score definition {name}"),
        at: ctx.clock.now(),
    };
    // Imports that compute with the version before commit first; the job then finds their households.
    Shared::Scores.change(tx, &change.tenant).await?;
    let newest = scores::definitions(tx, &change.tenant).await?.into_iter().find(|d| d.name == name);
    let version = match newest {
        Some(newest) if read(&newest)? == *definition => newest.version,
        _ => scores::add_definition(tx, &change, name, value).await?,
    };
    let payload = ScorePayload { name: name.to_owned(), version, actor: change.actor };
    let job = NewJob::new(JOB, &payload).key(format!("{name}/{version}")).tenant(ctx.tenant.as_str());
    let job_id = jobs::enqueue(tx, job).await?;
    tracing::info!(score = name, version, "score definition saved");
    Ok(Saved { name: name.to_owned(), version, job_id })
}

/// The newest version of each definition.
pub(crate) async fn list(state: &State, ctx: &Ctx) -> ApiResult<Vec<Definition>> {
    ctx.require(READ)?;
    Ok(scores::definitions(state.db.conn(), ctx.tenant.as_str()).await?)
}

/// How far the computation of a definition is.
pub(crate) async fn progress(state: &State, ctx: &Ctx, job_id: Uuid) -> ApiResult<jobs::JobStatus> {
    ctx.require(READ)?;
    let status = jobs::status(&state.db, job_id).await?;
    let mine = status.filter(|s| s.tenant == ctx.tenant.as_str() && s.kind == JOB);
    mine.ok_or_else(|| ApiError::not_found("the computation"))
}

#[derive(Debug, Serialize, Deserialize)]
struct ScorePayload {
    name: String,
    version: i32,
    actor: String,
}

/// Computes the score of every household that has none of the newest version.
#[derive(Debug, Clone)]
pub(crate) struct ScoreJob(pub State);

#[async_trait]
impl JobHandler for ScoreJob {
    async fn run(&self, job: &RunningJob) -> Result<Next, JobError> {
        let payload: ScorePayload = job.payload()?;
        let state = &self.0;
        let newest = scores::definitions(state.db.conn(), &job.tenant).await?;
        let Some(newest) = newest.into_iter().find(|d| d.name == payload.name) else {
            return Err(JobError::Fatal(format!("there is no score definition {}", payload.name)));
        };
        if newest.version != payload.version {
            // A newer version has its own job.
            return Ok(Next::Done);
        }
        let definition = read(&newest).map_err(|e| JobError::Fatal(e.to_string()))?;
        let change = Change {
            tenant: job.tenant.clone(),
            actor: payload.actor,
            reason: format!("score definition {} version {}", newest.name, newest.version),
            at: state.clock.now(),
        };
        let (mut after, mut done) = (Uuid::nil(), 0);
        // Only households without this version are read: a job that was killed goes on where it was.
        loop {
            let (name, version) = (&newest.name, newest.version);
            let rows = scores::unscored(&state.db, &job.tenant, name, version, after, CHUNK).await?;
            let Some(last) = rows.last().map(|r| r.registrant_id) else { return Ok(Next::Done) };
            after = last;
            done += i64::try_from(rows.len()).unwrap_or_default();
            let none = Map::new();
            let ids: Vec<Uuid> = rows.iter().map(|r| r.registrant_id).collect();
            let values = rows
                .iter()
                .map(|row| {
                    let attributes = row.attributes.as_object().unwrap_or(&none);
                    score_row(&json!(row.registrant_id), &definition, newest.version, attributes)
                })
                .collect();
            let tx = state.db.begin().await?;
            job.guard(&tx).await?;
            scores::put(&tx, &change, values).await?;
            let key = format!("score:{}", newest.name);
            announce(&tx, &job.tenant, &key, ChangeKind::Updated, RegistrantKind::Group, ids).await?;
            job.progress_in(&tx, done, None).await?;
            tx.commit().await?;
            if job.cancelled().is_cancelled() {
                return Ok(Next::After(Duration::ZERO));
            }
        }
    }
}
