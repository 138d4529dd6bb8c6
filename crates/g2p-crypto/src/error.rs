//! What can go wrong, in words for the person who has to mend it. None carries key material or a payload.

use thiserror::Error;

/// A key or key set cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum KeyError {
    /// The text is not PEM.
    #[error("the key is not PEM text: expected a block that starts with -----BEGIN PRIVATE KEY-----")]
    NotPem,
    /// The PEM block holds something else.
    #[error(
        "the PEM block is a \"{0}\", expected an unencrypted PKCS#8 \"PRIVATE KEY\": \
         convert it with openssl pkcs8 -topk8 -nocrypt"
    )]
    WrongPemLabel(String),
    /// The bytes are no private key of a kind we use.
    #[error("the key is not an Ed25519, P-256 or RSA (2048 bits or more) private key in PKCS#8 form")]
    NotPrivateKey,
    /// The bytes are no public key of a kind we use.
    #[error("the key is not an Ed25519, P-256 or RSA public key in SubjectPublicKeyInfo form")]
    NotPublicKey,
    /// A symmetric key where a public one belongs.
    #[error(
        "the key set holds a symmetric key (kty \"oct\"): a shared secret must not be published; remove it"
    )]
    Symmetric,
    /// A private key where a public one belongs.
    #[error(
        "the key set holds a private key (member \"d\"): treat that key as leaked, replace it, publish public keys only"
    )]
    Private,
    /// The JWK's type or curve is not supported.
    #[error("a key of type \"{0}\" is not supported: use Ed25519, P-256 or RSA")]
    Unsupported(String),
    /// A JWK member is missing or has the wrong form.
    #[error("the key's member \"{0}\" is missing or malformed")]
    Member(&'static str),
    /// The JSON is not a key or key set.
    #[error("the text is not a JSON Web Key (set): {0}")]
    Json(String),
    /// The key is meant for something else.
    #[error("the key is marked for another use than signatures")]
    NotForSignatures,
    /// The random generator of the system failed.
    #[error("the system's random generator failed")]
    Random,
}

/// A signature cannot be made or does not hold.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SignatureError {
    /// Not `protected..signature` or `protected.payload.signature`.
    #[error("the signature must have exactly three parts separated by dots, it has {0}")]
    Parts(usize),
    /// The middle part of a detached signature is neither empty nor the payload's.
    #[error("the signature carries another payload than the message it came with")]
    PayloadDiffers,
    /// A part is not base64url.
    #[error("the {0} part of the signature is not base64url without padding")]
    Encoding(&'static str),
    /// The protected header is not usable.
    #[error("the protected header of the signature is malformed: {0}")]
    Header(&'static str),
    /// `none` or an HMAC.
    #[error("the signature algorithm \"{0}\" is refused: sign with EdDSA, ES256, RS256 or PS256")]
    AlgorithmRefused(String),
    /// Another algorithm we do not accept.
    #[error("the signature algorithm \"{0}\" is not supported: sign with EdDSA, ES256, RS256 or PS256")]
    AlgorithmUnknown(String),
    /// No key of that id (or none of that algorithm) is known.
    #[error("no key \"{0}\" is registered for the sender")]
    UnknownKey(String),
    /// The key exists and is of another kind.
    #[error("the key is not one for the algorithm {0}")]
    KeyMismatch(&'static str),
    /// The signature does not fit message and key.
    #[error("the signature does not match the message")]
    Invalid,
    /// The text of a message signature cannot be read.
    #[error("the message signature is malformed: {0}")]
    Malformed(&'static str),
    /// Created in the future.
    #[error(
        "the signature says it was created in the future (created {created}, now {now}): check the clocks"
    )]
    NotYetValid { created: i64, now: i64 },
    /// Past its time.
    #[error("the signature has expired (expires {expires}, now {now})")]
    Expired { expires: i64, now: i64 },
    /// The text is far longer than any signature.
    #[error("the signature text is too long")]
    TooLong,
    /// The key cannot sign (random generator or key failure).
    #[error("signing failed")]
    Signing,
}

/// A bearer token cannot be made or is not accepted.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum TokenError {
    /// Not a JWT.
    #[error("the token is not a JSON Web Token: {0}")]
    Malformed(String),
    /// Signature, algorithm or key.
    #[error(transparent)]
    Signature(#[from] SignatureError),
    /// The algorithm is known but not allowed here.
    #[error("the token is signed with {0}, which is not allowed here")]
    AlgorithmNotAllowed(&'static str),
    /// `exp` has passed.
    #[error("the token has expired")]
    Expired,
    /// `nbf` or `iat` is in the future.
    #[error("the token is not valid yet")]
    NotYetValid,
    /// Another issuer.
    #[error("the token comes from another issuer than the expected one")]
    Issuer,
    /// Another audience.
    #[error("the token is meant for another audience")]
    Audience,
    /// A required claim is missing or has the wrong type.
    #[error("the token's claim \"{0}\" is missing or malformed")]
    Claim(String),
    /// Another crypto provider was installed before ours.
    #[error(
        "another jsonwebtoken provider is installed in this process: call install_jwt_provider first thing in main"
    )]
    Provider,
}

/// A sealed value cannot be made or opened.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SealError {
    /// Not a key of 32 bytes, or a key id that is empty or longer than 255 bytes.
    #[error("a sealing key needs an id of 1 to 255 bytes and exactly 32 bytes of key")]
    BadKey,
    /// The bytes are not a sealed value.
    #[error("the value is not a sealed value")]
    Malformed,
    /// Sealed with a key we do not hold.
    #[error("the value is sealed with key \"{0}\", which this process does not hold")]
    UnknownKey(String),
    /// Wrong key, changed bytes, or moved to another place.
    #[error("the sealed value does not open: it was changed, or it belongs to another place")]
    Refused,
    /// The random generator of the system failed.
    #[error("the system's random generator failed")]
    Random,
}
