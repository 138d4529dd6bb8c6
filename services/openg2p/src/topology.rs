//! Who may call whom when all services run together: the partners that `up` registers in each schema
//! when they are missing.

use std::collections::BTreeSet;

use platform::Policy;

/// Partner id of the demo's driver. Nobody else has its key, and `up` does not register it.
pub const DEMO_PARTNER: &str = "DEMO";

/// A partner of one service.
#[derive(Debug, Clone)]
pub struct Edge {
    /// Service that is called.
    pub service: &'static str,
    /// Partner that calls.
    pub partner: &'static str,
    /// Permission patterns.
    pub permissions: &'static [&'static str],
    /// Attributes of registry records it may see.
    pub attributes: &'static [&'static str],
}

/// Attributes that a programme needs to decide eligibility and benefit; no name, phone or address among them.
pub const PROGRAMME_ATTRIBUTES: &[&str] = &[
    "poverty_score",
    "registration_date",
    "district",
    "group_size",
    "members.kind",
    "members.birth_date",
    "members.gender",
    "members.identifiers",
];

/// Every call between services, and those of the demo driver.
pub const EDGES: &[Edge] = &[
    edge("social-registry", "DEDUP", &["registry:compare"]),
    Edge {
        service: "social-registry",
        partner: "PBMS",
        permissions: &["registry:call"],
        attributes: PROGRAMME_ATTRIBUTES,
    },
    edge("social-registry", DEMO_PARTNER, &["registry:*"]),
    edge("dedup", DEMO_PARTNER, &["dedup:*"]),
    edge("spar-mapper", "G2P_BRIDGE", &["mapper:call"]),
    edge(
        "spar-mapper",
        "SPAR_SELF_SERVICE",
        &[
            "mapper:call",
            "mapper:history",
            "mapper:details",
            "directory:read",
            // For the helpdesk, in the names of its staff.
            "mapper:read",
            "mapper:write",
            "mapper:approve",
            "mapper:freeze",
            "mapper:on_behalf",
        ],
    ),
    edge("spar-mapper", DEMO_PARTNER, &["mapper:call", "mapper:read", "directory:read", "directory:write"]),
    edge("g2p-bridge", "PBMS", &["bridge:pay"]),
    edge("g2p-bridge", "EXAMPLE_BANK", &["bridge:import"]),
    edge("g2p-bridge", DEMO_PARTNER, &["bridge:read", "bridge:write"]),
    edge("example-bank", "G2P_BRIDGE", &["bank:call", "bank:pay"]),
    edge("example-bank", DEMO_PARTNER, &["bank:read", "bank:write", "bank:call"]),
    edge("pbms-beneficiary-registry", "SPAR_SELF_SERVICE", &["payments:lookup"]),
    edge("pbms-beneficiary-registry", DEMO_PARTNER, &["pbms:read"]),
];

const fn edge(service: &'static str, partner: &'static str, permissions: &'static [&'static str]) -> Edge {
    Edge { service, partner, permissions, attributes: &[] }
}

impl Edge {
    /// The policy to register.
    #[must_use]
    pub fn policy(&self) -> Policy {
        let set = |items: &[&str]| items.iter().map(|i| (*i).to_owned()).collect::<BTreeSet<_>>();
        Policy { permissions: set(self.permissions), attributes: set(self.attributes), ..Policy::default() }
    }
}
