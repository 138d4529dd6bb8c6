//! What people enter: made uniform where the meaning is clear, refused with a reason where it is not.

/// Why an entry is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wrong {
    /// Nothing was entered.
    Missing,
    /// Characters that do not belong there.
    Characters,
    /// Too short.
    TooShort,
    /// Too long.
    TooLong,
    /// The check digits do not fit: something was mistyped.
    CheckDigits,
    /// A phone number without its country code.
    NoCountryCode,
    /// No email address: what stands before or after the `@` is missing.
    NotAnAddress,
}

/// Length of account numbers: the longest is an IBAN.
const ACCOUNT_LENGTH: std::ops::RangeInclusive<usize> = 6..=34;
/// Digits of a phone number with its country code (E.164).
const PHONE_LENGTH: std::ops::RangeInclusive<usize> = 8..=15;

/// An account number: spaces and hyphens go, letters become large. A number with the form of an IBAN must have its check
/// digits right.
///
/// # Errors
/// [`Wrong`].
pub fn account_number(text: &str) -> Result<String, Wrong> {
    let text: String = compact(text).to_uppercase();
    let length = text.chars().count();
    if length == 0 {
        return Err(Wrong::Missing);
    }
    if !text.chars().all(|c| c.is_ascii_alphanumeric()) || !text.chars().any(|c| c.is_ascii_digit()) {
        return Err(Wrong::Characters);
    }
    within(length, ACCOUNT_LENGTH)?;
    let letters = text.bytes().take_while(u8::is_ascii_uppercase).count();
    let digits = text.bytes().skip(2).take(2).all(|b| b.is_ascii_digit());
    if letters == 2 && digits && length >= 15 && !iban_holds(&text) {
        return Err(Wrong::CheckDigits);
    }
    Ok(text)
}

/// A phone number as `+254712345678`. Spaces, hyphens and brackets go; `00` in front is `+`; a zero in front becomes
/// `country_code` (digits; empty when there is none).
///
/// # Errors
/// [`Wrong`].
pub fn phone_number(text: &str, country_code: &str) -> Result<String, Wrong> {
    let text: String = compact(text).chars().filter(|c| !matches!(c, '(' | ')' | '.' | '/')).collect();
    if text.is_empty() {
        return Err(Wrong::Missing);
    }
    let digits = text.strip_prefix('+').unwrap_or(&text);
    if !digits.chars().all(|c| c.is_ascii_digit()) {
        return Err(Wrong::Characters);
    }
    let digits = if text.starts_with('+') {
        digits.to_owned()
    } else if let Some(international) = digits.strip_prefix("00") {
        international.to_owned()
    } else {
        match digits.strip_prefix('0') {
            Some(national) if !country_code.is_empty() => format!("{country_code}{national}"),
            _ if !country_code.is_empty() && digits.starts_with(country_code) => digits.to_owned(),
            _ => return Err(Wrong::NoCountryCode),
        }
    };
    // No country code begins with zero.
    if digits.starts_with('0') {
        return Err(Wrong::NoCountryCode);
    }
    within(digits.len(), PHONE_LENGTH)?;
    Ok(format!("+{digits}"))
}

/// Longest email address (RFC 5321), and what may stand before its `@`.
const EMAIL_LENGTH: usize = 254;
const EMAIL_LOCAL_LENGTH: usize = 64;

