//! The APIs of SPAR 1.x and 2.x, as a portal of another maker calls them.

use g2p_crypto::SigningKey;
use reqwest::{Client, Method, redirect::Policy};
use serde_json::{Value, json};

use crate::{
    AMINA, AMINA_FA, BOB, World,
    browser::Browser,
    mock_provider::{MockProvider, changed},
    oidc_provider::PUBLIC,
};

pub(crate) const BOB_FA: &str = "mobile_number:+254700000007.wallet_provider_name:Example Pay.wallet_provider_code:EXPAY.fa_type:MOBILE_WALLET";

/// A program that sends what it is told to.
pub(crate) struct Portal {
    base: String,
    client: Client,
    pub(crate) headers: Vec<(&'static str, String)>,
}

impl Portal {
    pub(crate) fn new(world: &World, headers: &[(&'static str, &str)]) -> Self {
        let client = Client::builder().redirect(Policy::none()).no_proxy().build().unwrap();
        let headers = headers.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        Self { base: world.service.url(), client, headers }
    }

    pub(crate) fn with_token(world: &World, token: &str) -> Self {
        Self::new(world, &[("Authorization", &format!("Bearer {token}"))])
    }

    /// Status and body.
    pub(crate) async fn send(&self, method: Method, path: &str, body: Option<&Value>) -> (u16, Value) {
        let mut request = self.client.request(method, format!("{}{path}", self.base));
        for (name, value) in &self.headers {
            request = request.header(*name, value);
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        let response = request.send().await.unwrap();
        let status = response.status().as_u16();
        let text = response.text().await.unwrap();
        (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Value {
        let (status, answer) = self.send(Method::POST, path, Some(body)).await;
        assert_eq!(status, 200, "{path}: {answer}");
        answer
    }
}

/// A provider whose bearer tokens count, and the pages with it.
pub(crate) async fn start() -> (MockProvider, World) {
    start_with(json!({})).await
}

pub(crate) async fn start_with(more: Value) -> (MockProvider, World) {
    let provider = MockProvider::start().await;
    let settings = changed(json!({"api_audiences": ["portal", "other-portal"]}), &more);
    let world = provider.world(settings).await;
    world.peers.link(BOB, BOB_FA);
    (provider, world)
}

/// What an access token for the portal says of Amina.
pub(crate) fn access_claims(provider: &MockProvider) -> Value {
    let claims = provider.claims("");
    changed(claims, &json!({"aud": "portal", "nonce": null, "name": "Amina B", "typ": "Bearer"}))
}

pub(crate) fn bank(number: &str) -> Value {
    json!({
        "strategy_id": 2, "fa_type": "BANK", "bank_name": "Another name", "bank_code": "EXBK",
        "branch_name": "", "branch_code": "", "account_number": number,
    })
}

pub(crate) fn older(fa: &Value) -> Value {
    json!({"request_header": {}, "request_pagination": {"request_page": 1, "page_size": 1}, "request_payload": {"fa": fa, "id": BOB}})
}

pub(crate) fn newer(operation: &str, items: &[Value]) -> Value {
    let list = format!("{operation}_request");
    json!({
        "request_header": {"sender_app_mnemonic": "PORTAL", "sender_app_url": "", "request_id": "q-1", "request_timestamp": "2026-01-01T10:00:00Z"},
        "request_body": {"request_payload": {"transaction_id": "t-1", list: items}},
    })
}

pub(crate) fn item(more: &Value) -> Value {
    changed(json!({"reference_id": "r-1", "timestamp": "now", "id": BOB}), more)
}

/// The only answer of an operation.
pub(crate) fn only(answer: &Value, operation: &str) -> Value {
    assert_eq!(answer["response_header"]["response_status"], "SUCCESS", "{answer}");
    let list = &answer["response_body"]["response_payload"][format!("{operation}_response")];
    assert_eq!(list.as_array().map(Vec::len), Some(1), "{answer}");
    list[0].clone()
}

#[tokio::test]
async fn a_portal_of_version_1_does_all_it_could() {
    let (provider, world) = start().await;
    let portal = Portal::with_token(&world, &provider.sign(&access_claims(&provider)));
    for prefix in ["", "/api/selfservice"] {
        let at = |path: &str| format!("{prefix}{path}");
        let (status, list) = portal.send(Method::GET, &at("/auth/getLoginProviders"), None).await;
        assert_eq!(status, 200);
        assert_eq!(
            list["loginProviders"],
            json!([{"id": "mock", "name": "mock", "type": "oauth2_auth_code", "displayName": "Mock", "displayIconUrl": ""}])
        );
        let (_, profile) = portal.send(Method::GET, &at("/auth/profile?online=true"), None).await;
        assert_eq!(
            (&profile["sub"], &profile["name"]),
            (&json!("AminaAminaAminaAmina01"), &json!("Amina B"))
        );
        assert!(profile["email"].is_null() && profile.get("birthdate").is_some(), "{profile}");

        world.peers.link(AMINA, AMINA_FA);
        let resolved = portal.post(&at("/resolve"), &json!({})).await;
        assert_eq!(resolved["response_status"], "success");
        assert_eq!(resolved["response_payload"]["fa"]["account_number"], "0000987042");
        assert_eq!(resolved["response_payload"]["fa"]["strategy_id"], 2);
        let again = portal.post(&at("/link"), &older(&bank("5550001234"))).await;
        assert_eq!(
            (&again["response_status"], &again["response_message"]),
            (&json!("failure"), &json!("ID and FA are already mapped"))
        );
        let updated = portal.post(&at("/update"), &older(&bank("5550 001-234"))).await;
        assert_eq!(updated["response_status"], "success", "{updated}");
        assert_eq!(
            world.peers.linked(AMINA).unwrap(),
            "account_number:5550001234.branch_name:.branch_code:.bank_name:Example Bank.bank_code:EXBK.fa_type:BANK_ACCOUNT"
        );
        assert_eq!(portal.post(&at("/unlink"), &json!({})).await["response_status"], "success");
        assert_eq!(world.peers.linked(AMINA), None);
        let none = portal.post(&at("/unlink"), &json!({})).await;
        assert_eq!(none["response_error_code"], "rjct.id.invalid");
        let none = portal.post(&at("/update"), &older(&bank("5550001234"))).await;
        assert_eq!(none["response_message"], "ID doesnt exist please link first");
        assert_eq!(portal.post(&at("/resolve"), &json!({})).await["response_status"], "failure");
        let written = portal.post(&at("/test_strategy"), &older(&bank("5550001234"))).await;
        assert_eq!(written["response_payload"]["constructed_id"], AMINA);
        assert!(
            written["response_payload"]["constructed_fa"]
                .as_str()
                .unwrap()
                .starts_with("account_number:5550001234.")
        );
        assert_eq!(
            portal.post(&at("/link"), &older(&bank("5550001234"))).await["response_status"],
            "success"
        );
    }
    assert_eq!(world.peers.linked(BOB).as_deref(), Some(BOB_FA), "the id in the body is not read");
    let audit = world.dump("audit_log").await;
    assert!(
        audit.contains("account.reveal")
            && audit.contains("account.change")
            && audit.contains("account.stop")
    );
    assert!(!audit.contains("5550001234"));
}

#[tokio::test]
async fn a_portal_of_version_2_does_all_it_could_for_one_person() {
    let (provider, world) = start().await;
    let portal = Portal::with_token(&world, &provider.sign(&access_claims(&provider)));
    let call = async |operation: &str, items: &[Value]| {
        portal.post(&format!("/mapper/{operation}"), &newer(operation, items)).await
    };
    let details = item(&json!({"scope": "details"}));
    let found = only(&call("resolve", std::slice::from_ref(&details)).await, "resolve");
    assert_eq!(found["fa"]["account_number"], "0000987042");
    assert_eq!((&found["fa"]["fa_type"], &found["id"]), (&json!("BANK"), &json!(AMINA)));
    assert_eq!(found["status_reason_code"], "succ.id.active");
    let yes = only(&call("resolve", &[item(&json!({}))]).await, "resolve");
    assert!(yes["fa"].is_null() && yes["status"] == "succ", "{yes}");
    let updated = only(&call("update", &[item(&json!({"fa": bank("5550001234")}))]).await, "update");
    assert_eq!((&updated["status"], &updated["id"]), (&json!("succ"), &json!(AMINA)));
    assert_eq!(only(&call("unlink", &[item(&json!({}))]).await, "unlink")["status"], "succ");
    let email = json!({"strategy_id": 3, "fa_type": "EMAIL_WALLET", "wallet_provider_name": "M", "wallet_provider_code": "M1", "email_address": "amina@mail.example"});
    let linked = only(&call("link", &[item(&json!({"fa": email}))]).await, "link");
    assert_eq!(linked["fa"], world.peers.linked(AMINA).unwrap());
    assert_eq!(world.peers.linked(BOB).as_deref(), Some(BOB_FA));

    let several = call("resolve", &[details.clone(), details]).await;
    let refused = several["response_body"]["response_payload"]["resolve_response"].as_array().unwrap();
    assert!(
        refused.len() == 2 && refused.iter().all(|i| i["status"] == "rjct" && i["fa"].is_null()),
        "{several}"
    );
    let empty = call("link", &[]).await;
    assert_eq!(empty["response_header"]["response_status"], "ERROR");
    assert_eq!(
        empty["response_header"]["response_error_message"],
        "Empty link_request list in request.request_body.request_payload"
    );
    assert_eq!(empty["response_body"]["response_payload"]["link_response"], json!([]));
}

#[tokio::test]
async fn addresses_of_programs_are_held_to_the_rules_of_the_pages() {
    let (provider, world) = start().await;
    let portal = Portal::with_token(&world, &provider.sign(&access_claims(&provider)));
    for (change, field) in [
        (json!({"account_number": "1"}), "fa.account_number is too short"),
        (json!({"account_number": "1.bank_code:EVIL"}), "fa.account_number has characters"),
        (json!({"bank_code": "EVIL"}), "fa.bank_code is no bank"),
        (json!({"branch_code": "a:b", "branch_name": "b"}), "fa.branch_code is no branch"),
        (json!({"strategy_id": 1}), "fa.strategy_id must be"),
        (
            json!({"strategy_id": 3, "wallet_provider_code": "M", "wallet_provider_name": "M"}),
            "fa.email_address is missing",
        ),
        (json!({"strategy_id": 4}), "fa.wallet_provider_code is no wallet"),
    ] {
        let answer = portal.post("/update", &older(&changed(bank("5550001234"), &change))).await;
        assert_eq!(answer["response_error_code"], "rjct.fa.invalid", "{change}");
        assert!(answer["response_message"].as_str().unwrap().starts_with(field), "{answer}");
    }
    assert_eq!(world.peers.linked(AMINA).as_deref(), Some(AMINA_FA));
    for body in [json!({}), json!([]), json!({"request_payload": {"fa": "account:1"}}), json!("x")] {
        for path in ["/link", "/mapper/update"] {
            let (status, answer) = portal.send(Method::POST, path, Some(&body)).await;
            assert_eq!((status, &answer["errors"][0]["code"]), (400, &json!("G2P-REQ-102")), "{path} {body}");
            assert!(!answer.to_string().contains("account:1"), "{answer}");
        }
    }
    // What the mapper cannot store is the program's fault, told before anything is noted.
    let mut named = older(&bank("5550001234"));
    named["request_payload"]["name"] = json!("A\u{0}");
    let (status, answer) = portal.send(Method::POST, "/update", Some(&named)).await;
    assert_eq!((status, &answer["errors"][0]["code"]), (400, &json!("G2P-REQ-102")), "{answer}");
    assert_eq!(world.dump("account_changes").await, "");
    world.peers.fail(Some(500));
    let (status, answer) = portal.send(Method::POST, "/update", Some(&older(&bank("5550001234")))).await;
    assert_eq!((status, &answer["errors"][0]["code"]), (503, &json!("G2P-REQ-503")));
}

#[tokio::test]
async fn an_old_sign_in_does_not_change_an_account_through_a_program_either() {
    let (provider, world) = start_with(json!({"step_up_seconds": 300})).await;
    let old = time::OffsetDateTime::now_utc().unix_timestamp() - 600;
    let token = provider.sign(&changed(access_claims(&provider), &json!({"auth_time": old})));
    let portal = Portal::with_token(&world, &token);
    assert_eq!(portal.post("/resolve", &json!({})).await["response_status"], "success");
    let update = newer("update", &[item(&json!({"fa": bank("5550001234")}))]);
    for (path, body) in
        [("/update", older(&bank("5550001234"))), ("/unlink", json!({})), ("/mapper/update", update)]
    {
        let (status, answer) = portal.send(Method::POST, path, Some(&body)).await;
        assert_eq!(status, 401, "{path}: {answer}");
    }
    assert_eq!(world.peers.linked(AMINA).as_deref(), Some(AMINA_FA));
    let fresh = Portal::with_token(&world, &provider.sign(&access_claims(&provider)));
    assert_eq!(fresh.post("/update", &older(&bank("5550001234"))).await["response_status"], "success");
}

/// A person with a session of the pages, and a program in her browser.
pub(crate) async fn in_browser(provider: &MockProvider, world: &World) -> (Browser, String) {
    let mut browser = world.browser();
    provider.sign_in(&mut browser, |claims| provider.sign(&claims)).await.expect_status(303);
    let cookie = format!("__Host-session={}", browser.session());
    (browser, cookie)
}

#[tokio::test]
async fn a_script_on_our_own_pages_may_use_the_session_and_one_on_another_site_may_not() {
    let (provider, world) = start().await;
    let (mut browser, cookie) = in_browser(&provider, &world).await;
    let update = older(&bank("5550001234"));
    for origin in [
        &[][..],
        &[("Origin", "https://evil.example")],
        &[("Origin", "null")],
        &[("Sec-Fetch-Site", "cross-site"), ("Origin", PUBLIC)],
        &[("Sec-Fetch-Site", "same-site")],
    ] {
        let mut headers = origin.to_vec();
        headers.push(("Cookie", &cookie));
        let portal = Portal::new(&world, &headers);
        for path in ["/update", "/unlink", "/resolve", "/auth/logout", "/mapper/update"] {
            let (status, answer) = portal.send(Method::POST, path, Some(&update)).await;
            assert_eq!(status, 403, "{path} {origin:?} {answer}");
        }
    }
    assert_eq!(world.peers.linked(AMINA).as_deref(), Some(AMINA_FA));
    let portal = Portal::new(&world, &[("Cookie", &cookie), ("Origin", PUBLIC)]);
    assert_eq!(portal.post("/update", &update).await["response_status"], "success");
    let (_, profile) = portal.send(Method::GET, "/auth/profile", None).await;
    assert_eq!(profile["sub"], "AminaAminaAminaAmina01");
    // A token that is not valid is not made good by the cookie beside it.
    let both =
        Portal::new(&world, &[("Cookie", &cookie), ("Origin", PUBLIC), ("Authorization", "Bearer x.y.z")]);
    assert_eq!(both.send(Method::POST, "/resolve", None).await.0, 401);
    portal.post("/auth/logout", &json!({})).await;
    assert_eq!(portal.send(Method::GET, "/auth/profile", None).await.0, 401);
    browser.get("/account").await.expect_status(401);
}

#[tokio::test]
async fn keys_of_the_provider_are_fetched_again_when_a_token_names_a_new_one() {
    let (provider, world) = start().await;
    let first = Portal::with_token(&world, &provider.sign(&access_claims(&provider)));
    assert_eq!(first.post("/resolve", &json!({})).await["response_status"], "success");
    let next = SigningKey::generate_es256().unwrap();
    let token = g2p_crypto::issue_jwt(&next, &access_claims(&provider)).unwrap();
    provider.publish(&[&next]);
    let second = Portal::with_token(&world, &token);
    assert_eq!(second.post("/resolve", &json!({})).await["response_status"], "success");
}
