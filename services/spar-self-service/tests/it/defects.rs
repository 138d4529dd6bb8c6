//! Faults of deployed self-service portals that must not be found here. The numbers are those of the list that they were
//! gathered in; the others belong to the mapper and are tested there.

use g2p_crypto::SigningKey;
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    AMINA, AMINA_FA, BOB, World,
    change::enter,
    mock_provider::{MockProvider, changed, forged},
    oidc_provider::{PUBLIC, away, query},
    rest::{Portal, access_claims, bank, in_browser, item, newer, older, only, start, start_with},
};

async fn status_with(world: &World, token: &str) -> u16 {
    let portal = Portal::with_token(world, token);
    let (status, answer) = portal.send(Method::POST, "/resolve", None).await;
    assert!(!answer.to_string().contains("0000987042") || status == 200);
    status
}

/// Somebody who is signed in names another person, in every place that has room for an id.
#[tokio::test]
async fn defect_01_nobody_reads_the_account_of_another() {
    let (provider, world) = start().await;
    let portal = Portal::with_token(&world, &provider.sign(&access_claims(&provider)));
    let theirs = item(&json!({"id": BOB, "scope": "details", "fa": crate::rest::BOB_FA}));
    for path in ["/mapper/resolve", "/api/selfservice/mapper/resolve", &format!("/mapper/resolve?id={BOB}")] {
        let answer = portal.post(path, &newer("resolve", std::slice::from_ref(&theirs))).await;
        let found = only(&answer, "resolve");
        assert_eq!((&found["id"], &found["fa"]["account_number"]), (&json!(AMINA), &json!("0000987042")));
        assert!(!answer.to_string().contains("254700000007"), "{answer}");
        let many = portal.post(path, &newer("resolve", &vec![theirs.clone(); 50])).await;
        assert!(!many.to_string().contains("254700000007") && !many.to_string().contains("0000987042"));
    }
    for path in ["/resolve", &format!("/resolve?id={BOB}")] {
        let answer = portal.post(path, &json!({"id": BOB, "request_payload": {"id": BOB}})).await;
        assert!(!answer.to_string().contains("254700000007"), "{answer}");
    }
    for (path, call) in world.peers.mapper_calls().await {
        assert!(!call.to_string().contains(BOB), "{path} {call}");
    }
}

/// Who reads the address of a sign-in (a log, a referrer, a shoulder) cannot trade the code.
#[tokio::test]
async fn defect_06_the_verifier_is_new_for_each_sign_in_and_never_in_an_address() {
    let (provider, world) = start().await;
    let mut browser = world.browser();
    for _ in 0..2 {
        provider.sign_in(&mut browser, |claims| provider.sign(&claims)).await.expect_status(303);
    }
    let sent = provider.token_requests();
    let verifiers: Vec<String> =
        sent.iter().map(|form| query(&format!("{PUBLIC}/?{form}"))["code_verifier"].clone()).collect();
    assert!(verifiers.len() == 2 && verifiers[0] != verifiers[1] && verifiers[0].len() >= 43);
    for path in ["/sign-in/mock", "/auth/getLoginProviderRedirect/mock"] {
        let seen = world.browser().get(path).await;
        let url = seen.header("location").to_owned();
        let asked = query(&url);
        assert_eq!(asked["code_challenge_method"], "S256", "{path}");
        assert!(!asked.contains_key("code_verifier") && verifiers.iter().all(|v| !url.contains(v)), "{url}");
    }
}

/// The attacker's own answer of the provider, in the victim's browser; and an address that leads elsewhere.
#[tokio::test]
async fn defect_07_an_answer_counts_in_the_browser_that_asked_and_leads_to_our_pages_only() {
    let (provider, world) = start().await;
    let mut attacker = world.browser();
    let asked = query(&away(&mut attacker, "/sign-in/mock").await);
    provider.answer_token(&provider.sign(&provider.claims(&asked["nonce"])));
    let back = format!("/oauth2/callback?code=a-code&state={}", asked["state"]);
    let mut victim = world.browser();
    victim.get("/").await;
    victim.get(&back).await.expect_status(400);
    victim.get("/account").await.expect_status(401);
    assert_eq!(world.dump("sessions").await, "");

    for to in [
        "https://evil.example",
        "//evil.example/x",
        "/\\evil.example",
        "javascript:alert(1)",
        "/account/../..//evil.example",
    ] {
        let mut browser = world.browser();
        let seen = browser.get(&format!("/auth/getLoginProviderRedirect/mock?redirect_uri={to}")).await;
        assert_eq!(seen.status, 307);
        let asked = query(seen.header("location"));
        assert!(
            !asked["state"].contains("evil") && asked["redirect_uri"] == format!("{PUBLIC}/oauth2/callback")
        );
        provider.answer_token(&provider.sign(&provider.claims(&asked["nonce"])));
        let back = format!("/oauth2/callback?code=a-code&state={}", asked["state"]);
        browser.get(&back).await.expect_status(303).expect_location("/account");
    }
}

