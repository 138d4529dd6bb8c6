//! Systems that may call a service: their keys, how strict we are with them, and what they may do.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use g2p_crypto::Jwks;
use moka::future::Cache;
use sea_orm::FromQueryResult;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use storage::{Db, StoreResult, sql};

use crate::TenantId;

/// Id of the built-in partner for callers that nobody registered.
pub const ANONYMOUS: &str = "*";

/// How much of a message is checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Signature, clock skew, replay and counts.
    Strict,
    /// What deployed clients really send: unsigned, placeholders for time and counts.
    Compat,
}

impl Mode {
    /// As it stands in the table.
    const fn as_str(self) -> &'static str {
        match self {
            Self::Strict => "strict",
            Self::Compat => "compat",
        }
    }
}

/// What a partner may do.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Policy {
    /// Permission patterns, `service:verb`, `*` for any.
    pub permissions: BTreeSet<String>,
    /// Attributes of registry records this partner may see; empty for none.
    pub attributes: BTreeSet<String>,
    /// Largest batch; 0 leaves the service's limit.
    pub max_batch: u32,
    /// Most rows of one bulk upload; 0 leaves the service's limit.
    pub max_bulk_rows: u32,
    /// Requests in a second, for each replica; 0 for any number.
    pub max_requests_per_second: u32,
    /// Items in a day (UTC), over all operations and replicas; 0 for any number.
    pub max_items_per_day: u64,
    /// Kinds of ids it may use: what stands behind the `@` of an id, in any case; empty for all.
    pub id_namespaces: BTreeSet<String>,
    /// Addresses that callbacks may go to: a callback goes to one of these or below it. Empty for none.
    pub callback_urls: BTreeSet<String>,
    /// Whether financial addresses that it gives are held against the directory of banks and wallets.
    pub check_directory: bool,
    /// Whether it must name the person whose address it gives, as she is known already.
    pub match_name: bool,
}

impl Policy {
    /// Whether an id (`id-type:id@provider`) is of a kind that this partner may use.
    #[must_use]
    pub fn may_use_id(&self, id: &str) -> bool {
        let namespace = id.rsplit_once('@').map_or("", |(_, namespace)| namespace);
        self.id_namespaces.is_empty()
            || self.id_namespaces.iter().any(|known| known == "*" || known.eq_ignore_ascii_case(namespace))
    }

    /// The kinds of ids that this partner may use, in small letters; `None` for all.
    #[must_use]
    pub fn namespaces(&self) -> Option<Vec<String>> {
        let all = self.id_namespaces.is_empty() || self.id_namespaces.contains("*");
        (!all).then(|| self.id_namespaces.iter().map(|known| known.to_ascii_lowercase()).collect())
    }
}

/// A registered partner.
#[derive(Debug, Clone)]
pub struct Partner {
    /// Tenant it belongs to.
    pub tenant: TenantId,
    /// Upper case with `_`.
    pub partner_id: String,
    /// How strict we are.
    pub mode: Mode,
    /// Its public keys.
    pub keys: Jwks,
    /// What it may do.
    pub policy: Policy,
}

/// `spar-mapper` and `SPAR_MAPPER` are the same partner (the form key managers of deployed systems use).
#[must_use]
pub fn normalise(id: &str) -> String {
    id.trim().replace('-', "_").to_uppercase()
}

#[derive(Debug, FromQueryResult)]
struct Row {
    tenant_id: String,
    partner_id: String,
    mode: String,
    jwks: Value,
    policy: Value,
}

/// Reads partners from the service's schema, with a short cache: a rotated key is known within five seconds.
#[derive(Debug, Clone)]
pub struct PartnerRegistry {
    db: Db,
    cache: Cache<String, Option<Arc<Partner>>>,
    anonymous: bool,
}

impl PartnerRegistry {
    /// A registry over the service's `partners` table. `anonymous` admits the built-in partner `*`.
    #[must_use]
    pub fn new(db: Db, anonymous: bool) -> Self {
        let cache = Cache::builder().max_capacity(10_000).time_to_live(Duration::from_secs(5)).build();
        Self { db, cache, anonymous }
    }

    /// The partner of this id, in any spelling of [`normalise`].
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub async fn find(&self, id: &str) -> StoreResult<Option<Arc<Partner>>> {
        let key = normalise(id);
        // Longer than any, or with characters that Postgres does not take in a text.
        if key.len() > 128 || key.chars().any(char::is_control) {
            return Ok(None);
        }
        if let Some(hit) = self.cache.get(&key).await {
            return Ok(hit);
        }
        let row: Option<Row> = sql::fetch_optional(
            self.db.conn(),
            "SELECT tenant_id, partner_id, mode, jwks, policy FROM partners
              WHERE partner_id = $1 AND active ORDER BY tenant_id LIMIT 1",
            [key.clone().into()],
        )
        .await?;
        let partner = row.map(|row| Arc::new(from_row(row)));
        self.cache.insert(key, partner.clone()).await;
        Ok(partner)
    }

    /// The built-in partner for unknown callers, when it is on.
    #[must_use]
    pub fn anonymous(&self) -> Option<Arc<Partner>> {
        self.anonymous.then(|| {
            Arc::new(Partner {
                tenant: TenantId::default(),
                partner_id: ANONYMOUS.to_owned(),
                mode: Mode::Compat,
                keys: Jwks::default(),
                policy: Policy { permissions: BTreeSet::from(["*:call".to_owned()]), ..Policy::default() },
            })
        })
    }
}

