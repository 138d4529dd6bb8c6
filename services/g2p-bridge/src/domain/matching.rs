//! What the lines of all statements say about one payment. A pure function over the set of lines, so the order in
//! which statements arrive, and how often, makes no difference.

use g2p_connect::reason::BridgeReason;

use super::disbursement::State;

/// Which way a line goes, seen from the sponsor's account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Mark {
    /// `D`: money left.
    Debit,
    /// `RD`: a debit was taken back.
    ReversedDebit,
    /// `C` or `RC`: not about a payment of ours.
    Other,
}

impl Mark {
    /// The mark of this text.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        match text {
            "D" => Self::Debit,
            "RD" => Self::ReversedDebit,
            _ => Self::Other,
        }
    }
}

/// A line that names the payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Identity of the line; also what orders lines that are otherwise alike.
    pub key: String,
    /// Which way it goes.
    pub mark: Mark,
    /// Minor units; none when the amount could not be read.
    pub amount_minor: Option<i64>,
    /// Currency of its statement, when the statement says one.
    pub currency: Option<String>,
    /// Account of its statement.
    pub account_number: String,
}

/// What the bridge knows of the payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expected {
    /// Its state.
    pub state: State,
    /// Minor units.
    pub amount_minor: i64,
    /// Currency of its envelope.
    pub currency: String,
    /// The account it is paid from.
    pub account_number: String,
}

/// What becomes of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// It is the payment's debit.
    Booked,
    /// It is the payment's reversal.
    Reversed,
    /// It makes sense only with a line that has not come yet.
    Waiting(BridgeReason),
    /// It is about nothing of ours.
    Ignored,
    /// It contradicts what we know: a person must look.
    Problem(BridgeReason),
}

impl Outcome {
    /// The text in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Booked => "BOOKED",
            Self::Reversed => "REVERSED",
            Self::Waiting(_) => "WAITING",
            Self::Ignored => "IGNORED",
            Self::Problem(_) => "PROBLEM",
        }
    }

    /// The code beside it.
    #[must_use]
    pub const fn problem(self) -> Option<&'static str> {
        match self {
            Self::Waiting(code) | Self::Problem(code) => Some(code.as_str()),
            Self::Booked | Self::Reversed | Self::Ignored => None,
        }
    }
}

/// The verdict over all lines of one payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// An outcome for each line, in the order given.
    pub outcomes: Vec<Outcome>,
    /// A debit counts.
    pub booked: bool,
    /// A debit and its reversal count.
    pub reversed: bool,
}

/// Judges the lines that name one payment; `expected` is `None` when there is no such payment.
#[must_use]
pub fn judge(expected: Option<&Expected>, lines: &[Line]) -> Verdict {
    let mut outcomes: Vec<Outcome> = lines.iter().map(|line| judge_alone(expected, line)).collect();
    let debit = first(lines, &outcomes, Outcome::Booked);
    let reversal = first(lines, &outcomes, Outcome::Reversed);
    for (at, outcome) in outcomes.iter_mut().enumerate() {
        *outcome = match *outcome {
            Outcome::Booked if Some(at) != debit => Outcome::Problem(BridgeReason::DuplicateDisbursement),
            Outcome::Reversed if debit.is_none() => Outcome::Waiting(BridgeReason::InvalidReversal),
            Outcome::Reversed if Some(at) != reversal => Outcome::Problem(BridgeReason::InvalidReversal),
            same => same,
        };
    }
    Verdict { outcomes, booked: debit.is_some(), reversed: debit.is_some() && reversal.is_some() }
}

/// The one line of several equal claims that counts: always the same, whichever came first.
fn first(lines: &[Line], outcomes: &[Outcome], wanted: Outcome) -> Option<usize> {
    let claims = lines.iter().zip(outcomes).enumerate().filter(|(_, (_, outcome))| **outcome == wanted);
    claims.min_by(|a, b| a.1.0.key.cmp(&b.1.0.key)).map(|(at, _)| at)
}

