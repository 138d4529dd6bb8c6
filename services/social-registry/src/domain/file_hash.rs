//! One hash of a file that comes in pieces of any size.

use g2p_crypto::sha256;

/// Bytes hashed at a time.
const BLOCK: usize = 64 * 1024;

/// Hashes block by block, each together with the hash of what came before: how the network cut the file does not matter.
#[derive(Debug, Default)]
pub struct FileHash {
    before: [u8; 32],
    block: Vec<u8>,
}

impl FileHash {
    /// Takes the next bytes.
    pub fn push(&mut self, bytes: &[u8]) {
        let mut rest = bytes;
        while !rest.is_empty() {
            let (now, later) = rest.split_at(rest.len().min(BLOCK - self.block.len()));
            self.block.extend_from_slice(now);
            rest = later;
            if self.block.len() == BLOCK {
                self.close();
            }
        }
    }

    fn close(&mut self) {
        let mut all = self.before.to_vec();
        all.append(&mut self.block);
        self.before = sha256(&all);
    }

    /// The hash of all bytes so far.
    pub fn finish(&mut self) -> [u8; 32] {
        self.close();
        self.before
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn hash<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> [u8; 32] {
        let mut hash = FileHash::default();
        pieces.for_each(|piece| hash.push(piece));
        hash.finish()
    }

    proptest! {
        #[test]
        fn pieces_do_not_matter_and_bytes_do(length in 1_usize..200_000, size in 1_usize..100_000, at in any::<usize>()) {
            let mut bytes = vec![7_u8; length];
            let whole = hash(std::iter::once(bytes.as_slice()));
            prop_assert_eq!(hash(bytes.chunks(size)), whole);
            prop_assert_ne!(hash(bytes.chunks(length).chain([b"x".as_slice()])), whole);
            bytes.iter_mut().skip(at % length).take(1).for_each(|byte| *byte = 8);
            prop_assert_ne!(hash(bytes.chunks(size)), whole);
        }
    }
}
