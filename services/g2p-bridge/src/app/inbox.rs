//! What banks put into their folders: taken in like uploads, each file once.

use std::{io, time::Duration};

use jobs::{JobError, NewJob, Next, RunningJob};
use serde::{Deserialize, Serialize};
use storage::StoreResult;
use tokio::io::AsyncReadExt;

use super::{
    App, Failure,
    intake::{Intake, IntakeError, Received},
    statements::{self, Brought},
};
use crate::{
    bank::files::{Arrival, Folder},
    jobs::{FOREVER, kinds},
    store::chunks::PIECE,
};

/// Files taken in at one look.
const AT_ONCE: usize = 100;

/// The bank to look for.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct InboxJob {
    /// Its code.
    pub bank: String,
}

/// Sees that every folder is looked into. Enqueueing twice is the same as once.
pub async fn enqueue_all(app: &App) -> StoreResult<()> {
    let with_folder = app.banks.all().filter(|(_, bank)| bank.folder().is_some());
    let jobs = with_folder.map(|(code, bank)| {
        let job = NewJob::new(kinds::INBOX, &InboxJob { bank: code.to_owned() });
        job.tenant(bank.tenant()).key(code).max_attempts(FOREVER)
    });
    jobs::enqueue_many(app.db.conn(), jobs.collect()).await?;
    Ok(())
}

/// Looks into the folder of a bank, and again after a while.
///
/// # Errors
/// Retried for ever: the database's errors. A folder that cannot be used is looked for again.
pub async fn run(app: &App, job: &RunningJob) -> Result<Next, JobError> {
    let InboxJob { bank } = job.payload()?;
    // A bank that was taken out of the configuration.
    let Some(folder) = app.banks.of(&bank).and_then(|b| b.folder()) else { return Ok(Next::Done) };
    let arrivals = on_disk(folder, |folder| folder.arrivals(AT_ONCE)).await;
    metrics::gauge!("bridge_bank_folder_usable", "bank" => bank.clone()).set(u8::from(arrivals.is_ok()));
    let arrivals = match arrivals {
        Ok(arrivals) => arrivals,
        Err(error) => {
            tracing::error!(bank, %error, "the folder of a bank cannot be used");
            Vec::new()
        }
    };
    let pause = if arrivals.len() == AT_ONCE { 0 } else { app.config.folder_poll_seconds };
    for arrival in arrivals {
        if job.cancelled().is_cancelled() {
            return Ok(Next::After(Duration::ZERO));
        }
        if let Err(error) = take(app, job, &bank, folder, &arrival).await? {
            tracing::error!(bank, file = arrival.name, %error, "a file of a bank cannot be read or put away");
        }
    }
    Ok(Next::After(Duration::from_secs(pause)))
}

/// Takes a file in, and only then puts it away: after a crash in between it is known by its content.
async fn take(
    app: &App,
    job: &RunningJob,
    bank: &str,
    folder: &Folder,
    arrival: &Arrival,
) -> Result<io::Result<()>, JobError> {
    let received = match receive(app, &job.tenant, arrival).await? {
        Ok(received) => received,
        Err(error) => return Ok(Err(error)),
    };
    let outcome = match received {
        Err(why) => Err(format!("{why} (statement_max_bytes).")),
        Ok(received) => {
            let by = Brought { tenant: &job.tenant, actor: &format!("bank:{bank}"), bank: Some(bank) };
            match statements::take(app, by, received).await {
                Ok(_) => Ok(()),
                Err(Failure::Refused(refusal)) => Err(said(&refusal.code)),
                Err(Failure::Other(error)) => {
                    return Err(JobError::retry(format!("a file of {bank} could not be stored: {error:?}")));
                }
            }
        }
    };
    let arrival = arrival.clone();
    Ok(match outcome {
        Ok(()) => on_disk(folder, move |folder| folder.done(&arrival)).await,
        Err(why) => {
            tracing::error!(bank, file = arrival.name, why, "a file of a bank is of no use");
            on_disk(folder, move |folder| folder.bad(&arrival, &why)).await
        }
    })
}

/// Receives a file piece by piece. The inner error is what is wrong with it, the middle one the disk's.
async fn receive(
    app: &App,
    tenant: &str,
    arrival: &Arrival,
) -> Result<io::Result<Result<Received, String>>, JobError> {
    let mut intake = Intake::begin(app, tenant).await?;
    let mut file = match tokio::fs::File::open(&arrival.path).await {
        Ok(file) => file,
        Err(error) => return Ok(Err(error)),
    };
    let mut piece = vec![0; PIECE];
    loop {
        let bytes = match file.read(&mut piece).await {
            Ok(0) => return Ok(Ok(Ok(intake.end().await?))),
            Ok(n) => piece.get(..n).unwrap_or_default(),
            Err(error) => {
                intake.abandon().await;
                return Ok(Err(error));
            }
        };
        match intake.push(bytes).await {
            Ok(()) => {}
            Err(why @ IntakeError::TooLarge(_)) => {
                intake.abandon().await;
                return Ok(Ok(Err(why.to_string())));
            }
            Err(IntakeError::Store(error)) => return Err(error.into()),
        }
    }
}

/// What is wrong with a file, for whoever finds it among the bad ones.
fn said(code: &str) -> String {
    let text = match code {
        "STATEMENT_UPLOAD_ERROR" => {
            "It is neither a statement (MT940, camt.053, camt.054) nor a report (pain.002) on a file that was written for \
             this bank: its OrgnlMsgId must be the MsgId of one."
        }
        "INVALID_ACCOUNT_NUMBER" => {
            "None of its accounts is the sponsor_bank_account_number of a programme of this bank."
        }
        _ => "It cannot be used.",
    };
    format!("{text} ({code})")
}

async fn on_disk<T: Send + 'static>(
    folder: &Folder,
    work: impl FnOnce(&Folder) -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    let folder = folder.clone();
    tokio::task::spawn_blocking(move || work(&folder)).await.map_err(io::Error::other)?
}
