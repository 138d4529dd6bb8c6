//! A small token issuer for development: three users, the discovery document, the key set, the password grant, and, for
//! pages of staff, signing in with a browser. Production installations have an OIDC provider instead.

mod browser;

use std::{net::TcpListener, sync::Arc};

use actix_web::{App, HttpResponse, HttpServer, dev::ServerHandle, get, post, web};
use anyhow::Context;
pub use browser::Client;
use browser::{Codes, Traded};
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
    clients: Vec<Client>,
    codes: Codes,
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
    /// Whose users may sign in with a browser.
    pub clients: Vec<Client>,
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
    #[serde(default)]
    code: String,
    #[serde(default)]
    redirect_uri: String,
    #[serde(default)]
    code_verifier: String,
    #[serde(default)]
    client_id: String,
    #[serde(default)]
    client_secret: String,
}

impl Issuer {
    /// Starts the issuer.
    ///
    /// # Errors
    /// When the port is taken.
    pub fn start(options: IssuerOptions) -> anyhow::Result<(Self, ServerHandle)> {
        let IssuerOptions { host, port, url, audience, key, passwords, clients, clock } = options;
        let listener = TcpListener::bind((host.as_str(), port))
            .with_context(|| format!("the token issuer cannot listen on {host}:{port}"))?;
        let url = url.trim_end_matches('/').to_owned();
        let inner = Inner { url, audience, key, passwords, clients, codes: Codes::default(), clock };
        let issuer = Self { inner: Arc::new(inner) };
        let data = web::Data::new(issuer.clone());
        let server = HttpServer::new(move || {
            App::new()
                .app_data(data.clone())
                .service(discovery)
                .service(jwks)
                .service(token)
                .service(browser::ask)
                .service(browser::answer)
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

    /// Whether the password is that of the user.
    fn knows(&self, user: &str, password: &str) -> bool {
        self.inner
            .passwords
            .iter()
            .any(|(known, secret)| known == user && constant_time_eq(secret.as_bytes(), password.as_bytes()))
    }

    /// An ID token about somebody who signed in with a browser.
    fn id_token_for(&self, client_id: &str, traded: &Traded) -> anyhow::Result<String> {
        let now = self.inner.clock.now().unix_timestamp();
        Ok(issue_jwt(
            &self.inner.key,
            &json!({
                "iss": self.inner.url, "sub": traded.user, "aud": client_id, "roles": [traded.user],
                "nonce": traded.nonce, "auth_time": traded.at, "iat": now, "exp": now + TOKEN_SECONDS,
            }),
        )?)
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
        "authorization_endpoint": format!("{url}/authorize"),
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "grant_types_supported": ["password", "authorization_code"],
        "code_challenge_methods_supported": ["S256"],
        "token_endpoint_auth_methods_supported": ["client_secret_post"],
        "authorization_response_iss_parameter_supported": true,
        "id_token_signing_alg_values_supported": ["EdDSA"],
    }))
}

#[get("/jwks")]
async fn jwks(issuer: web::Data<Issuer>) -> HttpResponse {
    HttpResponse::Ok().json(issuer.inner.key.public_jwks())
}

#[post("/token")]
async fn token(issuer: web::Data<Issuer>, form: web::Form<TokenRequest>) -> HttpResponse {
    let refused = |error: &str| HttpResponse::BadRequest().json(json!({"error": error}));
    let made = match form.grant_type.as_str() {
        "password" if !issuer.knows(&form.username, &form.password) => return refused("invalid_grant"),
        "password" => issuer.token_for(&form.username).map(|token| (token, None)),
        "authorization_code" => {
            let client = issuer.inner.clients.iter().find(|client| client.is(&form));
            let Some(client) = client else { return refused("invalid_client") };
            let Some(traded) = issuer.inner.codes.trade(&form, issuer.inner.clock.now()) else {
                return refused("invalid_grant");
            };
            let id_token = issuer.id_token_for(&client.id, &traded);
            id_token.and_then(|id_token| Ok((issuer.token_for(&traded.user)?, Some(id_token))))
        }
        _ => return refused("unsupported_grant_type"),
    };
    let Ok((token, id_token)) = made else {
        return HttpResponse::InternalServerError().json(json!({"error": "server_error"}));
    };
    let mut answer = json!({"access_token": token, "token_type": "Bearer", "expires_in": TOKEN_SECONDS});
    if let (Some(id_token), Some(members)) = (id_token, answer.as_object_mut()) {
        members.insert("id_token".to_owned(), json!(id_token));
    }
    HttpResponse::Ok().insert_header(("Cache-Control", "no-store")).json(answer)
}
