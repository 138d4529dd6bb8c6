//! Changing the account.

use serde_json::Value;
use spar_self_service::config::Provider;

use crate::{AMINA, AMINA_FA, BOB, World, browser::Browser};

const NEW_NUMBER: &str = "5550001234";

/// Enters a bank account, up to the last look.
pub(crate) async fn enter(browser: &mut Browser) {
    browser.get("/account/change").await.expect_status(200).has("Where do you want to be paid?");
    browser
        .submit("/account/change", &[("kind", "bank")])
        .await
        .expect_status(303)
        .expect_location("/account/change/bank");
    browser.get("/account/change/bank").await.expect_status(200).has("Example Farmers Bank");
    browser
        .submit("/account/change/bank", &[("bank", "EXFM")])
        .await
        .expect_status(303)
        .expect_location("/account/change/branch");
    browser.get("/account/change/branch?q=branch+3").await.expect_status(200).has("value=\"EXFM0003\"");
    browser
        .submit("/account/change/branch", &[("branch", "EXFM0003"), ("q", "branch 3")])
        .await
        .expect_status(303)
        .expect_location("/account/change/number");
    browser.get("/account/change/number").await.expect_status(200).has("Branch 3");
    browser
        .submit("/account/change/number", &[("account_number", "5550 001-234")])
        .await
        .expect_status(303)
        .expect_location("/account/check");
}

/// Confirms and returns the address of the receipt.
async fn confirm(browser: &mut Browser) -> String {
    browser.get("/account/check").await.expect_status(200);
    let seen = browser.submit("/account/confirm", &[]).await.expect_status(303);
    seen.header("location").to_owned()
}

#[tokio::test]
async fn an_account_is_entered_looked_at_confirmed_and_acknowledged() {
    let world = World::start().await;
    let mut browser = world.signed_in(AMINA).await;
    enter(&mut browser).await;
    let check = browser.get("/account/check").await.expect_status(200);
    check.has(NEW_NUMBER);
    check.has("Example Farmers Bank");
    assert_eq!(
        world.peers.linked(AMINA).as_deref(),
        Some(AMINA_FA),
        "nothing changes before it is confirmed"
    );

    let receipt = confirm(&mut browser).await;
    let reference = receipt.strip_prefix("/account/receipt/").unwrap().to_owned();
    assert_eq!(
        world.peers.linked(AMINA).unwrap(),
        "account_number:5550001234.branch_name:Branch 3.branch_code:EXFM0003.bank_name:Example Farmers Bank.\
         bank_code:EXFM.fa_type:BANK_ACCOUNT"
    );
    let seen = browser.get(&receipt).await.expect_status(200);
    seen.has(&reference);
    seen.has("ending 234");
    seen.lacks(NEW_NUMBER);
    browser.get("/account").await.expect_status(200).has("ending 234");
    browser.get("/account/check").await.expect_status(303).expect_location("/account/change");
}

#[tokio::test]
async fn a_change_is_in_the_audit_log_and_no_number_is_in_the_database() {
    let world = World::start().await;
    let mut browser = world.signed_in(AMINA).await;
    enter(&mut browser).await;
    for table in ["sessions", "account_changes", "audit_log"] {
        assert!(!world.dump(table).await.contains(NEW_NUMBER), "{table}");
    }
    let receipt = confirm(&mut browser).await;
    let audit = world.dump("audit_log").await;
    let mut rows = audit.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let row = rows.find(|row| row["action"] == "account.change").unwrap();
    assert_eq!(
        (row["actor"].as_str(), row["subject"].as_str()),
        (Some(format!("user:{AMINA}").as_str()), Some(AMINA))
    );
    assert_eq!(row["detail"]["outcome"], "done");
    assert_eq!(row["detail"]["operation"], "update");
    assert!(receipt.ends_with(row["detail"]["reference"].as_str().unwrap()));
    for table in ["sessions", "account_changes", "audit_log"] {
        assert!(!world.dump(table).await.contains(NEW_NUMBER), "{table}");
    }
}

