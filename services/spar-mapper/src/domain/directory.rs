//! What the DFSP directory says of an address: whether the bank, the branch or the wallet is there, and whether the
//! account can be one of theirs.

use std::collections::HashMap;

use regex::{Regex, RegexBuilder};

use super::{Fields, check_iban};

/// The three kinds of entries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EntryKind {
    /// Banks.
    Bank,
    /// Branches of banks.
    Branch,
    /// Providers of wallets.
    Wallet,
}

impl EntryKind {
    /// As it stands in addresses of the API.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "banks" => Some(Self::Bank),
            "branches" => Some(Self::Branch),
            "wallet-providers" => Some(Self::Wallet),
            _ => None,
        }
    }
}

/// What a wallet belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum WalletType {
    /// A phone number.
    Mobile,
    /// An email address.
    Email,
}

impl WalletType {
    /// As clients and tables write it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Mobile => "MOBILE_WALLET",
            Self::Email => "EMAIL_WALLET",
        }
    }

    /// The type of this name.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Mobile, Self::Email].into_iter().find(|kind| kind.as_str() == text)
    }
}

/// Longest pattern, in bytes.
pub const MAX_PATTERN: usize = 500;

/// A pattern that a whole value has to fit.
#[derive(Debug, Clone)]
pub struct Pattern(Regex);

impl Pattern {
    /// Reads one. It is held against the whole value, whether it says so (`^…$`) or not.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn new(text: &str) -> Result<Self, String> {
        if text.is_empty() || text.len() > MAX_PATTERN {
            return Err(format!("must have 1 to {MAX_PATTERN} bytes"));
        }
        // Each part by itself first: `)(` must not become right between our brackets.
        let build = |text: &str| RegexBuilder::new(text).size_limit(1 << 20).build();
        let wrong = |_| "is not a regular expression, or too large a one".to_owned();
        build(text).map_err(wrong)?;
        build(&format!(r"\A(?:{text})\z")).map(Self).map_err(wrong)
    }

    /// Whether a value fits.
    #[must_use]
    pub fn fits(&self, value: &str) -> bool {
        self.0.is_match(value)
    }
}

/// How a bank writes its account numbers.
#[derive(Debug, Clone)]
pub enum AccountRule {
    /// As the level of account numbers says.
    Any,
    /// IBANs.
    Iban,
    /// Like this; `None` when the stored pattern cannot be read: then nothing fits.
    Pattern(Option<Pattern>),
}

/// What is known of a bank.
#[derive(Debug, Clone)]
pub struct BankFacts {
    /// Whether it takes payments.
    pub active: bool,
    /// ISO 3166, two letters; empty when nobody said.
    pub country: String,
    /// Its account numbers.
    pub accounts: AccountRule,
    /// Whether the directory has branches of it that take payments.
    pub has_branches: bool,
}

/// The part of a directory that the addresses of a batch need.
#[derive(Debug, Default)]
pub struct DirectoryFacts {
    /// Banks by code.
    pub banks: HashMap<String, BankFacts>,
    /// Whether a branch takes payments, by the codes of its bank and its own.
    pub branches: HashMap<(String, String), bool>,
    /// Whether a provider takes payments, by type and code.
    pub wallets: HashMap<(WalletType, String), bool>,
    /// What each level (`account`, `mobile_number`, `email_address`) lets people enter; `None` as in [`AccountRule`].
    pub levels: HashMap<String, Option<Pattern>>,
}

/// For which kinds of addresses a directory has an entry that takes payments.
#[derive(Debug, Clone, Copy)]
pub struct Coverage {
    /// Accounts at banks.
    pub banks: bool,
    /// Wallets that belong to a phone number.
    pub mobile: bool,
    /// Wallets that belong to an email address.
    pub email: bool,
}

impl Coverage {
    /// Every kind, whatever the directory has.
    pub const ALL: Self = Self { banks: true, mobile: true, email: true };

    /// Whether it has anything at all.
    #[must_use]
    pub const fn any(self) -> bool {
        self.banks || self.mobile || self.email
    }

    /// Whether it has anything for addresses with these parts.
    #[must_use]
    pub fn covers(self, fields: &Fields) -> bool {
        let codes = codes(fields);
        match (codes.bank, codes.wallet) {
            (None, None) => self.any(),
            (Some(_), None) => self.banks,
            (bank, Some(_)) => {
                let wallets = wallet_types(fields).iter().any(|kind| match kind {
                    WalletType::Mobile => self.mobile,
                    WalletType::Email => self.email,
                });
                wallets || (bank.is_some() && self.banks)
            }
        }
    }
}

