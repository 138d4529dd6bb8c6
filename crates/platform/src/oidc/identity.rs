//! The id strategy: how a person's id for the mapper is made from what a provider says.

use serde_json::Value;

use super::SignedIn;

/// Longest id that is made.
const MAX_ID: usize = 200;

/// A text with one claim in it: `token:{sub}@nationalId`. With one claim and fixed text around it two people never get
/// the same id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdTemplate {
    before: String,
    claim: String,
    after: String,
}

impl IdTemplate {
    /// Reads a template.
    ///
    /// # Errors
    /// What is wrong with it, as the rest of a sentence.
    pub fn parse(text: &str) -> Result<Self, String> {
        let wrong = || "must hold one claim in braces, as token:{sub}@nationalId does".to_owned();
        let (before, rest) = text.split_once('{').ok_or_else(wrong)?;
        let (claim, after) = rest.split_once('}').ok_or_else(wrong)?;
        let name =
            !claim.is_empty() && claim.bytes().all(|b| b.is_ascii_alphanumeric() || b"_.-".contains(&b));
        if !name || before.contains('}') || after.contains(['{', '}']) || !text.is_ascii() {
            return Err(wrong());
        }
        Ok(Self { before: before.to_owned(), claim: claim.to_owned(), after: after.to_owned() })
    }

    /// The name of the claim.
    #[must_use]
    pub fn claim(&self) -> &str {
        &self.claim
    }

    /// The id of the person who signed in; `None` when the provider did not give the claim, or nothing that can be part
    /// of an id.
    #[must_use]
    pub fn id(&self, signed_in: &SignedIn) -> Option<String> {
        self.fill(signed_in.claim(&self.claim)?)
    }

    fn fill(&self, value: &Value) -> Option<String> {
        let value = match value {
            Value::String(text) => text.clone(),
            Value::Number(number) if number.is_u64() => number.to_string(),
            _ => return None,
        };
        let plain = !value.is_empty() && value.bytes().all(|b| b.is_ascii_graphic());
        let id = format!("{}{value}{}", self.before, self.after);
        (plain && id.len() <= MAX_ID).then_some(id)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::json;

    use super::IdTemplate;

    #[test]
    fn one_claim_becomes_an_id() {
        let template = IdTemplate::parse("token:{sub}@nationalId").unwrap();
        assert_eq!(template.fill(&json!("2OsmelWj9g")).unwrap(), "token:2OsmelWj9g@nationalId");
        assert_eq!(template.fill(&json!(4711)).unwrap(), "token:4711@nationalId");
        let long = "x".repeat(300);
        for value in [
            json!(""),
            json!("a b"),
            json!("a\n"),
            json!("é"),
            json!(null),
            json!(true),
            json!(["a"]),
            json!(-1),
            json!(long),
        ] {
            assert_eq!(template.fill(&value), None, "{value}");
        }
    }

    #[test]
    fn templates_that_are_none_are_refused() {
        for text in ["", "token", "{}", "{a b}", "{a}{b}", "{a", "a}", "}{a}", "{{a}}", "é{a}"] {
            assert!(IdTemplate::parse(text).is_err(), "{text}");
        }
        assert_eq!(IdTemplate::parse("{individual_id}@nid").unwrap().claim(), "individual_id");
    }
}
