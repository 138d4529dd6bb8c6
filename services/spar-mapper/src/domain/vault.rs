//! How addresses, names and phones are kept: sealed, each bound to its column and row, with a blind index by which an
//! address is found without being read. A copy of the database alone tells no account.

use std::{fmt, sync::Arc};

use g2p_crypto::{KeyRing, KeyedHash, SealError, SealKey, sha256_hex};

/// Begins every sealed value. Partners' values may not begin like this.
pub const SEALED: &str = "enc:";

/// What is sealed: the column it stands in, or that it was copied from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kept {
    /// A financial address.
    Fa,
    /// A person's name.
    Name,
    /// A person's phone.
    Phone,
    /// An asynchronous message.
    Request,
    /// What a message was answered with.
    Response,
    /// A part of a file of changes.
    Part,
    /// What an entry of the history says of a row that a script wrote.
    Entry,
}

impl Kept {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Fa => "fa",
            Self::Name => "name",
            Self::Phone => "phone",
            Self::Request => "request",
            Self::Response => "response",
            Self::Part => "part",
            Self::Entry => "entry",
        }
    }
}

struct Keys {
    ring: KeyRing,
    index: KeyedHash,
}

/// Seals and opens. Without keys it leaves everything as it is.
#[derive(Clone, Default)]
pub struct Vault {
    keys: Option<Arc<Keys>>,
    seals: bool,
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Vault").field("seals", &self.seals).finish_non_exhaustive()
    }
}

fn key(secret: &str) -> Result<SealKey, SealError> {
    let bytes = KeyedHash::new(secret.as_bytes(), "spar-mapper/values").hash_bytes(b"seal");
    // The id is public: it stands in front of every sealed value.
    let id = sha256_hex(&bytes);
    SealKey::new(id.get(..8).unwrap_or_default(), &bytes)
}

impl Vault {
    /// `secret` seals, `secret` and `older` open, `index_secret` makes the blind index. Each has at least 32 characters.
    /// With `seals` off new values stay plain, and sealed ones can still be read.
    ///
    /// # Errors
    /// When a key cannot be made.
    pub fn new(secret: &str, older: &[&str], index_secret: &str, seals: bool) -> Result<Self, SealError> {
        let older = older.iter().map(|secret| key(secret)).collect::<Result<_, _>>()?;
        let ring = KeyRing::new(key(secret)?, older);
        let index = KeyedHash::new(index_secret.as_bytes(), "spar-mapper/fa");
        Ok(Self { keys: Some(Arc::new(Keys { ring, index })), seals })
    }

    /// Whether new values are sealed.
    #[must_use]
    pub fn seals(&self) -> bool {
        self.seals
    }

    /// Whether sealed values can be opened.
    #[must_use]
    pub fn opens(&self) -> bool {
        self.keys.is_some()
    }

    /// A value as it is to be stored. `row` names the row within the tenant.
    ///
    /// # Errors
    /// When the system gives no random bytes.
    pub fn seal(&self, kept: Kept, tenant: &str, row: &str, text: &str) -> Result<String, SealError> {
        if self.seals { self.seal_always(kept, tenant, row, text) } else { Ok(text.to_owned()) }
    }

    /// As [`Self::seal`], also while sealing is turned off.
    ///
    /// # Errors
    /// As there; when there are no keys.
    pub fn seal_always(&self, kept: Kept, tenant: &str, row: &str, text: &str) -> Result<String, SealError> {
        let Some(keys) = &self.keys else { return Err(SealError::UnknownKey("none".to_owned())) };
        Ok(SEALED.to_owned() + &keys.ring.seal_text(&place(kept, tenant, row), text)?)
    }

    /// As [`Self::seal`], for a value that is given away.
    ///
    /// # Errors
    /// As there.
    pub fn seal_owned(&self, kept: Kept, tenant: &str, row: &str, text: String) -> Result<String, SealError> {
        if self.seals { self.seal(kept, tenant, row, &text) } else { Ok(text) }
    }

    /// A value as it was before it was stored.
    ///
    /// # Errors
    /// When it was sealed with a key that is not configured, changed, or moved here from another row.
    pub fn open(&self, kept: Kept, tenant: &str, row: &str, stored: String) -> Result<String, SealError> {
        let Some(sealed) = stored.strip_prefix(SEALED) else { return Ok(stored) };
        let Some(keys) = &self.keys else { return Err(SealError::UnknownKey("none".to_owned())) };
        keys.ring.open_text(&place(kept, tenant, row), sealed)
    }

