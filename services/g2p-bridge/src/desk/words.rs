//! States, problems and numbers in plain words: what it means for people, and who acts.

use money::{Amount, Currency};
use pages::{Key, Translator};
use time::OffsetDateTime;
use time_tz::OffsetDateTimeExt;

use super::views::Mark;
use crate::domain::{disbursement, envelope, schedule};

/// A payment's state.
pub(super) fn state(t: &Translator, state: disbursement::State) -> String {
    use disbursement::State as S;
    t.say(&match state {
        S::Received => Key("desk-payment-received"),
        S::Resolved => Key("desk-payment-resolved"),
        S::Sending => Key("desk-payment-sending"),
        S::Unknown => Key("desk-payment-unknown"),
        S::Accepted => Key("desk-payment-accepted"),
        S::Paid => Key("desk-payment-paid"),
        S::Reversed => Key("desk-payment-reversed"),
        S::Rejected => Key("desk-payment-rejected"),
        S::Cancelled => Key("desk-payment-cancelled"),
    })
}

/// Its sign and colour.
pub(super) const fn kind_of(state: disbursement::State) -> &'static str {
    use disbursement::State as S;
    match state {
        S::Paid => "good",
        S::Sending | S::Accepted => "wait",
        S::Unknown | S::Reversed | S::Rejected => "bad",
        S::Received | S::Resolved | S::Cancelled => "off",
    }
}

/// An envelope's state.
pub(super) fn envelope_state(t: &Translator, state: envelope::State) -> String {
    use envelope::State as S;
    t.say(&match state {
        S::Receiving => Key("desk-envelope-receiving"),
        S::Scheduled => Key("desk-envelope-scheduled"),
        S::Resolving => Key("desk-envelope-resolving"),
        S::Funding => Key("desk-envelope-funding"),
        S::Paying => Key("desk-envelope-paying"),
        S::Releasing => Key("desk-envelope-releasing"),
        S::Finished => Key("desk-envelope-finished"),
        S::Cancelled => Key("desk-envelope-cancelled"),
        S::Expired => Key("desk-envelope-expired"),
    })
}

/// What an envelope's problem means, and who acts. The code, with the bank's own word, stands beside it.
pub(super) fn problem(t: &Translator, code: &str) -> (String, String) {
    let (what, who) = match code.split(':').next().unwrap_or_default() {
        "FUNDS_NOT_AVAILABLE" => (Key("desk-problem-funds"), Key("desk-who-treasury")),
        "FUNDS_BLOCK_REFUSED" => (Key("desk-problem-block"), Key("desk-who-treasury")),
        "BANK_NOT_REACHED" => (Key("desk-problem-bank"), Key("desk-who-operator-bank")),
        "MAPPER_NOT_REACHED" | "MAPPER_SAYS_RETRY" => (Key("desk-problem-mapper"), Key("desk-who-operator")),
        "MAPPER_ANSWER_INCOMPLETE" => (Key("desk-problem-mapper-part"), Key("desk-who-operator")),
        "STATEMENT_OVERDUE" => (Key("desk-problem-statement"), Key("desk-who-statements")),
        "AMOUNT_BELOW_DECLARED" => (Key("desk-problem-declared"), Key("desk-who-programme")),
        "PAUSED" => (Key("desk-problem-paused"), Key("desk-who-two")),
        "DAILY_LIMIT_REACHED" => (Key("desk-problem-limit"), Key("desk-who-two")),
        _ => (Key("desk-problem-other"), Key("desk-who-operator")),
    };
    (t.say(&what), t.say(&who))
}

/// What is in the way of an envelope that is late.
pub(super) fn late(t: &Translator) -> Mark {
    Mark { kind: "bad", text: t.say("desk-late") }
}

/// A number with its groups.
pub(super) fn number(t: &Translator, number: i64) -> String {
    let digits = number.unsigned_abs().to_string();
    let group = t.say("number-group");
    let mut out = if number < 0 { "−".to_owned() } else { String::new() };
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push_str(&group);
        }
        out.push(digit);
    }
    out
}

/// An amount with its currency; minor units where the currency is not known here.
pub(super) fn money(t: &Translator, minor: i64, currency: &str) -> String {
    match Currency::from_code(currency) {
        Ok(currency) => t.money(Amount::from_minor(minor, currency)),
        Err(_) => number(t, minor),
    }
}

/// A moment in a time zone.
pub(super) fn moment(t: &Translator, at: OffsetDateTime, zone: &str) -> String {
    match schedule::zone(zone) {
        Some(tz) => t.date_time(at.to_timezone(tz), zone),
        None => t.date_time(at, "UTC"),
    }
}
