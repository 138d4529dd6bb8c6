//! Taking a file in: it streams through, is cut into parts of whole rows, and waits in the database for its job.

use jobs::NewJob;
use platform::{ApiError, ApiResult, partners::ANONYMOUS};
use storage::StoreError;
use uuid::Uuid;

use super::{
    Which,
    intake::{Intake, Most, Step},
    part_row,
};
use crate::{
    State,
    app::{Caller, transactions},
    domain::{
        Kept, Operation,
        bulk::{Columns, Cutter, Format, Limits, TooLong},
    },
    store::bulk::{self, NewBulk, Reject, Uploaded},
};

/// A part is closed at this size, however few rows it has.
const PART_BYTES: usize = 4 * 1024 * 1024;
/// So many bytes are gathered before they are looked at.
const GATHERED: usize = 256 * 1024;

/// A file that is coming in.
pub(crate) struct Upload {
    state: State,
    tenant: String,
    partner_id: String,
    job_id: Uuid,
    operation: Operation,
    format: Format,
    gathered: Vec<u8>,
    /// Away while it computes.
    intake: Option<Box<Intake>>,
    columns: Option<Columns>,
    parts: i32,
    refused: i64,
}

/// A file that is here.
#[derive(Debug)]
pub(crate) struct Accepted {
    pub(crate) job_id: Uuid,
    pub(crate) rows: i64,
}

/// Where to tell that a file was worked on, as for a message.
#[derive(Debug)]
pub(crate) struct Answered {
    pub(crate) dialect: &'static str,
    pub(crate) callback_url: Option<String>,
}

impl Upload {
    /// Begins to take a file in.
    ///
    /// # Errors
    /// When the partner may not do this, or has too many files here.
    pub(crate) async fn begin(
        state: &State,
        caller: &Caller<'_>,
        operation: Operation,
        format: Format,
        packed: bool,
    ) -> ApiResult<Self> {
        caller.require(operation)?;
        let partner = &caller.sender.partner;
        if partner.partner_id == ANONYMOUS {
            return Err(ApiError::unauthorized("name a registered partner in X-Sender-Id"));
        }
        state.limits.admit_request(caller)?;
        let (tenant, job_id) = (caller.ctx.tenant.as_str().to_owned(), Uuid::now_v7());
        let new = NewBulk {
            tenant: &tenant,
            job_id,
            partner_id: &partner.partner_id,
            operation: operation.as_str(),
            format: format.as_str(),
            at: caller.ctx.clock.now(),
        };
        let most = state.config.bulk_max_open;
        if !bulk::begin(state.db.conn(), new, most).await? {
            let text = format!("{most} files of this partner are open; wait until one is done");
            return Err(ApiError::conflict("bulk_too_many_open", text));
        }
        let limits = Limits {
            part_rows: state.config.bulk_part_rows,
            part_bytes: PART_BYTES,
            row_bytes: state.config.bulk_max_row_bytes,
        };
        let (own, rows) = (u64::from(partner.policy.max_bulk_rows), state.config.bulk_max_rows);
        let rows = if own > 0 { own.min(rows) } else { rows };
        let most = Most { bytes: state.config.bulk_max_bytes, rows };
        Ok(Self {
            state: state.clone(),
            tenant,
            partner_id: partner.partner_id.clone(),
            job_id,
            operation,
            format,
            gathered: Vec::new(),
            intake: Some(Box::new(Intake::new(packed, Cutter::new(format, limits), most))),
            columns: None,
            parts: 0,
            refused: 0,
        })
    }

    /// Takes the next bytes of the file.
    ///
    /// # Errors
    /// When the file is larger than it may be, or not of its format.
    pub(crate) async fn push(&mut self, bytes: &[u8]) -> ApiResult<()> {
        self.gathered.extend_from_slice(bytes);
        if self.gathered.len() < GATHERED {
            return Ok(());
        }
        self.look().await
    }

    /// Looks at what was gathered.
    async fn look(&mut self) -> ApiResult<()> {
        while !self.gathered.is_empty() {
            let bytes = std::mem::take(&mut self.gathered);
            let (step, bytes) = self
                .compute(move |intake| {
                    let step = intake.step(&bytes);
                    (step, bytes)
                })
                .await?;
            let step = step?;
            self.gathered = bytes;
            self.gathered.drain(..step.used);
            self.store(step).await?;
        }
        Ok(())
    }

