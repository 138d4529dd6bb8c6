//! What a person was paid, and why not.

use money::{Amount, Currency};
use time::{Date, macros::format_description};

use crate::{
    State,
    app::{Fault, Person, READ},
    domain::{Advice, Progress},
    peers::pbms,
};

/// A payment, read.
pub(crate) struct PaymentLine {
    pub(crate) program: String,
    pub(crate) cycle: String,
    pub(crate) date: Option<Date>,
    /// The amount, or the text of one that is none of ours.
    pub(crate) amount: Result<Amount, String>,
    pub(crate) progress: Progress,
    /// What to do when it failed.
    pub(crate) advice: Option<Advice>,
}

/// The payments of this person, the latest first.
pub(crate) async fn payments(state: &State, person: &Person) -> Result<Vec<PaymentLine>, Fault> {
    person.ctx.require(READ)?;
    let mut lines: Vec<PaymentLine> =
        pbms::payments(state, &person.subject).await?.into_iter().map(read).collect();
    lines.sort_by_key(|line| std::cmp::Reverse(line.date));
    Ok(lines)
}

fn read(payment: pbms::Payment) -> PaymentLine {
    let text = |field: Option<String>| field.unwrap_or_default();
    let progress = Progress::of(&text(payment.state));
    let reason = text(payment.reason);
    let day = text(payment.schedule_date);
    let currency = text(payment.currency);
    let decimal = payment.amount.map(money::DecimalText::into_string).unwrap_or_default();
    let amount = Currency::from_code(&currency)
        .and_then(|known| Amount::parse(&decimal, known))
        .map_err(|_| format!("{currency} {decimal}").trim().to_owned());
    PaymentLine {
        program: text(payment.program_name),
        cycle: text(payment.cycle_name),
        // A time after the day is not shown.
        date: day.get(..10).and_then(|d| Date::parse(d, format_description!("[year]-[month]-[day]")).ok()),
        amount,
        progress,
        advice: progress.failed().then(|| Advice::of(&reason)),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use serde_json::json;

    use super::read;
    use crate::{domain::Progress, peers::pbms::Payment};

    fn line(value: &serde_json::Value) -> super::PaymentLine {
        read(serde_json::from_str::<Payment>(&value.to_string()).unwrap())
    }

    #[test]
    fn a_payment_with_everything_is_read() {
        let line = line(&json!({
            "program_name": "P", "cycle_name": "January", "schedule_date": "2026-01-31", "amount": "650.00",
            "currency": "KES", "state": "PAID", "reason": null, "state_at": "2026-02-01T00:00:00Z", "more": {}
        }));
        assert_eq!(line.amount.unwrap().to_decimal_string(), "650.00");
        assert_eq!((line.date.unwrap().day(), line.progress), (31, Progress::Paid));
        assert!(line.advice.is_none());
    }

    #[test]
    fn what_is_missing_or_strange_does_not_hide_the_rest() {
        assert_eq!(line(&json!({"amount": 650, "currency": "KES"})).amount.unwrap().minor(), 65_000);
        let strange = line(
            &json!({"amount": "12.345", "currency": "KES", "schedule_date": "soon", "status": "REJECTED"}),
        );
        assert_eq!(strange.amount.unwrap_err(), "KES 12.345");
        assert!(strange.date.is_none() && strange.advice.is_some());
        assert_eq!(line(&json!({})).amount.unwrap_err(), "");
    }
}
