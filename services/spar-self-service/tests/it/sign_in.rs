//! Signing in at an OpenID provider of another make, as a person does it.

use serde_json::json;

use crate::{
    AMINA, BOB, World,
    oidc_provider::{AtProvider, OidcProvider, PUBLIC, SECRET, away, query, sign_in, with, world_with},
};

/// Amina's name at the provider: the `sub` of her id.
pub(crate) const AMINA_THERE: &str = "AminaAminaAminaAmina01";
pub(crate) const BOB_THERE: &str = "BobBobBobBobBobBobBob02";

async fn start() -> (OidcProvider, World) {
    let provider = OidcProvider::start().await;
    let mut post = provider.keycloak();
    post["client_id"] = json!("pages-post");
    post["client_auth"] = json!("client_secret_post");
    let sign_in = json!({"keycloak": provider.keycloak(), "post": post, "esignet": provider.esignet()});
    let world = world_with(sign_in).await;
    (provider, world)
}

#[tokio::test]
async fn people_sign_in_at_each_kind_of_provider_and_are_who_the_provider_says() {
    let (_provider, world) = start().await;
    for name in ["keycloak", "post", "esignet"] {
        let mut browser = world.browser();
        let start = browser.get("/").await.expect_status(200);
        start.has(&format!("href=\"/sign-in/{name}?to=/account\""));
        let before = browser.session().to_owned();
        let seen = sign_in(&mut browser, &mut AtProvider::new(), name, AMINA_THERE).await;
        let seen = seen.expect_status(303).expect_location("/account");
        let cookie = seen.header("set-cookie");
        assert!(cookie.starts_with("__Host-session=s.") && cookie.len() < 120, "{cookie}");
        assert!(cookie.ends_with("; Path=/; HttpOnly; SameSite=Lax; Secure"), "{cookie}");
        assert_ne!(browser.session(), before, "an id from before signing in is worth nothing after");
        assert_eq!(browser.cookies.len(), 1, "no token is in a cookie");
        browser.get("/account").await.expect_status(200).has("ending 042");
        browser.get("/").await.expect_status(303).expect_location("/account");
    }
    assert!(world.dump("sessions").await.lines().all(|row| row.contains(AMINA) && row.contains("\"oidc\"")));
    let audit = world.dump("audit_log").await;
    assert!(audit.contains("session.sign_in") && audit.contains("\"provider\": \"esignet\""), "{audit}");
}

#[tokio::test]
async fn each_sign_in_has_its_own_secrets_and_none_of_them_is_in_the_address_or_the_database() {
    let (_provider, world) = start().await;
    let mut browser = world.browser();
    let first = query(&away(&mut browser, "/sign-in/keycloak").await);
    let second = query(&away(&mut browser, "/sign-in/keycloak").await);
    assert_eq!(first["code_challenge_method"], "S256");
    assert_eq!(first["redirect_uri"], format!("{PUBLIC}/oauth2/callback"));
    assert_eq!(first["response_type"], "code");
    assert!(!first.contains_key("code_verifier") && !first.contains_key("client_secret"), "{first:?}");
    for name in ["state", "nonce", "code_challenge"] {
        assert_eq!(first[name].len(), 43, "{name}");
        assert_ne!(first[name], second[name], "{name}");
    }
    let esignet = query(&away(&mut browser, "/sign-in/esignet").await);
    assert_eq!(esignet["acr_values"], "urn:otp");
    assert_eq!(esignet["ui_locales"], "en");
    sign_in(&mut browser, &mut AtProvider::new(), "esignet", AMINA_THERE).await.expect_status(303);
    for table in ["sessions", "sign_ins", "audit_log"] {
        let rows = world.dump(table).await;
        for secret in [SECRET, &first["state"], &first["nonce"], browser.session(), "eyJ", "PRIVATE KEY"] {
            assert!(!rows.contains(secret), "{table} holds {secret}");
        }
    }
}

