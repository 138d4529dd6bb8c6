//! Which key the service signs its statements with, and which ones it signed them with before.

use g2p_crypto::{Jwk, Jwks, KeyError, SignatureError, verify_attached};
use time::OffsetDateTime;

/// A key that the service signed with before.
#[derive(Debug, Clone)]
struct Retired {
    kid: String,
    until: OffsetDateTime,
}

/// The present key and the retired ones. They come from the configuration, never from the database: whoever can write there
/// could bring a key of his own.
#[derive(Debug, Clone)]
pub struct Signers {
    keys: Jwks,
    retired: Vec<Retired>,
}

/// What a key of ours signed.
#[derive(Debug)]
pub struct Signed {
    /// The bytes that were signed.
    pub payload: Vec<u8>,
    /// The last moment at which the key was one of ours; `None` for the present key.
    pub until: Option<OffsetDateTime>,
}

impl Signers {
    /// Only the present key.
    #[must_use]
    pub fn new(current: Jwk) -> Self {
        Self { keys: Jwks::new(vec![current]), retired: Vec::new() }
    }

    /// Believes a retired key too, in what it signed up to `until`.
    pub fn retire(&mut self, key: Jwk, until: OffsetDateTime) {
        // A key that came back is the present one.
        if let Some(kid) = key.key_id().filter(|kid| self.keys.with_kid(kid).next().is_none()) {
            self.keys.keys.push(key);
            self.retired.push(Retired { kid, until });
        }
    }

    /// What was signed, when one of our keys signed it.
    ///
    /// # Errors
    /// Why it was not one of them.
    pub fn read(&self, signature: &str) -> Result<Signed, String> {
        let signed = verify_attached(signature, &self.keys).map_err(|error| match error {
            SignatureError::UnknownKey(kid) => {
                format!("the signature is not ours: neither our key nor one of retired_keys is {kid}")
            }
            other => format!("the signature is not ours: {other}"),
        })?;
        let retired = self.retired.iter().find(|retired| retired.kid == signed.key.kid);
        Ok(Signed { payload: signed.payload, until: retired.map(|retired| retired.until) })
    }
}

/// Reads a public key, as PEM or as a JWK. It is named by its thumbprint, as in our signatures, whatever the document says.
///
/// # Errors
/// When it is neither.
pub fn public_key(text: &str) -> Result<Jwk, KeyError> {
    let text = text.trim();
    let mut key = if text.starts_with('{') { Jwk::parse(text)? } else { Jwk::from_public_pem(text)? };
    key.kid = Some(key.thumbprint()?);
    Ok(key)
}
