//! The service, its neighbours, and people who use it.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use events::{Delivered, Handler};
use g2p_crypto::{Algorithm, SigningKey, issue_jwt};
use pbms_beneficiary_registry::{
    Service,
    app::State,
    config::Config,
    events::{DisbursementChange, DisbursementsChanged, Payments},
};
use platform::{
    Clock, CommonConfig, HttpClient, Masked, Mode, PartnerRegistry, Policy, Runtime, Service as _,
    config::Loaded,
    partners,
    server::{self, Running},
    service::all_migrations,
};
use serde_json::{Value, json};
use storage::{Db, sql};
use testkit::TestDb;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;
use wiremock::{
    Mock, MockServer, ResponseTemplate,
    matchers::{method, path},
};

use crate::{bridge::FakeBridge, registry::FakeRegistry};

pub const SCHEMA: &str = "pbms_beneficiary_registry";
const ISSUER: &str = "http://issuer.test";

/// Everything one test needs. Jobs run when the test says so.
pub struct World {
    pub db: Db,
    pub state: State,
    pub registry: FakeRegistry,
    pub bridge: FakeBridge,
    pub clock: Clock,
    url: String,
    users: SigningKey,
    partner: SigningKey,
    client: reqwest::Client,
    _running: Running,
    _issuer: MockServer,
    // Last: the others hold connections to it.
    _database: TestDb,
}

/// An answer: HTTP status and body.
#[derive(Debug, Clone)]
pub struct Reply {
    pub status: u16,
    pub body: Value,
}

impl Reply {
    pub fn code(&self) -> &str {
        self.body["code"].as_str().unwrap_or_default()
    }

    pub fn id(&self) -> String {
        self.body["id"].as_str().unwrap_or_else(|| panic!("no id in {self:?}")).to_owned()
    }

    #[track_caller]
    pub fn ok(self) -> Self {
        assert!((200..300).contains(&self.status), "{self:?}");
        self
    }
}

impl World {
    pub async fn new() -> Self {
        Self::with(|_| {}).await
    }

    pub async fn with(change: impl FnOnce(&mut Config)) -> Self {
        platform::init_crypto();
        let database = TestDb::new(&[(SCHEMA, all_migrations::<Service>())]).await;
        let users = SigningKey::generate_ed25519().unwrap();
        let issuer = MockServer::start().await;
        let jwks = ResponseTemplate::new(200).set_body_json(json!({"keys": [users.public_jwk()]}));
        Mock::given(method("GET")).and(path("/jwks")).respond_with(jwks).mount(&issuer).await;
        let (registry, bridge) = (FakeRegistry::start().await, FakeBridge::start().await);
        let mut config = Config {
            social_registry_url: registry.url(),
            bridge_url: bridge.url(),
            id_hash_secret: Masked::new("a secret for tests of 32 characters or more".to_owned()),
            ..Config::default()
        };
        change(&mut config);
        let common = CommonConfig {
            database_url: Some(database.url(SCHEMA).into()),
            oidc_issuer: Some(ISSUER.to_owned()),
            oidc_jwks_url: Some(format!("{}/jwks", issuer.uri())),
            roles: vec!["http".to_owned()],
            http_workers: 1,
            ..CommonConfig::default()
        };
        let loaded = Loaded { common: common.clone(), service: config.clone() };
        let running = server::start::<Service>(loaded, CancellationToken::new()).await.unwrap();
        let db = database.db(SCHEMA).await;
        let clock = Clock::default();
        let state = Service::state(config, &runtime(&db, &clock, common)).await.unwrap();
        let partner = SigningKey::generate_ed25519().unwrap();
        let world = Self {
            url: running.url(),
            db,
            state,
            registry,
            bridge,
            clock,
            users,
            partner,
            client: reqwest::Client::new(),
            _running: running,
            _issuer: issuer,
            _database: database,
        };
        let policy = Policy { permissions: ["payments:lookup".to_owned()].into(), ..Policy::default() };
        let keys = json!({"keys": [world.partner.public_jwk()]});
        partners::put(&world.db, "SPAR_SELF_SERVICE", Mode::Strict, &keys, &policy).await.unwrap();
        // The service has the issuer's keys before a test sends bodies that are refused earlier than tokens.
        world.get("maker", "/programs").await.ok();
        world
    }

