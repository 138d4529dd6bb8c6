//! Sealed values: AES-256-GCM with the key's id in front, so that keys can be rotated while old values stay readable.
//!
//! Layout: `1 | length of key id | key id | nonce (12) | ciphertext and tag (n + 16)`. The first three and the caller's
//! associated data are authenticated: a value copied to another row, column or key id does not open.
//!
//! For envelope encryption seal a random data key with the master key ([`SealKey::generate`], [`SealKey::wrap`],
//! [`SealKey::unwrap_with`]) and the values with the data key. Nonces are random: one key seals at most 2^32 values.

use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::rand::{SecureRandom, SystemRandom};
use zeroize::Zeroizing;

use crate::encoding::{b64url, from_b64url, printable};
use crate::error::SealError;

const VERSION: u8 = 1;

/// A key of 256 bits with a public id.
pub struct SealKey {
    id: String,
    bytes: Zeroizing<Vec<u8>>,
    key: LessSafeKey,
}

impl SealKey {
    /// `bytes` must be 32 random bytes, `id` 1 to 255 bytes of text.
    ///
    /// # Errors
    /// [`SealError::BadKey`] otherwise.
    pub fn new(id: impl Into<String>, bytes: &[u8]) -> Result<Self, SealError> {
        let id = id.into();
        if id.is_empty() || id.len() > 255 {
            return Err(SealError::BadKey);
        }
        let key = UnboundKey::new(&AES_256_GCM, bytes).map_err(|_| SealError::BadKey)?;
        Ok(Self { id, bytes: Zeroizing::new(bytes.to_vec()), key: LessSafeKey::new(key) })
    }

    /// A fresh random key.
    ///
    /// # Errors
    /// [`SealError::BadKey`] for a bad id, [`SealError::Random`] when the system gives no random bytes.
    pub fn generate(id: impl Into<String>) -> Result<Self, SealError> {
        let mut bytes = Zeroizing::new([0_u8; 32]);
        SystemRandom::new().fill(bytes.as_mut()).map_err(|_| SealError::Random)?;
        Self::new(id, bytes.as_ref())
    }

    /// The key's id, as it stands in front of every value it sealed.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// This (data) key sealed with a master key; the data key's id is its associated data.
    ///
    /// # Errors
    /// As [`seal`].
    pub fn wrap(&self, master: &SealKey) -> Result<Vec<u8>, SealError> {
        seal(master, self.id.as_bytes(), &self.bytes)
    }

    /// Opens a data key made by [`SealKey::wrap`].
    ///
    /// # Errors
    /// As [`open`]; [`SealError::BadKey`] when what was sealed is no key.
    pub fn unwrap_with(id: impl Into<String>, masters: &KeyRing, wrapped: &[u8]) -> Result<Self, SealError> {
        let id = id.into();
        let bytes = open(masters, id.as_bytes(), wrapped)?;
        Self::new(id, &bytes)
    }
}

impl std::fmt::Debug for SealKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SealKey({}, ***)", self.id)
    }
}

/// The key that seals new values and the older ones that still open what they sealed.
#[derive(Debug)]
pub struct KeyRing {
    active: SealKey,
    older: Vec<SealKey>,
}

impl KeyRing {
    /// `active` seals; `active` and `older` open.
    #[must_use]
    pub fn new(active: SealKey, older: Vec<SealKey>) -> Self {
        Self { active, older }
    }

    /// The key that seals new values.
    #[must_use]
    pub fn active(&self) -> &SealKey {
        &self.active
    }

    /// Seals with the active key. See [`seal`].
    ///
    /// # Errors
    /// As [`seal`].
    pub fn seal(&self, aad: &[u8], plaintext: &[u8]) -> Result<Vec<u8>, SealError> {
        seal(&self.active, aad, plaintext)
    }

