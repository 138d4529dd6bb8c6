//! The bridge's own settings.

mod banks;

use std::{collections::BTreeMap, time::Duration};

use platform::{
    Masked,
    oidc::{self, ProviderSettings},
};
use serde::{Deserialize, Serialize};

pub use self::banks::{Bank, Connector};
use crate::domain::envelope;

/// The `[g2p_bridge]` section.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Where staff reach the pages.
    pub public_url: String,
    /// Where staff sign in, by a short name.
    pub staff_sign_in: BTreeMap<String, ProviderSettings>,
    /// At least 32 characters, the same on every replica.
    pub session_secret: Masked<String>,
    /// Staff who do nothing for so long are signed out.
    pub session_idle_minutes: i64,
    /// Staff are signed out after so long in any case.
    pub session_max_minutes: i64,
    /// Where the account mapper is.
    pub mapper_url: String,
    /// Where the example bank is: the bank of the codes `EXAMPLE` and `EXAMPLE_BANK`, unless `banks` says otherwise.
    pub bank_url: String,
    /// Sponsor banks by the `sponsor_bank_code` of programmes.
    pub banks: BTreeMap<String, Bank>,
    /// Pause between looks into the folders of banks.
    pub folder_poll_seconds: u64,
    /// Most payments in one call of `create_disbursements`.
    pub max_rows_per_call: usize,
    /// Payees in one call to the mapper.
    pub resolve_batch: u32,
    /// Calls to the mapper at a time.
    pub resolve_parallel: usize,
    /// A payee for whom the mapper gives no answer so many seconds after the envelope began is rejected, so that the
    /// others are paid; 0 for never.
    pub resolve_give_up_seconds: u64,
    /// Payments in one call to the bank.
    pub payment_batch: u32,
    /// Calls to each bank at a time.
    pub payment_parallel: usize,
    /// Transactions of the background at a time, in one process; 0 for half of the cores.
    pub work_parallel: usize,
    /// Largest statement file in bytes.
    pub statement_max_bytes: usize,
    /// Whether a statement whose balances contradict its lines, all of them readable, books nothing.
    pub statement_must_add_up: bool,
    /// Statement lines in one transaction.
    pub statement_chunk: usize,
    /// Pause between looks at an envelope that is on its way.
    pub step_interval_ms: u64,
    /// Pause between looks at everything that is not final, which also count what is overdue.
    pub sweep_interval_ms: u64,
    /// First pause after a mapper or a bank could not be reached; it doubles.
    pub retry_first_ms: u64,
    /// Longest such pause.
    pub retry_longest_ms: u64,
    /// How long after sending a "not found" of the bank is believed, so that a call still on its way is not overtaken.
    pub resend_after_ms: u64,
    /// A payment that the bank took on and that shows on no statement for so long is asked for.
    pub statement_overdue_seconds: u64,
    /// An envelope that is not being paid so many days after its day is given up; 0 for never.
    pub expire_after_days: u32,
    /// How long a job stays with a process that died.
    pub lease_seconds: u64,
    /// Days that asynchronous messages are kept after they came; their payments stay.
    pub message_days: u32,
    /// Whether callbacks may go to this machine.
    pub callback_loopback: bool,
    /// An envelope may be incomplete so long after its day began.
    pub deadline_receiving_seconds: u64,
    /// A complete envelope may wait so long after its day began.
    pub deadline_scheduled_seconds: u64,
    /// Finding the accounts of an envelope may take so long.
    pub deadline_resolving_seconds: u64,
    /// Blocking the money of an envelope may take so long.
    pub deadline_funding_seconds: u64,
    /// Paying an envelope, until statements show all its payments, may take so long.
    pub deadline_paying_seconds: u64,
    /// Giving the rest of the money back may take so long.
    pub deadline_releasing_seconds: u64,
    /// Closing a cancelled or expired envelope may take so long: its payments, and the money that was blocked.
    pub deadline_closing_seconds: u64,
    /// A call that pays may be without an answer so long.
    pub deadline_sending_seconds: u64,
    /// Whether the bank took a payment on may be unknown so long.
    pub deadline_unknown_seconds: u64,
    /// A payment that the bank took on may be on no statement so long after its envelope began to be paid.
    pub deadline_accepted_seconds: u64,
    /// Working a statement file off may take so long.
    pub deadline_statement_file_seconds: u64,
    /// A statement line may wait for another line so long.
    pub deadline_line_waiting_seconds: u64,
    /// A statement line in doubt may be without a decision so long.
    pub deadline_line_problem_seconds: u64,
    /// An asynchronous message may wait to be worked on so long.
    pub deadline_message_seconds: u64,
    /// The answer of such a message may wait to be delivered so long.
    pub deadline_callback_seconds: u64,
    /// What one person asked for may wait for a second person so long.
    pub deadline_proposal_seconds: u64,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            public_url: String::new(),
            staff_sign_in: BTreeMap::new(),
            session_secret: Masked::new(String::new()),
            session_idle_minutes: 30,
            session_max_minutes: 480,
            mapper_url: "http://127.0.0.1:8003".to_owned(),
            bank_url: "http://127.0.0.1:8007".to_owned(),
            banks: BTreeMap::new(),
            folder_poll_seconds: 5,
            max_rows_per_call: 10_000,
            resolve_batch: 500,
            resolve_parallel: 3,
            resolve_give_up_seconds: 86_400,
            payment_batch: 500,
            payment_parallel: 3,
            work_parallel: 0,
            statement_max_bytes: 256 * 1024 * 1024,
            statement_must_add_up: true,
            statement_chunk: 500,
            step_interval_ms: 500,
            sweep_interval_ms: 30_000,
            retry_first_ms: 1_000,
            retry_longest_ms: 60_000,
            resend_after_ms: 3_000,
            statement_overdue_seconds: 120,
            expire_after_days: 30,
            lease_seconds: 10,
            message_days: 30,
            callback_loopback: false,
            deadline_receiving_seconds: 3600,
            deadline_scheduled_seconds: 300,
            deadline_resolving_seconds: 7200,
            deadline_funding_seconds: 3600,
            deadline_paying_seconds: 345_600,
            deadline_releasing_seconds: 3600,
            deadline_closing_seconds: 3600,
            deadline_sending_seconds: 900,
            deadline_unknown_seconds: 3600,
            deadline_accepted_seconds: 172_800,
            deadline_statement_file_seconds: 900,
            deadline_line_waiting_seconds: 172_800,
            deadline_line_problem_seconds: 86_400,
            deadline_message_seconds: 900,
            deadline_callback_seconds: 86_400,
            deadline_proposal_seconds: 86_400,
        }
    }
}

