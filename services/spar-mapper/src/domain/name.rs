//! Whether two spellings are those of one name.

use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

/// Whether two names have the same words, in any order, whatever their capitals, accents and punctuation. Two without a word
/// are not the same: they say nothing.
#[must_use]
pub fn same_name(one: &str, other: &str) -> bool {
    let words = words(one);
    !words.is_empty() && words == self::words(other)
}

/// Whether a text has anything of a name.
#[must_use]
pub fn has_name(text: &str) -> bool {
    !words(text).is_empty()
}

fn words(name: &str) -> Vec<String> {
    let plain: String = name.nfkd().filter(|c| !is_combining_mark(*c)).flat_map(char::to_lowercase).collect();
    // An apostrophe stands inside a word: O'Neil, N\u{2019}Diaye.
    let plain = plain.replace(['\'', '\u{2019}', '\u{02bc}'], "").replace('ς', "σ");
    let mut words: Vec<String> = plain
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect();
    words.sort_unstable();
    words
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{has_name, same_name};

    #[test]
    fn spellings_of_one_name_are_the_same_and_other_names_are_not() {
        for (one, other) in [
            ("Amina Barakat", "BARAKAT, amina"),
            ("José Núñez", "Jose Nunez"),
            ("Jose\u{301} Nu\u{303}n\u{303}ez", "JOSÉ NÚÑEZ"),
            ("Νίκος", "ΝΙΚΟΣ"),
            ("Anne-Marie O'Neil", "O\u{2019}Neil Anne Marie"),
            ("አበበ ቢቂላ", "ቢቂላ  አበበ"),
            ("فاطمة", "فَاطِمَة"),
        ] {
            assert!(same_name(one, other), "{one} {other}");
        }
        for (one, other) in [
            ("Amina Barakat", "Amina"),
            ("Amina Barakat", "Amina B."),
            ("Amina Amina", "Amina"),
            ("", ""),
            ("-", "."),
            ("Amina", ""),
        ] {
            assert!(!same_name(one, other), "{one} {other}");
        }
        assert!(!has_name(" - ") && has_name("A"));
    }

    proptest! {
        #[test]
        fn the_same_for_both_and_for_itself(one in "\\PC{0,20}", other in "\\PC{0,20}") {
            prop_assert_eq!(same_name(&one, &other), same_name(&other, &one));
            prop_assert_eq!(same_name(&one, &one), has_name(&one));
        }
    }
}
