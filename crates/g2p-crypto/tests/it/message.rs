use g2p_crypto::{
    MessageSignature, SignatureError, SigningKey, sign_message, signing_string, verify_message,
};
use proptest::prelude::*;

use crate::support::{all_keys, jwks};

const HEADER: &[u8] = br#"{"message_id":"m-1", "sender_id":"pbms"}"#;
const MESSAGE: &[u8] = br#"{"transaction_id":"t-1","amount":500.00}"#;
const NOW: i64 = 1_767_225_600;

#[test]
fn the_signing_string_is_fixed() {
    assert_eq!(
        signing_string(1_606_970_629, 1_607_030_629, b"{\"a\":1}", b"{\"b\":2}"),
        "(created): 1606970629\n(expires): 1607030629\ndigest: SHA-256=2tPA0KTy4h9cqEraLol7kka4oBr/NqCQmn7Q3V2XdOY="
    );
}

#[test]
fn every_kind_of_key_signs_messages() {
    for key in all_keys() {
        let text = sign_message(&key, "pbms|east", HEADER, MESSAGE, NOW, 300);
        assert!(
            matches!(text, Err(SignatureError::Malformed(_))),
            "a bar in the sender id would be ambiguous"
        );
        let text = sign_message(&key, "pbms", HEADER, MESSAGE, NOW, 300).unwrap();
        let found = verify_message(&text, HEADER, MESSAGE, &key.public_jwks(), NOW + 10, 5).unwrap();
        assert_eq!((found.sender_id.as_str(), found.key_id.as_str()), ("pbms", key.kid()));
        assert_eq!((found.alg, found.created, found.expires), (key.algorithm(), NOW, NOW + 300));
    }
}

#[test]
fn the_text_has_the_form_of_the_specification() {
    let key = SigningKey::generate_ed25519().unwrap();
    let text = sign_message(&key, "pbms", HEADER, MESSAGE, 10, 5).unwrap();
    let expected = format!(
        "Signature: namespace=\"g2p\", kidId=\"pbms|{}|ed25519\", algorithm=\"ed25519\", created=\"10\", \
         expires=\"15\", headers=\"(created) (expires) digest\", signature=\"",
        key.kid()
    );
    assert!(text.starts_with(&expected), "{text}");
}

#[test]
fn exact_bytes_count() {
    let key = SigningKey::generate_ed25519().unwrap();
    let text = sign_message(&key, "pbms", HEADER, MESSAGE, NOW, 300).unwrap();
    let same_json_other_bytes = br#"{"transaction_id":"t-1","amount":500.0}"#;
    let refused =
        verify_message(&text, HEADER, same_json_other_bytes, &key.public_jwks(), NOW, 0).unwrap_err();
    assert_eq!(refused, SignatureError::Invalid);
}

#[test]
fn the_window_is_checked_with_skew() {
    let key = SigningKey::generate_ed25519().unwrap();
    let text = sign_message(&key, "pbms", HEADER, MESSAGE, NOW, 300).unwrap();
    let at = |now| verify_message(&text, HEADER, MESSAGE, &key.public_jwks(), now, 30).map(|_| ());
    assert_eq!(at(NOW - 31), Err(SignatureError::NotYetValid { created: NOW, now: NOW - 31 }));
    assert_eq!(at(NOW - 30), Ok(()));
    assert_eq!(at(NOW + 330), Ok(()));
    assert_eq!(at(NOW + 331), Err(SignatureError::Expired { expires: NOW + 300, now: NOW + 331 }));
    // The times are signed: moving them breaks the signature.
    let moved = text.replace(&format!("expires=\"{}\"", NOW + 300), &format!("expires=\"{}\"", NOW + 900));
    let refused = verify_message(&moved, HEADER, MESSAGE, &key.public_jwks(), NOW + 500, 0).unwrap_err();
    assert_eq!(refused, SignatureError::Invalid);
}

#[test]
fn spacing_prefix_namespace_and_letter_case_may_differ() {
    let key = SigningKey::generate_ed25519().unwrap();
    let text = sign_message(&key, "pbms", HEADER, MESSAGE, NOW, 300).unwrap();
    for variant in [
        text.replace("Signature: ", ""),
        text.replace(", ", ","),
        text.replace("\"g2p\"", "\"spdci\""),
        text.replace("algorithm=\"ed25519\"", "algorithm=\"EdDSA\""),
        text.replace(", algorithm=\"ed25519\"", ""),
    ] {
        verify_message(&variant, HEADER, MESSAGE, &key.public_jwks(), NOW, 0).unwrap();
    }
}

#[test]
fn a_signature_that_covers_less_or_is_malformed_is_refused() {
    let key = SigningKey::generate_ed25519().unwrap();
    let text = sign_message(&key, "pbms", HEADER, MESSAGE, NOW, 300).unwrap();
    for broken in [
        String::new(),
        "string".into(),
        "invalid-signature".into(),
        text.replace(" digest", ""),
        text.replace("|ed25519", "|es256"),
        text.replace("created=\"", "created=\"soon"),
        text.replace("pbms|", ""),
        text.replace("namespace", "created"),
        text.trim_end_matches('"').to_owned(),
    ] {
        assert!(
            matches!(MessageSignature::parse(&broken), Err(SignatureError::Malformed(_))),
            "{broken}: {:?}",
            MessageSignature::parse(&broken)
        );
    }
    let hmac = text.replace("|ed25519", "|hmac-sha256");
    assert!(matches!(MessageSignature::parse(&hmac), Err(SignatureError::AlgorithmRefused(_))));
}

#[test]
fn another_senders_key_does_not_count() {
    let (ours, theirs) = (SigningKey::generate_ed25519().unwrap(), SigningKey::generate_ed25519().unwrap());
    let text = sign_message(&theirs, "pbms", HEADER, MESSAGE, NOW, 300).unwrap();
    let unknown = SignatureError::UnknownKey(theirs.kid().into());
    assert_eq!(verify_message(&text, HEADER, MESSAGE, &jwks(&[&ours]), NOW, 0).unwrap_err(), unknown);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_changed_byte_of_the_message_fails(at in any::<prop::sample::Index>(), bit in 0_u8..8) {
        let key = SigningKey::generate_ed25519().unwrap();
        let text = sign_message(&key, "pbms", HEADER, MESSAGE, NOW, 300).unwrap();
        let mut changed = [HEADER, MESSAGE].concat();
        let index = at.index(changed.len());
        changed[index] ^= 1 << bit;
        let (header, message) = changed.split_at(HEADER.len());
        prop_assert!(verify_message(&text, header, message, &key.public_jwks(), NOW, 0).is_err());
    }
}
