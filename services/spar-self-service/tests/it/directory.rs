//! The directory as portals of 1.x and 2.x ask for it, with a mapper that pages and searches as the real one does.

use reqwest::Method;
use serde_json::{Value, json};
use testkit::Reply;
use wiremock::{Mock, Request, Respond, ResponseTemplate, matchers::method};

use crate::{
    AMINA, World,
    rest::{self, access_claims},
};

/// The own API of the mapper: `/api/v1/directory/…`, one entry a page.
struct Directory;

impl Respond for Directory {
    fn respond(&self, request: &Request) -> ResponseTemplate {
        let bearer = request.headers.get("authorization").and_then(|h| h.to_str().ok()).unwrap_or_default();
        assert!(bearer.starts_with("Bearer "), "signed in as a service");
        let query =
            |name: &str| request.url.query_pairs().find(|(key, _)| key == name).map(|(_, v)| v.into_owned());
        assert_eq!(query("active").as_deref(), Some("true"));
        let level = |id: i64, level_type: &str, input_type: &str, parent: i64| {
            json!({"id": id, "name": level_type, "level_type": level_type, "input_type": input_type, "parent": parent,
                   "validation_regex": (input_type == "input").then_some("^[0-9]{10}$"), "active": id != 9})
        };
        let bank = |id: i64, code: &str, strategy: Value| {
            json!({"id": id, "bank_mnemonic": code, "bank_name": format!("Bank {code}"), "bank_code": code,
                   "country": "", "account_format": "any", "account_regex": null, "strategy_id": strategy, "active": true})
        };
        let branch = |id: i64, bank: i64| {
            json!({"id": id, "branch_mnemonic": format!("m{id}"), "branch_name": format!("Branch {id}"),
                   "branch_code": format!("c{id}"), "bank_id": bank, "active": true})
        };
        let wallet = |id: i64, kind: &str| {
            json!({"id": id, "sp_mnemonic": format!("m{id}"), "sp_name": format!("Wallet {id}"),
                   "sp_code": format!("w{id}"), "wallet_type": kind, "country": "", "strategy_id": null, "active": true})
        };
        let mut items = match request.url.path().rsplit('/').next().unwrap() {
            "banks" => vec![bank(1000, "A", json!(null)), bank(1001, "B", json!(20))],
            "branches" => {
                let of = query("bank_id").and_then(|id| id.parse::<i64>().ok());
                let all = [(1002, 1000), (1003, 1000), (1004, 1001)];
                let all = all.into_iter().filter(|(_, bank)| of.is_none_or(|of| of == *bank));
                all.map(|(id, bank)| branch(id, bank)).collect()
            }
            "wallet-providers" => vec![wallet(1005, "MOBILE_WALLET"), wallet(1006, "EMAIL_WALLET")],
            "levels" => vec![
                level(1, "bank", "select", 0),
                level(2, "branch", "select", 1),
                level(3, "account", "input", 2),
                level(4, "mobile_wallet_provider", "select", 0),
                level(6, "email_wallet_provider", "select", 0),
                level(9, "account", "input", 0),
            ],
            other => panic!("nobody asks for {other}"),
        };
        let after = query("after").map_or(0, |id| id.parse::<i64>().unwrap());
        items.retain(|item| item["id"].as_i64().unwrap() > after);
        let next = (items.len() > 1).then(|| items[0]["id"].to_string());
        items.truncate(1);
        ResponseTemplate::new(200).set_body_json(json!({"items": items, "next": next}))
    }
}

struct Portal {
    world: World,
    cookie: String,
}

impl Portal {
    async fn start() -> Self {
        let world = World::start().await;
        Mock::given(method("GET")).respond_with(Directory).mount(&world.peers.mapper).await;
        let cookie = format!("session={}", world.signed_in(AMINA).await.session());
        Self { world, cookie }
    }

    async fn post(&self, path: &str, body: &Value) -> Reply {
        let send = |r: reqwest::RequestBuilder| r.header("Cookie", &self.cookie).json(body);
        self.world.service.anonymous().send(path, Method::POST, send).await
    }

    /// What an operation of 1.x answers.
    async fn older(&self, path: &str, payload: Value) -> Value {
        let body = json!({"request_header": {}, "request_pagination": {"request_page": 1, "page_size": 10},
                          "request_payload": payload});
        let mut reply = self.post(path, &body).await.expect_status(200).json();
        assert_eq!(reply["response_status"], "success");
        reply["response_payload"].take()
    }

