//! Settings of the self-service pages.

use platform::Masked;
use serde::{Deserialize, Serialize};

/// A bank or wallet that a person can choose.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Provider {
    /// Code, as it stands in financial addresses.
    pub code: String,
    /// Name that people know.
    pub name: String,
}

/// Keys of the section `[spar_self_service]`, besides the common ones.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Let anybody sign in as anybody. For demos.
    pub demo_login: bool,
    /// At least 32 characters, the same on every replica.
    pub session_secret: Masked<String>,
    /// A person who does nothing for so long is signed out.
    pub session_idle_minutes: i64,
    /// A person is signed out after so long in any case.
    pub session_max_minutes: i64,
    /// The mapper.
    pub mapper_url: String,
    /// The beneficiary registry.
    pub pbms_url: String,
    /// Zone of the times that pages show.
    pub time_zone: String,
    /// Whom a person can ask.
    pub help_contact: String,
    /// Country code of phone numbers that people enter with a zero in front.
    pub phone_country_code: String,
    /// Banks to choose from.
    pub banks: Vec<Provider>,
    /// Wallets to choose from.
    pub wallets: Vec<Provider>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            demo_login: false,
            session_secret: Masked::new(String::new()),
            session_idle_minutes: 15,
            session_max_minutes: 120,
            mapper_url: "http://127.0.0.1:8003".to_owned(),
            pbms_url: "http://127.0.0.1:8002".to_owned(),
            time_zone: "UTC".to_owned(),
            help_contact: String::new(),
            phone_country_code: String::new(),
            banks: Vec::new(),
            wallets: Vec::new(),
        }
    }
}

/// What each key does.
pub const DOCS: &[(&str, &str)] = &[
    ("demo_login", "let anybody sign in as anybody by a pseudonym; for demos only"),
    ("session_secret", "at least 32 characters, the same on every replica; a new one per start without it"),
    ("session_idle_minutes", "a person who does nothing for so long is signed out"),
    ("session_max_minutes", "a person is signed out after so long in any case"),
    ("mapper_url", "address of the mapper"),
    ("pbms_url", "address of the beneficiary registry"),
    ("time_zone", "zone of the times that pages show, for example `Africa/Nairobi`"),
    ("help_contact", "one sentence at the foot of each page that says whom to ask"),
    (
        "phone_country_code",
        "country code of phone numbers that people enter with a zero in front, for example `254`",
    ),
    ("banks", "banks to choose from, as a list of `{code, name}`; made-up ones with `demo_login`"),
    ("wallets", "mobile wallets to choose from, as a list of `{code, name}`; made-up ones with `demo_login`"),
];

impl Config {
    pub(crate) fn validate(&self) -> Result<(), String> {
        let secret = self.session_secret.expose();
        if !secret.is_empty() && secret.len() < 32 {
            return Err("spar_self_service.session_secret is shorter than 32 characters".to_owned());
        }
        if !(1..=24 * 60).contains(&self.session_idle_minutes) {
            return Err("spar_self_service.session_idle_minutes must be 1 to 1440".to_owned());
        }
        if !(self.session_idle_minutes..=24 * 60).contains(&self.session_max_minutes) {
            return Err(
                "spar_self_service.session_max_minutes must be session_idle_minutes to 1440".to_owned()
            );
        }
        if time_tz::timezones::get_by_name(&self.time_zone).is_none() {
            return Err(format!("spar_self_service.time_zone: there is no zone \"{}\"", self.time_zone));
        }
        let code = &self.phone_country_code;
        if code.len() > 3 || !code.chars().all(|c| c.is_ascii_digit()) {
            return Err(
                "spar_self_service.phone_country_code must be up to three digits, without +".to_owned()
            );
        }
        for (key, list) in [("banks", &self.banks), ("wallets", &self.wallets)] {
            if list
                .iter()
                .any(|p| !crate::domain::is_plain(&p.code, 40) || !crate::domain::is_plain(&p.name, 80))
            {
                return Err(format!(
                    "spar_self_service.{key}: code and name of each must be there and free of colons"
                ));
            }
        }
        Ok(())
    }

    /// With the made-up banks and wallets of the demo where none are named.
    pub(crate) fn with_demo_providers(mut self) -> Self {
        let provider = |(code, name): (&str, &str)| Provider { code: code.to_owned(), name: name.to_owned() };
        if self.demo_login && self.banks.is_empty() {
            self.banks = DEMO_BANKS.into_iter().map(provider).collect();
        }
        if self.demo_login && self.wallets.is_empty() {
            self.wallets = DEMO_WALLETS.into_iter().map(provider).collect();
        }
        if self.demo_login && self.phone_country_code.is_empty() {
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

/// The wallets of the demo's population.
const DEMO_WALLETS: [(&str, &str); 2] = [("EXMON", "Example Money"), ("EXPAY", "Example Pay")];
