//! Pages on which staff sign in: the helpdesk's and the bridge's. Where the operator names no provider, staff can sign in
//! at the built-in issuer.

use std::collections::BTreeMap;

use platform::oidc;

use crate::{data_dir::DataDir, issuer::Client, sources::Sources, wiring::section};

/// Pages that are ready.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StaffPages {
    /// What they are.
    pub name: &'static str,
    /// Where they are.
    pub url: String,
    /// Users of the built-in issuer who can do something there.
    pub users: &'static str,
}

/// Pages of a service.
struct Site {
    service: &'static str,
    name: &'static str,
    users: &'static str,
    /// The service's `public_url`, and whether the operator names a provider for its staff.
    settings: fn(&Sources) -> anyhow::Result<(String, bool)>,
}

/// All of them; they are below `/<name>`.
const SITES: [Site; 2] = [
    Site {
        service: "spar-self-service",
        name: "helpdesk",
        users: "helpdesk or checker",
        settings: |sources| {
            let config = sources.load::<spar_self_service::Service>()?.service;
            Ok((config.public_url, !config.staff_sign_in.is_empty()))
        },
    },
    Site {
        service: "g2p-bridge",
        name: "desk",
        users: "maker or checker",
        settings: |sources| {
            let config = sources.load::<g2p_bridge::Service>()?.service;
            Ok((config.public_url, !config.staff_sign_in.is_empty()))
        },
    },
];

/// Where the built-in issuer is.
pub struct IssuerAt<'a> {
    /// For browsers.
    pub url: &'a str,
    /// On this machine, whatever its public address is.
    pub local: &'a str,
}

/// Lets staff sign in at the built-in issuer on the pages for which the operator named no provider. Left out are pages
/// where a browser would send passwords or sessions over plain http to another machine.
///
/// # Errors
/// Names the wrong key, or says what cannot be written.
pub fn connect(
    sources: &mut Sources,
    urls: &BTreeMap<&'static str, String>,
    issuer: &IssuerAt<'_>,
    data: &DataDir,
) -> anyhow::Result<(Vec<StaffPages>, Vec<Client>)> {
    let (mut pages, mut clients) = (Vec::new(), Vec::new());
    for site in &SITES {
        let own = urls.get(site.service).map_or("", String::as_str);
        let (public_url, has_provider) = (site.settings)(sources)?;
        if has_provider {
            continue;
        }
        let url = if public_url.is_empty() { own.to_owned() } else { public_url };
        if !oidc::is_safe(issuer.url) || !oidc::is_safe(&url) {
            let (name, issuer) = (site.name, issuer.url);
            tracing::info!(
                "no sign-in for the {name}: {url} or {issuer} is neither https nor this machine's own address"
            );
            continue;
        }
        let url = format!("{url}/{}", site.name);
        let client = Client::of_pages(site.name, &url, data)?;
        sources.set_default(&format!("{}__PUBLIC_URL", section(site.service)), || Ok(own))?;
        name_provider(sources, site.service, issuer, &client);
        pages.push(StaffPages { name: site.name, url, users: site.users });
        clients.push(client);
    }
    Ok((pages, clients))
}

fn name_provider(sources: &mut Sources, service: &str, issuer: &IssuerAt<'_>, client: &Client) {
    let keys = [
        ("DISPLAY_NAME", "Built-in accounts".to_owned()),
        ("ISSUER", issuer.url.to_owned()),
        ("CLIENT_ID", client.id.clone()),
        ("CLIENT_SECRET", client.secret.clone()),
        ("CLIENT_AUTH", "client_secret_post".to_owned()),
        ("AUTHORIZATION_ENDPOINT", format!("{}/authorize", issuer.url)),
        ("TOKEN_ENDPOINT", format!("{}/token", issuer.local)),
        ("JWKS_URI", format!("{}/jwks", issuer.local)),
    ];
    for (key, value) in keys {
        sources.set(&format!("{}__STAFF_SIGN_IN__STAFF__{key}", section(service)), value);
    }
}
