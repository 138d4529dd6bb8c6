//! As much of JSON Schema as the published documents use: what a schema admits is made up by chance, and what was answered is
//! held against one.

use rand::{Rng, seq::IndexedRandom};
use rand_chacha::ChaCha8Rng;
use serde_json::{Map, Value, json};

/// A document with its references.
pub(super) struct Document(pub(super) Value);

const LETTERS: [&str; 16] =
    ["a", "Z", "7", " ", "@", ":", ".", "\"", "\\", "/", "é", "日", "🦀", "'", "{", "-"];

impl Document {
    /// What a path of keys leads to.
    pub(super) fn at(&self, path: &[&str]) -> &Value {
        path.iter().fold(&self.0, |value, key| &value[*key])
    }

    /// The schema itself, where it is only named. A name beside members is a fault of the document: the members count.
    fn resolve<'a>(&'a self, schema: &'a Value) -> &'a Value {
        match schema["$ref"].as_str() {
            Some(path) if schema["properties"].is_null() => {
                let keys: Vec<&str> = path.trim_start_matches("#/").split('/').collect();
                self.resolve(self.at(&keys))
            }
            _ => schema,
        }
    }

    /// Of several forms the first that is not an encrypted message.
    fn plain<'a>(&'a self, forms: &'a Value, dice: &mut ChaCha8Rng) -> &'a Value {
        let forms: Vec<&Value> = forms.as_array().unwrap().iter().map(|form| self.resolve(form)).collect();
        let open: Vec<&&Value> =
            forms.iter().filter(|form| form["properties"]["ciphertext"].is_null()).collect();
        open.choose(dice).unwrap()
    }

    /// Something that the schema admits.
    pub(super) fn make(&self, schema: &Value, dice: &mut ChaCha8Rng) -> Value {
        let schema = self.resolve(schema);
        if let Some(all) = schema["allOf"].as_array() {
            let mut made = Map::new();
            for part in all {
                made.append(self.make(part, dice).as_object_mut().unwrap());
            }
            return Value::Object(made);
        }
        for forms in ["oneOf", "anyOf"] {
            if schema[forms].is_array() {
                return self.make(self.plain(&schema[forms], dice), dice);
            }
        }
        if let Some(values) = schema["enum"].as_array() {
            return values.choose(dice).unwrap().clone();
        }
        match schema["type"].as_str() {
            Some("string") => json!(text(schema, dice)),
            Some("integer") => json!(dice.random_range(0..1_000)),
            Some("number") => json!(dice.random_range(0..1_000)),
            Some("boolean") => json!(dice.random_bool(0.5)),
            Some("array") => {
                (0..dice.random_range(1..4)).map(|_| self.make(&schema["items"], dice)).collect()
            }
            _ => self.object(schema, dice),
        }
    }

    fn object(&self, schema: &Value, dice: &mut ChaCha8Rng) -> Value {
        let mut made = Map::new();
        for (name, member) in schema["properties"].as_object().into_iter().flatten() {
            if requires(schema, name) || dice.random_bool(0.5) {
                made.insert(name.clone(), self.make(member, dice));
            }
        }
        Value::Object(made)
    }

    /// What is wrong with a value; nothing when the schema admits it.
    pub(super) fn check(&self, schema: &Value, value: &Value, place: &str) -> Result<(), String> {
        let schema = self.resolve(schema);
        let wrong = |what: &str| Err(format!("{place}: {what}: {value}"));
        for part in schema["allOf"].as_array().into_iter().flatten() {
            self.check(part, value, place)?;
        }
        for forms in ["oneOf", "anyOf"] {
            if let Some(forms) = schema[forms].as_array() {
                let checked = forms.iter().map(|form| self.check(form, value, place));
                let errors: Vec<String> = checked.filter_map(Result::err).collect();
                if errors.len() == forms.len() {
                    return Err(errors.join(" | "));
                }
            }
        }
        if let Some(values) = schema["enum"].as_array()
            && !values.contains(value)
        {
            return wrong("not one of the list");
        }
        let fits = match schema["type"].as_str() {
            Some("string") => value.is_string(),
            Some("integer") => value.is_i64() || value.is_u64(),
            Some("number") => value.is_number(),
            Some("boolean") => value.is_boolean(),
            Some("array") => value.is_array(),
            Some("object") => value.is_object(),
            _ => true,
        };
        if !fits {
            return wrong("another type");
        }
        if let (Some(text), Some(most)) = (value.as_str(), schema["maxLength"].as_u64())
            && text.chars().count() as u64 > most
        {
            return wrong("too long");
        }
        if schema["format"] == "date-time"
            && time::OffsetDateTime::parse(
                value.as_str().unwrap(),
                &time::format_description::well_known::Rfc3339,
            )
            .is_err()
        {
            return wrong("no time");
        }
        for item in value.as_array().into_iter().flatten() {
            self.check(&schema["items"], item, &format!("{place}[]"))?;
        }
        let Some(members) = value.as_object() else { return Ok(()) };
        for (name, member) in schema["properties"].as_object().into_iter().flatten() {
            match members.get(name) {
                Some(found) => self.check(member, found, &format!("{place}.{name}"))?,
                None if requires(schema, name) => return wrong(&format!("{name} is missing")),
                None => {}
            }
        }
        Ok(())
    }
}

fn requires(schema: &Value, name: &str) -> bool {
    schema["required"].as_array().is_some_and(|names| names.iter().any(|n| n == name))
}

fn text(schema: &Value, dice: &mut ChaCha8Rng) -> String {
    if schema["format"] == "date-time" {
        return crate::now();
    }
    if schema["pattern"].is_string() {
        return (0..3).map(|_| dice.random_range(b'a'..=b'z') as char).collect();
    }
    (0..dice.random_range(0..12)).map(|_| *LETTERS.choose(dice).unwrap()).collect()
}
