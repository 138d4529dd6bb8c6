//! Working on a file. Each lane takes part after part and changes the ids that fall to it; the changes of a part, its refused
//! rows and the lane's progress are one transaction, so that a worker that dies loses nothing and repeats nothing.

use std::{collections::HashSet, io::Read};

use ::jobs::{JobError, Next, RunningJob};
use flate2::read::ZlibDecoder;
use futures_util::future::try_join_all;
use platform::{PartnerError, Sender};
use sea_orm::DatabaseTransaction;
use storage::{StoreError, StoreResult};
use uuid::Uuid;

use super::part_row;
use crate::{
    State,
    app::{Caller, change, transactions},
    domain::{
        Item, Kept, Operation, Refusal,
        bulk::{Columns, Format, Part, Row, column_of, lane_of, read_part},
    },
    store::bulk::{self, Bulk, End, Lane, Reject, StoredPart},
};

/// Code of a row that cannot be read.
pub(super) const UNREADABLE: &str = "rjct.row.invalid";
/// Parts after which those that were worked on are removed.
const SWEEP: i32 = 16;

/// Works on a file until all its rows were changed or refused. `caller` says who changes the ids: the partner, as it is now.
///
/// # Errors
/// As a job's.
pub(crate) async fn run(
    state: &State,
    job: &RunningJob,
    job_id: Uuid,
    caller: &Caller<'_>,
) -> Result<Next, JobError> {
    let fatal = |what: &str| JobError::Fatal(format!("the {what} of the bulk job {job_id} cannot be read"));
    let tx = state.db.begin().await?;
    job.guard(&tx).await?;
    if !bulk::start(&tx, &job.tenant, job_id, state.clock.now()).await? {
        return Ok(Next::Done);
    }
    let Some(file) = bulk::find(&tx, &job.tenant, job_id).await? else { return Ok(Next::Done) };
    let lanes = bulk::lanes(&tx, &job.tenant, job_id).await?;
    tx.commit().await?;
    let work = Work {
        state,
        job,
        caller,
        job_id,
        operation: Operation::parse(&file.operation).ok_or_else(|| fatal("operation"))?,
        format: Format::parse(&file.format).ok_or_else(|| fatal("format"))?,
        columns: Columns::stored(file.columns.clone()),
        lanes: lanes.len() as u64,
        parts: file.parts,
        rows: file.rows,
    };
    try_join_all(lanes.into_iter().map(|lane| work.lane(lane))).await?;
    if job.cancelled().is_cancelled() {
        return Ok(Next::After(std::time::Duration::ZERO));
    }
    finish(state, job, &file).await
}

struct Work<'a> {
    state: &'a State,
    job: &'a RunningJob,
    caller: &'a Caller<'a>,
    job_id: Uuid,
    operation: Operation,
    format: Format,
    columns: Columns,
    lanes: u64,
    parts: i32,
    rows: i64,
}

impl Work<'_> {
    /// Works on the ids of one lane, part after part, until it is through or the file is cancelled. The next part is read
    /// while this one is written.
    async fn lane(&self, mut lane: Lane) -> Result<(), JobError> {
        let mut rows = self.load(lane).await?;
        while let Some(these) = rows {
            if self.job.cancelled().is_cancelled() {
                return Ok(());
            }
            let following = Lane { next_part: lane.next_part + 1, ..lane };
            let (written, loaded) = tokio::join!(self.write(lane, these), self.load(following));
            if !written? {
                return Ok(());
            }
            (lane, rows) = (following, loaded?);
            if lane.lane == 0 && lane.next_part % SWEEP == 0 {
                let conn = self.state.db.conn();
                bulk::drop_worked_parts(conn, &self.job.tenant, self.job_id).await?;
                if let Some(file) = bulk::find(conn, &self.job.tenant, self.job_id).await? {
                    self.job.progress(file.changed + file.rejected, self.rows).await?;
                }
            }
        }
        Ok(())
    }

    /// The rows of a lane's next part; `None` when it is through, or the file was cancelled.
    async fn load(&self, lane: Lane) -> Result<Option<Vec<Row>>, JobError> {
        if lane.next_part >= self.parts {
            return Ok(None);
        }
        let (conn, tenant) = (self.state.db.conn(), self.job.tenant.as_str());
        let Some(mut part) = bulk::part(conn, tenant, self.job_id, lane.next_part).await? else {
            if !bulk::still_running(conn, tenant, self.job_id).await? {
                return Ok(None);
            }
            return Err(JobError::Fatal(format!("part {} is not in the database any more", lane.next_part)));
        };
        let row = part_row(self.job_id, lane.next_part);
        part.content =
            self.state.vault.open_bytes(Kept::Part, &self.job.tenant, &row, part.content).map_err(
                |error| JobError::Fatal(format!("part {} does not open: {error}", lane.next_part)),
            )?;
        let (format, columns, lanes) = (self.format, self.columns.clone(), self.lanes);
        let wanted = u64::try_from(lane.lane).unwrap_or_default();
        let read = move || {
            let mut rows = read_part(format, &columns, &unpack(&part)?);
            // Rows without an id are the first lane's.
            rows.retain(|row| row.item.as_ref().map_or(0, |item| lane_of(&item.id, lanes)) == wanted);
            Ok::<_, std::io::Error>(rows)
        };
        Ok(Some(tokio::task::spawn_blocking(read).await??))
    }

    /// Makes the changes of a part. `false`: the file was cancelled meanwhile, and they were not made.
    async fn write(&self, lane: Lane, rows: Vec<Row>) -> Result<bool, JobError> {
        let tx = self.state.db.begin().await?;
        self.job.guard(&tx).await?;
        bulk::commit_without_waiting(&tx).await?;
        let (total, rejects) = self.apply(&tx, rows).await?;
        let rejected = i64::try_from(rejects.len())?;
        bulk::reject(&tx, &self.job.tenant, self.job_id, rejects).await?;
        bulk::advance(&tx, &self.job.tenant, self.job_id, lane, total - rejected, rejected).await?;
        let running = bulk::still_running(&tx, &self.job.tenant, self.job_id).await?;
        if running {
            tx.commit().await?;
        } else {
            tx.rollback().await?;
        }
        Ok(running)
    }

    /// Makes the changes; returns how many rows there were, and the refused ones.
    async fn apply(&self, tx: &DatabaseTransaction, rows: Vec<Row>) -> Result<(i64, Vec<Reject>), JobError> {
        let total = i64::try_from(rows.len())?;
        let mut rejects = Vec::new();
        let (mut items, mut places): (Vec<Item>, Vec<Place>) = (Vec::new(), Vec::new());
        for Row { row, line, reference, item } in rows {
            let place = Place { row, line, reference };
            match item {
                Ok(item) => {
                    items.push(item);
                    places.push(place);
                }
                Err(fault) => rejects.push(place.reject(None, fault.column, UNREADABLE, fault.reason)),
            }
        }
        // An update of an id that an earlier row has is refused as it is within one message, however the file is cut.
        let before = if self.operation == Operation::Update && !items.is_empty() {
            let ids = items.iter().map(|item| item.id.clone()).filter(|id| storable(id)).collect();
            bulk::changed_before(tx, &self.job.tenant, self.job_id, ids).await?.into_iter().collect()
        } else {
            HashSet::new()
        };
        for item in &mut items {
            if before.contains(&item.id) {
                item.unreadable = Some(Refusal::RepeatedInBatch);
            }
        }
        let strategies = self.state.strategies.of(self.caller.ctx.tenant.as_str()).await?;
        let refusals = change(self.state, tx, &strategies, self.caller, self.operation, &items)
            .await
            .map_err(unworkable)?;
        for ((item, place), refusal) in items.into_iter().zip(places).zip(refusals) {
            let Some(refusal) = refusal else { continue };
            let column = Some(column_of(&refusal).to_owned());
            let (code, text) = (refusal.code(self.operation), refusal.text().to_owned());
            rejects.push(place.reject(storable(&item.id).then_some(item.id), column, code, text));
        }
        Ok((total, rejects))
    }
}

