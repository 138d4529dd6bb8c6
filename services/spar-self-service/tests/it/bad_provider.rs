//! What a provider, or somebody in its place, may answer that proves nothing.

use g2p_crypto::SigningKey;
use serde_json::{Value, json};
use time::OffsetDateTime;

use crate::{
    World,
    mock_provider::{MockProvider, callback, changed, forged, tampered},
    oidc_provider::{away, query},
};

const SUB: &str = "AminaAminaAminaAmina01";

async fn nobody_got_in(world: &World) {
    assert_eq!(world.dump("sessions").await, "");
}

#[tokio::test]
async fn an_honest_answer_is_taken_and_the_code_is_traded_with_its_verifier() {
    let provider = MockProvider::start().await;
    let world = provider.world(json!({})).await;
    let mut browser = world.browser();
    let seen = provider.sign_in(&mut browser, |claims| provider.sign(&claims)).await;
    seen.expect_status(303).expect_location("/account");
    browser.get("/account").await.expect_status(200).has("ending 042");
    let form = query(&format!("http://form/?{}", provider.token_requests()[0]));
    assert_eq!(form["grant_type"], "authorization_code");
    assert_eq!(form["code"], "a-code");
    assert_eq!(form["redirect_uri"], callback());
    assert_eq!(form["code_verifier"].len(), 43);
    assert!(!form.contains_key("client_secret"), "it goes into the header");
}

#[tokio::test]
async fn an_id_token_that_says_something_else_is_refused() {
    let provider = MockProvider::start().await;
    let world = provider.world(json!({})).await;
    let now = OffsetDateTime::now_utc().unix_timestamp();
    for changes in [
        json!({"nonce": "another"}),
        json!({"nonce": null}),
        json!({"aud": "another"}),
        json!({"aud": null}),
        json!({"aud": ["pages", "another"]}),
        json!({"azp": "another"}),
        json!({"aud": ["pages", "another"], "azp": "another"}),
        json!({"iss": "http://127.0.0.1"}),
        json!({"iss": format!("{}/", provider.issuer())}),
        json!({"iss": null}),
        json!({"exp": now - 60}),
        json!({"exp": null}),
        json!({"nbf": now + 600}),
        json!({"iat": now + 600}),
        json!({"iat": now - 3600}),
        json!({"iat": null}),
        json!({"sub": null}),
        json!({"sub": 7}),
        json!({"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"}),
    ] {
        let mut browser = world.browser();
        let seen = provider.sign_in(&mut browser, |claims| provider.sign(&changed(claims, &changes))).await;
        assert_eq!(seen.status, 403, "{changes}");
        seen.has("We could not sign you in");
        browser.get("/account").await.expect_status(401);
    }
    nobody_got_in(&world).await;
}

#[tokio::test]
async fn an_id_token_without_the_providers_signature_is_refused() {
    let provider = MockProvider::start().await;
    let world = provider.world(json!({})).await;
    let (kid, other) = (provider.key.kid().to_owned(), SigningKey::generate_es256().unwrap());
    let forgeries: [&dyn Fn(Value) -> String; 7] = [
        &|claims| forged(&json!({"alg": "none"}), &claims, ""),
        &|claims| forged(&json!({"alg": "None", "kid": kid}), &claims, ""),
        // A public key is no shared secret: whatever the signature is, HMAC is refused by name.
        &|claims| forged(&json!({"alg": "HS256", "kid": kid}), &claims, "c2lnbmF0dXJl"),
        &|claims| forged(&json!({"alg": "ES256", "kid": kid}), &claims, "c2lnbmF0dXJl"),
        &|claims| g2p_crypto::issue_jwt(&other, &claims).unwrap(),
        &|claims| tampered(&provider.sign(&claims), "sub", json!("BobBobBobBobBobBobBob02")),
        &|_| "no token".to_owned(),
    ];
    for (at, forgery) in forgeries.iter().enumerate() {
        let seen = provider.sign_in(&mut world.browser(), forgery).await;
        assert_eq!(seen.status, 403, "forgery {at}");
    }
    nobody_got_in(&world).await;
}