/// One line for each key.
pub const DOCS: &[(&str, &str)] = &[
    (
        "public_url",
        "address at which staff reach the pages, with `base_path` and without a slash at the end; needed with `staff_sign_in`",
    ),
    (
        "staff_sign_in",
        "OpenID providers where staff sign in, a table each: `[g2p_bridge.staff_sign_in.<name>]`, with the keys of docs/sign-in.md; no pages without it",
    ),
    ("session_secret", "at least 32 characters, the same on every replica; a new one per start without it"),
    ("session_idle_minutes", "staff who do nothing for so long are signed out"),
    ("session_max_minutes", "staff are signed out after so long in any case"),
    ("mapper_url", "where the account mapper is"),
    ("bank_url", "where the example bank is: the bank of the codes `EXAMPLE` and `EXAMPLE_BANK`"),
    (
        "banks",
        "sponsor banks by their code, a section `[g2p_bridge.banks.CODE]` each; docs/sponsor-banks.md has their keys",
    ),
    ("folder_poll_seconds", "pause between looks into the folders of banks"),
    ("max_rows_per_call", "most payments in one call of `create_disbursements`"),
    ("resolve_batch", "payees in one call to the mapper, 1 to 1000"),
    ("resolve_parallel", "calls to the mapper at a time"),
    (
        "resolve_give_up_seconds",
        "a payee for whom the mapper gives no answer so long after the envelope began is rejected; 0 for never",
    ),
    ("payment_batch", "payments in one call to the bank, 1 to 1000"),
    ("payment_parallel", "calls to each bank at a time"),
    (
        "work_parallel",
        "transactions of resolving, paying and reconciling at a time, in one process; 0 for half of the cores",
    ),
    ("statement_max_bytes", "largest statement file in bytes"),
    (
        "statement_must_add_up",
        "whether a statement whose balances contradict its lines books nothing; off for banks that write no true balances",
    ),
    ("statement_chunk", "statement lines in one transaction"),
    ("step_interval_ms", "pause between looks at an envelope that is on its way"),
    (
        "sweep_interval_ms",
        "pause between looks at everything that is not final, which also count what is overdue for the metrics",
    ),
    ("retry_first_ms", "first pause after a mapper or a bank could not be reached; it doubles"),
    ("retry_longest_ms", "longest such pause"),
    ("resend_after_ms", "how long after sending a \"not found\" of the bank is believed"),
    ("statement_overdue_seconds", "after so long without a statement line the bank is asked about a payment"),
    (
        "expire_after_days",
        "days after its day when an envelope that is not being paid is given up; 0 for never",
    ),
    ("lease_seconds", "how long a job stays with a process that died"),
    ("message_days", "days that asynchronous messages are kept after they came; their payments stay"),
    ("callback_loopback", "whether callbacks may go to this machine; for tests"),
    ("deadline_receiving_seconds", "so long after its day began an envelope that is not complete is overdue"),
    (
        "deadline_scheduled_seconds",
        "so long after its day began a complete envelope that is not being worked on is overdue",
    ),
    ("deadline_resolving_seconds", "finding the accounts of an envelope may take so long"),
    ("deadline_funding_seconds", "blocking the money of an envelope may take so long"),
    (
        "deadline_paying_seconds",
        "paying an envelope, until statements show all its payments, may take so long",
    ),
    ("deadline_releasing_seconds", "giving the rest of an envelope's money back may take so long"),
    (
        "deadline_closing_seconds",
        "closing a cancelled or expired envelope, with its payments and its block, may take so long",
    ),
    ("deadline_sending_seconds", "a payment may be on its way to the bank so long"),
    ("deadline_unknown_seconds", "whether the bank took a payment on may be unknown so long"),
    (
        "deadline_accepted_seconds",
        "so long after its envelope began to be paid, a payment that is on no statement is overdue",
    ),
    ("deadline_statement_file_seconds", "working a statement file off may take so long"),
    ("deadline_line_waiting_seconds", "a statement line may wait for another line so long"),
    ("deadline_line_problem_seconds", "a statement line in doubt is overdue after so long"),
    ("deadline_message_seconds", "an asynchronous message may wait to be worked on so long"),
    (
        "deadline_callback_seconds",
        "the answer of an asynchronous message, or a notification, may wait to be delivered so long",
    ),
    ("deadline_proposal_seconds", "what one person asked for may wait for a second person so long"),
];

