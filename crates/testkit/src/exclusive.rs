//! One at a time, across processes.

use std::fs::File;

use crate::servers_dir;

/// Waits until no other test holds the same name, and holds it until the value goes. For tests that run a whole
/// system: two at once would measure each other.
///
/// # Panics
/// When the lock file cannot be used.
#[must_use]
pub fn exclusive(name: &str) -> Exclusive {
    let path = servers_dir().join(format!("{name}.lock"));
    let file = File::options().create(true).append(true).open(&path).expect("the lock file");
    file.lock().expect("the lock");
    Exclusive { _file: file }
}

/// Held while it lives.
pub struct Exclusive {
    _file: File,
}
