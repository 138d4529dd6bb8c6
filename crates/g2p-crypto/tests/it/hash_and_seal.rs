use g2p_crypto::{
    KeyRing, KeyedHash, SealError, SealKey, constant_time_eq, random_token, seal, sealed_key_id,
};
use proptest::prelude::*;

const SECRET: &[u8] = b"a secret of thirty-two bytes....";

#[test]
fn keyed_hashes_are_stable() {
    // Stored pseudonyms depend on this value: it must never change.
    let hash = KeyedHash::new(SECRET, "social-id/pseudonym");
    assert_eq!(hash.hash("1234567890"), "nEJaQcXw3y2vZgrj3UjW5fh84H-XyCURy6xKH-466r8");
    assert_eq!(hash.hash128("1234567890"), "nEJaQcXw3y2vZgrj3UjW5Q");
}

#[test]
fn domains_and_secrets_separate() {
    let a = KeyedHash::new(SECRET, "a").hash("x");
    assert_ne!(a, KeyedHash::new(SECRET, "b").hash("x"));
    assert_ne!(a, KeyedHash::new(b"another", "a").hash("x"));
    assert_ne!(a, KeyedHash::new(SECRET, "a").hash("y"));
    assert_eq!(a.len(), 43);
    assert_eq!(format!("{:?}", KeyedHash::new(SECRET, "a")), "KeyedHash(***)");
}

#[test]
fn hashes_are_compared() {
    let hash = KeyedHash::new(SECRET, "a");
    assert!(hash.matches("x", &hash.hash("x")));
    assert!(hash.matches("x", &hash.hash128("x")));
    assert!(!hash.matches("y", &hash.hash("x")));
    assert!(!hash.matches("x", ""));
    assert!(constant_time_eq(b"", b"") && constant_time_eq(b"ab", b"ab"));
    assert!(!constant_time_eq(b"ab", b"ac") && !constant_time_eq(b"ab", b"abc"));
}

#[test]
fn random_tokens_differ() {
    assert_ne!(random_token(32).unwrap(), random_token(32).unwrap());
    assert_eq!(random_token(16).unwrap().len(), 22);
}

#[test]
fn keys_rotate_and_old_values_stay_readable() {
    let sealed = seal(&SealKey::new("2025", &[1; 32]).unwrap(), b"accounts/number/7", b"1234567890").unwrap();
    let ring =
        KeyRing::new(SealKey::generate("2026").unwrap(), vec![SealKey::new("2025", &[1; 32]).unwrap()]);
    assert_eq!(sealed_key_id(&sealed).unwrap(), "2025");
    assert_eq!(ring.open(b"accounts/number/7", &sealed).unwrap().as_slice(), b"1234567890");
    assert_eq!(sealed_key_id(&ring.seal(b"", b"x").unwrap()).unwrap(), "2026");

    let without = KeyRing::new(SealKey::generate("2026").unwrap(), vec![]);
    assert_eq!(
        without.open(b"accounts/number/7", &sealed).unwrap_err(),
        SealError::UnknownKey("2025".into())
    );
    assert_eq!(ring.open(b"accounts/number/8", &sealed).unwrap_err(), SealError::Refused);
}

#[test]
fn data_keys_are_wrapped() {
    let ring = KeyRing::new(SealKey::generate("master").unwrap(), vec![]);
    let data = SealKey::generate("batch-1").unwrap();
    let wrapped = data.wrap(ring.active()).unwrap();
    let sealed = seal(&data, b"row", b"value").unwrap();
    let again = KeyRing::new(SealKey::unwrap_with("batch-1", &ring, &wrapped).unwrap(), vec![]);
    assert_eq!(again.open(b"row", &sealed).unwrap().as_slice(), b"value");
    assert!(SealKey::unwrap_with("batch-2", &ring, &wrapped).is_err());
    assert_eq!(format!("{data:?}"), "SealKey(batch-1, ***)");
}

#[test]
fn bad_keys_are_refused() {
    assert_eq!(SealKey::new("a", &[0; 31]).unwrap_err(), SealError::BadKey);
    assert_eq!(SealKey::new("", &[0; 32]).unwrap_err(), SealError::BadKey);
    assert_eq!(SealKey::new("k".repeat(256), &[0; 32]).unwrap_err(), SealError::BadKey);
}

proptest! {
    #[test]
    fn sealed_values_open_unchanged_and_only_then(
        plain in proptest::collection::vec(any::<u8>(), 0..100),
        aad in proptest::collection::vec(any::<u8>(), 0..20),
        at in any::<prop::sample::Index>(),
        bit in 0_u8..8,
    ) {
        let ring = KeyRing::new(SealKey::new("key", &[7; 32]).unwrap(), vec![SealKey::new("kez", &[7; 32]).unwrap()]);
        let sealed = ring.seal(&aad, &plain).unwrap();
        prop_assert_eq!(ring.open(&aad, &sealed).unwrap().to_vec(), plain);
        let mut changed = sealed.clone();
        let index = at.index(changed.len());
        changed[index] ^= 1 << bit;
        prop_assert!(ring.open(&aad, &changed).is_err());
        prop_assert!(ring.open(&aad, &sealed[..at.index(sealed.len())]).is_err());
    }
}
