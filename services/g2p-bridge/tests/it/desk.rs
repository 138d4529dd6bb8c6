//! The pages for staff: who gets in, what stands on them, and that a real browser finds nothing wrong with them.

use std::{collections::BTreeMap, net::TcpListener, path::Path, process::Stdio, sync::Arc};

use base64::{Engine, prelude::BASE64_STANDARD};
use g2p_bridge::Config;
use g2p_crypto::{SigningKey, issue_jwt};
use platform::config::Loaded;
use reqwest::{Client, header::HeaderMap, redirect::Policy};
use serde_json::{Value, json};
use storage::sql;
use time::OffsetDateTime;
use tokio::{io::AsyncWriteExt, process::Command};
use wiremock::{Mock, MockServer, Request, Respond, ResponseTemplate, matchers::any};

use crate::{
    bank::Pay,
    world::{World, day, payments, today},
};

/// A provider at which whoever comes is Ada, with the role that her user name in the address says.
struct Provider {
    server: MockServer,
}

#[derive(Clone)]
struct Answering {
    issuer: String,
    key: Arc<SigningKey>,
    role: &'static str,
}

impl Respond for Answering {
    fn respond(&self, request: &Request) -> ResponseTemplate {
        let issuer = &self.issuer;
        let asked: BTreeMap<String, String> = request.url.query_pairs().into_owned().collect();
        match request.url.path() {
            "/.well-known/openid-configuration" => ResponseTemplate::new(200).set_body_json(json!({
                "issuer": issuer, "authorization_endpoint": format!("{issuer}/auth"),
                "token_endpoint": format!("{issuer}/token"), "jwks_uri": format!("{issuer}/jwks"),
            })),
            "/jwks" => ResponseTemplate::new(200).set_body_json(self.key.public_jwks()),
            // The code carries what the ID token must say.
            "/auth" => {
                let code = BASE64_STANDARD.encode(&asked["nonce"]).replace('=', "-");
                let back = format!("{}?state={}&code={code}", asked["redirect_uri"], asked["state"]);
                ResponseTemplate::new(302).insert_header("Location", back.replace('+', "%2B"))
            }
            "/token" => {
                let form: BTreeMap<String, String> =
                    url::form_urlencoded::parse(&request.body).into_owned().collect();
                let nonce = BASE64_STANDARD.decode(form["code"].replace('-', "=")).unwrap();
                let now = OffsetDateTime::now_utc().unix_timestamp();
                let claims = json!({"iss": issuer, "aud": "desk", "sub": "ada", "nonce": String::from_utf8(nonce).unwrap(),
                    "iat": now, "exp": now + 300, "auth_time": now, "roles": [self.role]});
                let id_token = issue_jwt(&self.key, &claims).unwrap();
                ResponseTemplate::new(200).set_body_json(
                    json!({"access_token": "a", "token_type": "Bearer", "expires_in": 60, "id_token": id_token}),
                )
            }
            other => panic!("{other}"),
        }
    }
}

impl Provider {
    async fn start(role: &'static str) -> Self {
        let server = MockServer::builder().start().await;
        let key = Arc::new(SigningKey::generate_es256().unwrap());
        let answering = Answering { issuer: server.uri(), key, role };
        Mock::given(any()).respond_with(answering).mount(&server).await;
        Self { server }
    }

    /// Settings of a bridge at this address whose staff sign in here.
    fn settings(&self, loaded: &mut Loaded<Config>, port: u16) {
        loaded.common.port = port;
        loaded.service.public_url = format!("http://127.0.0.1:{port}");
        let settings = json!({"display_name": "Ministry", "issuer": self.server.uri(), "client_id": "desk", "client_secret": "hush"});
        loaded.service.staff_sign_in = serde_json::from_value(json!({"ministry": settings})).unwrap();
    }
}

/// A browser without script that follows redirects and keeps cookies.
struct Browser {
    client: Client,
    base: String,
    cookies: BTreeMap<String, String>,
}

struct Seen {
    status: u16,
    headers: HeaderMap,
    url: String,
    text: String,
}

impl Browser {
    fn new(world: &World) -> Self {
        let client = Client::builder().redirect(Policy::none()).no_proxy().build().unwrap();
        Self { client, base: world.bridge.url(), cookies: BTreeMap::new() }
    }

    async fn get(&mut self, path: &str) -> Seen {
        self.send(format!("{}{path}", self.base), None).await
    }

