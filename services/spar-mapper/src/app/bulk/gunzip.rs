//! Takes the content coding off a body as it comes, and watches that little does not become too much.

use std::io::Write;

use flate2::write::MultiGzDecoder;

/// So many bytes out of one in are no file of rows any more …
const MOST_TIMES: u64 = 200;
/// … once there are so many of them.
const FREE_BYTES: u64 = 64 * 1024 * 1024;

/// Why a body cannot be unpacked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unpacked {
    /// It is no gzip, or it broke off.
    Wrong,
    /// It grows as only a trap does.
    Bomb,
}

/// A body that is packed, or is not.
pub(super) struct Gunzip {
    decoder: Option<MultiGzDecoder<Vec<u8>>>,
    packed: u64,
    plain: u64,
}

impl Gunzip {
    pub(super) fn new(packed: bool) -> Self {
        Self { decoder: packed.then(|| MultiGzDecoder::new(Vec::new())), packed: 0, plain: 0 }
    }

    /// Bytes that came out so far.
    pub(super) const fn plain(&self) -> u64 {
        self.plain
    }

    /// Unpacks bytes; `take` is given what comes out of them, at most a thousand times as many.
    pub(super) fn feed<E: From<Unpacked>>(
        &mut self,
        bytes: &[u8],
        mut take: impl FnMut(&[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        self.packed += bytes.len() as u64;
        let Some(decoder) = &mut self.decoder else {
            self.plain += bytes.len() as u64;
            return take(bytes);
        };
        decoder.write_all(bytes).map_err(|_| Unpacked::Wrong)?;
        let out = decoder.get_mut();
        self.plain += out.len() as u64;
        if self.plain > FREE_BYTES && self.plain / self.packed.max(1) > MOST_TIMES {
            return Err(Unpacked::Bomb.into());
        }
        take(out)?;
        out.clear();
        Ok(())
    }

    /// The body is over.
    pub(super) fn finish<E: From<Unpacked>>(
        &mut self,
        mut take: impl FnMut(&[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        let Some(decoder) = &mut self.decoder else { return Ok(()) };
        decoder.try_finish().map_err(|_| Unpacked::Wrong)?;
        let out = std::mem::take(decoder.get_mut());
        self.plain += out.len() as u64;
        take(&out)
    }
}