fn judge_alone(expected: Option<&Expected>, line: &Line) -> Outcome {
    if line.mark == Mark::Other {
        return Outcome::Ignored;
    }
    let Some(expected) = expected else { return Outcome::Problem(BridgeReason::InvalidDisbursementId) };
    if line.account_number != expected.account_number {
        return Outcome::Problem(BridgeReason::InvalidAccountNumber);
    }
    if line.currency.as_ref().is_some_and(|c| *c != expected.currency) {
        return Outcome::Problem(BridgeReason::InvalidDisbursementCurrencyCode);
    }
    if line.amount_minor != Some(expected.amount_minor) {
        return Outcome::Problem(BridgeReason::InvalidDisbursementAmount);
    }
    match (line.mark, expected.state) {
        // Sent later, perhaps: after a restore from a backup the bank knows more than we do.
        (_, State::Received | State::Resolved) => Outcome::Waiting(BridgeReason::InvalidDisbursementId),
        (_, State::Cancelled | State::Rejected) => Outcome::Problem(BridgeReason::InvalidDisbursementId),
        (Mark::ReversedDebit, _) => Outcome::Reversed,
        _ => Outcome::Booked,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
    use std::collections::BTreeMap;

    use g2p_connect::reason::BridgeReason;
    use proptest::prelude::*;

    use super::{Expected, Line, Mark, Outcome, State, judge};

    fn expected() -> Expected {
        Expected {
            state: State::Accepted,
            amount_minor: 1000,
            currency: "KES".to_owned(),
            account_number: "SP1".to_owned(),
        }
    }

    fn line(key: &str, mark: Mark) -> Line {
        Line {
            key: key.to_owned(),
            mark,
            amount_minor: Some(1000),
            currency: Some("KES".to_owned()),
            account_number: "SP1".to_owned(),
        }
    }

    #[test]
    fn a_debit_pays_and_a_reversal_takes_it_back() {
        let debit = line("1", Mark::Debit);
        let verdict = judge(Some(&expected()), std::slice::from_ref(&debit));
        assert_eq!((verdict.booked, verdict.reversed), (true, false));
        let verdict = judge(Some(&expected()), &[line("2", Mark::ReversedDebit), debit]);
        assert_eq!(verdict.outcomes, [Outcome::Reversed, Outcome::Booked]);
        assert_eq!((verdict.booked, verdict.reversed), (true, true));
    }

    #[test]
    fn a_reversal_without_its_debit_waits() {
        let verdict = judge(Some(&expected()), &[line("2", Mark::ReversedDebit)]);
        assert_eq!(verdict.outcomes, [Outcome::Waiting(BridgeReason::InvalidReversal)]);
        assert!(!verdict.booked && !verdict.reversed);
    }

    #[test]
    fn a_second_debit_is_a_problem_not_a_second_payment() {
        let verdict = judge(Some(&expected()), &[line("b", Mark::Debit), line("a", Mark::Debit)]);
        let duplicate = Outcome::Problem(BridgeReason::DuplicateDisbursement);
        assert_eq!(verdict.outcomes, [duplicate, Outcome::Booked]);
    }

    #[test]
    fn what_contradicts_the_payment_never_pays_it() {
        let wrong = [
            (
                Line { amount_minor: Some(1001), ..line("1", Mark::Debit) },
                BridgeReason::InvalidDisbursementAmount,
            ),
            (Line { amount_minor: None, ..line("1", Mark::Debit) }, BridgeReason::InvalidDisbursementAmount),
            (
                Line { currency: Some("USD".into()), ..line("1", Mark::Debit) },
                BridgeReason::InvalidDisbursementCurrencyCode,
            ),
            (
                Line { account_number: "X".into(), ..line("1", Mark::Debit) },
                BridgeReason::InvalidAccountNumber,
            ),
        ];
        for (line, code) in wrong {
            let verdict = judge(Some(&expected()), &[line]);
            assert_eq!(verdict.outcomes, [Outcome::Problem(code)]);
            assert!(!verdict.booked);
        }
        let unknown = judge(None, &[line("1", Mark::Debit)]);
        assert_eq!(unknown.outcomes, [Outcome::Problem(BridgeReason::InvalidDisbursementId)]);
        let cancelled = Expected { state: State::Cancelled, ..expected() };
        assert!(!judge(Some(&cancelled), &[line("1", Mark::Debit)]).booked);
    }

    fn any_line() -> impl Strategy<Value = Line> {
        let mark = prop_oneof![Just(Mark::Debit), Just(Mark::ReversedDebit), Just(Mark::Other)];
        let amount = prop_oneof![4 => Just(Some(1000)), 1 => Just(Some(999)), 1 => Just(None)];
        (mark, amount).prop_map(|(mark, amount_minor)| Line { amount_minor, ..line("", mark) })
    }

    proptest! {
        #[test]
        fn the_order_of_lines_makes_no_difference(
            lines in proptest::collection::vec(any_line(), 0..8).prop_map(|mut lines| {
                for (n, line) in lines.iter_mut().enumerate() { line.key = format!("{n:02}"); }
                lines
            }),
            shuffled_by in proptest::collection::vec(any::<u32>(), 8),
        ) {
            let by_key = |lines: &[Line]| {
                let verdict = judge(Some(&expected()), lines);
                let outcomes: BTreeMap<_, _> = lines.iter().map(|l| l.key.clone()).zip(verdict.outcomes).collect();
                (outcomes.into_iter().collect::<Vec<_>>(), verdict.booked, verdict.reversed)
            };
            let mut shuffled: Vec<_> = lines.iter().cloned().zip(shuffled_by).collect();
            shuffled.sort_by_key(|(_, by)| *by);
            let shuffled: Vec<_> = shuffled.into_iter().map(|(line, _)| line).collect();
            prop_assert_eq!(by_key(&lines), by_key(&shuffled));
        }

        #[test]
        fn at_most_one_debit_and_one_reversal_count(lines in proptest::collection::vec(any_line(), 0..8)) {
            let verdict = judge(Some(&expected()), &lines);
            let count = |wanted| verdict.outcomes.iter().filter(|o| **o == wanted).count();
            prop_assert_eq!(count(Outcome::Booked), usize::from(verdict.booked));
            prop_assert!(count(Outcome::Reversed) <= 1);
        }
    }
}