    /// What an operation of 2.x answers.
    async fn newer(&self, path: &str, payload: Value) -> Value {
        let mut reply = self.post(path, &newer(&payload)).await.expect_status(200).json();
        assert_eq!(reply["response_header"]["response_status"], "SUCCESS", "{reply}");
        assert_eq!(reply["response_header"]["request_id"], "q-1");
        reply["response_body"]["response_payload"].take()
    }
}

fn newer(payload: &Value) -> Value {
    json!({
        "request_header": {"sender_app_mnemonic": "PORTAL", "sender_app_url": "", "request_id": "q-1",
                           "request_timestamp": "2026-01-01T10:00:00Z"},
        "request_body": {"request_payload": payload},
    })
}

fn ids(list: &Value) -> Vec<i64> {
    list.as_array().unwrap().iter().map(|item| item["id"].as_i64().unwrap()).collect()
}

#[tokio::test]
async fn a_portal_of_1_walks_down_the_levels() {
    let portal = Portal::start().await;
    for prefix in ["", "/api/selfservice"] {
        let levels = format!("{prefix}/dfsp/getLevels");
        assert_eq!(
            ids(&portal.older(&levels, json!({"parent": 0})).await),
            [1, 4, 6],
            "the ninth is not in use"
        );
        assert_eq!(ids(&portal.older(&levels, json!({})).await), [1, 2, 3, 4, 6]);
        let below = portal.older(&levels, json!({"parent": 2})).await;
        assert_eq!(
            below[0],
            json!({"id": 3, "name": "account", "level_type": "account", "input_type": "input", "parent": 2,
                   "validation_regex": "^[0-9]{10}$"})
        );
        let values = format!("{prefix}/dfsp/getLevelValues");
        let banks = portal.older(&values, json!({"level_id": 1, "parent": 0})).await;
        assert_eq!(
            banks,
            json!([
                {"id": 1000, "name": "Bank A", "code": "A", "description": null, "parent": 0, "level_id": 1, "strategy_id": 2},
                {"id": 1001, "name": "Bank B", "code": "B", "description": null, "parent": 0, "level_id": 1, "strategy_id": 20},
            ])
        );
        let branches = portal.older(&values, json!({"level_id": 2, "parent": 1000})).await;
        assert_eq!(ids(&branches), [1002, 1003]);
        assert_eq!(branches[0]["parent"], 1000);
        assert_eq!(ids(&portal.older(&values, json!({"level_id": 2})).await), [1002, 1003, 1004]);
        assert!(ids(&portal.older(&values, json!({"level_id": 2, "parent": 0})).await).is_empty());
        let mobile = portal.older(&values, json!({"level_id": 4, "parent": 0})).await;
        assert_eq!((ids(&mobile), &mobile[0]["strategy_id"]), (vec![1005], &json!(4)));
        let email = portal.older(&values, json!({"level_id": 6, "parent": null})).await;
        assert_eq!((ids(&email), &email[0]["strategy_id"]), (vec![1006], &json!(3)));
        assert!(ids(&portal.older(&values, json!({"level_id": 3, "parent": 1002})).await).is_empty());
    }
}

#[tokio::test]
async fn a_portal_of_2_asks_for_banks_branches_and_wallets() {
    let portal = Portal::start().await;
    let banks = portal.newer("/dfsp/fetch-banks", json!({})).await;
    assert_eq!(
        banks["banks"][0],
        json!({"id": 1000, "bank_mnemonic": "A", "bank_name": "Bank A", "bank_code": "A"})
    );
    assert_eq!(ids(&banks["banks"]), [1000, 1001]);
    let branches = portal.newer("/dfsp/fetch-branches", json!({"bank_id": 1001})).await;
    assert_eq!(
        branches,
        json!({"branches": [{"id": 1004, "branch_mnemonic": "m1004", "branch_name": "Branch 1004",
                             "branch_code": "c1004", "bank_id": 1001}]})
    );
    for all in [json!({}), json!({"bank_id": null})] {
        assert_eq!(ids(&portal.newer("/dfsp/fetch-branches", all).await["branches"]), [1002, 1003, 1004]);
    }
    let wallets = portal.newer("/dfsp/fetch-wallet-service-providers", json!({})).await;
    assert_eq!(
        wallets["wallet_service_providers"][1],
        json!({"id": 1006, "sp_mnemonic": "m1006", "sp_name": "Wallet 1006", "sp_code": "w1006", "wallet_type": "EMAIL_WALLET"})
    );
    assert_eq!(
        ids(&portal.newer("/api/selfservice/dfsp/fetch-banks", json!({})).await["banks"]),
        [1000, 1001]
    );
    let asked = portal.world.peers.mapper.received_requests().await.unwrap();
    let of_banks = asked.iter().filter(|r| r.url.path().ends_with("/banks")).count();
    assert_eq!(of_banks, 2, "two pages, once");
}

