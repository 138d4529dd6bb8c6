//! JSON Web Keys (RFC 7517, 7638, 8037): public keys only.

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use crate::algorithm::Algorithm;
use crate::encoding::{b64url, printable};
use crate::error::{KeyError, SignatureError};
use crate::hash::sha256;
use crate::public_pem::jwk_from_spki;
use crate::signing_key::decode_pem;
use crate::verifying_key::VerifyingKey;

/// A public key as JSON. Members we do not use (`x5c`, `x5t`, …) are dropped when read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Jwk {
    /// `OKP`, `EC` or `RSA`; others are kept as read and refused on use.
    pub kty: String,
    /// Curve: `Ed25519` or `P-256`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub crv: Option<String>,
    /// Public key (OKP) or x coordinate (EC), base64url.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub x: Option<String>,
    /// y coordinate (EC), base64url.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub y: Option<String>,
    /// Modulus (RSA), base64url.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub n: Option<String>,
    /// Public exponent (RSA), base64url.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub e: Option<String>,
    /// The key's id; by our rule its RFC 7638 thumbprint.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kid: Option<String>,
    /// The one algorithm this key is for, if it says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alg: Option<String>,
    /// `sig` or `enc`.
    #[serde(rename = "use", skip_serializing_if = "Option::is_none")]
    pub key_use: Option<String>,
    /// `["verify"]` and the like.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_ops: Option<Vec<String>>,
}

impl Jwk {
    /// Reads one key from JSON text.
    ///
    /// # Errors
    /// [`KeyError::Symmetric`] for `oct`, [`KeyError::Private`] for a private key, [`KeyError::Json`] for anything that
    /// is not a JWK.
    pub fn parse(json: &str) -> Result<Self, KeyError> {
        let value = serde_json::from_str(json).map_err(|e| KeyError::Json(json_problem(&e)))?;
        Self::from_value(&value)
    }

    /// Reads one key from a JSON value. Errors as [`Jwk::parse`].
    pub fn from_value(value: &Value) -> Result<Self, KeyError> {
        let Value::Object(members) = value else { return Err(KeyError::Json("not an object".into())) };
        let text = |name: &'static str| match members.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(s)) => Ok(Some(s.clone())),
            Some(_) => Err(KeyError::Member(name)),
        };
        let kty = text("kty")?.ok_or(KeyError::Member("kty"))?;
        if kty == "oct" {
            return Err(KeyError::Symmetric);
        }
        if members.contains_key("d") {
            return Err(KeyError::Private);
        }
        let key_ops = members.get("key_ops").and_then(Value::as_array);
        Ok(Self {
            kty,
            crv: text("crv")?,
            x: text("x")?,
            y: text("y")?,
            n: text("n")?,
            e: text("e")?,
            kid: text("kid")?,
            alg: text("alg")?,
            key_use: text("use")?,
            key_ops: key_ops.map(|ops| ops.iter().filter_map(Value::as_str).map(str::to_owned).collect()),
        })
    }

    /// Reads a public key from a PEM block `PUBLIC KEY` (SubjectPublicKeyInfo), as `openssl pkey -pubout` writes it.
    ///
    /// # Errors
    /// [`KeyError::NotPem`], [`KeyError::Private`] when it is a private key, [`KeyError::NotPublicKey`].
    pub fn from_public_pem(pem: &str) -> Result<Self, KeyError> {
        let (label, der) = decode_pem(pem)?;
        match label.as_str() {
            "PUBLIC KEY" => jwk_from_spki(&der).ok_or(KeyError::NotPublicKey),
            private if private.ends_with("PRIVATE KEY") => Err(KeyError::Private),
            _ => Err(KeyError::NotPublicKey),
        }
    }

    pub(crate) fn ed25519(public: &[u8]) -> Self {
        Self { crv: Some("Ed25519".into()), x: Some(b64url(public)), ..Self::bare("OKP", Algorithm::EdDsa) }
            .with_kid()
    }

    /// `point` is uncompressed: `4 | x | y`, 65 bytes.
    pub(crate) fn p256(point: &[u8]) -> Result<Self, KeyError> {
        let (x, y) = match point.split_first() {
            Some((4, xy)) if xy.len() == 64 => xy.split_at(32),
            _ => return Err(KeyError::Member("x")),
        };
        let base = Self::bare("EC", Algorithm::Es256);
        Ok(Self { crv: Some("P-256".into()), x: Some(b64url(x)), y: Some(b64url(y)), ..base }.with_kid())
    }

    /// Big-endian modulus and exponent without leading zeros. Carries no `alg`: the key serves RS256 and PS256.
    pub(crate) fn rsa(n: &[u8], e: &[u8]) -> Self {
        let base = Self::bare("RSA", Algorithm::Rs256);
        Self { n: Some(b64url(n)), e: Some(b64url(e)), alg: None, ..base }.with_kid()
    }

    fn bare(kty: &str, alg: Algorithm) -> Self {
        Self {
            kty: kty.into(),
            crv: None,
            x: None,
            y: None,
            n: None,
            e: None,
            kid: None,
            alg: Some(alg.as_str().into()),
            key_use: Some("sig".into()),
            key_ops: None,
        }
    }

    fn with_kid(mut self) -> Self {
        self.kid = self.thumbprint().ok();
        self
    }

    /// RFC 7638 SHA-256 thumbprint, base64url.
    ///
    /// # Errors
    /// [`KeyError`] when a member the thumbprint needs is missing or the type is unknown.
    pub fn thumbprint(&self) -> Result<String, KeyError> {
        fn need<'a>(member: &'a Option<String>, name: &'static str) -> Result<&'a str, KeyError> {
            member.as_deref().ok_or(KeyError::Member(name))
        }
        // The required members in the order of their names; serde_json escapes what needs it.
        let members: Vec<(&str, &str)> = match self.kty.as_str() {
            "OKP" => vec![("crv", need(&self.crv, "crv")?), ("kty", "OKP"), ("x", need(&self.x, "x")?)],
            "EC" => vec![
                ("crv", need(&self.crv, "crv")?),
                ("kty", "EC"),
                ("x", need(&self.x, "x")?),
                ("y", need(&self.y, "y")?),
            ],
            "RSA" => vec![("e", need(&self.e, "e")?), ("kty", "RSA"), ("n", need(&self.n, "n")?)],
            other => return Err(KeyError::Unsupported(printable(other))),
        };
        let object: serde_json::Map<String, Value> =
            members.into_iter().map(|(k, v)| (k.to_owned(), Value::from(v))).collect();
        Ok(b64url(&sha256(&crate::canonical_json(&Value::Object(object)))))
    }

    /// The key's `kid`, or its thumbprint when it has none.
    #[must_use]
    pub fn key_id(&self) -> Option<String> {
        self.kid.clone().or_else(|| self.thumbprint().ok())
    }
}

