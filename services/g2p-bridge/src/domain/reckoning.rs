//! What became of an envelope's money, and whether the figures of the bridge, of the block and of the bank are one.
//!
//! Pure arithmetic over sums. Every check is a difference that is zero when all is well, and that a treasurer can follow with a
//! pencil:
//!
//! * approved = paid + reversed + rejected + open;
//! * blocked = paid + open + unspent, and unspent = reversed + rejected by the bank;
//! * unspent = released + still blocked;
//! * the bank's debits = paid + reversed, and its reversals = reversed.

/// Count and sum of some payments.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Sum {
    /// Payments.
    pub count: i64,
    /// Minor units.
    pub minor: i64,
}

impl Sum {
    /// With one more payment of this amount. Sums that no account of the world holds stop at the largest number.
    pub const fn add(&mut self, minor: i64) {
        self.count = self.count.saturating_add(1);
        self.minor = self.minor.saturating_add(minor);
    }

    /// Both together.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self { count: self.count.saturating_add(other.count), minor: self.minor.saturating_add(other.minor) }
    }

    /// How far this is from the other: zero when they are equal.
    #[must_use]
    pub const fn minus(self, other: Self) -> Self {
        Self { count: self.count.saturating_sub(other.count), minor: self.minor.saturating_sub(other.minor) }
    }

    /// Whether both count and amount are zero.
    #[must_use]
    pub const fn is_zero(self) -> bool {
        self.count == 0 && self.minor == 0
    }
}

/// What is known of an envelope: each from its own source.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Figures {
    /// What the programme system said it would send.
    pub declared: Sum,
    /// What the envelope's admission counted; `None` when that says nothing, as in a cancelled envelope.
    pub admitted: Option<Sum>,
    /// Payments that a statement shows.
    pub paid: Sum,
    /// Payments that came back.
    pub reversed: Sum,
    /// Payments that were refused before the bank heard of them.
    pub rejected_unsent: Sum,
    /// Payments that the bank refused.
    pub rejected_by_bank: Sum,
    /// Payments taken back before they were sent.
    pub cancelled: Sum,
    /// All others: on their way.
    pub open: Sum,
    /// What the bank blocked; `None` before it did.
    pub blocked: Option<i64>,
    /// What the bank said it gave back; `None` before it did.
    pub released: Option<i64>,
    /// Debits of these payments on the bank's statements.
    pub bank_debits: Sum,
    /// Reversals of these payments on the bank's statements.
    pub bank_reversals: Sum,
    /// Payments of which the statements say something else, one by one: sums may agree by chance.
    pub mismatched: Sum,
}

/// What follows from the figures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reckoning {
    /// What it follows from.
    pub figures: Figures,
    /// Payments the programme wanted paid: all that were not taken back.
    pub approved: Sum,
    /// All refused payments.
    pub rejected: Sum,
    /// What must be on the statements as debits: paid, and paid before it came back.
    pub debited: Sum,
    /// What was blocked and is not with anybody.
    pub unspent: Option<i64>,
    /// What is unspent and was not given back; below zero when more was given back.
    pub held: Option<i64>,
    /// Approved less admitted.
    pub admission_difference: Sum,
    /// Unspent less what came back and what the bank refused.
    pub block_difference: i64,
    /// The bank's debits less ours.
    pub debit_difference: Sum,
    /// The bank's reversals less ours.
    pub reversal_difference: Sum,
}

impl Reckoning {
    /// Reckons.
    #[must_use]
    pub fn of(figures: Figures) -> Self {
        let Figures { paid, reversed, rejected_unsent, rejected_by_bank, open, .. } = figures;
        let rejected = rejected_unsent.plus(rejected_by_bank);
        let approved = paid.plus(reversed).plus(rejected).plus(open);
        let debited = paid.plus(reversed);
        let unspent = figures.blocked.map(|blocked| blocked.saturating_sub(paid.plus(open).minor));
        let came_to_nothing = reversed.plus(rejected_by_bank).minor;
        Self {
            figures,
            approved,
            rejected,
            debited,
            unspent,
            held: unspent.map(|unspent| unspent.saturating_sub(figures.released.unwrap_or(0))),
            admission_difference: approved.minus(figures.admitted.unwrap_or(approved)),
            block_difference: unspent.map_or(0, |unspent| unspent.saturating_sub(came_to_nothing)),
            debit_difference: figures.bank_debits.minus(debited),
            reversal_difference: figures.bank_reversals.minus(reversed),
        }
    }

    /// What the bank's statements say left the account for good, less what the bridge says: zero when they agree.
    #[must_use]
    pub const fn bank_difference(&self) -> i64 {
        self.debit_difference.minor.saturating_sub(self.reversal_difference.minor)
    }

