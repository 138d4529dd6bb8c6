//! Signing people in at OpenID providers: the authorization code flow with PKCE (S256), for pages with a session on the
//! server.
//!
//! [`Provider::begin`] makes the address that the browser is sent to, and a [`Pending`] that the service keeps, bound to
//! that browser, for one use. When the browser comes back [`Provider::finish`] trades the code for tokens and checks all
//! that is to be checked. No token leaves the server. Two sources say who somebody is, the verified ID token and the
//! provider's userinfo for the same `sub`; the access token is only ever sent to the userinfo endpoint, never read.

mod bearer;
mod begin;
mod discovery;
mod finish;
mod id_token;
mod identity;
mod provider;
mod settings;

pub use bearer::unverified_issuer;
pub use begin::{Ask, Begun, Pending, challenge};
pub use finish::SignedIn;
pub use identity::IdTemplate;
pub use provider::{OidcError, Provider};
pub use settings::{ClientAuth, Preset, ProviderSettings, Userinfo, is_safe};
