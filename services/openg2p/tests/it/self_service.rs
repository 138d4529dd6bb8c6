//! The pages where people choose an account, and the helpdesk's, with the real mapper behind them.

use std::time::Duration;

use reqwest::{Client, Method, redirect::Policy};
use serde_json::{Value, json};
use testkit::{TestService, wait_for};

pub(crate) const AMINA: &str = "token:AminaAminaAminaAmina01@nationalId";

/// A browser with one cookie, which sends the hidden fields of the last page that had them.
pub(crate) struct Browser {
    base: String,
    pub(crate) client: Client,
    cookie: String,
    hidden: Vec<(String, String)>,
}

pub(crate) struct Seen {
    pub(crate) status: u16,
    pub(crate) location: String,
    pub(crate) html: String,
}

impl Seen {
    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.html);
        self
    }

    #[track_caller]
    pub(crate) fn has(&self, text: &str) {
        assert!(self.html.contains(text), "no \"{text}\" in {}", self.html);
    }
}

impl Browser {
    pub(crate) fn new(base: String, cookie: &str) -> Self {
        let client = Client::builder().redirect(Policy::none()).no_proxy().build().unwrap();
        Self { base, client, cookie: cookie.to_owned(), hidden: Vec::new() }
    }

    pub(crate) async fn get(&mut self, path: &str) -> Seen {
        self.send(Method::GET, path, &[]).await
    }

    pub(crate) async fn submit(&mut self, path: &str, fields: &[(&str, &str)]) -> Seen {
        let hidden = self.hidden.clone();
        let mut all: Vec<(&str, &str)> = fields.to_vec();
        all.extend(hidden.iter().map(|(name, value)| (name.as_str(), value.as_str())));
        self.send(Method::POST, path, &all).await
    }

    async fn send(&mut self, method: Method, path: &str, form: &[(&str, &str)]) -> Seen {
        let mut request = self.client.request(method.clone(), format!("{}{path}", self.base));
        if method == Method::POST {
            request = request.form(form);
        }
        let response = request.header("Cookie", &self.cookie).send().await.unwrap();
        let header = |name: &str| response.headers().get(name).map(|v| v.to_str().unwrap().to_owned());
        if let Some(cookie) = header("set-cookie") {
            cookie.split(';').next().unwrap().clone_into(&mut self.cookie);
        }
        let (status, location) = (response.status().as_u16(), header("location").unwrap_or_default());
        let html = response.text().await.unwrap();
        for name in ["csrf", "reference", "change"] {
            if let Some(rest) = html.split(&format!("name=\"{name}\" value=\"")).nth(1) {
                self.hidden.retain(|(known, _)| known != name);
                self.hidden.push((name.to_owned(), rest.split('"').next().unwrap().to_owned()));
            }
        }
        Seen { status, location, html }
    }
}

/// Both services, as `up` makes them known to each other, with what a helpdesk needs beside it.
async fn start() -> (TestService<spar_mapper::Service>, TestService<spar_self_service::Service>) {
    let mapper = TestService::<spar_mapper::Service>::start(|loaded| {
        loaded.service.encryption_secret = "a secret of the tests that seals addresses".to_owned().into();
        loaded.service.index_secret = "a secret of the tests that finds addresses".to_owned().into();
    })
    .await;
    let url = mapper.url();
    let pages = TestService::<spar_self_service::Service>::start(|loaded| {
        loaded.service.demo_login = true;
        loaded.service.session_secret = "a secret for tests, long enough.".to_owned().into();
        loaded.service.mapper_url = url;
        loaded.service.public_url = "http://127.0.0.1".to_owned();
        let staff = json!({"ministry": {"display_name": "Ministry", "issuer": "https://staff.example.org", "client_id": "c", "client_secret": "s"}});
        loaded.service.staff_sign_in = serde_json::from_value(staff).unwrap();
    })
    .await;
    let granted = [
        "mapper:call",
        "mapper:history",
        "mapper:details",
        "directory:read",
        "mapper:read",
        "mapper:write",
        "mapper:approve",
        "mapper:freeze",
        "mapper:on_behalf",
    ];
    pages.introduce_to(&mapper, &granted).await;
    (mapper, pages)
}

/// Amina, who has just given this phone as her account.
async fn with_a_wallet(pages: &TestService<spar_self_service::Service>, phone: &str) -> Browser {
    let mut amina = Browser::new(pages.url(), "");
    amina.get("/").await.expect(200);
    amina.submit("/sign-in", &[("code", AMINA)]).await.expect(303);
    enter_wallet(&mut amina, phone).await.expect(303);
    amina
}

