//! An issuer of user tokens, as an OIDC provider is seen by a service: discovery document, keys, signed tokens.

use g2p_crypto::{SigningKey, issue_jwt};
use serde_json::{Value, json};
use time::OffsetDateTime;
use wiremock::{
    Mock, MockServer, ResponseTemplate,
    matchers::{method, path},
};

/// A running issuer with a key of its own.
pub struct TestIssuer {
    server: MockServer,
    key: SigningKey,
}

impl TestIssuer {
    /// Starts it on a free port.
    ///
    /// # Panics
    /// When it cannot.
    pub async fn start() -> Self {
        let server = MockServer::start().await;
        let key = SigningKey::generate_es256().expect("a key for the issuer");
        let url = server.uri();
        let discovery = json!({ "issuer": url, "jwks_uri": format!("{url}/jwks") });
        for (at, body) in
            [("/.well-known/openid-configuration", discovery), ("/jwks", json!(key.public_jwks()))]
        {
            let answer = ResponseTemplate::new(200).set_body_json(body);
            Mock::given(method("GET")).and(path(at)).respond_with(answer).mount(&server).await;
        }
        Self { server, key }
    }

    /// The issuer's URL: what goes into `oidc_issuer`.
    #[must_use]
    pub fn url(&self) -> String {
        self.server.uri()
    }

    /// A token of a user with these roles, valid for an hour of real time.
    #[must_use]
    pub fn token(&self, user: &str, roles: &[&str]) -> String {
        self.token_with(json!({ "sub": user, "roles": roles }))
    }

    /// A token with claims of the caller's choice over the usual ones, for tests of what must be refused.
    ///
    /// # Panics
    /// When the claims are no object.
    #[must_use]
    pub fn token_with(&self, claims: Value) -> String {
        let now = OffsetDateTime::now_utc().unix_timestamp();
        let mut all = json!({ "iss": self.url(), "aud": "openg2p", "iat": now, "exp": now + 3600 });
        let Value::Object(claims) = claims else { panic!("claims must be an object") };
        all.as_object_mut().expect("an object").extend(claims);
        issue_jwt(&self.key, &all).expect("a token")
    }
}
