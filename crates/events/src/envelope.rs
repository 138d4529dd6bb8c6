//! The message on the wire: CloudEvents 1.0 in JSON, with `tenant` and `traceparent` as extensions.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use time::OffsetDateTime;
use uuid::Uuid;

/// What is sent.
#[derive(Serialize)]
pub(crate) struct EnvelopeOut<'a> {
    pub specversion: &'a str,
    pub id: Uuid,
    #[serde(rename = "type")]
    pub topic: &'a str,
    pub source: &'a str,
    pub subject: &'a str,
    #[serde(with = "time::serde::rfc3339")]
    pub time: OffsetDateTime,
    pub tenant: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub traceparent: Option<&'a str>,
    pub datacontenttype: &'a str,
    pub data: &'a RawValue,
}

/// What is received, and how `parked` and `dead_letter` keep it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Envelope {
    pub specversion: String,
    pub id: Uuid,
    #[serde(rename = "type")]
    pub topic: String,
    pub source: String,
    pub subject: String,
    #[serde(with = "time::serde::rfc3339")]
    pub time: OffsetDateTime,
    #[serde(default = "default_tenant")]
    pub tenant: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub traceparent: Option<String>,
    #[serde(default)]
    pub data: serde_json::Value,
}

fn default_tenant() -> String {
    "default".to_owned()
}

impl Envelope {
    /// Reads a message. The error names the field that is wrong.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, String> {
        // Postgres can keep it neither as text nor as jsonb, so no row about such an event could be written.
        if bytes.windows(6).any(|window| window == br"\u0000") {
            return Err("the message contains a NUL character".to_owned());
        }
        let envelope: Self =
            serde_json::from_slice(bytes).map_err(|error| format!("the message is not an event: {error}"))?;
        if envelope.specversion.starts_with("1.") {
            Ok(envelope)
        } else {
            Err(format!("the message has specversion '{}'; this version reads 1.x", envelope.specversion))
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_sent_can_be_read() {
        let data = RawValue::from_string(r#"{"n":1}"#.to_owned()).unwrap();
        let sent = EnvelopeOut {
            specversion: "1.0",
            id: Uuid::now_v7(),
            topic: "a.b.v1",
            source: "a",
            subject: "key",
            time: OffsetDateTime::UNIX_EPOCH,
            tenant: "t",
            traceparent: None,
            datacontenttype: "application/json",
            data: &data,
        };
        let read = Envelope::parse(&serde_json::to_vec(&sent).unwrap()).unwrap();
        assert_eq!((read.id, read.topic.as_str(), read.tenant.as_str()), (sent.id, "a.b.v1", "t"));
        assert_eq!(read.data["n"], 1);
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_are_an_error_and_not_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            prop_assert!(Envelope::parse(&bytes).is_err());
        }
    }
}
