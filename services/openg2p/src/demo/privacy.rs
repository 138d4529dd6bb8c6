//! Whether the demo's log tells who somebody is: it is read line by line and searched for every full name, phone and
//! account of the population. Kept are hashes only, a few bytes for each value.

use std::{
    collections::HashSet,
    fs::File,
    hash::{DefaultHasher, Hasher},
    io::{BufRead, BufReader, Read, Seek, SeekFrom},
    path::Path,
};

use anyhow::Context;
use serde::Deserialize;

use crate::demo::{Demo, LOG_FILE, report::Check};

/// Name of the check.
const CHECK: &str = "no line of the log contains a full name, phone or account of the population";
/// A text of one word with fewer letters may stand in a log by chance.
const LEAST_LETTERS: usize = 8;
/// As above, of several words.
const LEAST_LETTERS_OF_SEVERAL: usize = 6;
/// Digits of a phone after the calling code that tell it from others.
const SUBSCRIBER: usize = 9;

#[derive(Default, Deserialize)]
#[serde(default)]
struct Row {
    full_name: String,
    given_name: String,
    family_name: String,
    phone: String,
    account_number: String,
}

/// What must not stand in a log.
#[derive(Default)]
struct Secrets {
    /// Of a text: the hash of its words.
    texts: HashSet<u64>,
    /// Of each of them: the hash of its first word.
    beginnings: HashSet<u64>,
    /// Words of the longest.
    longest: usize,
    /// Last digits of each phone.
    subscribers: HashSet<u64>,
}

