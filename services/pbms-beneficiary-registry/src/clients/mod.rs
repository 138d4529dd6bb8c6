//! Other services, as this one calls them.

pub mod bridge;
pub mod registry;
