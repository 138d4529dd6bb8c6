//! The list of services, in one place.

use platform::{Service, config::Loaded};

/// Work that is done for each service in turn.
pub trait Visitor {
    /// Does it for `S`.
    ///
    /// # Errors
    /// Stops the round.
    fn visit<S: Service>(&mut self) -> impl Future<Output = anyhow::Result<()>>;
}

/// Visits every service, those that others call first.
///
/// # Errors
/// The first error of the visitor.
pub async fn each(visitor: &mut impl Visitor) -> anyhow::Result<()> {
    visitor.visit::<spar_mapper::Service>().await?;
    visitor.visit::<example_bank::Service>().await?;
    visitor.visit::<g2p_bridge::Service>().await?;
    visitor.visit::<social_registry::Service>().await?;
    visitor.visit::<dedup::Service>().await?;
    visitor.visit::<pbms_beneficiary_registry::Service>().await?;
    visitor.visit::<spar_self_service::Service>().await
}

/// Names and default ports, in the order of their ports.
pub const SERVICES: &[(&str, u16)] = &[
    ("social-registry", 8001),
    ("pbms-beneficiary-registry", 8002),
    ("spar-mapper", 8003),
    ("spar-self-service", 8004),
    ("g2p-bridge", 8005),
    ("dedup", 8006),
    ("example-bank", 8007),
];

/// Configuration of `S` from a file and an environment.
///
/// # Errors
/// Names the wrong key.
pub fn load<S: Service>(
    file: Option<&std::path::Path>,
    env: &std::collections::BTreeMap<String, String>,
) -> anyhow::Result<Loaded<S::Config>> {
    let section = platform::service::schema_name(S::NAME);
    Ok(platform::config::load(&section, S::DEFAULT_PORT, file, env)?)
}
