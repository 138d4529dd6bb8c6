//! Personal data that cannot reach a log by accident.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A value that `Debug` and `Display` never show. It serialises as the value itself, so it belongs in
/// requests, responses and rows; write `expose()` where the value is used, and review those places.
#[derive(Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Masked<T>(T);

impl<T> Masked<T> {
    /// Wraps a value.
    pub const fn new(value: T) -> Self {
        Self(value)
    }

    /// The value.
    pub const fn expose(&self) -> &T {
        &self.0
    }

    /// The value, owned.
    pub fn into_inner(self) -> T {
        self.0
    }
}

impl<T> From<T> for Masked<T> {
    fn from(value: T) -> Self {
        Self(value)
    }
}

impl<T> fmt::Debug for Masked<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl<T> fmt::Display for Masked<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl<T: utoipa::PartialSchema> utoipa::PartialSchema for Masked<T> {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        T::schema()
    }
}

impl<T: utoipa::ToSchema> utoipa::ToSchema for Masked<T> {
    fn name() -> std::borrow::Cow<'static, str> {
        T::name()
    }

    fn schemas(schemas: &mut Vec<(String, utoipa::openapi::RefOr<utoipa::openapi::schema::Schema>)>) {
        T::schemas(schemas);
    }
}

/// All but the last three characters replaced by dots, for pages: `account ending 042`.
#[must_use]
pub fn mask_tail(value: &str) -> String {
    let count = value.chars().count();
    if count <= 3 {
        return "•".repeat(count);
    }
    value.chars().enumerate().map(|(i, c)| if i + 3 < count { '•' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::{Masked, mask_tail};

    #[test]
    fn debug_and_display_hide_the_value() {
        let name = Masked::new("Amina".to_owned());
        assert_eq!(format!("{name:?} {name}"), "*** ***");
        assert_eq!(name.expose(), "Amina");
    }

    #[test]
    fn only_the_last_three_characters_are_shown() {
        assert_eq!(mask_tail("0123456789"), "•••••••789");
        assert_eq!(mask_tail("12"), "••");
        assert_eq!(mask_tail(""), "");
    }
}
