use g2p_crypto::{
    Algorithm, Jwks, SignatureError, SigningKey, canonical_json, detached_key_id, sign_attached,
    sign_detached, sign_detached_json, verify_attached, verify_detached, verify_detached_json,
};
use proptest::prelude::*;
use serde_json::Value;

use crate::support::{all_keys, b64, jwks, unb64};

/// A detached signature under a protected header of our choosing.
fn forge(key: &SigningKey, protected: &str, payload: &[u8]) -> String {
    let protected = b64(protected.as_bytes());
    let signature = key.sign(format!("{protected}.{}", b64(payload)).as_bytes()).unwrap();
    format!("{protected}..{}", b64(&signature))
}

#[test]
fn every_kind_of_key_signs_and_verifies() {
    let keys = all_keys();
    let set = jwks(&keys.iter().collect::<Vec<_>>());
    for key in &keys {
        let header = sign_detached(key, b"{\"amount\":500.00}").unwrap();
        let verified = verify_detached(&header, b"{\"amount\":500.00}", &set).unwrap();
        assert_eq!((verified.kid.as_str(), verified.alg), (key.kid(), key.algorithm()));
        assert_eq!(detached_key_id(&header).unwrap().as_deref(), Some(key.kid()));
        assert_eq!(
            verify_detached(&header, b"{\"amount\":500.01}", &set).unwrap_err(),
            SignatureError::Invalid
        );
        let token = sign_attached(key, b"payload").unwrap();
        assert_eq!(verify_attached(&token, &set).unwrap().payload, b"payload");
    }
}

