//! The made-up banks and wallets of the demo.

use super::{Config, Place, Provider};

impl Config {
    /// With the made-up banks and wallets of the demo where none are named.
    pub(crate) fn with_demo_providers(mut self) -> Self {
        if !self.demo_login {
            return self;
        }
        let provider = |(code, name): (&str, &str)| Provider {
            code: code.to_owned(),
            name: name.to_owned(),
            branches: Vec::new(),
        };
        if self.banks.is_empty() {
            self.banks = DEMO_BANKS.into_iter().map(provider).collect();
            for bank in &mut self.banks {
                bank.branches = (1..=DEMO_BRANCHES).map(|no| demo_branch(&bank.code, no)).collect();
            }
        }
        if self.wallets.is_empty() {
            self.wallets = DEMO_WALLETS.into_iter().map(provider).collect();
        }
        if self.email_wallets.is_empty() {
            self.email_wallets = vec![provider(DEMO_EMAIL_WALLET)];
        }
        if self.phone_country_code.is_empty() {
            "254".clone_into(&mut self.phone_country_code);
        }
        self
    }
}

/// The banks of the demo's population.
const DEMO_BANKS: [(&str, &str); 5] = [
    ("EXBK", "Example Bank"),
    ("EXCI", "Example City Bank"),
    ("EXCO", "Example Cooperative Bank"),
    ("EXFM", "Example Farmers Bank"),
    ("EXPO", "Example Post Bank"),
];

/// Branches that each of them has in the demo.
const DEMO_BRANCHES: u32 = 24;

fn demo_branch(bank: &str, no: u32) -> Place {
    Place { code: format!("{bank}{no:04}"), name: format!("Branch {no}") }
}

/// The wallets of the demo's population.
const DEMO_WALLETS: [(&str, &str); 2] = [("EXMON", "Example Money"), ("EXPAY", "Example Pay")];
/// Nobody of the demo's population has it at the beginning.
const DEMO_EMAIL_WALLET: (&str, &str) = ("EXMAIL", "Example Mail Money");