/// An ID token is no key to the API, and one for another access token, client or issuer signs nobody in.
#[tokio::test]
async fn defect_08_an_id_token_does_not_pass_for_an_access_token_nor_the_other_way_round() {
    let (provider, world) = start_with(json!({"api_audiences": ["portal", "pages"]})).await;
    assert_eq!(status_with(&world, &provider.sign(&access_claims(&provider))).await, 200);
    for id_token in [
        provider.claims("a-nonce"),
        changed(access_claims(&provider), &json!({"at_hash": "x"})),
        changed(access_claims(&provider), &json!({"typ": "ID"})),
    ] {
        assert_eq!(status_with(&world, &provider.sign(&id_token)).await, 401, "{id_token}");
    }
    let mut browser = world.browser();
    for wrong in [
        json!({"at_hash": "bm90IGl0"}),
        json!({"iss": "https://evil.example"}),
        json!({"aud": "another-client"}),
    ] {
        let seen = provider.sign_in(&mut browser, |claims| provider.sign(&changed(claims, &wrong))).await;
        assert_eq!(seen.status, 403, "{wrong}");
    }
    // What a token says at a sign-in counts for that sign-in only: a cookie beside a bearer token changes nothing.
    let (_, cookie) = in_browser(&provider, &world).await;
    let bobs = changed(access_claims(&provider), &json!({"sub": "BobBobBobBobBobBobBob02"}));
    let both = Portal::new(
        &world,
        &[
            ("Cookie", &cookie),
            ("Origin", PUBLIC),
            ("Authorization", &format!("Bearer {}", provider.sign(&bobs))),
        ],
    );
    let written = both.post("/test_strategy", &older(&bank("5550001234"))).await;
    assert_eq!(written["response_payload"]["constructed_id"], BOB);
}

/// Who has all required claims gets in, who lacks one does not.
#[tokio::test]
async fn defect_09_required_claims_are_required() {
    let (provider, world) =
        start_with(json!({"required_claims": {"user_type": ["beneficiary", "staff"], "verified": true}}))
            .await;
    let token = |more: Value| provider.sign(&changed(access_claims(&provider), &more));
    assert_eq!(status_with(&world, &token(json!({"user_type": "beneficiary", "verified": true}))).await, 200);
    for missing in [
        json!({}),
        json!({"user_type": "beneficiary"}),
        json!({"user_type": "partner", "verified": true}),
        json!({"user_type": null, "verified": "true"}),
    ] {
        assert_eq!(status_with(&world, &token(missing)).await, 401);
    }
}

/// Tokens for others, of others, out of time, or signed with a key that was withdrawn.
#[tokio::test]
async fn defect_10_a_token_must_be_for_us_of_our_provider_in_its_time_and_signed_with_a_present_key() {
    let (provider, world) = start().await;
    let now = time::OffsetDateTime::now_utc().unix_timestamp();
    let issuer = provider.issuer();
    for wrong in [
        json!({"aud": "another-portal"}),
        json!({"aud": null}),
        json!({"aud": ["another-portal"]}),
        json!({"exp": now - 120}),
        json!({"exp": null}),
        json!({"nbf": now + 120}),
        json!({"iss": format!("{issuer}/")}),
        json!({"iss": issuer.get(..issuer.len() - 1)}),
        json!({"iss": "http"}),
        json!({"iss": null}),
        json!({"sub": null}),
    ] {
        let token = provider.sign(&changed(access_claims(&provider), &wrong));
        let status = status_with(&world, &token).await;
        assert!(matches!(status, 401 | 403), "{wrong}: {status}");
    }
    let stranger = SigningKey::generate_es256().unwrap();
    let token = g2p_crypto::issue_jwt(&stranger, &access_claims(&provider)).unwrap();
    assert_eq!(status_with(&world, &token).await, 401);
    for alg in ["none", "HS256"] {
        let token = forged(&json!({"alg": alg, "typ": "JWT"}), &access_claims(&provider), "c2ln");
        assert_eq!(status_with(&world, &token).await, 401, "{alg}");
    }
    // A provider that names no audience takes no bearer tokens at all.
    let none = MockProvider::start().await;
    let world = none.world(json!({})).await;
    assert_eq!(status_with(&world, &none.sign(&access_claims(&none))).await, 401);
    // Userinfo that is signed by nobody we know does not sign anybody in.
    let signed = MockProvider::start().await;
    let world = signed.world(json!({"userinfo": "jwt"})).await;
    let info = json!({"sub": "AminaAminaAminaAmina01"});
    signed.answer_userinfo(&g2p_crypto::issue_jwt(&stranger, &info).unwrap());
    let seen = signed.sign_in(&mut world.browser(), |claims| signed.sign(&claims)).await;
    assert_eq!(seen.status, 403);
}

