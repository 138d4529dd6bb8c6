//! Pages for staff of a helpdesk.

use serde_json::{Value, json};

use crate::{
    AMINA, AMINA_FA, BOB, World,
    browser::{Browser, Seen},
    mock_provider::{MockProvider, changed},
    oidc_provider::{PUBLIC, away, query},
};

/// The pages with a provider for staff, and Amina's account with a history.
async fn start() -> (MockProvider, World) {
    let provider = MockProvider::start().await;
    let settings = json!({
        "display_name": "Ministry", "issuer": provider.issuer(), "client_id": "pages", "client_secret": "hush",
    });
    let world = World::start_with(|loaded| {
        loaded.service.public_url = PUBLIC.to_owned();
        loaded.service.staff_sign_in = serde_json::from_value(json!({"ministry": settings})).unwrap();
    })
    .await;
    world.peers.remember(
        AMINA,
        json!([{
            "no": 1, "change": "linked", "at": "2026-03-01T09:30:00Z", "channel": "partner", "actor": "partner:PBMS",
            "approved_by": null, "message_id": "m", "reason": null, "before": null, "after": {"fa": AMINA_FA},
        }]),
    );
    (provider, world)
}

async fn sign_in_with(provider: &MockProvider, browser: &mut Browser, claims: &Value) -> Seen {
    let asked = query(&away(browser, "/helpdesk/sign-in/ministry").await);
    assert_eq!(asked["redirect_uri"], format!("{PUBLIC}/helpdesk/callback"));
    provider.answer_token(&provider.sign(&changed(provider.claims(&asked["nonce"]), claims)));
    browser.get(&format!("/helpdesk/callback?code=a-code&state={}", asked["state"])).await
}

async fn staff(provider: &MockProvider, world: &World, sub: &str, roles: &[&str]) -> Browser {
    let mut browser = world.browser();
    let claims = json!({"sub": sub, "roles": roles});
    sign_in_with(provider, &mut browser, &claims).await.expect_status(303).expect_location("/helpdesk");
    browser
}

async fn find(browser: &mut Browser, id: &str) {
    browser.get("/helpdesk").await;
    browser
        .submit("/helpdesk/find", &[("id", id)])
        .await
        .expect_status(303)
        .expect_location("/helpdesk/person");
}

#[tokio::test]
async fn a_person_is_found_by_her_exact_id_and_shown_masked() {
    let (provider, world) = start().await;
    let mut ada = staff(&provider, &world, "ada", &["helpdesk"]).await;
    ada.get("/helpdesk").await.expect_status(200).has("There is no search by name.");
    find(&mut ada, AMINA).await;
    let seen = ada.get("/helpdesk/person").await.expect_status(200);
    for text in ["…a01", "Example Bank", "ending 042", "Account added", "partner:PBMS", "1 March 2026"] {
        seen.has(text);
    }
    seen.lacks("987042");
    seen.lacks(AMINA);
    find(&mut ada, "token:Amina").await;
    ada.get("/helpdesk/person").await.expect_status(200).lacks("Example Bank");
    for text in ["", "Amina Barakat", "%", "token:\u{e9}"] {
        let seen = ada.submit("/helpdesk/find", &[("id", text)]).await;
        assert!(seen.status == 422 || text == "%", "{text}");
    }
    let audit = world.dump("audit_log").await;
    assert!(audit.contains("helpdesk.find") && audit.contains("user:ministry:ada"), "{audit}");
    assert!(!world.dump("staff_sessions").await.contains("Amina"), "whom staff look at is sealed");
}

#[tokio::test]
async fn the_whole_account_is_shown_for_a_reason_that_is_kept_only() {
    let (provider, world) = start().await;
    let mut ada = staff(&provider, &world, "ada", &["helpdesk"]).await;
    find(&mut ada, AMINA).await;
    ada.get("/helpdesk/person").await;
    let seen = ada.submit("/helpdesk/reveal", &[("reason", "no")]).await.expect_status(422);
    assert_eq!(seen.summary(), [("reason", "Enter a reason of 5 to 300 letters")]);
    seen.lacks("0000987042");
    let before = world.dump("audit_log").await;
    assert!(!before.contains("helpdesk.reveal"));
    let seen = ada.submit("/helpdesk/reveal", &[("reason", "case 4711: reads her number")]).await;
    seen.expect_status(200).has("0000987042");
    let audit = world.dump("audit_log").await;
    assert!(audit.contains("helpdesk.reveal") && audit.contains("case 4711") && !audit.contains("987042"));
    ada.get("/helpdesk/person").await.lacks("0000987042");
    // Who may only approve sees no account at all.
    let mut ben = staff(&provider, &world, "ben", &["checker"]).await;
    ben.get("/helpdesk").await.expect_status(303).expect_location("/helpdesk/changes");
    ben.get("/helpdesk/changes").await.expect_status(200);
    for (path, field) in
        [("/helpdesk/find", "id"), ("/helpdesk/reveal", "reason"), ("/helpdesk/freeze", "reason")]
    {
        let form = [(field, "token:AminaAmina"), ("what", "freeze")];
        ben.submit(path, &form).await.expect_status(403);
    }
}

