//! What the dialects of G2P-Connect and SPAR 1.x write differently.

use std::borrow::Cow;

use g2p_connect::{MsgCallbackHeader, MsgStatus, mapper::ResolveScope};
use platform::EnvelopeFault;
use serde::{Deserialize, Serialize, Serializer, ser::SerializeMap};
use serde_json::{Value, value::RawValue};

use crate::{
    app::{Answer, Strategies},
    domain::{Mark, Question, Scope},
};

/// Which of the two a path speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// The specification: empty fields are left out, counts include errors.
    Connect,
    /// Deployed mappers 1.x: empty fields are `null`, `completed_count` counts successes, reasons are told by code.
    Spar1,
}

impl Dialect {
    /// As the database keeps it.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Connect => "connect",
            Self::Spar1 => "spar1",
        }
    }

    /// The dialect that the database has.
    pub(crate) fn parse(text: &str) -> Self {
        if text == Self::Spar1.as_str() { Self::Spar1 } else { Self::Connect }
    }

    /// The number of items that counts as completed.
    pub(crate) const fn completed(self, total: usize, done: usize) -> usize {
        match self {
            Self::Connect => total,
            Self::Spar1 => done,
        }
    }

    /// A refusal as this dialect writes it: 1.x repeats the code where we have a sentence.
    pub(crate) fn fault(self, fault: EnvelopeFault) -> EnvelopeFault {
        match self {
            Self::Connect => fault,
            Self::Spar1 => fault.saying_its_code(),
        }
    }

    /// The envelope of an answer that is written at once.
    pub(crate) fn envelope<M: Serialize>(self, header: MsgCallbackHeader, message: M) -> Envelope<M> {
        Envelope { nulls: self == Self::Spar1, header, message }
    }

    /// The answer as this dialect writes it.
    pub(crate) fn dress(self, mut body: Value) -> Value {
        if self == Self::Connect {
            return body;
        }
        fill(&mut body, &["signature"]);
        if let Some(header) = body.get_mut("header") {
            fill(header, &["status_reason_code", "status_reason_message", "total_count", "completed_count"]);
            if header.get("meta").is_none()
                && let Some(header) = header.as_object_mut()
            {
                header.insert("meta".to_owned(), Value::Object(serde_json::Map::new()));
            }
        }
        let Some(message) = body.get_mut("message").and_then(Value::as_object_mut) else { return body };
        if let Some((list, items)) =
            message.iter_mut().find_map(|(k, v)| Some((k.clone(), v.as_array_mut()?)))
        {
            let own = if list.starts_with("link") { "fa" } else { "id" };
            for item in items {
                fill(
                    item,
                    &[own, "status_reason_code", "status_reason_message", "additional_info", "locale"],
                );
            }
            message.entry("correlation_id").or_insert(Value::Null);
        }
        body
    }
}

fn fill(object: &mut Value, keys: &[&str]) {
    if let Some(object) = object.as_object_mut() {
        for key in keys {
            object.entry(*key).or_insert(Value::Null);
        }
    }
}

/// Signature, header, message.
pub(crate) struct Envelope<M> {
    nulls: bool,
    header: MsgCallbackHeader,
    message: M,
}

impl<M: Serialize> Serialize for Envelope<M> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        if self.nulls {
            // A header is small: what it lacks is filled in on its value.
            let header = serde_json::json!({ "header": self.header });
            let Value::Object(dressed) = Dialect::Spar1.dress(header) else {
                return Err(serde::ser::Error::custom("a header is an object"));
            };
            for (key, value) in &dressed {
                map.serialize_entry(key, value)?;
            }
        } else {
            map.serialize_entry("header", &self.header)?;
        }
        map.serialize_entry("message", &self.message)?;
        map.end()
    }
}

/// A resolve message, read without copying: this is what the mapper does most.
#[derive(Deserialize)]
pub(crate) struct ResolveIn<'a> {
    #[serde(borrow)]
    pub(crate) transaction_id: Cow<'a, str>,
    #[serde(borrow)]
    pub(crate) resolve_request: Vec<ResolveItemIn<'a>>,
}