/// A form on another site, and a sign-out that really ends the session.
#[tokio::test]
async fn defect_11_other_sites_change_nothing_and_signing_out_ends_the_session() {
    let world = World::start().await;
    let mut browser = world.signed_in(AMINA).await;
    enter(&mut browser).await;
    browser.get("/account/check").await;
    let (reference, token) = (browser.reference.clone(), world.signed_in(BOB).await.token);
    for csrf in ["", "x.y", token.as_str()] {
        browser
            .post("/account/confirm", &[("reference", &reference), ("csrf", csrf)])
            .await
            .expect_status(403);
    }
    assert_eq!(world.peers.linked(AMINA).as_deref(), Some(AMINA_FA));
    let cookie = format!("session={}", browser.session());
    let elsewhere = Portal::new(&world, &[("Cookie", &cookie), ("Origin", "https://evil.example")]);
    assert_eq!(elsewhere.send(Method::POST, "/auth/logout", None).await.0, 403);
    assert_eq!(elsewhere.send(Method::POST, "/unlink", None).await.0, 403);
    browser.get("/account").await.expect_status(200);
    let kept = browser.clone();
    browser.submit("/sign-out", &[]).await.expect_status(303);
    let mut thief = kept;
    thief.get("/account").await.expect_status(401);
}

/// Who reads the database finds no secret of a provider, and who reads a log line of the configuration neither.
#[tokio::test]
async fn defect_13_secrets_of_providers_are_in_no_table_and_in_no_debug_text() {
    let (provider, world) = start().await;
    provider.sign_in(&mut world.browser(), |claims| provider.sign(&claims)).await.expect_status(303);
    let tables: Vec<String> = storage::sql::scalars(
        world.service.db().conn(),
        "SELECT table_name::text FROM information_schema.tables WHERE table_schema = current_schema()",
        [],
    )
    .await
    .unwrap();
    assert!(tables.len() > 3, "{tables:?}");
    for table in tables {
        let rows = world.dump(&format!("\"{table}\"")).await;
        for secret in ["hush", "access-token", "eyJ", "PRIVATE KEY"] {
            assert!(!rows.contains(secret), "{table} holds {secret}");
        }
    }
    let settings: spar_self_service::Config = serde_json::from_value(json!({
        "session_secret": "sesame-sesame-sesame-sesame-1234",
        "sign_in": {"x": {"client_secret": "hush", "client_key": "PRIVATE KEY"}},
    }))
    .unwrap();
    let shown = format!("{settings:?}");
    assert!(!shown.contains("hush") && !shown.contains("PRIVATE") && !shown.contains("sesame"), "{shown}");
}

/// Tokens that are none are refused, not failed at, and nobody is asked about them.
#[tokio::test]
async fn defect_16_a_token_that_is_none_gets_401_and_costs_no_call() {
    let (provider, world) = start().await;
    for token in ["", "x", "..", "a.b", "a.b.c", "a.b.c.d.e", "eyJ.eyJ.", &"x".repeat(7_000)] {
        assert_eq!(status_with(&world, token).await, 401, "{token}");
    }
    for header in ["Bearer", "Basic eA==", "x.y.z", "Bearer\tx"] {
        let portal = Portal::new(&world, &[("Authorization", header)]);
        assert_eq!(portal.send(Method::POST, "/resolve", None).await.0, 401, "{header}");
    }
    assert_eq!(provider.fetched("/jwks").await, 0);
    let good = provider.sign(&access_claims(&provider));
    for _ in 0..5 {
        assert_eq!(status_with(&world, &good).await, 200);
    }
    assert_eq!(provider.fetched("/jwks").await, 1, "keys are held, not asked for with each call");
}

/// A copy of this service's database tells nobody's account.
#[tokio::test]
async fn defect_17_no_account_number_is_readable_in_the_database() {
    let world = World::start().await;
    let mut browser = world.signed_in(AMINA).await;
    enter(&mut browser).await;
    browser.get("/account/stop").await.expect_status(200);
    for table in ["sessions", "account_changes", "audit_log"] {
        let rows = world.dump(table).await;
        assert!(!rows.contains("5550001234") && !rows.contains("0000987042"), "{table}");
        let hex: String = "5550001234".bytes().map(|b| format!("{b:02x}")).collect();
        assert!(!rows.contains(&hex), "{table} holds it as bytes");
    }
}