impl Config {
    /// The pause before round `round` (from 1) of something that did not work out.
    #[must_use]
    pub fn retry_pause(&self, round: i32) -> Duration {
        let doublings = u32::try_from(round.clamp(1, 20) - 1).unwrap_or(0);
        let pause = self.retry_first_ms.saturating_mul(1 << doublings);
        Duration::from_millis(pause.min(self.retry_longest_ms))
    }

    /// How long an envelope may stay in a state; where the state waits for the envelope's day, after that began.
    #[must_use]
    pub fn envelope_limit(&self, state: envelope::State) -> time::Duration {
        seconds(match state {
            envelope::State::Receiving => self.deadline_receiving_seconds,
            envelope::State::Scheduled => self.deadline_scheduled_seconds,
            envelope::State::Resolving => self.deadline_resolving_seconds,
            envelope::State::Funding => self.deadline_funding_seconds,
            envelope::State::Paying => self.deadline_paying_seconds,
            envelope::State::Releasing => self.deadline_releasing_seconds,
            // A finished one is never overdue.
            envelope::State::Cancelled | envelope::State::Expired | envelope::State::Finished => {
                self.deadline_closing_seconds
            }
        })
    }

    fn check_pages(&self) -> Result<(), String> {
        let secret = self.session_secret.expose();
        if !secret.is_empty() && secret.len() < 32 {
            return Err("session_secret is shorter than 32 characters".to_owned());
        }
        if !(1..=24 * 60).contains(&self.session_idle_minutes) {
            return Err("session_idle_minutes must be 1 to 1440".to_owned());
        }
        if !(self.session_idle_minutes..=24 * 60).contains(&self.session_max_minutes) {
            return Err("session_max_minutes must be session_idle_minutes to 1440".to_owned());
        }
        for (name, provider) in &self.staff_sign_in {
            let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
            if !(1..=40).contains(&name.len()) || !name.bytes().all(plain) || name.contains("__") {
                return Err(format!(
                    "staff_sign_in.{name}: the name may hold small letters, digits and single _ only"
                ));
            }
            provider.validate().map_err(|why| format!("staff_sign_in.{name}.{why}"))?;
        }
        let url = &self.public_url;
        if !self.staff_sign_in.is_empty() && (!oidc::is_safe(url) || url.ends_with('/') || url.contains('?'))
        {
            return Err(
                "public_url must be an https address (http only on this machine) without a slash at the end"
                    .to_owned(),
            );
        }
        Ok(())
    }

