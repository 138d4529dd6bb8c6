//! The ring side of `jsonwebtoken`: its crypto features stay off, so it has no library of its own.

use std::sync::OnceLock;

use jsonwebtoken::crypto::{CryptoProvider, JwtSigner, JwtVerifier, KeyUtils};
use jsonwebtoken::errors::{Error, ErrorKind, new_error};
use jsonwebtoken::jwk::{EllipticCurve, ThumbprintHash};
use jsonwebtoken::signature::{Error as SignError, Signer, Verifier};
use jsonwebtoken::{AlgorithmFamily, DecodingKey, DecodingKeyKind, EncodingKey};

use crate::algorithm::Algorithm;
use crate::error::TokenError;
use crate::signing_key::SigningKey;
use crate::verifying_key::{PublicKey, verify_raw};

static PROVIDER: CryptoProvider = CryptoProvider {
    signer_factory: new_signer,
    verifier_factory: new_verifier,
    key_utils: KeyUtils {
        rsa_pub_components_from_private_key: |_| Err(unsupported()),
        rsa_pub_components_from_public_key: |_| Err(unsupported()),
        ec_pub_components_from_private_key: ec_components,
        ed_pub_components_from_private_key: ed_component,
        compute_digest,
    },
};

/// Makes ring the crypto provider of `jsonwebtoken` in this process. Calling it again changes nothing; [`crate::issue_jwt`]
/// and [`crate::verify_jwt`] call it themselves. Call it first thing in `main` if anything else uses `jsonwebtoken`.
///
/// # Errors
/// [`TokenError::Provider`] when another provider got there first (or `jsonwebtoken` was used before any was installed).
pub fn install_jwt_provider() -> Result<(), TokenError> {
    static OURS: OnceLock<bool> = OnceLock::new();
    if *OURS.get_or_init(|| PROVIDER.install_default().is_ok()) { Ok(()) } else { Err(TokenError::Provider) }
}

pub(crate) const fn to_jwt(alg: Algorithm) -> jsonwebtoken::Algorithm {
    match alg {
        Algorithm::EdDsa => jsonwebtoken::Algorithm::EdDSA,
        Algorithm::Es256 => jsonwebtoken::Algorithm::ES256,
        Algorithm::Rs256 => jsonwebtoken::Algorithm::RS256,
        Algorithm::Ps256 => jsonwebtoken::Algorithm::PS256,
    }
}

fn from_jwt(alg: jsonwebtoken::Algorithm) -> Result<Algorithm, Error> {
    Algorithm::ALL.into_iter().find(|ours| to_jwt(*ours) == alg).ok_or_else(unsupported)
}

fn unsupported() -> Error {
    new_error(ErrorKind::UnsupportedAlgorithm)
}

struct RingSigner(SigningKey);

impl Signer<Vec<u8>> for RingSigner {
    fn try_sign(&self, message: &[u8]) -> Result<Vec<u8>, SignError> {
        self.0.sign(message).map_err(SignError::from_source)
    }
}

impl JwtSigner for RingSigner {
    fn algorithm(&self) -> jsonwebtoken::Algorithm {
        to_jwt(self.0.algorithm())
    }
}

fn new_signer(alg: &jsonwebtoken::Algorithm, key: &EncodingKey) -> Result<Box<dyn JwtSigner>, Error> {
    if key.family() == AlgorithmFamily::Hmac {
        return Err(unsupported());
    }
    let key =
        SigningKey::from_pkcs8_der(key.as_bytes()).map_err(|_| new_error(ErrorKind::InvalidKeyFormat))?;
    if key.algorithm() != from_jwt(*alg)? {
        return Err(new_error(ErrorKind::InvalidKeyFormat));
    }
    Ok(Box::new(RingSigner(key)))
}

struct RingVerifier {
    key: PublicKey,
    alg: Algorithm,
}

