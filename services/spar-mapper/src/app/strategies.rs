//! The strategies of a tenant, read once and kept for some seconds.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use moka::future::Cache;
use storage::{Db, StoreResult};

use crate::{domain::Strategy, store};

/// How long a changed strategy may still be used as it was.
const KEPT: Duration = Duration::from_secs(5);

/// The strategies of one tenant.
#[derive(Debug, Default)]
pub(crate) struct Strategies {
    fas: BTreeMap<i64, Strategy>,
}

impl Strategies {
    /// The strategy of addresses with this id.
    pub(crate) fn fa(&self, id: i64) -> Option<&Strategy> {
        self.fas.get(&id)
    }

    /// All strategies of addresses, by id.
    pub(crate) fn fas(&self) -> impl Iterator<Item = &Strategy> {
        self.fas.values()
    }
}

/// Reads the strategies of tenants.
#[derive(Debug, Clone)]
pub(crate) struct StrategyBook {
    db: Db,
    cache: Cache<String, Arc<Strategies>>,
}

impl StrategyBook {
    /// A book over the table `strategy`.
    pub(crate) fn new(db: Db) -> Self {
        Self { db, cache: Cache::builder().max_capacity(1_000).time_to_live(KEPT).build() }
    }

    /// The strategies of a tenant. One that cannot be used is left out and told of in the log.
    pub(crate) async fn of(&self, tenant: &str) -> StoreResult<Arc<Strategies>> {
        if let Some(known) = self.cache.get(tenant).await {
            return Ok(known);
        }
        let mut strategies = Strategies::default();
        for row in store::strategies(self.db.conn(), tenant).await? {
            match Strategy::new(row.id, &row.construct_strategy, &row.deconstruct_strategy) {
                Ok(strategy) => drop(strategies.fas.insert(row.id, strategy)),
                Err(error) => tracing::error!(strategy = row.id, %error, "a strategy cannot be used"),
            }
        }
        let strategies = Arc::new(strategies);
        self.cache.insert(tenant.to_owned(), Arc::clone(&strategies)).await;
        Ok(strategies)
    }
}
