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

const SECRETS: &str = "secrets.json";

/// The directory of one development installation.
#[derive(Debug, Clone)]
pub struct DataDir {
    root: PathBuf,
}

impl DataDir {
    /// The directory; made when the first key or secret is.
    #[must_use]
    pub fn new(root: &Path) -> Self {
        Self { root: root.to_owned() }
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
        let _alone = self.lock()?;
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
        let _alone = self.lock()?;
        let mut all = self.secrets()?;
        if let Some(secret) = all.get(name) {
            return Ok(secret.clone());
        }
        let secret = random_token(24)?;
        all.insert(name.to_owned(), secret.clone());
        write_private(&self.path(SECRETS), &serde_json::to_string_pretty(&all)?)?;
        Ok(secret)
    }

    /// A secret by name, if there is one. Makes nothing.
    ///
    /// # Errors
    /// When the file is there and cannot be read.
    pub fn stored(&self, name: &str) -> anyhow::Result<Option<String>> {
        Ok(self.secrets()?.remove(name))
    }

    fn secrets(&self) -> anyhow::Result<BTreeMap<String, String>> {
        let path = self.path(SECRETS);
        if !path.is_file() {
            return Ok(BTreeMap::new());
        }
        let text = fs::read_to_string(&path).with_context(|| format!("{} cannot be read", path.display()))?;
        serde_json::from_str(&text).with_context(|| format!("{} is damaged", path.display()))
    }

    /// One process at a time makes keys and secrets: until the value is dropped.
    fn lock(&self) -> anyhow::Result<fs::File> {
        let make = || {
            fs::create_dir_all(self.root.join("keys"))?;
            let file = fs::OpenOptions::new()
                .create(true)
                .truncate(false)
                .write(true)
                .mode(0o600)
                .open(self.path("lock"))?;
            file.lock()?;
            Ok::<_, std::io::Error>(file)
        };
        make().with_context(|| format!("cannot write in {}", self.root.display()))
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
        let data = DataDir::new(dir.path());
        assert_eq!(data.key("DEMO").unwrap().kid(), data.key("DEMO").unwrap().kid());
        assert_ne!(data.key("DEMO").unwrap().kid(), data.key("PBMS").unwrap().kid());
        assert_eq!(data.secret("a").unwrap(), data.secret("a").unwrap());
        assert_ne!(data.secret("a").unwrap(), data.secret("b").unwrap());
    }

    #[test]
    fn asking_for_a_secret_makes_none() {
        let dir = tempfile::tempdir().unwrap();
        let data = DataDir::new(&dir.path().join("none"));
        assert_eq!(data.stored("a").unwrap(), None);
        assert!(!data.root().exists());
    }

    #[test]
    fn two_at_once_lose_no_secret() {
        let dir = tempfile::tempdir().unwrap();
        let data = DataDir::new(dir.path());
        let made: Vec<String> = std::thread::scope(|scope| {
            let one = |n: i32| {
                scope.spawn({
                    let data = &data;
                    move || data.secret(&n.to_string()).unwrap()
                })
            };
            let all: Vec<_> = (0..8).map(one).collect();
            all.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        for (n, secret) in made.iter().enumerate() {
            assert_eq!(data.stored(&n.to_string()).unwrap().as_ref(), Some(secret));
        }
    }
}
