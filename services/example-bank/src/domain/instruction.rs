//! Payment orders as callers send them, and what the bank makes of them.

use money::{Amount, Currency, DecimalText};
use serde::Deserialize;
use time::{Date, macros::format_description};
use utoipa::ToSchema;

use super::payment::reason;
use crate::Config;

/// Largest amount in minor units: what fits into the 15 characters of a statement line.
const MAX_MINOR: i64 = 99_999_999_999_999;
/// Longest narrative that is kept; a statement shows 65 characters of it.
const MAX_NARRATIVE: usize = 140;

/// One payment of `/initiate_payment`. Bank payees need `beneficiary_account`, wallet payees a provider with a phone
/// number or an e-mail address. Fields that are not named here are ignored. No `Debug`: it is about a person.
#[derive(Clone, Deserialize, ToSchema)]
pub struct Instruction {
    /// The caller's key, 1 to 16 of `0-9 A-Z a-z -`: the bank pays it once.
    pub payment_reference_number: String,
    /// The sponsor's account.
    pub remitting_account: String,
    /// Its currency.
    pub remitting_account_currency: String,
    /// Exact decimal, as a JSON number or a string.
    pub payment_amount: DecimalText,
    /// The block that pays.
    pub funds_blocked_reference_number: String,
    /// Not stored.
    pub beneficiary_name: Option<String>,
    /// Account number of the payee.
    pub beneficiary_account: Option<String>,
    /// When given, it must be the payment's.
    pub beneficiary_account_currency: Option<String>,
    /// Not used.
    pub beneficiary_account_type: Option<String>,
    /// The payee's bank; this one when absent.
    pub beneficiary_bank_code: Option<String>,
    /// Not used.
    pub beneficiary_branch_code: Option<String>,
    /// Who runs the wallet of `beneficiary_phone_no`.
    pub beneficiary_mobile_wallet_provider: Option<String>,
    /// Phone number of a wallet.
    pub beneficiary_phone_no: Option<String>,
    /// E-mail address of a wallet.
    pub beneficiary_email: Option<String>,
    /// Who runs the wallet of `beneficiary_email`.
    pub beneficiary_email_wallet_provider: Option<String>,
    /// Shown on the statement, in this order.
    pub narrative_1: Option<String>,
    /// As `narrative_1`.
    pub narrative_2: Option<String>,
    /// As `narrative_1`.
    pub narrative_3: Option<String>,
    /// As `narrative_1`.
    pub narrative_4: Option<String>,
    /// As `narrative_1`.
    pub narrative_5: Option<String>,
    /// As `narrative_1`.
    pub narrative_6: Option<String>,
    /// `YYYY-MM-DD`; a time after it is ignored.
    pub payment_date: String,
}

/// How a payee is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PayeeKind {
    /// A bank account.
    Account,
    /// A wallet.
    Wallet,
}

impl PayeeKind {
    /// The word in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Account => "account",
            Self::Wallet => "wallet",
        }
    }
}

/// A sound order. No `Debug`: it is about a person.
#[derive(Clone, PartialEq, Eq)]
pub struct Order {
    /// The caller's key.
    pub key: String,
    /// The sponsor's account.
    pub account: String,
    /// What is paid.
    pub amount: Amount,
    /// The block that pays.
    pub block: String,
    /// How the payee is reached.
    pub payee_kind: PayeeKind,
    /// Account number, phone number or e-mail address.
    pub payee_id: String,
    /// Code of the bank (empty: this one), or who runs the wallet.
    pub payee_at: String,
    /// The account in the bank's books that gets the money.
    pub credit_account: String,
    /// Up to six lines, without empty ones at the end.
    pub narratives: String,
    /// The day asked for.
    pub payment_date: Date,
}

