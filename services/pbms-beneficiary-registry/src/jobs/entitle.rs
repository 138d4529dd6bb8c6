//! Computes the entitlements of a draft, a chunk at a time.

use std::time::Duration;

use ::jobs::{JobError, JobHandler, Next, RunningJob};
use serde_json::json;

use super::{begin, commit, concluded, cursor, run_of};
use crate::{
    app::{State, runs::EntitlementCursor},
    domain::definition::Compiled,
    store::{
        cycles::{self, CycleRow},
        entitlements::{self, Computation},
        programs,
        runs::{self, RunRow},
    },
};

pub(super) struct Entitle(pub State);

#[async_trait::async_trait]
impl JobHandler for Entitle {
    async fn run(&self, job: &RunningJob) -> Result<Next, JobError> {
        let Some(run) = run_of(&self.0, job).await? else { return Ok(Next::Done) };
        let id = run.id;
        let outcome = self.chunks(job, run).await;
        concluded(&self.0, job, id, outcome).await
    }
}

impl Entitle {
    async fn chunks(&self, job: &RunningJob, run: RunRow) -> Result<Next, JobError> {
        let state = &self.0;
        let (cycle, compiled) = self.subject(job, &run).await?;
        let mut at: EntitlementCursor = cursor(&run)?;
        let mut done = run.done;
        loop {
            if job.cancelled().is_cancelled() {
                return Ok(Next::After(Duration::ZERO));
            }
            let tx = begin(state, job).await?;
            still_wanted(&cycles::lock(&tx, &job.tenant, cycle.id).await?)?;
            if !at.cleared {
                entitlements::clear(&tx, &job.tenant, cycle.id).await?;
                at.cleared = true;
            }
            let size = i64::from(state.config.chunk_size);
            let next = entitlements::chunk_end(&tx, &job.tenant, run.program_id, &at.after, size).await?;
            let Some((upto, count)) = next else {
                let totals = entitlements::totals(&tx, &job.tenant, cycle.id).await?;
                cycles::set_entitlements(&tx, &job.tenant, cycle.id, "computed", totals).await?;
                let counts = json!({
                    "households": totals.households,
                    "entitlements": totals.entitlements,
                    "amount_minor": totals.total_minor,
                });
                runs::finish(&tx, &job.tenant, run.id, counts, state.clock.now()).await?;
                commit(tx).await?;
                return Ok(Next::Done);
            };
            let computation = Computation {
                tenant: &job.tenant,
                program: run.program_id,
                cycle: cycle.id,
                schedule_date: cycle.schedule_date,
            };
            for benefit in &compiled.benefits {
                entitlements::compute(&tx, &computation, benefit, &at.after, &upto).await?;
            }
            at.after = upto;
            done += count;
            job.progress_in(&tx, done, None).await?;
            runs::advance(&tx, &job.tenant, run.id, done, None, json!(at), json!({})).await?;
            commit(tx).await?;
        }
    }

    async fn subject(&self, job: &RunningJob, run: &RunRow) -> Result<(CycleRow, Compiled), JobError> {
        let db = &self.0.db;
        let id = run.cycle_id.ok_or_else(|| JobError::Fatal("the run names no cycle".to_owned()))?;
        let cycle = cycles::find(db.conn(), &job.tenant, id).await?;
        let cycle = cycle.ok_or_else(|| JobError::Fatal("the cycle does not exist".to_owned()))?;
        let program =
            programs::find_version(db.conn(), &job.tenant, run.program_id, cycle.rule_version).await?;
        let program =
            program.ok_or_else(|| JobError::Fatal("the version of the rule does not exist".to_owned()))?;
        let compiled = program.definition()?.compile();
        let compiled =
            compiled.map_err(|_| JobError::Fatal("the programme's rule is not valid".to_owned()))?;
        Ok((cycle, compiled))
    }
}

/// The cycle may have been cancelled meanwhile.
fn still_wanted(cycle: &CycleRow) -> Result<(), JobError> {
    if cycle.state == "draft" && cycle.entitlement_state == "computing" {
        return Ok(());
    }
    Err(JobError::Fatal(format!("the cycle is {} now; its entitlements are not computed", cycle.state)))
}
