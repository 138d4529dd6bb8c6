//! Who a person is to the platform.

/// The pseudonym that the social registry gave a person: `token:<keyed hash>@nationalId`. The mapper's id, the payee of
/// payments, the subject of a session.
#[derive(Clone, PartialEq, Eq)]
pub struct Subject(String);

impl std::fmt::Debug for Subject {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Subject(***)")
    }
}

impl Subject {
    /// Reads a pseudonym; spaces around it do not matter. `None` when it is none.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let hash = text.strip_prefix("token:")?.strip_suffix("@nationalId")?;
        let fits = (10..=128).contains(&hash.len())
            && hash.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
        fits.then(|| Self(text.to_owned()))
    }

    /// The id that a sign-in provider's id strategy made.
    #[must_use]
    pub fn vouched(id: String) -> Self {
        Self(id)
    }

    /// A pseudonym that was stored.
    #[must_use]
    pub fn stored(text: String) -> Self {
        Self(text)
    }

    /// The pseudonym.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The last three characters of what is particular in an id: of `token:…@nationalId` those before the `@`. Nothing of one
/// so short that they would be half of it.
#[must_use]
pub fn id_ending(id: &str) -> String {
    let particular = id.split_once('@').map_or(id, |(before, _)| before);
    super::ending(particular.split_once(':').map_or(particular, |(_, after)| after))
}

#[cfg(test)]
mod tests {
    use super::{Subject, id_ending};

    #[test]
    fn of_an_id_the_end_of_its_own_part_is_shown() {
        assert_eq!(id_ending("token:2OsmelWj9g@nationalId"), "j9g");
        assert_eq!(id_ending("vid:12345@nid"), "");
        assert_eq!(id_ending("1234567890"), "890");
    }

    #[test]
    fn only_pseudonyms_of_persons_are_read() {
        assert!(Subject::parse("  token:2OsmelWj9g-_x@nationalId\n").is_some());
        for text in [
            "",
            "token:@nationalId",
            "token:2OsmelWj9g@household",
            "2OsmelWj9g",
            "token:a b c d e f g@nationalId",
            "token:x'; --aaaa@nationalId",
        ] {
            assert!(Subject::parse(text).is_none(), "{text}");
        }
    }
}
