//! The signature algorithms the platform accepts. Everything else is refused by name.

use std::fmt;

use crate::error::SignatureError;

/// A signature algorithm of RFC 7518 / RFC 8037 that the platform accepts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Algorithm {
    /// Ed25519.
    EdDsa,
    /// ECDSA on P-256 with SHA-256, signature as `r || s` (64 bytes).
    Es256,
    /// RSASSA-PKCS1-v1_5 with SHA-256, keys of 2048 to 8192 bits.
    Rs256,
    /// RSASSA-PSS with SHA-256, keys of 2048 to 8192 bits. Verified, never made.
    Ps256,
}

impl Algorithm {
    /// All accepted algorithms.
    pub const ALL: [Algorithm; 4] = [Self::EdDsa, Self::Es256, Self::Rs256, Self::Ps256];

    /// The name in a JOSE header: `EdDSA`, `ES256`, `RS256`, `PS256`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::EdDsa => "EdDSA",
            Self::Es256 => "ES256",
            Self::Rs256 => "RS256",
            Self::Ps256 => "PS256",
        }
    }

    /// Reads the `alg` of a JOSE header (exact spelling, as RFC 7515 demands).
    ///
    /// # Errors
    /// [`SignatureError::AlgorithmRefused`] for `none` and every HMAC (a public key must never be usable as a shared
    /// secret), [`SignatureError::AlgorithmUnknown`] for any other name.
    pub fn from_jose(name: &str) -> Result<Self, SignatureError> {
        if let Some(found) = Self::ALL.into_iter().find(|a| a.as_str() == name) {
            return Ok(found);
        }
        let upper = name.to_ascii_uppercase();
        if upper == "NONE" || upper.starts_with("HS") {
            return Err(SignatureError::AlgorithmRefused(crate::encoding::printable(name)));
        }
        Err(SignatureError::AlgorithmUnknown(crate::encoding::printable(name)))
    }

    /// The name inside an HTTP-signature style string (`ed25519`, `es256`, `rs256`, `ps256`).
    #[must_use]
    pub(crate) const fn http_name(self) -> &'static str {
        match self {
            Self::EdDsa => "ed25519",
            Self::Es256 => "es256",
            Self::Rs256 => "rs256",
            Self::Ps256 => "ps256",
        }
    }

    /// Reads the name inside an HTTP-signature style string: JOSE names and the draft's names, in any letter case.
    pub(crate) fn from_http_name(name: &str) -> Result<Self, SignatureError> {
        match name.to_ascii_lowercase().as_str() {
            "ed25519" | "eddsa" => Ok(Self::EdDsa),
            "es256" | "ecdsa-p256-sha256" => Ok(Self::Es256),
            "rs256" | "rsa-sha256" | "rsa-v1_5-sha256" => Ok(Self::Rs256),
            "ps256" => Ok(Self::Ps256),
            other if other.starts_with("hmac") => {
                Err(SignatureError::AlgorithmRefused(crate::encoding::printable(name)))
            }
            _ => Self::from_jose(name),
        }
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl std::str::FromStr for Algorithm {
    type Err = SignatureError;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::from_jose(name)
    }
}
