//! Transliteration to Latin letters. Arabic, Ethiopic, Indic and Cyrillic have rules of their own, because a
//! general table drops initial alefs, Ethiopic vowels or the vowel that Indic consonants carry; the rest goes
//! through `deunicode`. The aim is not scholarly: it is to land near the spelling a clerk would have chosen.

use deunicode::deunicode_char;

use super::text::clip;

/// The script a name is written in, as far as comparisons care.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Script {
    Latin,
    Arabic,
    Ethiopic,
    Indic,
    Cyrillic,
    Other,
}

impl Script {
    /// Script of the first letter that is not plain ASCII; Latin when there is none.
    pub(crate) fn of(text: &str) -> Self {
        let letter = clip(text).chars().find(|c| !c.is_ascii() && c.is_alphabetic());
        letter.map_or(Self::Latin, |c| match c {
            '\u{00c0}'..='\u{024f}' | '\u{1e00}'..='\u{1eff}' => Self::Latin,
            '\u{0600}'..='\u{077f}' | '\u{fb50}'..='\u{fdff}' | '\u{fe70}'..='\u{feff}' => Self::Arabic,
            '\u{1200}'..='\u{139f}' => Self::Ethiopic,
            '\u{0900}'..='\u{0d7f}' => Self::Indic,
            '\u{0400}'..='\u{052f}' => Self::Cyrillic,
            _ => Self::Other,
        })
    }
}

/// Writes the Latin form of `chars` letter by letter to `out`.
pub(crate) fn to_latin(chars: &[char], out: &mut dyn FnMut(char)) {
    let mut prev = ' ';
    let mut article = false;
    for (i, &c) in chars.iter().enumerate() {
        let next = chars.get(i + 1).copied().unwrap_or(' ');
        if ignorable(c) || std::mem::take(&mut article) {
            continue;
        }
        if prev == ' ' && starts_with_article(chars.get(i..).unwrap_or_default()) {
            article = true;
            continue;
        }
        let mut put = |text: &str| text.chars().for_each(&mut *out);
        match c {
            '\u{0620}'..='\u{06ff}' => {
                // Arabic does not write a doubled letter: two in a row have a vowel between them.
                if prev == c {
                    put("a");
                }
                put(arabic(c).unwrap_or_else(|| deunicode_char(c).unwrap_or("")));
            }
            '\u{1200}'..='\u{1357}' => ethiopic(c, &mut put),
            '\u{0900}'..='\u{0d7f}' => indic(c, next, &mut put),
            '\u{0400}'..='\u{04ff}' => put(cyrillic(c).unwrap_or_else(|| deunicode_char(c).unwrap_or(""))),
            '\u{2018}' | '\u{2019}' | '\u{02b9}'..='\u{02bf}' => {}
            _ => put(deunicode_char(c).unwrap_or("")),
        }
        prev = c;
    }
}

/// Marks that carry no letter: zero-width and direction signs, Arabic vowel points and tatweel, combining accents.
fn ignorable(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}'
        | '\u{0640}' | '\u{064b}'..='\u{0652}' | '\u{0670}' | '\u{0300}'..='\u{036f}')
}

/// The Arabic article is written on its word ("al" of Al-Hassan); Latin spellings part it or leave it out.
fn starts_with_article(rest: &[char]) -> bool {
    let letters = rest.iter().take_while(|c| matches!(c, '\u{0620}'..='\u{06ff}')).count();
    letters >= 5 && rest.starts_with(&['ا', 'ل'])
}

fn arabic(c: char) -> Option<&'static str> {
    Some(match c {
        'ا' | 'أ' | 'إ' | 'آ' | 'ٱ' | 'ع' | 'ى' | 'ة' => "a",
        'ء' | 'ئ' | 'ؤ' => "",
        'ب' => "b",
        'پ' => "p",
        'ت' | 'ط' | 'ٹ' => "t",
        'ث' => "th",
        'ج' => "j",
        'چ' => "ch",
        'ح' | 'ه' | 'ہ' | 'ھ' | 'ۀ' | 'ە' => "h",
        'خ' => "kh",
        'د' | 'ض' | 'ڈ' => "d",
        'ذ' => "dh",
        'ر' | 'ڑ' => "r",
        'ز' | 'ظ' => "z",
        'ژ' => "zh",
        'س' | 'ص' => "s",
        'ش' => "sh",
        'غ' => "gh",
        'ف' => "f",
        'ق' | 'ك' | 'ک' => "k",
        'گ' => "g",
        'ل' => "l",
        'م' => "m",
        'ن' | 'ں' => "n",
        'و' => "w",
        'ي' | 'ی' | 'ے' => "y",
        _ => return None,
    })
}

/// The Ethiopic block is a grid: rows of eight, consonant by row, vowel by column.
fn ethiopic(c: char, put: &mut dyn FnMut(&str)) {
    const CONSONANTS: [&str; 43] = [
        "h", "l", "h", "m", "s", "r", "s", "sh", "k", "kw", "k", "kw", "b", "v", "t", "ch", "h", "hw", "n",
        "ny", "", "k", "kw", "h", "hw", "w", "", "z", "zh", "y", "d", "d", "j", "g", "gw", "g", "t", "ch",
        "p", "ts", "ts", "f", "p",
    ];
    let offset = (c as u32).saturating_sub(0x1200);
    let consonant = CONSONANTS.get(offset as usize / 8).copied().unwrap_or("");
    put(consonant);
    put(match offset % 8 {
        // The first order is "e", but "a" after the throat sounds.
        0 if matches!(consonant, "" | "h") => "a",
        0 | 4 => "e",
        1 => "u",
        2 => "i",
        3 => "a",
        5 if consonant.is_empty() => "i",
        5 => "",
        6 => "o",
        _ => "wa",
    });
}

/// The Indic blocks share one layout in steps of 128: a consonant carries an "a" unless a vowel sign or a
/// virama follows, or the word ends.
fn indic(c: char, next: char, put: &mut dyn FnMut(&str)) {
    let place = (c as u32) % 0x80;
    if (0x3e..=0x4c).contains(&place) || (0x04..=0x14).contains(&place) {
        // Long vowels are doubled by the general table ("aa"); clerks rarely do.
        let vowel = deunicode_char(c).unwrap_or("");
        let mut last = ' ';
        for v in vowel.chars().filter(|v| v.is_ascii_alphanumeric()) {
            if v != last {
                put(v.encode_utf8(&mut [0; 4]));
            }
            last = v;
        }
        return;
    }
    match deunicode_char(c).unwrap_or("") {
        "ss" => put("sh"),
        other => put(other),
    }
    let nukta_or_consonant =
        (0x15..=0x39).contains(&place) || place == 0x3c || (0x58..=0x5f).contains(&place);
    let follows = (next as u32) % 0x80;
    let same_family = matches!(next, '\u{0900}'..='\u{0d7f}');
    if nukta_or_consonant && same_family && !(0x3c..=0x4d).contains(&follows) {
        put("a");
    }
}

fn cyrillic(c: char) -> Option<&'static str> {
    Some(match c {
        'Х' | 'х' => "h",
        'Ю' | 'ю' => "yu",
        'Я' | 'я' => "ya",
        'Й' | 'й' => "y",
        'Щ' | 'щ' => "sh",
        'Ё' | 'ё' => "e",
        'Ь' | 'ь' | 'Ъ' | 'ъ' => "",
        _ => return None,
    })
}
