//! Strategies: how the parts of an id or of a financial address become one text, and how the text is read back.
//!
//! The templates and patterns are those of deployed mappers (`account_number:{account_number}.bank_code:{bank_code}…`,
//! Python's `str.format` and named groups), so that every address in their databases reads and writes byte for byte.
//! Deployed mappers write values as they are, so that a value with `.bank_code:` inside reads back as other values.
//! Here such an address is written in an escaped form (see [`ESCAPED`]) that no plain address can equal.

use std::collections::BTreeMap;
use std::fmt;

use memchr::{memchr, memmem::Finder};
use regex::{Regex, RegexBuilder};

/// First character of an address whose values are escaped: in it `%XX` stands for each character of the template's
/// own text, and for `%`. No template has it.
pub const ESCAPED: char = '!';

/// Longest template or pattern, in bytes.
const MAX_TEXT: usize = 2_048;

/// Values by name.
pub type Fields = BTreeMap<String, String>;

/// A template's text and names, in turn: `literals[0] {names[0]} literals[1] {names[1]} … literals[n]`.
#[derive(Debug, Clone)]
struct Template {
    literals: Vec<String>,
    names: Vec<String>,
    /// For each piece of text between two names, what finds it.
    between: Vec<Finder<'static>>,
    /// A character that all of these have: a value without it has none of them in it.
    mark: Option<u8>,
}

/// One way to write and read an id or an address.
#[derive(Debug, Clone)]
pub struct Strategy {
    /// As clients name it.
    pub id: i64,
    template: Template,
    pattern: Regex,
    /// Whether the pattern is the template with `.*` for each name: then the text is split without it.
    plain: bool,
}

/// Why a strategy cannot be used, or a value not be written. Never repeats a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StrategyError {
    /// The template is not text with `{name}` in it.
    Template(&'static str),
    /// The pattern is no regular expression, or is too large.
    Pattern(String),
    /// The pattern and the template do not have the same names.
    NamesDiffer,
    /// No value was given for this name.
    Missing(String),
    /// The values, once written, do not read back as they were.
    NotReadable,
}

impl fmt::Display for StrategyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Template(why) => write!(f, "construct_strategy: {why}"),
            Self::Pattern(why) => write!(f, "deconstruct_strategy: {why}"),
            Self::NamesDiffer => {
                f.write_str("the names of construct_strategy and deconstruct_strategy differ")
            }
            Self::Missing(name) => write!(f, "{name} is missing"),
            Self::NotReadable => f.write_str("the values do not fit the pattern of the strategy"),
        }
    }
}

impl Template {
    fn parse(text: &str) -> Result<Self, StrategyError> {
        let mut literals = Vec::new();
        let mut names: Vec<String> = Vec::new();
        let mut rest = text;
        while let Some((literal, after)) = rest.split_once('{') {
            let (name, after) = after.split_once('}').ok_or(StrategyError::Template("a { without its }"))?;
            if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
                return Err(StrategyError::Template("a name has letters, digits and _ only"));
            }
            if literal.contains('}') {
                return Err(StrategyError::Template("a } without its {"));
            }
            if literal.is_empty() && !names.is_empty() {
                return Err(StrategyError::Template("two names need text between them"));
            }
            if names.iter().any(|known| known == name) {
                return Err(StrategyError::Template("a name stands twice"));
            }
            literals.push(literal.to_owned());
            names.push(name.to_owned());
            rest = after;
        }
        if names.is_empty() {
            return Err(StrategyError::Template("it has no {name}"));
        }
        if rest.contains('}') {
            return Err(StrategyError::Template("a } without its {"));
        }
        literals.push(rest.to_owned());
        if literals.iter().any(|l| l.contains('%') || l.contains(ESCAPED)) {
            return Err(StrategyError::Template("its text may not have % or !"));
        }
        let inner = literals.get(1..literals.len() - 1).unwrap_or_default();
        let between = inner.iter().map(|text| Finder::new(text.as_str()).into_owned()).collect();
        let mark = inner.first().and_then(|first| {
            let common = |byte: &u8| inner.iter().all(|text| text.as_bytes().contains(byte));
            first.bytes().rev().filter(u8::is_ascii).find(common)
        });
        Ok(Self { literals, names, between, mark })
    }

    fn write<'a>(&self, value: impl Fn(&str) -> Option<&'a str>) -> Result<String, StrategyError> {
        let mut text = String::new();
        for (literal, name) in self.literals.iter().zip(&self.names) {
            text.push_str(literal);
            text.push_str(value(name).ok_or_else(|| StrategyError::Missing(name.clone()))?);
        }
        text.push_str(self.literals.last().map_or("", String::as_str));
        Ok(text)
    }

    /// The values, when each piece of text between them stands exactly once.
    fn split<'a>(&self, text: &'a str) -> Option<Vec<&'a str>> {
        let (first, last) = (self.literals.first()?, self.literals.last()?);
        let mut rest = text.strip_prefix(first.as_str())?.strip_suffix(last.as_str())?;
        let mut values = Vec::with_capacity(self.names.len());
        for literal in &self.between {
            let at = literal.find(rest.as_bytes())?;
            values.push(rest.get(..at)?);
            rest = rest.get(at + literal.needle().len()..)?;
        }
        values.push(rest);
        values.iter().all(|value| !self.has_text_in(value)).then_some(values)
    }

    /// Whether a piece of text between names stands in a value.
    fn has_text_in(&self, value: &str) -> bool {
        let value = value.as_bytes();
        self.mark.is_none_or(|mark| memchr(mark, value).is_some())
            && self.between.iter().any(|literal| literal.find(value).is_some())
    }

    /// The pattern that deployed mappers have for a template like this one.
    fn usual_pattern(&self) -> String {
        let mut pattern = String::from("^");
        for (literal, name) in self.literals.iter().zip(&self.names) {
            pattern.push_str(&regex::escape(literal).replace("\\-", "-"));
            pattern.push_str("(?P<");
            pattern.push_str(name);
            pattern.push_str(">.*)");
        }
        pattern.push_str(&regex::escape(self.literals.last().map_or("", String::as_str)));
        pattern.push('$');
        pattern
    }

    /// Whether a value has a `.<key>:` of the template in it, so that the plain form would not say where it ends.
    fn stands_in(&self, values: &[&str]) -> bool {
        let mut keys = self.literals.iter().skip(1).filter(|l| l.ends_with(':'));
        keys.any(|key| values.iter().any(|value| value.contains(key.as_str())))
    }

    fn escape(&self, value: &str) -> String {
        let mut text = String::with_capacity(value.len() + 8);
        for c in value.chars() {
            if c == '%' || self.literals.iter().any(|l| l.contains(c)) {
                let mut bytes = [0_u8; 4];
                for byte in c.encode_utf8(&mut bytes).bytes() {
                    text.push_str(&format!("%{byte:02X}"));
                }
            } else {
                text.push(c);
            }
        }
        text
    }
}

