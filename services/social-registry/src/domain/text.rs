//! Texts of records: trimmed, in one Unicode form, without control characters.

use g2p_connect::registry::plain_identifier;
use unicode_normalization::{UnicodeNormalization, is_nfc};

/// Longest name, in characters.
pub const MAX_NAME: usize = 200;
/// Longest other text, in characters.
pub const MAX_TEXT: usize = 1_000;
/// Longest external id and longest value of an identity document, in characters.
pub const MAX_ID: usize = 100;

/// Why a text was refused. Says nothing of the text itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    /// Nothing there.
    #[error("is empty")]
    Empty,
    /// Too long.
    #[error("is longer than {0} characters")]
    TooLong(usize),
    /// A control character, such as NUL or a line end where none may be.
    #[error("contains a control character")]
    Control,
    /// A name without any letter.
    #[error("has no letter")]
    NoLetter,
    /// Not an address of e-mail.
    #[error("is not an e-mail address")]
    Email,
}

/// Trims, composes (NFC) and checks; `None` when nothing is left.
///
/// # Errors
/// [`TextError::TooLong`], [`TextError::Control`].
pub fn clean(text: &str, longest: usize) -> Result<Option<String>, TextError> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    if text.chars().any(|c| c.is_control() && c != '\n' && c != '\t') {
        return Err(TextError::Control);
    }
    // A text of many bytes is too long however it is composed: bound the work.
    if text.len() > longest.saturating_mul(16) {
        return Err(TextError::TooLong(longest));
    }
    let text = if is_nfc(text) { text.to_owned() } else { text.nfc().collect() };
    if text.chars().count() > longest { Err(TextError::TooLong(longest)) } else { Ok(Some(text)) }
}

/// A key that people and systems use: one line, not empty.
///
/// # Errors
/// [`TextError`].
pub fn key(text: &str) -> Result<String, TextError> {
    let text = clean(text, MAX_ID)?.ok_or(TextError::Empty)?;
    if text.contains(['\n', '\t']) { Err(TextError::Control) } else { Ok(text) }
}

/// A name in any script; `None` when empty.
///
/// # Errors
/// [`TextError`].
pub fn name(text: &str) -> Result<Option<String>, TextError> {
    let name = clean(text, MAX_NAME)?;
    match &name {
        Some(name) if name.contains(['\n', '\t']) => Err(TextError::Control),
        Some(name) if !name.chars().any(char::is_alphabetic) => Err(TextError::NoLetter),
        _ => Ok(name),
    }
}

/// An e-mail address; `None` when empty. Looks for `local@domain.tld`, no more.
///
/// # Errors
/// [`TextError`].
pub fn email(text: &str) -> Result<Option<String>, TextError> {
    let Some(email) = clean(text, 254)? else { return Ok(None) };
    let well_formed = email.split_once('@').is_some_and(|(local, domain)| {
        !local.is_empty()
            && !domain.contains('@')
            && domain.split('.').count() > 1
            && domain.split('.').all(|label| !label.is_empty())
    });
    if well_formed && !email.contains(char::is_whitespace) { Ok(Some(email)) } else { Err(TextError::Email) }
}

/// What a document is looked up and compared by: type and value without spaces, dashes, dots and slashes, in capitals.
#[must_use]
pub fn document_key(id_type: &str, value: &str) -> String {
    format!("{id_type}\0{}", plain_identifier(value))
}

/// `female`, `male` or `other`, also written `F`, `M`, `O` in either case.
#[must_use]
pub fn gender(text: &str) -> Option<&'static str> {
    match text.trim().to_lowercase().as_str() {
        "female" | "f" => Some("female"),
        "male" | "m" => Some("male"),
        "other" | "o" => Some("other"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_in_any_script_are_names() {
        for text in ["Wanjiku", "O'Brien", "محمد", "Олена", "አበበ", "李", "José", "N'Dour-Bâ"]
        {
            assert_eq!(name(text), Ok(Some(text.to_owned())), "{text}");
        }
        assert_eq!(name("  "), Ok(None));
        assert_eq!(name("1234"), Err(TextError::NoLetter));
        assert_eq!(name("a\0b"), Err(TextError::Control));
        assert_eq!(name(&"x".repeat(201)), Err(TextError::TooLong(200)));
    }

    #[test]
    fn two_spellings_of_one_character_are_one() {
        assert_eq!(name("Jose\u{301}"), Ok(Some("José".to_owned())));
    }

    #[test]
    fn a_document_is_the_same_however_it_is_written() {
        assert_eq!(document_key("PASSPORT", "a 123-456.7"), document_key("PASSPORT", "A1234567"));
        assert_ne!(document_key("PASSPORT", "A1234567"), document_key("VISA", "A1234567"));
    }

    #[test]
    fn genders_and_addresses() {
        assert_eq!(
            (gender("F"), gender("male "), gender("mail"), gender("7")),
            (Some("female"), Some("male"), None, None)
        );
        assert_eq!(email("a@b.example"), Ok(Some("a@b.example".to_owned())));
        for wrong in ["a@b", "a b@c.de", "@b.de", "a@b@c.de", "a@b..de"] {
            assert_eq!(email(wrong), Err(TextError::Email), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn cleaning_twice_changes_nothing(text in ".{0,60}") {
            if let Ok(Some(once)) = clean(&text, MAX_TEXT) {
                let again = clean(&once, MAX_TEXT);
                prop_assert_eq!(again, Ok(Some(once)));
            }
        }
    }
}
