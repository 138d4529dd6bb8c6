//! social-registry
