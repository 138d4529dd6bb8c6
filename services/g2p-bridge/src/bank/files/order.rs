//! From payments to a pain.001.

use bank_formats::iso20022::pain001::{self, Account, Batch, CreditTransfer, Initiation};
use platform::Masked;

use super::{Outcome, Payment, PaymentFrame};
use crate::domain::{reason, text::narrative};

/// The transfers of payments, and an outcome for each payment in the order given: refused, or else still to come.
pub(super) fn transfers(payments: &[Payment]) -> (Vec<CreditTransfer>, Vec<Outcome>) {
    let mut transfers = Vec::with_capacity(payments.len());
    let outcomes = payments.iter().map(|payment| match transfer(payment) {
        Some(transfer) => {
            transfers.push(transfer);
            Outcome::Unknown(reason::FILE_NOT_WRITTEN)
        }
        None => Outcome::Rejected("PAYEE DOES NOT FIT ISO20022".to_owned()),
    });
    let outcomes = outcomes.collect();
    (transfers, outcomes)
}

/// The message of a call; nothing without transfers. It follows from the call alone, so that it is the same whenever it is
/// written.
pub(super) fn message(
    frame: &PaymentFrame,
    debtor: &str,
    bank: &str,
    payments: Vec<CreditTransfer>,
) -> Option<Initiation> {
    if payments.is_empty() {
        return None;
    }
    let batch = Batch {
        id: frame.batch_id.simple().to_string(),
        execution_date: frame.formed_on,
        debtor_name: debtor.to_owned(),
        debtor_account: account(&frame.account_number),
        debtor_bank: bank.to_owned(),
        payments,
    };
    Some(Initiation {
        message_id: frame.call_id.simple().to_string(),
        created: frame.formed_at,
        initiating_party: debtor.to_owned(),
        batches: vec![batch],
    })
}

/// `None` when the payment cannot be written so that it arrives as it is.
fn transfer(payment: &Payment) -> Option<CreditTransfer> {
    let exposed = |value: &Option<Masked<String>>| value.as_ref().map(|v| v.expose().clone());
    let other = |id: String, scheme: &str| Account::Other { id, scheme: Some(scheme.to_owned()) };
    let creditor_account = match payment.account_kind.as_str() {
        "BANK_ACCOUNT" => account(&exposed(&payment.account_number)?),
        "MOBILE_WALLET" => other(exposed(&payment.mobile_number)?, "MSISDN"),
        "EMAIL_WALLET" => other(exposed(&payment.email_address)?, "EMAIL"),
        _ => return None,
    };
    let wallet = payment.wallet_provider.clone();
    let transfer = CreditTransfer {
        end_to_end_id: payment.key.clone(),
        amount: payment.amount,
        creditor_bank: payment.bank_code.clone().or(wallet),
        creditor_branch: payment.branch_code.clone(),
        creditor_name: exposed(&payment.payee_name),
        creditor_account,
        remittance: Some(narrative(payment.narrative.expose())),
    };
    pain001::fits(&transfer).then_some(transfer)
}

fn account(number: &str) -> Account {
    let compact: String = number.chars().filter(|c| *c != ' ').collect();
    if is_iban(&compact) {
        Account::Iban(compact)
    } else {
        Account::Other { id: number.to_owned(), scheme: None }
    }
}