    /// Computes on a thread that serves nobody.
    async fn compute<T: Send + 'static>(
        &mut self,
        work: impl FnOnce(&mut Intake) -> T + Send + 'static,
    ) -> ApiResult<T> {
        let mut intake =
            self.intake.take().ok_or_else(|| ApiError::internal("a file was lost on its way in"))?;
        let computed = tokio::task::spawn_blocking(move || {
            let done = work(&mut intake);
            (intake, done)
        });
        let (intake, done) = computed.await.map_err(ApiError::internal)?;
        self.intake = Some(intake);
        Ok(done)
    }

    fn intake(&self) -> ApiResult<&Intake> {
        self.intake.as_deref().ok_or_else(|| ApiError::internal("a file was lost on its way in"))
    }

    /// Stores what is complete.
    async fn store(&mut self, step: Step) -> ApiResult<()> {
        if self.columns.is_none()
            && let Some(header) = self.intake()?.cutter.header()
        {
            let columns = Columns::read(header);
            self.columns = Some(columns.map_err(|why| ApiError::unprocessable("bulk_header_invalid", why))?);
        }
        let (tenant, job_id) = (self.tenant.as_str(), self.job_id);
        for mut part in step.parts {
            let row = part_row(job_id, self.parts);
            part.content = self
                .state
                .vault
                .seal_bytes(Kept::Part, tenant, &row, part.content)
                .map_err(ApiError::internal)?;
            bulk::add_part(self.state.db.conn(), tenant, job_id, self.parts, part).await?;
            self.parts += 1;
        }
        let limit = self.state.config.bulk_max_row_bytes;
        let too_long: Vec<Reject> = step.too_long.into_iter().map(|row| too_long(row, limit)).collect();
        self.refused += i64::try_from(too_long.len()).unwrap_or(i64::MAX);
        bulk::reject(self.state.db.conn(), tenant, job_id, too_long).await?;
        Ok(())
    }

    /// The file is here and waits for its job; with `answered` its sender is told when it is done. The same file with the
    /// same `key` is the one it was the first time; what was stored now is forgotten.
    ///
    /// # Errors
    /// When the file is not complete or has no rows, or another one came with the key.
    pub(crate) async fn finish(
        mut self,
        caller: &Caller<'_>,
        key: Option<&str>,
        answered: Option<Answered>,
    ) -> ApiResult<Accepted> {
        let ended = self.end().await;
        let outcome = match ended {
            Ok(()) => self.queue(caller, key, answered).await,
            Err(error) => Err(error),
        };
        if !matches!(&outcome, Ok(accepted) if accepted.job_id == self.job_id) {
            self.abandon().await;
        }
        outcome
    }

    async fn end(&mut self) -> ApiResult<()> {
        self.look().await?;
        let step = self.compute(Intake::end).await??;
        self.store(step).await?;
        if self.intake()?.cutter.rows() == 0 {
            return Err(ApiError::unprocessable("bulk_file_empty", "the file has no rows"));
        }
        Ok(())
    }

    async fn queue(
        &mut self,
        caller: &Caller<'_>,
        key: Option<&str>,
        answered: Option<Answered>,
    ) -> ApiResult<Accepted> {
        let intake = self.intake()?;
        let digest = intake.digest();
        let rows = i64::try_from(intake.cutter.rows()).map_err(ApiError::internal)?;
        self.state.limits.admit_items(caller, u64::try_from(rows).unwrap_or_default()).await?;
        let file = Uploaded {
            key,
            digest: &digest,
            file_bytes: i64::try_from(intake.plain()).map_err(ApiError::internal)?,
            columns: self.columns.as_ref().map(|c| c.names().to_vec()).unwrap_or_default(),
            parts: self.parts,
            rows,
            refused_rows: self.refused,
            lanes: i32::try_from(self.state.config.bulk_lanes).map_err(ApiError::internal)?,
        };
        let tx = self.state.db.begin().await?;
        let queued = match bulk::queue(&tx, &self.tenant, self.job_id, file).await {
            // Two uploads with one key came at the same moment.
            Err(error) if error.is_constraint("bulk_jobs_once") => false,
            other => other?,
        };
        if !queued {
            drop(tx);
            return self.known(key, &digest).await;
        }
        if let Some(answered) = answered {
            transactions::keep_bulk(&tx, caller, self.job_id, self.operation, rows, answered).await?;
        }
        let job = NewJob::new(super::JOB, &Which { job_id: self.job_id }).tenant(self.tenant.as_str());
        jobs::enqueue(&tx, job).await?;
        tx.commit().await.map_err(StoreError::from)?;
        Ok(Accepted { job_id: self.job_id, rows })
    }

    /// The file that came with the key before.
    async fn known(&self, key: Option<&str>, digest: &[u8]) -> ApiResult<Accepted> {
        let conn = self.state.db.conn();
        let known = match key {
            Some(key) => bulk::of_key(conn, &self.tenant, &self.partner_id, key).await?,
            None => None,
        };
        let Some(known) = known else {
            let text = "the upload took so long that it was given up; send it again";
            return Err(ApiError::conflict("bulk_upload_expired", text));
        };
        let same = known.digest.as_deref() == Some(digest)
            && known.operation == self.operation.as_str()
            && known.format == self.format.as_str();
        if same {
            return Ok(Accepted { job_id: known.job_id, rows: known.rows });
        }
        Err(ApiError::unprocessable(
            "idempotency_key_reused",
            "this Idempotency-Key was used with another file; use a new key",
        ))
    }

    /// Forgets what was stored. What cannot be removed now is removed by the clean-up after an hour.
    pub(crate) async fn abandon(&self) {
        if let Err(error) = bulk::forget(self.state.db.conn(), &self.tenant, self.job_id).await {
            tracing::warn!(error = %error, "a broken upload was not removed");
        }
    }
}

fn too_long(row: TooLong, limit: usize) -> Reject {
    Reject {
        row_no: i64::try_from(row.row).unwrap_or(i64::MAX),
        line_no: i64::try_from(row.line).unwrap_or(i64::MAX),
        id_value: None,
        reference_id: None,
        column_name: None,
        code: super::work::UNREADABLE.to_owned(),
        reason: format!("the row is longer than the limit of {limit} bytes"),
    }
}
