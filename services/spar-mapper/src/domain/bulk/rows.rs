//! Reads the rows of a part: each for itself, so that a bad one harms no other.

use csv_core::{ReadRecordResult, Reader};
use platform::signed::parse_json;
use serde::Deserialize;
use serde_json::Value;

use super::{
    Format, Part,
    cut::{lines, separators},
    json_scan::ValueScan,
};
use crate::domain::{Item, Refusal};

/// Fields of a CSV row at most: more than there are columns.
const MAX_FIELDS: usize = 32;

/// A row of a file, as far as it could be read. Its `Debug` shows nothing of it.
pub struct Row {
    /// 1, 2, 3 … of the file.
    pub row: u64,
    /// The line at which it begins.
    pub line: u64,
    /// The sender's own name of the row.
    pub reference: Option<String>,
    /// The change; or why the row could not be read.
    pub item: Result<Item, RowFault>,
}

impl std::fmt::Debug for Row {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Row {{ row {}, line {}, read {} }}", self.row, self.line, self.item.is_ok())
    }
}

/// Why a row cannot be read. Never quotes what stands in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowFault {
    /// The column or member that is wrong; `None` for the whole row.
    pub column: Option<String>,
    /// What is wrong.
    pub reason: String,
}

impl RowFault {
    fn whole(reason: impl Into<String>) -> Self {
        Self { column: None, reason: reason.into() }
    }
}

/// The columns of a CSV file: for each field of a row what it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Columns(Vec<String>);

/// Names that a column may have, and what it is then.
const COLUMNS: [(&str, &str); 9] = [
    ("id", "id"),
    ("fa", "fa"),
    ("name", "name"),
    ("phone_number", "phone_number"),
    ("phone", "phone_number"),
    ("additional_info", "additional_info"),
    ("reference_id", "reference_id"),
    ("timestamp", "timestamp"),
    ("locale", "locale"),
];

impl Columns {
    /// Reads the header of a file.
    ///
    /// # Errors
    /// What is wrong with it, for its sender.
    pub fn read(header: &[u8]) -> Result<Self, String> {
        let mut fields = Fields::new();
        let names = fields.read(header).ok_or("the header has too many columns, or is too long")?;
        let mut columns: Vec<String> = Vec::new();
        for (n, name) in names.iter().enumerate() {
            let name = std::str::from_utf8(name).unwrap_or_default().trim().to_ascii_lowercase();
            let known = COLUMNS.iter().find(|(spelt, _)| *spelt == name).map(|(_, column)| *column);
            let known = known.ok_or_else(|| {
                format!(
                    "column {} of the header is none of id, fa, name, phone_number, additional_info, reference_id",
                    n + 1
                )
            })?;
            if columns.iter().any(|column| column == known) {
                return Err(format!("the header has the column {known} twice"));
            }
            columns.push(known.to_owned());
        }
        if !columns.iter().any(|column| column == "id") {
            return Err("the header has no column id".to_owned());
        }
        Ok(Self(columns))
    }

    /// As they were stored.
    #[must_use]
    pub const fn stored(columns: Vec<String>) -> Self {
        Self(columns)
    }

    /// To be stored.
    #[must_use]
    pub fn names(&self) -> &[String] {
        &self.0
    }
}

/// The column that a refusal is about.
#[must_use]
pub const fn column_of(refusal: &Refusal) -> &'static str {
    match refusal {
        Refusal::FaMissing | Refusal::FaMalformed | Refusal::FaUnwritable(_) | Refusal::NotInDirectory(_) => {
            "fa"
        }
        Refusal::NameMalformed | Refusal::NameMissing | Refusal::NameDiffers => "name",
        Refusal::InfoTooLarge => "additional_info",
        Refusal::ReferenceMissing | Refusal::ReferenceRepeated => "reference_id",
        Refusal::TimestampInvalid => "timestamp",
        Refusal::IdMissing
        | Refusal::IdMalformed
        | Refusal::RepeatedInBatch
        | Refusal::AlreadyMapped
        | Refusal::NotLinked
        | Refusal::IdForbidden
        | Refusal::Frozen => "id",
    }
}

/// The lane that works on an id. It must not change from one version to the next: lanes of a job that began under the one may
/// go on under the other.
#[must_use]
pub fn lane_of(id: &str, lanes: u64) -> u64 {
    // FNV-1a.
    let hash = id.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    (hash ^ (hash >> 32)) % lanes.max(1)
}

/// Reads all rows of a part.
#[must_use]
pub fn read_part(format: Format, columns: &Columns, part: &Part) -> Vec<Row> {
    let mut rows = Vec::new();
    let (mut row, mut line) = (part.first_row, part.first_line);
    let mut rest = part.content.as_slice();
    let mut fields = Fields::new();
    loop {
        let blank = separators_of(format, rest);
        line += lines(blank);
        rest = rest.get(blank.len()..).unwrap_or_default();
        if rest.is_empty() {
            return rows;
        }
        let (length, reference, item) = match format {
            Format::Csv => csv_row(&mut fields, columns, rest),
            Format::Ndjson => {
                let length = rest.iter().position(|byte| *byte == b'\n').map_or(rest.len(), |at| at + 1);
                json_row(length, rest)
            }
            Format::Json => json_row(ValueScan::default().feed(rest).unwrap_or(rest.len()), rest),
        };
        let raw = rest.get(..length).unwrap_or_default();
        if !raw.iter().all(u8::is_ascii_whitespace) {
            rows.push(Row { row, line, reference, item });
            row += 1;
        }
        line += lines(raw);
        rest = rest.get(length.max(1)..).unwrap_or_default();
    }
}

