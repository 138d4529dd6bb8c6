//! Where callbacks may go: only to addresses that were registered for the partner, and only to other machines.
//!
//! A partner names the address in its message (`sender_uri`). Deployed services post to whatever stands there, which
//! lets a caller reach anything inside the network; here it has to be a registered address or one below it.

use std::{
    collections::BTreeSet,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

/// Why a callback has no address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallbackRefused {
    /// Nothing is registered for the partner.
    NoneRegistered,
    /// The address in the message is not a registered one, nor below one.
    NotRegistered,
    /// It leads to this machine, or to no machine at all.
    NotAllowed,
    /// Its name cannot be looked up at the moment.
    Unknown,
}

impl CallbackRefused {
    /// For the partner.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::NoneRegistered => "no address for callbacks is registered for this partner",
            Self::NotRegistered => "sender_uri is not an address registered for this partner",
            Self::NotAllowed => "callbacks may not go to this address",
            Self::Unknown => "the host of the address for callbacks cannot be found",
        }
    }
}

/// The base address for callbacks: what the message names when that is registered, or the only registered one when it
/// names none.
///
/// # Errors
/// [`CallbackRefused`].
pub fn callback_base(registered: &BTreeSet<String>, sender_uri: &str) -> Result<Url, CallbackRefused> {
    let bases = registered.iter().filter_map(|text| parse(text));
    if sender_uri.is_empty() {
        return bases.into_iter().next().ok_or(CallbackRefused::NoneRegistered);
    }
    if registered.is_empty() {
        return Err(CallbackRefused::NoneRegistered);
    }
    let asked = parse(sender_uri).ok_or(CallbackRefused::NotRegistered)?;
    let mut bases = bases;
    if bases.any(|base| is_below(&asked, &base)) { Ok(asked) } else { Err(CallbackRefused::NotRegistered) }
}

fn parse(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    let plain = matches!(url.scheme(), "https" | "http")
        && url.host().is_some()
        && url.username().is_empty()
        && url.password().is_none()
        && url.query().is_none()
        && url.fragment().is_none();
    plain.then_some(url)
}

/// `url` has resolved `.` and `..` by now, also written as `%2e`.
fn is_below(asked: &Url, base: &Url) -> bool {
    let below = base.path().trim_end_matches('/');
    asked.scheme() == base.scheme()
        && asked.host() == base.host()
        && asked.port_or_known_default() == base.port_or_known_default()
        && asked.path().strip_prefix(below).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The address of one callback: `base` with `suffix` (`/on-link`), which also takes the place of another `on-…` at its
/// end, as the specification's examples have it.
#[must_use]
pub fn callback_url(base: &Url, suffix: &str) -> String {
    let text = base.as_str().trim_end_matches('/');
    let stem = match text.rsplit_once('/') {
        Some((stem, last)) if last.starts_with("on-") => stem,
        _ => text,
    };
    format!("{stem}{suffix}")
}

/// Whether a callback may be sent to this address now: its host is looked up, and every machine it may be is another one
/// than this (unless `loopback`).
///
/// # Errors
/// [`CallbackRefused::NotAllowed`] or [`CallbackRefused::Unknown`].
pub async fn may_send_to(url: &str, loopback: bool) -> Result<(), CallbackRefused> {
    let url = parse(url).ok_or(CallbackRefused::NotAllowed)?;
    let port = url.port_or_known_default().unwrap_or(443);
    let machines: Vec<IpAddr> = match url.host() {
        Some(Host::Ipv4(ip)) => vec![IpAddr::V4(ip)],
        Some(Host::Ipv6(ip)) => vec![IpAddr::V6(ip)],
        Some(Host::Domain(name)) => tokio::net::lookup_host((name, port))
            .await
            .map_err(|_| CallbackRefused::Unknown)?
            .map(|address| address.ip())
            .collect(),
        None => return Err(CallbackRefused::NotAllowed),
    };
    if machines.is_empty() {
        return Err(CallbackRefused::Unknown);
    }
    if machines.into_iter().all(|ip| is_allowed(ip, loopback)) {
        Ok(())
    } else {
        Err(CallbackRefused::NotAllowed)
    }
}

fn is_allowed(ip: IpAddr, loopback: bool) -> bool {
    is_elsewhere(ip) || (loopback && is_loopback(ip))
}

/// Looks names up for connections, and knows no machine that callbacks may not go to.
#[derive(Debug)]
pub(crate) struct Elsewhere {
    pub(crate) loopback: bool,
}

impl Resolve for Elsewhere {
    fn resolve(&self, name: Name) -> Resolving {
        let loopback = self.loopback;
        Box::pin(async move {
            let machines = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let allowed: Vec<SocketAddr> =
                machines.filter(|address| is_allowed(address.ip(), loopback)).collect();
            if allowed.is_empty() {
                return Err(CallbackRefused::NotAllowed.text().into());
            }
            Ok(Box::new(allowed.into_iter()) as Addrs)
        })
    }
}

fn is_loopback(ip: IpAddr) -> bool {
    plain(ip).is_loopback()
}

/// Services of clouds that tell a machine its secrets, where they are not link-local: Alibaba, Azure, Amazon by IPv6.
const METADATA: [IpAddr; 3] = [
    IpAddr::V4(Ipv4Addr::new(100, 100, 100, 200)),
    IpAddr::V4(Ipv4Addr::new(168, 63, 129, 16)),
    IpAddr::V6(Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254)),
];

