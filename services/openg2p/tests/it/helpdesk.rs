//! `openg2p up`, and then a stranger opens the pages of staff: nothing had to be configured.

use std::time::Duration;

use openg2p::{
    sources::Sources,
    up::{Up, UpOptions},
};
use serde_json::json;
use testkit::{PrivatePostgres, wait_for};

use crate::self_service::{AMINA, Browser};

async fn start(more: &[(&str, &str)]) -> (PrivatePostgres, tempfile::TempDir, Up) {
    platform::init_crypto();
    let postgres = tokio::task::spawn_blocking(PrivatePostgres::start).await.unwrap();
    let data = tempfile::tempdir().unwrap();
    let url = postgres.admin_url("postgres");
    let variables = [("OPENG2P__DATABASE_URL", url.as_str()), ("OPENG2P__HTTP_WORKERS", "1")];
    let variables = variables.iter().chain(more).map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
    let options = UpOptions {
        sources: Sources::new(None, variables),
        data_dir: Some(data.path().to_owned()),
        free_ports: true,
        ..UpOptions::default()
    };
    let up = Up::start(&options).await.unwrap_or_else(|e| panic!("{e:#}"));
    (postgres, data, up)
}

/// Goes to the issuer as the pages say, gives the password there, and comes back.
async fn signed_in(up: &Up, name: &str, user: &str, password: &str) -> Browser {
    let pages = up.staff_pages.iter().find(|pages| pages.name == name).unwrap();
    let pages = pages.url.strip_suffix(&format!("/{name}")).unwrap();
    let mut staff = Browser::new(pages.to_owned(), "");
    let sign_in = format!("/{name}/sign-in/staff");
    staff.get(&format!("/{name}")).await.expect(200).has(&sign_in);
    let asked = staff.get(&sign_in).await.expect(303).location;
    assert!(asked.starts_with(up.issuer.as_ref().unwrap().url()), "{asked}");
    let page = staff.client.get(&asked).send().await.unwrap();
    assert_eq!(page.status(), 200);
    let html = page.text().await.unwrap();
    assert!(html.contains("type=\"password\""), "{html}");
    let give = async |password: &str| {
        let form = [("user", user), ("password", password)];
        staff.client.post(&asked).form(&form).send().await.unwrap()
    };
    assert_eq!(give("a guess").await.status(), 401);
    let back = give(password).await;
    assert_eq!(back.status(), 303);
    let back = back.headers()["location"].to_str().unwrap().to_owned();
    let path = back.strip_prefix(pages).unwrap_or_else(|| panic!("back to {back}")).to_owned();
    assert!(staff.get(&path).await.expect(303).location.starts_with(&format!("/{name}")));
    staff.get(&path).await.expect(400);
    staff
}

#[tokio::test]
async fn up_lets_staff_sign_in_and_two_of_them_change_an_account() {
    let (_postgres, data, up) = start(&[]).await;
    let secrets = std::fs::read_to_string(data.path().join("secrets.json")).unwrap();
    let secrets: serde_json::Value = serde_json::from_str(&secrets).unwrap();
    let password = |user: &str| secrets[format!("user:{user}")].as_str().unwrap().to_owned();
    assert!(up.staff_pages.iter().any(|p| p.url == format!("{}/helpdesk", up.url("spar-self-service"))));

    let wallet = json!({"wallet_type": "MOBILE_WALLET", "sp_code": "EXPAY", "sp_name": "Example Pay"});
    let path = format!("{}/api/v1/directory/wallet-providers", up.url("spar-mapper"));
    let maker = up.token_for("maker").unwrap();
    let added = Browser::new(String::new(), "").client.post(path).bearer_auth(maker).json(&wallet).send();
    assert_eq!(added.await.unwrap().status(), 201);

    let mut ada = signed_in(&up, "helpdesk", "helpdesk", &password("helpdesk")).await;
    ada.get("/helpdesk").await.expect(200).has("name=\"id\"");
    ada.submit("/helpdesk/find", &[("id", AMINA)]).await.expect(303);
    ada.get("/helpdesk/change").await.expect(200).has("Example Pay");
    let change = [("to", "wallet:EXPAY"), ("number", "+254733000222"), ("reason", "came to the desk")];
    ada.submit("/helpdesk/change", &change).await.expect(303);
    let mut ben = signed_in(&up, "helpdesk", "checker", &password("checker")).await;
    ben.submit("/helpdesk/find", &[("id", AMINA)]).await.expect(403);
    ben.get("/helpdesk/changes").await.expect(200).has("ending 222");
    ben.submit("/helpdesk/decide", &[("decision", "approve")]).await.expect(303);
    let made = format!("{}/api/v1/changes?state=applied", up.url("spar-mapper"));
    let (client, token) = (ben.client.clone(), up.token_for("checker").unwrap());
    wait_for("the change to be made", Duration::from_secs(30), || async {
        let list = client.get(&made).bearer_auth(&token).send().await.unwrap();
        let list: serde_json::Value = list.json().await.unwrap();
        (list["items"].as_array().unwrap().len() == 1).then_some(())
    })
    .await;
    let person = ada.get("/helpdesk/person").await.expect(200);
    person.has("ending 222");
    person.has("user:staff:helpdesk");
    person.has("user:staff:checker");
    let freeze = [("what", "freeze"), ("reason", "phone was stolen")];
    ada.submit("/helpdesk/freeze", &freeze).await.expect(303);
    let mut mina = signed_in(&up, "desk", "maker", &password("maker")).await;
    mina.get("/desk/envelopes").await.expect(200).has("Sign out");
    up.stop().await;
}

#[tokio::test]
async fn up_leaves_the_helpdesk_of_the_operator_alone() {
    let staff = "OPENG2P__SPAR_SELF_SERVICE__STAFF_SIGN_IN__MINISTRY";
    let own = [
        (format!("{staff}__DISPLAY_NAME"), "Ministry"),
        (format!("{staff}__ISSUER"), "https://staff.example.org"),
        (format!("{staff}__CLIENT_ID"), "c"),
        (format!("{staff}__CLIENT_SECRET"), "s"),
        ("OPENG2P__SPAR_SELF_SERVICE__PUBLIC_URL".to_owned(), "https://pay.example.org"),
    ];
    let own: Vec<(&str, &str)> = own.iter().map(|(key, value)| (key.as_str(), *value)).collect();
    let (_postgres, _data, up) = start(&own).await;
    assert!(up.staff_pages.iter().all(|pages| pages.name != "helpdesk"), "{:?}", up.staff_pages);
    let mut stranger = Browser::new(up.url("spar-self-service").to_owned(), "");
    let page = stranger.get("/helpdesk").await.expect(200);
    page.has("/helpdesk/sign-in/ministry");
    assert!(!page.html.contains("sign-in/staff"), "{}", page.html);
    let asked = format!(
        "{}/authorize?client_id=openg2p-helpdesk&response_type=code",
        up.issuer.as_ref().unwrap().url()
    );
    assert_eq!(stranger.client.get(&asked).send().await.unwrap().status(), 400, "nobody signs in there");
    up.stop().await;
}
