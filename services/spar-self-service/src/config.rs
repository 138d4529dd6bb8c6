//! Settings of the self-service pages.

mod demo;

use std::collections::BTreeMap;

use platform::{
    Masked, Runtime,
    oidc::{self, ProviderSettings},
};
use serde::{Deserialize, Serialize};

/// Something with a code and a name: a bank, a branch, a wallet.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Place {
    /// Code, as it stands in financial addresses.
    pub code: String,
    /// Name that people know.
    pub name: String,
}

/// A bank or wallet that a person can choose.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Provider {
    /// Code, as it stands in financial addresses.
    pub code: String,
    /// Name that people know.
    pub name: String,
    /// Branches of a bank; nobody is asked for one when there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub branches: Vec<Place>,
}

impl Provider {
    /// Code and name.
    #[must_use]
    pub fn place(&self) -> Place {
        Place { code: self.code.clone(), name: self.name.clone() }
    }
}

/// Keys of the section `[spar_self_service]`, besides the common ones.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Where people reach these pages.
    pub public_url: String,
    /// Where people sign in, by a short name.
    pub sign_in: BTreeMap<String, ProviderSettings>,
    /// Where staff of the helpdesk sign in, by a short name.
    pub staff_sign_in: BTreeMap<String, ProviderSettings>,
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
    /// Mobile wallets to choose from.
    pub wallets: Vec<Provider>,
    /// Email wallets to choose from.
    pub email_wallets: Vec<Provider>,
    /// Languages that are not offered.
    pub hidden_languages: Vec<String>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            public_url: String::new(),
            sign_in: BTreeMap::new(),
            staff_sign_in: BTreeMap::new(),
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
            email_wallets: Vec::new(),
            hidden_languages: Vec::new(),
        }
    }
}

/// What each key does.
pub const DOCS: &[(&str, &str)] = &[
    (
        "public_url",
        "address at which people reach these pages, with `base_path` and without a slash at the end; needed with `sign_in`",
    ),
    (
        "sign_in",
        "OpenID providers where people sign in, a table each: `[spar_self_service.sign_in.<name>]`; docs/sign-in.md has its keys",
    ),
    (
        "staff_sign_in",
        "OpenID providers where staff of the helpdesk sign in, tables as of `sign_in`; no pages for staff without it",
    ),
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
    (
        "banks",
        "banks to choose from, as a list of `{code, name, branches}`, where `branches` is a list of `{code, name}` and may be left out; made-up ones with `demo_login`",
    ),
    ("wallets", "mobile wallets to choose from, as a list of `{code, name}`; made-up ones with `demo_login`"),
    (
        "email_wallets",
        "wallets that belong to an email address, as a list of `{code, name}`; a made-up one with `demo_login`",
    ),
    (
        "hidden_languages",
        "languages that are not offered, of `fr`, `ar`, `es`, `fil` and `am`; docs/languages.md says which texts a native speaker has checked",
    ),
];

/// What follows `public_url` in the address that providers send browsers back to.
const CALLBACK: &str = "/oauth2/callback";
/// The same for staff.
const STAFF_CALLBACK: &str = "/helpdesk/callback";

impl Config {
    pub(crate) fn validate(&self) -> Result<(), String> {
        self.validate_sign_in().map_err(|why| format!("spar_self_service.{why}"))?;
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
        self.validate_choices()?;
        pages::Translations::check_hidden(&self.hidden_languages)
            .map_err(|why| format!("spar_self_service.hidden_languages: {why}"))
    }

    fn validate_choices(&self) -> Result<(), String> {
        let plain =
            |code: &str, name: &str| crate::domain::is_plain(code, 40) && crate::domain::is_plain(name, 80);
        let lists =
            [("banks", &self.banks), ("wallets", &self.wallets), ("email_wallets", &self.email_wallets)];
        for (key, list) in lists {
            let branches = || list.iter().flat_map(|provider| &provider.branches);
            if !list.iter().all(|p| plain(&p.code, &p.name)) || !branches().all(|b| plain(&b.code, &b.name)) {
                return Err(format!(
                    "spar_self_service.{key}: code and name of each must be there and free of colons"
                ));
            }
            if key != "banks" && branches().next().is_some() {
                return Err(format!("spar_self_service.{key}: only banks have branches"));
            }
        }
        Ok(())
    }

    fn validate_sign_in(&self) -> Result<(), String> {
        let people = self.sign_in.iter().map(|named| ("sign_in", named));
        let staff = self.staff_sign_in.iter().map(|named| ("staff_sign_in", named));
        for (key, (name, provider)) in people.chain(staff) {
            let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
            // Environment variables spell it too, with two lines between names.
            if !(1..=40).contains(&name.len()) || !name.bytes().all(plain) || name.contains("__") {
                return Err(format!(
                    "{key}.{name}: the name may hold small letters, digits and single _ only"
                ));
            }
            provider.validate().map_err(|why| format!("{key}.{name}.{why}"))?;
        }
        for (name, provider) in &self.sign_in {
            // Each issuer numbers people by itself: the same number at two of them is two people.
            let clash = self.sign_in.iter().find(|(_, other)| {
                other.issuer != provider.issuer
                    && other.id_template() == provider.id_template()
                    && provider.id_template().contains("{sub}")
            });
            if let Some((other, _)) = clash {
                return Err(format!(
                    "sign_in.{name}.id_template is that of {other}, and each issuer has its own sub: two people could get one id"
                ));
            }
        }
        if self.sign_in.is_empty() && self.staff_sign_in.is_empty() {
            return Ok(());
        }
        if self.demo_login && !self.sign_in.is_empty() {
            return Err(
                "demo_login lets anybody in as anybody: turn it off where sign_in names providers".to_owned()
            );
        }
        if !oidc::is_safe(&self.public_url) || self.public_url.ends_with('/') || self.public_url.contains('?')
        {
            return Err(
                "public_url must be an https address (http only on this machine) without a slash at the end"
                    .to_owned(),
            );
        }
        Ok(())
    }

