//! Before a change the person proves once more who she is, when her sign-in is not fresh.

use serde_json::json;

use crate::{
    AMINA, AMINA_FA, World,
    browser::Browser,
    oidc_provider::{AtProvider, OidcProvider, away, query, sign_in, world_with},
    sign_in::{AMINA_THERE, BOB_THERE},
};

/// Amina, signed in, with a new account entered.
async fn start() -> (OidcProvider, World, Browser, AtProvider) {
    let provider = OidcProvider::start().await;
    let world = world_with(json!({"esignet": provider.esignet()})).await;
    let (mut browser, mut person) = (world.browser(), AtProvider::new());
    sign_in(&mut browser, &mut person, "esignet", AMINA_THERE).await.expect_status(303);
    browser.get("/account/change/bank").await.expect_status(200);
    browser.submit("/account/change/bank", &[("bank", "EXBK")]).await.expect_status(303);
    browser
        .submit("/account/change/number", &[("account_number", "0000123777")])
        .await
        .expect_status(303)
        .expect_location("/account/check");
    browser.get("/account/check").await.expect_status(200);
    (provider, world, browser, person)
}

async fn grow_old(world: &World) {
    world.execute("UPDATE sessions SET auth_time = auth_time - interval '6 minutes'").await;
}

#[tokio::test]
async fn a_fresh_sign_in_is_enough() {
    let (_provider, world, mut browser, _) = start().await;
    browser.get("/account/check").await.expect_status(200).has("Yes, pay me here");
    browser.submit("/account/confirm", &[]).await.expect_status(303);
    assert!(world.peers.linked(AMINA).unwrap().contains("0000123777"));
}

#[tokio::test]
async fn an_old_sign_in_is_repeated_at_the_provider_and_what_was_entered_is_kept() {
    let (_provider, world, mut browser, mut person) = start().await;
    grow_old(&world).await;
    let seen = browser.get("/account/check").await.expect_status(200);
    seen.has("Sign in again with National ID");
    seen.lacks("Yes, pay me here");
    // The form of a page from before does not help.
    browser.submit("/account/confirm", &[]).await.expect_status(303).expect_location("/account/check");
    assert_eq!(world.peers.linked(AMINA).unwrap(), AMINA_FA);

    let url = away(&mut browser, "/account/sign-in-again").await;
    let asked = query(&url);
    assert_eq!((asked["prompt"].as_str(), asked["max_age"].as_str()), ("login", "0"));
    person.forms.clear();
    let back = person.pass(&url, AMINA_THERE).await;
    assert_eq!(person.forms.first().map(String::as_str), Some("login"), "although she is known there");
    browser.get(&back).await.expect_status(303).expect_location("/account/check");
    browser.get("/account/check").await.expect_status(200).has("0000123777");
    browser.submit("/account/confirm", &[]).await.expect_status(303);
    assert!(world.peers.linked(AMINA).unwrap().contains("0000123777"));
    assert!(world.dump("audit_log").await.contains("session.step_up"));
}

#[tokio::test]
async fn somebody_else_cannot_prove_it_in_her_place() {
    let (_provider, world, mut browser, _) = start().await;
    grow_old(&world).await;
    let url = away(&mut browser, "/account/sign-in-again").await;
    let back = AtProvider::new().pass(&url, BOB_THERE).await;
    browser.get(&back).await.expect_status(403).has("That was somebody else");
    browser.get("/account/check").await.expect_status(200).lacks("Yes, pay me here");
    browser.submit("/account/confirm", &[]).await.expect_status(303).expect_location("/account/check");
    assert_eq!(world.peers.linked(AMINA).unwrap(), AMINA_FA);
}

#[tokio::test]
async fn a_sign_in_that_does_not_say_when_it_was_is_not_fresh() {
    let (_provider, world, mut browser, _) = start().await;
    world.execute("UPDATE sessions SET auth_time = NULL").await;
    browser.get("/account/check").await.expect_status(200).has("Sign in again with National ID");
}

#[tokio::test]
async fn nobody_proves_anything_without_a_session() {
    let (_provider, world, mut browser, mut person) = start().await;
    world.browser().get("/account/sign-in-again").await.expect_status(401);
    let url = away(&mut browser, "/account/sign-in-again").await;
    let back = person.pass(&url, AMINA_THERE).await;
    world.execute("DELETE FROM sessions").await;
    browser.get(&back).await.expect_status(401);
    assert_eq!(world.dump("sessions").await, "");
}

#[tokio::test]
async fn an_account_is_not_taken_away_without_proving_it_either() {
    let (_provider, world, mut browser, mut person) = start().await;
    browser.get("/account/stop").await.expect_status(200).has("Yes, stop paying me there");
    grow_old(&world).await;
    browser.get("/account/stop").await.expect_status(200).lacks("Yes, stop paying me there");
    browser.submit("/account/stop", &[]).await.expect_status(303).expect_location("/account/stop");
    assert_eq!(world.peers.linked(AMINA).unwrap(), AMINA_FA);
    let url = away(&mut browser, "/account/sign-in-again?to=/account/stop").await;
    let back = person.pass(&url, AMINA_THERE).await;
    browser.get(&back).await.expect_status(303).expect_location("/account/stop");
    browser.submit("/account/stop", &[]).await.expect_status(303);
    assert_eq!(world.peers.linked(AMINA), None);
    let url = away(&mut browser, "/account/sign-in-again?to=https://evil.example").await;
    let back = person.pass(&url, AMINA_THERE).await;
    browser.get(&back).await.expect_status(303).expect_location("/account/check");
}
