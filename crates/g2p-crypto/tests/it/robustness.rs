//! Nothing that comes from outside may panic, however strange.

use g2p_crypto::{
    Jwk, Jwks, JwtExpectations, KeyRing, MessageSignature, SealKey, SigningKey, VerifyingKey,
    detached_key_id, verify_attached, verify_detached, verify_jwt, verify_message,
};
use proptest::prelude::*;
use serde_json::Value;

/// Texts that look a little like what the parsers expect.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "[A-Za-z0-9_.=-]{0,80}",
        r#"(eyJhbGciOiJFZERTQSJ9|eyJhbGciOiJSUzI1NiJ9|e30|W10)\.[A-Za-z0-9_-]{0,20}\.[A-Za-z0-9_-]{0,90}"#,
        r#"(Signature: )?((created|expires|kidId|headers|signature|digest)="[a-z0-9|()= ]{0,20}",? ?){0,8}"#,
        r#"-----BEGIN (PUBLIC|PRIVATE) KEY-----[A-Za-z0-9+/=\n]{0,100}-----END (PUBLIC|PRIVATE) KEY-----"#,
        r#"\{"(keys|kty|n)":(\[\{"kty":"(RSA|EC|OKP|oct)","(n|x|crv)":("[A-Za-z0-9]{0,9}"|1|null)\}\]|"RSA")\}"#,
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn parsers_never_panic(text in text(), payload in proptest::collection::vec(any::<u8>(), 0..20)) {
        let key = SigningKey::from_pkcs8_der(&crate::support::ed25519_pkcs8(&[7; 32])).unwrap();
        let keys = key.public_jwks();
        prop_assert!(verify_detached(&text, &payload, &keys).is_err());
        prop_assert!(verify_attached(&text, &keys).is_err());
        let _ = detached_key_id(&text);
        let _ = MessageSignature::parse(&text);
        prop_assert!(verify_message(&text, &payload, &payload, &keys, 0, 0).is_err());
        prop_assert!(verify_jwt::<Value>(&text, &keys, &JwtExpectations::default()).is_err());
        prop_assert!(SigningKey::from_pkcs8_pem(&text).is_err());
        let _ = Jwk::from_public_pem(&text);
        if let Ok(jwk) = Jwk::parse(&text) {
            let _ = VerifyingKey::from_jwk(&jwk);
        }
        let _ = Jwks::parse(&text);
    }

    #[test]
    fn byte_parsers_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let ring = KeyRing::new(SealKey::new("k", &[7; 32]).unwrap(), vec![]);
        prop_assert!(ring.open(b"", &bytes).is_err());
        let _ = g2p_crypto::sealed_key_id(&bytes);
        prop_assert!(SigningKey::from_pkcs8_der(&bytes).is_err());
    }

    #[test]
    fn broken_public_keys_never_panic(at in any::<prop::sample::Index>(), byte in any::<u8>(), cut in any::<prop::sample::Index>()) {
        use base64::Engine;
        let mut der = crate::support::rfc7515_rsa_spki();
        let index = at.index(der.len());
        der[index] = byte;
        der.truncate(cut.index(der.len() + 1));
        let body = base64::engine::general_purpose::STANDARD.encode(&der);
        let _ = Jwk::from_public_pem(&format!("-----BEGIN PUBLIC KEY-----\n{body}\n-----END PUBLIC KEY-----"));
    }
}

/// A sender's `orjson` writes the shortest text of the exact double; reading it only nearly would break the signature.
#[test]
fn numbers_come_out_as_they_went_in() {
    for text in ["3e23", "2.2250738585072014e-308", "0.1", "1.7976931348623157e308", "1234567890123456.8"] {
        let value: serde_json::Value = serde_json::from_str(text).unwrap();
        let canonical = g2p_crypto::canonical_json(&value);
        assert_eq!(std::str::from_utf8(&canonical).unwrap(), text);
    }
}
