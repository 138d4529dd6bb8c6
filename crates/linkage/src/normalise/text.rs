//! Folding: any script and case to lower-case ASCII words.

use unicode_normalization::UnicodeNormalization;

use super::script;

/// Bytes of a field that are looked at; the rest is ignored (cut at a character boundary).
pub const MAX_FIELD_BYTES: usize = 512;
/// Bytes of one folded word that are kept.
pub const MAX_WORD_BYTES: usize = 24;

/// The part of a field that counts: its first [`MAX_FIELD_BYTES`] bytes, whole characters only.
#[must_use]
pub fn clip(raw: &str) -> &str {
    let mut end = MAX_FIELD_BYTES.min(raw.len());
    while !raw.is_char_boundary(end) {
        end -= 1;
    }
    raw.get(..end).unwrap_or_default()
}

/// Lower-case ASCII letters and digits, words parted by one space, other scripts transliterated.
///
/// Apostrophes and the like join (`O'Brien` is one word), all other signs part. Control characters
/// vanish. At most a few times [`MAX_FIELD_BYTES`] long; empty when nothing readable is in the text.
#[must_use]
pub fn fold(raw: &str) -> String {
    let raw = clip(raw);
    let mut out = String::with_capacity(raw.len());
    if raw.is_ascii() {
        for c in raw.chars() {
            push(&mut out, c);
        }
    } else {
        // NFKC first: full-width forms, ligatures and presentation forms become plain letters.
        let composed: Vec<char> = raw.nfkc().collect();
        script::to_latin(&composed, &mut |c| push(&mut out, c));
    }
    out.truncate(out.trim_end().len());
    out
}

/// The words of a folded text, each cut at [`MAX_WORD_BYTES`].
pub fn words(folded: &str) -> impl Iterator<Item = &str> {
    folded.split(' ').filter(|w| !w.is_empty()).map(|w| w.get(..MAX_WORD_BYTES).unwrap_or(w))
}

fn push(out: &mut String, c: char) {
    match c {
        'a'..='z' | '0'..='9' => out.push(c),
        'A'..='Z' => out.push(c.to_ascii_lowercase()),
        '\'' | '`' | '/' | '^' => {}
        c if c.is_ascii_control() && !c.is_ascii_whitespace() => {}
        _ => {
            if !out.is_empty() && !out.ends_with(' ') {
                out.push(' ');
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folds_case_accents_and_signs() {
        assert_eq!(fold("  José-María  O'Brien "), "jose maria obrien");
        assert_eq!(fold("ＡＢＣ　１２"), "abc 12");
        assert_eq!(fold("\u{0}\u{7}Ann\u{200b}a\u{202e}"), "anna");
    }

    #[test]
    fn other_scripts_become_what_a_clerk_would_write() {
        let cases = [
            ("محمد", "mhmd"),
            ("عبد الرحمن", "abd rhmn"),
            ("አበበ", "abebe"),
            ("ተስፋዬ", "tesfaye"),
            ("ሙሉጌታ", "mulugeta"),
            ("मोहम्मद", "mohammad"),
            ("राजेश", "rajesh"),
            ("शर्मा", "sharma"),
            ("Хасан", "hasan"),
            ("Юлия", "yuliya"),
            ("Nguyễn", "nguyen"),
        ];
        for (raw, latin) in cases {
            assert_eq!(fold(raw), latin, "{raw}");
        }
    }

    #[test]
    fn long_fields_are_cut_on_a_character() {
        let long = "ፀ".repeat(4_000_000);
        assert!(clip(&long).len() <= MAX_FIELD_BYTES);
        assert!(fold(&long).len() <= 4 * MAX_FIELD_BYTES);
    }
}
