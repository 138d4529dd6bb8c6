use g2p_crypto::{Algorithm, Jwk, Jwks, KeyError, SignatureError, SigningKey, VerifyingKey};
use serde_json::json;

use crate::support::{all_keys, rfc7515_rsa, rfc7515_rsa_spki};

fn pem(label: &str, der: &[u8]) -> String {
    use base64::Engine;
    let body = base64::engine::general_purpose::STANDARD.encode(der);
    format!("-----BEGIN {label}-----\n{body}\n-----END {label}-----\n")
}

#[test]
fn a_key_survives_pem_and_der() {
    for key in all_keys() {
        let pem = key.to_pkcs8_pem();
        assert!(pem.lines().all(|line| line.len() <= 64));
        for again in [
            SigningKey::from_pkcs8_pem(&pem).unwrap(),
            SigningKey::from_pkcs8_der(&key.to_pkcs8_der()).unwrap(),
        ] {
            assert_eq!(again.kid(), key.kid());
            assert_eq!(again.algorithm(), key.algorithm());
            let signature = again.sign(b"message").unwrap();
            key.verifying_key().unwrap().verify(key.algorithm(), b"message", &signature).unwrap();
        }
    }
}

#[test]
fn windows_line_ends_and_text_around_the_block_are_fine() {
    let key = SigningKey::generate_ed25519().unwrap();
    let pem = format!("Bag Attributes: none\r\n{}", key.to_pkcs8_pem().replace('\n', "\r\n"));
    assert_eq!(SigningKey::from_pkcs8_pem(&pem).unwrap().kid(), key.kid());
}

#[test]
fn errors_say_what_to_do() {
    let wrong = SigningKey::from_pkcs8_pem(&pem("RSA PRIVATE KEY", b"1234")).unwrap_err();
    assert!(wrong.to_string().contains("openssl pkcs8 -topk8 -nocrypt"), "{wrong}");
    assert_eq!(SigningKey::from_pkcs8_pem("hello").unwrap_err(), KeyError::NotPem);
    assert_eq!(
        SigningKey::from_pkcs8_pem(&pem("PRIVATE KEY", b"1234")).unwrap_err(),
        KeyError::NotPrivateKey
    );
}

#[test]
fn debug_shows_the_id_and_no_key() {
    for key in all_keys() {
        let shown = format!("{key:?}");
        assert_eq!(shown, format!("SigningKey({} {})", key.algorithm(), key.kid()));
    }
}

#[test]
fn public_jwk_has_the_thumbprint_as_kid_and_nothing_private() {
    for key in all_keys() {
        let json = serde_json::to_value(key.public_jwk()).unwrap();
        assert_eq!(json["kid"], key.kid());
        assert_eq!(json["use"], "sig");
        for private in ["d", "p", "q", "dp", "dq", "qi", "k"] {
            assert!(json.get(private).is_none());
        }
        let back: Jwk = serde_json::from_value(json).unwrap();
        assert_eq!(back, key.public_jwk());
        assert_eq!(back.thumbprint().unwrap(), key.kid());
    }
}

