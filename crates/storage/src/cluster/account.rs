//! Which account of the machine runs the server, and which directory that account can use.

use std::{
    fs::{self, File},
    io::{self, Write},
    os::unix::{
        fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt, fchown, lchown},
        process::CommandExt,
    },
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use nix::{
    libc::O_NOFOLLOW,
    unistd::{Uid, User},
};
use uuid::Uuid;

use super::{ClusterError, io_error};

/// The account that private servers run as: our own, or, because servers refuse root, another one when we are root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// User and group to switch to; `None` when we already are that user.
    switch_to: Option<(u32, u32)>,
    home: PathBuf,
}

impl Account {
    /// The account for a server whose files are in `dir`. When we are root it is the directory's present owner, else
    /// the first of the users `postgres` and `nobody` that exists.
    ///
    /// # Errors
    /// [`ClusterError::NoAccount`] as root without such a user, [`ClusterError::NotOurs`] when we are not root and
    /// the directory is another user's.
    pub fn for_dir(dir: &Path) -> Result<Self, ClusterError> {
        Self::for_dir_as(dir, &["postgres", "nobody"])
    }

    /// As [`Account::for_dir`], with the users to try, for servers other than Postgres.
    ///
    /// # Errors
    /// As [`Account::for_dir`].
    pub fn for_dir_as(dir: &Path, users: &[&str]) -> Result<Self, ClusterError> {
        let home = dir.to_owned();
        let owner = fs::metadata(dir).ok().map(|m| (m.uid(), m.gid()));
        let me = Uid::effective();
        if !me.is_root() {
            return match owner {
                Some((uid, _)) if uid != me.as_raw() => Err(ClusterError::NotOurs { dir: home, owner: uid }),
                _ => Ok(Self { switch_to: None, home }),
            };
        }
        let owner = owner.filter(|(uid, _)| *uid != 0);
        let user = || users.iter().find_map(|name| User::from_name(name).ok().flatten());
        let switch_to = owner.or_else(|| user().map(|u| (u.uid.as_raw(), u.gid.as_raw())));
        match switch_to {
            Some(ids) => Ok(Self { switch_to: Some(ids), home }),
            None => Err(ClusterError::NoAccount),
        }
    }

    /// A command that runs as this account, in a directory it can enter, with English messages and no input.
    #[must_use]
    pub fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.current_dir("/").env("LC_ALL", "C").env("HOME", &self.home).stdin(Stdio::null());
        // A surrounding session must not redirect the server's own tools.
        for variable in ["PGDATA", "PGHOST", "PGPORT", "PGUSER", "PGPASSWORD", "PGDATABASE", "PGOPTIONS"] {
            command.env_remove(variable);
        }
        if let Some((uid, gid)) = self.switch_to {
            command.uid(uid).gid(gid);
        }
        command
    }

    /// Makes the directory with its parents; only this account (and root) may look inside the last one.
    ///
    /// # Errors
    /// When it cannot be made or handed over.
    pub fn make_private_dir(&self, dir: &Path) -> Result<(), ClusterError> {
        let problem = || format!("cannot make {}", dir.display());
        if let Some(parent) = dir.parent() {
            fs::create_dir_all(parent).map_err(io_error(problem()))?;
        }
        match fs::DirBuilder::new().mode(0o700).create(dir) {
            Err(e) if e.kind() != io::ErrorKind::AlreadyExists => return Err(io_error(problem())(e)),
            _ => {}
        }
        let Some((uid, gid)) = self.switch_to else { return Ok(()) };
        lchown(dir, Some(uid), Some(gid)).map_err(io_error(problem()))
    }

    /// Writes a file that only this account (and root) may read.
    ///
    /// # Errors
    /// When it cannot be written or handed over.
    pub fn write_private(&self, path: &Path, text: &str) -> Result<(), ClusterError> {
        let mut file = self.open_private(path)?;
        let written = file.set_len(0).and_then(|()| file.write_all(text.as_bytes()));
        written.map_err(io_error(format!("cannot write {}", path.display())))
    }

    /// Opens or makes a file that only this account (and root) may read. A link in its place is refused: root must
    /// not be led to another file by whoever owns the directory.
    pub(super) fn open_private(&self, path: &Path) -> Result<File, ClusterError> {
        let problem = || format!("cannot open {}", path.display());
        let mut options = File::options();
        options.create(true).read(true).write(true).truncate(false).mode(0o600).custom_flags(O_NOFOLLOW);
        let file = options.open(path).map_err(io_error(problem()))?;
        if let Some((uid, gid)) = self.switch_to {
            fchown(&file, Some(uid), Some(gid)).map_err(io_error(problem()))?;
        }
        Ok(file)
    }

    /// Whether this account can enter the directory and everything above it.
    fn can_enter(&self, dir: &Path) -> bool {
        let mut command = self.command(Path::new("/bin/sh"));
        command.args(["-c", "cd \"$1\"", "sh"]).arg(dir).stdout(Stdio::null()).stderr(Stdio::null());
        command.status().is_ok_and(|status| status.success())
    }
}

/// A directory for private servers: `wanted` when the account that runs them can use it, else
/// `/var/tmp/openg2p-<hash of wanted's parent>`. It is made when it is not there.
///
/// # Errors
/// When neither can be made and entered.
pub fn private_dir(wanted: &Path) -> Result<PathBuf, ClusterError> {
    if usable(wanted, Uid::effective().is_root()).is_ok_and(|yes| yes) {
        // Servers want absolute paths without links.
        return fs::canonicalize(wanted).map_err(io_error(format!("cannot find {}", wanted.display())));
    }
    let parent = wanted.parent().unwrap_or(wanted);
    let parent = fs::canonicalize(parent).unwrap_or_else(|_| parent.to_owned());
    // Version 5: the same directory has the same name in every release.
    let hash = Uuid::new_v5(&Uuid::NAMESPACE_URL, parent.as_os_str().as_encoded_bytes()).simple().to_string();
    let fallback = PathBuf::from(format!("/var/tmp/openg2p-{}", hash.get(..12).unwrap_or(&hash)));
    match usable(&fallback, false) {
        Ok(true) => {
            // So that whoever stops or deletes the servers of one clone finds them.
            let made_for = parent.join(wanted.file_name().unwrap_or_default());
            fs::write(fallback.join("made-for"), format!("{}\n", made_for.display()))
                .map_err(io_error(format!("cannot write in {}", fallback.display())))?;
            Ok(fallback)
        }
        Ok(false) => {
            let owner = fs::metadata(&fallback).map_or(0, |m| m.uid());
            Err(ClusterError::NotOurs { dir: fallback, owner })
        }
        Err(e) => Err(io_error(format!("cannot use {} nor {}", wanted.display(), fallback.display()))(e)),
    }
}

/// Makes the directory if need be; `false` when it is another user's (unless that is allowed) or the servers' account
/// cannot enter it.
fn usable(dir: &Path, others_may_own: bool) -> io::Result<bool> {
    let existed = dir.exists();
    fs::create_dir_all(dir)?;
    let meta = fs::symlink_metadata(dir)?;
    // /var/tmp is everybody's: a directory or link that somebody else put there is not trusted.
    if !meta.is_dir() || (meta.uid() != Uid::effective().as_raw() && !others_may_own) {
        return Ok(false);
    }
    if !existed {
        fs::set_permissions(dir, fs::Permissions::from_mode(0o755))?;
    }
    let account = Account::for_dir(&dir.join("postgres"));
    let entered = account.is_ok_and(|account| account.can_enter(dir));
    if !entered && !existed {
        fs::remove_dir(dir)?;
    }
    Ok(entered)
}