/// An email address in its usual form: ASCII, one `@`, a domain with a point in it. Spaces around it go, and the domain
/// becomes small; what stands before the `@` stays, for it may matter.
///
/// # Errors
/// [`Wrong`].
pub fn email_address(text: &str) -> Result<String, Wrong> {
    let text = text.trim();
    if text.is_empty() {
        return Err(Wrong::Missing);
    }
    if text.len() > EMAIL_LENGTH {
        return Err(Wrong::TooLong);
    }
    let ordinary = |c: char| c.is_ascii_alphanumeric() || "@.!#$&'*+/=?^_`{|}~-%".contains(c);
    if !text.chars().all(ordinary) {
        return Err(Wrong::Characters);
    }
    let (local, domain) = text.split_once('@').ok_or(Wrong::NotAnAddress)?;
    let parts = |name: &str| name.split('.').all(|part| !part.is_empty());
    let label = |part: &str| {
        part.len() <= 63
            && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
            && !part.starts_with('-')
            && !part.ends_with('-')
    };
    let top = domain.rsplit('.').next().unwrap_or_default();
    let fits = local.len() <= EMAIL_LOCAL_LENGTH
        && parts(local)
        && parts(domain)
        && domain.contains('.')
        && domain.split('.').all(label)
        && top.bytes().any(|b| b.is_ascii_alphabetic());
    if fits { Ok(format!("{local}@{}", domain.to_ascii_lowercase())) } else { Err(Wrong::NotAnAddress) }
}

/// Whether a text can stand in a financial address: letters of any script, digits and what names have in them. A colon
/// could pass for the next part of the address.
#[must_use]
pub fn is_plain(text: &str, longest: usize) -> bool {
    let ordinary = |c: char| {
        c.is_alphanumeric()
            || is_mark(c)
            || matches!(c, ' ' | '.' | ',' | '\'' | '’' | '&' | '-' | '/' | '(' | ')')
    };
    let count = text.chars().count();
    count > 0 && count <= longest && text.chars().any(char::is_alphanumeric) && text.chars().all(ordinary)
}

/// Marks that are letters' parts in Indic, Arabic and other scripts.
fn is_mark(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}' | '\u{610}'..='\u{61a}' | '\u{64b}'..='\u{65f}' | '\u{900}'..='\u{903}'
        | '\u{93a}'..='\u{94f}' | '\u{981}'..='\u{983}' | '\u{9bc}'..='\u{9cd}' | '\u{135d}'..='\u{135f}' | '\u{200c}' | '\u{200d}')
}

/// Without spaces and hyphens of any kind, and with digits of other scripts as ASCII digits: people type what their
/// keyboard offers.
fn compact(text: &str) -> String {
    text.chars()
        .filter(|c| !c.is_whitespace() && !matches!(c, '-' | '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}'))
        .map(ascii_digit)
        .collect()
}

/// Zeros of the scripts whose digits are taken.
const ZEROS: [char; 9] =
    ['\u{660}', '\u{6f0}', '\u{7c0}', '\u{966}', '\u{9e6}', '\u{a66}', '\u{1040}', '\u{17e0}', '\u{ff10}'];

fn ascii_digit(c: char) -> char {
    let value = ZEROS.iter().find_map(|zero| u32::from(c).checked_sub(u32::from(*zero)).filter(|d| *d < 10));
    value.and_then(|d| char::from_digit(d, 10)).unwrap_or(c)
}

fn within(length: usize, range: std::ops::RangeInclusive<usize>) -> Result<(), Wrong> {
    if length < *range.start() {
        Err(Wrong::TooShort)
    } else if length > *range.end() {
        Err(Wrong::TooLong)
    } else {
        Ok(())
    }
}