    /// Bytes as they are to be stored.
    ///
    /// # Errors
    /// As [`Self::seal`].
    pub fn seal_bytes(
        &self,
        kept: Kept,
        tenant: &str,
        row: &str,
        plain: Vec<u8>,
    ) -> Result<Vec<u8>, SealError> {
        match &self.keys {
            Some(keys) if self.seals => {
                Ok([SEALED.as_bytes(), &keys.ring.seal(&place(kept, tenant, row), &plain)?].concat())
            }
            _ => Ok(plain),
        }
    }

    /// Bytes as they were before they were stored.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn open_bytes(
        &self,
        kept: Kept,
        tenant: &str,
        row: &str,
        stored: Vec<u8>,
    ) -> Result<Vec<u8>, SealError> {
        let Some(sealed) = stored.strip_prefix(SEALED.as_bytes()) else { return Ok(stored) };
        let Some(keys) = &self.keys else { return Err(SealError::UnknownKey("none".to_owned())) };
        Ok(keys.ring.open(&place(kept, tenant, row), sealed)?.to_vec())
    }

    /// What an address is found by; `None` while there are no keys.
    #[must_use]
    pub fn index(&self, tenant: &str, fa: &str) -> Option<String> {
        let keys = self.keys.as_ref()?;
        // The length keeps tenant and address apart.
        Some(keys.index.hash128(&format!("{}:{tenant}{fa}", tenant.len())))
    }
}

/// Where a value belongs: it opens nowhere else.
fn place(kept: Kept, tenant: &str, row: &str) -> Vec<u8> {
    ["spar_mapper", kept.as_str(), tenant, row].join("\0").into_bytes()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::{Kept, SEALED, Vault};

    const OLD: &str = "an old secret of more than 32 characters";
    const NEW: &str = "a new secret of more than 32 characters!";
    const INDEX: &str = "the secret of the index, 32 characters";

    fn vault() -> Vault {
        Vault::new(NEW, &[OLD], INDEX, true).unwrap()
    }

    proptest! {
        #[test]
        fn what_was_sealed_opens_at_its_place_only(fa in ".*", row in "[^\0]{1,20}", other in "[^\0]{1,20}") {
            let vault = vault();
            let sealed = vault.seal(Kept::Fa, "t", &row, &fa).unwrap();
            prop_assert!(sealed.starts_with(SEALED));
            prop_assert_eq!(vault.open(Kept::Fa, "t", &row, sealed.clone()).unwrap(), fa);
            prop_assert!(vault.open(Kept::Name, "t", &row, sealed.clone()).is_err());
            prop_assert!(vault.open(Kept::Fa, "u", &row, sealed.clone()).is_err());
            prop_assert!(row == other || vault.open(Kept::Fa, "t", &other, sealed).is_err());
        }

        #[test]
        fn garbage_behind_the_mark_is_an_error_and_no_address(garbage in ".*") {
            prop_assert!(vault().open(Kept::Fa, "t", "r", SEALED.to_owned() + &garbage).is_err());
        }
    }

    #[test]
    fn keys_are_rotated_and_the_index_stays() {
        let old = Vault::new(OLD, &[], INDEX, true).unwrap();
        let sealed = old.seal(Kept::Fa, "t", "r", "account").unwrap();
        let now = vault();
        assert_eq!(now.open(Kept::Fa, "t", "r", sealed.clone()).unwrap(), "account");
        assert_eq!(now.index("t", "account"), old.index("t", "account"));
        assert_ne!(now.index("t", "account"), now.index("u", "account"));
        assert!(Vault::new(NEW, &[], INDEX, true).unwrap().open(Kept::Fa, "t", "r", sealed.clone()).is_err());
        assert!(Vault::default().open(Kept::Fa, "t", "r", sealed).is_err(), "no keys at all");
    }

    #[test]
    fn turned_off_it_reads_what_was_sealed_and_seals_no_more() {
        let sealed = vault().seal(Kept::Fa, "t", "r", "account").unwrap();
        let off = Vault::new(NEW, &[], INDEX, false).unwrap();
        assert_eq!(off.open(Kept::Fa, "t", "r", sealed).unwrap(), "account");
        assert_eq!(off.seal(Kept::Fa, "t", "r", "account").unwrap(), "account");
    }
}
