//! Plain words for what the rules say.

use pages::{Key, Translator};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use crate::{
    api::views::Facts,
    app::{Happened, Who},
    domain::{Advice, FinancialAddress, Progress, Wrong},
};

/// What to do about an account number.
pub(crate) fn number(wrong: Wrong) -> Key {
    match wrong {
        Wrong::Missing => Key("number-missing"),
        Wrong::Characters | Wrong::NoCountryCode | Wrong::NotAnAddress => Key("number-characters"),
        Wrong::TooShort => Key("number-short"),
        Wrong::TooLong => Key("number-long"),
        Wrong::CheckDigits => Key("number-check"),
    }
}

/// What to do about a phone number.
pub(crate) fn phone(wrong: Wrong) -> Key {
    match wrong {
        Wrong::Missing => Key("phone-missing"),
        Wrong::Characters | Wrong::CheckDigits | Wrong::NotAnAddress => Key("phone-characters"),
        Wrong::TooShort => Key("phone-short"),
        Wrong::TooLong => Key("phone-long"),
        Wrong::NoCountryCode => Key("phone-country"),
    }
}

/// What to do about an email address.
pub(crate) fn email(wrong: Wrong) -> Key {
    match wrong {
        Wrong::Missing => Key("email-missing"),
        Wrong::Characters => Key("email-characters"),
        Wrong::TooLong => Key("email-long"),
        Wrong::TooShort | Wrong::CheckDigits | Wrong::NoCountryCode | Wrong::NotAnAddress => {
            Key("email-wrong")
        }
    }
}

/// What happened to an account.
pub(crate) fn happened(happened: Happened) -> Key {
    match happened {
        Happened::Linked => Key("history-linked"),
        Happened::Updated => Key("history-updated"),
        Happened::Unlinked => Key("history-unlinked"),
        Happened::Frozen => Key("history-frozen"),
        Happened::Unfrozen => Key("history-unfrozen"),
        Happened::Other => Key("history-other"),
    }
}

/// A time as the mapper writes it.
pub(crate) fn parsed(at: &str) -> Option<OffsetDateTime> {
    OffsetDateTime::parse(at, &Rfc3339).ok()
}

/// `Example Bank, ending 042`.
pub(crate) fn short(t: &Translator, address: &FinancialAddress) -> String {
    let number = masked(t, &address.ending());
    t.say_all("account-short", &[("provider", address.provider()), ("number", &number)])
}

/// Who did it.
pub(crate) fn who(who: Who) -> Key {
    match who {
        Who::Person => Key("history-by-you"),
        Who::Staff => Key("history-by-staff"),
        Who::System => Key("history-by-system"),
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

/// `ending 042`: what stands where a number would. Of an email address the hint itself.
pub(crate) fn masked(t: &Translator, ending: &str) -> String {
    if ending.is_empty() {
        t.say("account-hidden")
    } else if ending.contains('@') {
        ending.to_owned()
    } else {
        t.say1("account-ending", "ending", ending)
    }
}

/// An account as lines of a page. `hide`: with the end of its number only.
pub(crate) fn facts(t: &Translator, address: &FinancialAddress, hide: bool) -> Facts {
    let number = |full: &str| if hide { masked(t, &address.ending()) } else { full.to_owned() };
    let (name, owner) = labels(address.kind());
    let provider = (t.say(&name), address.provider().to_owned());
    match address {
        FinancialAddress::Bank(bank) => {
            let mut facts = vec![provider];
            if !bank.branch_name.is_empty() {
                facts.push((t.say("account-branch"), bank.branch_name.clone()));
            }
            if !hide && !bank.branch_code.is_empty() {
                facts.push((t.say("account-branch-code"), bank.branch_code.clone()));
            }
            facts.push((t.say(&owner), number(bank.account_number.expose())));
            facts
        }
        FinancialAddress::Wallet(wallet) => vec![provider, (t.say(&owner), number(wallet.phone.expose()))],
        FinancialAddress::Email(wallet) => vec![provider, (t.say(&owner), number(wallet.email.expose()))],
    }
}

/// An account as it is noted with a change.
pub(crate) fn facts_of(t: &Translator, kind: &str, provider: String, ending: &str) -> Facts {
    if provider.is_empty() {
        return Vec::new();
    }
    let (name, owner) = labels(kind);
    vec![(t.say(&name), provider), (t.say(&owner), masked(t, ending))]
}

/// Names of provider and owner of a kind of account.
fn labels(kind: &str) -> (Key, Key) {
    match kind {
        "wallet" => (Key("account-wallet"), Key("account-phone")),
        "email" => (Key("account-email-wallet"), Key("account-email")),
        _ => (Key("account-bank"), Key("account-number")),
    }
}
