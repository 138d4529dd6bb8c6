//! Text that leaves for a bank.

/// Longest line of a statement's `:86:` field.
const NARRATIVE_CHARS: usize = 65;

/// A narrative that cannot break a statement: one line, printable, at most 65 characters, and not beginning with the
/// `:` or `-` that start a tag or end a block.
#[must_use]
pub fn narrative(text: &str) -> String {
    let mut line = String::with_capacity(text.len().min(4 * NARRATIVE_CHARS));
    let mut chars = 0;
    for c in text.chars() {
        let c = if c.is_control() || c.is_whitespace() { ' ' } else { c };
        if (line.is_empty() && matches!(c, ' ' | ':' | '-')) || (c == ' ' && line.ends_with(' ')) {
            continue;
        }
        if chars == NARRATIVE_CHARS {
            break;
        }
        line.push(c);
        chars += 1;
    }
    line.truncate(line.trim_end().len());
    line
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use proptest::prelude::*;

    use super::narrative;

    #[test]
    fn a_narrative_cannot_smuggle_a_line_into_a_statement() {
        assert_eq!(narrative("Food\n:61:260101D1,NTRFx"), "Food :61:260101D1,NTRFx");
        assert_eq!(narrative(":61:x"), "61:x");
        assert_eq!(narrative("  -}{  a\t\tb "), "}{ a b");
    }

    proptest! {
        #[test]
        fn always_one_short_printable_line(text in "\\PC*|[\\x00-\\x7f]*") {
            let line = narrative(&text);
            prop_assert!(line.chars().count() <= 65);
            prop_assert!(!line.chars().any(char::is_control));
            prop_assert!(!line.starts_with([':', '-', ' ']));
        }
    }
}
