//! Text of an uploaded file, made into UTF-8 while it streams in.

use encoding_rs::{Decoder, DecoderResult, Encoding, UTF_8};

/// Where the bytes stopped being text of the declared encoding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Malformed {
    /// 1-based position in the file of the first byte that does not fit.
    pub byte: u64,
    /// The file starts like UTF-16 although another encoding was declared.
    pub looks_like_utf16: bool,
}

/// Decodes a stream of bytes. A byte order mark at the start is left out.
pub struct TextDecoder {
    decoder: Decoder,
    encoding: &'static Encoding,
    start: Vec<u8>,
    read: u64,
    buffer: Vec<u8>,
}

impl TextDecoder {
    /// A decoder for UTF-8, or for the encoding of this name (WHATWG labels: `windows-1252`, `utf-16le`, …).
    #[must_use]
    pub fn new(label: Option<&str>) -> Option<Self> {
        let encoding = match label {
            None => UTF_8,
            Some(label) => Encoding::for_label(label.as_bytes())?,
        };
        Some(Self {
            decoder: encoding.new_decoder_with_bom_removal(),
            encoding,
            start: Vec::with_capacity(2),
            read: 0,
            buffer: vec![0; 16 * 1024],
        })
    }

    /// Name of the encoding.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.encoding.name()
    }

    /// Decodes the next bytes (`last` with the final ones) and hands the text to `sink` in pieces. What is text before
    /// the first wrong byte is handed over too.
    ///
    /// # Errors
    /// The inner error is the sink's, the outer one tells where the bytes are wrong.
    pub fn feed<E>(
        &mut self,
        mut input: &[u8],
        last: bool,
        sink: &mut impl FnMut(&[u8]) -> Result<(), E>,
    ) -> Result<Result<(), E>, Malformed> {
        let missing = 2usize.saturating_sub(self.start.len());
        self.start.extend(input.iter().take(missing));
        loop {
            let (result, read, written) =
                self.decoder.decode_to_utf8_without_replacement(input, &mut self.buffer, last);
            self.read += read as u64;
            input = input.get(read..).unwrap_or_default();
            if let Err(error) = sink(self.buffer.get(..written).unwrap_or_default()) {
                return Ok(Err(error));
            }
            match result {
                DecoderResult::InputEmpty => return Ok(Ok(())),
                DecoderResult::OutputFull => {}
                DecoderResult::Malformed(bad, after) => {
                    let bad = u64::from(bad) + u64::from(after);
                    return Err(Malformed {
                        byte: self.read.saturating_sub(bad) + 1,
                        looks_like_utf16: matches!(self.start.as_slice(), [0xFF, 0xFE] | [0xFE, 0xFF]),
                    });
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::convert::Infallible;

    use proptest::prelude::*;

    use super::*;

    fn decode(label: Option<&str>, parts: &[&[u8]]) -> Result<String, Malformed> {
        let mut decoder = TextDecoder::new(label).unwrap();
        let mut text = Vec::new();
        let mut sink = |piece: &[u8]| {
            text.extend_from_slice(piece);
            Ok::<(), Infallible>(())
        };
        for part in parts {
            decoder.feed(part, false, &mut sink)?.unwrap();
        }
        decoder.feed(&[], true, &mut sink)?.unwrap();
        Ok(String::from_utf8(text).unwrap())
    }

    #[test]
    fn utf8_with_and_without_a_mark() {
        assert_eq!(decode(None, &[b"\xEF\xBB\xBFname"]).as_deref(), Ok("name"));
        // A character cut in two between two pieces.
        assert_eq!(decode(None, &[b"caf\xC3", b"\xA9"]).as_deref(), Ok("café"));
    }

    #[test]
    fn a_wrong_byte_is_named() {
        let wrong = |byte| Err(Malformed { byte, looks_like_utf16: false });
        assert_eq!(decode(None, &[b"caf\xE9 x"]), wrong(4));
        assert_eq!(decode(None, &[b"ab", b"\xE9"]), wrong(3));
        let utf16 = decode(None, &[b"\xFF\xFEn\0"]);
        assert_eq!(utf16, Err(Malformed { byte: 1, looks_like_utf16: true }));
    }

    #[test]
    fn other_encodings_when_declared() {
        assert_eq!(decode(Some("windows-1252"), &[b"caf\xE9"]).as_deref(), Ok("café"));
        assert_eq!(decode(Some("utf-16le"), &[b"\xFF\xFEn\0"]).as_deref(), Ok("n"));
        assert!(TextDecoder::new(Some("klingon")).is_none());
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic_and_pieces_do_not_matter(
            bytes in prop::collection::vec(any::<u8>(), 0..80),
            cut in 0usize..80,
        ) {
            let (a, b) = bytes.split_at(cut.min(bytes.len()));
            prop_assert_eq!(decode(None, &[a, b]), decode(None, &[&bytes]));
            prop_assert_eq!(decode(None, &[&bytes]).is_ok(), std::str::from_utf8(&bytes).is_ok());
        }
    }
}
