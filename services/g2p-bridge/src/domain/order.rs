//! Payments as the G2P-Connect disburse API asks for them: what one item must say, and who pays.

use std::{borrow::Cow, fmt};

use g2p_connect::{disburse::core::DisburseItem, reason::DisburseReason};
use money::DecimalText;
use serde::Deserialize;
use serde_json::Value;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use super::{ids, text};

/// Longest reference or address, in bytes: they stand in indexes.
pub const MAX_TEXT: usize = 255;

/// Why an item is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Why {
    /// The specification's code.
    pub code: DisburseReason,
    /// What was wrong, without the wrong value.
    pub text: Cow<'static, str>,
}

impl Why {
    /// A reason with its sentence.
    pub fn new(code: DisburseReason, text: impl Into<Cow<'static, str>>) -> Self {
        Self { code, text: text.into() }
    }
}

/// Whose money a payment is.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Payer {
    /// The programme's mnemonic or the account, in lower case.
    pub name: String,
    /// The sponsor bank, in lower case with `-` for `_`.
    pub bank: String,
    /// Whether `name` is an account.
    pub by_account: bool,
}

impl Payer {
    /// Reads `account:NUMBER@BANK`, `program:MNEMONIC@BANK` or `MNEMONIC@BANK`, in either case.
    #[must_use]
    pub fn parse(address: &str) -> Option<Self> {
        let (name, bank) = address.trim().rsplit_once('@')?;
        let (kind, name) = name.split_once(':').unwrap_or(("program", name));
        let by_account = match kind.to_lowercase().as_str() {
            "account" => true,
            "program" => false,
            _ => return None,
        };
        let (name, bank) = (name.trim().to_lowercase(), bank_key(bank));
        (!name.is_empty() && !bank.is_empty()).then_some(Self { name, bank, by_account })
    }
}

/// A bank's code as addresses write it: the specification's form has no underscore.
#[must_use]
pub fn bank_key(code: &str) -> String {
    code.trim().to_lowercase().replace('_', "-")
}

/// A payment that is asked for. Holds personal data, so its `Debug` shows the reference only.
#[derive(Clone, PartialEq)]
pub struct Order {
    /// The sender's id of it.
    pub reference_id: String,
    /// Whose money.
    pub payer: Payer,
    /// To whom: an id for the mapper, or an address of an account.
    pub payee_fa: String,
    /// The payee's name.
    pub payee_name: Option<String>,
    /// How much, above zero.
    pub amount: DecimalText,
    /// ISO 4217; the programme's when absent.
    pub currency: Option<String>,
    /// When; at once when absent.
    pub scheduled: Option<OffsetDateTime>,
    /// What the payee reads.
    pub narrative: Option<String>,
}

impl fmt::Debug for Order {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Order").field("reference_id", &self.reference_id).finish_non_exhaustive()
    }
}

/// What is kept of an item whether it is taken or not. Holds addresses, so it has no `Debug`.
#[derive(Clone, Default, PartialEq)]
pub struct Label {
    /// The sender's id of it; empty when it has none.
    pub reference_id: String,
    /// The payer's address, in lower case.
    pub payer_fa: String,
    /// The payee's address, in lower case.
    pub payee_fa: String,
    /// Follows from all that the item says of the payment.
    pub content_key: String,
}

/// Reads an item. What is wrong with it harms no other one.
///
/// `lenient`: amounts without a point, and addresses that are no `name@provider`, are taken.
pub fn read(item: &Value, lenient: bool) -> (Label, Result<Order, Why>) {
    let text = |name: &str| item.get(name).and_then(Value::as_str).unwrap_or_default();
    let mut label = Label {
        reference_id: text("reference_id").to_owned(),
        payer_fa: text("payer_fa").trim().to_lowercase(),
        payee_fa: text("payee_fa").trim().to_lowercase(),
        content_key: String::new(),
    };
    if !is_name(&label.reference_id) {
        let why =
            Why::new(DisburseReason::ReferenceIdInvalid, "reference_id must be a text of 1 to 255 bytes");
        return (Label { reference_id: String::new(), ..label }, Err(why));
    }
    let order = typed(item).and_then(|typed| order(&typed, lenient));
    match &order {
        Ok(order) => label.content_key = content_key(&label, order),
        // What is too long to be an address is not kept as one.
        Err(_) => {
            for address in [&mut label.payer_fa, &mut label.payee_fa] {
                if !is_name(address) {
                    address.clear();
                }
            }
        }
    }
    (label, order)
}

