//! Phones, identity numbers and addresses.

use super::text::{clip, fold, words};
use deunicode::deunicode_char;

/// Digits of a phone that are compared: the national part, without country code and trunk zero.
const PHONE_DIGITS: usize = 9;

/// The last nine digits of a phone number in any notation, as a number.
/// `None` for fewer than six digits and for fillers such as `000000` or `999999999`.
#[must_use]
pub fn phone(raw: &str) -> Option<u64> {
    let digits: Vec<u8> = clip(raw)
        .chars()
        .filter_map(|c| if c.is_ascii() { Some(c) } else { deunicode_char(c)?.chars().next() })
        .filter_map(|c| c.to_digit(10).and_then(|d| u8::try_from(d).ok()))
        .collect();
    let tail = digits.get(digits.len().saturating_sub(PHONE_DIGITS)..).unwrap_or(&digits);
    let first = *tail.first()?;
    if tail.len() < 6 || tail.iter().all(|d| *d == first) {
        return None;
    }
    // Nine digits and a leading 1 that keeps leading zeros apart.
    Some(tail.iter().fold(1_u64, |n, d| n * 10 + u64::from(*d)))
}

/// An identity number as (kind, value): `kind:value` is split at the first colon, without one the kind is empty.
/// Both are folded to letters and digits without gaps. `None` when the value is empty or one sign repeated.
#[must_use]
pub fn identity(raw: &str) -> Option<(String, String)> {
    let raw = clip(raw);
    let (kind, value) = raw.split_once(':').unwrap_or(("", raw));
    let kind = fold(kind).replace(' ', "");
    let value = fold(value).replace(' ', "");
    let first = value.bytes().next()?;
    (value.len() > 2 && !value.bytes().all(|b| b == first)).then_some((kind, value))
}

/// Address words in a fixed order, each once, at most twelve: `12 Moi Rd` and `Moi Rd 12` are equal.
#[must_use]
pub fn address(raw: &str) -> Vec<String> {
    let folded = fold(raw);
    let mut all: Vec<String> = words(&folded).map(str::to_owned).collect();
    all.sort_unstable();
    all.dedup();
    all.truncate(12);
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phones_meet_across_notations() {
        let same = ["+254 712 345 678", "0712-345678", "00254712345678", "٠٧١٢٣٤٥٦٧٨"];
        for text in same {
            assert_eq!(phone(text), phone("712345678"), "{text}");
        }
        assert_eq!(phone("000000000"), None);
        assert_eq!(phone("12"), None);
    }

    #[test]
    fn identities_keep_their_kind() {
        assert_eq!(identity("NID: 12-34 56"), Some(("nid".into(), "123456".into())));
        assert_eq!(identity("123456"), Some((String::new(), "123456".into())));
        assert_eq!(identity("NID:0000"), None);
    }
}
