//! Bearer tokens: of users, whose issuer may change its keys or be away, and of partner services.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use g2p_crypto::{SigningKey, issue_jwt};
use platform::{Authenticator, Clock, CommonConfig, HttpClient, PartnerRegistry};
use ring::hmac;
use serde_json::{Value, json};
use storage::{Db, DbOptions};
use testkit::{TestService, wait_for};
use time::OffsetDateTime;
use wiremock::{Mock, MockServer, Request, Respond, ResponseTemplate, matchers::any};

use crate::{support::start, toy::Toy};

const THING: &str = "/api/v1/things/1";

/// An issuer whose keys and health the test decides.
struct Issuer {
    server: MockServer,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    keys: Vec<Value>,
    down: bool,
    fetched: u32,
    /// What the discovery document says instead of the truth.
    claims_to_be: Option<String>,
}

struct Answers(Arc<Mutex<State>>);

impl Respond for Answers {
    fn respond(&self, request: &Request) -> ResponseTemplate {
        let mut state = self.0.lock().unwrap();
        let base = format!("http://{}", request.headers["host"].to_str().unwrap());
        if request.url.path().ends_with("openid-configuration") {
            let issuer = state.claims_to_be.clone().unwrap_or_else(|| base.clone());
            let document = json!({"issuer": issuer, "jwks_uri": format!("{base}/jwks")});
            return ResponseTemplate::new(if state.down { 502 } else { 200 }).set_body_json(document);
        }
        state.fetched += 1;
        ResponseTemplate::new(if state.down { 502 } else { 200 }).set_body_json(json!({"keys": state.keys}))
    }
}

impl Issuer {
    async fn start(keys: &[&SigningKey]) -> Self {
        let state = Arc::new(Mutex::new(State::default()));
        let server = MockServer::start().await;
        Mock::given(any()).respond_with(Answers(Arc::clone(&state))).mount(&server).await;
        let issuer = Self { server, state };
        issuer.publish(keys);
        issuer
    }

    fn publish(&self, keys: &[&SigningKey]) {
        let published = |key: &&SigningKey| json!(key.public_jwks())["keys"][0].clone();
        self.state.lock().unwrap().keys = keys.iter().map(published).collect();
    }

    fn fetched(&self) -> u32 {
        self.state.lock().unwrap().fetched
    }

    fn set_down(&self, down: bool) {
        self.state.lock().unwrap().down = down;
    }

    fn url(&self) -> String {
        self.server.uri()
    }

    fn claims(&self) -> Value {
        let now = OffsetDateTime::now_utc().unix_timestamp();
        json!({"iss": self.url(), "aud": "openg2p", "sub": "u-1", "roles": ["admin"], "exp": now + 36_000})
    }

    fn token(&self, key: &SigningKey) -> String {
        issue_jwt(key, &self.claims()).unwrap()
    }

    async fn toy(&self) -> TestService<Toy> {
        TestService::start(|l| l.common.oidc_issuer = Some(self.url())).await
    }
}

fn key() -> SigningKey {
    SigningKey::generate_es256().unwrap()
}

async fn status(toy: &TestService<Toy>, token: &str) -> u16 {
    toy.anonymous().send(THING, reqwest::Method::GET, |r| r.bearer_auth(token)).await.status
}

#[tokio::test]
async fn tokens_that_are_not_for_us_are_refused() {
    let own = key();
    let issuer = Issuer::start(&[&own]).await;
    let toy = issuer.toy().await;
    let now = OffsetDateTime::now_utc().unix_timestamp();
    let with = |change: Value| {
        let mut claims = issuer.claims();
        claims.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        claims.as_object_mut().unwrap().retain(|_, value| !value.is_null());
        issue_jwt(&own, &claims).unwrap()
    };
    assert_eq!(status(&toy, &with(json!({}))).await, 200);
    for (what, token) in [
        ("another issuer", with(json!({"iss": "https://elsewhere.example"}))),
        ("no issuer", with(json!({"iss": null}))),
        ("another audience", with(json!({"aud": "somebody-else"}))),
        ("no audience", with(json!({"aud": null}))),
        ("expired", with(json!({"exp": now - 31}))),
        ("without an end", with(json!({"exp": null}))),
        ("not valid yet", with(json!({"nbf": now + 300}))),
        ("nobody", with(json!({"sub": null}))),
        ("another key", issuer.token(&key())),
        ("no token", "nonsense".to_owned()),
        ("empty parts", "..".to_owned()),
    ] {
        let reply = toy.anonymous().send(THING, reqwest::Method::GET, |r| r.bearer_auth(&token)).await;
        assert_eq!(reply.status, 401, "{what}: {}", reply.text);
        assert_eq!(reply.headers["www-authenticate"], "Bearer", "{what}");
        assert!(!reply.text.contains(&token), "{what}");
    }
    assert_eq!(status(&toy, &with(json!({"roles": ["helpdesk"]}))).await, 403);
    let scheme = async |text: String| {
        toy.anonymous().send(THING, reqwest::Method::GET, |r| r.header("Authorization", text)).await.status
    };
    assert_eq!(scheme(format!("bearer {}", with(json!({})))).await, 200);
    assert_eq!(scheme(format!("Basic {}", with(json!({})))).await, 401);
}

