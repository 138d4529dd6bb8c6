//! What every service stands on: configuration, telemetry, errors, callers, partner messages, idempotency, the HTTP
//! server and the shared command line.

mod admin;
pub mod auth;
pub mod body;
pub mod callback;
pub mod cli;
pub mod clock;
pub mod config;
pub mod ctx;
pub mod envelope_fault;
pub mod error;
mod http_app;
pub mod http_client;
mod http_guard;
mod issuer_keys;
pub mod masked;
pub mod oidc;
pub mod origin;
pub mod page;
pub mod partners;
pub mod replay;
pub use replay::{once, once_by_key, once_kept, once_read};
pub mod server;
pub mod service;
pub mod signed;
pub mod telemetry;

pub use auth::{Authenticator, Caller};
pub use body::ApiJson;
pub use cli::main;
pub use clock::Clock;
pub use config::CommonConfig;
pub use ctx::{Actor, Ctx, Permission, TenantId, same_person};
pub use envelope_fault::{EnvelopeFault, PartnerError, SchemaFault};
pub use error::{ApiError, ApiResult, FieldError, Problem};
pub use http_app::openapi;
pub use http_client::{Answer, CallError, HttpClient};
pub use masked::{Masked, mask_tail};
pub use origin::RequestOrigin;
pub use page::{Page, PageQuery};
pub use partners::{Mode, Partner, PartnerRegistry, Policy};
pub use service::{Runtime, Service};
pub use signed::{Sender, SignedBody};

/// Installs ring as the process's TLS provider. Every entry point calls it; calling it again changes nothing.
pub fn init_crypto() {
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| {
        // Fails only when another provider is already there, which serves as well.
        let _ = rustls::crypto::ring::default_provider().install_default();
    });
}