/// Whether the check digits are right: what only looks like an IBAN is a bank's own number.
fn is_iban(text: &str) -> bool {
    let bytes = text.as_bytes();
    let shape = (15..=34).contains(&bytes.len())
        && bytes.iter().take(2).all(u8::is_ascii_uppercase)
        && bytes.iter().skip(2).take(2).all(u8::is_ascii_digit)
        && bytes.iter().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
    let turned = bytes.iter().skip(4).chain(bytes.iter().take(4));
    let rest = turned.fold(0_u32, |rest, byte| match byte {
        b'0'..=b'9' => (rest * 10 + u32::from(byte - b'0')) % 97,
        _ => (rest * 100 + u32::from(byte.wrapping_sub(b'A')) + 10) % 97,
    });
    shape && rest == 1
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
    use bank_formats::iso20022::pain001::{self, Account};
    use money::{Amount, Currency};
    use proptest::prelude::*;
    use time::macros::{date, datetime};
    use uuid::Uuid;

    use super::{is_iban, message, transfers};
    use crate::{
        bank::{Outcome, Payment, PaymentFrame},
        domain::ids,
    };

    fn payment(key: &str, kind: &str, account: &str, minor: i64) -> Payment {
        let only = |wanted: &str| (kind == wanted).then(|| platform::Masked::new(account.to_owned()));
        Payment {
            key: key.to_owned(),
            amount: Amount::from_minor(minor, Currency::from_code("KES").unwrap()),
            narrative: platform::Masked::new("Food <&> :61:".to_owned()),
            payee_name: Some(platform::Masked::new("Jo".to_owned())),
            account_kind: kind.to_owned(),
            account_number: only("BANK_ACCOUNT"),
            account_type: None,
            bank_code: Some("KCBL".to_owned()),
            branch_code: None,
            mobile_number: only("MOBILE_WALLET"),
            email_address: only("EMAIL_WALLET"),
            wallet_provider: None,
        }
    }

    fn frame() -> PaymentFrame {
        PaymentFrame {
            call_id: Uuid::from_u128(7),
            batch_id: Uuid::from_u128(8),
            formed_at: datetime!(2026-12-01 01:02:03 UTC),
            formed_on: date!(2026 - 12 - 01),
            account_number: "SP-1".into(),
            block_reference: String::new(),
            program: "P".into(),
            cycle: "C".into(),
            payment_date: "2026-12-02".into(),
        }
    }

    #[test]
    fn only_right_check_digits_make_an_iban() {
        assert!(is_iban("GB82WEST12345698765432") && is_iban("DE89370400440532013000"));
        for other in [
            "GB82WEST12345698765433",
            "DE8937040044053201300",
            "",
            "1234567890123456",
            "GB82west12345698765432",
        ] {
            assert!(!is_iban(other), "{other}");
        }
    }

    #[test]
    fn who_cannot_be_paid_is_refused_alone() {
        let long = "x".repeat(40);
        let all = [
            payment("a", "BANK_ACCOUNT", "1", 1),
            payment("b", "EMAIL_WALLET", &format!("{long}@x.org"), 1),
            payment("c", "CASH", "1", 1),
            payment("d", "MOBILE_WALLET", "+254700000001", 1),
        ];
        let (made, outcomes) = transfers(&all);
        assert_eq!(made.iter().map(|t| t.end_to_end_id.as_str()).collect::<Vec<_>>(), ["a", "d"]);
        let refused: Vec<bool> = outcomes.iter().map(|o| matches!(o, Outcome::Rejected(_))).collect();
        assert_eq!(refused, [false, true, true, false]);
    }

    proptest! {
        #[test]
        fn a_message_says_of_each_payment_what_is_to_be_paid_and_is_the_same_each_time(
            all in proptest::collection::vec(("[0-9A-Za-z_-]{1,16}", "[0-9]{1,20}", 1_i64..1_000_000_000), 1..30)
        ) {
            let all: Vec<Payment> = all.iter().map(|(k, a, m)| payment(k, "BANK_ACCOUNT", a, *m)).collect();
            let write = || pain001::to_text(&message(&frame(), "Ministry", "KCB", transfers(&all).0).unwrap()).unwrap();
            let text = write();
            prop_assert_eq!(&text, &write());
            let read = pain001::parse(text.as_bytes()).unwrap();
            prop_assert_eq!(read.message_id.as_str(), "00000000000000000000000000000007");
            let batch = &read.batches[0];
            prop_assert_eq!(batch.payments.len(), all.len());
            for (read, payment) in batch.payments.iter().zip(&all) {
                prop_assert!(ids::is_disbursement_id(&read.end_to_end_id) && read.end_to_end_id == payment.key);
                prop_assert_eq!(read.amount, payment.amount);
                let number = payment.account_number.as_ref().unwrap().expose();
                prop_assert_eq!(&read.creditor_account, &Account::Other { id: number.clone(), scheme: None });
            }
        }
    }
}