async fn enter_wallet(amina: &mut Browser, phone: &str) -> Seen {
    amina.get("/account/change/wallet").await.expect(200);
    amina.submit("/account/change/wallet", &[("wallet", "EXPAY"), ("phone", phone)]).await.expect(303);
    amina.get("/account/check").await.expect(200).has(phone);
    amina.submit("/account/confirm", &[]).await
}

/// A member of the staff with a session, as a sign-in would have begun it.
async fn staff(pages: &TestService<spar_self_service::Service>, name: &str, permissions: &str) -> Browser {
    let cookie = format!("h.{name}-and-enough-to-be-an-id");
    let statement = format!(
        "INSERT INTO staff_sessions (id_hash, staff, permissions, created_at, last_seen_at, expires_at)
         VALUES (encode(sha256('{cookie}'), 'hex'), 'ministry:{name}', '{{{permissions}}}', now(), now(), now() + interval '1 hour')"
    );
    storage::sql::execute(pages.db().conn(), &statement, []).await.unwrap();
    Browser::new(pages.url(), &format!("staff={cookie}"))
}

async fn history(mapper: &TestService<spar_mapper::Service>) -> Vec<Value> {
    let body = json!({"id": AMINA});
    let list = mapper.user("admin").post("/api/v1/mappings/history", &body).await.expect_status(200).json();
    list["items"].as_array().unwrap().clone()
}

#[tokio::test]
async fn a_person_chooses_changes_and_gives_up_an_account_and_sees_that_it_was_she() {
    let (mapper, pages) = start().await;
    let mut amina = with_a_wallet(&pages, "+254712345678").await;
    let receipt = enter_wallet(&mut amina, "+254712345999").await.expect(303);
    amina.get(&receipt.location).await.expect(200).has("ending 999");
    amina.get("/account").await.expect(200).has("ending 999");
    amina.get("/account/stop").await.expect(200);
    let receipt = amina.submit("/account/stop", &[]).await.expect(303);
    amina.get(&receipt.location).await.expect(200).has("You are no longer paid to this account");
    amina.get("/account").await.expect(200).has("We do not know where to pay you");
    let seen = amina.get("/account/history").await.expect(200);
    for text in ["Account removed", "Account changed", "Account added", "Example Pay, ending 678"] {
        seen.has(text);
    }
    assert_eq!(seen.html.matches("By you, on these pages").count(), 3, "{}", seen.html);
    let told: Vec<Value> = history(&mapper).await.into_iter().map(|entry| entry["change"].clone()).collect();
    assert_eq!(told, ["linked", "updated", "unlinked"]);
}

#[tokio::test]
async fn the_helpdesk_freezes_and_changes_an_account_with_two_people_in_their_own_names() {
    let (mapper, pages) = start().await;
    let mut amina = with_a_wallet(&pages, "+254712345678").await;
    let mut ada =
        staff(&pages, "ada", "helpdesk:lookup,helpdesk:freeze,helpdesk:write,helpdesk:approve").await;
    let mut ben = staff(&pages, "ben", "helpdesk:approve").await;
    ada.get("/helpdesk").await.expect(200);
    ada.submit("/helpdesk/find", &[("id", AMINA)]).await.expect(303);
    ada.get("/helpdesk/person").await.expect(200).has("ending 678");
    let freeze = [("what", "freeze"), ("reason", "phone was stolen")];
    ada.submit("/helpdesk/freeze", &freeze).await.expect(303);
    enter_wallet(&mut amina, "+254700000001").await.expect(409).has("to protect you");
    amina.get("/account/history").await.expect(200).has("By staff of the programme");
    let free = [("what", "unfreeze"), ("reason", "it was found again")];
    ada.submit("/helpdesk/freeze", &free).await.expect(303);

    ada.get("/helpdesk/change").await.expect(200);
    let change = [("to", "wallet:EXMON"), ("number", "+254733000222"), ("reason", "came to the desk")];
    ada.submit("/helpdesk/change", &change).await.expect(303);
    ada.get("/helpdesk/changes").await.expect(200).has("You asked for it");
    ada.submit("/helpdesk/decide", &[("decision", "approve")])
        .await
        .expect(200)
        .has("Somebody else has to approve");
    ben.get("/helpdesk/changes").await.expect(200).has("Example Money, ending 222");
    let decided = ben.submit("/helpdesk/decide", &[("decision", "approve")]).await.expect(303);
    assert_eq!(decided.location, "/helpdesk/changes?done=approved");
    let entry = wait_for("the change to be made", Duration::from_secs(30), async || {
        history(&mapper).await.into_iter().find(|entry| entry["change"] == "updated")
    })
    .await;
    let names = (entry["actor"].as_str(), entry["approved_by"].as_str());
    assert_eq!(names, (Some("user:ministry:ada"), Some("user:ministry:ben")));
    amina.get("/account").await.expect(200).has("ending 222");
}