    /// Whether the bank's statements on file say the same, payment for payment and cent for cent.
    #[must_use]
    pub const fn agrees_with_bank(&self) -> bool {
        self.figures.mismatched.is_zero()
            && self.debit_difference.is_zero()
            && self.reversal_difference.is_zero()
    }

    /// Whether the bridge's own figures are one.
    #[must_use]
    pub const fn adds_up(&self) -> bool {
        self.admission_difference.is_zero() && self.block_difference == 0
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
    use proptest::prelude::*;

    use super::{Figures, Reckoning, Sum};
    use crate::domain::disbursement::{Event, State, transition};

    /// An envelope whose payments went through these events: before the money is blocked, and after. What the bank and the
    /// block say is counted from what happened, not from the states.
    fn lived(payments: &[(i64, Vec<Event>, Vec<Event>)]) -> Figures {
        let mut f = Figures { blocked: Some(0), ..Figures::default() };
        let mut admitted = Sum::default();
        for (amount, before, after) in payments {
            let (mut state, mut sent) = (State::Received, false);
            for event in before {
                let early = matches!(event, Event::Resolve | Event::RefuseResolution | Event::Cancel);
                state = transition(state, *event).filter(|_| early).unwrap_or(state);
            }
            // The mapper answers for everybody before the money is blocked.
            if state == State::Received {
                state = State::Rejected;
            }
            if state == State::Resolved {
                f.blocked = f.blocked.map(|blocked| blocked + amount);
                for event in after {
                    // Once the money is blocked, nothing is taken back.
                    let late = !matches!(event, Event::Cancel | Event::Expire);
                    let Some(next) = transition(state, *event).filter(|_| late) else { continue };
                    sent |= next == State::Sending;
                    match event {
                        Event::Book => f.bank_debits.add(*amount),
                        Event::Reverse => f.bank_reversals.add(*amount),
                        _ => {}
                    }
                    state = next;
                }
            }
            if state != State::Cancelled {
                admitted.add(*amount);
            }
            match state {
                State::Paid => f.paid.add(*amount),
                State::Reversed => f.reversed.add(*amount),
                State::Rejected if sent => f.rejected_by_bank.add(*amount),
                State::Rejected => f.rejected_unsent.add(*amount),
                State::Cancelled => f.cancelled.add(*amount),
                _ => f.open.add(*amount),
            }
        }
        f.admitted = Some(admitted);
        f
    }

    fn payments() -> impl Strategy<Value = Vec<(i64, Vec<Event>, Vec<Event>)>> {
        let events = || proptest::collection::vec(proptest::sample::select(Event::ALL.to_vec()), 0..14);
        proptest::collection::vec((1_i64..1_000_000_000, events(), events()), 0..30)
    }

    proptest! {
        #[test]
        fn whatever_happens_to_payments_all_differences_are_zero(payments in payments()) {
            let figures = lived(&payments);
            let reckoning = Reckoning::of(figures);
            prop_assert!(reckoning.adds_up(), "{reckoning:?}");
            prop_assert!(reckoning.agrees_with_bank(), "{reckoning:?}");
            prop_assert_eq!(reckoning.bank_difference(), 0);
            // blocked = (debits - reversals at the bank) + still on its way + unspent
            let away = figures.bank_debits.minor - figures.bank_reversals.minor;
            prop_assert_eq!(figures.blocked.unwrap(), away + figures.open.minor + reckoning.unspent.unwrap());
        }

        #[test]
        fn what_was_given_back_leaves_nothing_held(payments in payments()) {
            let figures = lived(&payments);
            let released = Reckoning::of(figures).unspent;
            prop_assert_eq!(Reckoning::of(Figures { released, ..figures }).held, Some(0));
        }

        #[test]
        fn a_line_more_or_less_at_the_bank_is_named_by_its_amount(payments in payments(), off in 1_i64..1_000_000) {
            let figures = lived(&payments);
            let mut more = figures;
            more.bank_debits.add(off);
            let reckoning = Reckoning::of(more);
            prop_assert!(!reckoning.agrees_with_bank());
            prop_assert_eq!(reckoning.bank_difference(), off);
            prop_assert_eq!(reckoning.debit_difference, Sum { count: 1, minor: off });
            let mut back = figures;
            back.bank_reversals.add(off);
            prop_assert_eq!(Reckoning::of(back).bank_difference(), -off);
        }

        #[test]
        fn no_figures_break_it(a in any::<i64>(), b in any::<i64>(), c in any::<i64>(), d in any::<i64>()) {
            let sum = |minor| Sum { count: minor, minor };
            let _ = Reckoning::of(Figures {
                paid: sum(a), reversed: sum(b), rejected_by_bank: sum(c), open: sum(d), bank_debits: sum(a),
                blocked: Some(d), released: Some(c), ..Figures::default()
            });
        }
    }
}
