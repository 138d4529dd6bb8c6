//! Statements against the registry's schema. Everything that touches many rows is one statement for all of them.

pub(crate) mod duplicates;
pub(crate) mod feed;
pub(crate) mod filter;
pub(crate) mod imports;
pub(crate) mod links;
pub(crate) mod memberships;
pub(crate) mod records;
pub(crate) mod reference;
pub(crate) mod registrants;
pub(crate) mod scores;
pub(crate) mod search;

use sea_orm::Value;
use time::OffsetDateTime;

/// Who changes something, when and why: what each row of history says.
#[derive(Debug, Clone)]
pub(crate) struct Change {
    pub tenant: String,
    pub actor: String,
    pub reason: String,
    pub at: OffsetDateTime,
}

impl Change {
    /// `$1` tenant, `$2` rows as JSON, `$3` actor, `$4` reason, `$5` time: what every writing statement starts with.
    fn values(&self, rows: Vec<serde_json::Value>) -> [Value; 5] {
        [
            self.tenant.as_str().into(),
            serde_json::Value::Array(rows).into(),
            self.actor.as_str().into(),
            self.reason.as_str().into(),
            self.at.into(),
        ]
    }
}
