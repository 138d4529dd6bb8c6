use g2p_crypto::{
    Algorithm, JwtExpectations, SignatureError, SigningKey, TokenError, install_jwt_provider, issue_jwt,
    verify_jwt,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::support::{all_keys, b64, jwks};

const NOW: i64 = 1_767_225_600;

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Claims {
    sub: String,
    iss: String,
    aud: Vec<String>,
    exp: i64,
}

fn claims() -> Claims {
    Claims { sub: "u-1".into(), iss: "https://id.example".into(), aud: vec!["pbms".into()], exp: NOW + 60 }
}

fn expected() -> JwtExpectations<'static> {
    JwtExpectations {
        issuer: Some("https://id.example"),
        audiences: &["pbms", "openg2p"],
        leeway_secs: 5,
        now: Some(NOW),
        ..JwtExpectations::default()
    }
}

fn refuse(claims: &Value, expected: &JwtExpectations<'_>) -> TokenError {
    let key = SigningKey::generate_ed25519().unwrap();
    let token = issue_jwt(&key, claims).unwrap();
    verify_jwt::<Value>(&token, &key.public_jwks(), expected).unwrap_err()
}

#[test]
fn every_kind_of_key_issues_tokens() {
    install_jwt_provider().unwrap();
    install_jwt_provider().unwrap();
    let keys = all_keys();
    let set = jwks(&keys.iter().collect::<Vec<_>>());
    for key in &keys {
        let token = issue_jwt(key, &claims()).unwrap();
        assert_eq!(verify_jwt::<Claims>(&token, &set, &expected()).unwrap(), claims());
    }
}

#[test]
fn claims_are_checked() {
    let good = serde_json::to_value(claims()).unwrap();
    let with = |name: &str, value: Value| {
        let mut claims = good.clone();
        claims[name] = value;
        claims
    };
    let without = |name: &str| {
        let mut claims = good.clone();
        claims.as_object_mut().unwrap().remove(name);
        claims
    };
    let expected = expected();
    assert_eq!(refuse(&with("exp", json!(NOW - 5)), &expected), TokenError::Expired);
    assert_eq!(refuse(&with("exp", json!("soon")), &expected), TokenError::Claim("exp".into()));
    assert_eq!(refuse(&without("exp"), &expected), TokenError::Claim("exp".into()));
    assert_eq!(refuse(&with("nbf", json!(NOW + 6)), &expected), TokenError::NotYetValid);
    assert_eq!(refuse(&with("iss", json!("https://evil.example")), &expected), TokenError::Issuer);
    assert_eq!(refuse(&without("iss"), &expected), TokenError::Claim("iss".into()));
    assert_eq!(refuse(&with("aud", json!("bridge")), &expected), TokenError::Audience);
    assert_eq!(refuse(&with("aud", json!(["bridge", "mapper"])), &expected), TokenError::Audience);
    assert_eq!(refuse(&without("aud"), &expected), TokenError::Claim("aud".into()));
    assert_eq!(refuse(&with("aud", json!(7)), &expected), TokenError::Claim("aud".into()));
}

#[test]
fn no_expected_issuer_or_audience_accepts_any() {
    let key = SigningKey::generate_ed25519().unwrap();
    let token = issue_jwt(&key, &json!({"exp": NOW, "aud": "account"})).unwrap();
    let open = JwtExpectations { now: Some(NOW), ..JwtExpectations::default() };
    assert_eq!(verify_jwt::<Value>(&token, &key.public_jwks(), &open).unwrap()["aud"], "account");
}

#[test]
fn algorithms_can_be_limited_and_none_is_refused() {
    let key = SigningKey::generate_ed25519().unwrap();
    let token = issue_jwt(&key, &claims()).unwrap();
    let only_rsa = JwtExpectations { algorithms: &[Algorithm::Rs256], ..expected() };
    assert_eq!(
        verify_jwt::<Claims>(&token, &key.public_jwks(), &only_rsa).unwrap_err(),
        TokenError::AlgorithmNotAllowed("EdDSA")
    );
    let body = b64(serde_json::to_string(&claims()).unwrap().as_bytes());
    for alg in ["none", "HS256"] {
        let forged = format!("{}.{body}.", b64(format!(r#"{{"alg":"{alg}"}}"#).as_bytes()));
        assert_eq!(
            verify_jwt::<Claims>(&forged, &key.public_jwks(), &expected()).unwrap_err(),
            TokenError::Signature(SignatureError::AlgorithmRefused(alg.into()))
        );
    }
}

#[test]
fn a_changed_token_or_another_key_is_refused() {
    let (ours, theirs) = (SigningKey::generate_ed25519().unwrap(), SigningKey::generate_ed25519().unwrap());
    let token = issue_jwt(&theirs, &claims()).unwrap();
    assert_eq!(
        verify_jwt::<Claims>(&token, &ours.public_jwks(), &expected()).unwrap_err(),
        TokenError::Signature(SignatureError::UnknownKey(theirs.kid().into()))
    );
    let [head, _, signature] = token.split('.').collect::<Vec<_>>().try_into().unwrap();
    let other = b64(json!({"sub": "admin", "exp": NOW + 60}).to_string().as_bytes());
    let forged = format!("{head}.{other}.{signature}");
    assert_eq!(
        verify_jwt::<Claims>(&forged, &theirs.public_jwks(), &expected()).unwrap_err(),
        TokenError::Signature(SignatureError::Invalid)
    );
}

#[test]
fn without_a_kid_all_keys_are_tried() {
    let (first, second) = (SigningKey::generate_ed25519().unwrap(), SigningKey::generate_ed25519().unwrap());
    let signed = format!(
        "{}.{}",
        b64(br#"{"alg":"EdDSA"}"#),
        b64(serde_json::to_string(&claims()).unwrap().as_bytes())
    );
    let token = format!("{signed}.{}", b64(&second.sign(signed.as_bytes()).unwrap()));
    assert!(verify_jwt::<Claims>(&token, &jwks(&[&first, &second]), &expected()).is_ok());
    assert!(verify_jwt::<Claims>(&token, &jwks(&[&first]), &expected()).is_err());
}

#[test]
fn errors_never_quote_the_token() {
    let key = SigningKey::generate_ed25519().unwrap();
    let token = issue_jwt(&key, &json!({"exp": NOW + 1, "sub": {"name": "Amina"}, "iss": 5})).unwrap();
    let open = JwtExpectations { now: Some(NOW), ..JwtExpectations::default() };
    let refused = verify_jwt::<Claims>(&token, &key.public_jwks(), &open).unwrap_err();
    assert!(!refused.to_string().contains("Amina"), "{refused}");
}