#[tokio::test]
async fn an_account_is_frozen_and_freed_with_a_reason_in_the_name_of_the_staff_member() {
    let (provider, world) = start().await;
    let mut ada = staff(&provider, &world, "ada", &["helpdesk"]).await;
    find(&mut ada, AMINA).await;
    ada.get("/helpdesk/person").await.has("Freeze the account");
    ada.submit("/helpdesk/freeze", &[("what", "freeze"), ("reason", "")]).await.expect_status(422);
    let form = [("what", "freeze"), ("reason", "phone was stolen")];
    ada.submit("/helpdesk/freeze", &form)
        .await
        .expect_status(303)
        .expect_location("/helpdesk/person?done=frozen");
    ada.submit("/helpdesk/freeze", &form).await.expect_status(200).has("It is so already.");
    let seen = ada.get("/helpdesk/person?done=frozen").await;
    seen.has("Frozen: nobody can change this account");
    seen.has("Allow changes again");
    seen.lacks("href=\"/helpdesk/change\"");
    assert_eq!(world.peers.desk.lock().unwrap().frozen, [AMINA]);
    let form = [("what", "unfreeze"), ("reason", "it was found again")];
    ada.submit("/helpdesk/freeze", &form).await.expect_status(303);
    let desk = world.peers.desk.lock().unwrap();
    assert!(
        desk.frozen.is_empty() && desk.done.iter().all(|(who, _)| who == "ministry:ada"),
        "{:?}",
        desk.done
    );
}

#[tokio::test]
async fn a_change_needs_two_people() {
    let (provider, world) = start().await;
    let mut ada = staff(&provider, &world, "ada", &["helpdesk", "checker"]).await;
    find(&mut ada, AMINA).await;
    ada.get("/helpdesk/change").await.expect_status(200).has("Bank: Example Farmers Bank");
    let wrong = [("to", "bank:EXFM"), ("branch", "NOWHERE"), ("number", "5550001234"), ("reason", "")];
    let seen = ada.submit("/helpdesk/change", &wrong).await.expect_status(422);
    assert_eq!(seen.summary().iter().map(|(field, _)| *field).collect::<Vec<_>>(), ["branch", "reason"]);
    seen.has("value=\"5550001234\"");
    let short =
        [("to", "bank:EXFM"), ("branch", "EXFM0003"), ("number", "12"), ("reason", "came to the desk")];
    ada.submit("/helpdesk/change", &short)
        .await
        .expect_status(422)
        .has("Check the number or address: it is too short");
    let form = [
        ("to", "bank:EXFM"),
        ("branch", "EXFM0003"),
        ("number", "5550001234"),
        ("reason", "came to the desk"),
    ];
    ada.submit("/helpdesk/change", &form)
        .await
        .expect_status(303)
        .expect_location("/helpdesk/person?done=asked");
    ada.submit("/helpdesk/change", &form).await.expect_status(422).has("waits already");
    assert_eq!(world.peers.linked(AMINA).as_deref(), Some(AMINA_FA), "nothing changes yet");

    let own = ada.get("/helpdesk/changes").await.expect_status(200);
    own.has("You asked for it");
    own.lacks("value=\"approve\"");
    let change = world.peers.desk.lock().unwrap().waiting[0]["change_id"].as_str().unwrap().to_owned();
    let approve = [("change", change.as_str()), ("decision", "approve")];
    ada.submit("/helpdesk/decide", &approve).await.expect_status(200).has("Somebody else has to approve");

    let mut ben = staff(&provider, &world, "ben", &["checker"]).await;
    let seen = ben.get("/helpdesk/changes").await.expect_status(200);
    for text in
        ["Example Farmers Bank, ending 234", "came to the desk", "user:ministry:ada", "Another account"]
    {
        seen.has(text);
    }
    seen.lacks("5550001234");
    seen.lacks(AMINA);
    ben.submit("/helpdesk/decide", &approve).await.expect_location("/helpdesk/changes?done=approved");
    ben.submit("/helpdesk/decide", &approve).await.expect_status(200).has("decided or withdrawn meanwhile");
    let done = world.peers.desk.lock().unwrap().done.clone();
    assert!(done.contains(&("ministry:ben".to_owned(), format!("changes/{change}/approve"))), "{done:?}");
    let audit = world.dump("audit_log").await;
    assert!(
        audit.contains("helpdesk.change")
            && audit.contains("helpdesk.approve")
            && !audit.contains("5550001234")
    );
    // Who may not approve cannot.
    let mut cleo = staff(&provider, &world, "cleo", &["helpdesk"]).await;
    cleo.get("/helpdesk/changes").await.expect_status(200).lacks("value=\"approve\"");
    cleo.submit("/helpdesk/decide", &approve).await.expect_status(403);
}

