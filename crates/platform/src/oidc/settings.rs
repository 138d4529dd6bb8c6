//! What a provider's section of the configuration holds, and what the presets put where it is silent.

use std::collections::BTreeMap;

use g2p_crypto::SigningKey;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::IdTemplate;
use crate::Masked;

/// A product whose ways are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Preset {
    /// MOSIP eSignet.
    Esignet,
    /// Keycloak.
    Keycloak,
    /// Any provider that follows OpenID Connect Core.
    #[default]
    Generic,
}

/// How the client proves who it is at the token endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClientAuth {
    /// A token signed with `client_key`.
    PrivateKeyJwt,
    /// The secret in the header `Authorization`.
    ClientSecretBasic,
    /// The secret in the form.
    ClientSecretPost,
}

/// What the userinfo endpoint answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Userinfo {
    /// It is not asked.
    None,
    /// JSON.
    Json,
    /// A signed JWT, which must verify; anything else is refused.
    Jwt,
}

/// A provider, as configured. What is not given comes from the preset or from the provider's discovery document.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ProviderSettings {
    /// Which product it is.
    pub preset: Preset,
    /// Name on the button.
    pub display_name: String,
    /// Exactly as the provider spells it.
    pub issuer: String,
    /// Our id at the provider.
    pub client_id: String,
    /// How we prove who we are.
    pub client_auth: Option<ClientAuth>,
    /// The client's secret.
    pub client_secret: Option<Masked<String>>,
    /// The client's private key, PKCS#8 in PEM.
    pub client_key: Option<Masked<String>>,
    /// `aud` of the client's own tokens; the token endpoint without it.
    pub client_assertion_audience: Option<String>,
    /// Scopes to ask for, with spaces between.
    pub scopes: Option<String>,
    /// Ways to sign in to ask for, with spaces between.
    pub acr_values: Option<String>,
    /// The request's `claims` parameter.
    pub claims: Option<Value>,
    /// What the userinfo endpoint answers.
    pub userinfo: Option<Userinfo>,
    /// How the mapper's id of a person is made from a claim.
    pub id_template: Option<String>,
    /// Claims that a person must have, with the value or a list of allowed values.
    pub required_claims: BTreeMap<String, Value>,
    /// Audiences of which a bearer token of this provider must name one; none is accepted when this is empty.
    pub api_audiences: Vec<String>,
    /// A sign-in older than this is repeated before a change; 0: never.
    pub step_up_seconds: Option<u32>,
    /// One of these must be the `acr` of the repeated sign-in.
    pub step_up_acr: Vec<String>,
    /// In place of the discovery document's.
    pub authorization_endpoint: Option<String>,
    /// In place of the discovery document's.
    pub token_endpoint: Option<String>,
    /// In place of the discovery document's.
    pub userinfo_endpoint: Option<String>,
    /// In place of the discovery document's.
    pub jwks_uri: Option<String>,
    /// In place of the discovery document's.
    pub end_session_endpoint: Option<String>,
}

/// The person's id in eSignet is a pairwise token; the same template serves the other presets until another is named.
const ID_TEMPLATE: &str = "token:{sub}@nationalId";
const ESIGNET_ACR: &str = "mosip:idp:acr:generated-code mosip:idp:acr:biometrics mosip:idp:acr:linked-wallet";
/// How old a sign-in may be before a change, at products that tell it.
const STEP_UP_SECONDS: u32 = 300;

impl ProviderSettings {
    /// How the client proves who it is.
    #[must_use]
    pub fn auth(&self) -> ClientAuth {
        self.client_auth.unwrap_or(match self.preset {
            Preset::Esignet => ClientAuth::PrivateKeyJwt,
            Preset::Keycloak | Preset::Generic => ClientAuth::ClientSecretBasic,
        })
    }

    pub(super) fn scopes(&self) -> &str {
        let preset = if self.preset == Preset::Esignet { "openid profile" } else { "openid" };
        self.scopes.as_deref().unwrap_or(preset)
    }

    pub(super) fn acr_values(&self) -> &str {
        let preset = if self.preset == Preset::Esignet { ESIGNET_ACR } else { "" };
        self.acr_values.as_deref().unwrap_or(preset)
    }

    pub(super) fn userinfo(&self) -> Userinfo {
        self.userinfo.unwrap_or(match self.preset {
            Preset::Esignet => Userinfo::Jwt,
            Preset::Keycloak => Userinfo::Json,
            Preset::Generic => Userinfo::None,
        })
    }

    /// How the mapper's id of a person is made.
    #[must_use]
    pub fn id_template(&self) -> &str {
        self.id_template.as_deref().unwrap_or(ID_TEMPLATE)
    }

    /// How old a sign-in may be before a change; `None`: any age.
    #[must_use]
    pub fn step_up_seconds(&self) -> Option<i64> {
        let preset = if self.preset == Preset::Generic { 0 } else { STEP_UP_SECONDS };
        Some(i64::from(self.step_up_seconds.unwrap_or(preset))).filter(|seconds| *seconds > 0)
    }

    /// The client's private key.
    ///
    /// # Errors
    /// When it is not a private key.
    pub(super) fn signing_key(&self) -> Result<Option<SigningKey>, String> {
        let pem = self.client_key.as_ref().map(|key| SigningKey::from_pkcs8_pem(key.expose()));
        pem.transpose().map_err(|e| format!("client_key: {e}"))
    }