fn is_name(text: &str) -> bool {
    !text.trim().is_empty() && text.len() <= MAX_TEXT && !text.chars().any(char::is_control)
}

/// The item with its types; the code of the first member that is none of the right type.
fn typed(item: &Value) -> Result<DisburseItem, Why> {
    const MEMBERS: [(&str, DisburseReason, bool); 11] = [
        ("payer_fa", DisburseReason::PayerFaInvalid, true),
        ("payee_fa", DisburseReason::PayeeFaInvalid, true),
        ("amount", DisburseReason::AmountInvalid, true),
        ("scheduled_timestamp", DisburseReason::ScheduleTsInvalid, false),
        ("currency_code", DisburseReason::CurrencyCodeInvalid, false),
        ("payer_name", DisburseReason::PayerFaInvalid, false),
        ("payee_name", DisburseReason::PayeeFaInvalid, false),
        // The table has no code for these.
        ("note", DisburseReason::ReferenceIdInvalid, false),
        ("purpose", DisburseReason::ReferenceIdInvalid, false),
        ("instruction", DisburseReason::ReferenceIdInvalid, false),
        ("locale", DisburseReason::ReferenceIdInvalid, false),
    ];
    for (name, code, required) in MEMBERS {
        match item.get(name) {
            Some(Value::String(_)) => {}
            None | Some(Value::Null) if !required => {}
            None | Some(Value::Null) => return Err(Why::new(code, format!("{name} is missing"))),
            Some(_) => return Err(Why::new(code, format!("{name} must be a text"))),
        }
    }
    let shape =
        |_| Why::new(DisburseReason::ReferenceIdInvalid, "the item is not of the specification's shape");
    DisburseItem::deserialize(item).map_err(shape)
}

fn order(item: &DisburseItem, lenient: bool) -> Result<Order, Why> {
    let wrong = |code, text: &'static str| Err(Why::new(code, text));
    let Some(payer) = Payer::parse(&item.payer_fa).filter(|_| is_name(&item.payer_fa)) else {
        let text = "payer_fa must be account:NUMBER@BANK or program:MNEMONIC@BANK";
        return wrong(DisburseReason::PayerFaInvalid, text);
    };
    let payee_fa = item.payee_fa.trim();
    if !is_name(payee_fa) || !(lenient || is_address(payee_fa)) {
        return wrong(DisburseReason::PayeeFaInvalid, "payee_fa must be name@provider, at most 255 bytes");
    }
    let amount = amount(item, lenient)?;
    let currency = item.currency_code.as_deref().map(str::trim).filter(|code| !code.is_empty());
    if currency.is_some_and(|code| money::Currency::from_code(code).is_err()) {
        return wrong(DisburseReason::CurrencyCodeInvalid, "currency_code is no code of ISO 4217");
    }
    let scheduled = match item.scheduled_timestamp.as_deref().map(str::trim) {
        None | Some("") => None,
        Some(at) => match OffsetDateTime::parse(at, &Rfc3339) {
            Ok(at) => Some(at.to_offset(time::UtcOffset::UTC)),
            Err(_) => {
                let text = "scheduled_timestamp must be RFC 3339 with a zone";
                return wrong(DisburseReason::ScheduleTsInvalid, text);
            }
        },
    };
    let payee_name = item.payee_name.as_deref().map(str::trim).filter(|name| is_name(name));
    Ok(Order {
        reference_id: item.reference_id.clone(),
        payer,
        payee_fa: payee_fa.to_owned(),
        payee_name: payee_name.map(str::to_owned),
        amount,
        currency: currency.map(str::to_owned),
        scheduled,
        narrative: [&item.note, &item.purpose].into_iter().flatten().find_map(|t| narrative(t)),
    })
}

