//! Stable 64-bit hashes: the same text gives the same key in every process, so block order and
//! sampling never depend on insertion order. Not for security: a collision costs one comparison.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

/// A map whose keys are already well mixed 64-bit hashes.
pub(crate) type KeyMap<V> = HashMap<u64, V, BuildHasherDefault<Mixed>>;

/// Passes an already mixed `u64` through.
#[derive(Default, Clone, Copy)]
pub(crate) struct Mixed(u64);

impl Hasher for Mixed {
    fn finish(&self) -> u64 {
        self.0
    }
    fn write(&mut self, bytes: &[u8]) {
        for b in bytes {
            self.0 = mix(self.0 ^ u64::from(*b));
        }
    }
    fn write_u64(&mut self, value: u64) {
        self.0 = value;
    }
}

/// Finaliser of splitmix64: every input bit reaches every output bit.
pub(crate) fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// Extends a key by one more value; order matters.
pub(crate) fn extend(key: u64, value: u64) -> u64 {
    mix(key.rotate_left(17) ^ value.wrapping_add(0x9e37_79b9_7f4a_7c15))
}

/// FNV-1a over the bytes, then mixed. Never 0 in practice for non-empty text; 0 stands for "missing".
pub(crate) fn text(value: &str) -> u64 {
    if value.is_empty() {
        return 0;
    }
    let fnv = value
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |h, b| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3));
    mix(fnv).max(1)
}

/// Length or position as `u32`; saturates (no register here has 4 billion rows).
pub(crate) fn small(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}