impl<'de> Deserialize<'de> for Jwk {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::from_value(&Value::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

/// A set of public keys: `{"keys": [...]}`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Jwks {
    /// The keys, in the order of the document.
    pub keys: Vec<Jwk>,
}

impl Jwks {
    /// A set of these keys.
    #[must_use]
    pub fn new(keys: Vec<Jwk>) -> Self {
        Self { keys }
    }

    /// Reads a key set (or a single key, which becomes a set of one). Keys with malformed members are left out, as
    /// RFC 7517 section 5 advises: one strange key must not stop the others.
    ///
    /// # Errors
    /// [`KeyError::Symmetric`] and [`KeyError::Private`]: such a document should never have been published;
    /// [`KeyError::Json`] when it is no key set at all.
    pub fn parse(json: &str) -> Result<Self, KeyError> {
        let value: Value = serde_json::from_str(json).map_err(|e| KeyError::Json(json_problem(&e)))?;
        Self::from_value(&value)
    }

    /// Reads a key set from a JSON value. Errors as [`Jwks::parse`].
    pub fn from_value(value: &Value) -> Result<Self, KeyError> {
        let Some(keys) = value.get("keys") else {
            return Jwk::from_value(value).map(|key| Self { keys: vec![key] });
        };
        let keys = keys.as_array().ok_or_else(|| KeyError::Json("\"keys\" is not an array".into()))?;
        let mut found = Vec::with_capacity(keys.len());
        for key in keys {
            match Jwk::from_value(key) {
                Ok(key) => found.push(key),
                Err(refused @ (KeyError::Symmetric | KeyError::Private)) => return Err(refused),
                Err(_) => {}
            }
        }
        Ok(Self { keys: found })
    }

    /// The keys whose id (or thumbprint) is `kid`.
    pub fn with_kid<'a>(&'a self, kid: &'a str) -> impl Iterator<Item = &'a Jwk> {
        self.keys.iter().filter(move |key| match &key.kid {
            Some(own) => own == kid,
            None => key.thumbprint().is_ok_and(|t| t == kid),
        })
    }

    /// The usable keys for a signature: those with `kid`, or without a `kid` all that fit the algorithm (at most 32, so
    /// that a message cannot make us try without end).
    ///
    /// # Errors
    /// [`SignatureError::UnknownKey`] when there is none, [`SignatureError::KeyMismatch`] when the key with that id is
    /// of another kind.
    pub(crate) fn candidates(
        &self,
        kid: Option<&str>,
        alg: Algorithm,
    ) -> Result<Vec<VerifyingKey>, SignatureError> {
        let usable = |key: &Jwk| VerifyingKey::from_jwk(key).ok();
        let Some(kid) = kid else {
            let all: Vec<_> =
                self.keys.iter().filter_map(usable).filter(|k| k.supports(alg)).take(32).collect();
            return if all.is_empty() {
                Err(SignatureError::UnknownKey(format!("any {alg}")))
            } else {
                Ok(all)
            };
        };
        let named: Vec<_> = self.with_kid(kid).filter_map(usable).collect();
        if named.is_empty() {
            return Err(SignatureError::UnknownKey(printable(kid)));
        }
        let fitting: Vec<_> = named.into_iter().filter(|key| key.supports(alg)).collect();
        if fitting.is_empty() { Err(SignatureError::KeyMismatch(alg.as_str())) } else { Ok(fitting) }
    }
}

impl<'de> Deserialize<'de> for Jwks {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::from_value(&Value::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

/// Where the JSON breaks, without quoting any of it.
fn json_problem(error: &serde_json::Error) -> String {
    format!("{:?} error at line {} column {}", error.classify(), error.line(), error.column())
}