    /// A token of a user with the role of the same name.
    pub fn token(&self, user: &str) -> String {
        let now = self.clock.now().unix_timestamp();
        let claims = json!({"iss": ISSUER, "sub": user, "aud": "openg2p", "roles": [user], "iat": now, "exp": now + 600});
        issue_jwt(&self.users, &claims).unwrap()
    }

    /// A token that the self-service signs.
    pub fn service_token(&self) -> String {
        let now = self.clock.now().unix_timestamp();
        let claims = json!({"iss": "SPAR_SELF_SERVICE", "sub": "SPAR_SELF_SERVICE", "aud": "pbms-beneficiary-registry",
            "iat": now, "exp": now + 60});
        issue_jwt(&self.partner, &claims).unwrap()
    }

    pub async fn post(&self, user: &str, path: &str, body: &Value) -> Reply {
        self.send(self.client.post(self.at(path)).bearer_auth(self.token(user)).json(body)).await
    }

    pub async fn get(&self, user: &str, path: &str) -> Reply {
        self.send(self.client.get(self.at(path)).bearer_auth(self.token(user))).await
    }

    pub fn at(&self, path: &str) -> String {
        format!("{}/api/v1{path}", self.url)
    }

    pub fn client(&self) -> &reqwest::Client {
        &self.client
    }

    pub async fn send(&self, request: reqwest::RequestBuilder) -> Reply {
        let response = request.send().await.unwrap();
        let status = response.status().as_u16();
        let text = response.text().await.unwrap();
        Reply { status, body: serde_json::from_str(&text).unwrap_or(Value::String(text)) }
    }

    /// Runs every job that is due.
    pub async fn work(&self) {
        jobs::run_until_idle(&self.db, Service::jobs(&self.state)).await.unwrap();
    }

    /// Makes jobs due that wait after a failure, and runs them.
    pub async fn work_again(&self) {
        sql::execute(self.db.conn(), "UPDATE jobs SET run_at = now() WHERE state = 'pending'", [])
            .await
            .unwrap();
        self.work().await;
    }

    /// Defines the demo's programme.
    pub async fn program(&self, mnemonic: &str) -> String {
        self.post("maker", "/programs", &demo_program(mnemonic)).await.ok().id()
    }

    /// Pulls the registry's households, and gives the finished run.
    pub async fn pull(&self, program: &str) -> Value {
        let base = format!("/programs/{program}/registrant-pulls");
        let run = self.post("maker", &base, &json!({})).await.ok().id();
        self.work().await;
        self.get("maker", &format!("{base}/{run}")).await.ok().body
    }

    /// Enrols, and gives the finished run.
    pub async fn enrol(&self, program: &str) -> Value {
        let base = format!("/programs/{program}/enrolments");
        let run = self.post("maker", &base, &json!({"as_of": "2026-01-01"})).await.ok().id();
        self.work().await;
        self.get("maker", &format!("{base}/{run}")).await.ok().body
    }

    /// A programme with everybody of the registry pulled and enrolled.
    pub async fn enrolled(&self, mnemonic: &str) -> String {
        let program = self.program(mnemonic).await;
        assert_eq!(self.pull(&program).await["state"], "done");
        assert_eq!(self.enrol(&program).await["state"], "done");
        program
    }

    /// A draft whose entitlements are computed.
    pub async fn computed(&self, program: &str, sequence: i32) -> String {
        let request =
            json!({"name": format!("Cycle {sequence}"), "schedule_date": "2026-01-31", "sequence": sequence});
        let cycle = self.post("maker", &format!("/programs/{program}/cycles"), &request).await.ok().id();
        self.post("maker", &format!("/cycles/{cycle}/entitlements"), &json!({})).await.ok();
        self.work().await;
        cycle
    }