#[tokio::test]
async fn an_answer_counts_once_and_in_the_browser_that_asked() {
    let (_provider, world) = start().await;
    let mut browser = world.browser();
    let url = away(&mut browser, "/sign-in/keycloak").await;
    let back = AtProvider::new().pass(&url, AMINA_THERE).await;
    // Another browser, with a session of its own and without: the attacker's code in the victim's browser.
    let mut other = world.browser();
    other.get(&back).await.expect_status(400).has("Signing in was not finished");
    let mut other = world.browser();
    sign_in(&mut other, &mut AtProvider::new(), "keycloak", BOB_THERE).await.expect_status(303);
    other.get(&back).await.expect_status(400);
    for wrong in [None, Some(""), Some("another"), Some(&*"x".repeat(4000))] {
        browser.get(&with(&back, "state", wrong)).await.expect_status(400);
    }
    browser.get("/oauth2/callback").await.expect_status(400);
    browser.get(&format!("{back}&state=twice")).await.expect_status(400);
    browser.get(&back).await.expect_status(303).expect_location("/account");
    let session = browser.session().to_owned();
    browser.get(&back).await.expect_status(400);
    assert_eq!(browser.session(), session);
    let rows = world.dump("sessions").await;
    assert_eq!(rows.lines().filter(|row| row.contains(AMINA)).count(), 1, "{rows}");
}

#[tokio::test]
async fn an_answer_that_comes_too_late_does_not_count() {
    let (_provider, world) = start().await;
    let mut browser = world.browser();
    let url = away(&mut browser, "/sign-in/keycloak").await;
    let back = AtProvider::new().pass(&url, AMINA_THERE).await;
    world.execute("UPDATE sign_ins SET created_at = created_at - interval '11 minutes'").await;
    browser.get(&back).await.expect_status(400);
    away(&mut browser, "/sign-in/keycloak").await;
    assert_eq!(world.dump("sign_ins").await.lines().count(), 1, "what nobody came back from is removed");
}

#[tokio::test]
async fn a_code_of_another_sign_in_is_refused_by_the_provider() {
    let (_provider, world) = start().await;
    let mut amina = world.browser();
    let url = away(&mut amina, "/sign-in/keycloak").await;
    let hers = AtProvider::new().pass(&url, AMINA_THERE).await;
    let code = query(&format!("{PUBLIC}{hers}"))["code"].clone();
    // Stolen before it was used: the verifier of another sign-in does not fit.
    let mut thief = world.browser();
    let url = away(&mut thief, "/sign-in/keycloak").await;
    let own = AtProvider::new().pass(&url, BOB_THERE).await;
    thief.get(&with(&own, "code", Some(&code))).await.expect_status(403).has("We could not sign you in");
    thief.get("/account").await.expect_status(401);
    // Used before: the provider takes a code once.
    let mut bob = world.browser();
    let url = away(&mut bob, "/sign-in/keycloak").await;
    let back = AtProvider::new().pass(&url, BOB_THERE).await;
    let used = query(&format!("{PUBLIC}{back}"))["code"].clone();
    bob.get(&back).await.expect_status(303);
    let url = away(&mut bob, "/sign-in/keycloak").await;
    let back = AtProvider::new().pass(&url, BOB_THERE).await;
    bob.get(&with(&back, "code", Some(&used))).await.expect_status(403);
}

#[tokio::test]
async fn nobody_is_sent_to_another_site_after_signing_in() {
    let (_provider, world) = start().await;
    for to in [
        "//evil.example",
        "https://evil.example",
        "/\\evil.example",
        "/account/../../evil",
        "javascript:1",
        "/sign-out",
    ] {
        let mut browser = world.browser();
        let encoded: String = to.bytes().map(|b| format!("%{b:02X}")).collect();
        let url =
            away(&mut browser, &format!("/sign-in/keycloak?to={encoded}&redirect_uri={encoded}&r={encoded}"))
                .await;
        assert!(!url.contains("evil"), "{url}");
        let back = AtProvider::new().pass(&url, AMINA_THERE).await;
        browser
            .get(&format!("{back}&redirect_uri={encoded}"))
            .await
            .expect_status(303)
            .expect_location("/account");
    }
    let mut browser = world.browser();
    browser.get("/payments").await.expect_status(401).has("href=\"/sign-in/keycloak?to=/payments\"");
    let url = away(&mut browser, "/sign-in/keycloak?to=/payments").await;
    let back = AtProvider::new().pass(&url, AMINA_THERE).await;
    browser.get(&back).await.expect_status(303).expect_location("/payments");
}