#[tokio::test]
async fn an_answer_of_another_issuer_is_not_even_traded() {
    let provider = MockProvider::start().await;
    let world = provider.world(json!({})).await;
    let more = "&iss=https://evil.example";
    let sign = |claims: Value| provider.sign(&claims);
    provider.sign_in_from(&mut world.browser(), "/sign-in/mock", more, sign).await.expect_status(403);
    assert_eq!(provider.fetched("/token").await, 0);
    nobody_got_in(&world).await;
}

#[tokio::test]
async fn keys_are_fetched_again_for_a_new_one_but_not_for_everyone_who_names_one() {
    let provider = MockProvider::start().await;
    let world = provider.world(json!({})).await;
    let with = |key: &SigningKey| {
        let key = key.clone();
        move |claims: Value| g2p_crypto::issue_jwt(&key, &claims).unwrap()
    };
    provider.sign_in(&mut world.browser(), with(&provider.key)).await.expect_status(303);
    // The provider changed its key: people still get in, and the withdrawn key opens nothing any more.
    let new = SigningKey::generate_ed25519().unwrap();
    provider.publish(&[&new]);
    provider.sign_in(&mut world.browser(), with(&new)).await.expect_status(303);
    provider.sign_in(&mut world.browser(), with(&provider.key)).await.expect_status(403);
    let fetched = provider.fetched("/jwks").await;
    assert_eq!(fetched, 2);
    for _ in 0..5 {
        let unknown = SigningKey::generate_ed25519().unwrap();
        provider.sign_in(&mut world.browser(), with(&unknown)).await.expect_status(403);
    }
    assert_eq!(provider.fetched("/jwks").await, fetched, "who names unknown keys makes no requests");
    // Keys that are held serve while the key set cannot be had.
    provider.hide_keys(Some(500));
    provider.sign_in(&mut world.browser(), with(&new)).await.expect_status(303);
    assert_eq!(
        provider.fetched("/.well-known/openid-configuration").await,
        3,
        "once for us and with each set of keys"
    );
}

#[tokio::test]
async fn userinfo_counts_for_the_same_person_only() {
    let provider = MockProvider::start().await;
    let world =
        provider.world(json!({"userinfo": "json", "id_template": "token:{individual_id}@nationalId"})).await;
    let sign = |claims: Value| provider.sign(&claims);
    for (body, status) in [
        (json!({"sub": SUB, "individual_id": "0001"}).to_string(), 303),
        (json!({"sub": "BobBobBobBobBobBobBob02", "individual_id": "0002"}).to_string(), 403),
        (json!({"individual_id": "0002"}).to_string(), 403),
        (json!({"sub": SUB}).to_string(), 403),
        (json!({"sub": SUB, "individual_id": ""}).to_string(), 403),
        (json!({"sub": SUB, "individual_id": ["0002"]}).to_string(), 403),
        ("[]".to_owned(), 503),
        ("<html>".to_owned(), 503),
    ] {
        provider.answer_userinfo(&body);
        let seen = provider.sign_in(&mut world.browser(), sign).await;
        assert_eq!(seen.status, status, "{body}");
    }
    let sessions = world.dump("sessions").await;
    assert!(sessions.contains("token:0001@nationalId") && !sessions.contains("0002"), "{sessions}");
}

#[tokio::test]
async fn a_claim_of_the_id_token_is_not_overruled_by_userinfo() {
    let provider = MockProvider::start().await;
    let world =
        provider.world(json!({"userinfo": "json", "id_template": "token:{individual_id}@nationalId"})).await;
    provider.answer_userinfo(&json!({"sub": SUB, "individual_id": "0002"}).to_string());
    let claims = |claims| provider.sign(&changed(claims, &json!({"individual_id": "0001"})));
    provider.sign_in(&mut world.browser(), claims).await.expect_status(303);
    assert!(world.dump("sessions").await.contains("token:0001@nationalId"));
}

