//! Decides on every household of a programme, a chunk at a time.

use std::{collections::BTreeMap, time::Duration};

use ::jobs::{JobError, JobHandler, Next, RunningJob};
use serde_json::json;

use super::{begin, commit, concluded, cursor, run_of};
use crate::{
    app::{State, runs::EnrolmentCursor},
    store::{
        eligibility::{self, Enrolment},
        programs,
        runs::{self, RunRow},
    },
};

pub(super) struct Enrol(pub State);

#[async_trait::async_trait]
impl JobHandler for Enrol {
    async fn run(&self, job: &RunningJob) -> Result<Next, JobError> {
        let Some(run) = run_of(&self.0, job).await? else { return Ok(Next::Done) };
        let id = run.id;
        let outcome = self.chunks(job, run).await;
        concluded(&self.0, job, id, outcome).await
    }
}

impl Enrol {
    async fn chunks(&self, job: &RunningJob, run: RunRow) -> Result<Next, JobError> {
        let state = &self.0;
        let tenant = job.tenant.as_str();
        let mut at: EnrolmentCursor = cursor(&run)?;
        let program =
            programs::find_version(state.db.conn(), tenant, run.program_id, at.rule_version).await?;
        let program =
            program.ok_or_else(|| JobError::Fatal("the version of the rule does not exist".to_owned()))?;
        let compiled = program.definition()?.compile();
        let compiled =
            compiled.map_err(|_| JobError::Fatal("the programme's rule is not valid".to_owned()))?;
        let enrolment = Enrolment {
            tenant,
            program: run.program_id,
            run: run.id,
            rule_version: at.rule_version,
            as_of: at.as_of,
            actor: &run.requested_by,
            at: state.clock.now(),
        };
        let size = i64::from(state.config.chunk_size);
        let mut done = run.done;
        loop {
            if job.cancelled().is_cancelled() {
                return Ok(Next::After(Duration::ZERO));
            }
            let tx = begin(state, job).await?;
            let Some((upto, count)) =
                eligibility::chunk_end(&tx, tenant, run.program_id, &at.after, size).await?
            else {
                let counts = outcome(&eligibility::tally(&tx, tenant, run.program_id).await?, at.changed);
                runs::finish(&tx, tenant, run.id, json!(counts), state.clock.now()).await?;
                commit(tx).await?;
                return Ok(Next::Done);
            };
            at.changed +=
                eligibility::decide(&tx, &enrolment, &compiled.eligibility, &at.after, &upto).await?;
            at.after = upto;
            done += count;
            job.progress_in(&tx, done, None).await?;
            runs::advance(&tx, tenant, run.id, done, None, json!(at), json!({"changed": at.changed})).await?;
            commit(tx).await?;
        }
    }
}

/// The counts that the run shows. Eligible is who fulfils the rule, with a payee or without.
fn outcome(tally: &BTreeMap<(String, Option<String>), i64>, changed: i64) -> BTreeMap<String, i64> {
    let mut counts: BTreeMap<String, i64> =
        ["considered", "eligible", "enrolled", "not_eligible", "rejected"]
            .map(|name| (name.to_owned(), 0))
            .into();
    counts.insert("changed".to_owned(), changed);
    for ((state, reason), count) in tally {
        *counts.entry("considered".to_owned()).or_default() += count;
        *counts.entry(state.clone()).or_default() += count;
        if state == "enrolled" || state == "rejected" {
            *counts.entry("eligible".to_owned()).or_default() += count;
        }
        if let Some(reason) = reason {
            *counts.entry(format!("reason.{reason}")).or_default() += count;
        }
    }
    counts
}
