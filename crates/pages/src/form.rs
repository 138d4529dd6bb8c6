//! Forms: what the browser sent, and what a template needs to show them again with their errors.

use std::collections::BTreeMap;

/// Most fields of one form.
const MAX_FIELDS: usize = 100;
/// Longest value in characters.
const MAX_VALUE: usize = 2_000;

/// Why a body is not a form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FormError {
    /// More fields than any form has.
    #[error("the form has more than {MAX_FIELDS} fields")]
    TooManyFields,
    /// A longer value than any field takes.
    #[error("a field of the form is longer than {MAX_VALUE} characters")]
    ValueTooLong,
}

/// A form as sent (`application/x-www-form-urlencoded`). Never shown by `Debug`: it may hold anything.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Form(BTreeMap<String, String>);

impl std::fmt::Debug for Form {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.0.keys()).finish()
    }
}

impl Form {
    /// Reads a body. Values are trimmed, line breaks and other control characters become spaces; of a field that is
    /// sent twice the first counts.
    ///
    /// # Errors
    /// [`FormError`].
    pub fn parse(body: &[u8]) -> Result<Self, FormError> {
        let mut fields = BTreeMap::new();
        for (at, (name, value)) in url::form_urlencoded::parse(body).enumerate() {
            if at >= MAX_FIELDS {
                return Err(FormError::TooManyFields);
            }
            if name.len() > MAX_VALUE || value.chars().count() > MAX_VALUE {
                return Err(FormError::ValueTooLong);
            }
            let clean: String = value.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
            fields.entry(name.into_owned()).or_insert_with(|| clean.trim().to_owned());
        }
        Ok(Self(fields))
    }

    /// A value; empty when the field was not sent.
    #[must_use]
    pub fn get(&self, name: &str) -> &str {
        self.0.get(name).map_or("", String::as_str)
    }
}

/// A wrong value: its field, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Name of the field, which is also its element's id.
    pub field: &'static str,
    /// What to do, in the reader's language. Does not repeat the value.
    pub message: String,
}

/// A text field, as the component `ui::text_field` shows it.
#[derive(Clone, Default)]
pub struct Field {
    /// Name and element id.
    pub name: &'static str,
    /// Its label.
    pub label: String,
    /// A line that helps to fill it in; may be empty.
    pub hint: String,
    /// What stands in it.
    pub value: String,
    /// What is wrong with it; empty when nothing is.
    pub error: String,
    /// `text`, `tel` or `email`.
    pub kind: &'static str,
    /// Keyboard to offer: `text`, `numeric`, `tel`, `email`.
    pub keyboard: &'static str,
    /// What the browser may fill in: `off`, `tel`, …
    pub autocomplete: &'static str,
    /// Longest text.
    pub max_length: usize,
}

impl std::fmt::Debug for Field {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Field").field("name", &self.name).field("error", &self.error).finish_non_exhaustive()
    }
}

impl Field {
    /// A text field that the browser does not fill in by itself.
    #[must_use]
    pub fn text(name: &'static str, label: String) -> Self {
        Self {
            name,
            label,
            kind: "text",
            keyboard: "text",
            autocomplete: "off",
            max_length: 200,
            ..Self::default()
        }
    }

    /// With a hint.
    #[must_use]
    pub fn hint(mut self, hint: String) -> Self {
        self.hint = hint;
        self
    }

    /// With a keyboard for digits.
    #[must_use]
    pub fn digits(mut self) -> Self {
        self.keyboard = "numeric";
        self
    }

    /// A phone number.
    #[must_use]
    pub fn phone(mut self) -> Self {
        (self.kind, self.keyboard, self.autocomplete) = ("tel", "tel", "tel");
        self
    }

    /// An email address.
    #[must_use]
    pub fn email(mut self) -> Self {
        (self.kind, self.keyboard, self.autocomplete) = ("text", "email", "email");
        self
    }

    /// As the reader sent it, with what is wrong.
    #[must_use]
    pub fn filled(mut self, value: &str, problems: &[Problem]) -> Self {
        value.clone_into(&mut self.value);
        self.error = message_for(self.name, problems);
        self
    }
}

/// One of several options, as `ui::radios` or `ui::select` show it.
#[derive(Debug, Clone, Default)]
pub struct Choice {
    /// Name and element id.
    pub name: &'static str,
    /// The question.
    pub label: String,
    /// A line that helps to choose; may be empty.
    pub hint: String,
    /// Value and text of each option.
    pub options: Vec<(String, String)>,
    /// The value that is chosen; empty when none is.
    pub chosen: String,
    /// Whether the question is the heading of the page (radios only).
    pub heading: bool,
    /// What is wrong; empty when nothing is.
    pub error: String,
}

impl Choice {
    /// A question with options (value, text).
    #[must_use]
    pub fn new(name: &'static str, label: String, options: Vec<(String, String)>) -> Self {
        Self { name, label, options, ..Self::default() }
    }

    /// With a hint.
    #[must_use]
    pub fn hint(mut self, hint: String) -> Self {
        self.hint = hint;
        self
    }

    /// With the question as the heading of the page.
    #[must_use]
    pub fn as_heading(mut self) -> Self {
        self.heading = true;
        self
    }

    /// As the reader sent it, with what is wrong.
    #[must_use]
    pub fn filled(mut self, value: &str, problems: &[Problem]) -> Self {
        value.clone_into(&mut self.chosen);
        self.error = message_for(self.name, problems);
        self
    }
}

fn message_for(name: &str, problems: &[Problem]) -> String {
    problems.iter().find(|p| p.field == name).map(|p| p.message.clone()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use proptest::prelude::*;

    use super::{Form, FormError};

    #[test]
    fn values_are_decoded_and_trimmed_and_the_first_of_two_counts() {
        let form = Form::parse(b"a=+1%2B2%0A3+&a=other&b=%D8%B9&c").unwrap();
        assert_eq!((form.get("a"), form.get("b"), form.get("c"), form.get("d")), ("1+2 3", "ع", "", ""));
    }

    #[test]
    fn what_no_form_sends_is_refused() {
        assert_eq!(Form::parse("a=1&".repeat(101).as_bytes()), Err(FormError::TooManyFields));
        assert_eq!(Form::parse(format!("a={}", "x".repeat(2001)).as_bytes()), Err(FormError::ValueTooLong));
    }

    #[test]
    fn debug_shows_no_value() {
        assert_eq!(format!("{:?}", Form::parse(b"account=12345").unwrap()), "[\"account\"]");
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_panic(body in proptest::collection::vec(any::<u8>(), 0..4096)) {
            if let Ok(form) = Form::parse(&body) {
                prop_assert!(form.0.values().all(|v| !v.chars().any(char::is_control)));
            }
        }
    }
}