/// What the wallet of an address may belong to.
fn wallet_types(fields: &Fields) -> &'static [WalletType] {
    match (fields.contains_key("mobile_number"), fields.contains_key("email_address")) {
        (true, _) => &[WalletType::Mobile],
        (false, true) => &[WalletType::Email],
        (false, false) => &[WalletType::Mobile, WalletType::Email],
    }
}

/// The codes of an address that are to be looked up.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Codes<'a> {
    /// Bank and branch.
    pub bank: Option<(&'a str, &'a str)>,
    /// Provider of a wallet.
    pub wallet: Option<&'a str>,
}

/// The codes among the parts of an address. A branch without its bank is looked up under the bank with the empty code,
/// which does not exist: what it belongs to cannot be said.
#[must_use]
pub fn codes(fields: &Fields) -> Codes<'_> {
    let get = |key: &str| fields.get(key).map(String::as_str);
    let (bank, branch) = (get("bank_code"), get("branch_code"));
    Codes {
        bank: (bank.is_some() || branch.is_some())
            .then(|| (bank.unwrap_or_default(), branch.unwrap_or_default())),
        wallet: get("wallet_provider_code"),
    }
}

impl DirectoryFacts {
    /// Checks the parts of an address. The reason names the part and never its value.
    ///
    /// # Errors
    /// Which part is wrong, and how.
    pub fn check(&self, fields: &Fields) -> Result<(), &'static str> {
        let get = |key: &str| fields.get(key).map(String::as_str);
        let codes = codes(fields);
        let mut accounts = (&AccountRule::Any, "");
        if let Some((code, branch)) = codes.bank {
            let bank = self.banks.get(code).ok_or("bank_code: the directory has no such bank")?;
            if !bank.active {
                return Err("bank_code: this bank is not active");
            }
            if let Some(given) = get("branch_code") {
                // A bank without branches in the directory has none to name.
                if !given.is_empty() || bank.has_branches {
                    self.check_branch(code, branch)?;
                }
            }
            accounts = (&bank.accounts, &bank.country);
        }
        if let Some(code) = codes.wallet {
            let known =
                wallet_types(fields).iter().filter_map(|kind| self.wallets.get(&(*kind, code.to_owned())));
            match known.max() {
                None => return Err("wallet_provider_code: the directory has no such provider of this kind"),
                Some(false) => return Err("wallet_provider_code: this provider is not active"),
                Some(true) => {}
            }
        }
        if let Some(number) = get("account_number") {
            match accounts {
                (AccountRule::Iban, country) => {
                    check_iban(number, country).map_err(super::IbanFault::text)?;
                }
                (AccountRule::Pattern(Some(pattern)), _) if pattern.fits(number) => {}
                (AccountRule::Any, _) if self.fits("account", number) => {}
                _ => return Err("account_number: not in the form that account numbers have here"),
            }
        }
        if get("mobile_number").is_some_and(|number| !self.fits("mobile_number", number)) {
            return Err("mobile_number: not in the form that mobile numbers have here");
        }
        if get("email_address").is_some_and(|email| !self.fits("email_address", email)) {
            return Err("email_address: not in the form that email addresses have here");
        }
        Ok(())
    }

    fn check_branch(&self, bank: &str, branch: &str) -> Result<(), &'static str> {
        match self.branches.get(&(bank.to_owned(), branch.to_owned())) {
            None => Err("branch_code: the bank has no such branch"),
            Some(false) => Err("branch_code: this branch is not active"),
            Some(true) => Ok(()),
        }
    }

    /// Whether a level lets this be entered; a level without a pattern lets anything.
    fn fits(&self, level: &str, value: &str) -> bool {
        match self.levels.get(level) {
            None => true,
            Some(pattern) => pattern.as_ref().is_some_and(|pattern| pattern.fits(value)),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::{AccountRule, BankFacts, DirectoryFacts, Pattern, WalletType, codes};
    use crate::domain::Fields;

    fn facts() -> DirectoryFacts {
        let bank = |active, country: &str, accounts, has_branches| BankFacts {
            active,
            country: country.to_owned(),
            accounts,
            has_branches,
        };
        let code = str::to_owned;
        DirectoryFacts {
            banks: [
                (code("ANY"), bank(true, "", AccountRule::Any, true)),
                (code("OLD"), bank(false, "", AccountRule::Any, true)),
                (code("GBX"), bank(true, "GB", AccountRule::Iban, false)),
                (code("SIX"), bank(true, "", AccountRule::Pattern(Pattern::new("[0-9]{6}").ok()), false)),
            ]
            .into(),
            branches: [((code("ANY"), code("1")), true), ((code("ANY"), code("2")), false)].into(),
            wallets: [
                ((WalletType::Mobile, code("PAY")), true),
                ((WalletType::Email, code("MAIL")), true),
                ((WalletType::Mobile, code("GONE")), false),
            ]
            .into(),
            levels: [
                (code("account"), Pattern::new("^[0-9]{9,18}$").ok()),
                (code("mobile_number"), Pattern::new("^[0-9]{10}$").ok()),
            ]
            .into(),
        }
    }

    fn check(parts: &[(&str, &str)]) -> String {
        let fields: Fields = parts.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        facts().check(&fields).err().unwrap_or_default().to_owned()
    }

    #[test]
    fn the_part_that_is_wrong_is_named() {
        let bank = |bank, branch, number| {
            check(&[("bank_code", bank), ("branch_code", branch), ("account_number", number)])
        };
        assert_eq!(bank("ANY", "1", "123456789"), "");
        assert_eq!(bank("NEW", "1", "123456789"), "bank_code: the directory has no such bank");
        assert_eq!(bank("", "1", "123456789"), "bank_code: the directory has no such bank");
        assert_eq!(bank("OLD", "1", "123456789"), "bank_code: this bank is not active");
        assert_eq!(bank("ANY", "3", "123456789"), "branch_code: the bank has no such branch");
        assert_eq!(bank("GBX", "1", "GB82WEST12345698765432"), "branch_code: the bank has no such branch");
        assert_eq!(bank("ANY", "2", "123456789"), "branch_code: this branch is not active");
        assert_eq!(bank("ANY", "", "123456789"), "branch_code: the bank has no such branch");
        assert!(bank("ANY", "1", "12345678").starts_with("account_number: not in the form"));
        assert_eq!(bank("GBX", "", "GB82WEST12345698765432"), "");
        assert!(bank("GBX", "", "GB82WEST12345698765431").contains("check digits"));
        assert!(bank("GBX", "", "DE89370400440532013000").contains("another country"));
        assert_eq!(bank("SIX", "", "123456"), "");
        assert!(bank("SIX", "", "1234567").starts_with("account_number: not in the form"));
        assert_eq!(check(&[("branch_code", "1")]), "bank_code: the directory has no such bank");
        let wallet = |code, key, value| check(&[("wallet_provider_code", code), (key, value)]);
        assert_eq!(wallet("PAY", "mobile_number", "0712345678"), "");
        assert!(
            wallet("PAY", "email_address", "a@b.example").starts_with("wallet_provider_code: the directory")
        );
        assert_eq!(wallet("MAIL", "email_address", "anything, the level has no pattern"), "");
        assert_eq!(
            wallet("GONE", "mobile_number", "0712345678"),
            "wallet_provider_code: this provider is not active"
        );
        assert!(wallet("PAY", "mobile_number", "07123").starts_with("mobile_number: not in the form"));
        assert_eq!(wallet("PAY", "something", "else"), "");
    }

    #[test]
    fn a_pattern_is_held_against_the_whole_value() {
        for text in ["[0-9]{3}", "^[0-9]{3}$", "123|[0-9]{3}"] {
            let pattern = Pattern::new(text).unwrap();
            assert!(pattern.fits("123"), "{text}");
            for value in ["0123", "1234", "a123", "123\n", ""] {
                assert!(!pattern.fits(value), "{text} {value:?}");
            }
        }
        for wrong in ["", "(", ")(", "a{1000}{1000}{1000}", &"a".repeat(501)] {
            assert!(Pattern::new(wrong).is_err(), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn a_refusal_never_repeats_a_value(
            bank in "(ANY|OLD|GBX|SIX|[A-Z]{4,8})", branch in "[0-9]{7}", number in "[0-9A-Z]{9,30}", mobile in "[0-9]{7,13}",
        ) {
            let parts = [
                ("bank_code", bank.as_str()), ("branch_code", &branch), ("account_number", &number),
                ("mobile_number", &mobile),
            ];
            let said = check(&parts);
            prop_assert!(!said.contains(&number) && !said.contains(&mobile) && !said.contains(&branch));
            let fields: Fields = parts.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
            prop_assert_eq!(codes(&fields).bank, Some((bank.as_str(), branch.as_str())));
        }
    }
}
