//! Where a request came from, as far as proxies that we trust say so.
//!
//! Behind a gateway the connection is plain HTTP from the gateway's address. What the client really used stands in the
//! `X-Forwarded-*` headers, which anybody can write: they count only on a connection from one of `trusted_proxies`.

use std::{
    future::{Ready, ready},
    net::{IpAddr, Ipv4Addr},
    sync::Arc,
};

use actix_web::{FromRequest, HttpRequest, dev::Payload, http::uri::Authority, web};

use crate::ApiError;

/// A network: an address and the number of its leading bits that count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    bits: u32,
}

impl Network {
    /// Reads `10.0.0.0/8`, `fd00::/8`, or an address alone.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (address, bits) = match text.trim().split_once('/') {
            Some((address, bits)) => (address.parse().ok()?, Some(bits.parse().ok()?)),
            None => (text.trim().parse().ok()?, None),
        };
        let longest = if matches!(address, IpAddr::V4(_)) { 32 } else { 128 };
        let bits = bits.unwrap_or(longest);
        (bits <= longest).then_some(Self { address, bits })
    }

    /// Whether the address belongs to the network. An IPv4 address that a dual-stack socket shows as
    /// `::ffff:192.0.2.1` is that IPv4 address.
    #[must_use]
    pub fn contains(self, address: IpAddr) -> bool {
        match (self.address, address.to_canonical()) {
            (IpAddr::V4(a), IpAddr::V4(b)) => {
                same(u128::from(a.to_bits()) << 96, u128::from(b.to_bits()) << 96, self.bits)
            }
            (IpAddr::V6(a), IpAddr::V6(b)) => same(a.to_bits(), b.to_bits(), self.bits),
            _ => false,
        }
    }
}

fn same(a: u128, b: u128, bits: u32) -> bool {
    // A shift by all 128 bits has no result: then nothing is compared.
    (a ^ b).checked_shr(128 - bits).unwrap_or(0) == 0
}

/// The proxies of `trusted_proxies`; the server puts them into the application data.
#[derive(Debug, Clone, Default)]
pub struct TrustedProxies(Arc<[Network]>);

impl TrustedProxies {
    /// Reads the configuration's list.
    ///
    /// # Errors
    /// The entry that is neither an address nor a network.
    pub fn parse(entries: &[String]) -> Result<Self, String> {
        let network = |entry: &String| Network::parse(entry).ok_or_else(|| entry.clone());
        Ok(Self(entries.iter().map(network).collect::<Result<Vec<_>, _>>()?.into()))
    }

    /// Whether the address is that of a trusted proxy.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(address))
    }
}

/// What the client used to reach us: for links, cookies, redirects and rate limits. Never for authorisation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestOrigin {
    /// `http` or `https`.
    pub scheme: &'static str,
    /// Host, with the port when it is not the scheme's own.
    pub host: String,
    /// The client's address: personal data, not for logs.
    pub client_ip: IpAddr,
}

impl RequestOrigin {
    /// Reads it from a request.
    #[must_use]
    pub fn of(request: &HttpRequest) -> Self {
        let peer =
            request.peer_addr().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.ip().to_canonical());
        let host = valid_host(header(request, "Host").next().unwrap_or_default()).unwrap_or_default();
        let direct = Self { scheme: "http", host, client_ip: peer };
        match request.app_data::<web::Data<TrustedProxies>>() {
            Some(proxies) if proxies.contains(peer) => direct.forwarded(request, proxies),
            _ => direct,
        }
    }

    /// Of a list, the last value is the one that our own proxy wrote; those before it are the client's word.
    fn forwarded(self, request: &HttpRequest, proxies: &TrustedProxies) -> Self {
        let scheme = match header(request, "X-Forwarded-Proto").last() {
            Some(proto) if proto.eq_ignore_ascii_case("https") => "https",
            _ => self.scheme,
        };
        let host = header(request, "X-Forwarded-Host").last().and_then(valid_host).unwrap_or(self.host);
        let mut client_ip = self.client_ip;
        // Each proxy appends the address it saw. The first one from the right that is no proxy of ours is the client.
        let seen: Vec<&str> = header(request, "X-Forwarded-For").collect();
        for hop in seen.iter().rev() {
            let Some(address) = address_of(hop) else { break };
            client_ip = address;
            if !proxies.contains(address) {
                break;
            }
        }
        Self { scheme, host, client_ip }
    }

    /// `https://registry.example.org`, without a slash at the end and without the base path.
    #[must_use]
    pub fn url(&self) -> String {
        format!("{}://{}", self.scheme, self.host)
    }

    /// Whether the client came by HTTPS.
    #[must_use]
    pub fn is_https(&self) -> bool {
        self.scheme == "https"
    }
}

impl FromRequest for RequestOrigin {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(Self::of(request)))
    }
}

