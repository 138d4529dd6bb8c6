//! Entries of the directory as people give them: the fields of a request, the lines of a CSV file.

use std::collections::HashMap;

use super::{EntryKind, MAX_PATTERN, Pattern, WalletType};

/// What is given of an entry; `None` leaves what is there, or the default of a new one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Given {
    /// Line of the file; 0 outside of files.
    pub line: u64,
    /// The short name.
    pub mnemonic: Option<String>,
    /// The name that people know.
    pub name: Option<String>,
    /// The code, as it stands in addresses.
    pub code: Option<String>,
    /// Code of the bank that a branch belongs to.
    pub bank_code: Option<String>,
    /// What a wallet belongs to.
    pub wallet_type: Option<String>,
    /// ISO 3166, two letters.
    pub country: Option<String>,
    /// `any`, `iban` or `regex`.
    pub account_format: Option<String>,
    /// The pattern of `regex`.
    pub account_regex: Option<String>,
    /// The strategy that clients are to write with.
    pub strategy_id: Option<i64>,
    /// Whether it takes payments.
    pub active: Option<bool>,
}

/// A line, or a field, that cannot be taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntryFault {
    /// Line of the file; the header is 1.
    pub line: u64,
    /// The column, when it is one.
    pub column: Option<&'static str>,
    /// What is wrong and what to do.
    pub message: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Field {
    Mnemonic,
    Name,
    Code,
    BankCode,
    WalletType,
    Country,
    AccountFormat,
    AccountRegex,
    StrategyId,
    Active,
}

/// A column and what it holds.
type Column = (&'static str, Field);

const BANK: &[Column] = &[
    ("bank_code", Field::Code),
    ("bank_name", Field::Name),
    ("bank_mnemonic", Field::Mnemonic),
    ("country", Field::Country),
    ("account_format", Field::AccountFormat),
    ("account_regex", Field::AccountRegex),
    ("strategy_id", Field::StrategyId),
    ("active", Field::Active),
];
const BRANCH: &[Column] = &[
    ("bank_code", Field::BankCode),
    ("branch_code", Field::Code),
    ("branch_name", Field::Name),
    ("branch_mnemonic", Field::Mnemonic),
    ("active", Field::Active),
];
const WALLET: &[Column] = &[
    ("wallet_type", Field::WalletType),
    ("sp_code", Field::Code),
    ("sp_name", Field::Name),
    ("sp_mnemonic", Field::Mnemonic),
    ("country", Field::Country),
    ("strategy_id", Field::StrategyId),
    ("active", Field::Active),
];

const fn columns(kind: EntryKind) -> &'static [Column] {
    match kind {
        EntryKind::Bank => BANK,
        EntryKind::Branch => BRANCH,
        EntryKind::Wallet => WALLET,
    }
}

/// Whether an entry cannot be without it.
const fn required(field: Field) -> bool {
    matches!(field, Field::Code | Field::Name | Field::BankCode | Field::WalletType)
}

fn text(value: &str, longest: usize) -> Result<String, String> {
    let value = value.trim();
    if value.is_empty() {
        return Err("must not be empty".to_owned());
    }
    if value.chars().count() > longest {
        return Err(format!("has more than {longest} characters"));
    }
    // A colon could pass for the next part of an address.
    if value.chars().any(|c| c.is_control() || c == ':') {
        return Err("must not have colons or control characters: it stands in addresses".to_owned());
    }
    Ok(value.to_owned())
}

fn code(value: &str) -> Result<String, String> {
    let value = text(value, 50)?;
    if value.chars().any(char::is_whitespace) {
        return Err("must not have spaces".to_owned());
    }
    Ok(value)
}

impl Given {
    fn set(&mut self, field: Field, value: &str) -> Result<(), String> {
        match field {
            Field::Mnemonic => self.mnemonic = Some(text(value, 50)?),
            Field::Name => self.name = Some(text(value, 255)?),
            Field::Code => self.code = Some(code(value)?),
            Field::BankCode => self.bank_code = Some(code(value)?),
            Field::WalletType => {
                let kind = WalletType::parse(value).ok_or("must be MOBILE_WALLET or EMAIL_WALLET")?;
                self.wallet_type = Some(kind.as_str().to_owned());
            }
            Field::Country => {
                if value.len() != 2 || !value.bytes().all(|b| b.is_ascii_uppercase()) {
                    return Err("must be two capital letters, for example KE".to_owned());
                }
                self.country = Some(value.to_owned());
            }
            Field::AccountFormat => {
                if !["any", "iban", "regex"].contains(&value) {
                    return Err("must be any, iban or regex".to_owned());
                }
                self.account_format = Some(value.to_owned());
            }
            Field::AccountRegex => {
                Pattern::new(value)?;
                self.account_regex = Some(value.to_owned());
            }
            Field::StrategyId => {
                let id = value.parse().ok().filter(|id: &i64| *id > 0);
                self.strategy_id = Some(id.ok_or("must be the number of a strategy")?);
            }
            Field::Active => {
                self.active = Some(match value {
                    "true" => true,
                    "false" => false,
                    _ => return Err("must be true or false".to_owned()),
                });
            }
        }
        Ok(())
    }