/// The IPv4 address that an IPv6 one stands for: mapped, or translated by a gateway (RFC 6052).
fn plain(ip: IpAddr) -> IpAddr {
    match ip.to_canonical() {
        IpAddr::V6(ip) if ip.segments().starts_with(&[0x64, 0xff9b, 0, 0, 0, 0]) => {
            let [.., a, b, c, d] = ip.octets();
            IpAddr::V4(Ipv4Addr::new(a, b, c, d))
        }
        ip => ip,
    }
}

/// Link-local addresses hold the other metadata services of clouds.
fn is_elsewhere(ip: IpAddr) -> bool {
    let ip = plain(ip);
    if METADATA.contains(&ip) {
        return false;
    }
    match ip {
        IpAddr::V4(ip) => {
            !(ip.is_loopback()
                || ip.is_unspecified()
                || ip.is_link_local()
                || ip.is_multicast()
                || ip.is_broadcast()
                || ip.octets().first() == Some(&0))
        }
        IpAddr::V6(ip) => {
            !(ip.is_loopback() || ip.is_unspecified() || ip.is_unicast_link_local() || ip.is_multicast())
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::collections::BTreeSet;

    use super::{CallbackRefused, callback_base, callback_url, may_send_to};

    fn registered() -> BTreeSet<String> {
        BTreeSet::from(["https://bank.example/cb".to_owned()])
    }

    #[test]
    fn only_a_registered_address_or_one_below_it() {
        let base = |uri: &str| callback_base(&registered(), uri).map(|url| url.to_string());
        assert_eq!(base(""), Ok("https://bank.example/cb".to_owned()));
        assert_eq!(
            base("https://BANK.example:443/cb/mapper"),
            Ok("https://bank.example/cb/mapper".to_owned())
        );
        for wrong in [
            "http://bank.example/cb",
            "https://bank.example/",
            "https://bank.example/cbx",
            "https://bank.example/cb/../admin",
            "https://bank.example/cb/%2e%2e/admin",
            "https://bank.example:8443/cb",
            "https://bank.example@evil.example/cb",
            "https://user:pass@bank.example/cb",
            "https://bank.example.evil.example/cb",
            "https://bank.example/cb?next=x",
            "https://127.0.0.1/cb",
            "file:///etc/passwd",
            "//bank.example/cb",
            "string",
        ] {
            assert_eq!(base(wrong), Err(CallbackRefused::NotRegistered), "{wrong}");
        }
        assert_eq!(callback_base(&BTreeSet::new(), "").unwrap_err(), CallbackRefused::NoneRegistered);
    }

    #[test]
    fn the_callback_takes_the_place_of_another() {
        let at = |uri: &str| callback_url(&callback_base(&registered(), uri).unwrap(), "/on-link");
        assert_eq!(at(""), "https://bank.example/cb/on-link");
        assert_eq!(at("https://bank.example/cb/"), "https://bank.example/cb/on-link");
        assert_eq!(at("https://bank.example/cb/on-search"), "https://bank.example/cb/on-link");
    }

    /// The name may stand for another machine by the time the connection is made.
    #[tokio::test]
    async fn a_connection_is_made_to_no_other_machine_than_the_check_allows() {
        use reqwest::dns::Resolve;
        let found = async |loopback| {
            let machines = super::Elsewhere { loopback }.resolve("localhost".parse().unwrap()).await;
            machines.map(Iterator::count).map_err(|why| why.to_string())
        };
        assert_eq!(found(false).await, Err(CallbackRefused::NotAllowed.text().to_owned()));
        assert!(found(true).await.unwrap() > 0, "a setting allows it");
    }

    #[tokio::test]
    async fn not_to_this_machine_nor_to_none() {
        for url in [
            "http://127.0.0.1/x",
            "http://127.1/x",
            "http://2130706433/x",
            "http://0.0.0.0/x",
            "http://[::1]/x",
            "http://[::ffff:127.0.0.1]/x",
            "http://169.254.169.254/latest",
            "http://[fe80::1]/x",
            "http://[64:ff9b::7f00:1]/x",
            "http://[64:ff9b::a9fe:a9fe]/latest",
            "http://[fd00:ec2::254]/latest",
            "http://100.100.100.200/latest",
            "http://168.63.129.16/machine",
            "http://localhost/x",
        ] {
            assert_eq!(may_send_to(url, false).await, Err(CallbackRefused::NotAllowed), "{url}");
        }
        assert_eq!(may_send_to("http://127.0.0.1/x", true).await, Ok(()), "a setting allows it");
        assert_eq!(may_send_to("http://169.254.169.254/x", true).await, Err(CallbackRefused::NotAllowed));
        assert_eq!(
            may_send_to("http://10.1.2.3/x", false).await,
            Ok(()),
            "a registered address of the own network"
        );
    }
}