/// The values of a header, over all its lines and commas.
fn header<'a>(request: &'a HttpRequest, name: &'static str) -> impl Iterator<Item = &'a str> {
    let lines = request.headers().get_all(name).filter_map(|value| value.to_str().ok());
    lines.flat_map(|line| line.split(',')).map(str::trim)
}

fn valid_host(text: &str) -> Option<String> {
    let authority: Authority = text.parse().ok()?;
    // `user@host` is an authority too.
    (!authority.host().is_empty() && !text.contains('@')).then(|| text.to_owned())
}

/// `192.0.2.1`, `192.0.2.1:4711`, `2001:db8::1`, `[2001:db8::1]:4711`.
fn address_of(text: &str) -> Option<IpAddr> {
    let bare = text.trim_matches('"');
    let address = bare
        .parse::<IpAddr>()
        .ok()
        .or_else(|| bare.parse::<std::net::SocketAddr>().ok().map(|socket| socket.ip()))
        .or_else(|| bare.strip_prefix('[')?.strip_suffix(']')?.parse().ok())?;
    Some(address.to_canonical())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use actix_web::{test::TestRequest, web};

    use super::{Network, RequestOrigin, TrustedProxies};

    fn origin(peer: &str, headers: &[(&'static str, &str)]) -> (String, String) {
        let proxies = TrustedProxies::parse(&["10.0.0.0/8".to_owned(), "fd00::1".to_owned()]).unwrap();
        let mut request = TestRequest::default()
            .peer_addr(std::net::SocketAddr::new(peer.parse().unwrap(), 4711))
            .insert_header(("Host", "inside:8001"))
            .app_data(web::Data::new(proxies));
        for header in headers {
            request = request.append_header(*header);
        }
        let origin = RequestOrigin::of(&request.to_http_request());
        (origin.url(), origin.client_ip.to_string())
    }

    fn expect(url: &str, client: &str) -> (String, String) {
        (url.to_owned(), client.to_owned())
    }

    const FORWARDED: &[(&str, &str)] = &[
        ("X-Forwarded-Proto", "https"),
        ("X-Forwarded-Host", "pay.example.org"),
        ("X-Forwarded-For", "192.0.2.7"),
    ];

    #[test]
    fn a_trusted_proxy_is_believed_and_nobody_else() {
        assert_eq!(origin("10.1.2.3", FORWARDED), expect("https://pay.example.org", "192.0.2.7"));
        assert_eq!(origin("::ffff:10.1.2.3", FORWARDED), expect("https://pay.example.org", "192.0.2.7"));
        assert_eq!(origin("192.0.2.99", FORWARDED), expect("http://inside:8001", "192.0.2.99"));
        assert_eq!(origin("10.1.2.3", &[]), expect("http://inside:8001", "10.1.2.3"));
    }

    #[test]
    fn what_the_client_wrote_before_the_proxy_does_not_count() {
        let forged = [
            ("X-Forwarded-For", "127.0.0.1, 192.0.2.7"),
            ("X-Forwarded-For", "10.9.9.9"),
            ("X-Forwarded-Proto", "https, http"),
            ("X-Forwarded-Host", "evil.example, good.example:8443"),
        ];
        assert_eq!(origin("10.1.2.3", &forged), expect("http://good.example:8443", "192.0.2.7"));
    }

    #[test]
    fn nonsense_in_the_headers_leaves_what_the_connection_says() {
        let nonsense = [
            ("X-Forwarded-For", "unknown"),
            ("X-Forwarded-Proto", "javascript"),
            ("X-Forwarded-Host", "a b\"<script>"),
        ];
        assert_eq!(origin("10.1.2.3", &nonsense), expect("http://inside:8001", "10.1.2.3"));
        let user = [("X-Forwarded-Host", "user@evil.example"), ("X-Forwarded-For", "[2001:db8::1]:99")];
        assert_eq!(origin("10.1.2.3", &user), expect("http://inside:8001", "2001:db8::1"));
    }

    #[test]
    fn networks_contain_their_addresses_only() {
        let holds = |network: &str, address: &str| {
            Network::parse(network).unwrap().contains(address.parse().unwrap())
        };
        assert!(holds("10.0.0.0/8", "10.255.0.1") && !holds("10.0.0.0/8", "11.0.0.1"));
        assert!(holds("127.0.0.1", "127.0.0.1") && !holds("127.0.0.1", "127.0.0.2"));
        assert!(holds("fd00::/8", "fd12::1") && !holds("fd00::/8", "10.0.0.1"));
        assert!(holds("0.0.0.0/0", "192.0.2.1") && holds("::/0", "2001:db8::1"));
        assert_eq!(["", "x", "10.0.0.0/33", "10.0.0.0/x"].map(Network::parse), [None; 4]);
        assert_eq!(TrustedProxies::parse(&["proxy".to_owned()]).unwrap_err(), "proxy");
    }
}