    async fn send(&mut self, url: String, form: Option<&[(&str, &str)]>) -> Seen {
        let mut url = url;
        let mut form = form;
        for _ in 0..10 {
            let mut request = match form.take() {
                Some(form) => self.client.post(&url).form(form),
                None => self.client.get(&url),
            };
            if url.starts_with(&self.base) {
                let all: Vec<String> =
                    self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
                request = request.header("Cookie", all.join("; "));
            }
            let response = request.send().await.unwrap();
            let (status, headers) = (response.status().as_u16(), response.headers().clone());
            for cookie in headers.get_all("set-cookie") {
                let (pair, attributes) = cookie.to_str().unwrap().split_once(';').unwrap();
                assert!(
                    attributes.contains("HttpOnly") && attributes.contains("SameSite=Lax"),
                    "{attributes}"
                );
                let (name, value) = pair.split_once('=').unwrap();
                if attributes.contains("Max-Age=0") {
                    self.cookies.remove(name);
                } else {
                    self.cookies.insert(name.to_owned(), value.to_owned());
                }
            }
            match headers.get("location") {
                Some(to) => {
                    let to = to.to_str().unwrap();
                    url = if to.starts_with('/') { format!("{}{to}", self.base) } else { to.to_owned() };
                }
                None => return Seen { status, headers, url, text: response.text().await.unwrap() },
            }
        }
        panic!("redirects without end");
    }
}

impl Seen {
    #[track_caller]
    fn has(&self, texts: &[&str]) {
        for text in texts {
            assert!(self.text.contains(text), "no \"{text}\" in {}", self.text);
        }
    }
}

/// A port that is free, and whose admin port is free too.
fn free_port() -> u16 {
    let free = |port: u16| TcpListener::bind(("127.0.0.1", port)).ok();
    for _ in 0..100 {
        let port = free(0).unwrap().local_addr().unwrap().port();
        if port < 60_000 && free(port).is_some() && free(port + 1_000).is_some() {
            return port;
        }
    }
    panic!("no free port");
}

async fn start(role: &'static str) -> (Provider, World) {
    let (provider, port) = (Provider::start(role).await, free_port());
    let world = World::start_with(|loaded| provider.settings(loaded, port)).await;
    (provider, world)
}

/// An envelope in which everything happened: paid, came back, refused, not known; a line in doubt.
async fn eventful(world: &World) -> String {
    world.bank.books().refused_accounts.push("5555".to_owned());
    let closed = "account_number:5555.bank_code:EXBK.fa_type:BANK_ACCOUNT";
    world.mapper.directory().addresses.insert("payee-5".to_owned(), closed.to_owned());
    let id = world.envelope(12, "14400.00", &today()).await;
    world.create(&payments(&id, "E", 12, "1200.00")).await;
    world.wait_sent(11).await;
    world.bank.books().pay = Pay::ErrorBefore;
    let line = |n: usize| ("D", format!("E{n:07}"), "1200.00");
    let mut lines: Vec<_> = (0..5).map(line).collect();
    lines.push(("RD", "E0000003".to_owned(), "1200.00"));
    lines.push(("D", "E0000007".to_owned(), "1.00"));
    let lines: Vec<(&str, &str, &str)> = lines.iter().map(|(m, p, a)| (*m, p.as_str(), *a)).collect();
    world.statement(&lines).await;
    world
        .wait_view(&id, "four paid", |view| {
            view["payments"].as_array().unwrap().iter().any(|sum| sum["state"] == "PAID" && sum["count"] == 4)
        })
        .await;
    id
}

