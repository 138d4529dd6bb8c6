//! The pages in each language.

use crate::{AMINA, World, browser::Browser};

const LANGUAGES: [(&str, &str, &str, &str); 6] = [
    ("en", "ltr", "See your payments", "Where do you want to be paid?"),
    ("fr", "ltr", "Voir vos paiements", "Où voulez-vous être payé ?"),
    ("ar", "rtl", "اطّلع على مدفوعاتك", "أين تريد أن يُدفع لك؟"),
    ("es", "ltr", "Vea sus pagos", "¿Dónde quiere recibir sus pagos?"),
    ("fil", "ltr", "Tingnan ang mga bayad sa iyo", "Saan mo gustong mabayaran?"),
    ("am", "ltr", "ክፍያዎችዎን ይመልከቱ", "ክፍያዎን የት መቀበል ይፈልጋሉ?"),
];

#[tokio::test]
async fn a_language_is_chosen_on_any_page_and_remembered() {
    let world = World::start().await;
    for (code, direction, start, question) in LANGUAGES {
        let mut browser = world.browser();
        let seen = browser.get(&format!("/?language={code}")).await.expect_status(200);
        seen.has(&format!("<html lang=\"{code}\" dir=\"{direction}\">"));
        seen.has(start);
        assert_eq!(seen.header("content-language"), code);
        browser.submit("/sign-in", &[("code", AMINA)]).await.expect_status(303);
        let seen = browser.get("/account/change").await.expect_status(200);
        seen.has(question);
        for (other, ..) in LANGUAGES {
            seen.has(&format!("href=\"/account/change?language={other}\""));
        }
        // A page with something wrong has it too, and the person who signs out keeps it.
        let seen = browser.submit("/account/change", &[]).await.expect_status(422);
        seen.has(&format!("<html lang=\"{code}\""));
        browser.submit("/sign-out", &[]).await.expect_status(303);
        browser.get("/signed-out").await.expect_status(200).has(start);
    }
}

#[tokio::test]
async fn no_page_has_a_text_that_is_missing() {
    let world = World::start().await;
    for (code, ..) in LANGUAGES {
        let mut browser = world.signed_in(AMINA).await;
        for path in [
            "/account",
            "/payments",
            "/account/change",
            "/account/history",
            "/account/stop",
            "/not-registered",
        ] {
            let seen = browser.get(&format!("{path}?language={code}")).await.expect_status(200);
            seen.lacks("[");
            seen.has(&format!("<html lang=\"{code}\""));
        }
    }
}

#[tokio::test]
async fn the_choice_beats_the_browser_and_what_is_not_offered_changes_nothing() {
    let world = World::start_with(|loaded| loaded.service.hidden_languages = vec!["fil".to_owned()]).await;
    let wanting = |language: &'static str| -> Browser {
        let mut browser = world.browser();
        browser.headers.push(("Accept-Language", language));
        browser
    };
    let mut browser = wanting("ar-EG, fr;q=0.5");
    browser.get("/").await.has("lang=\"ar\" dir=\"rtl\"");
    browser.get("/?language=fr").await.has("<html lang=\"fr\"");
    browser.get("/").await.has("<html lang=\"fr\"");
    for strange in ["fil", "xx", "", "fr%22onload=", "a&language=b"] {
        let seen = browser.get(&format!("/?language={strange}")).await.expect_status(200);
        seen.has("<html lang=\"fr\"");
        seen.lacks("onload");
        assert_eq!(seen.header("set-cookie"), "");
    }
    let seen = wanting("tl, es;q=0.1").get("/").await;
    seen.has("<html lang=\"es\"");
    seen.lacks("Filipino");
}

#[tokio::test]
async fn who_is_not_registered_is_told_what_to_do_and_whom_to_ask() {
    let world = World::start_with(|loaded| loaded.service.help_contact = "Call 0800 123.".to_owned()).await;
    let seen = world.browser().get("/").await;
    seen.has("href=\"/not-registered\"");
    let seen = world.browser().get("/not-registered").await.expect_status(200);
    seen.has("Ask to be registered. <strong>Call 0800 123.</strong>");
    seen.has("Bring your identity card.");
}