#[tokio::test]
async fn the_person_is_the_one_of_the_session_whatever_the_form_says() {
    let world = World::start().await;
    world.peers.link(BOB, "mobile_number:+254700000007.wallet_provider_name:Example Pay.wallet_provider_code:EXPAY.fa_type:MOBILE_WALLET");
    let bobs = world.peers.linked(BOB);
    let mut browser = world.signed_in(AMINA).await;
    let pretend = [("id", BOB), ("subject", BOB), ("payee", BOB), ("sub", BOB)];
    browser.get(&format!("/account?id={BOB}")).await.expect_status(200).has("ending 042");
    browser.get("/account/change").await;
    for (path, field) in [
        ("/account/change/bank", ("bank", "EXFM")),
        ("/account/change/branch", ("branch", "EXFM0003")),
        ("/account/change/number", ("account_number", NEW_NUMBER)),
    ] {
        let form: Vec<(&str, &str)> = [field].into_iter().chain(pretend).collect();
        browser.submit(path, &form).await.expect_status(303);
    }
    browser.get("/account/check").await;
    browser.submit("/account/confirm", &pretend).await.expect_status(303);
    assert_eq!(world.peers.linked(BOB), bobs);
    assert!(world.peers.linked(AMINA).unwrap().contains(NEW_NUMBER));
    for (path, call) in world.peers.mapper_calls().await {
        assert!(call.to_string().contains(AMINA) && !call.to_string().contains(BOB), "{path} {call}");
    }
}

#[tokio::test]
async fn a_receipt_is_for_its_owner_only() {
    let world = World::start().await;
    let mut amina = world.signed_in(AMINA).await;
    enter(&mut amina).await;
    let receipt = confirm(&mut amina).await;
    let mut bob = world.signed_in(BOB).await;
    bob.get(&receipt).await.expect_status(404).lacks("234");
    amina.get("/account/receipt/nonsense").await.expect_status(404);
}

#[tokio::test]
async fn wrong_entries_are_explained_and_nothing_that_was_entered_is_lost() {
    let world = World::start().await;
    let mut browser = world.signed_in(AMINA).await;
    browser.get("/account/change").await;
    let seen = browser.submit("/account/change", &[]).await.expect_status(422);
    assert_eq!(seen.summary(), [("kind", "Choose where you want to be paid")]);

    // Nobody gets to a later question without the ones before.
    for path in ["/account/change/branch", "/account/change/number"] {
        browser.get(path).await.expect_status(303).expect_location("/account/change/bank");
    }
    let seen = browser.submit("/account/change/bank", &[("bank", "NOBANK")]).await.expect_status(422);
    assert_eq!(seen.error_of("bank"), Some("Choose your bank"));
    browser.submit("/account/change/bank", &[("bank", "EXBK")]).await.expect_status(303);
    browser.get("/account/change/bank").await.has("<option value=\"EXBK\" selected>");
    browser.get("/account/change/number").await.expect_location("/account/change/branch");
    let seen = browser.submit("/account/change/branch", &[("branch", "EXFM0003")]).await.expect_status(422);
    assert_eq!(seen.summary(), [("q", "Enter a part of the name, search, and choose your branch")]);
    let seen = browser
        .submit("/account/change/branch", &[("q", "branch 1"), ("branch", "")])
        .await
        .expect_status(422);
    assert_eq!(seen.error_of("branch"), Some("Choose your branch"));
    browser.submit("/account/change/branch", &[("branch", "EXBK0007")]).await.expect_status(303);

    for (number, message) in [
        ("", "Enter your account number"),
        ("12.34", "Enter the account number with numbers and letters only"),
        ("123", "Check the account number: it has at least 6 numbers or letters"),
        ("GB82WEST12345698765431", "Check the account number: at least one number or letter in it is wrong"),
        ("1.bank_code:EVIL.fa_type:X", "Enter the account number with numbers and letters only"),
    ] {
        let seen =
            browser.submit("/account/change/number", &[("account_number", number)]).await.expect_status(422);
        assert_eq!(seen.summary(), [("account_number", message)]);
        assert_eq!(seen.error_of("account_number"), Some(message));
        seen.has("<title>Something is missing or wrong:");
        seen.has(&format!("value=\"{number}\""));
        seen.has("Branch 7");
    }
    let seen = browser
        .submit("/account/change/wallet", &[("wallet", "EXPAY"), ("phone", "12")])
        .await
        .expect_status(422);
    assert_eq!(
        seen.summary(),
        [("phone", "Enter the phone number with + and the code of the country in front")]
    );
    let seen = browser.submit("/account/change/email", &[("email", "amina@")]).await.expect_status(422);
    assert_eq!(
        seen.summary(),
        [
            ("wallet", "Choose your mobile money service"),
            ("email", "Enter the whole email address, for example name@example.org"),
        ]
    );
    assert_eq!(world.peers.mapper_calls().await.len(), 0);
}

