//! Phone numbers as people write them, made into E.164.

use phonenumber::{Mode, country, parse};

/// Why a phone number was refused. Says nothing of the number itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PhoneError {
    /// No country is known by this code.
    #[error("is not the two-letter code of a country")]
    Country,
    /// It cannot be read as a phone number.
    #[error("cannot be read as a phone number; write it like +254712345678")]
    NotANumber,
    /// It can be read, but no such number can exist there.
    #[error("is not a number that exists in its country; check the digits")]
    NotValid,
}

/// Longest text that is looked at: 15 digits of E.164 with signs between them.
const MAX_TEXT: usize = 40;

/// `0712 345 678` in `KE` is `+254712345678`. A text with a leading `+` says its country itself.
///
/// # Errors
/// [`PhoneError`].
pub fn normalise(text: &str, country_code: &str) -> Result<String, PhoneError> {
    let country: country::Id =
        country_code.trim().to_ascii_uppercase().parse().map_err(|_| PhoneError::Country)?;
    let text = text.trim();
    let plausible = |c: char| c.is_ascii_digit() || matches!(c, '+' | ' ' | '-' | '(' | ')' | '.' | '/');
    if text.len() > MAX_TEXT || !text.chars().all(plausible) {
        return Err(PhoneError::NotANumber);
    }
    let number = parse(Some(country), text).map_err(|_| PhoneError::NotANumber)?;
    if !number.is_valid() {
        return Err(PhoneError::NotValid);
    }
    let e164 = number.format().mode(Mode::E164).to_string();
    let well_formed = e164.len() <= 16
        && e164.strip_prefix('+').is_some_and(|d| d.len() >= 7 && d.bytes().all(|b| b.is_ascii_digit()));
    if well_formed { Ok(e164) } else { Err(PhoneError::NotANumber) }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_ways_to_write_one_number_are_one_number() {
        for text in ["0712345678", "0712 345 678", "+254712345678", "+254 712-345-678", " (0712) 345.678 "] {
            assert_eq!(normalise(text, "KE").as_deref(), Ok("+254712345678"), "{text}");
        }
        assert_eq!(normalise("+256772123456", "ke").as_deref(), Ok("+256772123456"));
    }

    #[test]
    fn what_is_no_number_is_refused() {
        for text in
            ["12", "none", "0", "+254", "call the neighbour", "", "+254777777777777777777", "٠٧١٢٣٤٥٦٧٨"]
        {
            assert!(normalise(text, "KE").is_err(), "{text}");
        }
        assert_eq!(normalise("0712345678", "XX"), Err(PhoneError::Country));
        assert_eq!(normalise("0712345678", ""), Err(PhoneError::Country));
    }

    proptest! {
        #[test]
        fn any_text_gets_an_answer_and_the_answer_stays(text in "[+0-9 ()./-]{0,45}", country in "[A-Z]{2}") {
            if let Ok(e164) = normalise(&text, &country) {
                let again = normalise(&e164, "KE");
                prop_assert_eq!(again.as_deref(), Ok(e164.as_str()));
            }
        }

        #[test]
        fn arbitrary_text_never_panics(text in ".*", country in ".{0,4}") {
            let _ = normalise(&text, &country);
        }

        #[test]
        fn kenyan_mobiles_survive_spaces(digits in 0u32..1_000_000, gaps in prop::collection::vec(any::<bool>(), 10)) {
            let plain = format!("0712{digits:06}");
            let spaced: String = plain
                .chars()
                .zip(gaps)
                .flat_map(|(c, gap)| if gap { vec![c, ' '] } else { vec![c] })
                .collect();
            let expected = format!("+254712{digits:06}");
            let read = normalise(&spaced, "KE");
            prop_assert_eq!(read.as_deref(), Ok(expected.as_str()));
        }
    }
}
