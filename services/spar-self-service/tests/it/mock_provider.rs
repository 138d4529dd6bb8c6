//! A provider that answers whatever a test wants: what an honest one never does.

use std::sync::{Arc, Mutex};

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use g2p_crypto::{SigningKey, issue_jwt};
use serde_json::{Value, json};
use time::OffsetDateTime;
use wiremock::{Mock, MockServer, Request, Respond, ResponseTemplate};

use crate::{
    World,
    browser::{Browser, Seen},
    oidc_provider::{PUBLIC, away, query, world_with},
};

/// What the provider answers.
#[derive(Default)]
struct Answers {
    jwks: Value,
    /// The status of the key set's answer, when it is not 200.
    jwks_status: Option<u16>,
    token: Value,
    userinfo: String,
    token_requests: Vec<String>,
}

#[derive(Clone)]
struct Answering(Arc<Mutex<Answers>>, String);

impl Respond for Answering {
    fn respond(&self, request: &Request) -> ResponseTemplate {
        let mut answers = self.0.lock().unwrap();
        match request.url.path() {
            "/.well-known/openid-configuration" => ResponseTemplate::new(200).set_body_json(json!({
                "issuer": self.1, "authorization_endpoint": format!("{}/auth", self.1),
                "token_endpoint": format!("{}/token", self.1), "userinfo_endpoint": format!("{}/userinfo", self.1),
                "jwks_uri": format!("{}/jwks", self.1),
            })),
            "/jwks" => match answers.jwks_status {
                Some(status) => ResponseTemplate::new(status),
                None => ResponseTemplate::new(200).set_body_json(&answers.jwks),
            },
            "/token" => {
                answers.token_requests.push(String::from_utf8(request.body.clone()).unwrap());
                ResponseTemplate::new(200).set_body_json(&answers.token)
            }
            "/userinfo" => {
                assert_eq!(request.headers["authorization"], "Bearer access-token");
                ResponseTemplate::new(200).set_body_string(answers.userinfo.clone())
            }
            other => panic!("{other}"),
        }
    }
}

pub(crate) struct MockProvider {
    server: MockServer,
    answers: Arc<Mutex<Answers>>,
    pub(crate) key: SigningKey,
}

impl MockProvider {
    pub(crate) async fn start() -> Self {
        // Not one of the pool, which would go on listening after it was dropped.
        let server = MockServer::builder().start().await;
        let key = SigningKey::generate_es256().unwrap();
        let answers = Arc::new(Mutex::new(Answers { jwks: json!(key.public_jwks()), ..Answers::default() }));
        let answering = Answering(Arc::clone(&answers), server.uri());
        Mock::given(wiremock::matchers::any()).respond_with(answering).mount(&server).await;
        Self { server, answers, key }
    }

    pub(crate) fn issuer(&self) -> String {
        self.server.uri()
    }

    /// The pages with this provider, named `mock`, and these further settings of it.
    pub(crate) async fn world(&self, more: Value) -> World {
        let mut settings = json!({
            "display_name": "Mock", "issuer": self.issuer(), "client_id": "pages", "client_secret": "hush",
        });
        settings.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        world_with(json!({"mock": settings})).await
    }

    /// What an honest ID token says.
    pub(crate) fn claims(&self, nonce: &str) -> Value {
        let now = OffsetDateTime::now_utc().unix_timestamp();
        json!({
            "iss": self.issuer(), "aud": "pages", "sub": "AminaAminaAminaAmina01", "nonce": nonce, "iat": now,
            "exp": now + 300, "auth_time": now,
        })
    }

    pub(crate) fn answer_token(&self, id_token: &str) {
        self.answers.lock().unwrap().token = json!({"access_token": "access-token", "token_type": "Bearer", "expires_in": 60, "id_token": id_token});
    }

    pub(crate) fn answer_userinfo(&self, body: &str) {
        body.clone_into(&mut self.answers.lock().unwrap().userinfo);
    }

    pub(crate) fn publish(&self, keys: &[&SigningKey]) {
        let keys: Vec<Value> = keys.iter().map(|key| json!(key.public_jwk())).collect();
        self.answers.lock().unwrap().jwks = json!({"keys": keys});
    }

    pub(crate) fn hide_keys(&self, status: Option<u16>) {
        self.answers.lock().unwrap().jwks_status = status;
    }

    /// How often somebody fetched this path.
    pub(crate) async fn fetched(&self, at: &str) -> usize {
        self.server.received_requests().await.unwrap().iter().filter(|r| r.url.path() == at).count()
    }

    /// The forms that came to the token endpoint.
    pub(crate) fn token_requests(&self) -> Vec<String> {
        self.answers.lock().unwrap().token_requests.clone()
    }

    /// A sign-in that ends with what `id_token` makes of honest claims.
    pub(crate) async fn sign_in(
        &self,
        browser: &mut Browser,
        id_token: impl FnOnce(Value) -> String,
    ) -> Seen {
        self.sign_in_from(browser, "/sign-in/mock", "", id_token).await
    }

    /// The same, begun at `from`, with more in the address of the answer.
    pub(crate) async fn sign_in_from(
        &self,
        browser: &mut Browser,
        from: &str,
        more: &str,
        id_token: impl FnOnce(Value) -> String,
    ) -> Seen {
        let asked = query(&away(browser, from).await);
        self.answer_token(&id_token(self.claims(&asked["nonce"])));
        browser.get(&format!("/oauth2/callback?code=a-code&state={}{more}", asked["state"])).await
    }

    /// Signed with the provider's key.
    pub(crate) fn sign(&self, claims: &Value) -> String {
        issue_jwt(&self.key, claims).unwrap()
    }

    /// No longer there.
    pub(crate) async fn leave(self) {
        drop(self.server);
    }
}

/// A token with a header of our choice and a signature that is none.
pub(crate) fn forged(header: &Value, claims: &Value, signature: &str) -> String {
    let part = |value: &Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}.{signature}", part(header), part(claims))
}

/// The token with one claim changed and the signature as it was.
pub(crate) fn tampered(token: &str, name: &str, value: Value) -> String {
    let parts: Vec<&str> = token.split('.').collect();
    let mut claims: Value =
        serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(parts[1]).unwrap()).unwrap();
    claims[name] = value;
    format!("{}.{}.{}", parts[0], BASE64_URL_SAFE_NO_PAD.encode(claims.to_string()), parts[2])
}

/// What the pages say of themselves at the token endpoint.
pub(crate) fn callback() -> String {
    format!("{PUBLIC}/oauth2/callback")
}

/// Honest claims with some changed; `null` takes one away.
pub(crate) fn changed(mut claims: Value, changes: &Value) -> Value {
    for (name, value) in changes.as_object().unwrap() {
        claims[name] = value.clone();
        if value.is_null() {
            claims.as_object_mut().unwrap().remove(name);
        }
    }
    claims
}
