//! `openg2p check-statement`: whether a statement of the bridge is the one it signed.

use std::{
    fs::{self, File},
    io::Read,
    path::{Path, PathBuf},
};

use anyhow::{Context, ensure};
use g2p_bridge::app::envelope_statement::Manifest;
use g2p_crypto::{Jwks, Sha256, verify_attached};

/// Arguments of the command.
#[derive(Debug, clap::Args)]
pub struct CheckStatementArgs {
    /// The CSV file.
    file: PathBuf,
    /// Its signature: what `statement.csv.jws` or the header `Statement-Signature` says, as a file.
    #[arg(long)]
    signature: PathBuf,
    /// The bridge's public keys: `/.well-known/jwks.json`, as a file.
    #[arg(long)]
    keys: PathBuf,
}

/// Checks, and says what was signed.
///
/// # Errors
/// What is wrong.
#[allow(clippy::print_stdout)]
pub fn run(args: &CheckStatementArgs) -> anyhow::Result<()> {
    let manifest = check(&args.file, &args.signature, &args.keys)?;
    println!("{} is the statement that the bridge signed.", args.file.display());
    println!("envelope {}, as of {}", manifest.envelope_id, manifest.as_of);
    println!("paid {} {}", manifest.currency, manifest.paid);
    let agrees = if manifest.agrees_with_bank { "equals" } else { "does NOT equal" };
    println!("It {agrees} the bank statements that were on file.");
    Ok(())
}

fn check(file: &Path, signature: &Path, keys: &Path) -> anyhow::Result<Manifest> {
    let read =
        |path: &Path| fs::read_to_string(path).with_context(|| format!("{} cannot be read", path.display()));
    let keys: Jwks = serde_json::from_str(&read(keys)?)
        .with_context(|| format!("{} is no JSON Web Key Set", keys.display()))?;
    let signed = verify_attached(read(signature)?.trim(), &keys)
        .with_context(|| format!("{} is not signed with one of these keys", signature.display()))?;
    let manifest: Manifest =
        serde_json::from_slice(&signed.payload).context("what was signed is not about a statement")?;
    ensure!(manifest.what == Manifest::WHAT, "what was signed is not about a statement");
    let (bytes, sha256) = digest(file).with_context(|| format!("{} cannot be read", file.display()))?;
    ensure!(
        bytes == manifest.bytes && sha256 == manifest.sha256,
        "{} is not the file that was signed: it has {bytes} bytes and the SHA-256 {sha256}, signed were {} bytes with {}. \
         If the envelope changed between the two downloads, fetch both again",
        file.display(),
        manifest.bytes,
        manifest.sha256
    );
    Ok(manifest)
}

fn digest(path: &Path) -> std::io::Result<(u64, String)> {
    let (mut file, mut digest, mut bytes) = (File::open(path)?, Sha256::default(), 0);
    let mut piece = vec![0; 64 * 1024];
    loop {
        let read = file.read(&mut piece)?;
        let Some(part) = piece.get(..read).filter(|part| !part.is_empty()) else { break };
        digest.update(part);
        bytes += read as u64;
    }
    Ok((bytes, digest.finish().iter().map(|byte| format!("{byte:02x}")).collect()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use std::fs;

    use g2p_bridge::app::envelope_statement::Manifest;
    use g2p_crypto::{SigningKey, sha256_hex, sign_attached};

    use super::check;

    #[test]
    fn only_the_signed_bytes_pass_and_only_under_the_bridges_key() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let (key, text) = (SigningKey::generate_ed25519().unwrap(), "a,b\r\n1,2\r\n");
        let manifest = Manifest {
            what: Manifest::WHAT.to_owned(),
            envelope_id: "EV1".to_owned(),
            as_of: "2026-12-01T00:00:00Z".to_owned(),
            currency: "KES".to_owned(),
            paid: "2.00".to_owned(),
            agrees_with_bank: true,
            bytes: text.len() as u64,
            sha256: sha256_hex(text.as_bytes()),
        };
        let signature = sign_attached(&key, &serde_json::to_vec(&manifest).unwrap()).unwrap();
        fs::write(path("s.csv"), text).unwrap();
        fs::write(path("s.jws"), format!("{signature}\n")).unwrap();
        let keys = |key: &SigningKey| {
            fs::write(path("keys.json"), serde_json::to_vec(&key.public_jwks()).unwrap()).unwrap();
        };
        keys(&key);
        assert_eq!(check(&path("s.csv"), &path("s.jws"), &path("keys.json")).unwrap(), manifest);
        fs::write(path("s.csv"), "a,b\r\n1,3\r\n").unwrap();
        let changed = check(&path("s.csv"), &path("s.jws"), &path("keys.json")).unwrap_err().to_string();
        assert!(changed.contains("is not the file that was signed"), "{changed}");
        fs::write(path("s.csv"), text).unwrap();
        keys(&SigningKey::generate_ed25519().unwrap());
        let other = check(&path("s.csv"), &path("s.jws"), &path("keys.json")).unwrap_err().to_string();
        assert!(other.contains("is not signed with one of these keys"), "{other}");
    }
}
