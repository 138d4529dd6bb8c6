//! What handlers, jobs and consumers work with.

use std::{ops::Deref, sync::Arc};

use g2p_crypto::KeyedHash;
use platform::Clock;
use storage::Db;
use uuid::Uuid;

use crate::{Config, domain::text::document_key};

/// The service's state. Cloning is cheap.
#[derive(Debug, Clone)]
pub struct State(Arc<Inner>);

/// What the state holds.
#[derive(Debug)]
pub struct Inner {
    pub(crate) db: Db,
    pub(crate) clock: Clock,
    pub(crate) config: Config,
    person: KeyedHash,
    household: KeyedHash,
    document: KeyedHash,
}

impl Deref for State {
    type Target = Inner;

    fn deref(&self) -> &Inner {
        &self.0
    }
}

impl State {
    /// A state over a pool. The configuration was validated.
    #[must_use]
    pub fn new(db: Db, clock: Clock, config: Config) -> Self {
        let hash = |domain: &str| KeyedHash::new(config.pseudonym_secret.expose().as_bytes(), domain);
        let (person, household, document) =
            (hash("social-id/pseudonym"), hash("household/pseudonym"), hash("document/look-up"));
        Self(Arc::new(Inner { db, clock, config, person, household, document }))
    }
}

impl Inner {
    /// The pseudonym of a person: all that partners learn of the social ID.
    pub(crate) fn person_pseudonym(&self, social_id: &str) -> String {
        format!("token:{}@nationalId", self.person.hash128(social_id))
    }

    /// The pseudonym of a household.
    pub(crate) fn household_pseudonym(&self, registrant_id: Uuid) -> String {
        format!("token:{}@household", self.household.hash128(&registrant_id.to_string()))
    }

    /// What a document is looked up and compared by.
    pub(crate) fn document_hash(&self, id_type: &str, value: &str) -> String {
        self.document.hash128(&document_key(id_type, value))
    }
}
