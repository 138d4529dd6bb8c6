//! Digests, keyed hashes and random tokens.

use ring::{digest, hmac, rand::SecureRandom};

use crate::encoding::b64url;
use crate::error::KeyError;

/// SHA-256 of the bytes.
#[must_use]
pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut out = [0; 32];
    out.copy_from_slice(digest::digest(&digest::SHA256, bytes).as_ref());
    out
}

/// SHA-256 of the bytes as 64 lower-case hex digits.
#[must_use]
pub fn sha256_hex(bytes: &[u8]) -> String {
    hex::encode(sha256(bytes))
}

/// SHA-256 of bytes that come in pieces.
#[derive(Clone)]
pub struct Sha256(digest::Context);

impl Default for Sha256 {
    fn default() -> Self {
        Self(digest::Context::new(&digest::SHA256))
    }
}

impl std::fmt::Debug for Sha256 {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sha256").finish_non_exhaustive()
    }
}

impl Sha256 {
    /// Takes the next bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The digest of all of them.
    #[must_use]
    pub fn finish(self) -> [u8; 32] {
        let mut out = [0; 32];
        out.copy_from_slice(self.0.finish().as_ref());
        out
    }
}

/// SHA-512 of the bytes, as OpenID Connect hashes access tokens beside an Ed25519 signature.
#[must_use]
pub fn sha512(bytes: &[u8]) -> [u8; 64] {
    let mut out = [0; 64];
    out.copy_from_slice(digest::digest(&digest::SHA512, bytes).as_ref());
    out
}

/// Compares two byte strings in a time that depends on their lengths only.
#[must_use]
pub fn constant_time_eq(a: &[u8], b: &[u8]) -> bool {
    if a.len() != b.len() {
        return false;
    }
    // black_box keeps the compiler from leaving the loop at the first difference.
    a.iter().zip(b).fold(0_u8, |acc, (x, y)| std::hint::black_box(acc | (x ^ y))) == 0
}

/// A random token of `bytes` bytes as base64url: session ids, one-time codes, nonces.
///
/// # Errors
/// [`KeyError::Random`] when the system gives no random bytes.
pub fn random_token(bytes: usize) -> Result<String, KeyError> {
    let mut buffer = vec![0; bytes];
    ring::rand::SystemRandom::new().fill(&mut buffer).map_err(|_| KeyError::Random)?;
    Ok(b64url(&buffer))
}

/// A hash that only the holder of the secret can compute: pseudonyms, blind indexes, login subjects.
///
/// HMAC-SHA-256 under a key derived from the secret and a domain name, so the same value hashed for two purposes gives
/// two unrelated results. Equal inputs give equal outputs, for as long as the secret stays the same.
#[derive(Clone)]
pub struct KeyedHash {
    key: hmac::Key,
}

impl KeyedHash {
    /// `secret`: at least 32 random bytes; `domain`: what the hash is for, for example `"social-id/pseudonym"`.
    #[must_use]
    pub fn new(secret: &[u8], domain: &str) -> Self {
        let mut context = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, secret));
        context.update(b"g2p-keyed-hash/1\0");
        context.update(domain.as_bytes());
        Self { key: hmac::Key::new(hmac::HMAC_SHA256, context.sign().as_ref()) }
    }

    /// 256 bits as 43 characters of base64url.
    #[must_use]
    pub fn hash(&self, value: &str) -> String {
        b64url(&self.hash_bytes(value.as_bytes()))
    }

    /// The first 128 bits as 22 characters of base64url: enough against accidental collisions, for keys seen by people
    /// and stored a million times.
    #[must_use]
    pub fn hash128(&self, value: &str) -> String {
        let full = self.hash_bytes(value.as_bytes());
        b64url(full.first_chunk::<16>().map_or(&full[..], |half| &half[..]))
    }

    /// The raw 256 bits, for `bytea` columns.
    #[must_use]
    pub fn hash_bytes(&self, value: &[u8]) -> [u8; 32] {
        let mut out = [0; 32];
        out.copy_from_slice(hmac::sign(&self.key, value).as_ref());
        out
    }

    /// Whether `hash` (43 or 22 characters, as [`Self::hash`] or [`Self::hash128`] made it) belongs to `value`;
    /// compared in constant time.
    #[must_use]
    pub fn matches(&self, value: &str, hash: &str) -> bool {
        let expected = if hash.len() == 22 { self.hash128(value) } else { self.hash(value) };
        constant_time_eq(expected.as_bytes(), hash.as_bytes())
    }
}

impl std::fmt::Debug for KeyedHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("KeyedHash(***)")
    }
}