impl Verifier<Vec<u8>> for RingVerifier {
    fn verify(&self, message: &[u8], signature: &Vec<u8>) -> Result<(), SignError> {
        verify_raw(&self.key, self.alg, message, signature).map_err(SignError::from_source)
    }
}

impl JwtVerifier for RingVerifier {
    fn algorithm(&self) -> jsonwebtoken::Algorithm {
        to_jwt(self.alg)
    }
}

fn new_verifier(alg: &jsonwebtoken::Algorithm, key: &DecodingKey) -> Result<Box<dyn JwtVerifier>, Error> {
    let alg = from_jwt(*alg)?;
    if to_jwt(alg).family() != key.family() {
        return Err(new_error(ErrorKind::InvalidKeyFormat));
    }
    let key = match (key.kind(), alg) {
        (DecodingKeyKind::RsaModulusExponent { n, e }, Algorithm::Rs256 | Algorithm::Ps256) => {
            PublicKey::Rsa { n: n.clone(), e: e.clone() }
        }
        (DecodingKeyKind::SecretOrDer(bytes), Algorithm::EdDsa) => PublicKey::Ed25519(bytes.clone()),
        (DecodingKeyKind::SecretOrDer(bytes), Algorithm::Es256) => PublicKey::P256(bytes.clone()),
        _ => return Err(new_error(ErrorKind::InvalidKeyFormat)),
    };
    Ok(Box::new(RingVerifier { key, alg }))
}

pub(crate) fn decoding_key(key: &PublicKey) -> DecodingKey {
    match key {
        PublicKey::Ed25519(bytes) => DecodingKey::from_ed_der(bytes),
        PublicKey::P256(point) => DecodingKey::from_ec_der(point),
        PublicKey::Rsa { n, e } => DecodingKey::from_rsa_raw_components(n, e),
    }
}

pub(crate) fn encoding_key(key: &SigningKey) -> EncodingKey {
    let der = key.to_pkcs8_der();
    match key.algorithm() {
        Algorithm::EdDsa => EncodingKey::from_ed_der(&der),
        Algorithm::Es256 => EncodingKey::from_ec_der(&der),
        Algorithm::Rs256 | Algorithm::Ps256 => EncodingKey::from_rsa_der(&der),
    }
}

fn ec_components(
    der: &[u8],
    alg: jsonwebtoken::Algorithm,
) -> Result<(EllipticCurve, Vec<u8>, Vec<u8>), Error> {
    match public_key(der)? {
        PublicKey::P256(point) if alg == jsonwebtoken::Algorithm::ES256 => {
            let (x, y) = point.split_at(point.len().min(33));
            Ok((EllipticCurve::P256, x.iter().skip(1).copied().collect(), y.to_vec()))
        }
        _ => Err(new_error(ErrorKind::InvalidEcdsaKey)),
    }
}

fn ed_component(der: &[u8], _curve: &EllipticCurve) -> Result<Vec<u8>, Error> {
    match public_key(der)? {
        PublicKey::Ed25519(bytes) => Ok(bytes),
        PublicKey::P256(_) | PublicKey::Rsa { .. } => Err(new_error(ErrorKind::InvalidEddsaKey)),
    }
}

fn public_key(der: &[u8]) -> Result<PublicKey, Error> {
    SigningKey::from_pkcs8_der(der)
        .and_then(|key| key.verifying_key())
        .map(|key| key.key)
        .map_err(|_| new_error(ErrorKind::InvalidKeyFormat))
}

#[allow(clippy::needless_pass_by_value, reason = "the signature is jsonwebtoken's")]
fn compute_digest(data: &[u8], hash: ThumbprintHash) -> Result<Vec<u8>, Error> {
    let algorithm = match hash {
        ThumbprintHash::SHA256 => &ring::digest::SHA256,
        ThumbprintHash::SHA384 => &ring::digest::SHA384,
        ThumbprintHash::SHA512 => &ring::digest::SHA512,
        _ => return Err(unsupported()),
    };
    Ok(ring::digest::digest(algorithm, data).as_ref().to_vec())
}
