//! Plain words for what the rules say.

use pages::{Key, Translator};

use crate::{
    api::views::Facts,
    domain::{Advice, FinancialAddress, Progress, Wrong},
};

/// What to do about an account number.
pub(crate) fn number(wrong: Wrong) -> Key {
    match wrong {
        Wrong::Missing => Key("number-missing"),
        Wrong::Characters | Wrong::NoCountryCode => Key("number-characters"),
        Wrong::TooShort => Key("number-short"),
        Wrong::TooLong => Key("number-long"),
        Wrong::CheckDigits => Key("number-check"),
    }
}

/// What to do about a phone number.
pub(crate) fn phone(wrong: Wrong) -> Key {
    match wrong {
        Wrong::Missing => Key("phone-missing"),
        Wrong::Characters | Wrong::CheckDigits => Key("phone-characters"),
        Wrong::TooShort => Key("phone-short"),
        Wrong::TooLong => Key("phone-long"),
        Wrong::NoCountryCode => Key("phone-country"),
    }
}

/// Words and sign of how far a payment is.
pub(crate) fn progress(progress: Progress) -> (Key, &'static str) {
    match progress {
        Progress::Preparing => (Key("progress-preparing"), "wait"),
        Progress::OnItsWay => (Key("progress-on-its-way"), "wait"),
        Progress::Paid => (Key("progress-paid"), "good"),
        Progress::SentBack => (Key("progress-sent-back"), "bad"),
        Progress::NotPaid => (Key("progress-not-paid"), "bad"),
        Progress::Cancelled => (Key("progress-cancelled"), "off"),
    }
}

/// What the person can do, and the text of the link where to do it.
pub(crate) fn advice(advice: Advice) -> (Key, Option<Key>) {
    match advice {
        Advice::NameAnAccount => (Key("advice-name-account"), Some(Key("account-name"))),
        Advice::ChangeTheAccount => (Key("advice-change-account"), Some(Key("account-change"))),
        Advice::Wait => (Key("advice-wait"), None),
        Advice::Ask => (Key("advice-ask"), None),
    }
}

/// `ending 042`: what stands where a number would.
pub(crate) fn masked(t: &Translator, ending: &str) -> String {
    if ending.is_empty() { t.say("account-hidden") } else { t.say1("account-ending", "ending", ending) }
}

/// An account as lines of a page. `hide`: with the end of its number only.
pub(crate) fn facts(t: &Translator, address: &FinancialAddress, hide: bool) -> Facts {
    let number = |full: &str| if hide { masked(t, &address.ending()) } else { full.to_owned() };
    match address {
        FinancialAddress::Bank(bank) => {
            let mut facts = vec![
                (t.say("account-bank"), bank.bank_name.clone()),
                (t.say("account-branch"), bank.branch_name.clone()),
            ];
            if !hide {
                facts.push((t.say("account-branch-code"), bank.branch_code.clone()));
            }
            facts.push((t.say("account-number"), number(bank.account_number.expose())));
            facts
        }
        FinancialAddress::Wallet(wallet) => vec![
            (t.say("account-wallet"), wallet.provider_name.clone()),
            (t.say("account-phone"), number(wallet.phone.expose())),
        ],
    }
}
