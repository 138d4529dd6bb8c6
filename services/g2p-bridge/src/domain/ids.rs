//! Ids: checked when others make them, made from content when a dialect has none.

use g2p_crypto::sha256;
use uuid::Uuid;

const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// Longest payment id: the reference field of an MT940 `:61:` line holds 16 characters.
pub const DISBURSEMENT_ID_CHARS: usize = 16;

/// Whether a payment id can travel through a bank statement unharmed: 1 to 16 of `0-9 A-Z a-z _ -`.
#[must_use]
pub fn is_disbursement_id(id: &str) -> bool {
    (1..=DISBURSEMENT_ID_CHARS).contains(&id.len()) && id.bytes().all(is_word)
}

/// Whether an envelope or batch id of another system can be used as ours: 1 to 64 of `0-9 A-Z a-z _ - .`.
#[must_use]
pub fn is_foreign_id(id: &str) -> bool {
    (1..=64).contains(&id.len()) && id.bytes().all(|b| is_word(b) || b == b'.')
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-'
}

/// 16 characters `0-9 A-Z a-z` (95 bits) that follow from the parts and nothing else: the same content gives the same
/// id, so a request that is sent again finds what it made before. No two lists of parts are spelt alike.
#[must_use]
pub fn derived(kind: &str, parts: &[&str]) -> String {
    let mut text = kind.to_owned();
    for part in parts {
        text.push_str(&format!("\n{}:{part}", part.len()));
    }
    let digest = sha256(text.as_bytes());
    let mut number = digest.iter().take(16).fold(0_u128, |n, byte| (n << 8) | u128::from(*byte));
    (0..DISBURSEMENT_ID_CHARS)
        .map(|_| {
            let digit = usize::try_from(number % 62).unwrap_or(0);
            number /= 62;
            ALPHABET.get(digit).copied().map_or('0', char::from)
        })
        .collect()
}

/// The id of a call to a bank: it follows from the batch, the payments in it and the calls they were in before, so that a
/// call that is made again is the same call, and one that is not has another id.
#[must_use]
pub fn call(batch: Uuid, before: &[Uuid], payments: &[String]) -> Uuid {
    let mut payments: Vec<&str> = payments.iter().map(String::as_str).collect();
    payments.sort_unstable();
    let mut text = String::new();
    for call in before {
        text.push_str(&format!("{call}\n"));
    }
    text.push('\n');
    text.push_str(&payments.join("\n"));
    Uuid::new_v5(&batch, text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::{derived, is_disbursement_id, is_foreign_id};

    #[test]
    fn ids_from_content_are_stable_distinct_and_fit_a_statement() {
        let id = derived("d", &["a", "bc"]);
        assert_eq!(id, derived("d", &["a", "bc"]));
        assert_ne!(id, derived("d", &["ab", "c"]));
        assert_ne!(id, derived("e", &["a", "bc"]));
        assert!(is_disbursement_id(&id) && id.len() == 16);
    }

    #[test]
    fn ids_that_a_statement_would_cut_or_break_are_refused() {
        assert!(is_disbursement_id("1795238390333809"));
        assert!(is_disbursement_id("V1StGXR8_Z5jdHi-"));
        for bad in ["", "17952383903338091", "a b", "a/b", ":61:", "ä"] {
            assert!(!is_disbursement_id(bad), "{bad}");
        }
        assert!(is_foreign_id("0d4cbb5e-68b5-4f3b-9a2f-0d2a5b3d6c11"));
        assert!(!is_foreign_id("../x"));
    }
}
