//! The workspace's own programs, for tests that run them as a user does.

use std::{env, path::PathBuf};

/// The built program of that name, for example `openg2p`: `OPENG2P_BIN_DIR` when set, else the directory this test
/// was built into.
///
/// # Panics
/// When it is not built; the message says how.
#[must_use]
pub fn program(name: &str) -> PathBuf {
    let directory = env::var_os("OPENG2P_BIN_DIR").map_or_else(
        || {
            let test = env::current_exe().expect("the path of this test");
            // target/<profile>/deps/<test>
            test.parent().and_then(|deps| deps.parent()).expect("the build directory").to_owned()
        },
        PathBuf::from,
    );
    let program = directory.join(name);
    assert!(
        program.is_file(),
        "{} is not built: run `cargo build --workspace --bins` (make does)",
        program.display()
    );
    program
}
