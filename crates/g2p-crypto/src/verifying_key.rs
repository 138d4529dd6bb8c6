//! Public keys ready to verify with.

use ring::signature;

use crate::algorithm::Algorithm;
use crate::encoding::{from_b64url, printable};
use crate::error::{KeyError, SignatureError};
use crate::jwk::Jwk;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum PublicKey {
    Ed25519(Vec<u8>),
    /// Uncompressed point.
    P256(Vec<u8>),
    Rsa {
        n: Vec<u8>,
        e: Vec<u8>,
    },
}

/// A public key ready to verify with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifyingKey {
    kid: String,
    only: Option<Algorithm>,
    pub(crate) key: PublicKey,
}

impl VerifyingKey {
    /// Takes a key from its JSON form.
    ///
    /// # Errors
    /// [`KeyError`] when type, curve, use or a member does not allow it to verify signatures.
    pub fn from_jwk(jwk: &Jwk) -> Result<Self, KeyError> {
        if jwk.key_use.as_deref().is_some_and(|u| u != "sig")
            || jwk.key_ops.as_ref().is_some_and(|ops| !ops.iter().any(|op| op == "verify"))
        {
            return Err(KeyError::NotForSignatures);
        }
        let bytes = |member: &Option<String>, name: &'static str| {
            member.as_deref().and_then(from_b64url).ok_or(KeyError::Member(name))
        };
        let key = match (jwk.kty.as_str(), jwk.crv.as_deref()) {
            ("OKP", Some("Ed25519")) => {
                PublicKey::Ed25519(bytes(&jwk.x, "x").and_then(|x| sized(x, 32, "x"))?)
            }
            ("EC", Some("P-256")) => {
                let (x, y) = (sized(bytes(&jwk.x, "x")?, 32, "x")?, sized(bytes(&jwk.y, "y")?, 32, "y")?);
                PublicKey::P256([&[4], x.as_slice(), y.as_slice()].concat())
            }
            ("RSA", _) => {
                let n = trim_zeros(bytes(&jwk.n, "n")?);
                if n.len() < 256 {
                    return Err(KeyError::Unsupported("RSA of less than 2048 bits".into()));
                }
                PublicKey::Rsa { n, e: trim_zeros(bytes(&jwk.e, "e")?) }
            }
            (kty, crv) => {
                return Err(KeyError::Unsupported(printable(&format!("{kty} {}", crv.unwrap_or("")))));
            }
        };
        let only = match jwk.alg.as_deref() {
            None => None,
            Some(name) => {
                Some(Algorithm::from_jose(name).map_err(|_| KeyError::Unsupported(printable(name)))?)
            }
        };
        let kid = jwk.key_id().ok_or(KeyError::Member("kid"))?;
        Ok(Self { kid, only, key })
    }

    /// The key's id: its `kid`, or its thumbprint.
    #[must_use]
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// Whether this key may verify signatures of `alg`: the kind of key and, if it names one, its own algorithm.
    #[must_use]
    pub fn supports(&self, alg: Algorithm) -> bool {
        let kind = matches!(
            (&self.key, alg),
            (PublicKey::Ed25519(_), Algorithm::EdDsa)
                | (PublicKey::P256(_), Algorithm::Es256)
                | (PublicKey::Rsa { .. }, Algorithm::Rs256 | Algorithm::Ps256)
        );
        kind && self.only.is_none_or(|only| only == alg)
    }

    /// Verifies `signature` over `message`.
    ///
    /// # Errors
    /// [`SignatureError::KeyMismatch`] when the key is not one for `alg`, [`SignatureError::Invalid`] when the
    /// signature does not hold.
    pub fn verify(&self, alg: Algorithm, message: &[u8], signature: &[u8]) -> Result<(), SignatureError> {
        if !self.supports(alg) {
            return Err(SignatureError::KeyMismatch(alg.as_str()));
        }
        verify_raw(&self.key, alg, message, signature)
    }
}

/// Verifies with a key of the right kind; also the heart of the token provider.
pub(crate) fn verify_raw(
    key: &PublicKey,
    alg: Algorithm,
    message: &[u8],
    sig: &[u8],
) -> Result<(), SignatureError> {
    let unparsed = |algorithm: &'static dyn signature::VerificationAlgorithm, bytes: &[u8]| {
        signature::UnparsedPublicKey::new(algorithm, bytes).verify(message, sig)
    };
    let outcome = match (key, alg) {
        (PublicKey::Ed25519(bytes), Algorithm::EdDsa) => unparsed(&signature::ED25519, bytes),
        (PublicKey::P256(bytes), Algorithm::Es256) => unparsed(&signature::ECDSA_P256_SHA256_FIXED, bytes),
        (PublicKey::Rsa { n, e }, Algorithm::Rs256) => signature::RsaPublicKeyComponents { n, e }.verify(
            &signature::RSA_PKCS1_2048_8192_SHA256,
            message,
            sig,
        ),
        (PublicKey::Rsa { n, e }, Algorithm::Ps256) => signature::RsaPublicKeyComponents { n, e }.verify(
            &signature::RSA_PSS_2048_8192_SHA256,
            message,
            sig,
        ),
        _ => return Err(SignatureError::KeyMismatch(alg.as_str())),
    };
    outcome.map_err(|_| SignatureError::Invalid)
}

fn sized(bytes: Vec<u8>, length: usize, name: &'static str) -> Result<Vec<u8>, KeyError> {
    if bytes.len() == length { Ok(bytes) } else { Err(KeyError::Member(name)) }
}

/// ring wants RSA numbers without leading zeros; some issuers write one.
fn trim_zeros(bytes: Vec<u8>) -> Vec<u8> {
    let start = bytes.iter().position(|b| *b != 0).unwrap_or(bytes.len());
    if start == 0 { bytes } else { bytes.into_iter().skip(start).collect() }
}