    /// Opens with whichever key sealed. See [`open`].
    ///
    /// # Errors
    /// As [`open`].
    pub fn open(&self, aad: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, SealError> {
        open(self, aad, sealed)
    }

    /// As [`Self::seal`], as base64url for a column of text.
    ///
    /// # Errors
    /// As [`seal`].
    pub fn seal_text(&self, aad: &[u8], text: &str) -> Result<String, SealError> {
        self.seal(aad, text.as_bytes()).map(|sealed| b64url(&sealed))
    }

    /// Opens what [`Self::seal_text`] made.
    ///
    /// # Errors
    /// As [`open`].
    pub fn open_text(&self, aad: &[u8], sealed: &str) -> Result<String, SealError> {
        let opened = self.open(aad, &from_b64url(sealed).ok_or(SealError::Malformed)?)?;
        std::str::from_utf8(&opened).map(str::to_owned).map_err(|_| SealError::Malformed)
    }

    fn get(&self, id: &str) -> Option<&SealKey> {
        std::iter::once(&self.active).chain(&self.older).find(|key| key.id == id)
    }
}

/// Seals `plaintext`; `aad` says where the value lives (table, column, row) and is needed to open it.
///
/// # Errors
/// [`SealError::Random`] when the system gives no random bytes, [`SealError::Refused`] for a value of 64 GiB or more.
pub fn seal(key: &SealKey, aad: &[u8], plaintext: &[u8]) -> Result<Vec<u8>, SealError> {
    let mut nonce = [0; NONCE_LEN];
    SystemRandom::new().fill(&mut nonce).map_err(|_| SealError::Random)?;
    let id_length = u8::try_from(key.id.len()).map_err(|_| SealError::BadKey)?;

    let mut out = Vec::with_capacity(2 + key.id.len() + NONCE_LEN + plaintext.len() + AES_256_GCM.tag_len());
    out.extend_from_slice(&[VERSION, id_length]);
    out.extend_from_slice(key.id.as_bytes());
    let bound = bound_aad(&out, aad);
    out.extend_from_slice(&nonce);

    let mut body = plaintext.to_vec();
    key.key
        .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(bound), &mut body)
        .map_err(|_| SealError::Refused)?;
    out.append(&mut body);
    Ok(out)
}

/// Opens a value made by [`seal`] with the same `aad`.
///
/// # Errors
/// [`SealError::Malformed`], [`SealError::UnknownKey`] or [`SealError::Refused`]; never says why exactly it was refused.
pub fn open(keys: &KeyRing, aad: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, SealError> {
    let (prefix, id, rest) = split(sealed)?;
    let key = keys.get(id).ok_or_else(|| SealError::UnknownKey(printable(id)))?;
    let (nonce, body) = rest.split_first_chunk::<NONCE_LEN>().ok_or(SealError::Malformed)?;
    let mut buffer = Zeroizing::new(body.to_vec());
    let length = key
        .key
        .open_in_place(Nonce::assume_unique_for_key(*nonce), Aad::from(bound_aad(prefix, aad)), &mut buffer)
        .map_err(|_| SealError::Refused)?
        .len();
    buffer.truncate(length);
    Ok(buffer)
}

/// The id of the key a value was sealed with: what a rotation job looks at.
///
/// # Errors
/// [`SealError::Malformed`] when the bytes are no sealed value.
pub fn sealed_key_id(sealed: &[u8]) -> Result<&str, SealError> {
    split(sealed).map(|(_, id, _)| id)
}

/// Prefix (version, length, id), id, and the rest of a sealed value.
fn split(sealed: &[u8]) -> Result<(&[u8], &str, &[u8]), SealError> {
    let [VERSION, id_length, ..] = *sealed else { return Err(SealError::Malformed) };
    let (prefix, rest) = sealed.split_at_checked(2 + usize::from(id_length)).ok_or(SealError::Malformed)?;
    let id = prefix.get(2..).and_then(|id| std::str::from_utf8(id).ok()).ok_or(SealError::Malformed)?;
    Ok((prefix, id, rest))
}

/// The prefix carries its own length, so prefix and caller's data cannot be shifted against each other.
fn bound_aad(prefix: &[u8], aad: &[u8]) -> Vec<u8> {
    [prefix, aad].concat()
}
