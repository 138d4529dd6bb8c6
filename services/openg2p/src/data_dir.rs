//! What `up` and `demo` keep between runs, next to the private cluster: keys, passwords and secrets, readable by the
//! owner only.

use std::{
    collections::BTreeMap,
    fs,
    io::Write,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use anyhow::Context;
use g2p_crypto::{SigningKey, random_token};

/// The directory of one development installation.
#[derive(Debug, Clone)]
pub struct DataDir {
    root: PathBuf,
}

impl DataDir {
    /// Opens or makes the directory.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn open(root: &Path) -> anyhow::Result<Self> {
        fs::create_dir_all(root.join("keys")).with_context(|| format!("cannot make {}", root.display()))?;
        Ok(Self { root: root.to_owned() })
    }

    /// The directory.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Path of a file inside.
    #[must_use]
    pub fn path(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    /// The signing key of a partner or service, made at first use.
    ///
    /// # Errors
    /// When it cannot be read or written.
    pub fn key(&self, name: &str) -> anyhow::Result<SigningKey> {
        let path = self.root.join("keys").join(format!("{name}.pem"));
        if path.is_file() {
            let pem = fs::read_to_string(&path)?;
            return SigningKey::from_pkcs8_pem(&pem)
                .with_context(|| format!("{} is not a key", path.display()));
        }
        let key = SigningKey::generate_ed25519()?;
        write_private(&path, &key.to_pkcs8_pem())?;
        Ok(key)
    }

    /// A secret by name, random at first use.
    ///
    /// # Errors
    /// When it cannot be read or written.
    pub fn secret(&self, name: &str) -> anyhow::Result<String> {
        let path = self.path("secrets.json");
        let mut all: BTreeMap<String, String> = if path.is_file() {
            serde_json::from_str(&fs::read_to_string(&path)?)
                .with_context(|| format!("{} is damaged", path.display()))?
        } else {
            BTreeMap::new()
        };
        if let Some(secret) = all.get(name) {
            return Ok(secret.clone());
        }
        let secret = random_token(24)?;
        all.insert(name.to_owned(), secret.clone());
        write_private(&path, &serde_json::to_string_pretty(&all)?)?;
        Ok(secret)
    }
}

/// Writes a file that only its owner may read, by renaming a finished one into place.
pub(crate) fn write_private(path: &Path, text: &str) -> anyhow::Result<()> {
    let half = path.with_extension("new");
    let mut file = fs::OpenOptions::new().create(true).truncate(true).write(true).mode(0o600).open(&half)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(&half, path).with_context(|| format!("cannot write {}", path.display()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::DataDir;

    #[test]
    fn keys_and_secrets_stay_the_same() {
        let dir = tempfile::tempdir().unwrap();
        let data = DataDir::open(dir.path()).unwrap();
        assert_eq!(data.key("DEMO").unwrap().kid(), data.key("DEMO").unwrap().kid());
        assert_ne!(data.key("DEMO").unwrap().kid(), data.key("PBMS").unwrap().kid());
        assert_eq!(data.secret("a").unwrap(), data.secret("a").unwrap());
        assert_ne!(data.secret("a").unwrap(), data.secret("b").unwrap());
    }
}
