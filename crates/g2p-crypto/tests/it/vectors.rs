//! Vectors of RFC 7515, 7638 and 8037.

use g2p_crypto::{Algorithm, Jwk, Jwks, SigningKey, sha256_hex, verify_attached, verify_detached};
use serde_json::json;

use crate::support::{RFC7515_N, b64, ed25519_pkcs8, rfc7515_rsa, unb64};

const ED_SEED: &str = "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A";
const ED_X: &str = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
const JOE: &str =
    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";

fn set(jwk: &serde_json::Value) -> Jwks {
    Jwks::from_value(&json!({ "keys": [jwk] })).unwrap()
}

#[test]
fn rfc8037_ed25519_key_and_thumbprint() {
    let key = SigningKey::from_pkcs8_der(&ed25519_pkcs8(&unb64(ED_SEED))).unwrap();
    assert_eq!(key.public_jwk().x.as_deref(), Some(ED_X));
    assert_eq!(key.kid(), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
}

#[test]
fn rfc8037_ed25519_signature_is_verified_and_reproduced() {
    let token = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";
    let keys = set(&json!({"kty": "OKP", "crv": "Ed25519", "x": ED_X}));
    let verified = verify_attached(token, &keys).unwrap();
    assert_eq!(verified.payload, b"Example of Ed25519 signing");
    assert_eq!(verified.key.alg, Algorithm::EdDsa);

    let key = SigningKey::from_pkcs8_der(&ed25519_pkcs8(&unb64(ED_SEED))).unwrap();
    let (signed, signature) = token.rsplit_once('.').unwrap();
    assert_eq!(b64(&key.sign(signed.as_bytes()).unwrap()), signature);

    let detached = token.replace("RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc", "");
    assert!(verify_detached(&detached, b"Example of Ed25519 signing", &keys).is_ok());
}

#[test]
fn rfc7515_a2_rs256() {
    let token = format!(
        "eyJhbGciOiJSUzI1NiJ9.{JOE}.cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw"
    );
    let keys = set(&json!({"kty": "RSA", "n": RFC7515_N, "e": "AQAB"}));
    assert_eq!(verify_attached(&token, &keys).unwrap().key.alg, Algorithm::Rs256);

    let (signed, signature) = token.rsplit_once('.').unwrap();
    assert_eq!(b64(&rfc7515_rsa().sign(signed.as_bytes()).unwrap()), signature);
}

#[test]
fn rfc7515_a3_es256() {
    let token = format!(
        "eyJhbGciOiJFUzI1NiJ9.{JOE}.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"
    );
    let keys = set(&json!({
        "kty": "EC", "crv": "P-256",
        "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
        "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
    }));
    assert_eq!(verify_attached(&token, &keys).unwrap().key.alg, Algorithm::Es256);
}

#[test]
fn rfc7638_thumbprint() {
    let jwk = Jwk::from_value(&json!({
        "kty": "RSA", "alg": "RS256", "kid": "2011-04-29", "e": "AQAB",
        "n": "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw",
    }))
    .unwrap();
    assert_eq!(jwk.thumbprint().unwrap(), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
}

#[test]
fn sha256_of_abc() {
    assert_eq!(sha256_hex(b"abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}
