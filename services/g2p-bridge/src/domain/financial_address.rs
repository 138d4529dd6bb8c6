//! Financial addresses as the mapper gives them: text that names an account.
//!
//! Two spellings are read: `key:value.key:value…fa_type:KIND` (the account mapper's strategies since 1.0) and
//! `account:NUMBER@branch.bank.KIND` (before that). A text that names no account is an error, never an empty account.

use std::fmt;

use platform::Masked;

/// The keys of the first spelling. A value ends where the next of these begins, so values may contain dots.
const KEYS: [&str; 14] = [
    "account_number",
    "account_type",
    "bank_name",
    "bank_code",
    "branch_name",
    "branch_code",
    "mobile_number",
    "mobile_wallet_provider",
    "email_address",
    "email_wallet_provider",
    "wallet_provider_name",
    "wallet_provider_code",
    "fa_type",
    "strategy_id",
];

/// Longest value of one part.
const MAX_PART: usize = 128;

/// What kind of account a payee has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// An account at a bank.
    BankAccount,
    /// A wallet behind a phone number.
    MobileWallet,
    /// A wallet behind an e-mail address.
    EmailWallet,
}

impl Kind {
    /// The text in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::BankAccount => "BANK_ACCOUNT",
            Self::MobileWallet => "MOBILE_WALLET",
            Self::EmailWallet => "EMAIL_WALLET",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        match text.to_ascii_uppercase().as_str() {
            "BANK_ACCOUNT" | "BANK" | "BANK_ACC" | "ACCOUNT" => Some(Self::BankAccount),
            "MOBILE_WALLET" | "MOBILE" | "PHONE_WALLET" => Some(Self::MobileWallet),
            "EMAIL_WALLET" | "EMAIL" => Some(Self::EmailWallet),
            _ => None,
        }
    }
}

/// An account that can be paid to. Its parts are personal data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Which of the parts below is the account.
    pub kind: Kind,
    /// Number at the bank.
    pub account_number: Option<Masked<String>>,
    /// Savings, current and so on.
    pub account_type: Option<String>,
    /// The bank.
    pub bank_code: Option<String>,
    /// The branch.
    pub branch_code: Option<String>,
    /// Phone number of the wallet.
    pub mobile_number: Option<Masked<String>>,
    /// E-mail address of the wallet.
    pub email_address: Option<Masked<String>>,
    /// Who runs the wallet.
    pub wallet_provider: Option<String>,
}

/// The text names no account. Does not repeat the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unreadable;

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the financial address names no account")
    }
}

impl Account {
    /// Reads a financial address.
    ///
    /// # Errors
    /// [`Unreadable`] when it names no account of a kind we know.
    pub fn parse(text: &str) -> Result<Self, Unreadable> {
        let text = text.trim();
        if let Some(rest) = text.strip_prefix("account:")
            && let Some((number, place)) = rest.split_once('@')
        {
            return Self::from_old(number, place);
        }
        let parts = split(text);
        let get = |key: &str| {
            parts
                .iter()
                .find(|(k, _)| *k == key)
                .map(|(_, v)| v.trim())
                .filter(|v| is_part(v))
                .map(str::to_owned)
        };
        let account_number = get("account_number");
        let mobile_number = get("mobile_number");
        let email_address = get("email_address");
        let kind = get("fa_type").as_deref().and_then(Kind::parse).or({
            // Without a kind we know, the only account given decides.
            match (&account_number, &mobile_number, &email_address) {
                (Some(_), None, None) => Some(Kind::BankAccount),
                (None, Some(_), None) => Some(Kind::MobileWallet),
                (None, None, Some(_)) => Some(Kind::EmailWallet),
                _ => None,
            }
        });
        let account = Self {
            kind: kind.ok_or(Unreadable)?,
            account_number: account_number.map(Masked::new),
            account_type: get("account_type"),
            bank_code: get("bank_code"),
            branch_code: get("branch_code"),
            mobile_number: mobile_number.map(Masked::new),
            email_address: email_address.map(Masked::new),
            wallet_provider: get("wallet_provider_code")
                .or_else(|| get("mobile_wallet_provider"))
                .or_else(|| get("email_wallet_provider"))
                .or_else(|| get("wallet_provider_name")),
        };
        account.complete()
    }

    fn from_old(number: &str, place: &str) -> Result<Self, Unreadable> {
        let mut places = place.split('.');
        let (branch, bank, kind) = (places.next(), places.next(), places.next());
        let known = kind.and_then(Kind::parse).unwrap_or(Kind::BankAccount);
        let number = is_part(number).then(|| Masked::new(number.to_owned())).ok_or(Unreadable)?;
        let part = |text: Option<&str>| text.filter(|t| is_part(t)).map(str::to_owned);
        let mut account = Self {
            kind: known,
            account_number: None,
            account_type: None,
            bank_code: part(bank),
            branch_code: part(branch),
            mobile_number: None,
            email_address: None,
            wallet_provider: None,
        };
        match known {
            Kind::BankAccount => account.account_number = Some(number),
            Kind::MobileWallet => account.mobile_number = Some(number),
            Kind::EmailWallet => account.email_address = Some(number),
        }
        account.complete()
    }

