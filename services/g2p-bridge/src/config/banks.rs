//! Sponsor banks: by which connector each is reached, and the keys of that connector.

use std::collections::{BTreeMap, BTreeSet};

use platform::Masked;
use serde::{Deserialize, Serialize};

/// How the bridge talks to a bank.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Connector {
    /// The example bank's calls.
    Example,
    /// Files of ISO 20022 in a folder.
    Iso20022,
    /// Bulk transfers with a callback.
    Mojaloop,
}

impl Connector {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Example => "example",
            Self::Iso20022 => "iso20022",
            Self::Mojaloop => "mojaloop",
        }
    }

    /// Keys that must be there.
    const fn needs(self) -> &'static [&'static str] {
        match self {
            Self::Example => &["url"],
            Self::Iso20022 => &["folder"],
            Self::Mojaloop => &["url", "token", "callback_url", "callback_secret"],
        }
    }

    /// Keys that may be there besides.
    const fn allows(self) -> &'static [&'static str] {
        match self {
            Self::Example => &[],
            Self::Iso20022 => &["debtor_name", "bank_id", "max_payments", "quiet_seconds", "tenant"],
            Self::Mojaloop => &["payer_fsp", "max_payments", "tenant"],
        }
    }
}

/// A `[g2p_bridge.banks.CODE]` section. Which keys belong to it depends on its connector.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Bank {
    /// By which connector it is reached.
    pub connector: Option<Connector>,
    /// `example`, `mojaloop`: where it is.
    pub url: Option<String>,
    /// `iso20022`: the folder that holds `out` and `in`.
    pub folder: Option<String>,
    /// `iso20022`: name of the payer in the orders; the programme's when absent.
    pub debtor_name: Option<String>,
    /// `iso20022`: the bank's code in the orders (`MmbId`); its code here when absent.
    pub bank_id: Option<String>,
    /// Most payments in one file or call; `payment_batch` when absent.
    pub max_payments: Option<u32>,
    /// `iso20022`: a file in `in` is read when it was not written to for so long.
    pub quiet_seconds: Option<u64>,
    /// `mojaloop`: where the bridge is, for callbacks: its address without the path.
    pub callback_url: Option<String>,
    /// `mojaloop`: what callbacks are signed with.
    pub callback_secret: Option<Masked<String>>,
    /// `mojaloop`: the payer's institution (`payerFsp`); the bank's code when absent.
    pub payer_fsp: Option<String>,
    /// `mojaloop`: bearer token for its API.
    pub token: Option<Masked<String>>,
    /// `iso20022`, `mojaloop`: whose payments the bank makes; `default` when absent.
    pub tenant: Option<String>,
}

impl Bank {
    /// Whose payments the bank makes.
    #[must_use]
    pub fn tenant(&self) -> &str {
        self.tenant.as_deref().unwrap_or("default")
    }

    fn keys(&self) -> BTreeSet<&'static str> {
        let keys = [
            ("url", self.url.is_some()),
            ("folder", self.folder.is_some()),
            ("debtor_name", self.debtor_name.is_some()),
            ("bank_id", self.bank_id.is_some()),
            ("max_payments", self.max_payments.is_some()),
            ("quiet_seconds", self.quiet_seconds.is_some()),
            ("callback_url", self.callback_url.is_some()),
            ("callback_secret", self.callback_secret.is_some()),
            ("payer_fsp", self.payer_fsp.is_some()),
            ("token", self.token.is_some()),
            ("tenant", self.tenant.is_some()),
        ];
        keys.into_iter().filter(|(_, there)| *there).map(|(key, _)| key).collect()
    }

    fn check(&self, place: &str) -> Result<(), String> {
        let Some(connector) = self.connector else {
            return Err(format!("{place}.connector must be example, iso20022 or mojaloop"));
        };
        let (there, name) = (self.keys(), connector.as_str());
        for key in connector.needs() {
            if !there.contains(key) {
                return Err(format!("{place}.{key} is needed by the connector {name}"));
            }
        }
        for key in there {
            if !connector.needs().contains(&key) && !connector.allows().contains(&key) {
                return Err(format!("{place}.{key} is no key of the connector {name}"));
            }
        }
        for (key, url) in [("url", &self.url), ("callback_url", &self.callback_url)] {
            let web = |url: &String| url.starts_with("http://") || url.starts_with("https://");
            if url.as_ref().is_some_and(|url| !web(url)) {
                return Err(format!("{place}.{key} must start with http:// or https://"));
            }
        }
        if self.folder.as_ref().is_some_and(|folder| !folder.starts_with('/')) {
            return Err(format!("{place}.folder must be an absolute path"));
        }
        let most = if connector == Connector::Mojaloop { 1_000 } else { 50_000 };
        if self.max_payments.is_some_and(|n| !(1..=most).contains(&n)) {
            return Err(format!("{place}.max_payments must be 1 to {most}"));
        }
        if self.bank_id.as_ref().is_some_and(|id| !is_code(id)) {
            return Err(format!("{place}.bank_id must be 1 to 35 letters, digits, - or _"));
        }
        if self.callback_secret.as_ref().is_some_and(|s| s.expose().chars().count() < 32) {
            return Err(format!("{place}.callback_secret must have at least 32 characters"));
        }
        Ok(())
    }
}