#[test]
fn public_keys_are_read_from_pem() {
    let rsa = Jwk::from_public_pem(&pem("PUBLIC KEY", &rfc7515_rsa_spki())).unwrap();
    assert_eq!(rsa, rfc7515_rsa().public_jwk());
    // The key of RFC 8037 A.2 and a P-256 key as `openssl pkey -pubout` writes them.
    let ed = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\n-----END PUBLIC KEY-----\n";
    assert_eq!(Jwk::from_public_pem(ed).unwrap().kid.unwrap(), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
    let p256 = "-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEbh32WLW7N7oJP3LnyWVowR3aenbg\nDLqrU3XRQsf8thK3+tm0sB49NRifCoTAkarWbGbcEjFZd5JQazhnjkQ0Yg==\n-----END PUBLIC KEY-----\n";
    assert_eq!(Jwk::from_public_pem(p256).unwrap().crv.unwrap(), "P-256");
    let private = SigningKey::generate_ed25519().unwrap().to_pkcs8_pem();
    assert_eq!(Jwk::from_public_pem(&private).unwrap_err(), KeyError::Private);
    assert_eq!(Jwk::from_public_pem(&pem("PUBLIC KEY", &[0x30, 0x84])).unwrap_err(), KeyError::NotPublicKey);
}

#[test]
fn secrets_in_a_key_set_are_refused_loudly() {
    assert_eq!(Jwks::parse(r#"{"keys":[{"kty":"oct","k":"c2VjcmV0"}]}"#).unwrap_err(), KeyError::Symmetric);
    let private = r#"{"keys":[{"kty":"OKP","crv":"Ed25519","x":"AA","d":"AA"}]}"#;
    assert_eq!(Jwks::parse(private).unwrap_err(), KeyError::Private);
    assert!(serde_json::from_str::<Jwk>(r#"{"kty":"oct","k":"c2VjcmV0"}"#).is_err());
}

#[test]
fn a_set_with_strange_keys_still_serves_the_good_ones() {
    let good = SigningKey::generate_ed25519().unwrap();
    let set = json!({"keys": [
        {"kty": "quantum", "kid": "q"},
        {"kty": "EC", "crv": "P-521", "x": "AA", "y": "AA"},
        {"kty": 7},
        "text",
        {"kty": "RSA", "n": "AQAB", "e": "AQAB", "kid": "short", "x5c": ["..."], "unknown": {"a": 1}},
        good.public_jwk(),
    ]});
    let set = Jwks::from_value(&set).unwrap();
    let header = g2p_crypto::sign_detached(&good, b"x").unwrap();
    assert_eq!(g2p_crypto::verify_detached(&header, b"x", &set).unwrap().kid, good.kid());
    assert!(Jwks::parse("[]").is_err());
    assert!(Jwks::parse(r#"{"keys":{}}"#).is_err());
    assert_eq!(Jwks::parse(&serde_json::to_string(&good.public_jwk()).unwrap()).unwrap().keys.len(), 1);
}

#[test]
fn a_key_for_another_use_does_not_verify() {
    let mut jwk = SigningKey::generate_ed25519().unwrap().public_jwk();
    jwk.key_use = Some("enc".into());
    assert_eq!(VerifyingKey::from_jwk(&jwk).unwrap_err(), KeyError::NotForSignatures);
    jwk.key_use = None;
    jwk.key_ops = Some(vec!["sign".into()]);
    assert_eq!(VerifyingKey::from_jwk(&jwk).unwrap_err(), KeyError::NotForSignatures);
}

#[test]
fn rsa_under_2048_bits_is_refused() {
    let jwk = Jwk::from_value(&json!({"kty": "RSA", "n": "A".repeat(171), "e": "AQAB"})).unwrap();
    assert!(matches!(VerifyingKey::from_jwk(&jwk), Err(KeyError::Unsupported(_))));
}

#[test]
fn a_key_verifies_its_own_algorithm_only() {
    let mut jwk = rfc7515_rsa().public_jwk();
    let signature = rfc7515_rsa().sign(b"m").unwrap();
    VerifyingKey::from_jwk(&jwk).unwrap().verify(Algorithm::Rs256, b"m", &signature).unwrap();
    jwk.alg = Some("PS256".into());
    let pss_only = VerifyingKey::from_jwk(&jwk).unwrap();
    assert_eq!(
        pss_only.verify(Algorithm::Rs256, b"m", &signature).unwrap_err(),
        SignatureError::KeyMismatch("RS256")
    );
}

#[test]
fn ps256_is_verified() {
    let key = rfc7515_rsa();
    let pair = ring::signature::RsaKeyPair::from_pkcs8(&key.to_pkcs8_der()).unwrap();
    let protected = crate::support::b64(format!(r#"{{"alg":"PS256","kid":"{}"}}"#, key.kid()).as_bytes());
    let signed = format!("{protected}.{}", crate::support::b64(b"payload"));
    let mut signature = vec![0; pair.public().modulus_len()];
    let rng = ring::rand::SystemRandom::new();
    pair.sign(&ring::signature::RSA_PSS_SHA256, &rng, signed.as_bytes(), &mut signature).unwrap();
    let header = format!("{protected}..{}", crate::support::b64(&signature));
    let verified = g2p_crypto::verify_detached(&header, b"payload", &key.public_jwks()).unwrap();
    assert_eq!(verified.alg, Algorithm::Ps256);
    let refused = g2p_crypto::verify_detached(&header, b"other", &key.public_jwks()).unwrap_err();
    assert_eq!(refused, SignatureError::Invalid);
}