    /// Checks what types cannot.
    ///
    /// # Errors
    /// Names the wrong key.
    pub fn check(&self) -> Result<(), String> {
        self.check_pages().map_err(|why| format!("g2p_bridge.{why}"))?;
        for (key, url) in [("mapper_url", &self.mapper_url), ("bank_url", &self.bank_url)] {
            if !url.starts_with("http://") && !url.starts_with("https://") {
                return Err(format!("g2p_bridge.{key} must start with http:// or https://"));
            }
        }
        for (key, size) in [("resolve_batch", self.resolve_batch), ("payment_batch", self.payment_batch)] {
            if !(1..=1000).contains(&size) {
                return Err(format!("g2p_bridge.{key} is {size}; it must be 1 to 1000"));
            }
        }
        banks::check(&self.banks)?;
        if self.folder_poll_seconds == 0 {
            return Err("g2p_bridge.folder_poll_seconds must be at least 1".to_owned());
        }
        let at_least_one = [
            ("max_rows_per_call", self.max_rows_per_call),
            ("resolve_parallel", self.resolve_parallel),
            ("payment_parallel", self.payment_parallel),
            ("statement_chunk", self.statement_chunk),
        ];
        match at_least_one.into_iter().find(|(_, n)| *n == 0) {
            Some((key, _)) => Err(format!("g2p_bridge.{key} must be at least 1")),
            None if self.lease_seconds == 0 => Err("g2p_bridge.lease_seconds must be at least 1".to_owned()),
            None => Ok(()),
        }
    }
}

/// As a duration that can be reckoned with; more than 100 years is as good as never.
#[must_use]
pub fn seconds(seconds: u64) -> time::Duration {
    const CENTURY: u64 = 100 * 366 * 86_400;
    time::Duration::seconds(i64::try_from(seconds.min(CENTURY)).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::{Config, DOCS};

    #[test]
    fn every_key_is_documented() {
        let json = serde_json::to_value(Config::default()).unwrap_or_default();
        let keys: Vec<&str> = json.as_object().into_iter().flatten().map(|(k, _)| k.as_str()).collect();
        for key in &keys {
            assert!(DOCS.iter().any(|(k, _)| k == key), "{key}");
        }
        assert_eq!(keys.len(), DOCS.len());
        assert!(Config::default().check().is_ok());
    }

    #[test]
    fn pauses_double_up_to_the_longest() {
        let config = Config::default();
        let pauses: Vec<u128> = (1..=8).map(|round| config.retry_pause(round).as_millis()).collect();
        assert_eq!(pauses, [1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000]);
    }
}
