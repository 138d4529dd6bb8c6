//! Use cases: link, update, unlink, resolve. Each is a batch whose items do not harm each other.

mod change;
mod resolve;

pub(crate) use change::{link, unlink, update};
pub(crate) use resolve::resolve;

use platform::Permission;

/// What a partner needs to send messages to the mapper.
pub(crate) const CALL: Permission = Permission::new("mapper:call");

pub(crate) fn set_of(found: Vec<String>) -> std::collections::HashSet<String> {
    found.into_iter().collect()
}