/// ISO 13616: the first four characters to the end, letters as 10 to 35, the number leaves 1 when divided by 97.
fn iban_holds(text: &str) -> bool {
    let (front, rest) = text.split_at_checked(4).unwrap_or(("", text));
    let value = rest.chars().chain(front.chars()).filter_map(|c| c.to_digit(36)).fold(0_u32, |sum, digit| {
        let shift = if digit > 9 { 100 } else { 10 };
        (sum * shift + digit) % 97
    });
    value == 1
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Wrong, account_number, email_address, is_plain, phone_number};

    #[test]
    fn account_numbers_are_taken_as_people_write_them() {
        assert_eq!(account_number(" 0000 123-042 "), Ok("0000123042".to_owned()));
        assert_eq!(account_number("٠١٢٣٤٥٦٧٨٩"), Ok("0123456789".to_owned()));
        assert_eq!(account_number("gb82 west 1234 5698 7654 32"), Ok("GB82WEST12345698765432".to_owned()));
    }

    #[test]
    fn account_numbers_that_cannot_be_right_are_refused_with_a_reason() {
        assert_eq!(account_number("  "), Err(Wrong::Missing));
        assert_eq!(account_number("12345"), Err(Wrong::TooShort));
        assert_eq!(account_number(&"1".repeat(35)), Err(Wrong::TooLong));
        assert_eq!(account_number("12345678.bank_code:EVIL"), Err(Wrong::Characters));
        assert_eq!(account_number("ABCDEFGH"), Err(Wrong::Characters));
        assert_eq!(account_number("GB82WEST12345698765431"), Err(Wrong::CheckDigits));
    }

    #[test]
    fn phone_numbers_are_taken_national_and_international() {
        for text in ["0712 345 678", "+254 712-345-678", "254712345678", "00254712345678", "(0)712345678"] {
            assert_eq!(phone_number(text, "254"), Ok("+254712345678".to_owned()), "{text}");
        }
        assert_eq!(phone_number("0712345678", ""), Err(Wrong::NoCountryCode));
        assert_eq!(phone_number("712345678", "254"), Err(Wrong::NoCountryCode));
        assert_eq!(phone_number("0712", "254"), Err(Wrong::TooShort));
        assert_eq!(phone_number("0712 CALL", "254"), Err(Wrong::Characters));
        assert_eq!(phone_number("", "254"), Err(Wrong::Missing));
    }

    #[test]
    fn names_of_any_script_are_plain_and_marks_of_the_address_are_not() {
        for name in ["Branch 7", "Zürich-West", "فرع المدينة", "अडिस शाखा", "አዲስ አበባ"]
        {
            assert!(is_plain(name, 60), "{name}");
        }
        for name in ["a.bank_code:b", "...", "", "line\nbreak"] {
            assert!(!is_plain(name, 60), "{name}");
        }
        assert!(!is_plain("abc", 2));
    }

    #[test]
    fn email_addresses_are_taken_in_their_usual_form_only() {
        assert_eq!(
            email_address(" Amina.B+pay@Mail.Example.ORG "),
            Ok("Amina.B+pay@mail.example.org".to_owned())
        );
        assert_eq!(email_address(" "), Err(Wrong::Missing));
        for text in [
            "amina",
            "@mail.example",
            "amina@",
            "amina@mail",
            "a..b@mail.example",
            "a@b@mail.example",
            "a@-x.org",
            "a@1.2",
        ] {
            assert_eq!(email_address(text), Err(Wrong::NotAnAddress), "{text}");
        }
        for text in [
            "a b@mail.example",
            "a:b@mail.example",
            "é@mail.example",
            "a@mail.example\u{202e}",
            "<a@mail.example>",
        ] {
            assert_eq!(email_address(text), Err(Wrong::Characters), "{text}");
        }
        assert_eq!(email_address(&format!("a@{}.org", "x".repeat(260))), Err(Wrong::TooLong));
    }

    proptest! {
        #[test]
        fn what_is_taken_is_uniform_and_taken_again(text in ".*", code in "[1-9][0-9]{0,2}") {
            if let Ok(number) = account_number(&text) {
                prop_assert!(number.bytes().all(|b| b.is_ascii_digit() || b.is_ascii_uppercase()));
                prop_assert_eq!(account_number(&number), Ok(number));
            }
            if let Ok(number) = phone_number(&text, &code) {
                prop_assert_eq!(phone_number(&number, &code), Ok(number));
            }
            if let Ok(email) = email_address(&text) {
                prop_assert!(!email.contains(':'));
                prop_assert_eq!(email_address(&email), Ok(email));
            }
            prop_assert!(!is_plain(&text, 60) || !text.contains(':'));
        }

        #[test]
        fn digits_are_never_lost_or_added(digits in "[0-9]{6,14}") {
            prop_assert_eq!(account_number(&digits), Ok(digits.clone()));
            let phone = format!("+1{digits}");
            prop_assert!(digits.len() < 7 || phone_number(&phone, "") == Ok(phone));
        }
    }
}
