//! XML, one element at a time, in bounded memory.

use std::io::{self, BufRead, Read};

use money::{Amount, Currency};
use quick_xml::events::{BytesRef, BytesStart, Event};
use quick_xml::{Error, Reader};
use time::{Date, Month};

use crate::statement::LONGEST_REFERENCE;

/// Deepest nesting; the messages have some 15 levels.
const MAX_DEPTH: usize = 40;
/// Longest tag, comment or run of text.
const MAX_EVENT: usize = 64 * 1024;
/// Longest text of an element that is kept, in bytes.
const MAX_TEXT: usize = 4096;
/// Longest name of an element that can be one of ours.
const MAX_NAME: usize = 64;

/// What comes next.
#[derive(Debug)]
pub(super) enum Node {
    /// An element begins; [`Pull::path`] is its path.
    Open,
    /// An element ends; [`Pull::path`] is still its path.
    Close(Text),
    /// The file ends.
    End,
}

/// Why reading cannot go on.
#[derive(Debug)]
pub(super) enum Fault {
    /// The input failed.
    Io(io::Error),
    /// The file is no XML that we read.
    Xml(String),
}

/// The text of an element, and what is wrong with it.
#[derive(Debug, Default)]
pub(super) struct Text {
    value: String,
    fault: Option<&'static str>,
    /// Attribute `Ccy`.
    currency: Option<String>,
}

impl Text {
    /// Free text: what cannot be kept is replaced.
    pub(super) fn free(&self) -> String {
        self.value.replace(char::is_control, " ").trim().to_owned()
    }

    /// Text that must be right.
    pub(super) fn exact(&self) -> Result<&str, &'static str> {
        let value = self.value.trim();
        match self.fault {
            Some(fault) => Err(fault),
            None if value.contains(char::is_control) => Err("holds a control character"),
            None => Ok(value),
        }
    }

    /// A name of something: not longer than anything may be named.
    pub(super) fn identity(&self) -> Result<String, &'static str> {
        let value = self.exact()?;
        if value.chars().count() > LONGEST_REFERENCE { Err("is too long") } else { Ok(value.to_owned()) }
    }

    /// `YYYY-MM-DD`, with or without a time and a zone behind it: the day the bank wrote.
    pub(super) fn date(&self) -> Result<Date, &'static str> {
        self.exact().ok().and_then(date).ok_or("is not a date YYYY-MM-DD")
    }

    /// An amount of the currency in the attribute `Ccy`.
    pub(super) fn amount(&self) -> Result<Amount, String> {
        let code = self.currency.as_deref().ok_or("names no currency (Ccy)")?;
        let currency = Currency::from_code(code).map_err(|e| e.to_string())?;
        let text = self.exact()?;
        // The type of the standard has neither sign nor exponent.
        if !text.bytes().all(|b| b.is_ascii_digit() || b == b'.') {
            return Err("is not an amount".to_owned());
        }
        Amount::parse(text, currency).map_err(|e| e.to_string())
    }
}

fn date(text: &str) -> Option<Date> {
    let (day, rest) = text.split_at_checked(10)?;
    if !(rest.is_empty() || rest.starts_with(['T', 'Z', '+', '-'])) {
        return None;
    }
    let mut parts = day.split('-');
    let mut number = |digits: usize| {
        let part = parts.next().filter(|p| p.len() == digits && p.bytes().all(|b| b.is_ascii_digit()))?;
        part.parse::<u16>().ok()
    };
    let (year, month, day) = (number(4)?, number(2)?, number(2)?);
    let month = Month::try_from(u8::try_from(month).ok()?).ok()?;
    Date::from_calendar_date(i32::from(year), month, u8::try_from(day).ok()?).ok()
}

/// Reads elements by their local names.
pub(super) struct Pull<R> {
    reader: Reader<Limited<R>>,
    buffer: Vec<u8>,
    /// `/Document/…`
    path: String,
    /// Length of `path` before each open element.
    open: Vec<usize>,
    text: Text,
    /// The element of the last [`Node::Close`] is still on the path.
    closing: bool,
}

impl<R: BufRead> Pull<R> {
    pub(super) fn new(input: R) -> Self {
        let mut reader = Reader::from_reader(Limited { input, left: MAX_EVENT, exceeded: false });
        reader.config_mut().expand_empty_elements = true;
        Self {
            reader,
            buffer: Vec::new(),
            path: String::new(),
            open: Vec::new(),
            text: Text::default(),
            closing: false,
        }
    }

    /// The element's path below `Document`, whatever the document is wrapped in.
    pub(super) fn path(&self) -> &str {
        self.path.split_once("/Document/").map_or("", |(_, path)| path)
    }

