//! Who is let in, for how long, and what others cannot do in their name.

use crate::{AMINA, BOB, World};

const PAGES: [&str; 7] = [
    "/account",
    "/payments",
    "/account/change",
    "/account/change/bank",
    "/account/change/wallet",
    "/account/check",
    "/account/receipt/7K3M-Q2XD-9PTR",
];
const FORMS: [&str; 5] =
    ["/sign-out", "/account/change", "/account/change/bank", "/account/change/wallet", "/account/confirm"];

#[tokio::test]
async fn every_page_but_the_first_asks_to_sign_in() {
    let world = World::start().await;
    for path in PAGES {
        let seen = world.browser().get(path).await.expect_status(401);
        seen.has("Sign in to see this page.");
        seen.lacks("042");
    }
    for path in FORMS {
        let mut browser = world.browser();
        browser.get("/").await;
        browser.submit(path, &[("kind", "bank")]).await.expect_status(401);
    }
    assert!(world.peers.mapper_calls().await.is_empty(), "nobody was asked for");
}

#[tokio::test]
async fn without_demo_login_the_first_page_says_whom_to_ask_and_nobody_gets_in() {
    let world = World::start_with(|loaded| {
        loaded.service.demo_login = false;
        loaded.service.help_contact = "Call 0800 123 (free).".to_owned();
    })
    .await;
    let mut browser = world.browser();
    let seen = browser.get("/").await.expect_status(200);
    seen.has("You cannot sign in here yet.");
    seen.has("Call 0800 123 (free).");
    seen.lacks("<form");
    browser.submit("/sign-in", &[("code", AMINA)]).await.expect_status(404);
    assert_eq!(world.dump("sessions").await, "");
}

#[tokio::test]
async fn a_code_that_is_none_is_explained_at_the_top_and_beside_the_field() {
    let world = World::start().await;
    let mut browser = world.browser();
    browser.get("/").await;
    let seen = browser.submit("/sign-in", &[("code", "")]).await.expect_status(422);
    assert_eq!(seen.summary(), [("code", "Enter the code of a person")]);
    let seen = browser.submit("/sign-in", &[("code", "Amina \"><b>")]).await.expect_status(422);
    assert_eq!(seen.error_of("code"), Some("Enter the whole code, from token: to @nationalId"));
    seen.has("value=\"Amina &#34;&#62;&#60;b&#62;\"");
}

#[tokio::test]
async fn the_cookie_is_for_the_browser_only_and_the_database_does_not_know_it() {
    let world = World::start().await;
    let mut browser = world.browser();
    let first = browser.get("/").await.expect_status(200);
    let before = browser.session().to_owned();
    assert!(first.header("set-cookie").ends_with("; Path=/; HttpOnly; SameSite=Lax"), "{:?}", first.headers);
    browser.submit("/sign-in", &[("code", AMINA)]).await.expect_status(303);
    assert_ne!(browser.session(), before, "an id from before signing in is worth nothing after");
    let stored = world.dump("sessions").await;
    assert!(stored.contains(AMINA) && !stored.contains(browser.session()), "{stored}");
    let audit = world.dump("audit_log").await;
    assert!(audit.contains("session.sign_in"), "{audit}");
}

#[tokio::test]
async fn an_id_of_an_attackers_choice_is_never_taken() {
    let world = World::start().await;
    let mut browser = world.browser();
    browser.cookies.insert("session".to_owned(), "s.chosen-by-somebody-else".to_owned());
    browser.get("/").await.expect_status(200);
    browser.submit("/sign-in", &[("code", AMINA)]).await.expect_status(303);
    assert_ne!(browser.session(), "s.chosen-by-somebody-else");
    browser.cookies.insert("session".to_owned(), "s.chosen-by-somebody-else".to_owned());
    browser.get("/account").await.expect_status(401);
}

#[tokio::test]
async fn forms_from_elsewhere_are_refused() {
    let world = World::start().await;
    let mut amina = world.signed_in(AMINA).await;
    let mut bob = world.signed_in(BOB).await;
    bob.get("/account/change").await.expect_status(200);
    for path in FORMS {
        amina.post(path, &[("kind", "bank")]).await.expect_status(403);
        amina.post(path, &[("kind", "bank"), ("csrf", "x.y")]).await.expect_status(403);
        amina.token.clone_from(&bob.token);
        amina.submit(path, &[("kind", "bank")]).await.expect_status(403).has("Nothing was changed.");
    }
    amina.get("/account").await.expect_status(200);
    let mut nobody = world.browser();
    nobody.post("/sign-in", &[("code", AMINA)]).await.expect_status(403);
}

#[tokio::test]
async fn a_session_ends_when_nobody_is_there_and_after_its_longest_time() {
    let world = World::start().await;
    for ended in
        ["last_seen_at = last_seen_at - interval '16 minutes'", "expires_at = now() - interval '1 second'"]
    {
        let mut browser = world.signed_in(AMINA).await;
        browser.get("/account").await.expect_status(200);
        world.execute(&format!("UPDATE sessions SET {ended}")).await;
        browser.get("/account").await.expect_status(401).has("You were away for a while");
        browser.get("/").await.expect_status(200).has("You were away for a while");
        browser.submit("/account/confirm", &[]).await.expect_status(401);
    }
    world.execute("UPDATE sessions SET last_seen_at = last_seen_at - interval '16 minutes'").await;
    world.signed_in(BOB).await;
    assert_eq!(world.dump("sessions").await.lines().count(), 1, "sessions that ended are removed");
}

#[tokio::test]
async fn somebody_who_comes_back_in_time_stays_signed_in() {
    let world = World::start().await;
    let mut browser = world.signed_in(AMINA).await;
    for _ in 0..3 {
        world.execute("UPDATE sessions SET last_seen_at = last_seen_at - interval '14 minutes'").await;
        browser.get("/account").await.expect_status(200);
    }
}

#[tokio::test]
async fn signing_out_ends_the_session_everywhere() {
    let world = World::start().await;
    let mut browser = world.signed_in(AMINA).await;
    browser.get("/account").await;
    let mut copy = browser.clone();
    browser.submit("/sign-out", &[]).await.expect_status(303).expect_location("/signed-out");
    assert!(!browser.cookies.contains_key("session"));
    browser.get("/signed-out").await.expect_status(200).has("You have signed out.");
    copy.get("/account").await.expect_status(401);
    assert!(world.dump("audit_log").await.contains("session.sign_out"));
}

#[tokio::test]
async fn behind_a_trusted_proxy_the_cookie_is_bound_to_https_and_to_this_host() {
    let world =
        World::start_with(|loaded| loaded.common.trusted_proxies = vec!["127.0.0.0/8".to_owned()]).await;
    let mut browser = world.browser();
    browser.headers.push(("X-Forwarded-Proto", "https"));
    let seen = browser.get("/").await.expect_status(200);
    let cookie = seen.header("set-cookie");
    assert!(cookie.starts_with("__Host-session=") && cookie.ends_with("; Secure"), "{cookie}");
    browser.submit("/sign-in", &[("code", AMINA)]).await.expect_status(303);
    browser.get("/account").await.expect_status(200);
    browser.headers.clear();
    browser.get("/account").await.expect_status(401);
}

#[tokio::test]
async fn others_cannot_say_that_it_was_https() {
    let world = World::start().await;
    let mut browser = world.browser();
    browser.headers.push(("X-Forwarded-Proto", "https"));
    let seen = browser.get("/").await.expect_status(200);
    assert!(seen.header("set-cookie").starts_with("session="), "{:?}", seen.headers);
}