#[tokio::test]
async fn a_token_without_a_real_signature_is_refused() {
    let own = SigningKey::generate_es256().unwrap();
    let issuer = Issuer::start(&[&own]).await;
    let toy = issuer.toy().await;
    let part = |value: &Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
    let published = issuer.state.lock().unwrap().keys[0].clone();
    let kid = published["kid"].clone();
    for name in ["none", "None", "HS256", "hs256", "HS512"] {
        let signed = format!("{}.{}", part(&json!({"alg": name, "kid": kid})), part(&issuer.claims()));
        assert_eq!(status(&toy, &format!("{signed}.")).await, 401, "{name} without a signature");
        // The public key as a shared secret: the classic confusion.
        for secret in [published.to_string(), published["x"].as_str().unwrap().to_owned()] {
            let secret = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
            let tag = BASE64_URL_SAFE_NO_PAD.encode(hmac::sign(&secret, signed.as_bytes()));
            assert_eq!(status(&toy, &format!("{signed}.{tag}")).await, 401, "{name} with the public key");
        }
    }
    let genuine = issuer.token(&own);
    let (head, _) = genuine.rsplit_once('.').unwrap();
    assert_eq!(status(&toy, &format!("{head}.{}", "A".repeat(86))).await, 401);
    assert_eq!(status(&toy, &genuine).await, 200);
}

#[tokio::test]
async fn a_new_key_of_the_issuer_is_fetched_once_and_strange_ones_do_not_flood_it() {
    let (old, new) = (key(), key());
    let issuer = Issuer::start(&[&old]).await;
    let toy = issuer.toy().await;
    assert_eq!(status(&toy, &issuer.token(&old)).await, 200);
    assert_eq!(issuer.fetched(), 1);
    issuer.publish(&[&old, &new]);
    let token = issuer.token(&new);
    let (a, b, c) = tokio::join!(status(&toy, &token), status(&toy, &token), status(&toy, &token));
    assert_eq!([a, b, c], [200; 3], "known as soon as a token names it");
    assert_eq!(issuer.fetched(), 2);
    for _ in 0..20 {
        assert_eq!(status(&toy, &issuer.token(&key())).await, 401);
    }
    assert_eq!(issuer.fetched(), 2, "an unknown key is looked for once in ten seconds");
    assert_eq!(status(&toy, &issuer.token(&old)).await, 200);
}

#[tokio::test]
async fn an_issuer_that_is_away_stops_nobody_whose_key_is_known() {
    let own = key();
    let issuer = Issuer::start(&[&own]).await;
    issuer.set_down(true);
    let toy = issuer.toy().await;
    let token = issuer.token(&own);
    let refused = toy.anonymous().send(THING, reqwest::Method::GET, |r| r.bearer_auth(&token)).await;
    assert_eq!(refused.status, 503, "nobody can say whether it is good: {}", refused.text);
    assert!(refused.headers.contains_key("retry-after"));
    issuer.set_down(false);
    wait_for("the keys", Duration::from_secs(10), || async {
        (status(&toy, &token).await == 200).then_some(())
    })
    .await;
    issuer.set_down(true);
    assert_eq!(status(&toy, &issuer.token(&key())).await, 401, "an unknown key makes us ask, in vain");
    assert_eq!(status(&toy, &token).await, 200);
}

#[tokio::test]
async fn the_first_requests_wait_for_an_issuer_that_is_just_starting() {
    let own = key();
    let issuer = Issuer::start(&[&own]).await;
    issuer.set_down(true);
    let toy = issuer.toy().await;
    let token = issuer.token(&own);
    let up = async {
        wait_for("the first attempt", Duration::from_secs(10), || async {
            (!issuer.server.received_requests().await?.is_empty()).then_some(())
        })
        .await;
        issuer.set_down(false);
    };
    let (first, second, ()) = tokio::join!(status(&toy, &token), status(&toy, &token), up);
    assert_eq!((first, second), (200, 200));
}

