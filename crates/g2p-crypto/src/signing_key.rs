//! Private keys.

use std::fmt;
use std::sync::Arc;

use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256, RsaKeyPair,
    RsaPublicKeyComponents,
};
use zeroize::{Zeroize, Zeroizing};

use crate::algorithm::Algorithm;
use crate::encoding::{b64, from_b64_any};
use crate::error::{KeyError, SignatureError};
use crate::jwk::{Jwk, Jwks};
use crate::verifying_key::VerifyingKey;

const PEM_LABEL: &str = "PRIVATE KEY";

enum Pair {
    Ed25519(Ed25519KeyPair),
    P256(EcdsaKeyPair),
    Rsa(Box<RsaKeyPair>),
}

struct Inner {
    pkcs8: Zeroizing<Vec<u8>>,
    pair: Pair,
    jwk: Jwk,
    kid: String,
}

/// A private key: Ed25519, P-256 (ES256) or RSA (RS256). Cheap to clone; `Debug` shows the key id only; the stored
/// document is wiped when the last clone goes (what ring holds inside is beyond our reach).
#[derive(Clone)]
pub struct SigningKey(Arc<Inner>);

impl SigningKey {
    /// A fresh Ed25519 key: the platform's default.
    ///
    /// # Errors
    /// [`KeyError::Random`] when the system gives no random bytes.
    pub fn generate_ed25519() -> Result<Self, KeyError> {
        let document = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).map_err(|_| KeyError::Random)?;
        Self::from_pkcs8_der(document.as_ref())
    }

    /// A fresh P-256 key, for partners that cannot verify Ed25519.
    ///
    /// # Errors
    /// [`KeyError::Random`] when the system gives no random bytes.
    pub fn generate_es256() -> Result<Self, KeyError> {
        let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new())
            .map_err(|_| KeyError::Random)?;
        Self::from_pkcs8_der(document.as_ref())
    }

    /// Reads an unencrypted PKCS#8 document; the kind of key is found from it. RSA keys need 2048 bits or more.
    ///
    /// # Errors
    /// [`KeyError::NotPrivateKey`].
    pub fn from_pkcs8_der(der: &[u8]) -> Result<Self, KeyError> {
        let (pair, jwk) = if let Ok(pair) = Ed25519KeyPair::from_pkcs8_maybe_unchecked(der) {
            let jwk = Jwk::ed25519(pair.public_key().as_ref());
            (Pair::Ed25519(pair), jwk)
        } else if let Ok(pair) =
            EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, der, &SystemRandom::new())
        {
            let jwk = Jwk::p256(pair.public_key().as_ref())?;
            (Pair::P256(pair), jwk)
        } else {
            let pair = RsaKeyPair::from_pkcs8(der).map_err(|_| KeyError::NotPrivateKey)?;
            let parts = RsaPublicKeyComponents::<Vec<u8>>::from(pair.public());
            (Pair::Rsa(Box::new(pair)), Jwk::rsa(&parts.n, &parts.e))
        };
        let kid = jwk.thumbprint()?;
        Ok(Self(Arc::new(Inner { pkcs8: Zeroizing::new(der.to_vec()), pair, jwk, kid })))
    }

    /// Reads the first PEM block `PRIVATE KEY` of a text.
    ///
    /// # Errors
    /// [`KeyError::NotPem`], [`KeyError::WrongPemLabel`] (with the command that converts it), or
    /// [`KeyError::NotPrivateKey`].
    pub fn from_pkcs8_pem(pem: &str) -> Result<Self, KeyError> {
        let (label, mut der) = decode_pem(pem)?;
        let key = if label == PEM_LABEL {
            Self::from_pkcs8_der(&der)
        } else {
            Err(KeyError::WrongPemLabel(crate::encoding::printable(&label)))
        };
        der.zeroize();
        key
    }

    /// The PKCS#8 document. Keep it where secrets are kept.
    #[must_use]
    pub fn to_pkcs8_der(&self) -> Zeroizing<Vec<u8>> {
        self.0.pkcs8.clone()
    }

    /// The PKCS#8 document as PEM text. Keep it where secrets are kept.
    #[must_use]
    pub fn to_pkcs8_pem(&self) -> Zeroizing<String> {
        let body = Zeroizing::new(b64(&self.0.pkcs8));
        let mut pem = Zeroizing::new(format!("-----BEGIN {PEM_LABEL}-----\n"));
        let mut rest = body.as_str();
        while !rest.is_empty() {
            let (line, tail) = rest.split_at(rest.len().min(64));
            pem.push_str(line);
            pem.push('\n');
            rest = tail;
        }
        pem.push_str("-----END ");
        pem.push_str(PEM_LABEL);
        pem.push_str("-----\n");
        pem
    }

    /// RFC 7638 thumbprint of the public key: the key's id everywhere.
    #[must_use]
    pub fn kid(&self) -> &str {
        &self.0.kid
    }

    /// The algorithm this key signs with.
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        match self.0.pair {
            Pair::Ed25519(_) => Algorithm::EdDsa,
            Pair::P256(_) => Algorithm::Es256,
            Pair::Rsa(_) => Algorithm::Rs256,
        }
    }

    /// The public half, with `kid` and `use: sig`.
    #[must_use]
    pub fn public_jwk(&self) -> Jwk {
        self.0.jwk.clone()
    }

    /// A key set of this one public key.
    #[must_use]
    pub fn public_jwks(&self) -> Jwks {
        Jwks::new(vec![self.public_jwk()])
    }

    /// The public half, ready to verify with.
    ///
    /// # Errors
    /// Does not fail for a key that could be read.
    pub fn verifying_key(&self) -> Result<VerifyingKey, KeyError> {
        VerifyingKey::from_jwk(&self.0.jwk)
    }

    /// The raw signature over `message`: 64 bytes (Ed25519, ES256 as `r || s`) or the modulus' length (RS256).
    ///
    /// # Errors
    /// [`SignatureError::Signing`] when the system gives no random bytes.
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignatureError> {
        let rng = SystemRandom::new();
        match &self.0.pair {
            Pair::Ed25519(pair) => Ok(pair.sign(message).as_ref().to_vec()),
            Pair::P256(pair) => {
                pair.sign(&rng, message).map(|s| s.as_ref().to_vec()).map_err(|_| SignatureError::Signing)
            }
            Pair::Rsa(pair) => {
                let mut signature = vec![0; pair.public().modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &rng, message, &mut signature)
                    .map_err(|_| SignatureError::Signing)?;
                Ok(signature)
            }
        }
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({} {})", self.algorithm(), self.0.kid)
    }
}

/// Label and bytes of the first PEM block (RFC 7468) in the text.
pub(crate) fn decode_pem(text: &str) -> Result<(String, Vec<u8>), KeyError> {
    let (_, after) = text.split_once("-----BEGIN ").ok_or(KeyError::NotPem)?;
    let (label, after) = after.split_once("-----").ok_or(KeyError::NotPem)?;
    let (body, _) = after.split_once(&format!("-----END {label}-----")).ok_or(KeyError::NotPem)?;
    if label.contains("ENCRYPTED") || body.contains("Proc-Type:") {
        return Err(KeyError::WrongPemLabel("ENCRYPTED PRIVATE KEY".into()));
    }
    let packed: Zeroizing<String> =
        Zeroizing::new(body.chars().filter(|c| !c.is_ascii_whitespace()).collect());
    Ok((label.to_owned(), from_b64_any(&packed).ok_or(KeyError::NotPem)?))
}