#[tokio::test]
async fn staff_see_an_envelope_with_what_is_wrong_and_who_acts() {
    let (_provider, world) = start("checker").await;
    let id = eventful(&world).await;
    world.bank.books().funds = false;
    let poor = world.envelope(1, "10.00", &today()).await;
    world.create(&payments(&poor, "F", 1, "10.00")).await;
    world.wait_problem(&poor, "FUNDS_NOT_AVAILABLE").await;

    let mut ada = Browser::new(&world);
    assert_eq!(ada.get("/desk/envelopes").await.status, 401, "nobody is signed in");
    ada.get("/desk").await.has(&["Sign in with Ministry"]);
    let list = ada.get("/desk/sign-in/ministry").await;
    assert!(list.url.ends_with("/desk/envelopes"), "{}", list.url);
    list.has(&[&id, &poor, "4 of 12", "KES\u{a0}14,400.00", "does not hold enough", "Is being paid"]);
    for header in ["content-security-policy", "x-frame-options", "referrer-policy", "x-content-type-options"]
    {
        assert!(list.headers.contains_key(header), "{header}");
    }
    assert_eq!(list.headers["cache-control"], "no-store");

    let page = ada.get(&format!("/desk/envelopes/{id}")).await;
    page.has(&[
        "4 of 12 payments are paid (33 %)",
        "Came back: 1",
        "Refused: 1",
        "BANK_REJECTED:ACCOUNT_CLOSED",
        "ACCOUNT_CLOSED",
        "the money came back",
        "The programme acts",
        "KES\u{a0}4,800.00",
        "statement.csv.jws",
        "Lines of bank statements in doubt",
        "••••e-5",
    ]);
    assert!(!page.text.contains(">payee-5<") && !page.text.contains("SPONSOR-1"), "masked");
    assert!(!page.text.contains("style=\"") && !page.text.contains("<script"));
    let poor_page = ada.get(&format!("/desk/envelopes/{poor}")).await;
    poor_page.has(&["does not hold enough. Nobody is paid until it does.", "The treasury acts"]);

    for (query, there, not) in [
        ("show=problem", &poor, &id),
        ("state=PAYING", &id, &poor),
        ("program=PROG&state=FUNDING", &poor, &id),
    ] {
        let seen = ada.get(&format!("/desk/envelopes?{query}")).await;
        assert!(seen.text.contains(there.as_str()) && !seen.text.contains(not.as_str()), "{query}");
    }
    ada.get("/desk/envelopes?program=%3Cb%3E")
        .await
        .has(&["There is no such envelope", "value=\"&#60;b&#62;\""]);
    assert_eq!(ada.get("/desk/envelopes/nowhere").await.status, 404);
    assert!(ada.get(&format!("/desk/envelopes/{id}/statement.pdf")).await.text.starts_with("%PDF"));
    let csv = ada.get(&format!("/desk/envelopes/{id}/statement.csv")).await;
    assert!(csv.headers.contains_key("statement-signature") && csv.text.contains("\r\npaid,4,4800.00\r\n"));

    let token =
        page.text.split("name=\"csrf\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let url = format!("{}/desk/sign-out", world.bridge.url());
    assert_eq!(ada.send(url.clone(), Some(&[("csrf", "forged")])).await.status, 403);
    ada.send(url, Some(&[("csrf", &token)])).await.has(&["Sign in with Ministry"]);
    assert_eq!(ada.get(&format!("/desk/envelopes/{id}/statement.csv")).await.status, 401);
    let audit: Vec<String> =
        sql::scalars(world.db().conn(), "SELECT action || ' ' || actor FROM audit_log ORDER BY id", [])
            .await
            .unwrap();
    assert!(audit.contains(&"desk.sign_in user:ministry:ada".to_owned()), "{audit:?}");
    assert!(audit.contains(&"desk.sign_out user:ministry:ada".to_owned()), "{audit:?}");
}

#[tokio::test]
async fn who_may_not_look_is_not_let_in_and_an_answer_counts_once_in_its_own_browser() {
    let (_provider, world) = start("helpdesk").await;
    let mut eve = Browser::new(&world);
    let seen = eve.get("/desk/sign-in/ministry").await;
    assert_eq!(seen.status, 403);
    seen.has(&["Your role does not allow this"]);
    assert_eq!(eve.get("/desk/envelopes").await.status, 401);
    // The same answer again, and in another browser.
    let back = seen.url.strip_prefix(&world.bridge.url()).unwrap().to_owned();
    assert_eq!(eve.get(&back).await.status, 400);
    assert_eq!(Browser::new(&world).get(&back).await.status, 400);
    assert_eq!(eve.get("/desk/callback?state=a&state=b").await.status, 400);
    assert_eq!(eve.get("/desk/sign-in/nowhere").await.status, 404);
}

#[tokio::test]
async fn without_a_provider_there_are_no_pages() {
    let world = World::start().await;
    let mut browser = Browser::new(&world);
    assert_eq!(browser.get("/desk").await.status, 404);
    assert_eq!(browser.get("/desk/envelopes").await.status, 401);
}

#[tokio::test]
async fn a_browser_finds_nothing_wrong_with_the_pages() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let modules = root.join("target/browser");
    assert!(
        modules.join("installed").is_file(),
        "the browser's driver is not installed: run scripts/setup.sh test"
    );
    let (_provider, world) = start("checker").await;
    let id = eventful(&world).await;
    let poor = {
        world.bank.books().funds = false;
        let poor = world.envelope(1, "10.00", &today()).await;
        world.create(&payments(&poor, "F", 1, "10.00")).await;
        world.wait_problem(&poor, "FUNDS_NOT_AVAILABLE").await;
        poor
    };
    let waiting = world.envelope(3, "30.00", &day(2)).await;
    let given = json!({"base": world.bridge.url(), "envelopes": [&id, poor, waiting],
        "pictures": std::env::var("OPENG2P_PICTURES").unwrap_or_default()});
    let mut child = Command::new("node")
        .arg(root.join("tests/browser/desk.mjs"))
        .arg(modules)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("node: run scripts/setup.sh test");
    child.stdin.take().unwrap().write_all(format!("{given}\n").as_bytes()).await.unwrap();
    let output = child.wait_with_output().await.unwrap();
    let said: Value = json!(String::from_utf8_lossy(&output.stdout));
    assert!(output.status.success(), "{said}, and what stands above");
    if let Some(folder) = std::env::var_os("OPENG2P_PICTURES") {
        let mut ada = Browser::new(&world);
        ada.get("/desk/sign-in/ministry").await;
        let all: Vec<String> = ada.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let url = format!("{}/desk/envelopes/{id}/statement.pdf", world.bridge.url());
        let paper = ada.client.get(url).header("Cookie", all.join("; ")).send().await.unwrap();
        std::fs::write(Path::new(&folder).join("desk-statement.pdf"), paper.bytes().await.unwrap()).unwrap();
    }
}