#[tokio::test]
async fn signed_userinfo_must_verify() {
    let provider = MockProvider::start().await;
    let world = provider.world(json!({"userinfo": "jwt"})).await;
    let now = OffsetDateTime::now_utc().unix_timestamp();
    let honest = json!({"sub": SUB, "iss": provider.issuer(), "aud": "pages"});
    let other = SigningKey::generate_es256().unwrap();
    let signed = |changes: Value| provider.sign(&changed(honest.clone(), &changes));
    for (case, body, status) in [
        ("honest", signed(json!({})), 303),
        ("nothing but sub", provider.sign(&json!({"sub": SUB})), 303),
        ("tampered", tampered(&signed(json!({})), "name", json!("Bob")), 403),
        ("another's signature", g2p_crypto::issue_jwt(&other, &honest).unwrap(), 403),
        ("not signed", forged(&json!({"alg": "none"}), &honest, ""), 403),
        ("plain JSON", honest.to_string(), 403),
        ("another issuer", signed(json!({"iss": "https://evil.example"})), 403),
        ("another client", signed(json!({"aud": ["another"]})), 403),
        ("another person", signed(json!({"sub": "BobBobBobBobBobBobBob02"})), 403),
        ("expired", signed(json!({"exp": now - 60})), 403),
        ("strange exp", signed(json!({"exp": "tomorrow"})), 403),
        ("encrypted", "a.b.c.d.e".to_owned(), 403),
    ] {
        provider.answer_userinfo(&body);
        let seen = provider.sign_in(&mut world.browser(), |claims| provider.sign(&claims)).await;
        assert_eq!(seen.status, status, "{case}");
    }
}

#[tokio::test]
async fn a_repeated_sign_in_must_be_new_and_of_the_kind_that_was_asked_for() {
    let provider = MockProvider::start().await;
    let world = provider.world(json!({"step_up_seconds": 300, "step_up_acr": ["urn:otp", "urn:face"]})).await;
    let mut browser = world.browser();
    provider.sign_in(&mut browser, |claims| provider.sign(&claims)).await.expect_status(303);
    browser.get("/account/change/bank").await;
    browser.submit("/account/change/bank", &[("bank", "EXBK")]).await.expect_status(303);
    let form = [("account_number", "0000123777")];
    browser.submit("/account/change/number", &form).await.expect_status(303);
    let asks = "Sign in again with Mock";
    browser.get("/account/check").await.expect_status(200).has(asks);
    let asked = query(&away(&mut browser, "/account/sign-in-again").await);
    assert_eq!(asked["acr_values"], "urn:otp urn:face");
    let now = OffsetDateTime::now_utc().unix_timestamp();
    for changes in [
        json!({"acr": "urn:otp", "auth_time": now - 120}),
        json!({"acr": "urn:otp", "auth_time": null}),
        json!({"acr": "urn:password"}),
        json!({}),
    ] {
        let answer = |claims| provider.sign(&changed(claims, &changes));
        let seen = provider.sign_in_from(&mut browser, "/account/sign-in-again", "", answer).await;
        assert_eq!(seen.status, 403, "{changes}");
        browser.get("/account/check").await.expect_status(200).has(asks);
    }
    let answer = |claims| provider.sign(&changed(claims, &json!({"acr": "urn:face"})));
    let seen = provider.sign_in_from(&mut browser, "/account/sign-in-again", "", answer).await;
    seen.expect_status(303).expect_location("/account/check");
    browser.get("/account/check").await.expect_status(200).has("Yes, pay me here");
}

#[tokio::test]
async fn while_the_provider_is_away_the_pages_say_to_come_back() {
    let provider = MockProvider::start().await;
    let world = provider.world(json!({})).await;
    let mut browser = world.browser();
    let asked = query(&away(&mut browser, "/sign-in/mock").await);
    provider.leave().await;
    let back = format!("/oauth2/callback?code=a-code&state={}", asked["state"]);
    let seen = browser.get(&back).await.expect_status(503);
    assert_eq!(seen.header("retry-after"), "60");
    nobody_got_in(&world).await;
    // One whose address nobody ever learned.
    let dead = MockProvider::start().await;
    let world = dead.world(json!({})).await;
    dead.leave().await;
    world.browser().get("/sign-in/mock").await.expect_status(503).has("Please try again in a few minutes");
    world.browser().get("/sign-in/another").await.expect_status(404);
    world.browser().get("/").await.expect_status(200);
}
