//! Taking a file in: it streams through, is checked as a whole, and waits in chunks for its job.

use std::collections::BTreeMap;

use jobs::NewJob;
use platform::{ApiError, ApiResult, Ctx};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{IMPORT, import::ImportPayload};
use crate::{
    State,
    domain::{
        csv_split::CsvLimits,
        decode::TextDecoder,
        file_hash::FileHash,
        kind::ImportKind,
        mapping::{self, ColumnMap, MappingError},
        staging::{FileError, Staging},
    },
    store::imports::{self, Uploaded},
};

/// A chunk is closed at this size, however few rows it has.
const CHUNK_BYTES: usize = 8 * 1024 * 1024;

/// What the caller says about a file.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Parameters {
    pub kind: ImportKind,
    pub mapping: Option<BTreeMap<String, String>>,
    pub dry_run: bool,
    pub encoding: Option<String>,
}

/// A file that is being uploaded.
pub(crate) struct Upload {
    state: State,
    tenant: String,
    import_id: Uuid,
    parameters: Parameters,
    staging: Staging,
    columns: Option<ColumnMap>,
    hash: FileHash,
    bytes: u64,
    chunks: i32,
    stored_rows: u64,
}

/// An import that was accepted.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Accepted {
    pub import_id: Uuid,
    pub total: u64,
    pub columns: ColumnMap,
}

fn refused(error: &FileError) -> ApiError {
    ApiError::unprocessable(error.code(), error.to_string())
}

fn mapping_refused(error: &MappingError) -> ApiError {
    let code = match error {
        MappingError::Twice(_) => "column_twice",
        MappingError::Missing(_) => "column_missing",
        MappingError::NoSuchColumn { .. } => "column_unknown",
        MappingError::NoSuchTarget(_) => "field_unknown",
    };
    ApiError::unprocessable(code, error.to_string())
}

impl Upload {
    /// Begins an import.
    pub(crate) async fn begin(state: &State, ctx: &Ctx, parameters: Parameters) -> ApiResult<Self> {
        ctx.require(IMPORT)?;
        let decoder = TextDecoder::new(parameters.encoding.as_deref()).ok_or_else(|| {
            ApiError::unprocessable(
                "encoding_unknown",
                "the part `encoding` names no known encoding of texts",
            )
        })?;
        let limits = CsvLimits {
            columns: state.config.import_max_columns,
            row_bytes: state.config.import_max_row_bytes,
        };
        let import_id = Uuid::now_v7();
        let tenant = ctx.tenant.as_str().to_owned();
        let (kind, actor) = (parameters.kind.as_str(), ctx.actor.label());
        imports::begin(&state.db, &tenant, import_id, kind, parameters.dry_run, &actor, ctx.clock.now())
            .await?;
        Ok(Self {
            state: state.clone(),
            tenant,
            import_id,
            parameters,
            staging: Staging::new(decoder, limits),
            columns: None,
            hash: FileHash::default(),
            bytes: 0,
            chunks: 0,
            stored_rows: 0,
        })
    }

    /// Takes the next bytes of the file.
    pub(crate) async fn push(&mut self, bytes: &[u8]) -> ApiResult<()> {
        self.bytes += bytes.len() as u64;
        let limit = self.state.config.import_max_bytes;
        if self.bytes > limit {
            return Err(ApiError::too_large(format!("the file is larger than the limit of {limit} bytes")));
        }
        self.hash.push(bytes);
        self.staging.push(bytes).map_err(|e| refused(&e))?;
        self.resolve()?;
        while self.staging.held().0 >= self.state.config.import_chunk_rows
            || self.staging.held().1 >= CHUNK_BYTES
        {
            self.store_chunk().await?;
        }
        Ok(())
    }

    /// Resolves the columns as soon as the header is there, so that a wrong file is refused early.
    fn resolve(&mut self) -> ApiResult<()> {
        if let (None, Some(header)) = (&self.columns, self.staging.header()) {
            let columns = mapping::resolve(self.parameters.kind, header, self.parameters.mapping.as_ref());
            self.columns = Some(columns.map_err(|e| mapping_refused(&e))?);
        }
        Ok(())
    }

    async fn store_chunk(&mut self) -> ApiResult<()> {
        let rows = self.staging.take(self.state.config.import_chunk_rows);
        if rows.is_empty() {
            return Ok(());
        }
        let text = serde_json::to_vec(&rows).map_err(ApiError::internal)?;
        // The header is row 1.
        let first_row = i64::try_from(self.stored_rows + 2).map_err(ApiError::internal)?;
        imports::add_chunk(&self.state.db, &self.tenant, self.import_id, self.chunks, first_row, text)
            .await?;
        self.stored_rows += rows.len() as u64;
        self.chunks += 1;
        Ok(())
    }

    /// The file is complete: the import waits for its job from now on. The same file with the same `key` is the import that
    /// it was the first time; what was stored now is forgotten.
    pub(crate) async fn finish(&mut self, ctx: &Ctx, key: Option<&str>) -> ApiResult<Accepted> {
        self.staging.finish().map_err(|e| refused(&e))?;
        self.resolve()?;
        while self.staging.held().0 > 0 {
            self.store_chunk().await?;
        }
        let columns = self.columns.take().ok_or_else(|| refused(&FileError::Empty))?;
        let total = self.staging.seen();
        let uploaded = Uploaded {
            columns: serde_json::to_value(&columns).map_err(ApiError::internal)?,
            header: serde_json::to_value(self.staging.header()).map_err(ApiError::internal)?,
            bytes: i64::try_from(self.bytes).map_err(ApiError::internal)?,
            total: i64::try_from(total).map_err(ApiError::internal)?,
            chunks: self.chunks,
        };
        let job = NewJob::new(super::import::JOB, &ImportPayload { import_id: self.import_id })
            .key(self.import_id.to_string())
            .tenant(self.tenant.as_str());
        let asked = serde_json::to_vec(&("imports", &self.parameters, self.hash.finish()));
        let asked = asked.map_err(ApiError::internal)?;
        let answer = platform::once_by_key(&self.state.db, ctx, key, &asked, async |tx| {
            imports::queue(tx, &self.tenant, self.import_id, uploaded).await?;
            jobs::enqueue(tx, job).await?;
            let accepted = Accepted { import_id: self.import_id, total, columns };
            serde_json::to_value(accepted).map_err(ApiError::internal)
        })
        .await?;
        let accepted: Accepted = serde_json::from_value(answer).map_err(ApiError::internal)?;
        if accepted.import_id != self.import_id {
            self.abandon().await;
        }
        Ok(accepted)
    }

    /// Forgets what was stored. What cannot be removed now is removed by the clean-up after an hour.
    pub(crate) async fn abandon(&self) {
        if let Err(error) = imports::forget(&self.state.db, &self.tenant, self.import_id).await {
            tracing::warn!(error = %error, "a broken upload was not removed");
        }
    }
}