fn is_code(text: &str) -> bool {
    (1..=35).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
}

/// Checks what types cannot.
pub(super) fn check(banks: &BTreeMap<String, Bank>) -> Result<(), String> {
    let mut seen = BTreeMap::new();
    for (code, bank) in banks {
        let place = format!("g2p_bridge.banks.{code}");
        if !is_code(code) {
            return Err(format!("{place}: a bank's code has 1 to 35 letters, digits, - or _"));
        }
        if let Some(other) = seen.insert(code.to_ascii_uppercase(), code) {
            return Err(format!("{place} is the same code as g2p_bridge.banks.{other}: case does not count"));
        }
        bank.check(&place)?;
    }
    let folders = banks.iter().filter_map(|(code, bank)| Some((bank.folder.as_deref()?, code)));
    let mut taken = BTreeMap::new();
    for (folder, code) in folders {
        if let Some(other) = taken.insert(folder.trim_end_matches('/'), code) {
            return Err(format!("g2p_bridge.banks.{code}.folder is the folder of {other} already"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::collections::BTreeMap;

    use serde_json::json;

    use super::{Bank, check};

    fn of(value: serde_json::Value) -> Result<(), String> {
        check(&serde_json::from_value::<BTreeMap<String, Bank>>(value).unwrap())
    }

    #[test]
    fn a_wrong_key_is_named_with_its_place() {
        let good = json!({"KCB": {"connector": "iso20022", "folder": "/srv/kcb"},
                          "hub": {"connector": "mojaloop", "url": "http://hub", "token": "t", "callback_url": "http://us",
                                  "callback_secret": "0123456789abcdef0123456789abcdef"},
                          "other": {"connector": "example", "url": "https://bank"}});
        assert_eq!(of(good), Ok(()));
        for (bank, wrong) in [
            (json!({}), "g2p_bridge.banks.A.connector must be"),
            (json!({"connector": "iso20022"}), "g2p_bridge.banks.A.folder is needed"),
            (json!({"connector": "example", "url": "bank"}), "g2p_bridge.banks.A.url must start with"),
            (
                json!({"connector": "example", "url": "http://b", "folder": "/x"}),
                "g2p_bridge.banks.A.folder is no key",
            ),
            (
                json!({"connector": "iso20022", "folder": "x"}),
                "g2p_bridge.banks.A.folder must be an absolute",
            ),
            (
                json!({"connector": "iso20022", "folder": "/x", "max_payments": 0}),
                "g2p_bridge.banks.A.max_payments",
            ),
        ] {
            let error = of(json!({"A": bank})).unwrap_err();
            assert!(error.starts_with(wrong), "{error}");
        }
        let iso = json!({"connector": "iso20022", "folder": "/x"});
        assert!(of(json!({"a": iso, "A": iso})).unwrap_err().contains("case does not count"));
        assert!(of(json!({"a": iso, "b": iso})).unwrap_err().contains("folder of a already"));
    }

    #[test]
    fn secrets_are_not_shown() {
        let bank: Bank = serde_json::from_value(json!({"token": "hunter2"})).unwrap();
        assert!(!format!("{bank:?}").contains("hunter2"));
    }
}
