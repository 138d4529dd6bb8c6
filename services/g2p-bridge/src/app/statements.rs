//! Files of banks: taken in once, worked off in the background.

use bank_formats::Part;
use g2p_connect::reason::BridgeReason;
use jobs::{JobError, NewJob, Next, RunningJob};
use platform::{ApiError, Ctx};
use serde::{Deserialize, Serialize};
use storage::StoreError;
use uuid::Uuid;

use super::{
    App, Failure, IMPORT,
    intake::{self, PartsOf, Received},
    reports, require_any, statement_passes,
};
use crate::{
    jobs::{FOREVER, kinds},
    store::{
        chunks, programs,
        statements::{self, Kind, NewFile},
    },
};

/// The file to work off.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct StatementJob {
    /// The file.
    pub file_id: Uuid,
}

/// A file that was brought.
#[derive(Debug, Clone, Copy)]
pub struct Brought<'a> {
    /// Whose.
    pub tenant: &'a str,
    /// By whom.
    pub actor: &'a str,
    /// Whose folder it was in, so that it can be about this bank's accounts and payments only.
    pub bank: Option<&'a str>,
}

/// Whether the caller may bring files.
///
/// # Errors
/// 403 without the permission.
pub fn may_upload(ctx: &Ctx) -> Result<(), ApiError> {
    require_any(ctx, IMPORT)
}

/// Keeps an uploaded file and has it worked off.
///
/// # Errors
/// As [`take`].
pub async fn upload(app: &App, ctx: &Ctx, file: Received) -> Result<Uuid, Failure> {
    may_upload(ctx)?;
    let by = Brought { tenant: ctx.tenant.as_str(), actor: &ctx.actor.label(), bank: None };
    take(app, by, file).await
}

/// Keeps a file that was received and has it worked off. The same bytes again give the same id and change nothing.
///
/// # Errors
/// Refused with `STATEMENT_UPLOAD_ERROR` when it holds no statement and is no report on payments sent from here, or
/// `INVALID_ACCOUNT_NUMBER` when none of its accounts belongs to a programme. Nothing of it is kept then.
pub async fn take(app: &App, by: Brought<'_>, file: Received) -> Result<Uuid, Failure> {
    let taken = judge_and_keep(app, by, &file).await;
    if !matches!(taken, Ok(id) if id == file.file_id) {
        chunks::remove(app.db.conn(), by.tenant, file.file_id).await?;
    }
    taken
}

async fn judge_and_keep(app: &App, by: Brought<'_>, file: &Received) -> Result<Uuid, Failure> {
    if let Some(known) = statements::by_hash(app.db.conn(), by.tenant, &file.sha256).await? {
        return Ok(known);
    }
    let head = intake::first(app, by.tenant, file.file_id).await?;
    let (kind, job) = if bank_formats::is_pain002(&head) {
        reports::check(app, by, file).await?;
        (Kind::Report, kinds::REPORT)
    } else {
        check(app, by, file).await?;
        (Kind::Statement, kinds::STATEMENTS)
    };
    let tx = app.begin().await?;
    let new = NewFile {
        kind,
        bank: by.bank,
        file_id: file.file_id,
        sha256: &file.sha256,
        bytes: file.bytes,
        actor: by.actor,
        at: app.now(),
    };
    let (stored, new) = statements::put_file(&tx, by.tenant, new).await?;
    if new {
        chunks::finish(&tx, by.tenant, file.file_id).await?;
        let job = NewJob::new(job, &StatementJob { file_id: stored.file_id });
        let key = stored.file_id.to_string();
        jobs::enqueue(&tx, job.tenant(by.tenant).key(key).max_attempts(FOREVER)).await?;
    }
    tx.commit().await.map_err(StoreError::from)?;
    tracing::info!(file = %stored.file_id, new, bytes = file.bytes, "file of a bank");
    Ok(stored.file_id)
}

/// Whether a file holds statements of an account of ours. Reads no further than the first one.
async fn check(app: &App, by: Brought<'_>, file: &Received) -> Result<(), Failure> {
    let mut parts = PartsOf::open(app, by.tenant, file.file_id);
    let (mut any, mut last) = (false, None);
    while let Some(some) =
        parts.next().await.map_err(|e| ApiError::internal(format!("reading a file: {e}")))?
    {
        for part in some {
            let Part::Head(head) = part else { continue };
            if head.account.is_empty() || last.as_ref() == Some(&head.account) {
                continue;
            }
            any = true;
            if programs::account_is_known(app.db.conn(), by.tenant, &head.account, by.bank).await? {
                return Ok(());
            }
            last = Some(head.account);
        }
    }
    let why = if any { BridgeReason::InvalidAccountNumber } else { BridgeReason::StatementUploadError };
    Err(Failure::refused(why))
}

/// Works a file off: reads it once to see whether its statements add up, and again for their lines. A line that cannot be
/// read or used costs that line only.
///
/// # Errors
/// Retried: the database's errors. Doing it twice changes nothing, each line is kept once.
pub async fn run(app: &App, job: &RunningJob) -> Result<Next, JobError> {
    let StatementJob { file_id } = job.payload()?;
    let Some(file) = statements::about(app.db.conn(), &job.tenant, file_id).await? else {
        return Err(JobError::Fatal(format!("statement file {file_id} is not there")));
    };
    let found = statement_passes::survey(app, job, file_id, &file).await?;
    statement_passes::book(app, job, file_id, &found).await?;
    let tx = app.begin().await?;
    job.guard(&tx).await?;
    statements::finish_file(&tx, &job.tenant, file_id, None, app.now()).await?;
    tx.commit().await.map_err(StoreError::from)?;
    Ok(Next::Done)
}