    /// The providers, ready to be used.
    ///
    /// # Errors
    /// When an address of ours would not lead to these pages.
    pub(crate) fn providers(&self, runtime: &Runtime) -> anyhow::Result<BTreeMap<String, oidc::Provider>> {
        // https://host:port and then what must be the base path.
        let path = self.public_url.splitn(4, '/').nth(3).map(|path| format!("/{path}")).unwrap_or_default();
        anyhow::ensure!(
            (self.sign_in.is_empty() && self.staff_sign_in.is_empty()) || path == runtime.settings.base_path,
            "spar_self_service.public_url must end with base_path, which is \"{}\"",
            runtime.settings.base_path
        );
        Self::providers_of(&self.sign_in, &format!("{}{CALLBACK}", self.public_url), runtime)
    }

    /// Those of the staff.
    ///
    /// # Errors
    /// When one cannot be used.
    pub(crate) fn staff_providers(
        &self,
        runtime: &Runtime,
    ) -> anyhow::Result<BTreeMap<String, oidc::Provider>> {
        Self::providers_of(&self.staff_sign_in, &format!("{}{STAFF_CALLBACK}", self.public_url), runtime)
    }

    fn providers_of(
        settings: &BTreeMap<String, ProviderSettings>,
        redirect_uri: &str,
        runtime: &Runtime,
    ) -> anyhow::Result<BTreeMap<String, oidc::Provider>> {
        let new = |(name, settings): (&String, &ProviderSettings)| {
            let (http, clock) = (runtime.http.clone(), runtime.clock.clone());
            let provider = oidc::Provider::new(settings.clone(), redirect_uri.to_owned(), http, clock);
            provider.map(|provider| (name.clone(), provider)).map_err(anyhow::Error::msg)
        };
        settings.iter().map(new).collect()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use std::{collections::BTreeMap, io::Write};

    use serde_json::{Value, json};

    use super::Config;

    fn provider(issuer: &str) -> Value {
        json!({"display_name": "N", "issuer": issuer, "client_id": "c", "client_secret": "s"})
    }

    fn wrong(change: impl FnOnce(&mut Value)) -> String {
        let mut config = json!({
            "public_url": "https://pay.example.org/base", "sign_in": {"one": provider("https://one.example.org")},
        });
        change(&mut config);
        let config: Config = serde_json::from_value(config).unwrap();
        config.validate().err().unwrap_or_default()
    }

    #[test]
    fn what_would_let_the_wrong_person_in_is_named_at_start() {
        assert_eq!(wrong(|_| {}), "");
        assert!(wrong(|c| c["demo_login"] = json!(true)).contains("demo_login lets anybody in"));
        for url in
            ["", "http://pay.example.org", "https://pay.example.org/", "https://pay.example.org?a", "//pay"]
        {
            assert!(wrong(|c| c["public_url"] = json!(url)).contains("public_url must be"), "{url}");
        }
        assert!(wrong(|c| c["sign_in"]["one"]["client_id"] = json!("")).contains("sign_in.one.client_id"));
        for name in ["", "A", "a/b", "a__b", "a-b"] {
            assert!(
                wrong(|c| c["sign_in"][name] = provider("https://one.example.org"))
                    .contains("the name may hold")
            );
        }
        let two = |c: &mut Value| c["sign_in"]["two"] = provider("https://two.example.org");
        assert!(wrong(two).contains("two people could get one id"));
        let apart = |c: &mut Value| {
            two(c);
            c["sign_in"]["two"]["id_template"] = json!("token:{sub}@ministry");
        };
        assert_eq!(wrong(apart), "");
    }

    #[test]
    fn what_people_could_not_choose_is_named_at_start() {
        let choice = |key: &str, value: Value| wrong(|c| c[key] = value);
        let bank = json!([{"code": "A", "name": "A Bank", "branches": [{"code": "A1", "name": "A:1"}]}]);
        assert!(choice("banks", bank).contains("banks: code and name"));
        let wallet = json!([{"code": "A", "name": "A", "branches": [{"code": "A1", "name": "A1"}]}]);
        assert!(choice("wallets", wallet).contains("only banks have branches"));
        assert!(choice("hidden_languages", json!(["fr", "xx"])).contains("\"xx\""));
        assert!(choice("hidden_languages", json!(["en"])).contains("English"));
        assert_eq!(choice("hidden_languages", json!(["am", "fil"])), "");
    }

    #[test]
    fn secrets_of_providers_come_from_files_and_are_never_shown() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        writeln!(file, "hunter2hunter2").unwrap();
        let variable = |key: &str, value: &str| (format!("OPENG2P__{key}"), value.to_owned());
        let path = file.path().display().to_string();
        let env = BTreeMap::from([
            variable("DATABASE_URL", "postgres://localhost/x"),
            variable("SPAR_SELF_SERVICE__SIGN_IN__ONE__CLIENT_SECRET_FILE", &path),
            variable("SPAR_SELF_SERVICE__SIGN_IN__ONE__ISSUER", "https://one.example.org"),
        ]);
        let loaded = platform::config::load::<Config>("spar_self_service", 8004, None, &env).unwrap();
        let one = &loaded.service.sign_in["one"];
        assert_eq!(one.issuer, "https://one.example.org");
        assert_eq!(one.client_secret.as_ref().unwrap().expose(), "hunter2hunter2");
        assert!(!format!("{:?}", loaded.service).contains("hunter2"));
    }
}
