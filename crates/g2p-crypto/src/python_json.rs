//! The text that Python's `json.dumps` makes of a JSON document: what some deployed clients sign.

/// `json.dumps(json.loads(text), separators=(",", ":"))`: members in the order of the text, no spaces, everything outside
/// printable ASCII as `\uXXXX` in lower case. Numbers keep their text, which is Python's own when a Python client sent it.
///
/// `text` is a JSON document that was read before; of anything else the outcome means nothing. `None` when an escape is
/// cut off.
#[must_use]
pub fn python_json(text: &str) -> Option<String> {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars();
    let mut inside = false;
    while let Some(c) = chars.next() {
        match (inside, c) {
            (_, '"') => {
                inside = !inside;
                out.push('"');
            }
            (false, c) if c.is_ascii_whitespace() => {}
            (false, c) => out.push(c),
            (true, '\\') => escaped(&mut chars, &mut out)?,
            (true, c) => character(c, &mut out),
        }
    }
    (!inside).then_some(out)
}

fn escaped(chars: &mut std::str::Chars<'_>, out: &mut String) -> Option<()> {
    match chars.next()? {
        'n' => out.push_str("\\n"),
        'r' => out.push_str("\\r"),
        't' => out.push_str("\\t"),
        'f' => out.push_str("\\f"),
        'b' => out.push_str("\\b"),
        'u' => {
            let mut code = 0;
            for _ in 0..4 {
                code = code * 16 + chars.next()?.to_digit(16)?;
            }
            match char::from_u32(code) {
                Some(c) => character(c, out),
                // Half a pair: its other half follows as an escape too.
                None => unit(code, out),
            }
        }
        // `\"`, `\\`, `\/`
        other => character(other, out),
    }
    Some(())
}

fn character(c: char, out: &mut String) {
    match c {
        '"' => out.push_str("\\\""),
        '\\' => out.push_str("\\\\"),
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\t' => out.push_str("\\t"),
        '\u{8}' => out.push_str("\\b"),
        '\u{c}' => out.push_str("\\f"),
        ' '..='~' => out.push(c),
        _ => {
            let mut units = [0_u16; 2];
            for half in c.encode_utf16(&mut units) {
                unit(u32::from(*half), out);
            }
        }
    }
}

fn unit(code: u32, out: &mut String) {
    out.push_str(&format!("\\u{code:04x}"));
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use proptest::prelude::*;

    use super::python_json;

    /// Expected texts were made with Python 3.11.
    #[test]
    fn it_is_what_python_writes() {
        for (text, python) in [
            (r#"{ "b" : 1 , "a" : [ 1.50, -2e3, true, null ] }"#, r#"{"b":1,"a":[1.50,-2e3,true,null]}"#),
            (
                r#"{"n": "é 日 😀 \/ \u00E9 \ud83d\ude00"}"#,
                "{\"n\":\"\\u00e9 \\u65e5 \\ud83d\\ude00 / \\u00e9 \\ud83d\\ude00\"}",
            ),
            ("{\"t\": \"a\\tb\\u0001\\\"\\\\ \u{7f}\"}", "{\"t\":\"a\\tb\\u0001\\\"\\\\ \\u007f\"}"),
            ("\n[ ]\n", "[]"),
        ] {
            assert_eq!(python_json(text).as_deref(), Some(python));
        }
        assert_eq!(python_json(r#""\u12"#), None);
        assert_eq!(python_json(r#""open"#), None);
    }

    proptest! {
        #[test]
        fn the_meaning_stays_and_the_text_is_its_own_image(keys in proptest::collection::vec("\\PC{0,6}", 0..5), value in "\\PC*") {
            let mut object = serde_json::Map::new();
            for key in keys {
                object.insert(key, serde_json::Value::String(value.clone()));
            }
            let document = serde_json::Value::Object(object);
            let text = serde_json::to_string_pretty(&document).unwrap();
            let python = python_json(&text).unwrap();
            prop_assert!(python.is_ascii());
            prop_assert_eq!(python_json(&python), Some(python.clone()));
            prop_assert_eq!(serde_json::from_str::<serde_json::Value>(&python).unwrap(), document);
        }

        #[test]
        fn never_panics(text in "(\\\\|\"|u|[0-9a-f]|\\PC){0,30}") {
            let _ = python_json(&text);
            prop_assert!(true);
        }
    }
}