    /// Looks for what cannot work.
    ///
    /// # Errors
    /// A sentence that begins with the wrong key.
    pub fn validate(&self) -> Result<(), String> {
        if self.display_name.trim().is_empty() {
            return Err("display_name is missing: the words on the button".to_owned());
        }
        if self.client_id.is_empty() {
            return Err("client_id is missing".to_owned());
        }
        let endpoints = [
            ("issuer", Some(&self.issuer)),
            ("authorization_endpoint", self.authorization_endpoint.as_ref()),
            ("token_endpoint", self.token_endpoint.as_ref()),
            ("userinfo_endpoint", self.userinfo_endpoint.as_ref()),
            ("jwks_uri", self.jwks_uri.as_ref()),
            ("end_session_endpoint", self.end_session_endpoint.as_ref()),
        ];
        for (key, url) in endpoints {
            if url.is_some_and(|url| !is_safe(url)) {
                return Err(format!("{key} must be an https address (http only on this machine)"));
            }
        }
        if !self.scopes().split(' ').any(|scope| scope == "openid") {
            return Err("scopes must hold openid".to_owned());
        }
        if self.claims.as_ref().is_some_and(|claims| !claims.is_object()) {
            return Err("claims must be a table".to_owned());
        }
        if self.api_audiences.iter().any(String::is_empty) {
            return Err("api_audiences holds an empty one".to_owned());
        }
        if !self.step_up_acr.is_empty() && self.step_up_seconds().is_none() {
            return Err("step_up_acr has no effect while step_up_seconds is 0".to_owned());
        }
        IdTemplate::parse(self.id_template()).map_err(|why| format!("id_template {why}"))?;
        self.signing_key()?;
        let secret = self.client_secret.as_ref().is_some_and(|secret| !secret.expose().is_empty());
        match self.auth() {
            ClientAuth::PrivateKeyJwt if self.client_key.is_none() => {
                Err("client_key is missing: private_key_jwt signs with it".to_owned())
            }
            ClientAuth::ClientSecretBasic | ClientAuth::ClientSecretPost if !secret => {
                Err("client_secret is missing".to_owned())
            }
            _ => Ok(()),
        }
    }
}

/// Whether secrets and tokens may be sent there: by https, or by http on this machine.
#[must_use]
pub fn is_safe(url: &str) -> bool {
    let Ok(url) = url::Url::parse(url) else { return false };
    let local = match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost",
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    url.fragment().is_none() && (url.scheme() == "https" || (url.scheme() == "http" && local))
}

#[cfg(test)]
#[allow(clippy::indexing_slicing, clippy::unwrap_used)]
mod tests {
    use serde_json::json;

    use super::{ClientAuth, ProviderSettings, Userinfo};

    fn read(value: serde_json::Value) -> ProviderSettings {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn presets_fill_what_is_not_said_and_yield_to_what_is() {
        let pem = g2p_crypto::SigningKey::generate_es256().unwrap().to_pkcs8_pem().as_str().to_owned();
        let esignet = read(json!({
            "preset": "esignet", "display_name": "National ID", "issuer": "https://id.example.org", "client_id": "c",
            "client_key": pem,
        }));
        esignet.validate().unwrap();
        assert_eq!(esignet.auth(), ClientAuth::PrivateKeyJwt);
        assert_eq!(esignet.userinfo(), Userinfo::Jwt);
        assert!(esignet.acr_values().starts_with("mosip:idp:acr:generated-code "));
        assert_eq!(esignet.step_up_seconds(), Some(300));
        let keycloak = read(json!({
            "preset": "keycloak", "display_name": "Ministry", "issuer": "https://id.example.org/realms/x",
            "client_id": "c", "client_secret": "s", "step_up_seconds": 0, "userinfo": "none",
        }));
        keycloak.validate().unwrap();
        assert_eq!(keycloak.auth(), ClientAuth::ClientSecretBasic);
        assert_eq!(keycloak.userinfo(), Userinfo::None);
        assert_eq!(keycloak.step_up_seconds(), None);
    }

    #[test]
    fn what_cannot_work_is_named_at_start() {
        let good = json!({
            "display_name": "N", "issuer": "https://id.example.org", "client_id": "c", "client_secret": "s",
        });
        read(good.clone()).validate().unwrap();
        for (key, value, begins) in [
            ("display_name", json!(" "), "display_name"),
            ("issuer", json!("http://id.example.org"), "issuer must be an https"),
            ("issuer", json!("id.example.org"), "issuer must be an https"),
            ("token_endpoint", json!("http://10.0.0.1/token"), "token_endpoint must be an https"),
            ("client_id", json!(""), "client_id"),
            ("client_secret", json!(""), "client_secret"),
            ("client_auth", json!("private_key_jwt"), "client_key"),
            ("client_key", json!("no key"), "client_key"),
            ("scopes", json!("profile"), "scopes"),
            ("claims", json!("sub"), "claims"),
            ("id_template", json!("everybody"), "id_template"),
            ("step_up_acr", json!(["high"]), "step_up_acr"),
        ] {
            let mut settings = good.clone();
            settings[key] = value;
            let why = read(settings).validate().unwrap_err();
            assert!(why.starts_with(begins), "{key}: {why}");
        }
        assert!(serde_json::from_value::<ProviderSettings>(json!({"tls_verify": false})).is_err());
    }

    #[test]
    fn secrets_are_not_shown() {
        let settings = read(json!({"client_secret": "hunter2", "client_key": "hunter3"}));
        assert!(!format!("{settings:?}").contains("hunter"));
    }
}