/// Where a row stands in the file.
struct Place {
    row: u64,
    line: u64,
    reference: Option<String>,
}

impl Place {
    fn reject(self, id: Option<String>, column: Option<String>, code: &str, reason: String) -> Reject {
        Reject {
            row_no: i64::try_from(self.row).unwrap_or(i64::MAX),
            line_no: i64::try_from(self.line).unwrap_or(i64::MAX),
            id_value: id,
            reference_id: self.reference,
            column_name: column,
            code: code.to_owned(),
            reason,
        }
    }
}

fn storable(id: &str) -> bool {
    !id.is_empty() && id.len() <= crate::domain::MAX_VALUE && !id.chars().any(char::is_control)
}

fn unpack(part: &StoredPart) -> std::io::Result<Part> {
    let mut content = Vec::new();
    ZlibDecoder::new(part.content.as_slice()).read_to_end(&mut content)?;
    let number = |n: i64| u64::try_from(n).unwrap_or_default();
    Ok(Part { first_row: number(part.first_row), first_line: number(part.first_line), content })
}

/// What the partner may not do stays so; a database that is away may come back, however long it takes.
fn unworkable(error: PartnerError) -> JobError {
    match error {
        PartnerError::Api(error) if error.status() == 503 => {
            StoreError::Unavailable(error.detail().to_owned()).into()
        }
        PartnerError::Api(error) if error.status().is_server_error() => JobError::Retry(error.into()),
        other => JobError::Fatal(format!("the file cannot be worked on: {other}")),
    }
}

async fn finish(state: &State, job: &RunningJob, file: &Bulk) -> Result<Next, JobError> {
    let tx = state.db.begin().await?;
    job.guard(&tx).await?;
    if !bulk::end(&tx, &job.tenant, file.job_id, End::Done, state.clock.now()).await? {
        return Ok(Next::Done);
    }
    job.progress_in(&tx, file.rows, file.rows).await?;
    transactions::finish_bulk(&tx, state, &job.tenant, file.job_id).await?;
    tx.commit().await?;
    Ok(Next::Done)
}

/// Whoever waits for the file must see that it was given up.
pub(crate) async fn give_up(state: &State, tenant: &str, job_id: Uuid, why: &str) -> StoreResult<()> {
    let tx = state.db.begin().await?;
    if bulk::end(&tx, tenant, job_id, End::Failed { why }, state.clock.now()).await? {
        transactions::finish_bulk(&tx, state, tenant, job_id).await?;
        tx.commit().await?;
    }
    Ok(())
}

/// The sender of a file, and whose file it was.
pub(crate) async fn sender_of(state: &State, tenant: &str, job_id: Uuid) -> Result<Option<Sender>, JobError> {
    let Some(file) = bulk::find(state.db.conn(), tenant, job_id).await? else { return Ok(None) };
    let partner = state.partners.find(&file.partner_id).await?.ok_or_else(|| {
        JobError::Fatal("the partner that sent the file is not registered any more".to_owned())
    })?;
    Ok(Some(Sender { partner, verified: true }))
}
