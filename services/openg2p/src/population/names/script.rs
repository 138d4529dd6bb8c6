//! From the scripts of the lists to Latin letters, by rule. Simple on purpose: registers too hold romanisations
//! that no standard describes.

use super::{Gender, Text};

/// How the entries of a culture's lists are written.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Script {
    /// Latin letters, nothing else.
    Latin,
    /// `Latin|native`: the script leaves out vowels, so both are given.
    Paired,
    Ethiopic,
    Devanagari,
    Cyrillic,
}

impl Script {
    /// One entry of a list, perhaps only part of a name.
    pub(super) fn pair(self, entry: &str) -> Text {
        match self {
            Self::Latin => Text::latin(entry),
            Self::Paired => {
                let (latin, native) = entry.split_once('|').unwrap_or((entry, entry));
                Text { latin: latin.to_owned(), native: native.to_owned() }
            }
            Self::Ethiopic | Self::Devanagari | Self::Cyrillic => {
                Text { latin: String::new(), native: entry.to_owned() }
            }
        }
    }

    /// A whole name: gets its Latin form if the parts had none.
    pub(super) fn complete(self, text: Text) -> Text {
        let romanise = match self {
            Self::Latin | Self::Paired => return text,
            Self::Ethiopic => ethiopic,
            Self::Devanagari => devanagari,
            Self::Cyrillic => cyrillic,
        };
        let words: Vec<String> = text.native.split(' ').map(|word| capital(&romanise(word))).collect();
        Text { latin: words.join(" "), native: text.native }
    }
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// Consonants of the Ethiopic rows that occur in names, by the first code point of the row.
const ETHIOPIC: &[(u32, &str)] = &[
    (0x1200, "h"),
    (0x1208, "l"),
    (0x1210, "h"),
    (0x1218, "m"),
    (0x1220, "s"),
    (0x1228, "r"),
    (0x1230, "s"),
    (0x1238, "sh"),
    (0x1240, "k"),
    (0x1260, "b"),
    (0x1268, "v"),
    (0x1270, "t"),
    (0x1278, "ch"),
    (0x1280, "h"),
    (0x1290, "n"),
    (0x1298, "gn"),
    (0x12A0, ""),
    (0x12A8, "k"),
    (0x12B8, "h"),
    (0x12C8, "w"),
    (0x12D0, ""),
    (0x12D8, "z"),
    (0x12E0, "zh"),
    (0x12E8, "y"),
    (0x12F0, "d"),
    (0x1300, "j"),
    (0x1308, "g"),
    (0x1320, "t"),
    (0x1328, "ch"),
    (0x1330, "p"),
    (0x1338, "ts"),
    (0x1340, "ts"),
    (0x1348, "f"),
    (0x1350, "p"),
];

/// The syllable's row gives the consonant, its place in the row the vowel; the sixth place has none, except where
/// a word could not be said without.
fn ethiopic(word: &str) -> String {
    let mut out = String::new();
    let mut bare = 0_u32;
    let mut letters = word.chars().peekable();
    while let Some(letter) = letters.next() {
        let (row, order) = (u32::from(letter) & !7, u32::from(letter) & 7);
        let consonant = ETHIOPIC.iter().find(|(base, _)| *base == row).map_or("", |(_, latin)| latin);
        let open = matches!(row, 0x12A0 | 0x12D0);
        let vowel = match order {
            0 if open || matches!(row, 0x1200 | 0x1210 | 0x1280) => "a",
            0 | 4 => "e",
            1 => "u",
            2 => "i",
            3 => "a",
            5 if open => "e",
            5 if out.is_empty() => "i",
            5 => "",
            6 => "o",
            _ => "wa",
        };
        let silent = vowel.is_empty();
        if silent && bare > 0 && letters.peek().is_none() {
            out.push('i');
        }
        out.push_str(consonant);
        out.push_str(vowel);
        bare = if silent { bare + 1 } else { 0 };
    }
    out
}

const DEVANAGARI_CONSONANTS: &[(char, &str)] = &[
    ('क', "k"),
    ('ख', "kh"),
    ('ग', "g"),
    ('घ', "gh"),
    ('ङ', "n"),
    ('च', "ch"),
    ('छ', "chh"),
    ('ज', "j"),
    ('झ', "jh"),
    ('ञ', "n"),
    ('ट', "t"),
    ('ठ', "th"),
    ('ड', "d"),
    ('ढ', "dh"),
    ('ण', "n"),
    ('त', "t"),
    ('थ', "th"),
    ('द', "d"),
    ('ध', "dh"),
    ('न', "n"),
    ('प', "p"),
    ('फ', "ph"),
    ('ब', "b"),
    ('भ', "bh"),
    ('म', "m"),
    ('य', "y"),
    ('र', "r"),
    ('ल', "l"),
    ('व', "v"),
    ('श', "sh"),
    ('ष', "sh"),
    ('स', "s"),
    ('ह', "h"),
];

const DEVANAGARI_VOWELS: &[(char, &str)] = &[
    ('ा', "a"),
    ('ि', "i"),
    ('ी', "i"),
    ('ु', "u"),
    ('ू', "u"),
    ('ृ', "ri"),
    ('े', "e"),
    ('ै', "ai"),
    ('ो', "o"),
    ('ौ', "au"),
    ('अ', "a"),
    ('आ', "a"),
    ('इ', "i"),
    ('ई', "i"),
    ('उ', "u"),
    ('ऊ', "u"),
    ('ऋ', "ri"),
    ('ए', "e"),
    ('ऐ', "ai"),
    ('ओ', "o"),
    ('औ', "au"),
    ('ॉ', "o"),
];

const VIRAMA: char = '्';

/// Each consonant carries an `a` unless a vowel sign, a virama or the end of the word takes it away.
fn devanagari(word: &str) -> String {
    let mut out = String::new();
    let mut owes_a = false;
    for letter in word.chars() {
        if let Some((_, latin)) = DEVANAGARI_CONSONANTS.iter().find(|(c, _)| *c == letter) {
            if owes_a {
                out.push('a');
            }
            out.push_str(latin);
            owes_a = true;
        } else if let Some((_, latin)) = DEVANAGARI_VOWELS.iter().find(|(c, _)| *c == letter) {
            // A vowel of its own after a consonant keeps that consonant's `a` (गई); a sign replaces it.
            if owes_a && ('अ'..='औ').contains(&letter) {
                out.push('a');
            }
            out.push_str(latin);
            owes_a = false;
        } else if letter == VIRAMA {
            owes_a = false;
        } else if matches!(letter, 'ं' | 'ँ') {
            out.push_str(if owes_a { "an" } else { "n" });
            owes_a = false;
        }
    }
    out
}

const CYRILLIC: &[(char, &str)] = &[
    ('а', "a"),
    ('б', "b"),
    ('в', "v"),
    ('г', "g"),
    ('д', "d"),
    ('е', "e"),
    ('ё', "yo"),
    ('ж', "zh"),
    ('з', "z"),
    ('и', "i"),
    ('й', "y"),
    ('к', "k"),
    ('л', "l"),
    ('м', "m"),
    ('н', "n"),
    ('о', "o"),
    ('п', "p"),
    ('р', "r"),
    ('с', "s"),
    ('т', "t"),
    ('у', "u"),
    ('ф', "f"),
    ('х', "kh"),
    ('ц', "ts"),
    ('ч', "ch"),
    ('ш', "sh"),
    ('щ', "shch"),
    ('ъ', ""),
    ('ы', "y"),
    ('ь', ""),
    ('э', "e"),
    ('ю', "yu"),
    ('я', "ya"),
];

fn cyrillic(word: &str) -> String {
    let lower = word.chars().flat_map(char::to_lowercase);
    lower.map(|letter| CYRILLIC.iter().find(|(c, _)| *c == letter).map_or("", |(_, latin)| latin)).collect()
}

/// The Slavic second name after a father called `given` (in Cyrillic).
pub(super) fn patronymic(given: &str, gender: Gender) -> Text {
    let (stem, soft) = match given {
        "Павел" => ("Павл".to_owned(), false),
        "Пётр" => ("Петр".to_owned(), false),
        _ => {
            let end = given.chars().next_back().unwrap_or('н');
            let cut = given.strip_suffix(['й', 'ь', 'о', 'а', 'я']).unwrap_or(given);
            match cut.strip_suffix('и') {
                Some(short) if end == 'й' => (format!("{short}ь"), true),
                _ => (cut.to_owned(), matches!(end, 'й' | 'ь')),
            }
        }
    };
    let ending = match (soft, gender) {
        (true, Gender::Male) => "евич",
        (true, Gender::Female) => "евна",
        (false, Gender::Male) => "ович",
        (false, Gender::Female) => "овна",
    };
    Script::Cyrillic.complete(Text { latin: String::new(), native: format!("{stem}{ending}") })
}

/// A Slavic family name as a woman bears it.
pub(super) fn feminine(family: &Text) -> Text {
    let native = if family.native.ends_with("ский") || family.native.ends_with("цкий") {
        format!("{}ая", family.native.trim_end_matches("ий"))
    } else if ["ов", "ев", "ёв", "ин"].iter().any(|end| family.native.ends_with(end)) {
        format!("{}а", family.native)
    } else {
        return family.clone();
    };
    Script::Cyrillic.complete(Text { latin: String::new(), native })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn romanisation_reads_as_people_write_it() {
        for (native, latin) in [
            ("ተስፋዬ", "tesfaye"),
            ("ገብረ", "gebre"),
            ("ማርያም", "maryam"),
            ("መስፍን", "mesfin"),
            ("ብርሃኑ", "birhanu"),
        ] {
            assert_eq!(ethiopic(native), latin);
        }
        for (native, latin) in [
            ("रमेश", "ramesh"),
            ("सुनीता", "sunita"),
            ("सिंह", "sinh"),
            ("प्रकाश", "prakash"),
            ("लक्ष्मी", "lakshmi"),
        ] {
            assert_eq!(devanagari(native), latin);
        }
        assert_eq!(cyrillic("Юлия"), "yuliya");
    }

    #[test]
    fn slavic_names_bend() {
        assert_eq!(patronymic("Сергей", Gender::Male).native, "Сергеевич");
        assert_eq!(patronymic("Василий", Gender::Female).native, "Васильевна");
        assert_eq!(patronymic("Игорь", Gender::Male).latin, "Igorevich");
        assert_eq!(patronymic("Данило", Gender::Female).native, "Даниловна");
        let family = Script::Cyrillic
            .complete(Text { latin: String::new(), native: "Соколовский".to_owned() });
        assert_eq!(feminine(&family).native, "Соколовская");
        assert_eq!(feminine(&family).latin, "Sokolovskaya");
    }
}