/// Searches the log of this demo.
///
/// # Errors
/// When the log or the population cannot be read.
pub(super) fn nobody_is_told(demo: &Demo) -> anyhow::Result<Check> {
    let secrets = Secrets::read(Path::new(&demo.state.population))?;
    let path = demo.data_root.join(LOG_FILE);
    let mut file = File::open(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let length = file.metadata()?.len();
    // A log that was cut since is read from its beginning.
    let start = if demo.state.log_start <= length { demo.state.log_start } else { 0 };
    file.seek(SeekFrom::Start(start))?;
    let found = secrets.search(BufReader::new(file).take(length - start))?;
    let level = std::env::var("OPENG2P__LOG_LEVEL").unwrap_or_else(|_| super::LOG_LEVEL.to_owned());
    let places: Vec<String> = found.telling.iter().take(3).map(ToString::to_string).collect();
    let told =
        if places.is_empty() { String::new() } else { format!(", first of line {}", places.join(", ")) };
    let detail = format!(
        "{} values, {} lines at log level {level}, {} of them tell one{told}",
        secrets.texts.len(),
        found.lines,
        found.telling.len()
    );
    Ok(Check::new(CHECK, found.telling.is_empty() && found.lines > 0 && !secrets.texts.is_empty(), detail))
}

struct Found {
    lines: u64,
    telling: Vec<u64>,
}

impl Secrets {
    fn read(population: &Path) -> anyhow::Result<Self> {
        let mut secrets = Self::default();
        for file in ["individuals.csv", "phones.csv", "accounts.csv"] {
            let path = population.join(file);
            let wrong = || format!("cannot read {}", path.display());
            for row in csv::Reader::from_path(&path).with_context(wrong)?.deserialize() {
                let row: Row = row.with_context(wrong)?;
                secrets.add(&row.full_name);
                if !row.given_name.is_empty() && !row.family_name.is_empty() {
                    secrets.add(&format!("{} {}", row.given_name, row.family_name));
                }
                secrets.add_number(&row.account_number);
                let digits = secrets.add_number(&row.phone);
                if let Some(last) = digits.len().checked_sub(SUBSCRIBER).and_then(|at| digits.get(at..)) {
                    secrets.subscribers.insert(hash(last));
                }
            }
        }
        Ok(secrets)
    }

    fn add(&mut self, text: &str) {
        let words: Vec<&str> = words(text).collect();
        let letters: usize = words.iter().map(|word| word.chars().count()).sum();
        let least = if words.len() == 1 { LEAST_LETTERS } else { LEAST_LETTERS_OF_SEVERAL };
        let Some(first) = words.first().filter(|_| letters >= least) else { return };
        self.beginnings.insert(hash(first));
        self.longest = self.longest.max(words.len());
        self.texts.insert(words.iter().fold(0, |all, word| join(all, hash(word))));
    }

    /// A number as it was written, and its digits alone, with and without the zeros before them.
    fn add_number(&mut self, written: &str) -> String {
        let digits: String = written.chars().filter(char::is_ascii_digit).collect();
        self.add(written);
        self.add(&digits);
        self.add(digits.trim_start_matches('0'));
        digits
    }

    fn search(&self, mut log: impl BufRead) -> anyhow::Result<Found> {
        let mut found = Found { lines: 0, telling: Vec::new() };
        let mut line = Vec::new();
        loop {
            line.clear();
            if log.read_until(b'\n', &mut line)? == 0 {
                return Ok(found);
            }
            found.lines += 1;
            if self.tells(&String::from_utf8_lossy(&line)) {
                found.telling.push(found.lines);
            }
        }
    }

    fn tells(&self, line: &str) -> bool {
        let (mut hashes, mut before, mut gap) = (Vec::new(), "", String::new());
        for piece in line.split_inclusive(between) {
            let word = piece.trim_end_matches(between);
            let separator = piece.get(word.len()..).unwrap_or_default();
            if word.is_empty() {
                gap.push_str(separator);
                continue;
            }
            let number = word.bytes().all(|b| b.is_ascii_digit());
            if number && gap.ends_with('+') && word.len() > SUBSCRIBER {
                let last = word.get(word.len() - SUBSCRIBER..).unwrap_or_default();
                if self.subscribers.contains(&hash(last)) {
                    return true;
                }
            }
            // The decimals of a duration are not a phone.
            let decimals = number && gap == "." && before.ends_with(|c: char| c.is_ascii_digit());
            hashes.push(if decimals { 0 } else { hash(word) });
            (before, gap) = (word, separator.to_owned());
        }
        (0..hashes.len()).any(|at| {
            let rest = hashes.get(at..).unwrap_or_default();
            rest.first().is_some_and(|first| self.beginnings.contains(first))
                && rest
                    .iter()
                    .take(self.longest)
                    .scan(0, |all, word| {
                        *all = join(*all, *word);
                        Some(*all)
                    })
                    .any(|text| self.texts.contains(&text))
        })
    }
}

/// Whether a character stands between words.
fn between(c: char) -> bool {
    !c.is_alphanumeric()
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(between).filter(|word| !word.is_empty())
}

/// The same for capitals and small letters: a register compares names in small letters.
fn hash(word: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    for c in word.chars().flat_map(char::to_lowercase) {
        hasher.write_u32(c.into());
    }
    hasher.finish()
}

fn join(all: u64, word: u64) -> u64 {
    (all.rotate_left(7) ^ word).wrapping_mul(0x9E37_79B9_7F4A_7C15)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::Secrets;

    fn secrets() -> Secrets {
        let dir = tempfile::tempdir().unwrap();
        let write = |file: &str, text: &str| std::fs::write(dir.path().join(file), text).unwrap();
        write(
            "individuals.csv",
            "external_id,full_name,given_name,family_name\nIND-1,Zawadi Njeri Otieno,Zawadi,Otieno\nIND-2,ሰላም ታደሰ,,\nIND-3,Suryanto,,\n",
        );
        write("phones.csv", "individual_external_id,phone\nIND-1,0722 123 456\nIND-2,none\n");
        write(
            "accounts.csv",
            "individual_external_id,account_number,phone\nIND-1,0011223344,\nIND-2,,+254733000111\n",
        );
        Secrets::read(dir.path()).unwrap()
    }

    #[test]
    fn every_form_of_a_value_is_found() {
        let secrets = secrets();
        for line in [
            r#"{"message":"registered Zawadi Njeri Otieno"}"#,
            r#"{"name":"zawadi_njeri_otieno"}"#,
            "welcome, ZAWADI OTIENO!",
            "ሰላም ታደሰ",
            "payee=Suryanto",
            "phone=0722 123 456",
            "phone=0722123456",
            "phone=722123456",
            "phone=+254722123456",
            "wallet 254733000111",
            "account_number:0011223344.branch_name:x",
            "account 11223344",
        ] {
            assert!(secrets.tells(line), "{line}");
        }
    }

    #[test]
    fn parts_and_chance_tell_nothing() {
        let secrets = secrets();
        for line in [
            "Zawadi",
            "Njeri Otieno",
            r#"{"given_name":"Zawadi","kind":"Otieno"}"#,
            "none",
            "took 0.722123456 s",
            "254722123457",
            "0a722123456b",
        ] {
            assert!(!secrets.tells(line), "{line}");
        }
    }

    #[test]
    fn lines_are_counted_and_named() {
        let found = secrets().search(&b"a\nZawadi Otieno\n\xff\nlast +254733000111"[..]).unwrap();
        assert_eq!((found.lines, found.telling), (4, vec![2, 4]));
    }
}
