//! Pulls the households of a programme, page by page. Each page is stored in one transaction with the place to go on.

use std::time::Duration;

use ::jobs::{JobError, JobHandler, Next, RunningJob};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{begin, commit, concluded, cursor, run_of};
use crate::{
    app::{State, runs::PullCursor},
    clients::registry::{self, Page, PageRequest, SearchError},
    domain::{definition::Compiled, household::Household},
    store::{
        households::{self, PageCounts},
        programs,
        runs::{self, RunRow},
    },
};

/// How often a pull may begin again because the registry forgot its list.
const MAX_RESTARTS: u32 = 5;

pub(super) struct Pull(pub State);

#[async_trait::async_trait]
impl JobHandler for Pull {
    async fn run(&self, job: &RunningJob) -> Result<Next, JobError> {
        let Some(run) = run_of(&self.0, job).await? else { return Ok(Next::Done) };
        let id = run.id;
        let outcome = self.pages(job, run).await;
        concluded(&self.0, job, id, outcome).await
    }
}

/// What the run has counted so far.
#[derive(Debug, Clone, Copy, Default, serde::Serialize, serde::Deserialize)]
#[serde(default)]
struct Counts {
    /// Records that came.
    received: i64,
    created: i64,
    updated: i64,
    unchanged: i64,
    /// Records that cannot be stored.
    refused: i64,
    /// Households that the registry gives no more.
    left: i64,
}

impl Pull {
    async fn pages(&self, job: &RunningJob, run: RunRow) -> Result<Next, JobError> {
        let state = &self.0;
        let program = programs::find(state.db.conn(), &job.tenant, run.program_id).await?;
        let program = program.ok_or_else(|| JobError::Fatal("the programme does not exist".to_owned()))?;
        let compiled = program.definition()?.compile();
        let compiled =
            compiled.map_err(|_| JobError::Fatal("the programme's definition is not valid".to_owned()))?;
        let mut at: PullCursor = cursor(&run)?;
        let mut counts: Counts = serde_json::from_value(run.counts.clone()).unwrap_or_default();
        loop {
            if job.cancelled().is_cancelled() {
                return Ok(Next::After(Duration::ZERO));
            }
            let request = PageRequest {
                transaction_id: &at.transaction_id,
                snapshot_id: at.snapshot_id.as_deref(),
                number: at.next_page,
                size: at.page_size,
                attributes: &compiled.field_policy,
            };
            let url = &state.config.social_registry_url;
            let page = match registry::search(&state.http, url, state.clock.now(), &request).await {
                Ok(page) => page,
                Err(SearchError::SnapshotGone) if at.restarts < MAX_RESTARTS => {
                    at = restarted(&at);
                    counts = Counts::default();
                    continue;
                }
                Err(error) if error.is_final() => return Err(JobError::Fatal(error.to_string())),
                Err(error) => return Err(JobError::from(error)),
            };
            if self.store(job, &run, &compiled, &mut at, &mut counts, page).await? {
                if counts.created + counts.updated > 0 {
                    households::analyze(state.db.conn()).await?;
                }
                return Ok(Next::Done);
            }
        }
    }

    /// Stores a page with the place to go on; after the last one ends the run and says so.
    async fn store(
        &self,
        job: &RunningJob,
        run: &RunRow,
        compiled: &Compiled,
        at: &mut PullCursor,
        counts: &mut Counts,
        page: Page,
    ) -> Result<bool, JobError> {
        let state = &self.0;
        let received = i64::try_from(page.records.len()).unwrap_or(i64::MAX);
        let (households, refused) = self.read(compiled, &page.records);
        let last = counts.received + received >= page.total;
        if received == 0 && !last {
            return Err(JobError::Fatal(format!(
                "the registry announced {} households but gave only {}",
                page.total, counts.received
            )));
        }
        let mark = at.mark()?;
        let tx = begin(state, job).await?;
        let now = state.clock.now();
        if page.total == 0
            && !at.allow_empty
            && households::any_active(&tx, &job.tenant, run.program_id).await?
        {
            return Err(JobError::Fatal(
                "the registry gives no household at all; check this service's policy there, and if nobody is \
                 registered any more, pull again with allow_empty=true"
                    .to_owned(),
            ));
        }
        let stored = households::apply_page(&tx, &job.tenant, run.program_id, mark, now, &households).await?;
        counts.add(received, refused, stored);
        at.next_page += 1;
        at.snapshot_id = page.snapshot_id.or_else(|| at.snapshot_id.take());
        job.progress_in(&tx, counts.received, page.total).await?;
        let total = Some(page.total);
        runs::advance(&tx, &job.tenant, run.id, counts.received, total, json!(at), json!(counts)).await?;
        if last {
            let left = households::deactivate_unseen(&tx, &job.tenant, run.program_id, mark, now).await?;
            counts.left = i64::try_from(left).unwrap_or(i64::MAX);
            runs::finish(&tx, &job.tenant, run.id, json!(counts), now).await?;
        }
        commit(tx).await?;
        Ok(last)
    }

    /// The records that can be stored, and how many cannot.
    fn read(&self, compiled: &Compiled, records: &[Value]) -> (Vec<Household>, i64) {
        let mut refused = 0;
        let mut households = Vec::with_capacity(records.len());
        for record in records {
            match Household::read(record, &compiled.field_policy, &self.0.hasher) {
                Ok(household) => households.push(household),
                Err(fault) => {
                    tracing::warn!(error = %fault, "a record of the registry was left out");
                    refused += 1;
                }
            }
        }
        (households, refused)
    }
}

impl Counts {
    fn add(&mut self, received: i64, refused: i64, stored: PageCounts) {
        self.received += received;
        self.refused += refused;
        self.created += stored.created;
        self.updated += stored.updated;
        self.unchanged += stored.unchanged;
    }
}

impl PullCursor {
    /// What households are marked with as they arrive. It is of one list: who was in a list that the registry forgot, and
    /// is not in the next one, has left.
    fn mark(&self) -> Result<Uuid, JobError> {
        let mark = self.transaction_id.parse();
        mark.map_err(|_| JobError::Fatal("the transaction id of the pull is not a UUID".to_owned()))
    }
}

/// From the first page again, in a new list. What was stored before is met again and does not change.
fn restarted(at: &PullCursor) -> PullCursor {
    PullCursor {
        transaction_id: Uuid::now_v7().to_string(),
        snapshot_id: None,
        next_page: 1,
        page_size: at.page_size,
        restarts: at.restarts + 1,
        allow_empty: at.allow_empty,
    }
}