#[tokio::test]
async fn a_person_without_an_account_names_a_phone() {
    let world = World::start().await;
    let mut browser = world.signed_in(BOB).await;
    browser.get("/account").await.expect_status(200).has("We do not know where to pay you");
    browser.get("/account/change").await;
    browser
        .submit("/account/change", &[("kind", "wallet")])
        .await
        .expect_status(303)
        .expect_location("/account/change/wallet");
    browser.get("/account/change/wallet").await.expect_status(200);
    browser
        .submit("/account/change/wallet", &[("wallet", "EXPAY"), ("phone", "0712 345 678")])
        .await
        .expect_status(303);
    browser.get("/account/check").await.expect_status(200).has("+254712345678");
    browser.get("/account/change/wallet").await.has("value=\"+254712345678\"");
    let receipt = confirm(&mut browser).await;
    assert_eq!(
        world.peers.linked(BOB).unwrap(),
        "mobile_number:+254712345678.wallet_provider_name:Example Pay.wallet_provider_code:EXPAY.fa_type:MOBILE_WALLET"
    );
    let seen = browser.get(&receipt).await.expect_status(200);
    seen.has("ending 678");
    seen.lacks("254712345678");
    let calls: Vec<String> = world.peers.mapper_calls().await.into_iter().map(|(path, _)| path).collect();
    assert_eq!(calls, ["/mapper/sync/resolve", "/mapper/sync/resolve", "/mapper/sync/link"]);
}

#[tokio::test]
async fn an_account_that_appeared_in_between_is_updated() {
    let world = World::start().await;
    world.peers.blind(true);
    let mut browser = world.signed_in(AMINA).await;
    enter(&mut browser).await;
    confirm(&mut browser).await;
    assert!(world.peers.linked(AMINA).unwrap().contains(NEW_NUMBER));
}

#[tokio::test]
async fn when_the_outcome_is_not_known_the_person_is_told_and_can_send_it_again() {
    let world = World::start().await;
    let mut browser = world.signed_in(AMINA).await;
    enter(&mut browser).await;
    browser.get("/account/check").await;
    world.peers.fail(Some(500));
    let seen = browser.submit("/account/confirm", &[]).await.expect_status(503);
    seen.has("We do not know yet if your account was changed");
    assert_eq!(seen.header("retry-after"), "60");
    assert!(world.dump("audit_log").await.contains("\"outcome\": \"unknown\""));
    world.peers.fail(None);
    let receipt = confirm(&mut browser).await;
    browser.get(&receipt).await.expect_status(200);
    assert!(world.dump("audit_log").await.contains("\"outcome\": \"done\""));
    assert_eq!(world.dump("account_changes").await.lines().count(), 1, "one change, sent twice");
}

#[tokio::test]
async fn an_account_the_mapper_does_not_take_is_not_called_changed() {
    let world = World::start().await;
    world.peers.refuse(Some(("rjct.fa.invalid", "no")));
    let mut browser = world.signed_in(AMINA).await;
    enter(&mut browser).await;
    browser.get("/account/check").await;
    browser.submit("/account/confirm", &[]).await.expect_status(422).has("The account was not accepted.");
    let stored = world.dump("account_changes").await;
    assert!(stored.contains("refused") && stored.contains("rjct.fa.invalid"), "{stored}");
    assert!(world.dump("audit_log").await.contains("\"outcome\": \"refused\""));
}

#[tokio::test]
async fn a_second_click_changes_nothing_more() {
    let world = World::start().await;
    let mut browser = world.signed_in(AMINA).await;
    enter(&mut browser).await;
    browser.get("/account/check").await;
    let mut twin = browser.clone();
    let (first, second) =
        tokio::join!(browser.submit("/account/confirm", &[]), twin.submit("/account/confirm", &[]));
    assert_eq!((first.status, second.status), (303, 303));
    let audit = world.dump("audit_log").await;
    assert_eq!(audit.matches("account.change").count(), 1, "{audit}");
    browser.submit("/account/confirm", &[]).await.expect_status(303).expect_location("/account");
}

#[tokio::test]
async fn the_choices_are_those_of_the_configuration() {
    let world = World::start_with(|loaded| {
        let provider = |code: &str, name: &str| Provider {
            code: code.to_owned(),
            name: name.to_owned(),
            ..Provider::default()
        };
        loaded.service.wallets = vec![provider("W", "Wallet & Co")];
        loaded.service.banks = vec![provider("B", "Bank without branches")];
    })
    .await;
    let mut browser = world.signed_in(AMINA).await;
    browser.get("/account/change/bank").await.expect_status(200);
    browser
        .submit("/account/change/bank", &[("bank", "B")])
        .await
        .expect_status(303)
        .expect_location("/account/change/number");
    browser.get("/account/change/branch").await.expect_location("/account/change/number");
    browser.submit("/account/change/number", &[("account_number", "5550001234")]).await.expect_status(303);
    confirm(&mut browser).await;
    assert_eq!(
        world.peers.linked(AMINA).unwrap(),
        "account_number:5550001234.branch_name:.branch_code:.bank_name:Bank without branches.bank_code:B.fa_type:BANK_ACCOUNT"
    );
    browser.get("/account").await.expect_status(200).lacks("Branch code");
    let seen = browser.get("/account/change/wallet").await.expect_status(200);
    seen.has("<option value=\"W\">Wallet &#38; Co</option>");
    seen.lacks("EXPAY");
}

