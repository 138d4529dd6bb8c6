//! Certificates of an authority that only one test knows, and an HTTPS server that shows one.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{Ipv4Addr, TcpListener, TcpStream},
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};

/// A certificate authority.
pub struct TestCa(CertifiedIssuer<'static, KeyPair>);

/// A server's certificate with its key, in PEM.
pub struct ServerCert {
    /// The certificate.
    pub cert: String,
    /// Its key.
    pub key: String,
}

impl TestCa {
    /// A new authority.
    ///
    /// # Panics
    /// When no key can be made.
    #[must_use]
    pub fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).expect("no names");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key");
        Self(CertifiedIssuer::self_signed(params, key).expect("an authority"))
    }

    /// A certificate for one host name or address.
    ///
    /// # Panics
    /// When `host` is neither.
    #[must_use]
    pub fn certify(&self, host: &str) -> ServerCert {
        let key = KeyPair::generate().expect("a key");
        let params = CertificateParams::new(vec![host.to_owned()]).expect("a host");
        let cert = params.signed_by(&key, &self.0).expect("a certificate");
        ServerCert { cert: cert.pem(), key: key.serialize_pem() }
    }

    /// Writes the authority's own certificate, as a `ca_file`.
    ///
    /// # Panics
    /// When it cannot.
    pub fn write_to(&self, file: &Path) {
        std::fs::write(file, self.0.pem()).expect("the CA file");
    }
}

impl Default for TestCa {
    fn default() -> Self {
        Self::new()
    }
}

/// Answers every request with an empty 200, on 127.0.0.1, as long as the test's process lives.
pub struct HttpsServer {
    port: u16,
    seen: Arc<Mutex<Vec<String>>>,
}

impl HttpsServer {
    /// Starts it.
    ///
    /// # Panics
    /// When there is no free port.
    #[must_use]
    pub fn start(certificate: &ServerCert) -> Self {
        let chain = vec![CertificateDer::from_pem_slice(certificate.cert.as_bytes()).expect("a certificate")];
        let key = PrivateKeyDer::from_pem_slice(certificate.key.as_bytes()).expect("a key");
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, key))
            .expect("a configuration");
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let port = listener.local_addr().expect("its address").port();
        let (config, seen) = (Arc::new(config), Arc::<Mutex<Vec<String>>>::default());
        let requests = Arc::clone(&seen);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                // A client that trusts nobody goes away in the middle of the handshake.
                if let Ok(request) = answer(&config, stream) {
                    requests.lock().unwrap_or_else(PoisonError::into_inner).push(request);
                }
            }
        });
        Self { port, seen }
    }

    /// Its port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// First lines of the requests so far.
    #[must_use]
    pub fn seen(&self) -> Vec<String> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn answer(config: &Arc<rustls::ServerConfig>, stream: TcpStream) -> std::io::Result<String> {
    let connection = rustls::ServerConnection::new(Arc::clone(config)).map_err(std::io::Error::other)?;
    let mut reader = BufReader::new(rustls::StreamOwned::new(connection, stream));
    let mut first = String::new();
    reader.read_line(&mut first)?;
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap_or(0);
        }
        if line.trim().is_empty() {
            break;
        }
    }
    reader.read_exact(&mut vec![0; length])?;
    let stream = reader.get_mut();
    stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")?;
    stream.conn.send_close_notify();
    stream.flush()?;
    Ok(first.trim().to_owned())
}
