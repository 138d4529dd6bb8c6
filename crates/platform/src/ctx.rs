//! Who is asking, for whom, and what they may do. Every use case takes a [`Ctx`].

use std::{collections::BTreeSet, fmt, sync::Arc};

use crate::{ApiError, Clock};

/// A country programme, agency or sandbox inside one installation. Every key of every table starts with it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct TenantId(Arc<str>);

impl TenantId {
    /// The tenant of an installation that has only one.
    pub const DEFAULT: &'static str = "default";

    /// The tenant of this name.
    #[must_use]
    pub fn new(name: &str) -> Self {
        Self(name.into())
    }

    /// The name as it stands in the `tenant_id` columns.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for TenantId {
    fn default() -> Self {
        Self::new(Self::DEFAULT)
    }
}

impl fmt::Display for TenantId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Who acts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Actor {
    /// A person, by the `sub` of the identity provider.
    User(String),
    /// A partner system, by its partner id.
    Partner(String),
    /// This service itself: a job, a consumer, a migration.
    System(&'static str),
}

impl Actor {
    /// `user:maker`, `partner:PBMS`, `system:import`: what history and audit rows hold.
    #[must_use]
    pub fn label(&self) -> String {
        match self {
            Self::User(id) => format!("user:{id}"),
            Self::Partner(id) => format!("partner:{id}"),
            Self::System(what) => format!("system:{what}"),
        }
    }
}

/// Whether two labels can be those of one person: a user who comes by herself is `user:ada`, and `user:ministry:ada` where
/// a helpdesk vouches for her. In doubt it is one person: then somebody else decides.
#[must_use]
pub fn same_person(one: &str, other: &str) -> bool {
    let own = |label: &str| {
        let name = label.strip_prefix("user:")?;
        Some(name.split_once(':').map_or(name, |(_, own)| own).to_owned())
    };
    one == other || matches!((own(one), own(other)), (Some(one), Some(other)) if one == other)
}

/// `service:verb`, for example `registry:import`. Verbs: `read`, `write`, `import`, `approve`, `decide`, `lookup`,
/// `compare`, `pay`, `admin`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Permission(&'static str);

impl Permission {
    /// A permission; the text has exactly one colon.
    #[must_use]
    pub const fn new(name: &'static str) -> Self {
        Self(name)
    }

    /// The text.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        self.0
    }

    fn granted_by(self, pattern: &str) -> bool {
        let (Some((service, verb)), Some((p_service, p_verb))) =
            (self.0.split_once(':'), pattern.split_once(':'))
        else {
            return pattern == "*";
        };
        (p_service == "*" || p_service == service) && (p_verb == "*" || p_verb == verb)
    }
}

/// What a role of the identity provider allows. Patterns: `*` stands for any service or any verb.
#[must_use]
pub fn role_permissions(role: &str) -> &'static [&'static str] {
    match role {
        "admin" => &["*:*"],
        "maker" => &["*:read", "*:write", "*:import", "*:decide"],
        "checker" => &["*:read", "*:approve"],
        "helpdesk" => &["*:lookup", "helpdesk:reveal", "helpdesk:freeze", "helpdesk:write"],
        _ => &[],
    }
}

/// The caller of a use case.
#[derive(Debug, Clone)]
pub struct Ctx {
    /// Who acts.
    pub actor: Actor,
    /// For which tenant.
    pub tenant: TenantId,
    /// The clock to use.
    pub clock: Clock,
    permissions: Arc<BTreeSet<String>>,
}

impl Ctx {
    /// A caller with these permission patterns.
    #[must_use]
    pub fn new(actor: Actor, tenant: TenantId, clock: Clock, permissions: BTreeSet<String>) -> Self {
        Self { actor, tenant, clock, permissions: Arc::new(permissions) }
    }

    /// The same caller and permissions, in the name of a user for whom it vouches: what is done is noted as that user's.
    #[must_use]
    pub fn in_the_name_of(&self, user: &str) -> Self {
        Self { actor: Actor::User(user.to_owned()), ..self.clone() }
    }

    /// The service itself, with every permission: for jobs and event handlers.
    #[must_use]
    pub fn system(what: &'static str, tenant: &str, clock: Clock) -> Self {
        Self::new(Actor::System(what), TenantId::new(tenant), clock, BTreeSet::from(["*:*".to_owned()]))
    }

    /// Whether the caller has the permission.
    #[must_use]
    pub fn may(&self, permission: Permission) -> bool {
        self.permissions.iter().any(|pattern| permission.granted_by(pattern))
    }

    /// First line of each use case.
    ///
    /// # Errors
    /// 403 naming the missing permission.
    pub fn require(&self, permission: Permission) -> Result<(), ApiError> {
        if self.may(permission) {
            return Ok(());
        }
        Err(ApiError::forbidden(format!("this needs the permission {}", permission.as_str())))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{Actor, Ctx, Permission, TenantId, role_permissions};
    use crate::Clock;

    fn ctx(role: &str) -> Ctx {
        let permissions: BTreeSet<String> = role_permissions(role).iter().map(|p| (*p).to_owned()).collect();
        Ctx::new(Actor::User("u".to_owned()), TenantId::default(), Clock::default(), permissions)
    }

    #[test]
    fn a_person_stays_one_whoever_vouches_for_her() {
        assert!(super::same_person("user:ada", "user:ministry:ada"));
        assert!(super::same_person("partner:PBMS", "partner:PBMS"));
        assert!(!super::same_person("user:ada", "user:ben"));
        assert!(!super::same_person("user:ada", "partner:ada"));
    }

    #[test]
    fn nothing_is_allowed_without_a_role() {
        assert!(!ctx("nobody").may(Permission::new("registry:read")));
        assert!(ctx("nobody").require(Permission::new("registry:read")).is_err());
    }

    #[test]
    fn maker_and_checker_do_not_hold_each_others_power() {
        assert!(ctx("maker").may(Permission::new("pbms:write")));
        assert!(!ctx("maker").may(Permission::new("pbms:approve")));
        assert!(ctx("checker").may(Permission::new("pbms:approve")));
        assert!(!ctx("checker").may(Permission::new("pbms:write")));
        assert!(ctx("admin").may(Permission::new("anything:else")));
    }
}