/// What stands before a row and does not belong to it.
fn separators_of(format: Format, bytes: &[u8]) -> &[u8] {
    match format {
        Format::Json => separators(bytes),
        Format::Csv | Format::Ndjson => {
            let length = bytes.iter().take_while(|byte| matches!(byte, b'\n' | b'\r')).count();
            bytes.get(..length).unwrap_or_default()
        }
    }
}

type Read = (usize, Option<String>, Result<Item, RowFault>);

/// A row of a JSON file: the members of an item of a message.
#[derive(Deserialize)]
struct JsonRow {
    #[serde(default)]
    reference_id: Option<String>,
    #[serde(default)]
    id: Option<String>,
    #[serde(default)]
    fa: Option<String>,
    #[serde(default)]
    name: Option<String>,
    #[serde(default, alias = "phone")]
    phone_number: Option<String>,
    #[serde(default)]
    additional_info: Option<Vec<Value>>,
}

fn json_row(length: usize, bytes: &[u8]) -> Read {
    let raw = bytes.get(..length).unwrap_or_default();
    match parse_json::<JsonRow>(raw) {
        Ok(row) => {
            let item = Item {
                id: row.id.unwrap_or_default(),
                fa: row.fa,
                // As in messages and in CSV, an empty field says nothing.
                name: row.name.filter(|name| !name.is_empty()),
                phone: row.phone_number.filter(|phone| !phone.is_empty()),
                info: row.additional_info.filter(|info| !info.is_empty()),
                unreadable: None,
            };
            (length, row.reference_id.and_then(reference), Ok(item))
        }
        Err(fault) => {
            let column = (!fault.field().is_empty()).then(|| fault.field().to_owned());
            let reason = fault.message().replace("the body is not JSON", "the row is not JSON");
            (length, None, Err(RowFault { column, reason }))
        }
    }
}

fn csv_row(fields: &mut Fields, columns: &Columns, bytes: &[u8]) -> Read {
    let length = fields.take(bytes);
    let Some(values) = fields.values() else {
        return (length, None, Err(RowFault::whole(format!("the row has more than {MAX_FIELDS} fields"))));
    };
    let mut item = Item::default();
    let mut named = None;
    let mut wrong = None;
    for (n, column) in columns.0.iter().enumerate() {
        let value = match values.get(n).map(|value| std::str::from_utf8(value)) {
            Some(Ok(value)) => value,
            Some(Err(_)) => {
                let fault = RowFault { column: Some(column.clone()), reason: "is not UTF-8".to_owned() };
                wrong.get_or_insert(fault);
                continue;
            }
            None => continue,
        };
        let some = (!value.is_empty()).then(|| value.to_owned());
        match column.as_str() {
            "id" => value.clone_into(&mut item.id),
            // An empty one is not the same as none: an unlink of any address has to be meant.
            "fa" => item.fa = Some(value.to_owned()),
            "name" => item.name = some,
            "phone_number" => item.phone = some,
            "reference_id" => named = some.and_then(reference),
            "additional_info" if some.is_some() => match parse_json(value.as_bytes()) {
                Ok(info) => item.info = Some(info),
                Err(_) => {
                    let reason = "is not a JSON array".to_owned();
                    wrong.get_or_insert(RowFault { column: Some(column.clone()), reason });
                }
            },
            _ => {}
        }
    }
    if values.len() != columns.0.len() {
        let reason = format!("the row has {} fields, and the header {}", values.len(), columns.0.len());
        return (length, named, Err(RowFault::whole(reason)));
    }
    (length, named, wrong.map_or(Ok(item), Err))
}

/// A name that can be stored; one that cannot is left out.
fn reference(text: String) -> Option<String> {
    (text.len() <= crate::domain::MAX_VALUE && !text.chars().any(char::is_control)).then_some(text)
}

/// Room for the fields of a row, and what reads them. (Making a reader takes longer than reading a row.)
struct Fields {
    reader: Reader,
    bytes: Vec<u8>,
    ends: Vec<usize>,
    /// How many fields the last row has; `None` when they had no room.
    count: Option<usize>,
}

impl Fields {
    fn new() -> Self {
        Self { reader: Reader::new(), bytes: vec![0; 4 * 1024], ends: vec![0; MAX_FIELDS + 1], count: None }
    }

    /// Reads the first row and says how long it is.
    fn take(&mut self, input: &[u8]) -> usize {
        let (mut taken, mut filled, mut ended, mut full) = (0, 0, 0, false);
        loop {
            let rest = input.get(taken..).unwrap_or_default();
            let output = self.bytes.get_mut(filled..).unwrap_or_default();
            let ends = self.ends.get_mut(ended..).unwrap_or_default();
            let (result, read, written, found) = self.reader.read_record(rest, output, ends);
            (taken, filled, ended) = (taken + read, filled + written, ended + found);
            match result {
                // The next call tells the reader that the file is over.
                ReadRecordResult::InputEmpty if taken < input.len() || !rest.is_empty() => {}
                ReadRecordResult::InputEmpty | ReadRecordResult::End | ReadRecordResult::Record => break,
                ReadRecordResult::OutputFull => self.bytes.resize(self.bytes.len() * 2, 0),
                ReadRecordResult::OutputEndsFull => (full, ended) = (true, 0),
            }
        }
        self.count = (!full && ended <= MAX_FIELDS).then_some(ended);
        taken
    }

    fn values(&self) -> Option<Vec<&[u8]>> {
        let mut begin = 0;
        let ends = self.ends.get(..self.count?)?;
        let field = |end: &usize| {
            let field = self.bytes.get(begin..*end).unwrap_or_default();
            begin = *end;
            field
        };
        Some(ends.iter().map(field).collect())
    }

    fn read(&mut self, row: &[u8]) -> Option<Vec<&[u8]>> {
        self.take(row);
        self.values()
    }
}
