//! Financial addresses as deployed mappers hold them.
//!
//! A bank account is `account_number:….branch_name:….branch_code:….bank_name:….bank_code:….fa_type:BANK_ACCOUNT`, a mobile
//! wallet `mobile_number:….wallet_provider_name:….wallet_provider_code:….fa_type:MOBILE_WALLET`, an email wallet the same
//! with `email_address:…` and `EMAIL_WALLET`. Values that people enter have no colon (see `entry`), so what is written is
//! read back as it was.

use platform::Masked;
use serde::{Deserialize, Serialize};

/// Where a person is paid.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum FinancialAddress {
    /// At a bank.
    Bank(BankAccount),
    /// On a phone.
    Wallet(MobileWallet),
    /// In a wallet that belongs to an email address.
    Email(EmailWallet),
}

/// An account at a bank.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BankAccount {
    /// Code of the bank.
    pub bank_code: String,
    /// Its name.
    pub bank_name: String,
    /// Code of the branch.
    pub branch_code: String,
    /// Its name.
    pub branch_name: String,
    /// Account number or IBAN.
    pub account_number: Masked<String>,
}

/// A wallet that belongs to a phone number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MobileWallet {
    /// Code of the provider.
    pub provider_code: String,
    /// Its name.
    pub provider_name: String,
    /// Number with `+` and country code.
    pub phone: Masked<String>,
}

/// A wallet that belongs to an email address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EmailWallet {
    /// Code of the provider.
    pub provider_code: String,
    /// Its name.
    pub provider_name: String,
    /// The address.
    pub email: Masked<String>,
}

const BANK_KEYS: [&str; 6] =
    ["account_number", "branch_name", "branch_code", "bank_name", "bank_code", "fa_type"];
const WALLET_KEYS: [&str; 4] = ["mobile_number", "wallet_provider_name", "wallet_provider_code", "fa_type"];
const EMAIL_KEYS: [&str; 4] = ["email_address", "wallet_provider_name", "wallet_provider_code", "fa_type"];

impl FinancialAddress {
    /// The text that the mapper stores.
    #[must_use]
    pub fn construct(&self) -> String {
        match self {
            Self::Bank(a) => construct(
                BANK_KEYS,
                [
                    a.account_number.expose(),
                    &a.branch_name,
                    &a.branch_code,
                    &a.bank_name,
                    &a.bank_code,
                    "BANK_ACCOUNT",
                ],
            ),
            Self::Wallet(w) => construct(
                WALLET_KEYS,
                [w.phone.expose(), &w.provider_name, &w.provider_code, "MOBILE_WALLET"],
            ),
            Self::Email(w) => {
                construct(EMAIL_KEYS, [w.email.expose(), &w.provider_name, &w.provider_code, "EMAIL_WALLET"])
            }
        }
    }

    /// Reads what the mapper stores. `None` for addresses of other kinds.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if let Some([number, branch_name, branch_code, bank_name, bank_code, _]) =
            deconstruct(text, BANK_KEYS)
        {
            return Some(Self::Bank(BankAccount {
                bank_code: bank_code.to_owned(),
                bank_name: bank_name.to_owned(),
                branch_code: branch_code.to_owned(),
                branch_name: branch_name.to_owned(),
                account_number: Masked::new(number.to_owned()),
            }));
        }
        if let Some([phone, provider_name, provider_code, _]) = deconstruct(text, WALLET_KEYS) {
            return Some(Self::Wallet(MobileWallet {
                provider_code: provider_code.to_owned(),
                provider_name: provider_name.to_owned(),
                phone: Masked::new(phone.to_owned()),
            }));
        }
        let [email, provider_name, provider_code, _] = deconstruct(text, EMAIL_KEYS)?;
        Some(Self::Email(EmailWallet {
            provider_code: provider_code.to_owned(),
            provider_name: provider_name.to_owned(),
            email: Masked::new(email.to_owned()),
        }))
    }

    /// `bank`, `wallet` or `email`, as stored with a change.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Bank(_) => "bank",
            Self::Wallet(_) => "wallet",
            Self::Email(_) => "email",
        }
    }

    /// Name of the bank or wallet.
    #[must_use]
    pub fn provider(&self) -> &str {
        match self {
            Self::Bank(a) => &a.bank_name,
            Self::Wallet(w) => &w.provider_name,
            Self::Email(w) => &w.provider_name,
        }
    }

    /// All that pages show of the number: its last three characters. Of an email address, whose end says nothing, its
    /// first letter and what stands after the `@`.
    #[must_use]
    pub fn ending(&self) -> String {
        match self {
            Self::Bank(a) => ending(a.account_number.expose()),
            Self::Wallet(w) => ending(w.phone.expose()),
            Self::Email(w) => email_hint(w.email.expose()),
        }
    }
}

