//! Where the server binaries of PostgreSQL are.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use super::ClusterError;

/// One installation's `bin` directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Binaries {
    bin: PathBuf,
}

impl Binaries {
    /// The installation to use for the cluster in `dir`: the first found, or, when data is there already, the first
    /// of the major version that made it.
    pub(super) fn find(dir: &Path) -> Result<Self, ClusterError> {
        let found = installations();
        let data_version = fs::read_to_string(dir.join("data/PG_VERSION")).ok();
        let Some(wanted) = data_version.as_deref().map(str::trim) else {
            return found.into_iter().next().ok_or(ClusterError::NoBinaries);
        };
        if found.is_empty() {
            return Err(ClusterError::NoBinaries);
        }
        let versions: Vec<String> = found.iter().map(Self::major_version).collect();
        match found.into_iter().zip(&versions).find(|(_, version)| *version == wanted) {
            Some((binaries, _)) => Ok(binaries),
            None => Err(ClusterError::OtherVersion {
                dir: dir.to_owned(),
                data: wanted.to_owned(),
                found: versions.join(", "),
            }),
        }
    }

    pub(super) fn initdb(&self) -> PathBuf {
        self.bin.join("initdb")
    }

    pub(super) fn pg_ctl(&self) -> PathBuf {
        self.bin.join("pg_ctl")
    }

    /// `15` of `postgres (PostgreSQL) 15.18 (Debian …)`; empty when it does not answer.
    fn major_version(&self) -> String {
        let output = Command::new(self.bin.join("postgres")).arg("--version").output();
        let text = output.map(|o| String::from_utf8_lossy(&o.stdout).into_owned()).unwrap_or_default();
        let version = text.split_whitespace().find(|word| word.starts_with(|c: char| c.is_ascii_digit()));
        version.unwrap_or_default().chars().take_while(char::is_ascii_digit).collect()
    }
}

/// Every installation, best first, each once.
fn installations() -> Vec<Binaries> {
    let mut directories: Vec<PathBuf> =
        env::var_os("PATH").iter().flat_map(env::split_paths).filter_map(|dir| real_bin(&dir)).collect();
    directories.extend(pg_config_bindir());
    for root in ["/usr/lib/postgresql", "/usr/local/lib/postgresql"] {
        directories.extend(versioned_bins(Path::new(root)));
    }
    directories.extend(["/usr/local/pgsql/bin", "/usr/bin"].map(PathBuf::from));
    let mut found = Vec::<Binaries>::new();
    for bin in directories {
        let binaries = Binaries { bin };
        if is_complete(&binaries.bin) && !found.contains(&binaries) {
            found.push(binaries);
        }
    }
    found
}

/// The directory that `initdb` of a PATH entry really is in: distributions put links into /usr/local/bin.
fn real_bin(dir: &Path) -> Option<PathBuf> {
    let initdb = fs::canonicalize(dir.join("initdb")).ok()?;
    initdb.parent().map(Path::to_owned)
}

fn pg_config_bindir() -> Option<PathBuf> {
    let output = Command::new("pg_config").arg("--bindir").output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| PathBuf::from(text.trim()))
}

/// `<root>/<version>/bin`, newest version first.
fn versioned_bins(root: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(root).into_iter().flatten().filter_map(Result::ok);
    let mut versions: Vec<(u32, PathBuf)> = entries
        .filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path().join("bin"))))
        .collect();
    versions.sort_by_key(|(version, _)| std::cmp::Reverse(*version));
    versions.into_iter().map(|(_, bin)| bin).collect()
}

fn is_complete(bin: &Path) -> bool {
    ["initdb", "pg_ctl", "postgres"].iter().all(|program| bin.join(program).is_file())
}