#[test]
fn json_bodies_may_be_spaced_and_ordered_anyhow() {
    let key = SigningKey::generate_ed25519().unwrap();
    let sent: Value = serde_json::from_str(r#"{"b": {"d": [1, 2.50], "c": "Ö"}, "a": null}"#).unwrap();
    let received: Value =
        serde_json::from_str("{\"a\":null,\n\"b\":{\"c\":\"\\u00d6\",\"d\":[1,2.5]}}").unwrap();
    let header = sign_detached_json(&key, &sent).unwrap();
    verify_detached_json(&header, &received, &key.public_jwks()).unwrap();
}

#[test]
fn canonical_json_is_what_orjson_writes_with_sorted_keys() {
    let value: Value =
        serde_json::from_str(r#"{"z":1,"a":{"é":"ü\n\u0001\"\\/","B":[true,null,1.0,-5,1e16]},"Z":{}}"#)
            .unwrap();
    assert_eq!(
        String::from_utf8(canonical_json(&value)).unwrap(),
        "{\"Z\":{},\"a\":{\"B\":[true,null,1.0,-5,1e16],\"é\":\"ü\\n\\u0001\\\"\\\\/\"},\"z\":1}"
    );
}

#[test]
fn no_kid_tries_all_keys_of_the_algorithm() {
    let (first, second) = (SigningKey::generate_ed25519().unwrap(), SigningKey::generate_ed25519().unwrap());
    let header = forge(&second, r#"{"alg":"EdDSA","typ":"JWT"}"#, b"x");
    let verified = verify_detached(&header, b"x", &jwks(&[&first, &second])).unwrap();
    assert_eq!(verified.kid, second.kid());
    assert_eq!(verify_detached(&header, b"x", &jwks(&[&first])).unwrap_err(), SignatureError::Invalid);
}

#[test]
fn a_named_key_is_the_only_one_tried() {
    let (ours, theirs) = (SigningKey::generate_ed25519().unwrap(), SigningKey::generate_ed25519().unwrap());
    let set = jwks(&[&ours, &theirs]);
    let header = forge(&theirs, &format!(r#"{{"alg":"EdDSA","kid":"{}"}}"#, ours.kid()), b"x");
    assert_eq!(verify_detached(&header, b"x", &set).unwrap_err(), SignatureError::Invalid);
    let header = sign_detached(&theirs, b"x").unwrap();
    assert_eq!(
        verify_detached(&header, b"x", &jwks(&[&ours])).unwrap_err(),
        SignatureError::UnknownKey(theirs.kid().into())
    );
}

#[test]
fn none_and_hmac_are_refused_by_name() {
    let key = SigningKey::generate_ed25519().unwrap();
    for alg in ["none", "None", "HS256", "HS384", "HS512"] {
        let header = forge(&key, &format!(r#"{{"alg":"{alg}"}}"#), b"x");
        let refused = SignatureError::AlgorithmRefused(alg.into());
        assert_eq!(verify_detached(&header, b"x", &key.public_jwks()).unwrap_err(), refused);
    }
    let unsigned = format!("{}..", b64(br#"{"alg":"none"}"#));
    let refused = SignatureError::AlgorithmRefused("none".into());
    assert_eq!(verify_detached(&unsigned, b"x", &key.public_jwks()).unwrap_err(), refused);
    let header = forge(&key, r#"{"alg":"ES512"}"#, b"x");
    let unknown = SignatureError::AlgorithmUnknown("ES512".into());
    assert_eq!(verify_detached(&header, b"x", &key.public_jwks()).unwrap_err(), unknown);
}

#[test]
fn a_key_cannot_be_taken_for_another_kind() {
    let ed = SigningKey::generate_ed25519().unwrap();
    let header = forge(&ed, &format!(r#"{{"alg":"RS256","kid":"{}"}}"#, ed.kid()), b"x");
    let mismatch = SignatureError::KeyMismatch(Algorithm::Rs256.as_str());
    assert_eq!(verify_detached(&header, b"x", &ed.public_jwks()).unwrap_err(), mismatch);
}

#[test]
fn malformed_headers_are_errors_with_a_reason() {
    let key = SigningKey::generate_ed25519().unwrap();
    let set = key.public_jwks();
    let good = sign_detached(&key, b"x").unwrap();
    let check = |header: &str, expected: SignatureError| {
        assert_eq!(verify_detached(header, b"x", &set).unwrap_err(), expected, "{header}");
    };
    check("", SignatureError::Parts(1));
    check("a.b", SignatureError::Parts(2));
    check("a.b.c.d", SignatureError::Parts(4));
    check("!!..AA", SignatureError::Encoding("header"));
    check(&format!("{good}="), SignatureError::Encoding("signature"));
    check(&good.replace("..", ".eHk."), SignatureError::PayloadDiffers);
    check(&forge(&key, "[]", b"x"), SignatureError::Header("expected a JSON object with \"alg\""));
    let critical = forge(&key, r#"{"alg":"EdDSA","b64":false,"crit":["b64"]}"#, b"x");
    check(&critical, SignatureError::Header("it demands a critical extension, none is supported"));
    check(&"A".repeat(9000), SignatureError::TooLong);
    // The middle part, when it is the payload, changes nothing.
    verify_detached(&good.replace("..", ".eA."), b"x", &set).unwrap();
    verify_detached(&good, b"x", &set).unwrap();
    assert_eq!(
        verify_detached(&good, b"x", &Jwks::default()).unwrap_err(),
        SignatureError::UnknownKey(key.kid().into())
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_was_signed_verifies_and_nothing_else(
        payload in proptest::collection::vec(any::<u8>(), 0..200),
        at in any::<prop::sample::Index>(),
        bit in 0_u8..8,
    ) {
        for key in [SigningKey::generate_ed25519().unwrap(), SigningKey::generate_es256().unwrap()] {
            let set = key.public_jwks();
            let header = sign_detached(&key, &payload).unwrap();
            prop_assert!(verify_detached(&header, &payload, &set).is_ok());

            if !payload.is_empty() {
                let mut changed = payload.clone();
                changed[at.index(payload.len())] ^= 1 << bit;
                prop_assert!(verify_detached(&header, &changed, &set).is_err());
            }
            // One byte of the decoded signature.
            let (protected, signature) = header.split_once("..").unwrap();
            let mut signature = unb64(signature);
            let index = at.index(signature.len());
            signature[index] ^= 1 << bit;
            let tampered = format!("{protected}..{}", b64(&signature));
            prop_assert!(verify_detached(&tampered, &payload, &set).is_err());
            // One character of the header text.
            let mut text = header.clone().into_bytes();
            let index = at.index(text.len());
            text[index] ^= 1 << bit;
            if let Ok(text) = String::from_utf8(text) {
                let same = text.trim() == header;
                prop_assert!(same || verify_detached(&text, &payload, &set).is_err());
            }
        }
    }
}
