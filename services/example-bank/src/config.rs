//! Settings of the example bank.

use serde::{Deserialize, Serialize};

use crate::domain::Written;

/// Keys of the section `[example_bank]`, besides the common ones.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Where statements are posted (`/upload_mt940`); empty keeps them here.
    pub bridge_url: String,
    /// Codes under which payments name this bank as the payee's; other codes are paid through a clearing account.
    pub own_bank_codes: Vec<String>,
    /// Most payments in one `/initiate_payment`.
    pub max_payments: usize,
    /// How long bookings are gathered before a statement is made.
    pub statement_interval_ms: u64,
    /// Most lines of a statement.
    pub statement_max_entries: u32,
    /// Accounts whose statements are camt.053; `*` for all. The others' are MT940.
    pub camt053_accounts: Vec<String>,
    /// Decides which payees' accounts are closed.
    pub closed_account_seed: u64,
    /// How many of 100 payees' accounts are closed.
    pub closed_account_percent: u8,
    /// For tests: `/initiate_payment` answers this much later than it acted.
    pub late_answer_ms: u64,
    /// For tests: how many of 100 answers to `/initiate_payment` are lost after the bank acted.
    pub lose_answer_percent: u8,
    /// For tests: how many of 100 answers to `/initiate_payment` are HTTP 500 after the bank acted.
    pub error_after_accept_percent: u8,
    /// How long a payment is on its way: it is booked so much later than it was taken on.
    pub float_ms: u64,
    /// For tests: how many of 100 payments are refused; the others of their call are paid.
    pub refuse_percent: u8,
    /// For tests: how many of 100 statements are posted twice.
    pub repeat_statement_percent: u8,
    /// For tests: decides which answers are lost or replaced, which payments refused and which statements repeated.
    pub fault_seed: u64,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            bridge_url: "http://127.0.0.1:8005".to_owned(),
            own_bank_codes: vec!["EXBK".to_owned(), "EXAMPLE".to_owned(), "EXAMPLE_BANK".to_owned()],
            max_payments: 1_000,
            statement_interval_ms: 2_000,
            statement_max_entries: 5_000,
            camt053_accounts: Vec::new(),
            closed_account_seed: 7,
            closed_account_percent: 2,
            late_answer_ms: 0,
            lose_answer_percent: 0,
            error_after_accept_percent: 0,
            float_ms: 0,
            refuse_percent: 0,
            repeat_statement_percent: 0,
            fault_seed: 7,
        }
    }
}

/// What each key does.
pub const DOCS: &[(&str, &str)] = &[
    ("bridge_url", "address of the G2P bridge that gets the statements; empty keeps them here"),
    (
        "own_bank_codes",
        "codes that name this bank as the payee's; others are paid through a clearing account",
    ),
    ("max_payments", "most payments in one `/initiate_payment`, at most 10,000"),
    ("statement_interval_ms", "how long bookings are gathered before a statement is made"),
    ("statement_max_entries", "most lines of a statement"),
    ("camt053_accounts", "accounts whose statements are ISO 20022 camt.053 instead of MT940; `*` for all"),
    ("closed_account_seed", "decides which payees' accounts are closed"),
    ("closed_account_percent", "how many of 100 payees' accounts are closed"),
    ("late_answer_ms", "test fault: `/initiate_payment` answers this much later than it acted"),
    (
        "lose_answer_percent",
        "test fault: how many of 100 answers to `/initiate_payment` are lost after the bank acted",
    ),
    ("error_after_accept_percent", "test fault: how many of 100 answers are HTTP 500 after the bank acted"),
    ("float_ms", "how much later than it was taken on a payment is booked"),
    ("refuse_percent", "test fault: how many of 100 payments are refused; the others of their call are paid"),
    ("repeat_statement_percent", "test fault: how many of 100 statements are posted twice"),
    (
        "fault_seed",
        "test fault: decides which answers are lost or replaced, which payments refused, which statements repeated",
    ),
];

impl Config {
    pub(crate) fn validate(&self) -> Result<(), String> {
        let wrong = |key: &str, why: &str| Err(format!("example_bank.{key} {why}"));
        if !self.bridge_url.is_empty() && !self.bridge_url.starts_with("http") {
            return wrong("bridge_url", "must start with http:// or https://, or be empty");
        }
        if !(1..=10_000).contains(&self.max_payments) {
            return wrong("max_payments", "must be between 1 and 10000");
        }
        if !(1..=50_000).contains(&self.statement_max_entries) {
            return wrong("statement_max_entries", "must be between 1 and 50000");
        }
        for (key, percent) in [
            ("closed_account_percent", self.closed_account_percent),
            ("lose_answer_percent", self.lose_answer_percent),
            ("error_after_accept_percent", self.error_after_accept_percent),
            ("refuse_percent", self.refuse_percent),
            ("repeat_statement_percent", self.repeat_statement_percent),
        ] {
            if percent > 100 {
                return wrong(key, "must be between 0 and 100");
            }
        }
        Ok(())
    }

    /// The format of an account's statements.
    pub(crate) fn written(&self, account: &str) -> Written {
        if self.camt053_accounts.iter().any(|a| a == account || a == "*") {
            Written::Camt053
        } else {
            Written::Mt940
        }
    }

    /// Whether a payee's bank code means this bank. No code means it too.
    pub(crate) fn is_own_bank(&self, code: &str) -> bool {
        code.is_empty() || self.own_bank_codes.iter().any(|own| own.eq_ignore_ascii_case(code))
    }
}

#[cfg(test)]
mod tests {
    use super::Config;

    #[test]
    fn a_wrong_value_is_named() {
        let wrong = Config { lose_answer_percent: 101, ..Config::default() };
        assert_eq!(
            wrong.validate(),
            Err("example_bank.lose_answer_percent must be between 0 and 100".to_owned())
        );
        assert_eq!(Config::default().validate(), Ok(()));
    }
}