fn unescape(value: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(value.len());
    let mut rest = value.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let (high, low) =
                (char::from(rest.next()?).to_digit(16)?, char::from(rest.next()?).to_digit(16)?);
            bytes.push(u8::try_from(high * 16 + low).ok()?);
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok()
}

impl Strategy {
    /// A strategy from its template (`{name}` only: no attributes, no formats) and its pattern (named groups; anchored
    /// at the start, as Python's `re.match` is).
    ///
    /// # Errors
    /// What is wrong with which of the two.
    pub fn new(id: i64, construct: &str, deconstruct: &str) -> Result<Self, StrategyError> {
        if construct.len() > MAX_TEXT {
            return Err(StrategyError::Template("it is too long"));
        }
        if deconstruct.len() > MAX_TEXT {
            return Err(StrategyError::Pattern("it is too long".to_owned()));
        }
        let template = Template::parse(construct)?;
        let pattern = RegexBuilder::new(&format!("^(?:{deconstruct})"))
            .size_limit(1 << 20)
            .build()
            .map_err(|error| StrategyError::Pattern(error.to_string()))?;
        let mut known: Vec<&str> = pattern.capture_names().flatten().collect();
        let mut names: Vec<&str> = template.names.iter().map(String::as_str).collect();
        known.sort_unstable();
        names.sort_unstable();
        if known != names {
            return Err(StrategyError::NamesDiffer);
        }
        let plain = deconstruct == template.usual_pattern();
        Ok(Self { id, template, pattern, plain })
    }

    /// The names it writes.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.template.names.iter().map(String::as_str)
    }

    /// Whether this strategy may have written the text: its first piece of text stands there.
    #[must_use]
    pub fn may_have_written(&self, text: &str) -> bool {
        let text = text.strip_prefix(ESCAPED).unwrap_or(text);
        self.template.literals.first().is_some_and(|first| text.starts_with(first.as_str()))
    }

    /// The text of these values. Two different sets of values never have the same text.
    ///
    /// # Errors
    /// [`StrategyError::Missing`] for a name without a value; [`StrategyError::NotReadable`] when the pattern does not
    /// take a value (an empty one, say).
    pub fn construct(&self, fields: &Fields) -> Result<String, StrategyError> {
        let value = |name: &str| fields.get(name).map(String::as_str);
        let plain = self.template.write(value)?;
        let values: Vec<&str> = self.names().filter_map(value).collect();
        if !self.template.stands_in(&values) && self.reads_back(&plain, fields) {
            return Ok(plain);
        }
        let escaped: BTreeMap<&str, String> =
            self.names().filter_map(|name| value(name).map(|v| (name, self.template.escape(v)))).collect();
        let mut text = self.template.write(|name| escaped.get(name).map(String::as_str))?;
        text.insert(0, ESCAPED);
        if self.reads_back(&text, fields) { Ok(text) } else { Err(StrategyError::NotReadable) }
    }

    fn reads_back(&self, text: &str, fields: &Fields) -> bool {
        self.deconstruct(text)
            .is_some_and(|read| read.iter().all(|(name, value)| fields.get(name) == Some(value)))
    }

    /// The values of a text, or `None` when it is not one of this strategy.
    #[must_use]
    pub fn deconstruct(&self, text: &str) -> Option<Fields> {
        match text.strip_prefix(ESCAPED) {
            Some(escaped) => {
                self.read(escaped)?.into_iter().map(|(name, value)| Some((name, unescape(&value)?))).collect()
            }
            None => self.read(text),
        }
    }

    /// The values of a plain text in the order of [`Strategy::names`], without copying; `None` when that takes more
    /// than splitting it, or it is not one of this strategy.
    #[must_use]
    pub fn split<'a>(&self, text: &'a str) -> Option<Vec<&'a str>> {
        (self.plain && !text.starts_with(ESCAPED)).then(|| self.template.split(text)).flatten()
    }

    fn read(&self, text: &str) -> Option<Fields> {
        if self.plain
            && let Some(values) = self.template.split(text)
        {
            return Some(
                self.template.names.iter().cloned().zip(values.into_iter().map(str::to_owned)).collect(),
            );
        }
        let found = self.pattern.captures(text)?;
        self.names().map(|name| Some((name.to_owned(), found.name(name)?.as_str().to_owned()))).collect()
    }
}

#[cfg(test)]
mod tests;
