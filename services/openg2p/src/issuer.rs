//! A small token issuer for development: three users, the discovery document, the key set, and the password grant.
//! Production installations have an OIDC provider instead.

use std::{net::TcpListener, sync::Arc};

use actix_web::{App, HttpResponse, HttpServer, dev::ServerHandle, get, post, web};
use anyhow::Context;
use g2p_crypto::{SigningKey, constant_time_eq, issue_jwt};
use platform::Clock;
use serde::Deserialize;
use serde_json::json;

/// Users of the built-in issuer; each has the role of its name.
pub const USERS: &[&str] = &["maker", "checker", "helpdesk"];
/// Life of a user token in seconds.
const TOKEN_SECONDS: i64 = 3_600;

/// The running issuer.
#[derive(Debug, Clone)]
pub struct Issuer {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    url: String,
    audience: String,
    key: SigningKey,
    passwords: Vec<(String, String)>,
    clock: Clock,
}

/// What an issuer is and where it listens.
#[derive(Debug)]
pub struct IssuerOptions {
    /// Address to listen on.
    pub host: String,
    /// Port to listen on.
    pub port: u16,
    /// The `iss` of its tokens, and how users reach it.
    pub url: String,
    /// The `aud` of its tokens.
    pub audience: String,
    /// Key that signs.
    pub key: SigningKey,
    /// User and password.
    pub passwords: Vec<(String, String)>,
    /// The clock of all services.
    pub clock: Clock,
}

#[derive(Deserialize)]
struct TokenRequest {
    grant_type: String,
    #[serde(default)]
    username: String,
    #[serde(default)]
    password: String,
}

impl Issuer {
    /// Starts the issuer.
    ///
    /// # Errors
    /// When the port is taken.
    pub fn start(options: IssuerOptions) -> anyhow::Result<(Self, ServerHandle)> {
        let IssuerOptions { host, port, url, audience, key, passwords, clock } = options;
        let listener = TcpListener::bind((host.as_str(), port))
            .with_context(|| format!("the token issuer cannot listen on {host}:{port}"))?;
        let url = url.trim_end_matches('/').to_owned();
        let issuer = Self { inner: Arc::new(Inner { url, audience, key, passwords, clock }) };
        let data = web::Data::new(issuer.clone());
        let server = HttpServer::new(move || {
            App::new().app_data(data.clone()).service(discovery).service(jwks).service(token)
        })
        .workers(1)
        .disable_signals()
        .listen(listener)?
        .run();
        let handle = server.handle();
        tokio::spawn(server);
        Ok((issuer, handle))
    }

    /// The `iss` of its tokens.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.inner.url
    }

    /// A token for a user, as the token endpoint gives it.
    ///
    /// # Errors
    /// When the key cannot sign.
    pub fn token_for(&self, user: &str) -> anyhow::Result<String> {
        let now = self.inner.clock.now().unix_timestamp();
        Ok(issue_jwt(
            &self.inner.key,
            &json!({
                "iss": self.inner.url, "sub": user, "aud": self.inner.audience, "roles": [user],
                "iat": now, "exp": now + TOKEN_SECONDS,
            }),
        )?)
    }
}

#[get("/.well-known/openid-configuration")]
async fn discovery(issuer: web::Data<Issuer>) -> HttpResponse {
    let url = issuer.url();
    HttpResponse::Ok().json(json!({
        "issuer": url,
        "jwks_uri": format!("{url}/jwks"),
        "token_endpoint": format!("{url}/token"),
        "grant_types_supported": ["password"],
        "id_token_signing_alg_values_supported": ["EdDSA"],
    }))
}

#[get("/jwks")]
async fn jwks(issuer: web::Data<Issuer>) -> HttpResponse {
    HttpResponse::Ok().json(issuer.inner.key.public_jwks())
}

#[post("/token")]
async fn token(issuer: web::Data<Issuer>, form: web::Form<TokenRequest>) -> HttpResponse {
    if form.grant_type != "password" {
        return HttpResponse::BadRequest().json(json!({"error": "unsupported_grant_type"}));
    }
    let known = issuer.inner.passwords.iter().any(|(user, password)| {
        user == &form.username && constant_time_eq(password.as_bytes(), form.password.as_bytes())
    });
    if !known {
        return HttpResponse::BadRequest().json(json!({"error": "invalid_grant"}));
    }
    match issuer.token_for(&form.username) {
        Ok(token) => HttpResponse::Ok()
            .json(json!({"access_token": token, "token_type": "Bearer", "expires_in": TOKEN_SECONDS})),
        Err(_) => HttpResponse::InternalServerError().json(json!({"error": "server_error"})),
    }
}