#[tokio::test]
async fn who_is_not_signed_in_sees_nothing_and_a_wrong_request_is_named() {
    let portal = Portal::start().await;
    let stranger = portal.world.service.anonymous();
    for path in [
        "/dfsp/getLevels",
        "/dfsp/getLevelValues",
        "/dfsp/fetch-banks",
        "/dfsp/fetch-branches",
        "/dfsp/fetch-wallet-service-providers",
        "/api/selfservice/dfsp/getLevels",
    ] {
        let refused = stranger.post(path, &newer(&json!({}))).await.expect_status(401).json();
        assert_eq!(refused["errors"][0]["code"], "G2P-AUT-401", "{path}");
        let forged = |r: reqwest::RequestBuilder| {
            r.header("Cookie", "session=s.forgedforgedforgedforged").json(&json!({}))
        };
        stranger.send(path, Method::POST, forged).await.expect_status(401);
    }
    for body in [json!({}), json!({"request_payload": {"parent": "x"}}), json!([])] {
        let wrong = portal.post("/dfsp/getLevels", &body).await.expect_status(400).json();
        assert_eq!(wrong["errors"][0]["code"], "G2P-REQ-102", "{wrong}");
    }
    portal
        .post("/dfsp/fetch-banks", &json!({"request_body": {"request_payload": {}}}))
        .await
        .expect_status(400);
}

#[tokio::test]
async fn a_mapper_that_is_away_is_said_so_and_one_without_a_directory_has_an_empty_one() {
    let world = World::start().await;
    let cookie = format!("session={}", world.signed_in(AMINA).await.session());
    let portal = Portal { world, cookie };
    let answer = async |status: u16| {
        let mock = Mock::given(method("GET")).respond_with(ResponseTemplate::new(status));
        let guard = mock.mount_as_scoped(&portal.world.peers.mapper).await;
        let reply = portal.post("/dfsp/fetch-banks", &newer(&json!({}))).await;
        drop(guard);
        reply
    };
    let away = answer(503).await.expect_status(503);
    assert!(away.headers.contains_key("retry-after"));
    let none = answer(403).await.expect_status(200).json();
    assert_eq!(none["response_body"]["response_payload"], json!({"banks": []}));
}

#[tokio::test]
async fn people_choose_from_the_directory_where_it_has_something() {
    let portal = Portal::start().await;
    let mut browser = portal.world.signed_in(AMINA).await;
    browser.get("/account/change").await.expect_status(200);
    browser.submit("/account/change", &[("kind", "bank")]).await.expect_status(303);
    let banks = browser.get("/account/change/bank").await.expect_status(200);
    banks.has("Bank A");
    banks.lacks("Example Farmers Bank");
    browser
        .submit("/account/change/bank", &[("bank", "A")])
        .await
        .expect_status(303)
        .expect_location("/account/change/branch");
    let branches = browser.get("/account/change/branch").await.expect_status(200);
    branches.has("Branch 1003");
    branches.lacks("Branch 1004");
    // A branch of another bank is not offered, and not taken either.
    browser.submit("/account/change/branch", &[("branch", "c1004")]).await.expect_status(422);
    browser.submit("/account/change/branch", &[("branch", "c1003")]).await.expect_status(303);
}

#[tokio::test]
async fn a_token_of_the_sign_in_provider_is_as_good_as_a_session_and_another_is_not() {
    let (provider, world) = rest::start().await;
    Mock::given(method("GET")).respond_with(Directory).mount(&world.peers.mapper).await;
    let portal = rest::Portal::with_token(&world, &provider.sign(&access_claims(&provider)));
    let banks = portal.post("/dfsp/fetch-banks", &newer(&json!({}))).await;
    assert_eq!(ids(&banks["response_body"]["response_payload"]["banks"]), [1000, 1001]);
    let levels = portal.post("/dfsp/getLevels", &json!({"request_payload": {"parent": 0}})).await;
    assert_eq!(ids(&levels["response_payload"]), [1, 4, 6]);
    let mut claims = access_claims(&provider);
    claims["aud"] = json!("somebody-else");
    let other = rest::Portal::with_token(&world, &provider.sign(&claims));
    let (status, refused) = other.send(Method::POST, "/dfsp/fetch-banks", Some(&newer(&json!({})))).await;
    assert_eq!((status, &refused["errors"][0]["code"]), (401, &json!("G2P-AUT-401")));
}
