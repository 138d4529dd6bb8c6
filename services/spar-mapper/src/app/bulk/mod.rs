//! Files of many changes: taken in part by part, worked on by a job, reported row by row.

mod gunzip;
mod intake;
mod report;
mod upload;
mod work;

pub(crate) use report::{Listed, cancel, find, list, next_rejects, rejects};
pub(crate) use upload::{Answered, Upload};
pub(crate) use work::{give_up, run, sender_of};

use platform::{ApiResult, Permission};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{State, store};

/// To see the files of all partners; with [`WRITE`](super::pending::WRITE) to cancel them.
const BULK: Permission = Permission::new("mapper:bulk");

/// The job that works on a file.
pub(crate) const JOB: &str = "mapper.bulk";

/// What the job is given.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Which {
    pub(crate) job_id: Uuid,
}

/// Which part of which file, where it is sealed.
fn part_row(job_id: Uuid, part_no: i32) -> String {
    format!("{job_id}/{part_no}")
}

/// Removes old reports and uploads that broke off.
///
/// # Errors
/// When the database refuses.
pub(crate) async fn forget(state: &State) -> ApiResult<()> {
    let before = state.clock.now() - time::Duration::days(i64::from(state.config.bulk_days));
    Ok(store::bulk::forget_old(state.db.conn(), before).await?)
}