    /// Reads named values, as a line of a file or a request has them. Those of an entry that is there (`new` is false)
    /// may be any; empty ones count as not given.
    ///
    /// # Errors
    /// Every field that is wrong.
    pub fn read(
        kind: EntryKind,
        new: bool,
        values: &[(&'static str, &str)],
    ) -> Result<Self, Vec<EntryFault>> {
        let mut given = Self::default();
        let mut faults = Vec::new();
        let mut wrong = |column: &'static str, message: String| {
            faults.push(EntryFault { line: 0, column: Some(column), message });
        };
        for (column, field) in columns(kind) {
            let value = values.iter().find(|(name, _)| name == column).map_or("", |(_, value)| value.trim());
            if value.is_empty() {
                if new && required(*field) {
                    wrong(column, "must not be empty".to_owned());
                }
            } else if let Err(message) = given.set(*field, value) {
                wrong(column, message);
            }
        }
        if (given.account_format.as_deref() == Some("regex")) != given.account_regex.is_some() {
            let message = "goes with account_format regex, and only with it";
            wrong("account_regex", format!("{message}; at most {MAX_PATTERN} bytes"));
        }
        if faults.is_empty() { Ok(given) } else { Err(faults) }
    }
}

/// Reads a CSV file: commas, a header line that names the columns in any order. Values have no line breaks, so that a
/// forgotten quotation mark spoils its own line only.
///
/// # Errors
/// When the header is not what this kind of entries has: then there is nothing to read.
pub fn read_entries(kind: EntryKind, bytes: &[u8]) -> Result<(Vec<Given>, Vec<EntryFault>), String> {
    let bytes = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes);
    let mut lines = (1_u64..).zip(bytes.split(|b| *b == b'\n'));
    let header = lines.next().map(|(_, line)| line).unwrap_or_default();
    let names = header_of(kind, &cells(header)?)?;
    let mut read = Vec::new();
    let mut faults = Vec::new();
    let mut seen: HashMap<(String, String), u64> = HashMap::new();
    for (no, line) in lines {
        if line.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        match entry(kind, &names, line) {
            Ok(given) => {
                let of = given.bank_code.clone().or_else(|| given.wallet_type.clone()).unwrap_or_default();
                let key = (of, given.code.clone().unwrap_or_default());
                match seen.get(&key) {
                    Some(first) => faults.push(EntryFault {
                        line: no,
                        column: columns(kind).iter().find(|(_, f)| *f == Field::Code).map(|(name, _)| *name),
                        message: format!("stands on line {first} already"),
                    }),
                    None => {
                        seen.insert(key, no);
                        read.push(Given { line: no, ..given });
                    }
                }
            }
            Err(wrong) => faults.extend(wrong.into_iter().map(|fault| EntryFault { line: no, ..fault })),
        }
    }
    Ok((read, faults))
}

fn header_of(kind: EntryKind, cells: &[String]) -> Result<Vec<&'static str>, String> {
    let known = columns(kind);
    let all = || known.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
    let mut names = Vec::with_capacity(cells.len());
    for cell in cells {
        let column = known.iter().find(|(name, _)| *name == cell.trim());
        let (name, _) = column.ok_or_else(|| {
            let shown: String = cell.trim().chars().filter(|c| !c.is_control()).take(60).collect();
            format!("the header names a column \"{shown}\"; the columns are {}", all())
        })?;
        if names.contains(name) {
            return Err(format!("the header names the column {name} twice"));
        }
        names.push(*name);
    }
    match known.iter().find(|(name, field)| required(*field) && !names.contains(name)) {
        Some((name, _)) => {
            Err(format!("the header does not name the column {name}; the columns are {}", all()))
        }
        None => Ok(names),
    }
}