    pub(super) fn step(&mut self) -> Result<Node, Fault> {
        if std::mem::take(&mut self.closing) {
            self.path.truncate(self.open.pop().unwrap_or_default());
        }
        let mut buffer = std::mem::take(&mut self.buffer);
        loop {
            buffer.clear();
            self.reader.get_mut().left = MAX_EVENT;
            let event = self.reader.read_event_into(&mut buffer);
            match event.map_err(|e| self.fault(e)).and_then(|event| self.take(&event)) {
                Ok(None) => {}
                Ok(Some(node)) => {
                    self.buffer = buffer;
                    return Ok(node);
                }
                Err(fault) => return Err(fault),
            }
        }
    }

    fn take(&mut self, event: &Event<'_>) -> Result<Option<Node>, Fault> {
        match event {
            Event::Start(start) => {
                self.push(start)?;
                return Ok(Some(Node::Open));
            }
            Event::End(_) => {
                self.closing = true;
                return Ok(Some(Node::Close(std::mem::take(&mut self.text))));
            }
            Event::Text(text) => self.append(text),
            Event::CData(text) => self.append(text),
            Event::GeneralRef(reference) => self.resolve(reference),
            Event::DocType(_) => {
                return Err(Fault::Xml("a document type declaration (DTD) is refused".to_owned()));
            }
            Event::Eof if self.open.is_empty() => return Ok(Some(Node::End)),
            Event::Eof => return Err(Fault::Xml("the file ends inside an element".to_owned())),
            // Not emitted: empty elements are expanded.
            Event::Empty(_) | Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
        }
        Ok(None)
    }

    fn push(&mut self, start: &BytesStart<'_>) -> Result<(), Fault> {
        if self.open.len() >= MAX_DEPTH {
            return Err(Fault::Xml(format!("elements are nested deeper than {MAX_DEPTH}")));
        }
        self.open.push(self.path.len());
        self.path.push('/');
        let name = start.local_name();
        match std::str::from_utf8(name.as_ref()) {
            Ok(name) if name.len() <= MAX_NAME => self.path.push_str(name),
            _ => self.path.push('?'),
        }
        let code = start.try_get_attribute("Ccy").ok().flatten();
        let code = code.and_then(|code| std::str::from_utf8(&code.value).ok().map(|c| c.trim().to_owned()));
        self.text = Text { currency: code.filter(|code| code.len() <= MAX_NAME), ..Text::default() };
        Ok(())
    }

    fn append(&mut self, bytes: &[u8]) {
        // Files are UTF-8 or, from older systems, Latin-1, where every byte is the character of its number.
        match std::str::from_utf8(bytes) {
            Ok(text) => self.keep(text.chars()),
            Err(_) => self.keep(bytes.iter().map(|b| char::from(*b))),
        }
    }

    fn keep(&mut self, characters: impl Iterator<Item = char>) {
        for c in characters {
            if self.text.value.len() >= MAX_TEXT {
                self.text.fault = Some("is too long");
                return;
            }
            self.text.value.push(c);
        }
    }

    fn resolve(&mut self, reference: &BytesRef<'_>) {
        let named = || match &**reference {
            b"amp" => Some('&'),
            b"lt" => Some('<'),
            b"gt" => Some('>'),
            b"quot" => Some('"'),
            b"apos" => Some('\''),
            _ => None,
        };
        match reference.resolve_char_ref().ok().and_then(|c| c.or_else(named)) {
            Some(c) => self.keep(std::iter::once(c)),
            None => self.text.fault = Some("holds an entity that is not one of XML's five"),
        }
    }

    fn fault(&self, error: Error) -> Fault {
        if self.reader.get_ref().exceeded {
            return Fault::Xml(format!("a tag or text is longer than {MAX_EVENT} bytes"));
        }
        match error {
            Error::Io(error) => Fault::Io(io::Error::new(error.kind(), error.to_string())),
            _ => Fault::Xml(format!("no well-formed XML at byte {}", self.reader.error_position())),
        }
    }
}

/// Input that ends in an error when one thing in it is too long to be kept.
struct Limited<R> {
    input: R,
    left: usize,
    exceeded: bool,
}

impl<R: BufRead> Read for Limited<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let available = self.fill_buf()?;
        let n = available.len().min(buffer.len());
        if let (Some(to), Some(from)) = (buffer.get_mut(..n), available.get(..n)) {
            to.copy_from_slice(from);
        }
        self.consume(n);
        Ok(n)
    }
}

impl<R: BufRead> BufRead for Limited<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.left == 0 {
            self.exceeded = true;
            return Err(io::Error::other("too long"));
        }
        let buffer = self.input.fill_buf()?;
        let end = buffer.len().min(self.left);
        Ok(buffer.get(..end).unwrap_or_default())
    }

    fn consume(&mut self, n: usize) {
        self.left = self.left.saturating_sub(n);
        self.input.consume(n);
    }
}