    fn complete(self) -> Result<Self, Unreadable> {
        let there = match self.kind {
            Kind::BankAccount => self.account_number.is_some(),
            Kind::MobileWallet => self.mobile_number.is_some(),
            Kind::EmailWallet => self.email_address.is_some(),
        };
        if there { Ok(self) } else { Err(Unreadable) }
    }
}

fn is_part(text: &str) -> bool {
    !text.is_empty() && text.len() <= MAX_PART && !text.chars().any(char::is_control)
}

/// Splits `key:value.key:value` at the known keys.
fn split(text: &str) -> Vec<(&'static str, &str)> {
    let mut starts: Vec<(usize, &'static str)> = Vec::new();
    let boundaries = std::iter::once(0).chain(text.match_indices('.').map(|(at, _)| at + 1));
    for at in boundaries {
        let Some(rest) = text.get(at..) else { continue };
        let key = KEYS.into_iter().find(|k| rest.strip_prefix(k).is_some_and(|r| r.starts_with(':')));
        if let Some(key) = key {
            starts.push((at, key));
        }
    }
    let ends = starts.iter().skip(1).map(|(at, _)| at.saturating_sub(1)).chain(std::iter::once(text.len()));
    starts
        .iter()
        .zip(ends)
        .filter_map(|((at, key), end)| text.get(at + key.len() + 1..end).map(|value| (*key, value)))
        .collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
    use proptest::prelude::*;

    use super::{Account, Kind, Unreadable};

    fn number(account: &Account) -> &str {
        account.account_number.as_ref().unwrap().expose()
    }

    #[test]
    fn the_strategies_of_the_mapper_are_read() {
        let bank = Account::parse(
            "account_number:0012345.branch_name:Main St. 1.branch_code:B1.bank_name:First.bank_code:FB.fa_type:BANK_ACCOUNT",
        )
        .unwrap();
        assert_eq!((bank.kind, number(&bank)), (Kind::BankAccount, "0012345"));
        assert_eq!((bank.bank_code.as_deref(), bank.branch_code.as_deref()), (Some("FB"), Some("B1")));

        let wallet =
            Account::parse("mobile_number:+254700000001.wallet_provider_name:M.wallet_provider_code:MP.fa_type:MOBILE_WALLET")
                .unwrap();
        assert_eq!(wallet.kind, Kind::MobileWallet);
        assert_eq!(wallet.wallet_provider.as_deref(), Some("MP"));

        let email =
            Account::parse("email_address:a.b@x.org.wallet_provider_code:P.fa_type:EMAIL_WALLET").unwrap();
        assert_eq!(email.email_address.unwrap().expose(), "a.b@x.org");
    }

    #[test]
    fn the_old_spelling_is_read() {
        let account = Account::parse("account:42@branch1.bank9.bank_acc").unwrap();
        assert_eq!((number(&account), account.bank_code.as_deref()), ("42", Some("bank9")));
    }

    #[test]
    fn empty_parts_are_absent_and_an_address_without_an_account_is_refused() {
        let text =
            "account_number:7.branch_code:.bank_code:X.mobile_number:.email_address:.fa_type:BANK_ACCOUNT";
        let account = Account::parse(text).unwrap();
        assert_eq!((account.mobile_number, account.branch_code), (None, None));
        for bad in [
            "",
            "x",
            "fa_type:BANK_ACCOUNT",
            "account_number:.fa_type:BANK_ACCOUNT",
            "account:@a.b.c",
            "account_number:1.fa_type:MOBILE_WALLET",
            "bank_1_2_3_savings",
        ] {
            assert_eq!(Account::parse(bad), Err(Unreadable), "{bad}");
        }
    }

    #[test]
    fn debug_shows_no_account() {
        let account = Account::parse("account_number:99887766.fa_type:BANK_ACCOUNT").unwrap();
        assert!(!format!("{account:?}").contains("99887766"));
    }

    proptest! {
        #[test]
        fn never_panics(text in "(account_number:|fa_type:|\\.|@|account:|é|[a-z0-9]){0,20}|\\PC*") {
            if let Ok(account) = Account::parse(&text) {
                let parts = [account.account_number, account.mobile_number, account.email_address];
                prop_assert!(parts.iter().flatten().all(|p| !p.expose().is_empty()));
            }
        }
    }
}
