//! Who calls our own APIs: a bearer token, either of a user (signed by the OIDC issuer) or of a partner service
//! (signed with its registered key). Both become a [`Ctx`].

use std::{collections::BTreeSet, future::Future, pin::Pin, sync::Arc};

use actix_web::{FromRequest, HttpRequest, dev::Payload, web};
use g2p_crypto::{Algorithm, JwtExpectations, SignatureError, TokenError, verify_jwt};
use serde::Deserialize;

use crate::{
    Actor, ApiError, Clock, Ctx, HttpClient, TenantId, ctx::role_permissions, issuer_keys::IssuerKeys,
    oidc::unverified_issuer, partners::PartnerRegistry,
};

/// Verifies bearer tokens for one service.
#[derive(Debug, Clone)]
pub struct Authenticator {
    /// This service's name: the audience of service tokens.
    service: &'static str,
    audience: String,
    /// Absent when no user tokens are accepted.
    issuer: Option<Arc<IssuerKeys>>,
    partners: PartnerRegistry,
    clock: Clock,
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
        let issuer = config.oidc_issuer.clone().map(|issuer| {
            Arc::new(IssuerKeys::new(issuer, config.oidc_jwks_url.clone(), http, clock.clone()))
        });
        Self { service, audience: config.oidc_audience.clone(), issuer, partners, clock }
    }

    /// Verifies a token.
    ///
    /// # Errors
    /// 401 for a token that is not valid here, 503 when the issuer's keys cannot be had.
    pub async fn verify(&self, token: &str) -> Result<Ctx, ApiError> {
        let issuer = unverified_issuer(token).ok_or_else(|| invalid("it is not a JWT with an issuer"))?;
        match &self.issuer {
            Some(keys) if keys.issuer() == issuer => self.verify_user(token, keys).await,
            _ => self.verify_partner(token, &issuer).await,
        }
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

    async fn verify_user(&self, token: &str, issuer: &Arc<IssuerKeys>) -> Result<Ctx, ApiError> {
        let expected = JwtExpectations {
            issuer: Some(issuer.issuer()),
            audiences: &[self.audience.as_str()],
            algorithms: &Algorithm::ALL,
            leeway_secs: 30,
            now: Some(self.clock.now().unix_timestamp()),
        };
        let keys = issuer.current().await?;
        let claims: Claims = match verify_jwt(token, &keys, &expected) {
            Ok(claims) => claims,
            // The issuer may have changed its keys.
            Err(TokenError::Signature(SignatureError::UnknownKey(_))) => {
                let keys = issuer.renewed(&keys).await;
                verify_jwt(token, &keys, &expected).map_err(|e| invalid(&e.to_string()))?
            }
            Err(error) => return Err(invalid(&error.to_string())),
        };
        let roles = claims.roles.iter().chain(claims.realm_access.iter().flat_map(|r| r.roles.iter()));
        let permissions: BTreeSet<String> =
            roles.flat_map(|role| role_permissions(role)).map(|p| (*p).to_owned()).collect();
        Ok(Ctx::new(Actor::User(claims.sub), TenantId::default(), self.clock.clone(), permissions))
    }
}

fn invalid(why: &str) -> ApiError {
    ApiError::unauthorized(format!("the bearer token is not valid: {why}"))
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
                .split_once(' ')
                .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("Bearer"))
                .map(|(_, token)| token)
                .ok_or_else(|| ApiError::unauthorized("send an Authorization header with a bearer token"))?;
            authenticator.verify(token.trim()).await.map(Caller)
        })
    }
}
