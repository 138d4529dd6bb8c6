//! Cryptography of the platform: what signs, verifies, hashes and seals. No I/O, no clock of its own.
//!
//! * [`SigningKey`], [`VerifyingKey`], [`Jwk`], [`Jwks`]: keys (Ed25519, P-256, RSA) and key sets;
//! * [`sign_detached`] / [`verify_detached`]: detached JWS, the HTTP header `Signature: <protected>..<signature>`;
//! * [`sign_message`] / [`verify_message`]: the `signature` member of a G2P-Connect envelope (HTTP-signature style);
//! * [`issue_jwt`] / [`verify_jwt`]: bearer tokens, through `jsonwebtoken` with a provider on ring;
//! * [`KeyedHash`]: pseudonyms and blind indexes; [`KeyRing`]: sealed values (AES-256-GCM) with key rotation;
//! * [`canonical_json`], [`sha256_hex`], [`constant_time_eq`].
//!
//! Everything rests on ring and nothing else in the workspace names it, so the library below can be changed here.

mod algorithm;
mod canonical;
mod encoding;
mod error;
mod hash;
mod jwk;
mod jws;
mod jwt;
mod jwt_provider;
mod message_signature;
mod public_pem;
mod python_json;
mod seal;
mod signing_key;
mod verifying_key;

pub use algorithm::Algorithm;
pub use canonical::canonical_json;
pub use error::{KeyError, SealError, SignatureError, TokenError};
pub use hash::{KeyedHash, Sha256, constant_time_eq, random_token, sha256, sha256_hex, sha512};
pub use jwk::{Jwk, Jwks};
pub use jws::{
    VerifiedAttached, VerifiedKid, detached_key_id, sign_attached, sign_detached, sign_detached_json,
    verify_attached, verify_detached, verify_detached_json,
};
pub use jwt::{JwtExpectations, issue_jwt, verify_jwt};
pub use jwt_provider::install_jwt_provider;
pub use message_signature::{MessageSignature, sign_message, signing_string, verify_message};
pub use python_json::python_json;
pub use seal::{KeyRing, SealKey, open, seal, sealed_key_id};
pub use signing_key::SigningKey;
pub use verifying_key::VerifyingKey;
