//! Who calls our own APIs: a bearer token, either of a user (signed by the OIDC issuer) or of a partner service
//! (signed with its registered key). Both become a [`Ctx`].

use std::{collections::BTreeSet, future::Future, pin::Pin, sync::Arc, time::Duration};

use actix_web::{FromRequest, HttpRequest, dev::Payload, web};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use g2p_crypto::{Algorithm, Jwks, JwtExpectations, verify_jwt};
use moka::future::Cache;
use serde::Deserialize;
use serde_json::Value;

use crate::{
    Actor, ApiError, Clock, Ctx, HttpClient, TenantId, ctx::role_permissions, partners::PartnerRegistry,
};

/// Verifies bearer tokens for one service.
#[derive(Debug, Clone)]
pub struct Authenticator {
    /// This service's name: the audience of service tokens.
    service: &'static str,
    issuer: Option<String>,
    audience: String,
    jwks_url: Option<String>,
    http: HttpClient,
    partners: PartnerRegistry,
    clock: Clock,
    keys: Cache<&'static str, Arc<Jwks>>,
    /// Present while an unknown key id must not cause another fetch.
    refetched: Cache<&'static str, ()>,
}

#[derive(Deserialize)]
struct Claims {
    sub: String,
    #[serde(default)]
    roles: Vec<String>,
    #[serde(default)]
    realm_access: Option<RealmAccess>,
}

#[derive(Deserialize)]
struct RealmAccess {
    #[serde(default)]
    roles: Vec<String>,
}

impl Authenticator {
    /// An authenticator with the issuer of the configuration.
    #[must_use]
    pub fn new(
        service: &'static str,
        config: &crate::config::CommonConfig,
        http: HttpClient,
        partners: PartnerRegistry,
        clock: Clock,
    ) -> Self {
        Self {
            service,
            issuer: config.oidc_issuer.clone(),
            audience: config.oidc_audience.clone(),
            jwks_url: config.oidc_jwks_url.clone(),
            http,
            partners,
            clock,
            keys: Cache::builder().time_to_live(Duration::from_secs(600)).build(),
            refetched: Cache::builder().time_to_live(Duration::from_secs(10)).build(),
        }
    }

    /// Verifies a token.
    ///
    /// # Errors
    /// 401 for a token that is not valid here, 503 when the issuer's keys cannot be had.
    pub async fn verify(&self, token: &str) -> Result<Ctx, ApiError> {
        let issuer = unverified_issuer(token).ok_or_else(|| invalid("it is not a JWT with an issuer"))?;
        if self.issuer.as_deref() == Some(issuer.as_str()) {
            return self.verify_user(token, &issuer).await;
        }
        self.verify_partner(token, &issuer).await
    }

    async fn verify_partner(&self, token: &str, issuer: &str) -> Result<Ctx, ApiError> {
        let partner = self
            .partners
            .find(issuer)
            .await?
            .ok_or_else(|| invalid("its issuer is not known to this service"))?;
        let expected = JwtExpectations {
            issuer: Some(issuer),
            audiences: &[self.service],
            algorithms: &Algorithm::ALL,
            leeway_secs: 30,
            now: Some(self.clock.now().unix_timestamp()),
        };
        let _: Claims = verify_jwt(token, &partner.keys, &expected).map_err(|e| invalid(&e.to_string()))?;
        Ok(Ctx::new(
            Actor::Partner(partner.partner_id.clone()),
            partner.tenant.clone(),
            self.clock.clone(),
            partner.policy.permissions.clone(),
        ))
    }

    async fn verify_user(&self, token: &str, issuer: &str) -> Result<Ctx, ApiError> {
        let expected = JwtExpectations {
            issuer: Some(issuer),
            audiences: &[self.audience.as_str()],
            algorithms: &Algorithm::ALL,
            leeway_secs: 30,
            now: Some(self.clock.now().unix_timestamp()),
        };
        let keys = self.issuer_keys(issuer, false).await?;
        let claims: Claims = match verify_jwt(token, &keys, &expected) {
            Ok(claims) => claims,
            Err(g2p_crypto::TokenError::Signature(g2p_crypto::SignatureError::UnknownKey(_))) => {
                let keys = self.issuer_keys(issuer, true).await?;
                verify_jwt(token, &keys, &expected).map_err(|e| invalid(&e.to_string()))?
            }
            Err(error) => return Err(invalid(&error.to_string())),
        };
        let roles = claims.roles.iter().chain(claims.realm_access.iter().flat_map(|r| r.roles.iter()));
        let permissions: BTreeSet<String> =
            roles.flat_map(|role| role_permissions(role)).map(|p| (*p).to_owned()).collect();
        Ok(Ctx::new(Actor::User(claims.sub), TenantId::default(), self.clock.clone(), permissions))
    }

    /// The issuer's keys, from the cache. `renew` fetches them again, at most once in ten seconds.
    async fn issuer_keys(&self, issuer: &str, renew: bool) -> Result<Arc<Jwks>, ApiError> {
        if renew && self.refetched.get("keys").await.is_none() {
            self.refetched.insert("keys", ()).await;
            self.keys.invalidate("keys").await;
        }
        self.keys.try_get_with("keys", self.fetch_keys(issuer)).await.map_err(|error: Arc<anyhow::Error>| {
            ApiError::unavailable(format!("keys of the token issuer: {error:#}"))
        })
    }

    async fn fetch_keys(&self, issuer: &str) -> anyhow::Result<Arc<Jwks>> {
        let url = match &self.jwks_url {
            Some(url) => url.clone(),
            None => {
                let discovery = format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'));
                let document: Value = self.http.get(&discovery).await?.json()?;
                let url = document.get("jwks_uri").and_then(Value::as_str);
                url.ok_or_else(|| anyhow::anyhow!("the discovery document has no jwks_uri"))?.to_owned()
            }
        };
        let keys: Value = self.http.get(&url).await?.json()?;
        Ok(Arc::new(Jwks::from_value(&keys)?))
    }
}

fn invalid(why: &str) -> ApiError {
    ApiError::unauthorized(format!("the bearer token is not valid: {why}"))
}

fn unverified_issuer(token: &str) -> Option<String> {
    let payload = token.split('.').nth(1)?;
    let claims: Value = serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(payload).ok()?).ok()?;
    Some(claims.get("iss")?.as_str()?.to_owned())
}

/// A verified caller of an own API.
#[derive(Debug, Clone)]
pub struct Caller(Ctx);

impl Caller {
    /// The context for the use case.
    #[must_use]
    pub fn ctx(&self) -> &Ctx {
        &self.0
    }

    /// The context, owned.
    #[must_use]
    pub fn into_ctx(self) -> Ctx {
        self.0
    }
}

impl FromRequest for Caller {
    type Error = ApiError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, ApiError>>>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        let req = req.clone();
        Box::pin(async move {
            let authenticator = req
                .app_data::<web::Data<Authenticator>>()
                .ok_or_else(|| ApiError::internal("the server has no authenticator"))?;
            let header = req.headers().get("Authorization").and_then(|h| h.to_str().ok()).unwrap_or_default();
            let token = header
                .strip_prefix("Bearer ")
                .or_else(|| header.strip_prefix("bearer "))
                .ok_or_else(|| ApiError::unauthorized("send an Authorization header with a bearer token"))?;
            authenticator.verify(token.trim()).await.map(Caller)
        })
    }
}