#[tokio::test]
async fn keys_grow_old_but_outlive_an_outage() {
    let (own, later) = (key(), key());
    let issuer = Issuer::start(&[&own]).await;
    let clock = Clock::default();
    let config = CommonConfig { oidc_issuer: Some(issuer.url()), ..CommonConfig::default() };
    let db =
        Db::connect(&DbOptions::new("postgres://127.0.0.1:1/none".to_owned().into(), "none")).await.unwrap();
    let timeout = Duration::from_secs(5);
    let http = HttpClient::new(Arc::new(key()), "TOY".to_owned(), clock.clone(), timeout, None).unwrap();
    let authenticator =
        Authenticator::new("toy-shop", &config, http, PartnerRegistry::new(db, false), clock.clone());
    let token = issuer.token(&own);
    let valid = async |token: &str| authenticator.verify(token).await.is_ok();
    assert!(valid(&token).await && valid(&token).await);
    assert_eq!(issuer.fetched(), 1);

    issuer.set_down(true);
    clock.shift(1_000);
    assert!(valid(&token).await, "old keys are better than none");
    wait_for("the attempt to renew them", timeout, || async { (issuer.fetched() == 1).then_some(()) }).await;
    issuer.set_down(false);
    issuer.publish(&[&own, &later]);
    wait_for("the new key", Duration::from_secs(20), || async {
        valid(&issuer.token(&later)).await.then_some(())
    })
    .await;
    assert!(valid(&token).await);

    issuer.set_down(true);
    clock.shift(25 * 3_600 - 36_000);
    let in_time = issue_jwt(&own, &{
        let mut claims = issuer.claims();
        claims["exp"] = json!(clock.now().unix_timestamp() + 60);
        claims
    })
    .unwrap();
    assert!(valid(&in_time).await);
    clock.shift(36_000);
    assert!(!valid(&issuer.token(&own)).await, "but not for ever: it may have withdrawn them");
}

#[tokio::test]
async fn a_request_that_is_given_up_does_not_take_the_keys_with_it() {
    let own = key();
    let issuer = Issuer::start(&[&own]).await;
    let toy = issuer.toy().await;
    let token = issuer.token(&own);
    // The wrong query ends this request while the keys are still on their way.
    let all = toy.anonymous();
    let wrong = all.send("/api/v1/things/1?limit=x", reqwest::Method::GET, |r| r.bearer_auth(&token));
    assert_eq!(wrong.await.status, 400);
    assert_eq!((status(&toy, &token).await, issuer.fetched()), (200, 1));
}

#[tokio::test]
async fn a_discovery_document_of_somebody_else_is_not_followed() {
    let own = key();
    let issuer = Issuer::start(&[&own]).await;
    issuer.state.lock().unwrap().claims_to_be = Some("https://elsewhere.example".to_owned());
    let toy = issuer.toy().await;
    assert_eq!(status(&toy, &issuer.token(&own)).await, 503);
    assert_eq!(issuer.fetched(), 0);
}

#[tokio::test]
async fn service_tokens_are_for_one_service_one_minute_and_one_partner() {
    let toy = start().await;
    let reader = toy.partner("READER", &["toy:read"]).await;
    let other = toy.partner("OTHER", &["toy:read"]).await;
    let reply = reader.session().get(THING).await.expect_status(200);
    assert_eq!(reply.json()["actor"], "partner:READER");

    let now = OffsetDateTime::now_utc().unix_timestamp();
    let claims = |change: Value| {
        let mut claims = json!({"iss": "READER", "sub": "READER", "aud": "toy-shop", "exp": now + 60});
        claims.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        claims
    };
    let spelled = issue_jwt(reader.key(), &claims(json!({"iss": "reader"}))).unwrap();
    assert_eq!(status(&toy, &spelled).await, 200, "any spelling of the id");
    for (what, key, change) in [
        ("for another service", reader.key(), json!({"aud": "spar-mapper"})),
        ("expired", reader.key(), json!({"exp": now - 31})),
        ("another partner's key", other.key(), json!({})),
        ("an unknown partner", reader.key(), json!({"iss": "NOBODY"})),
        ("the anonymous partner", reader.key(), json!({"iss": "*"})),
        ("a strange id", reader.key(), json!({"iss": "A\u{0}B"})),
    ] {
        let token = issue_jwt(key, &claims(change)).unwrap();
        assert_eq!(status(&toy, &token).await, 401, "{what}");
    }
    let token = issue_jwt(reader.key(), &claims(json!({}))).unwrap();
    let build = |r: reqwest::RequestBuilder| r.bearer_auth(&token).json(&json!({"what": "a"}));
    let forbidden = toy.anonymous().send("/api/v1/effects", reqwest::Method::POST, build).await;
    assert_eq!(forbidden.status, 403, "what it may do is in its policy");
}
