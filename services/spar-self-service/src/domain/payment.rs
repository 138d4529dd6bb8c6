//! What the states and reasons of a payment mean to the person who waits for it.

/// How far a payment is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// Not sent to the bank yet.
    Preparing,
    /// At the bank.
    OnItsWay,
    /// Booked to the account.
    Paid,
    /// The bank sent it back.
    SentBack,
    /// It was not made.
    NotPaid,
    /// The programme called it off.
    Cancelled,
}

impl Progress {
    /// Reads the state of a disbursement. A state we do not know is somewhere on its way.
    #[must_use]
    pub fn of(status: &str) -> Self {
        match status.to_ascii_uppercase().as_str() {
            "PENDING" | "APPROVED" | "RECEIVED" | "RESOLVED" => Self::Preparing,
            "PAID" | "RECONCILED" => Self::Paid,
            "REVERSED" => Self::SentBack,
            "REJECTED" | "FAILED" => Self::NotPaid,
            "CANCELLED" | "CANCELED" => Self::Cancelled,
            _ => Self::OnItsWay,
        }
    }

    /// Whether the person is without the money.
    #[must_use]
    pub fn failed(self) -> bool {
        matches!(self, Self::SentBack | Self::NotPaid)
    }
}

/// What the person can do about a payment that failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Advice {
    /// We have no account: say where to pay.
    NameAnAccount,
    /// The account is closed or cannot take money: name another.
    ChangeTheAccount,
    /// A matter between the programme and its bank: nothing.
    Wait,
    /// We do not know: ask.
    Ask,
}

impl Advice {
    /// Reads the reason that the bridge gave, for example `NO_FINANCIAL_ADDRESS` or `BANK_REJECTED:ACCOUNT_CLOSED`.
    #[must_use]
    pub fn of(reason: &str) -> Self {
        let reason = reason.to_ascii_uppercase();
        let has = |words: &[&str]| words.iter().any(|word| reason.contains(word));
        if has(&["NO_FINANCIAL_ADDRESS", "NOT_LINKED"]) {
            Self::NameAnAccount
        } else if has(&["CLOSED", "UNREADABLE_FINANCIAL_ADDRESS", "INVALID_ACCOUNT", "ACCOUNT_NOT_FOUND"]) {
            Self::ChangeTheAccount
        } else if has(&["FUNDS", "AMOUNT", "EXPIRED", "NOT_REACHED", "MAPPER", "NO_ANSWER", "OVERDUE"]) {
            Self::Wait
        } else {
            Self::Ask
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Advice, Progress};

    #[test]
    fn every_state_of_a_disbursement_has_its_words() {
        let states =
            ["PENDING", "RECEIVED", "RESOLVED", "SENT", "PAID", "REVERSED", "REJECTED", "CANCELLED", "else"];
        use Progress::{Cancelled, NotPaid, OnItsWay, Paid, Preparing, SentBack};
        assert_eq!(
            states.map(Progress::of),
            [Preparing, Preparing, Preparing, OnItsWay, Paid, SentBack, NotPaid, Cancelled, OnItsWay]
        );
    }

    /// The reasons that the bridge publishes.
    #[test]
    fn a_reason_leads_to_what_can_be_done() {
        assert_eq!(Advice::of("NO_FINANCIAL_ADDRESS"), Advice::NameAnAccount);
        assert_eq!(Advice::of("BANK_REJECTED:ACCOUNT_CLOSED"), Advice::ChangeTheAccount);
        assert_eq!(Advice::of("UNREADABLE_FINANCIAL_ADDRESS"), Advice::ChangeTheAccount);
        for reason in [
            "FUNDS_NOT_AVAILABLE",
            "FUNDS_BLOCK_REFUSED:X",
            "BANK_NOT_REACHED",
            "MAPPER_SAYS_RETRY",
            "EXPIRED",
        ] {
            assert_eq!(Advice::of(reason), Advice::Wait, "{reason}");
        }
        assert_eq!(Advice::of("BANK_REJECTED:INVALID_CURRENCY"), Advice::Ask);
        assert_eq!(Advice::of(""), Advice::Ask);
    }
}
