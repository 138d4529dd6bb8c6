//! References of changes, made to be read out on the phone.

use std::fmt;

/// Crockford's alphabet: no I, L, O, U.
const ALPHABET: [char; 32] = [
    '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'A', 'B', 'C', 'D', 'E', 'F', 'G', 'H', 'J', 'K', 'M',
    'N', 'P', 'Q', 'R', 'S', 'T', 'V', 'W', 'X', 'Y', 'Z',
];

/// Twelve characters in groups of four: `7K3M-Q2XD-9PTR`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference(String);

impl Reference {
    /// Makes a reference out of random bits, of which it takes 60.
    #[must_use]
    pub fn from_bits(bits: u128) -> Self {
        let mut text = String::with_capacity(14);
        for at in 0..12_u32 {
            if at > 0 && at % 4 == 0 {
                text.push('-');
            }
            let index = usize::try_from((bits >> (5 * at)) & 31).unwrap_or(0);
            text.push(ALPHABET.get(index).copied().unwrap_or('0'));
        }
        Self(text)
    }

    /// Reads a reference as it stands in an address or as a person wrote it. `None` when it is none.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim().to_ascii_uppercase();
        let groups: Vec<&str> = text.split('-').collect();
        let fits = groups.len() == 3
            && groups.iter().all(|g| g.chars().count() == 4 && g.chars().all(|c| ALPHABET.contains(&c)));
        fits.then_some(Self(text))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Reference;

    proptest! {
        #[test]
        fn a_reference_is_read_back_also_in_small_letters(bits in any::<u128>()) {
            let reference = Reference::from_bits(bits);
            prop_assert_eq!(reference.as_str().len(), 14);
            prop_assert_eq!(Reference::parse(&reference.as_str().to_lowercase()), Some(reference));
        }

        #[test]
        fn other_text_is_none(text in "[^-]*|.{0,40}[^0-9A-Za-z \\-].{0,4}") {
            prop_assert_eq!(Reference::parse(&text), None);
        }
    }
}