#[tokio::test]
async fn an_address_that_is_not_registered_gets_no_code() {
    let provider = OidcProvider::start().await;
    let sign_in = json!({"keycloak": provider.keycloak()});
    let world = World::start_with(|loaded| {
        loaded.service.demo_login = false;
        loaded.service.public_url = "https://pay.example.org.evil.example".to_owned();
        loaded.service.sign_in = serde_json::from_value(sign_in).unwrap();
    })
    .await;
    let url = away(&mut world.browser(), "/sign-in/keycloak").await;
    let (status, page) = AtProvider::new().get(&url).await;
    assert_eq!(status, 400);
    assert!(page.contains("redirect_uri"), "{page}");
}

#[tokio::test]
async fn a_person_who_stops_on_the_way_is_told_so() {
    let (_provider, world) = start().await;
    let mut browser = world.browser();
    for (error, status, text) in [
        ("access_denied", 403, "You did not sign in"),
        ("invalid_scope", 500, "Something went wrong on our side"),
        ("temporarily_unavailable", 503, "Please try again in a few minutes"),
        ("<script>", 403, "We could not sign you in"),
    ] {
        let state = query(&away(&mut browser, "/sign-in/keycloak").await)["state"].clone();
        let seen = browser.get(&with("/oauth2/callback?x=", "error", Some(error))).await.expect_status(400);
        seen.lacks("<script>");
        let back = with(&format!("/oauth2/callback?state={state}"), "error", Some(error));
        let seen = browser.get(&back).await.expect_status(status);
        seen.has(text);
        seen.lacks("<script>");
        browser.get(&back).await.expect_status(400);
    }
    browser.get("/account").await.expect_status(401);
}

