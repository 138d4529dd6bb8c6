//! The outermost members of a message, as far as they say who sends it.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{Error as _, IgnoredAny, MapAccess, Visitor},
};
use serde_json::{Value, value::RawValue};

use super::parse_json;
use crate::SchemaFault;

/// The outermost members, unread.
#[derive(Default, Deserialize)]
pub(super) struct RawEnvelope<'a> {
    #[serde(default)]
    pub(super) signature: Option<Value>,
    #[serde(borrow, default)]
    pub(super) header: Option<&'a RawValue>,
    /// Absent when nothing is signed that covers it.
    #[serde(borrow, default)]
    pub(super) message: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(super) request_header: Option<&'a RawValue>,
}

/// Reads the outermost members. A message whose header comes first, as all write it, and whose own `signature` signs
/// nothing or is not looked at (`signed_elsewhere`), is not read to its end here: that is done once, by who knows its shape.
///
/// One with both headers is refused: the member `signature` covers `header` and `message` only, so that somebody who got
/// hold of a signed message could put a `request_header` and a `request_body` of his own beside them.
pub(super) fn read(bytes: &[u8], signed_elsewhere: bool) -> Result<RawEnvelope<'_>, SchemaFault> {
    let mut begun = Begun { signature_done: signed_elsewhere, ..Begun::default() };
    // It ends with an error in any case: what was found stands in `begun`.
    let _ = serde_json::Deserializer::from_slice(bytes).deserialize_map(&mut begun);
    let found: RawEnvelope<'_> = if begun.is_enough() { begun.found } else { parse_json(bytes)? };
    if found.header.is_some() && found.request_header.is_some() {
        return Err(SchemaFault::rule("request_header", "a message has header or request_header, not both"));
    }
    Ok(found)
}

/// What was found before the rest was left alone.
#[derive(Default)]
struct Begun<'a> {
    found: RawEnvelope<'a>,
    /// Whether nothing more needs to be known of the message's own signature.
    signature_done: bool,
}

impl Begun<'_> {
    fn is_enough(&self) -> bool {
        let newer = self.found.request_header.is_some() && self.found.signature.is_none();
        newer || (self.signature_done && (self.found.header.is_some() || self.found.request_header.is_some()))
    }
}

impl<'de> Visitor<'de> for &mut Begun<'de> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a message")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "signature" => {
                    self.found.signature = map.next_value()?;
                    // What generated clients send who sign nothing.
                    let nothing = self.found.signature.as_ref().is_none_or(|signature| {
                        signature.is_null() || signature.as_str().is_some_and(|s| matches!(s, "" | "string"))
                    });
                    self.signature_done |= nothing;
                }
                "header" => self.found.header = Some(map.next_value()?),
                "request_header" => self.found.request_header = Some(map.next_value()?),
                // The rest is long: only the whole reading helps.
                "message" | "request_body" => break,
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
            if self.is_enough() {
                break;
            }
        }
        Err(A::Error::custom("enough was read"))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::read;

    #[test]
    fn what_says_who_sends_is_found_wherever_it_stands() {
        for (body, whole) in [
            (r#"{"signature": "string", "header": {"a": 1}, "message": {"b": 2}}"#, false),
            (r#"{"signature": null, "more": [1], "header": {"a": 1}, "message": {"b": 2}}"#, false),
            (r#"{"header": {"a": 1}, "message": {"b": 2}, "signature": "s"}"#, true),
            (r#"{"header": {"a": 1}, "message": {"b": 2}}"#, true),
            (r#"{"message": {"b": 2}, "header": {"a": 1}, "signature": ""}"#, true),
            (r#"{"signature": "namespace=\"g2p\"", "header": {"a": 1}, "message": {"b": 2}}"#, true),
        ] {
            let envelope = read(body.as_bytes(), false).unwrap();
            assert_eq!(envelope.header.unwrap().get(), r#"{"a": 1}"#, "{body}");
            assert_eq!(envelope.message.is_some(), whole, "{body}");
        }
        let newer = read(br#"{"request_header": {"a": 1}, "request_body": {"#, false).unwrap();
        assert_eq!(newer.request_header.unwrap().get(), r#"{"a": 1}"#);
        assert!(newer.header.is_none());
        let signed = read(br#"{"header": {"a": 1}, "message": {"b": "#, true).unwrap();
        assert_eq!(signed.header.unwrap().get(), r#"{"a": 1}"#);
    }

    #[test]
    fn a_message_has_one_header() {
        for body in [
            r#"{"signature": "kidId", "header": {}, "message": {}, "request_header": {}, "request_body": {}}"#,
            r#"{"header": {}, "request_header": {}, "message": {}}"#,
            r#"{"request_body": {}, "header": {}, "request_header": {}}"#,
        ] {
            assert!(read(body.as_bytes(), false).is_err(), "{body}");
        }
    }

    #[test]
    fn what_is_no_message_is_an_error() {
        for body in ["", "1", "{", r#"{"header": "#, r#"{"message": {}"#, "nonsense"] {
            assert!(read(body.as_bytes(), false).is_err(), "{body}");
        }
    }
}