/// `name@provider`, or the mapper's `key:value` form of an address.
fn is_address(text: &str) -> bool {
    let named =
        text.rsplit_once('@').is_some_and(|(name, provider)| !name.is_empty() && !provider.is_empty());
    (named || super::financial_address::Account::parse(text).is_ok()) && !text.contains(char::is_whitespace)
}

/// As the specification writes amounts; else, where that is allowed, any plain decimal.
fn amount(item: &DisburseItem, lenient: bool) -> Result<DecimalText, Why> {
    let refused = || {
        let text = "amount must be a text above zero of at most 13 digits, a point and 1 or 2 digits";
        Why::new(DisburseReason::AmountInvalid, text)
    };
    let plain = item.amount.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    match item.amount() {
        Ok(amount) => Ok(amount),
        Err(_) if lenient && plain => {
            let amount: DecimalText = item.amount.parse().map_err(|_| refused())?;
            if amount.is_zero() { Err(refused()) } else { Ok(amount) }
        }
        Err(_) => Err(refused()),
    }
}

/// What a payee reads; none when nothing readable is left.
fn narrative(said: &str) -> Option<String> {
    Some(text::narrative(said)).filter(|line| !line.is_empty())
}

fn content_key(label: &Label, order: &Order) -> String {
    let amount = order.amount.as_str();
    let amount =
        if amount.contains('.') { amount.trim_end_matches('0').trim_end_matches('.') } else { amount };
    let at = order.scheduled.map(|at| at.unix_timestamp_nanos().to_string()).unwrap_or_default();
    let currency = order.currency.as_deref().unwrap_or_default();
    let narrative = order.narrative.as_deref().unwrap_or_default();
    ids::derived("order", &[&label.payer_fa, &label.payee_fa, amount, currency, &at, narrative])
}