#[tokio::test]
async fn the_id_strategy_of_the_provider_makes_the_persons_id() {
    let provider = OidcProvider::start().await;
    let mut settings = provider.esignet();
    settings["id_template"] = json!("nid:{individual_id}");
    settings["claims"] = json!({"userinfo": {"individual_id": {"essential": true}}});
    let mut absent = provider.esignet();
    absent["id_template"] = json!("token:{phone_number}@mobile");
    let world = world_with(json!({"esignet": settings, "absent": absent})).await;
    let mut browser = world.browser();
    let url = away(&mut browser, "/sign-in/esignet").await;
    assert_eq!(query(&url)["claims"], r#"{"userinfo":{"individual_id":{"essential":true}}}"#);
    let back = AtProvider::new().pass(&url, "carla").await;
    browser.get(&back).await.expect_status(303);
    world.peers.link("nid:carla-carla-0001", crate::AMINA_FA);
    browser.get(&format!("/account?id={BOB}")).await.expect_status(200).has("ending 042");
    for (path, call) in world.peers.mapper_calls().await {
        assert!(call.to_string().contains("\"nid:carla-carla-0001\""), "{path} {call}");
    }
    let mut browser = world.browser();
    let seen = sign_in(&mut browser, &mut AtProvider::new(), "absent", "carla").await;
    seen.expect_status(403).has("You are not registered yet");
    browser.get("/account").await.expect_status(401);
}

#[tokio::test]
async fn who_lacks_a_required_claim_is_not_let_in() {
    let provider = OidcProvider::start().await;
    let requiring = |claims| {
        let mut settings = provider.esignet();
        settings["required_claims"] = claims;
        settings
    };
    let world = world_with(json!({
        "person": requiring(json!({"user_type": ["person", "household"], "name": format!("Name of {AMINA_THERE}")})),
        "missing": requiring(json!({"user_type": "person", "department": "health"})),
    }))
    .await;
    let mut browser = world.browser();
    sign_in(&mut browser, &mut AtProvider::new(), "person", AMINA_THERE).await.expect_status(303);
    for (name, login) in
        [("person", "staff-of-the-ministry"), ("person", BOB_THERE), ("missing", AMINA_THERE)]
    {
        let mut browser = world.browser();
        sign_in(&mut browser, &mut AtProvider::new(), name, login).await.expect_status(403);
        browser.get("/account").await.expect_status(401);
    }
}

#[tokio::test]
async fn signing_out_ends_the_session_here_and_at_the_provider() {
    let (provider, world) = start().await;
    let (mut browser, mut person) = (world.browser(), AtProvider::new());
    sign_in(&mut browser, &mut person, "keycloak", AMINA_THERE).await.expect_status(303);
    browser.get("/account").await.expect_status(200);
    let mut copy = browser.clone();
    // Somebody who came back is known there, so no form appears.
    person.forms.clear();
    sign_in(&mut world.browser(), &mut person, "keycloak", AMINA_THERE).await.expect_status(303);
    assert_eq!(person.forms, [""; 0]);
    // Only our own page can sign out.
    browser.post("/sign-out", &[]).await.expect_status(403);
    let seen = browser.submit("/sign-out", &[]).await.expect_status(200);
    seen.has("You have signed out here");
    assert!(!browser.cookies.contains_key("__Host-session"));
    copy.get("/account").await.expect_status(401);
    let url = seen.header("refresh").strip_prefix("0; url=").unwrap().to_owned();
    assert!(url.starts_with(&format!("{}/session/end?id_token_hint=", provider.issuer)), "{url}");
    let back = person.pass(&url, "").await;
    browser.get(&back).await.expect_status(200).has("You have signed out.");
    sign_in(&mut browser, &mut person, "keycloak", AMINA_THERE).await.expect_status(303);
    assert_eq!(person.forms.first().map(String::as_str), Some("login"), "known there no more");
}

#[tokio::test]
async fn a_demo_session_is_worth_nothing_outside_the_demo_nor_one_of_a_provider_that_was_taken_away() {
    let (_provider, world) = start().await;
    let mut browser = world.browser();
    browser.get("/").await.expect_status(200).lacks("Code of the person");
    browser.submit("/sign-in", &[("code", AMINA)]).await.expect_status(404);
    for (id, method, provider) in
        [("s.left-over-from-the-demo", "demo", "NULL"), ("s.of-a-former-provider", "oidc", "'former'")]
    {
        world
            .execute(&format!(
                "INSERT INTO sessions (id_hash, subject, method, provider, created_at, last_seen_at, expires_at)
                 VALUES (encode(sha256('{id}'), 'hex'), '{AMINA}', '{method}', {provider}, now(), now(), now() + interval '1 hour')"
            ))
            .await;
        let mut browser = world.browser();
        browser.cookies.insert("__Host-session".to_owned(), id.to_owned());
        browser.get("/account").await.expect_status(401);
    }
}

#[tokio::test]
async fn who_signs_in_after_another_in_the_same_browser_ends_the_session_of_that_one() {
    let (_provider, world) = start().await;
    let mut browser = world.browser();
    sign_in(&mut browser, &mut AtProvider::new(), "keycloak", AMINA_THERE).await.expect_status(303);
    let mut copy = browser.clone();
    sign_in(&mut browser, &mut AtProvider::new(), "esignet", BOB_THERE).await.expect_status(303);
    browser.get("/account").await.expect_status(200).lacks("042");
    copy.get("/account").await.expect_status(401);
    assert!(!world.dump("sessions").await.contains(AMINA));
}