impl Instruction {
    /// Checks the form and finds the account to credit.
    ///
    /// # Errors
    /// One of the words of [`reason`].
    pub fn to_order(&self, config: &Config) -> Result<Order, &'static str> {
        let key = self.payment_reference_number.as_str();
        if !is_reference(key) {
            return Err(reason::INVALID_REFERENCE);
        }
        let currency =
            Currency::from_code(&self.remitting_account_currency).map_err(|_| reason::INVALID_CURRENCY)?;
        if given(&self.beneficiary_account_currency).is_some_and(|code| code != currency.code()) {
            return Err(reason::INVALID_CURRENCY);
        }
        let amount = self.payment_amount.to_amount(currency).map_err(|_| reason::INVALID_AMOUNT)?;
        if !(1..=MAX_MINOR).contains(&amount.minor()) {
            return Err(reason::INVALID_AMOUNT);
        }
        let (payee_kind, payee_id, payee_at) = self.payee().ok_or(reason::INVALID_PAYEE)?;
        let credit_account = match payee_kind {
            PayeeKind::Account if config.is_own_bank(&payee_at) => payee_id.clone(),
            PayeeKind::Account => format!("clearing:{payee_at}:{currency}"),
            PayeeKind::Wallet => format!("wallet:{payee_at}:{currency}"),
        };
        Ok(Order {
            key: key.to_owned(),
            account: self.remitting_account.clone(),
            amount,
            block: self.funds_blocked_reference_number.clone(),
            payee_kind,
            payee_id,
            payee_at,
            credit_account,
            narratives: self.narratives(),
            payment_date: day(&self.payment_date).ok_or(reason::INVALID_PAYMENT_DATE)?,
        })
    }

    fn payee(&self) -> Option<(PayeeKind, String, String)> {
        if let Some(number) = given(&self.beneficiary_account) {
            let bank = match given(&self.beneficiary_bank_code) {
                Some(code) => code_of(code)?,
                None => String::new(),
            };
            return is_customer_account(number).then(|| (PayeeKind::Account, number.to_owned(), bank));
        }
        let wallets = [
            (&self.beneficiary_phone_no, &self.beneficiary_mobile_wallet_provider),
            (&self.beneficiary_email, &self.beneficiary_email_wallet_provider),
        ];
        wallets.into_iter().find_map(|(id, provider)| {
            let id = given(id).filter(|id| id.len() <= 254 && !id.chars().any(char::is_control))?;
            Some((PayeeKind::Wallet, id.to_owned(), code_of(given(provider)?)?))
        })
    }

    fn narratives(&self) -> String {
        let lines = [
            &self.narrative_1,
            &self.narrative_2,
            &self.narrative_3,
            &self.narrative_4,
            &self.narrative_5,
            &self.narrative_6,
        ];
        let lines = lines.map(|line| {
            let line = line.as_deref().unwrap_or_default();
            line.chars()
                .map(|c| if c.is_control() { ' ' } else { c })
                .take(MAX_NARRATIVE)
                .collect::<String>()
                .trim()
                .to_owned()
        });
        lines.join("\n").trim_end_matches('\n').to_owned()
    }
}

impl Order {
    /// Whether an order under the same key is the same payment: same account, amount, currency and payee. Narratives,
    /// dates and the block may differ.
    #[must_use]
    pub fn is_same_payment(&self, other: &Self) -> bool {
        self.account == other.account
            && self.amount == other.amount
            && self.payee_kind == other.payee_kind
            && self.payee_id == other.payee_id
            && self.payee_at == other.payee_at
    }
}

/// Whether the text can be the reference of a payment on a statement: 1 to 16 of `0-9 A-Z a-z _ -`.
#[must_use]
pub fn is_reference(text: &str) -> bool {
    (1..=16).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
}

/// Whether the text can be the number of a customer's account: 1 to 34 of `0-9 A-Z a-z -`.
#[must_use]
pub fn is_customer_account(text: &str) -> bool {
    (1..=34).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
}

fn given(text: &Option<String>) -> Option<&str> {
    text.as_deref().map(str::trim).filter(|text| !text.is_empty())
}

/// A bank's or provider's code as part of an account number: `Example Pay` becomes `EXAMPLE_PAY`.
fn code_of(text: &str) -> Option<String> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let code = words.collect::<Vec<_>>().join("_").to_ascii_uppercase();
    (1..=40).contains(&code.len()).then_some(code)
}

