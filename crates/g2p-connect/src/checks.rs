//! Formats that the specifications prescribe for single fields.

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// A date-time with an offset by RFC 3339; none for anything else, also for a date-time without a zone.
pub fn rfc3339(text: &str) -> Option<OffsetDateTime> {
    OffsetDateTime::parse(text, &Rfc3339).ok()
}

/// 1 to 99 characters.
pub fn is_transaction_id(text: &str) -> bool {
    (1..=99).contains(&text.chars().count())
}

/// Three small ASCII letters (ISO 639-3).
pub fn is_locale(text: &str) -> bool {
    text.len() == 3 && text.bytes().all(|b| b.is_ascii_lowercase())
}

/// Something that can name an attribute: 1 to 128 of letters, digits, `_ - . : @`, not starting with a dot.
pub fn is_attribute_name(text: &str) -> bool {
    (1..=128).contains(&text.len())
        && !text.starts_with('.')
        && text.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | ':' | '@'))
}
