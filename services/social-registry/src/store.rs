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

use sea_orm::{DatabaseTransaction, Value};
use storage::{StoreResult, sql};
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

/// Something of a tenant that some work only reads and other work changes as a whole.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Shared {
    /// Which record stands for which person.
    Duplicates,
    /// Which definitions scores are computed by.
    Scores,
}

impl Shared {
    const fn name(self) -> &'static str {
        match self {
            Self::Duplicates => "duplicates",
            Self::Scores => "scores",
        }
    }

    /// Until the transaction ends nobody changes it; others may read it too.
    pub(crate) async fn read(self, tx: &DatabaseTransaction, tenant: &str) -> StoreResult<()> {
        self.lock(tx, tenant, "SELECT pg_advisory_xact_lock_shared(hashtextextended($1, 0))").await
    }

    /// Until the transaction ends nobody else changes or reads it.
    pub(crate) async fn change(self, tx: &DatabaseTransaction, tenant: &str) -> StoreResult<()> {
        self.lock(tx, tenant, "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))").await
    }

    async fn lock(self, tx: &DatabaseTransaction, tenant: &str, statement: &str) -> StoreResult<()> {
        let key = format!("social-registry:{}:{tenant}", self.name());
        sql::execute(tx, statement, [key.into()]).await?;
        Ok(())
    }
}
