//! What all services in one process need to find each other: ports, addresses, keys and secrets, where the operator
//! names none.

use std::{collections::BTreeMap, net::TcpListener};

use platform::{
    CommonConfig,
    service::{default_partner_id, schema_name},
};

use crate::{data_dir::DataDir, services::SERVICES, sources::Sources};

/// Port of the built-in token issuer.
const ISSUER_PORT: u16 = 8000;

/// What came of it.
#[derive(Debug)]
pub struct Wiring {
    /// Port for the token issuer.
    pub issuer_port: u16,
    /// URL of each service, by name.
    pub urls: BTreeMap<&'static str, String>,
    /// The common keys of each service, by name.
    pub of_each: BTreeMap<&'static str, CommonConfig>,
}

/// Fills the gaps of the configuration.
///
/// # Errors
/// Names the wrong key, or says what cannot be written.
pub async fn complete(sources: &mut Sources, data: &DataDir, any_ports: bool) -> anyhow::Result<Wiring> {
    let host = sources.common()?.host;
    let issuer_port = choose_ports(sources, &host, any_ports)?;
    sources.set_default("DATABASE_MAX_CONNECTIONS", || Ok("12"))?;
    // For trying out what deployed clients send, unsigned. Production runs the services by themselves.
    sources.set_default("ANONYMOUS_PARTNER", || Ok("true"))?;
    // One process: when it was killed, its successor need not wait long for what it held.
    sources.set_default("JOB_LEASE_SECONDS", || Ok("5"))?;
    for (service, _) in SERVICES {
        if !sources.names("SIGNING_KEY") {
            let key = || Ok(data.key(&default_partner_id(service))?.to_pkcs8_pem().to_string());
            sources.set_default(&format!("{}__SIGNING_KEY", section(service)), key)?;
        }
    }
    for (key, secret) in [
        ("SOCIAL_REGISTRY__PSEUDONYM_SECRET", "pseudonym"),
        ("PBMS_BENEFICIARY_REGISTRY__ID_HASH_SECRET", "id_hash"),
        ("SPAR_SELF_SERVICE__SESSION_SECRET", "session"),
        ("G2P_BRIDGE__SESSION_SECRET", "desk_session"),
        ("SPAR_MAPPER__ENCRYPTION_SECRET", "addresses"),
        ("SPAR_MAPPER__INDEX_SECRET", "address_index"),
    ] {
        sources.set_default(key, || data.secret(secret))?;
    }
    let of_each = sources.of_each().await?;
    let urls: BTreeMap<_, _> = of_each.iter().map(|(service, common)| (*service, url_of(common))).collect();
    for (key, service) in [
        ("PBMS_BENEFICIARY_REGISTRY__SOCIAL_REGISTRY_URL", "social-registry"),
        ("PBMS_BENEFICIARY_REGISTRY__BRIDGE_URL", "g2p-bridge"),
        ("G2P_BRIDGE__MAPPER_URL", "spar-mapper"),
        ("G2P_BRIDGE__BANK_URL", "example-bank"),
        ("DEDUP__SOCIAL_REGISTRY_URL", "social-registry"),
        ("EXAMPLE_BANK__BRIDGE_URL", "g2p-bridge"),
        ("SPAR_SELF_SERVICE__PBMS_URL", "pbms-beneficiary-registry"),
        ("SPAR_SELF_SERVICE__MAPPER_URL", "spar-mapper"),
    ] {
        sources.set_default(key, || Ok(urls.get(service).map_or("", String::as_str)))?;
    }
    Ok(Wiring { issuer_port, urls, of_each })
}

/// The beginning of the environment variables of a service.
pub(crate) fn section(service: &str) -> String {
    schema_name(service).to_uppercase()
}

fn url_of(common: &CommonConfig) -> String {
    format!("http://{}:{}{}", reachable(&common.host), common.port, common.base_path)
}

/// How this machine reaches what listens on a host.
#[must_use]
pub fn reachable(host: &str) -> String {
    match host {
        "0.0.0.0" => "127.0.0.1".to_owned(),
        "::" => "[::1]".to_owned(),
        address if address.contains(':') => format!("[{address}]"),
        name => name.to_owned(),
    }
}

/// Gives the services that the operator left without a port the default ones when all of these are free, else free
/// ones. Returns the issuer's.
fn choose_ports(sources: &mut Sources, host: &str, any: bool) -> anyhow::Result<u16> {
    let key = |service: &str| format!("{}__PORT", section(service));
    let open: Vec<(&str, u16)> =
        SERVICES.iter().filter(|(service, _)| !sources.names(&key(service))).copied().collect();
    let defaults = !any
        && free(host, ISSUER_PORT)
        && open.iter().all(|(_, port)| free(host, *port) && free(host, port + 1_000));
    let mut taken = Vec::new();
    for (service, default) in open {
        let port = if defaults { default } else { free_pair(host, &mut taken)? };
        sources.set(&key(service), port.to_string());
    }
    if defaults { Ok(ISSUER_PORT) } else { free_pair(host, &mut taken) }
}

fn free(host: &str, port: u16) -> bool {
    TcpListener::bind((host, port)).is_ok()
}

/// A free port whose admin port (1000 higher) is free too. Below the range from which the system takes the ports of
/// outgoing connections, so that none of ours takes one between this look and the start.
fn free_pair(host: &str, taken: &mut Vec<u16>) -> anyhow::Result<u16> {
    for _ in 0..1_000 {
        let port = 10_000 + u16::try_from(uuid::Uuid::new_v4().as_u128() % 20_000)?;
        let pair = [port, port + 1_000];
        if pair.iter().all(|p| !taken.contains(p) && free(host, *p)) {
            taken.extend(pair);
            return Ok(port);
        }
    }
    anyhow::bail!("no free pair of ports on {host}")
}
