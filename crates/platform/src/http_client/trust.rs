//! Whose certificates are believed.

use std::sync::OnceLock;

use rustls::pki_types::{CertificateDer, pem::PemObject};

/// Trusts as [`HttpClient::new`](super::HttpClient::new) says.
pub(crate) fn tls_config(ca_file: Option<&std::path::Path>) -> anyhow::Result<rustls::ClientConfig> {
    let roots = trusted_roots(ca_file)?;
    Ok(rustls::ClientConfig::builder().with_root_certificates(roots).with_no_client_auth())
}

fn trusted_roots(ca_file: Option<&std::path::Path>) -> anyhow::Result<rustls::RootCertStore> {
    static COMMON: OnceLock<rustls::RootCertStore> = OnceLock::new();
    let common = COMMON.get_or_init(|| {
        let mut roots = rustls::RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        // A system without a store, or with a strange certificate in it, is no reason not to start.
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        roots
    });
    let mut roots = common.clone();
    let Some(path) = ca_file else { return Ok(roots) };
    let wrong = |why: String| anyhow::anyhow!("ca_file {} {why}", path.display());
    let mut found = 0_usize;
    for certificate in
        CertificateDer::pem_file_iter(path).map_err(|e| wrong(format!("cannot be read: {e}")))?
    {
        let certificate = certificate.map_err(|e| wrong(format!("is not PEM: {e}")))?;
        roots.add(certificate).map_err(|e| wrong(format!("has a certificate that is no authority: {e}")))?;
        found += 1;
    }
    anyhow::ensure!(found > 0, wrong("holds no certificate".to_owned()));
    Ok(roots)
}