/// The code of a payment that will not be paid, where the specification has one.
#[must_use]
pub fn code_of(reason: &str) -> Option<&'static str> {
    use super::reason as words;
    let payee = [
        words::NO_FINANCIAL_ADDRESS,
        words::UNREADABLE_FINANCIAL_ADDRESS,
        words::INVALID_BENEFICIARY_ID,
        "ACCOUNT_CLOSED",
        "ACCOUNT_NOT_FOUND",
        "ACCOUNT_FROZEN",
        "ACCOUNT_DORMANT",
        "ACCOUNT_DECEASED",
        "AC01",
        "AC03",
        "AC04",
        "AC06",
    ];
    let word = reason.strip_prefix(words::BANK_REJECTED).map_or(reason, |rest| rest.trim_start_matches(':'));
    payee.contains(&word).then(|| DisburseReason::PayeeFaInvalid.as_str())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
    use g2p_connect::reason::DisburseReason;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::{Payer, code_of, read};

    fn item(change: &Value) -> Value {
        let mut item = json!({"reference_id": "R1", "payer_fa": "account:12345@national-bank",
            "payee_fa": "token:12345@national-id", "amount": "1000.00"});
        item.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        item
    }

    fn code(change: &Value, lenient: bool) -> Option<DisburseReason> {
        read(&item(change), lenient).1.err().map(|why| why.code)
    }

    #[test]
    fn each_member_has_its_code() {
        use DisburseReason as R;
        for (change, wanted) in [
            (json!({}), None),
            (json!({"reference_id": ""}), Some(R::ReferenceIdInvalid)),
            (json!({"reference_id": 7}), Some(R::ReferenceIdInvalid)),
            (json!({"payer_fa": "nobody"}), Some(R::PayerFaInvalid)),
            (json!({"payer_fa": "mobile:1@x"}), Some(R::PayerFaInvalid)),
            (json!({"payee_fa": null}), Some(R::PayeeFaInvalid)),
            (json!({"payee_fa": "nowhere"}), Some(R::PayeeFaInvalid)),
            (json!({"amount": "100"}), Some(R::AmountInvalid)),
            (json!({"amount": 100.5}), Some(R::AmountInvalid)),
            (json!({"amount": "1.005"}), Some(R::AmountInvalid)),
            (json!({"amount": "-1.00"}), Some(R::AmountInvalid)),
            (json!({"amount": "0.00"}), Some(R::AmountInvalid)),
            (json!({"amount": "NaN"}), Some(R::AmountInvalid)),
            (json!({"amount": "12345678901234.00"}), Some(R::AmountInvalid)),
            (json!({"scheduled_timestamp": "tomorrow"}), Some(R::ScheduleTsInvalid)),
            (json!({"scheduled_timestamp": "2026-01-01T00:00:00"}), Some(R::ScheduleTsInvalid)),
            (json!({"currency_code": "XXQ"}), Some(R::CurrencyCodeInvalid)),
        ] {
            assert_eq!(code(&change, false), wanted, "{change}");
        }
        assert!(read(&json!("R1"), true).1.is_err());
    }

    #[test]
    fn partners_that_are_not_strict_may_leave_the_point_out_but_write_no_exponent() {
        assert_eq!(code(&json!({"amount": "100"}), true), None);
        assert_eq!(code(&json!({"amount": "1.005"}), true), None, "the currency decides");
        assert_eq!(code(&json!({"payee_fa": "payee-1"}), true), None);
        for amount in ["1e3", "0", "", ".", "+1", " 1"] {
            assert_eq!(
                code(&json!({"amount": amount}), true),
                Some(DisburseReason::AmountInvalid),
                "{amount}"
            );
        }
    }

    #[test]
    fn the_same_content_has_the_same_key_and_any_other_has_another() {
        let key = |change: &Value| read(&item(change), false).0.content_key;
        let plain = key(&json!({}));
        assert_eq!(
            plain,
            key(&json!({"amount": "1000.0", "payee_fa": "TOKEN:12345@national-id", "payer_name": "x"}))
        );
        for other in [
            json!({"amount": "100.00"}),
            json!({"payee_fa": "token:12346@national-id"}),
            json!({"payer_fa": "account:12346@national-bank"}),
            json!({"currency_code": "USD"}),
            json!({"note": "other"}),
            json!({"scheduled_timestamp": "2026-01-01T00:00:00Z"}),
        ] {
            assert_ne!(plain, key(&other), "{other}");
        }
    }

    #[test]
    fn a_payer_is_an_account_or_a_programme_in_either_case() {
        let payer = Payer::parse("ACCOUNT:12-A@Example_Bank").unwrap();
        assert_eq!(
            (payer.name.as_str(), payer.bank.as_str(), payer.by_account),
            ("12-a", "example-bank", true)
        );
        assert!(!Payer::parse("program:FOOD@example-bank").unwrap().by_account);
        assert!(!Payer::parse("food@example-bank").unwrap().by_account);
        assert!(Payer::parse("account:@x").is_none() && Payer::parse("food@").is_none());
    }

    #[test]
    fn only_what_is_about_the_payee_has_a_code() {
        assert_eq!(code_of("NO_FINANCIAL_ADDRESS"), Some("rjct.payee_fa.invalid"));
        assert_eq!(code_of("BANK_REJECTED:ACCOUNT_CLOSED"), Some("rjct.payee_fa.invalid"));
        assert_eq!((code_of("EXPIRED"), code_of("BANK_REJECTED")), (None, None));
    }

    proptest! {
        #[test]
        fn whatever_stands_in_an_item_it_is_read_or_refused(
            texts in proptest::collection::vec("\\PC{0,12}", 4), lenient: bool
        ) {
            let given = json!({"reference_id": texts[0], "payer_fa": texts[1], "payee_fa": texts[2], "amount": texts[3]});
            let (label, order) = read(&given, lenient);
            prop_assert_eq!(order.is_ok(), !label.content_key.is_empty());
        }

        #[test]
        fn an_amount_of_the_specification_is_kept_to_the_last_digit(whole in 1_u64..9_999_999_999_999, cents in 0_u8..100) {
            let text = format!("{whole}.{cents:02}");
            let order = read(&item(&json!({"amount": text})), false).1.unwrap();
            prop_assert_eq!(order.amount.as_str(), text.as_str());
        }
    }
}
