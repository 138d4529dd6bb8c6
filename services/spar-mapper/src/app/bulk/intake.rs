//! What is done with the bytes of a file as they come: unpacked, cut, packed again. Computing only, and enough of it that it
//! does not belong on a thread that serves others.

use std::io::Write;

use flate2::{Compression, write::ZlibEncoder};
use g2p_crypto::Sha256;
use platform::{ApiError, ApiResult};

use super::gunzip::{Gunzip, Unpacked};
use crate::{
    domain::bulk::{CutError, Cutter, Part, TooLong},
    store::bulk::StoredPart,
};

/// Bytes that are unpacked at a time: at most a thousand times as many come out.
const BITE: usize = 4 * 1024;
/// Parts that are held until they are stored.
const PARTS_AT_ONCE: usize = 4;

/// What a file may be.
#[derive(Debug, Clone, Copy)]
pub(super) struct Most {
    pub(super) bytes: u64,
    pub(super) rows: u64,
}

/// A file on its way in.
pub(super) struct Intake {
    gunzip: Gunzip,
    pub(super) cutter: Cutter,
    hash: Sha256,
    most: Most,
}

/// What came of some bytes.
pub(super) struct Step {
    /// How many of them were used.
    pub(super) used: usize,
    /// Parts that are complete now.
    pub(super) parts: Vec<StoredPart>,
    /// Rows that were left out.
    pub(super) too_long: Vec<TooLong>,
}

/// An error on its way out.
struct Stop(ApiError);

impl From<Unpacked> for Stop {
    fn from(why: Unpacked) -> Self {
        Self(match why {
            Unpacked::Wrong => ApiError::bad_request("content_encoding_invalid", "the body is not gzip"),
            Unpacked::Bomb => ApiError::too_large("the body grows more than 200 times when it is unpacked"),
        })
    }
}

impl From<CutError> for Stop {
    fn from(error: CutError) -> Self {
        let text = match error {
            CutError::Broken { line } => {
                format!("the file is not of its format from line {line} on; nothing was changed")
            }
            CutError::Unfinished => "the file ends in the middle; nothing was changed".to_owned(),
        };
        Self(ApiError::unprocessable("bulk_file_broken", text))
    }
}

impl Intake {
    pub(super) fn new(packed: bool, cutter: Cutter, most: Most) -> Self {
        Self { gunzip: Gunzip::new(packed), cutter, hash: Sha256::default(), most }
    }

    /// Bytes of the file so far, without its content coding.
    pub(super) const fn plain(&self) -> u64 {
        self.gunzip.plain()
    }

    /// SHA-256 of the bytes as they came.
    pub(super) fn digest(&self) -> [u8; 32] {
        self.hash.clone().finish()
    }

    /// Takes as many of the bytes as give some parts.
    pub(super) fn step(&mut self, bytes: &[u8]) -> ApiResult<Step> {
        let (mut used, mut parts) = (0, Vec::new());
        for bite in bytes.chunks(BITE) {
            let cutter = &mut self.cutter;
            self.gunzip.feed(bite, |plain| cutter.push(plain).map_err(Stop::from)).map_err(|stop| stop.0)?;
            self.hash.update(bite);
            used += bite.len();
            parts.extend(self.cutter.take_parts());
            self.check()?;
            if parts.len() >= PARTS_AT_ONCE {
                break;
            }
        }
        self.stepped(used, &parts)
    }

    /// The file is over.
    pub(super) fn end(&mut self) -> ApiResult<Step> {
        let cutter = &mut self.cutter;
        self.gunzip.finish(|plain| cutter.push(plain).map_err(Stop::from)).map_err(|stop| stop.0)?;
        self.cutter.finish().map_err(|error| Stop::from(error).0)?;
        self.check()?;
        let parts = self.cutter.take_parts();
        self.stepped(0, &parts)
    }

    fn stepped(&mut self, used: usize, parts: &[Part]) -> ApiResult<Step> {
        let parts = parts.iter().map(pack).collect::<ApiResult<_>>()?;
        Ok(Step { used, parts, too_long: self.cutter.take_too_long() })
    }

    fn check(&self) -> ApiResult<()> {
        let Most { bytes, rows } = self.most;
        if self.gunzip.plain() > bytes {
            return Err(ApiError::too_large(format!("the file is larger than the limit of {bytes} bytes")));
        }
        if self.cutter.rows() > rows {
            return Err(ApiError::too_large(format!("the file has more rows than the limit of {rows}")));
        }
        Ok(())
    }
}

fn pack(part: &Part) -> ApiResult<StoredPart> {
    let mut packer = ZlibEncoder::new(Vec::new(), Compression::fast());
    packer.write_all(&part.content).map_err(ApiError::internal)?;
    Ok(StoredPart {
        first_row: i64::try_from(part.first_row).map_err(ApiError::internal)?,
        first_line: i64::try_from(part.first_line).map_err(ApiError::internal)?,
        content: packer.finish().map_err(ApiError::internal)?,
    })
}