/// The last three characters; nothing of a number so short that they would be half of it.
#[must_use]
pub fn ending(number: &str) -> String {
    let count = number.chars().count();
    if count < 6 { String::new() } else { number.chars().skip(count - 3).collect() }
}

/// `a…@example.org`.
fn email_hint(email: &str) -> String {
    match (email.chars().next(), email.split_once('@')) {
        (Some(first), Some((_, domain))) => format!("{first}…@{domain}"),
        _ => String::new(),
    }
}

fn construct<const N: usize>(keys: [&str; N], values: [&str; N]) -> String {
    let parts: Vec<String> = keys.iter().zip(values).map(|(key, value)| format!("{key}:{value}")).collect();
    parts.join(".")
}

/// Values of the keys in their order. Of a key that stands more than once the last counts, as in deployed mappers, whose
/// patterns are greedy.
fn deconstruct<'a, const N: usize>(text: &'a str, keys: [&str; N]) -> Option<[&'a str; N]> {
    let mut values = [""; N];
    let mut rest = text;
    for (at, key) in keys.iter().enumerate().rev() {
        let mark = if at == 0 { format!("{key}:") } else { format!(".{key}:") };
        let start = if at == 0 { rest.starts_with(&mark).then_some(0) } else { rest.rfind(&mark) }?;
        let (before, value) = rest.split_at_checked(start)?;
        *values.get_mut(at)? = value.strip_prefix(&mark)?;
        rest = before;
    }
    Some(values)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use platform::Masked;
    use proptest::prelude::*;

    use super::{BankAccount, EmailWallet, FinancialAddress, MobileWallet, ending};

    const BANK: &str = "account_number:0000123042.branch_name:Branch 7.branch_code:EXBK0007.bank_name:Example Bank.\
                        bank_code:EXBK.fa_type:BANK_ACCOUNT";
    const WALLET: &str = "mobile_number:+254712345678.wallet_provider_name:Example Pay.wallet_provider_code:EXPAY.\
                          fa_type:MOBILE_WALLET";
    const EMAIL: &str = "email_address:amina123@mail.example.wallet_provider_name:Example Mail Money.\
                         wallet_provider_code:EXMAIL.fa_type:EMAIL_WALLET";

    #[test]
    fn addresses_of_deployed_mappers_are_read_and_written_byte_by_byte() {
        for (text, kind, provider, tail) in [
            (BANK, "bank", "Example Bank", "042"),
            (WALLET, "wallet", "Example Pay", "678"),
            (EMAIL, "email", "Example Mail Money", "a…@mail.example"),
        ] {
            let address = FinancialAddress::parse(text).unwrap();
            assert_eq!(address.construct(), text);
            assert_eq!(
                (address.kind(), address.provider(), address.ending().as_str()),
                (kind, provider, tail)
            );
            assert!(!format!("{address:?}").contains("123"), "{address:?}");
        }
    }

    #[test]
    fn other_kinds_are_not_guessed_at() {
        for text in [
            "",
            "account:1@b.k.bank_acc",
            "email:a@b.c",
            "account_number:1.bank_code:x",
            "fa_type:BANK_ACCOUNT",
        ] {
            assert!(FinancialAddress::parse(text).is_none(), "{text}");
        }
    }

    #[test]
    fn of_a_short_number_nothing_is_shown() {
        assert_eq!(["0000123042", "123456", "12345", ""].map(ending), ["042", "456", "", ""]);
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(
            number in "[0-9A-Z]{6,34}", name in "[\\p{L}\\p{N} .,'&-]{1,60}", code in "[0-9A-Za-z.-]{1,20}",
            phone in "\\+[0-9]{8,15}", email in "[a-z.!%+]{1,20}@[a-z.-]{1,20}",
        ) {
            let bank = FinancialAddress::Bank(BankAccount {
                bank_code: code.clone(),
                bank_name: name.clone(),
                branch_code: code.clone(),
                branch_name: name.clone(),
                account_number: Masked::new(number),
            });
            prop_assert_eq!(FinancialAddress::parse(&bank.construct()), Some(bank));
            let wallet =
                FinancialAddress::Wallet(MobileWallet { provider_code: code.clone(), provider_name: name.clone(), phone: Masked::new(phone) });
            prop_assert_eq!(FinancialAddress::parse(&wallet.construct()), Some(wallet));
            let wallet =
                FinancialAddress::Email(EmailWallet { provider_code: code, provider_name: name, email: Masked::new(email) });
            prop_assert_eq!(FinancialAddress::parse(&wallet.construct()), Some(wallet));
        }

        #[test]
        fn any_text_is_read_without_panic(text in ".*", keys in "(account_number:|\\.branch_name:|\\.fa_type:|é|\\.)*") {
            let _ = FinancialAddress::parse(&text);
            let _ = FinancialAddress::parse(&keys);
        }
    }
}
