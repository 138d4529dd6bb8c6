//! The published document (`disburse_core_api_v1.0.0.yaml` in `G2P_SPECS_DIR`): messages made of its own examples are taken
//! and answered as it says.
//!
//! What has to be put in the place of its examples: who pays (a programme must be configured), the currency, times (its
//! example is empty) and the address for callbacks (it has a placeholder in it). Faults of the document that are not held
//! against an answer: the list of results is required under its right name, the list of payments under a misspelt one.

use std::path::PathBuf;

use platform::{Mode, Policy};
use serde_json::{Map, Value, json};

use crate::world::{World, now};

/// Path, action.
const OPERATIONS: [(&str, &str); 6] = [
    ("/disburse/sync/disburse", "search"),
    ("/disburse/sync/search", "search"),
    ("/disburse/sync/txn/status", "search"),
    ("/disburse", "disburse"),
    ("/disburse/search", "search"),
    ("/disburse/txn/status", "on-disburse"),
];

struct Document(Value);

impl Document {
    fn read() -> Option<Self> {
        let Some(folder) = std::env::var_os("G2P_SPECS_DIR") else {
            eprintln!("G2P_SPECS_DIR is not set: nothing is held against the published document");
            return None;
        };
        let file = PathBuf::from(folder).join("disburse_core_api_v1.0.0.yaml");
        let text = std::fs::read_to_string(&file).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
        Some(Self(serde_yaml_ng::from_str(&text).unwrap()))
    }

    fn resolve<'a>(&'a self, schema: &'a Value) -> &'a Value {
        match schema["$ref"].as_str() {
            Some(path) => self.resolve(self.0.pointer(path.trim_start_matches('#')).unwrap()),
            None => schema,
        }
    }

    /// Of several forms the first that is not an encrypted message.
    fn form<'a>(&'a self, schema: &'a Value) -> &'a Value {
        let schema = self.resolve(schema);
        for forms in ["oneOf", "anyOf"] {
            if let Some(forms) = schema[forms].as_array() {
                return self.form(forms.first().unwrap());
            }
        }
        schema
    }

    /// A value with the document's examples, and every member that is described.
    fn example(&self, schema: &Value) -> Value {
        let schema = self.form(schema);
        if let Some(all) = schema["allOf"].as_array() {
            let mut parts = all.iter().map(|part| self.example(part));
            let mut made = parts.next().unwrap();
            for part in parts {
                match (made.as_object_mut(), part) {
                    (Some(made), Value::Object(part)) => made.extend(part),
                    (_, part) => made = part,
                }
            }
            return made;
        }
        match &schema["example"] {
            Value::String(text) if !text.is_empty() => return json!(text),
            Value::Number(number) if schema["type"] == "string" => return json!(number.to_string()),
            Value::Number(number) => return json!(number),
            _ => {}
        }
        if let Some(values) = schema["enum"].as_array() {
            return values.first().unwrap().clone();
        }
        match schema["type"].as_str() {
            Some("array") => json!([self.example(&schema["items"])]),
            Some("integer" | "number") => json!(1),
            Some("boolean") => json!(false),
            Some("string") if schema["format"] == "date-time" => json!(now()),
            Some("string") if schema["pattern"].as_str().is_some_and(|p| p.starts_with("^\\d")) => {
                json!("1000.00")
            }
            Some("string") => json!("text"),
            _ => {
                let members = schema["properties"].as_object().into_iter().flatten();
                let made: Map<String, Value> =
                    members.map(|(name, member)| (name.clone(), self.example(member))).collect();
                Value::Object(made)
            }
        }
    }

    /// What is wrong with an answer.
    fn check(&self, schema: &Value, value: &Value, place: &str) -> Result<(), String> {
        let schema = self.form(schema);
        for part in schema["allOf"].as_array().into_iter().flatten() {
            self.check(part, value, place)?;
        }
        if let Some(values) = schema["enum"].as_array()
            && !place.ends_with("/action")
            && !values.contains(value)
        {
            return Err(format!("{place}: {value} is none of {values:?}"));
        }
        if schema["type"] == "string" && !value.is_string() {
            return Err(format!("{place}: {value} is no text"));
        }
        for name in schema["required"].as_array().into_iter().flatten() {
            if value.get(name.as_str().unwrap()).is_none() {
                return Err(format!("{place}: {name} is missing in {value}"));
            }
        }
        for (name, member) in schema["properties"].as_object().into_iter().flatten() {
            if let Some(value) = value.get(name).filter(|v| !v.is_null()) {
                self.check(member, value, &format!("{place}/{name}"))?;
            }
        }
        for (n, item) in value.as_array().into_iter().flatten().enumerate() {
            self.check(&schema["items"], item, &format!("{place}/{n}"))?;
        }
        Ok(())
    }
}

#[tokio::test]
async fn messages_of_the_documents_examples_are_taken_and_answered_as_it_says() {
    let Some(document) = Document::read() else { return };
    let world = World::start_with(|loaded| loaded.service.callback_loopback = true).await;
    let policy = Policy {
        permissions: ["bridge:call".to_owned()].into(),
        // Nobody listens there.
        callback_urls: ["http://127.0.0.1:9/".to_owned()].into(),
        ..Policy::default()
    };
    let sender = "SPEC";
    world.bridge.partner_with(sender, Mode::Compat, policy).await;
    for (path, action) in OPERATIONS {
        let operation = &document.0["paths"][path]["post"];
        let mut message =
            document.example(&operation["requestBody"]["content"]["application/json"]["schema"]);
        let header = message["header"].as_object_mut().unwrap();
        header.remove("sender_uri");
        header.insert("action".to_owned(), json!(action));
        header.insert("message_ts".to_owned(), json!(now()));
        header.insert("sender_id".to_owned(), json!(sender));
        message.as_object_mut().unwrap().remove("signature");
        for item in message["message"]["disbursements"].as_array_mut().into_iter().flatten() {
            item["payer_fa"] = json!("program:PROG@example-bank");
            item["currency_code"] = json!("KES");
            item["scheduled_timestamp"] = json!(now());
        }
        let reply = world.bridge.anonymous().post(path, &message).await;
        assert_eq!(reply.status, 200, "{path}: {}\n{message}", reply.text);
        let body = reply.json();
        let answer = document.resolve(&operation["responses"]["default"]);
        let schema = &answer["content"]["application/json"]["schema"];
        document.check(schema, &body, "").unwrap_or_else(|why| panic!("{path}: {why}\n{body}\n{message}"));
        if path.contains("sync") {
            assert_eq!(body["header"]["status"], "succ", "{path}: {body}\n{message}");
        } else {
            assert_eq!(body["message"]["ack_status"], "ACK", "{path}: {body}\n{message}");
        }
    }
    world.wait_sent(1).await;
    world.check().await;
}