    pub async fn deposit(&self, program: &str, amount: &str) {
        self.post("maker", &format!("/programs/{program}/funds"), &json!({"amount": amount})).await.ok();
    }

    /// Reserves, submits and approves.
    pub async fn approve(&self, cycle: &str) {
        let check = self.post("maker", &format!("/cycles/{cycle}/fund-check"), &json!({})).await.ok();
        assert_eq!(check.body["sufficient"], true);
        for user in ["maker", "checker"] {
            self.post(user, &format!("/cycles/{cycle}/approvals"), &json!({})).await.ok();
        }
    }

    /// A cycle whose disbursements are all at the bridge.
    pub async fn disbursing(&self) -> (String, String) {
        let program = self.enrolled("GRANT").await;
        self.deposit(&program, "100000.00").await;
        let cycle = self.computed(&program, 1).await;
        self.approve(&cycle).await;
        self.post("checker", &format!("/cycles/{cycle}/disburse"), &json!({})).await.ok();
        self.work().await;
        (program, cycle)
    }

    pub async fn cycle(&self, id: &str) -> Value {
        self.get("maker", &format!("/cycles/{id}")).await.ok().body
    }

    /// Delivers an event as the bridge would.
    pub async fn tell(&self, items: Vec<DisbursementChange>) {
        let event = Delivered {
            id: Uuid::now_v7(),
            tenant: "default".to_owned(),
            key: "envelope".to_owned(),
            source: "g2p_bridge".to_owned(),
            time: self.clock.now(),
            data: DisbursementsChanged { envelope_id: "envelope".to_owned(), items },
        };
        let tx = self.db.begin().await.unwrap();
        Payments(self.state.clone()).handle(&tx, event).await.unwrap();
        tx.commit().await.unwrap();
    }

    pub async fn number(&self, query: &str) -> i64 {
        sql::scalar(self.db.conn(), query, []).await.unwrap().unwrap_or(0)
    }

    pub async fn texts(&self, query: &str) -> Vec<String> {
        sql::scalars(self.db.conn(), query, []).await.unwrap()
    }
}

fn runtime(db: &Db, clock: &Clock, common: CommonConfig) -> Runtime {
    let keys = Arc::new(SigningKey::generate_ed25519().unwrap());
    assert_eq!(keys.algorithm(), Algorithm::EdDsa);
    let limit = Duration::from_secs(5);
    let http = HttpClient::new(Arc::clone(&keys), "PBMS".to_owned(), clock.clone(), limit, None).unwrap();
    Runtime {
        name: Service::NAME,
        db: db.clone(),
        http,
        keys,
        partners: PartnerRegistry::new(db.clone(), false),
        clock: clock.clone(),
        settings: Arc::new(common),
        shutdown: CancellationToken::new(),
    }
}

/// The programme of the demo.
pub fn demo_program(mnemonic: &str) -> Value {
    json!({
        "mnemonic": mnemonic, "name": "Child grant", "currency": "KES", "time_zone": "Africa/Nairobi",
        "target": "household",
        "eligibility_rule": "poverty_score < 50.0 && members.exists(m, m.age < 18)",
        "benefit": {"base": "500.00", "additions": [{"per": "member", "rule": "m.age < 5", "amount": "150.00"}],
                    "cap": "1100.00"},
        "field_policy": ["poverty_score", "members.kind", "members.birth_date", "members.identifiers"],
    })
}

/// Runs something and says how long it took.
pub async fn timed<T>(what: &str, work: impl Future<Output = T>) -> T {
    let begin = Instant::now();
    let out = work.await;
    eprintln!("{what}: {:.2} s", begin.elapsed().as_secs_f64());
    out
}
