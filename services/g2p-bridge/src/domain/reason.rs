//! Why a payment or an envelope stands where it stands. Never holds personal data: these texts are published.

/// The mapper knows no account of the payee.
pub const NO_FINANCIAL_ADDRESS: &str = "NO_FINANCIAL_ADDRESS";
/// The mapper gave an address that names no account.
pub const UNREADABLE_FINANCIAL_ADDRESS: &str = "UNREADABLE_FINANCIAL_ADDRESS";
/// The mapper refused the payee's id.
pub const INVALID_BENEFICIARY_ID: &str = "INVALID_BENEFICIARY_ID";
/// The process ended between the intent and the bank's answer.
pub const PROCESS_ENDED_WHILE_SENDING: &str = "PROCESS_ENDED_WHILE_SENDING";
/// The bank gave no clear answer to the payment.
pub const BANK_GAVE_NO_ANSWER: &str = "BANK_GAVE_NO_ANSWER";
/// The bank answered the call but not for this payment.
pub const BANK_DID_NOT_MENTION_IT: &str = "BANK_DID_NOT_MENTION_IT";
/// The payment is in a file or batch that the bank has; it says later what becomes of it.
pub const HANDED_OVER: &str = "HANDED_OVER";
/// The file of payments could not be written; it is tried again.
pub const FILE_NOT_WRITTEN: &str = "FILE_NOT_WRITTEN";
/// The bank has said nothing about payments that were handed over to it.
pub const BANK_REPORT_OVERDUE: &str = "BANK_REPORT_OVERDUE";
/// The bank offers no check and no block of funds; the envelope went on without.
pub const NOT_OFFERED_BY_BANK: &str = "NOT_OFFERED_BY_BANK";
/// The programme's `sponsor_bank_code` is not configured here.
pub const SPONSOR_BANK_NOT_KNOWN_HERE: &str = "SPONSOR_BANK_NOT_KNOWN_HERE";
/// The database was restored from an older backup: whether the bank has the payment is not known, and the bank is asked.
pub const RESTORED_FROM_BACKUP: &str = "RESTORED_FROM_BACKUP";
/// The bank refused the payment; what the bank said follows a colon.
pub const BANK_REJECTED: &str = "BANK_REJECTED";
/// The account of the programme does not hold enough.
pub const FUNDS_NOT_AVAILABLE: &str = "FUNDS_NOT_AVAILABLE";
/// The bank refused to block the money; what it said follows a colon.
pub const FUNDS_BLOCK_REFUSED: &str = "FUNDS_BLOCK_REFUSED";
/// The bank cannot be asked.
pub const BANK_NOT_REACHED: &str = "BANK_NOT_REACHED";
/// The mapper cannot be asked, or refused the whole message.
pub const MAPPER_NOT_REACHED: &str = "MAPPER_NOT_REACHED";
/// The mapper did not answer for every payee.
pub const MAPPER_ANSWER_INCOMPLETE: &str = "MAPPER_ANSWER_INCOMPLETE";
/// The mapper gave no answer for this payee for too long; the others were paid.
pub const MAPPER_GAVE_NO_ANSWER: &str = "MAPPER_GAVE_NO_ANSWER";
/// The mapper asked to be asked again.
pub const MAPPER_SAYS_RETRY: &str = "MAPPER_SAYS_RETRY";
/// Payments with the bank show on no statement yet.
pub const STATEMENT_OVERDUE: &str = "STATEMENT_OVERDUE";
/// The envelope was given up, too long after its day.
pub const EXPIRED: &str = "EXPIRED";
/// The envelope has all its payments, but less money than declared: amend it.
pub const AMOUNT_BELOW_DECLARED: &str = "AMOUNT_BELOW_DECLARED";

/// People stopped payments.
pub const PAUSED: &str = "PAUSED";
/// As much left the account today as may.
pub const DAILY_LIMIT_REACHED: &str = "DAILY_LIMIT_REACHED";
/// Two people gave the answer in the bank's place.
pub const TOLD_BY_TWO_PEOPLE: &str = "TOLD_BY_TWO_PEOPLE";

/// A payment came back, and the bank gave no reason that may be published.
pub const REVERSED: &str = "REVERSED";
/// Why payments come back: the words of the example bank, and codes of ISO 20022.
const REVERSALS: &[&str] = &[
    "ACCOUNT_CLOSED",
    "ACCOUNT_CURRENCY",
    "ACCOUNT_DECEASED",
    "ACCOUNT_DORMANT",
    "ACCOUNT_FROZEN",
    "ACCOUNT_NOT_FOUND",
    "AC01",
    "AC03",
    "AC04",
    "AC06",
    "AG01",
    "AM09",
    "BE01",
    "MD07",
    "MS02",
    "MS03",
];

/// The published reason of a reversal: a known code. Anything else a bank writes may be a name and stays in the bridge.
#[must_use]
pub fn reversal(text: &str) -> &'static str {
    REVERSALS.iter().copied().find(|known| *known == text).unwrap_or(REVERSED)
}

/// A bank's word in a reason: at most 60 characters of `A-Z 0-9 _`, so that nothing personal or strange gets through.
#[must_use]
pub fn with_detail(reason: &str, detail: &str) -> String {
    let mut word = String::new();
    for c in detail.chars() {
        if word.len() >= 60 {
            break;
        }
        if c.is_ascii_alphanumeric() {
            word.push(c.to_ascii_uppercase());
        } else if !word.is_empty() && !word.ends_with('_') {
            word.push('_');
        }
    }
    let word = word.trim_end_matches('_');
    // Long digit runs could be an account or a phone number.
    let digits = word.bytes().fold((0_usize, 0_usize), |(run, longest), b| {
        let run = if b.is_ascii_digit() { run + 1 } else { 0 };
        (run, longest.max(run))
    });
    if word.is_empty() || digits.1 >= 6 { reason.to_owned() } else { format!("{reason}:{word}") }
}

#[cfg(test)]
mod tests {
    use super::{reversal, with_detail};

    #[test]
    fn only_known_reasons_of_reversals_are_published() {
        assert_eq!((reversal("ACCOUNT_CLOSED"), reversal("AC04")), ("ACCOUNT_CLOSED", "AC04"));
        assert_eq!((reversal("JANE_DOE"), reversal("")), ("REVERSED", "REVERSED"));
    }

    #[test]
    fn a_banks_words_become_a_code_without_numbers_of_accounts() {
        assert_eq!(with_detail("BANK_REJECTED", "Account closed."), "BANK_REJECTED:ACCOUNT_CLOSED");
        assert_eq!(with_detail("BANK_REJECTED", ""), "BANK_REJECTED");
        assert_eq!(with_detail("BANK_REJECTED", "account 0123456789 unknown"), "BANK_REJECTED");
        assert!(with_detail("R", &"x".repeat(500)).len() < 70);
    }
}
