//! The banks of this installation, by their codes.

use std::{collections::BTreeMap, sync::Arc};

use platform::HttpClient;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{BankConnector, ExampleBank, files::FileDrop, hub::Hub};
use crate::config::{Config, Connector};

/// The codes of the bank at `bank_url`.
const BUILT_IN: [&str; 2] = ["EXAMPLE", "EXAMPLE_BANK"];

/// What calls to a bank are made for, besides payments. Each has its own turns, so that a bank that is away keeps nothing
/// waiting but its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// Money for an envelope, and its release.
    Drive,
    /// The release of a block that is not needed.
    Close,
    /// A second release.
    Release,
    /// Overdue payments.
    Settle,
}

impl Turn {
    const ALL: [Self; 4] = [Self::Drive, Self::Close, Self::Release, Self::Settle];

    /// Calls of this kind to one bank at a time.
    const fn at_once(self) -> usize {
        match self {
            Self::Drive => 2,
            Self::Close | Self::Release | Self::Settle => 1,
        }
    }

    const fn place(self) -> usize {
        match self {
            Self::Drive => 0,
            Self::Close => 1,
            Self::Release => 2,
            Self::Settle => 3,
        }
    }
}

/// Payments of one bank wait in a line of their own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lane {
    /// The bank at `bank_url`.
    BuiltIn,
    /// Another one, by its code in lower case.
    Of(String),
}

impl Lane {
    /// The lane of a `sponsor_bank_code`.
    #[must_use]
    pub fn of(code: &str) -> Self {
        if BUILT_IN.iter().any(|known| known.eq_ignore_ascii_case(code)) {
            Self::BuiltIn
        } else {
            Self::Of(code.to_ascii_lowercase())
        }
    }
}

#[derive(Debug)]
struct Entry {
    connector: Arc<dyn BankConnector>,
    turns: [Arc<Semaphore>; 4],
}

/// The banks of this installation. Codes are the same in upper and lower case.
#[derive(Debug, Clone)]
pub struct Banks {
    by_code: Arc<BTreeMap<String, Arc<Entry>>>,
}

impl Banks {
    /// The banks of a configuration.
    #[must_use]
    pub fn new(http: &HttpClient, config: &Config) -> Self {
        let mut banks = Self { by_code: Arc::new(BTreeMap::new()) };
        let built_in: Arc<dyn BankConnector> = Arc::new(ExampleBank::new(http.clone(), &config.bank_url));
        banks = banks.with(&BUILT_IN, built_in);
        for (code, bank) in &config.banks {
            let url = bank.url.as_deref().unwrap_or_default();
            let connector: Arc<dyn BankConnector> = match bank.connector {
                Some(Connector::Example) => Arc::new(ExampleBank::new(http.clone(), url)),
                Some(Connector::Iso20022) => Arc::new(FileDrop::new(code, bank)),
                Some(Connector::Mojaloop) => Arc::new(Hub::new(http.clone(), code, bank)),
                None => continue,
            };
            banks = banks.with(&[code], connector);
        }
        banks
    }

    /// These and one more bank, under these codes.
    #[must_use]
    pub fn with(self, codes: &[&str], connector: Arc<dyn BankConnector>) -> Self {
        let turns = Turn::ALL.map(|turn| Arc::new(Semaphore::new(turn.at_once())));
        let entry = Arc::new(Entry { connector, turns });
        let mut by_code = self.by_code.as_ref().clone();
        for code in codes {
            by_code.insert(code.to_ascii_uppercase(), Arc::clone(&entry));
        }
        Self { by_code: Arc::new(by_code) }
    }

    fn entry(&self, code: &str) -> Option<&Entry> {
        self.by_code.get(&code.to_ascii_uppercase()).map(AsRef::as_ref)
    }

    /// The connector of a `sponsor_bank_code`.
    #[must_use]
    pub fn of(&self, code: &str) -> Option<&dyn BankConnector> {
        self.entry(code).map(|entry| entry.connector.as_ref())
    }

    /// A turn to call the bank; `None` when others are calling it for the same: come again later. A bank that is not known
    /// has none to wait for.
    #[must_use]
    pub fn turn(&self, code: &str, turn: Turn) -> Option<OwnedSemaphorePermit> {
        let turns = &self.entry(code)?.turns;
        let place = turns.get(turn.place())?;
        Arc::clone(place).try_acquire_owned().ok()
    }

    /// How many banks there are, of which each may keep its turns busy.
    #[must_use]
    pub fn count(&self) -> usize {
        self.by_code.len().saturating_sub(BUILT_IN.len()).saturating_add(1)
    }

    /// The codes, in upper case, with their connectors.
    pub fn all(&self) -> impl Iterator<Item = (&str, &dyn BankConnector)> {
        self.by_code.iter().map(|(code, entry)| (code.as_str(), entry.connector.as_ref()))
    }
}
