//! SubjectPublicKeyInfo (RFC 5280, 5480, 8410): just enough DER for the three kinds of key we use.

use crate::jwk::Jwk;

const SEQUENCE: u8 = 0x30;
const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;

/// AlgorithmIdentifier contents: OID, then the curve or NULL.
const ED25519: &[u8] = &[0x06, 0x03, 0x2b, 0x65, 0x70];
const RSA: &[u8] = &[0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00];
const P256: &[u8] = &[
    0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03,
    0x01, 0x07,
];

/// The key in a SubjectPublicKeyInfo document; `None` for anything else.
pub(crate) fn jwk_from_spki(der: &[u8]) -> Option<Jwk> {
    let (info, rest) = element(der, SEQUENCE)?;
    let (algorithm, after) = element(info, SEQUENCE)?;
    let (bits, end) = element(after, BIT_STRING)?;
    // The first byte of a BIT STRING counts unused bits; keys are whole bytes.
    let (0, key) = bits.split_first().map(|(unused, key)| (*unused, key))? else { return None };
    if !rest.is_empty() || !end.is_empty() {
        return None;
    }
    match algorithm {
        ED25519 if key.len() == 32 => Some(Jwk::ed25519(key)),
        P256 => Jwk::p256(key).ok(),
        RSA => {
            let (numbers, end) = element(key, SEQUENCE)?;
            let (n, after) = element(numbers, INTEGER)?;
            let (e, last) = element(after, INTEGER)?;
            let whole = end.is_empty() && last.is_empty();
            whole.then(|| Jwk::rsa(without_sign_byte(n), without_sign_byte(e)))
        }
        _ => None,
    }
}

/// Contents of the DER element with this tag, and what follows it.
fn element(der: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let [found, first, rest @ ..] = der else { return None };
    if *found != tag {
        return None;
    }
    let (length, rest) = if *first < 0x80 {
        (usize::from(*first), rest)
    } else {
        // Long form: one or two bytes of length reach 64 KiB, more than any key needs.
        let (bytes, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
        if bytes.is_empty() || bytes.len() > 2 {
            return None;
        }
        (bytes.iter().fold(0, |sum, b| sum * 256 + usize::from(*b)), rest)
    };
    rest.split_at_checked(length)
}

fn without_sign_byte(number: &[u8]) -> &[u8] {
    match number {
        [0, rest @ ..] => rest,
        _ => number,
    }
}