fn from_row(row: Row) -> Partner {
    let keys = Jwks::from_value(&row.jwks).unwrap_or_else(|error| {
        tracing::warn!(partner = %row.partner_id, error = %error, "keys of the partner cannot be read");
        Jwks::default()
    });
    Partner {
        tenant: TenantId::new(&row.tenant_id),
        partner_id: row.partner_id,
        mode: if row.mode == "strict" { Mode::Strict } else { Mode::Compat },
        keys,
        policy: serde_json::from_value(row.policy).unwrap_or_default(),
    }
}

/// Registers or replaces a partner. Keys given here replace the old ones: give both while rotating.
///
/// # Errors
/// When the database refuses.
pub async fn put(db: &Db, partner_id: &str, mode: Mode, jwks: &Value, policy: &Policy) -> StoreResult<()> {
    sql::execute(
        db.conn(),
        "INSERT INTO partners (tenant_id, partner_id, mode, jwks, policy) VALUES ('default', $1, $2, $3, $4)
         ON CONFLICT (tenant_id, partner_id) DO UPDATE
            SET mode = excluded.mode, jwks = excluded.jwks, policy = excluded.policy, active = true, updated_at = now()",
        [
            normalise(partner_id).into(),
            mode.as_str().into(),
            jwks.clone().into(),
            serde_json::to_value(policy).unwrap_or_default().into(),
        ],
    )
    .await?;
    Ok(())
}

/// Registers a partner if there is none of that id. Returns whether it did.
///
/// # Errors
/// When the database refuses.
pub async fn add(db: &Db, partner_id: &str, mode: Mode, jwks: &Value, policy: &Policy) -> StoreResult<bool> {
    let added = sql::execute(
        db.conn(),
        "INSERT INTO partners (tenant_id, partner_id, mode, jwks, policy) VALUES ('default', $1, $2, $3, $4)
         ON CONFLICT DO NOTHING",
        [
            normalise(partner_id).into(),
            mode.as_str().into(),
            jwks.clone().into(),
            serde_json::to_value(policy).unwrap_or_default().into(),
        ],
    )
    .await?;
    Ok(added > 0)
}

/// What to change of a partner; what is `None` stays.
#[derive(Debug, Clone, Default, Serialize)]
pub struct PartnerChange {
    /// How strict we are.
    #[serde(skip)]
    pub mode: Option<Mode>,
    /// Public keys, in place of the present ones.
    #[serde(skip)]
    pub jwks: Option<Value>,
    /// Permission patterns.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub permissions: Option<BTreeSet<String>>,
    /// Attributes it may see.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attributes: Option<BTreeSet<String>>,
    /// Largest batch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_batch: Option<u32>,
    /// Most rows of one bulk upload.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_bulk_rows: Option<u32>,
    /// Requests in a second.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_requests_per_second: Option<u32>,
    /// Items in a day.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_items_per_day: Option<u64>,
    /// Kinds of ids it may use.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id_namespaces: Option<BTreeSet<String>>,
    /// Addresses that callbacks may go to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub callback_urls: Option<BTreeSet<String>>,
    /// Whether its addresses are held against the directory.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub check_directory: Option<bool>,
    /// Whether it must name the person whose address it gives.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub match_name: Option<bool>,
}

/// Changes a partner, and makes it active. `false` when there is no such partner.
///
/// # Errors
/// When the database refuses.
pub async fn change(db: &Db, partner_id: &str, change: &PartnerChange) -> StoreResult<bool> {
    let changed = sql::execute(
        db.conn(),
        "UPDATE partners SET mode = COALESCE($2, mode), jwks = COALESCE($3, jwks), policy = policy || $4,
                active = true, updated_at = now()
          WHERE partner_id = $1",
        [
            normalise(partner_id).into(),
            change.mode.map(Mode::as_str).into(),
            change.jwks.clone().into(),
            serde_json::to_value(change).unwrap_or_default().into(),
        ],
    )
    .await?;
    Ok(changed > 0)
}

/// A partner as an operator sees it.
#[derive(Debug, Clone, Serialize, FromQueryResult)]
pub struct PartnerSummary {
    /// Id.
    pub partner_id: String,
    /// `strict` or `compat`.
    pub mode: String,
    /// Number of public keys.
    pub keys: i32,
    /// Whether it may call.
    pub active: bool,
    /// What it may do.
    pub policy: Value,
}

/// All partners of a schema, by id.
///
/// # Errors
/// When the database cannot be asked.
pub async fn list(db: &Db) -> StoreResult<Vec<PartnerSummary>> {
    sql::fetch_all(
        db.conn(),
        "SELECT partner_id, mode, jsonb_array_length(jwks->'keys') AS keys, active, policy FROM partners ORDER BY partner_id",
        [],
    )
    .await
}

/// Adds public keys beside the present ones, or with `retire` puts them in their place. `false` when there is no such
/// partner.
///
/// # Errors
/// When the database refuses.
pub async fn rotate(db: &Db, partner_id: &str, jwks: &Value, retire: bool) -> StoreResult<bool> {
    let changed = sql::execute(
        db.conn(),
        "UPDATE partners SET updated_at = now(), jwks = CASE WHEN $3 THEN $2::jsonb
            ELSE jsonb_build_object('keys', (jwks->'keys') || ($2::jsonb->'keys')) END
          WHERE partner_id = $1",
        [normalise(partner_id).into(), jwks.clone().into(), retire.into()],
    )
    .await?;
    Ok(changed > 0)
}