#[tokio::test]
async fn a_branch_is_found_by_a_part_of_its_name_without_script() {
    let world = World::start().await;
    let mut browser = world.signed_in(AMINA).await;
    browser.get("/account/change/bank").await;
    browser.submit("/account/change/bank", &[("bank", "EXFM")]).await.expect_status(303);
    let seen = browser.get("/account/change/branch").await.expect_status(200);
    seen.has("<form method=\"get\" action=\"/account/change/branch\" role=\"search\"");
    seen.lacks("type=\"radio\"");
    let seen = browser.get("/account/change/branch?q=BRANCH+2").await.expect_status(200);
    assert_eq!(seen.html.matches("type=\"radio\"").count(), 6, "2 and 20 to 24");
    let seen = browser.get("/account/change/branch?q=branch").await.expect_status(200);
    assert_eq!(seen.html.matches("type=\"radio\"").count(), 20);
    seen.has("More branches than these fit.");
    let seen = browser.get("/account/change/branch?q=%3Cnowhere%3E").await.expect_status(200);
    seen.has("No branch has this in its name.");
    seen.has("value=\"&#60;nowhere&#62;\"");
    // Who chooses another bank does not keep the branch of the one before.
    browser.submit("/account/change/branch", &[("branch", "EXFM0003")]).await.expect_status(303);
    browser
        .get("/account/change/branch")
        .await
        .expect_status(200)
        .has("value=\"EXFM0003\" id=\"branch\" checked");
    browser.submit("/account/change/bank", &[("bank", "EXBK")]).await.expect_status(303);
    browser.get("/account/change/number").await.expect_location("/account/change/branch");
}

#[tokio::test]
async fn an_email_wallet_is_entered_and_shown_by_its_beginning_only() {
    let world = World::start().await;
    let mut browser = world.signed_in(BOB).await;
    browser.get("/account/change").await;
    browser
        .submit("/account/change", &[("kind", "email")])
        .await
        .expect_status(303)
        .expect_location("/account/change/email");
    browser.get("/account/change/email").await.expect_status(200).has("inputmode=\"email\"");
    let form = [("wallet", "EXMAIL"), ("email", " bob.the.builder@Mail.Example ")];
    browser.submit("/account/change/email", &form).await.expect_status(303).expect_location("/account/check");
    browser.get("/account/check").await.expect_status(200).has("bob.the.builder@mail.example");
    let receipt = confirm(&mut browser).await;
    assert_eq!(
        world.peers.linked(BOB).unwrap(),
        "email_address:bob.the.builder@mail.example.wallet_provider_name:Example Mail Money.wallet_provider_code:EXMAIL.fa_type:EMAIL_WALLET"
    );
    for path in [receipt.as_str(), "/account"] {
        let seen = browser.get(path).await.expect_status(200);
        seen.has("b…@mail.example");
        seen.lacks("bob.the");
    }
}

#[tokio::test]
async fn only_the_account_that_was_looked_at_is_confirmed() {
    let world = World::start().await;
    let mut browser = world.signed_in(AMINA).await;
    enter(&mut browser).await;
    browser.get("/account/check").await.expect_status(200).has(NEW_NUMBER);
    let mut other_tab = browser.clone();
    other_tab.submit("/account/change/number", &[("account_number", "7770009999")]).await.expect_status(303);
    browser.submit("/account/confirm", &[]).await.expect_status(303).expect_location("/account");
    assert_eq!(world.peers.linked(AMINA).as_deref(), Some(AMINA_FA), "the first page showed another account");
    other_tab.get("/account/check").await.expect_status(200).has("7770009999");
    confirm(&mut other_tab).await;
    assert!(world.peers.linked(AMINA).unwrap().contains("7770009999"));
}

#[tokio::test]
async fn a_frozen_account_is_not_called_wrong() {
    let world = World::start().await;
    world.peers.refuse(Some(("rjct.id.invalid", "this id is frozen; ask the operator of the mapper")));
    let mut browser = world.signed_in(AMINA).await;
    enter(&mut browser).await;
    browser.get("/account/check").await;
    let seen = browser.submit("/account/confirm", &[]).await.expect_status(409);
    seen.has("has stopped changes of your account to protect you");
    browser.get("/account/stop").await.expect_status(200);
    browser.submit("/account/stop", &[]).await.expect_status(409).has("Nothing was changed.");
    assert_eq!(world.peers.linked(AMINA).as_deref(), Some(AMINA_FA));
}