fn entry(kind: EntryKind, names: &[&'static str], line: &[u8]) -> Result<Given, Vec<EntryFault>> {
    let whole = |message: String| vec![EntryFault { line: 0, column: None, message }];
    let cells = cells(line).map_err(whole)?;
    if cells.len() != names.len() {
        return Err(whole(format!("has {} values, the header names {} columns", cells.len(), names.len())));
    }
    let values: Vec<_> = names.iter().copied().zip(cells.iter().map(String::as_str)).collect();
    Given::read(kind, true, &values)
}

/// The values of one line.
fn cells(line: &[u8]) -> Result<Vec<String>, String> {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .terminator(csv::Terminator::Any(b'\n'))
        .buffer_capacity(line.len().max(1))
        .from_reader(line);
    match reader.records().next() {
        Some(Ok(record)) => Ok(record.iter().map(str::to_owned).collect()),
        Some(Err(_)) => Err("is not UTF-8".to_owned()),
        None => Ok(Vec::new()),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use proptest::prelude::*;

    use super::{EntryFault, EntryKind, Given, read_entries};

    fn said(faults: &[EntryFault]) -> Vec<String> {
        let one = |f: &EntryFault| format!("{} {}: {}", f.line, f.column.unwrap_or("-"), f.message);
        faults.iter().map(one).collect()
    }

    #[test]
    fn a_bad_line_is_named_and_spoils_no_other() {
        let file = "\u{feff}bank_code,bank_name,country,account_format,account_regex\r\n\
                    A,\"Bank, A\",KE,,\r\n\
                    B,Bank B,Kenya,,\r\n\
                    \r\n\
                    C,\"Bank C,KE,,\r\n\
                    D,Bank D,,regex,\r\n\
                    A,Again,,,\r\n\
                    E:,,,bban,\r\n\
                    F,Bank F,DE,iban,\r\n\
                    G,Bank G\r\n\
                    H,Bank H,,regex,\"[0-9]{5,6}\"";
        let (read, faults) = read_entries(EntryKind::Bank, file.as_bytes()).unwrap();
        let codes: Vec<_> = read.iter().map(|g| (g.line, g.code.as_deref().unwrap())).collect();
        assert_eq!(codes, [(2, "A"), (9, "F"), (11, "H")]);
        assert_eq!(read[0].name.as_deref(), Some("Bank, A"));
        assert_eq!(read[2].account_regex.as_deref(), Some("[0-9]{5,6}"));
        let said = said(&faults);
        assert_eq!(said.len(), 8, "{said:?}");
        for (at, text) in [
            (0, "3 country: must be two capital letters"),
            (1, "5 -: has 2 values, the header names 5 columns"),
            (2, "6 account_regex: goes with account_format regex"),
            (3, "7 bank_code: stands on line 2 already"),
            (4, "8 bank_code: must not have colons"),
            (5, "8 bank_name: must not be empty"),
            (6, "8 account_format: must be any, iban or regex"),
            (7, "10 -: has 2 values"),
        ] {
            assert!(said[at].starts_with(text), "{said:?}");
        }
    }

    #[test]
    fn a_header_that_is_not_ours_says_which_columns_there_are() {
        let header = |kind, text: &str| read_entries(kind, text.as_bytes()).unwrap_err();
        assert!(header(EntryKind::Bank, "").contains("does not name the column bank_code"));
        assert!(header(EntryKind::Bank, "bank_code;bank_name").contains("\"bank_code;bank_name\""));
        assert!(header(EntryKind::Branch, "branch_code,branch_name").contains("the column bank_code"));
        assert!(header(EntryKind::Wallet, "sp_code,sp_code").contains("twice"));
        assert!(read_entries(EntryKind::Bank, b"\xff\xfe").unwrap_err().contains("UTF-8"));
    }

    #[test]
    fn of_an_entry_that_is_there_any_fields_may_be_given() {
        let given = Given::read(EntryKind::Wallet, false, &[("active", "false")]).unwrap();
        assert_eq!(given, Given { active: Some(false), ..Given::default() });
        let wrong = Given::read(EntryKind::Wallet, false, &[("wallet_type", "CASH"), ("strategy_id", "-1")]);
        assert_eq!(said(&wrong.unwrap_err()).len(), 2);
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_panic_and_no_line_is_lost(body in "[a-zA-Z:,\"\\n\\r é]{0,200}") {
            let file = format!("bank_code,bank_name\n{body}");
            let (read, faults) = read_entries(EntryKind::Bank, file.as_bytes()).unwrap();
            let lines: std::collections::BTreeSet<u64> =
                read.iter().map(|g| g.line).chain(faults.iter().map(|f| f.line)).collect();
            let given = body.split('\n').filter(|line| line.bytes().any(|b| !b.is_ascii_whitespace())).count();
            prop_assert_eq!(lines.len(), given);
        }
    }
}