/// One item of it. Fields that nothing is done with are not read.
#[derive(Deserialize)]
pub(crate) struct ResolveItemIn<'a> {
    #[serde(borrow)]
    pub(crate) reference_id: Cow<'a, str>,
    #[serde(borrow, default)]
    pub(crate) timestamp: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(crate) id: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(crate) fa: Option<Cow<'a, str>>,
    #[serde(default)]
    pub(crate) scope: Option<ResolveScope>,
    #[serde(borrow, default)]
    pub(crate) locale: Option<Cow<'a, str>>,
}

impl ResolveItemIn<'_> {
    /// What it says of itself.
    pub(crate) fn mark(&self) -> Mark<'_> {
        (self.reference_id.as_ref(), Some(self.timestamp.as_deref().unwrap_or_default()))
    }

    /// The question in no dialect.
    pub(crate) fn question(&self) -> Question<'_> {
        let scope = self.scope.unwrap_or_default();
        Question {
            id: self.id.as_deref().unwrap_or_default(),
            fa: self.fa.as_deref().unwrap_or_default(),
            scope: scope_of(scope),
        }
    }
}

/// The scope in no dialect.
pub(crate) const fn scope_of(scope: ResolveScope) -> Scope {
    match scope {
        ResolveScope::YesNo => Scope::YesNo,
        ResolveScope::Details => Scope::Details,
        ResolveScope::Unsupported => Scope::Unsupported,
    }
}

/// `succ` for findings, `rjct` for refusals.
pub(crate) fn status_of(answer: &Answer<'_>) -> MsgStatus {
    if answer.finding.reason.is_success() { MsgStatus::Succ } else { MsgStatus::Rjct }
}

/// The answer to one item, written without building it first.
pub(crate) struct ResolvedOut<'a> {
    pub(crate) item: &'a ResolveItemIn<'a>,
    pub(crate) answer: Answer<'a>,
    pub(crate) at: &'a str,
    pub(crate) strategies: &'a Strategies,
    pub(crate) dialect: Dialect,
}

impl Serialize for ResolvedOut<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let nulls = self.dialect == Dialect::Spar1;
        let mut map = serializer.serialize_map(None)?;
        let told = self.answer.told;
        map.serialize_entry("reference_id", &self.item.reference_id)?;
        map.serialize_entry("timestamp", self.at)?;
        let asked = self.item.id.as_deref().filter(|id| !id.is_empty());
        let fa = told.map(|m| m.fa_value.as_str());
        let id = told.map(|m| m.id_value.as_str()).or(asked);
        let provider = told.and_then(|m| self.strategies.provider_of(m));
        let info = told.and_then(|m| m.additional_info.as_deref());
        entry(&mut map, "fa", fa, nulls)?;
        entry(&mut map, "id", id, nulls)?;
        entry(&mut map, "account_provider_info", provider.as_ref(), nulls)?;
        map.serialize_entry("status", &status_of(&self.answer))?;
        map.serialize_entry("status_reason_code", self.answer.finding.reason.as_str())?;
        entry(&mut map, "status_reason_message", self.answer.finding.text, nulls)?;
        match info.and_then(|text| serde_json::from_str::<&RawValue>(text).ok()) {
            Some(raw) => map.serialize_entry("additional_info", raw)?,
            None => entry(&mut map, "additional_info", None::<&str>, nulls)?,
        }
        entry(&mut map, "locale", self.item.locale.as_deref(), nulls)?;
        map.end()
    }
}

fn entry<M: SerializeMap, T: Serialize + ?Sized>(
    map: &mut M,
    key: &str,
    value: Option<&T>,
    nulls: bool,
) -> Result<(), M::Error> {
    if nulls || value.is_some() { map.serialize_entry(key, &value) } else { Ok(()) }
}

/// The answer to a resolve.
#[derive(Serialize)]
pub(crate) struct ResolveOut<'a> {
    pub(crate) transaction_id: &'a str,
    /// `None` leaves it out; 1.x says `null`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) correlation_id: Option<Option<&'a str>>,
    pub(crate) resolve_response: Vec<ResolvedOut<'a>>,
}