/// Staff have several pages open. What is sent from the page about one person is never done to another one.
#[tokio::test]
async fn a_page_about_one_person_does_nothing_to_another() {
    let (provider, world) = start().await;
    let mut ada = staff(&provider, &world, "ada", &["helpdesk"]).await;
    find(&mut ada, AMINA).await;
    ada.get("/helpdesk/change").await.expect_status(200).has("…a01");
    let mut second_page = ada.clone();
    find(&mut second_page, BOB).await;
    let change = [
        ("to", "bank:EXFM"),
        ("branch", "EXFM0003"),
        ("number", "5550001234"),
        ("reason", "came to the desk"),
    ];
    let freeze = [("what", "freeze"), ("reason", "phone was stolen")];
    for (path, form) in [
        ("/helpdesk/change", change.as_slice()),
        ("/helpdesk/change", &[("to", "nowhere"), ("reason", "no")]),
        ("/helpdesk/freeze", &freeze),
        ("/helpdesk/reveal", &[("reason", "reads the number out")]),
    ] {
        ada.submit(path, form).await.expect_status(409).has("You looked another person up");
    }
    {
        let desk = world.peers.desk.lock().unwrap();
        assert!(desk.waiting.is_empty() && desk.frozen.is_empty(), "{:?}", desk.done);
    }
    assert!(!world.dump("audit_log").await.contains("helpdesk.reveal"));
    // A form without a person is about none.
    let token = ada.token.clone();
    let form = [("csrf", token.as_str()), ("what", "freeze"), ("reason", "phone was stolen")];
    ada.post("/helpdesk/freeze", &form).await.expect_status(409);
    second_page.get("/helpdesk/person").await.expect_status(200);
    second_page.submit("/helpdesk/freeze", &freeze).await.expect_location("/helpdesk/person?done=frozen");
    assert_eq!(world.peers.desk.lock().unwrap().frozen, [BOB]);
}

#[tokio::test]
async fn staff_and_people_are_never_taken_for_each_other() {
    let (provider, world) = start().await;
    for claims in [
        json!({"roles": []}),
        json!({"roles": ["beneficiary"]}),
        json!({"roles": "admin"}),
        json!({"role": ["admin"]}),
    ] {
        let seen = sign_in_with(&provider, &mut world.browser(), &claims).await;
        seen.expect_status(403).has("Your role does not allow this");
    }
    assert_eq!(world.dump("staff_sessions").await, "");
    let mut ada = staff(&provider, &world, "ada", &["admin"]).await;
    assert_eq!(ada.cookies.keys().collect::<Vec<_>>(), ["__Host-staff"]);
    ada.get("/account").await.expect_status(401);
    // The value of one cookie under the name of the other.
    let value = ada.cookies["__Host-staff"].clone();
    let mut forged = world.browser();
    forged.cookies.insert("__Host-session".to_owned(), value);
    forged.get("/account").await.expect_status(401);
    let mut amina = world.browser();
    amina.get("/").await;
    amina.submit("/sign-in", &[("code", AMINA)]).await.expect_status(303);
    let value = amina.session().to_owned();
    amina.get("/helpdesk/person").await.expect_status(401);
    amina.cookies.insert("__Host-staff".to_owned(), value);
    amina.get("/helpdesk/person").await.expect_status(401);
    // An answer of the provider for staff does not sign in a person.
    let mut browser = world.browser();
    browser.get("/").await;
    let asked = query(&away(&mut browser, "/helpdesk/sign-in/ministry").await);
    provider.answer_token(&provider.sign(&provider.claims(&asked["nonce"])));
    browser.get(&format!("/oauth2/callback?code=a-code&state={}", asked["state"])).await.expect_status(400);
    assert!(!world.dump("sessions").await.contains("oidc"));
}

#[tokio::test]
async fn pages_of_staff_are_closed_to_strangers_and_to_other_sites() {
    let (provider, world) = start().await;
    for path in ["/helpdesk/person", "/helpdesk/change", "/helpdesk/changes"] {
        world.browser().get(path).await.expect_status(401);
    }
    let mut ada = staff(&provider, &world, "ada", &["admin"]).await;
    find(&mut ada, BOB).await;
    for (path, fields) in [
        ("/helpdesk/find", [("id", AMINA), ("x", "")]),
        ("/helpdesk/freeze", [("what", "freeze"), ("reason", "a good reason")]),
        ("/helpdesk/change", [("to", "nowhere"), ("reason", "a good reason")]),
        ("/helpdesk/decide", [("decision", "approve"), ("change", "0198c0de-0000-7000-8000-000000000000")]),
        ("/helpdesk/sign-out", [("x", ""), ("y", "")]),
    ] {
        ada.post(path, &fields).await.expect_status(403);
    }
    assert!(world.peers.desk.lock().unwrap().done.is_empty());
    let kept = ada.clone();
    ada.get("/helpdesk").await;
    ada.submit("/helpdesk/sign-out", &[]).await.expect_status(303);
    let mut thief = kept;
    thief.get("/helpdesk/person").await.expect_status(401);
    // Without a provider for staff there are no such pages.
    World::start().await.browser().get("/helpdesk").await.expect_status(404);
}