fn day(text: &str) -> Option<Date> {
    let start = text.trim().get(..10)?;
    Date::parse(start, format_description!("[year]-[month]-[day]")).ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::{Instruction, Order, PayeeKind, reason};
    use crate::Config;

    fn read(change: &Value) -> Result<Order, &'static str> {
        let mut order = json!({
            "payment_reference_number": "1795238390333809", "remitting_account": "SP-1",
            "remitting_account_currency": "KES", "payment_amount": "500.10",
            "funds_blocked_reference_number": "b", "beneficiary_name": null, "beneficiary_account": "0123456789",
            "beneficiary_account_currency": "KES", "beneficiary_account_type": null,
            "beneficiary_bank_code": "EXBK", "beneficiary_branch_code": null,
            "narrative_1": "Food", "narrative_2": "", "narrative_3": "c\n:61:x", "payment_date": "2026-01-01",
        });
        order.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        let text = order.to_string();
        platform::signed::parse_json::<Instruction>(text.as_bytes()).unwrap().to_order(&Config::default())
    }

    fn refused(change: &Value) -> &'static str {
        read(change).map(|_| ()).unwrap_err()
    }

    #[test]
    fn a_sound_order_is_exact_and_one_line_a_narrative() {
        let order = read(&json!({})).ok().unwrap();
        assert_eq!(order.amount.minor(), 50_010);
        assert_eq!(order.narratives, "Food\n\nc :61:x");
        assert_eq!((order.credit_account.as_str(), order.payee_at.as_str()), ("0123456789", "EXBK"));
    }

    #[test]
    fn the_payee_decides_which_account_gets_the_money() {
        let other = read(&json!({"beneficiary_bank_code": "ex post-1"})).ok().unwrap();
        assert_eq!(other.credit_account, "clearing:EX_POST_1:KES");
        let wallet = json!({
            "beneficiary_account": null, "beneficiary_account_currency": null,
            "beneficiary_mobile_wallet_provider": "Example Pay", "beneficiary_phone_no": "+254700000001",
        });
        let wallet = read(&wallet).ok().unwrap();
        assert_eq!(
            (wallet.payee_kind, wallet.credit_account.as_str()),
            (PayeeKind::Wallet, "wallet:EXAMPLE_PAY:KES")
        );
        let email = json!({
            "beneficiary_account": "", "beneficiary_email": "a@example.org", "beneficiary_email_wallet_provider": "EXP",
        });
        assert_eq!(read(&email).ok().unwrap().payee_id, "a@example.org");
    }

    #[test]
    fn each_fault_has_its_word() {
        for (change, word) in [
            (json!({"payment_reference_number": "12345678901234567"}), reason::INVALID_REFERENCE),
            (json!({"payment_reference_number": "a/b"}), reason::INVALID_REFERENCE),
            (json!({"payment_reference_number": ""}), reason::INVALID_REFERENCE),
            (json!({"payment_amount": "0"}), reason::INVALID_AMOUNT),
            (json!({"payment_amount": "-1"}), reason::INVALID_AMOUNT),
            (json!({"payment_amount": "1.001"}), reason::INVALID_AMOUNT),
            (json!({"payment_amount": "1e12"}), reason::INVALID_AMOUNT),
            (json!({"remitting_account_currency": "XXX"}), reason::INVALID_CURRENCY),
            (json!({"beneficiary_account_currency": "USD"}), reason::INVALID_CURRENCY),
            (json!({"beneficiary_account": "clearing:x"}), reason::INVALID_PAYEE),
            (json!({"beneficiary_account": null}), reason::INVALID_PAYEE),
            (json!({"beneficiary_bank_code": "???"}), reason::INVALID_PAYEE),
            (json!({"payment_date": "2026-02-30"}), reason::INVALID_PAYMENT_DATE),
            (json!({"payment_date": "tomorrow"}), reason::INVALID_PAYMENT_DATE),
        ] {
            assert_eq!(refused(&change), word, "{change}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic_or_reach_the_banks_own_accounts(
            account in "\\PC{0,40}", bank in "\\PC{0,40}", phone in "\\PC{0,40}", date in "\\PC{0,12}",
        ) {
            let order = read(&json!({
                "beneficiary_account": account, "beneficiary_bank_code": bank, "beneficiary_phone_no": phone,
                "beneficiary_mobile_wallet_provider": bank, "payment_date": date,
            }));
            if let Ok(order) = order {
                let own = order.credit_account == order.payee_id;
                prop_assert!(!own || !order.credit_account.contains(':'));
                prop_assert!(order.credit_account.len() <= 60);
            }
        }
    }
}
