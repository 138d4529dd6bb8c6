//! Files of any length: received in pieces, and read again in pieces by a parser in a thread of its own.

use std::io::{self, Read};

use bank_formats::Part;
use g2p_crypto::Sha256;
use jobs::JobError;
use storage::{Db, StoreResult};
use tokio::{sync::mpsc, task::JoinHandle};
use uuid::Uuid;

use super::App;
use crate::store::chunks::{self, PIECE};

/// Parts that go from the parser to its reader at a time.
const PARTS: usize = 500;

/// A file that was received.
#[derive(Debug, Clone)]
pub struct Received {
    /// Its id.
    pub file_id: Uuid,
    /// SHA-256 of its content.
    pub sha256: String,
    /// Its length.
    pub bytes: u64,
}

/// A file that is being received.
pub struct Intake<'a> {
    app: &'a App,
    tenant: String,
    file_id: Uuid,
    piece: Vec<u8>,
    no: i32,
    bytes: u64,
    hash: Sha256,
}

/// Why a file cannot be received.
#[derive(Debug, thiserror::Error)]
pub enum IntakeError {
    /// It is longer than `statement_max_bytes`.
    #[error("the file is larger than the limit of {0} bytes")]
    TooLarge(u64),
    /// The database's.
    #[error(transparent)]
    Store(#[from] storage::StoreError),
}

impl<'a> Intake<'a> {
    /// Begins to receive a file.
    ///
    /// # Errors
    /// The database's.
    pub async fn begin(app: &'a App, tenant: &str) -> StoreResult<Self> {
        let file_id = Uuid::now_v7();
        chunks::begin(app.db.conn(), tenant, file_id, app.now()).await?;
        let piece = Vec::with_capacity(PIECE);
        let tenant = tenant.to_owned();
        Ok(Self { app, tenant, file_id, piece, no: 0, bytes: 0, hash: Sha256::default() })
    }

    /// Takes the next bytes.
    ///
    /// # Errors
    /// When the file grows too long, or the database's.
    pub async fn push(&mut self, mut bytes: &[u8]) -> Result<(), IntakeError> {
        let limit = u64::try_from(self.app.config.statement_max_bytes).unwrap_or(u64::MAX);
        self.bytes = self.bytes.saturating_add(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
        if self.bytes > limit {
            return Err(IntakeError::TooLarge(limit));
        }
        self.hash.update(bytes);
        while !bytes.is_empty() {
            let (now, later) = bytes.split_at(bytes.len().min(PIECE.saturating_sub(self.piece.len())));
            self.piece.extend_from_slice(now);
            bytes = later;
            if self.piece.len() >= PIECE {
                self.write().await?;
            }
        }
        Ok(())
    }

    async fn write(&mut self) -> StoreResult<()> {
        let piece = std::mem::replace(&mut self.piece, Vec::with_capacity(PIECE));
        chunks::put(self.app.db.conn(), &self.tenant, self.file_id, self.no, piece).await?;
        self.no = self.no.saturating_add(1);
        Ok(())
    }

    /// The file is whole.
    ///
    /// # Errors
    /// The database's.
    pub async fn end(mut self) -> StoreResult<Received> {
        if !self.piece.is_empty() {
            self.write().await?;
        }
        let sha256 = super::statement_checks::hex(&self.hash.finish());
        Ok(Received { file_id: self.file_id, sha256, bytes: self.bytes })
    }

    /// The file is not to be kept. What this does not remove, a sweep does later.
    pub async fn abandon(self) {
        let _ = chunks::remove(self.app.db.conn(), &self.tenant, self.file_id).await;
    }
}

/// The first piece of a file: enough to tell what it is.
///
/// # Errors
/// The database's.
pub async fn first(app: &App, tenant: &str, file_id: Uuid) -> StoreResult<Vec<u8>> {
    Ok(chunks::read(app.db.conn(), tenant, file_id, 0).await?.unwrap_or_default())
}

/// A whole file, for formats whose files are short.
///
/// # Errors
/// The database's.
pub async fn whole(app: &App, tenant: &str, file_id: Uuid) -> StoreResult<Vec<u8>> {
    let mut all = Vec::new();
    for no in 0.. {
        match chunks::read(app.db.conn(), tenant, file_id, no).await? {
            Some(piece) => all.extend(piece),
            None => break,
        }
    }
    Ok(all)
}

/// The parts of a file's statements, a few hundred at a time.
pub struct PartsOf {
    parts: mpsc::Receiver<Vec<Part>>,
    parser: Option<JoinHandle<io::Result<()>>>,
}

impl PartsOf {
    /// Reads a file. Whoever drops this stops the reading.
    #[must_use]
    pub fn open(app: &App, tenant: &str, file_id: Uuid) -> Self {
        let (fetched, pieces) = mpsc::channel(2);
        tokio::spawn(fetch(app.db.clone(), tenant.to_owned(), file_id, fetched));
        let (parsed, parts) = mpsc::channel(2);
        let pieces = Pieces { pieces, piece: Vec::new(), at: 0 };
        let parser = Some(tokio::task::spawn_blocking(move || parse(pieces, &parsed)));
        Self { parts, parser }
    }

    /// The next parts; `None` after the last.
    ///
    /// # Errors
    /// When the file could not be read to its end.
    pub async fn next(&mut self) -> Result<Option<Vec<Part>>, JobError> {
        if let Some(parts) = self.parts.recv().await {
            return Ok(Some(parts));
        }
        match self.parser.take() {
            Some(parser) => Ok(parser.await?.map(|()| None)?),
            None => Ok(None),
        }
    }
}

async fn fetch(db: Db, tenant: String, file_id: Uuid, to: mpsc::Sender<StoreResult<Vec<u8>>>) {
    for no in 0.. {
        let piece = match chunks::read(db.conn(), &tenant, file_id, no).await {
            Ok(Some(piece)) => Ok(piece),
            Ok(None) => return,
            Err(error) => Err(error),
        };
        let failed = piece.is_err();
        if to.send(piece).await.is_err() || failed {
            return;
        }
    }
}

fn parse(pieces: Pieces, to: &mpsc::Sender<Vec<Part>>) -> io::Result<()> {
    let mut batch = Vec::with_capacity(PARTS);
    for part in bank_formats::parts(io::BufReader::with_capacity(64 * 1024, pieces))? {
        batch.push(part?);
        if batch.len() >= PARTS && to.blocking_send(std::mem::take(&mut batch)).is_err() {
            // Nobody wants the rest.
            return Ok(());
        }
    }
    // The same.
    let _ = to.blocking_send(batch);
    Ok(())
}

/// The bytes of a file as they are fetched.
struct Pieces {
    pieces: mpsc::Receiver<StoreResult<Vec<u8>>>,
    piece: Vec<u8>,
    at: usize,
}

impl Read for Pieces {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.at >= self.piece.len() {
            match self.pieces.blocking_recv() {
                None => return Ok(0),
                Some(piece) => (self.piece, self.at) = (piece.map_err(io::Error::other)?, 0),
            }
        }
        let left = self.piece.get(self.at..).unwrap_or_default();
        let n = left.len().min(buffer.len());
        if let (Some(to), Some(from)) = (buffer.get_mut(..n), left.get(..n)) {
            to.copy_from_slice(from);
        }
        self.at += n;
        Ok(n)
    }
}
