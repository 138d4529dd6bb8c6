//! The oracle API, called as a Mojaloop Account Lookup Service calls it.

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use spar_mapper::Service;
use testkit::{Reply, TestPartner, TestService};

use super::{change, message};

const AMINA: &str = "/participants/MSISDN/%2B254712345678";
const AMINA_ID: &str = "msisdn:254712345678";
const BANK: &str = "account_number:1.branch_name:B.branch_code:C.bank_name:N.bank_code:EXBK.fa_type:BANK";

async fn start() -> TestService<Service> {
    super::start_with(|loaded| {
        loaded.common.anonymous_partner = false;
        loaded.service.oracle_currency = "KES".to_owned();
        for (kind, template) in [
            ("MSISDN", "msisdn:{id}"),
            ("PERSONAL_ID/PASSPORT", "passport:{id}@gov"),
            ("ALIAS/*", "alias:{sub}:{id}"),
        ] {
            loaded.service.oracle_types.insert(kind.to_owned(), template.to_owned());
        }
        loaded.service.oracle_fsps.insert("EXBK".to_owned(), "examplebank".to_owned());
        loaded.service.oracle_max_batch = 5;
        super::seal(loaded);
    })
    .await
}

/// The headers that the service forwards from the FSP that asked it.
fn fspiop(request: RequestBuilder) -> RequestBuilder {
    request
        .header("FSPIOP-Source", "payerfsp")
        .header("Date", "Wed, 01 Jul 2026 10:00:00 GMT")
        .header("Accept", "application/vnd.interoperability.participants+json;version=1")
        .header("Content-Type", "application/vnd.interoperability.participants+json;version=1.1")
}

async fn send(als: &TestPartner, method: Method, path: &str, body: Option<&Value>) -> Reply {
    let build = |request| match body {
        Some(body) => fspiop(request).body(body.to_string()),
        None => fspiop(request),
    };
    als.session().send(path, method, build).await
}

async fn get(als: &TestPartner, path: &str) -> Reply {
    send(als, Method::GET, path, None).await
}

fn fsp(id: &str) -> Value {
    json!({"fspId": id, "currency": "KES"})
}

#[track_caller]
fn refused(reply: &Reply, status: u16, code: &str) -> String {
    assert_eq!(reply.status, status, "{}", reply.text);
    let body = reply.json();
    assert_eq!(body["errorInformation"]["errorCode"], code, "{body}");
    body["errorInformation"]["errorDescription"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn an_account_that_a_person_chose_is_told_by_its_fsp_and_changed_by_nobody_but_her() {
    let mapper = start().await;
    let (als, partner) =
        (mapper.partner("ALS", &["mapper:call"]).await, mapper.partner("P", &["mapper:call"]).await);
    let wallet = "mobile_number:+1.wallet_provider_name:N.wallet_provider_code:EXPAY.fa_type:MOBILE_WALLET";
    let linked = [
        json!({"id": AMINA_ID, "fa": BANK}),
        json!({"id": "passport:A1@gov", "fa": wallet}),
        json!({"id": "msisdn:1", "fa": "in the blue box"}),
    ];
    change(&partner, "link", &linked).await;
    for path in
        [AMINA.to_owned(), "/participants/MSISDN/254712345678".to_owned(), format!("{AMINA}?currency=KES")]
    {
        let told = get(&als, &path).await.expect_status(200).json();
        assert_eq!(told, json!({"partyList": [{"fspId": "examplebank", "currency": "KES"}]}), "{path}");
    }
    for path in
        ["/participants/PERSONAL_ID/A1/PASSPORT", "/participants/PERSONAL_ID/A1?partySubIdOrType=PASSPORT"]
    {
        let told = get(&als, path).await.expect_status(200).json();
        let wanted = json!({"fspId": "EXPAY", "currency": "KES", "partySubIdOrType": "PASSPORT"});
        assert_eq!(told["partyList"], json!([wanted]), "{path}");
    }
    for path in [
        "/participants/MSISDN/999",
        "/participants/MSISDN/1",
        "/participants/EMAIL/a@b.example",
        "/participants/PERSONAL_ID/A1",
        "/participants/PERSONAL_ID/A1/DRIVING_LICENSE",
        &format!("{AMINA}?currency=USD"),
    ] {
        assert_eq!(refused(&get(&als, path).await, 400, "3204"), "Party not found", "{path}");
    }
    refused(&get(&als, "/participants/MSISDN/12%2034").await, 400, "3101");

    for (method, code) in [(Method::POST, "3003"), (Method::PUT, "3003"), (Method::DELETE, "3040")] {
        let body = (method != Method::DELETE).then(|| fsp("otherfsp"));
        let why = refused(&send(&als, method.clone(), AMINA, body.as_ref()).await, 400, code);
        assert!(why.contains("only the person changes"), "{method}: {why}");
    }
    // Saying what is so already changes nothing and is no error.
    send(&als, Method::POST, AMINA, Some(&fsp("examplebank"))).await.expect_status(201);
    send(&als, Method::PUT, AMINA, Some(&fsp("examplebank"))).await.expect_status(200);
    let now = mapper.user("admin").post("/api/v1/mappings/lookup", &json!({"id": AMINA_ID})).await;
    assert_eq!(now.expect_status(200).json()["mapping"]["fa"], BANK);
}

#[tokio::test]
async fn what_an_oracle_adds_it_changes_and_removes_and_all_of_it_is_in_the_history() {
    let mapper = start().await;
    let als = mapper.partner("ALS", &["mapper:call"]).await;
    let told = async || get(&als, AMINA).await;
    refused(&send(&als, Method::PUT, AMINA, Some(&fsp("bank1"))).await, 400, "3204");
    refused(&send(&als, Method::DELETE, AMINA, None).await, 400, "3204");
    send(&als, Method::POST, AMINA, Some(&fsp("bank1"))).await.expect_status(201);
    send(&als, Method::POST, AMINA, Some(&fsp("bank1"))).await.expect_status(201);
    assert_eq!(
        told().await.expect_status(200).json(),
        json!({"partyList": [{"fspId": "bank1", "currency": "KES"}]})
    );
    let why = refused(&send(&als, Method::POST, AMINA, Some(&fsp("bank2"))).await, 400, "3003");
    assert!(why.contains("another FSP"), "{why}");
    let changed = send(&als, Method::PUT, AMINA, Some(&json!({"fspId": "bank2", "currency": "USD"}))).await;
    assert_eq!(
        changed.expect_status(200).json(),
        json!({"fspId": "bank2"}),
        "an empty answer would be a failure"
    );
    assert_eq!(told().await.json()["partyList"][0], json!({"fspId": "bank2", "currency": "USD"}));
    refused(&send(&als, Method::DELETE, &format!("{AMINA}?currency=KES"), None).await, 400, "3204");
    assert_eq!(send(&als, Method::DELETE, &format!("{AMINA}?currency=USD"), None).await.status, 204);
    refused(&told().await, 400, "3204");

    let history = mapper.user("admin").post("/api/v1/mappings/history", &json!({"id": AMINA_ID})).await;
    let history = history.expect_status(200).json();
    let entries: Vec<String> = history["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|e| {
            format!(
                "{} {} {}",
                e["change"].as_str().unwrap(),
                e["channel"].as_str().unwrap(),
                e["actor"].as_str().unwrap()
            )
        })
        .collect();
    assert_eq!(
        entries,
        ["linked oracle partner:ALS", "updated oracle partner:ALS", "unlinked oracle partner:ALS"]
    );
    assert_eq!(history["items"][0]["after"]["fa"], "fsp:bank1.currency:KES.fa_type:FSP");
    let intact = mapper.user("admin").post("/api/v1/mappings/verify", &json!({"id": AMINA_ID})).await.json();
    assert_eq!(intact["intact"], true, "{intact}");
    // Partners of the mapper see whose account it is, and that it is no account that they could pay to.
    send(&als, Method::POST, AMINA, Some(&fsp("bank1"))).await.expect_status(201);
    let ask = message("ALS", "m-1", "resolve", &[json!({"id": AMINA_ID, "scope": "details"})]);
    let seen = als.post_signed("/mapper/sync/resolve", &ask).await.expect_status(200).json();
    assert_eq!(seen["message"]["resolve_response"][0]["account_provider_info"]["code"], "bank1");
    // The person's own choice takes its place.
    let chosen = change(&als, "update", &[json!({"id": AMINA_ID, "fa": BANK})]).await;
    assert_eq!(chosen[0].0, "succ");
    assert_eq!(told().await.json()["partyList"][0]["fspId"], "examplebank");
}

#[tokio::test]
async fn each_party_of_a_list_is_answered_for_itself() {
    let mapper = start().await;
    let als = mapper.partner("ALS", &["mapper:call"]).await;
    let party = |kind: &str, id: &str, fsp: Value| json!({"partyIdType": kind, "partyIdentifier": id, "fspId": fsp, "currency": "KES"});
    let parties = [
        party("MSISDN", "1", json!("bank1")),
        party("EMAIL", "a@b.example", json!("bank1")),
        party("MSISDN", "not a number", json!("bank1")),
        party("MSISDN", "2", json!(null)),
        party("MSISDN", "+1", json!("bank2")),
    ];
    let body = json!({"requestId": "q-1", "partyList": parties});
    let answer = send(&als, Method::POST, "/participants", Some(&body)).await.expect_status(201).json();
    let said: Vec<(String, String)> = answer["partyList"]
        .as_array()
        .unwrap()
        .iter()
        .map(|p| {
            let code = p["errorInformation"]["errorCode"].as_str().unwrap_or_default();
            (p["partyId"]["partyIdentifier"].as_str().unwrap().to_owned(), code.to_owned())
        })
        .collect();
    let said: Vec<(&str, &str)> = said.iter().map(|(id, code)| (id.as_str(), code.as_str())).collect();
    assert_eq!(
        said,
        [("1", ""), ("a@b.example", "3003"), ("not a number", "3101"), ("2", "3102"), ("+1", "3003")]
    );
    assert_eq!(get(&als, "/participants/MSISDN/1").await.json()["partyList"][0]["fspId"], "bank1");
    let many = json!({"requestId": "q-2", "partyList": vec![party("MSISDN", "1", json!("bank1")); 6]});
    assert!(
        refused(&send(&als, Method::POST, "/participants", Some(&many)).await, 400, "3103")
            .contains("1 to 5")
    );
    refused(
        &send(&als, Method::POST, "/participants", Some(&json!({"requestId": "q-3"}))).await,
        400,
        "3101",
    );
    refused(&send(&als, Method::POST, AMINA, Some(&json!({"fspId": "a b"}))).await, 400, "3101");
    refused(
        &send(&als, Method::POST, AMINA, Some(&json!({"fspId": "a", "currency": "kes"}))).await,
        400,
        "3101",
    );
}

#[tokio::test]
async fn an_oracle_answers_partners_with_the_right_to_and_nobody_else() {
    let mapper = start().await;
    let writer = mapper.partner("WRITER", &["mapper:link"]).await;
    send(&writer, Method::POST, AMINA, Some(&fsp("bank1"))).await.expect_status(201);
    for (method, path) in [(Method::GET, AMINA), (Method::PUT, AMINA), (Method::DELETE, AMINA)] {
        let body = (method == Method::PUT).then(|| fsp("bank2"));
        refused(&send(&writer, method, path, body.as_ref()).await, 403, "3000");
    }
    let reader = mapper.partner("READER", &["mapper:resolve"]).await;
    get(&reader, AMINA).await.expect_status(200);
    refused(&send(&reader, Method::POST, "/participants/MSISDN/7", Some(&fsp("bank1"))).await, 403, "3000");
    let bulk = json!({"requestId": "q", "partyList": [{"partyIdType": "MSISDN", "partyIdentifier": "7", "fspId": "x"}]});
    refused(&send(&reader, Method::POST, "/participants", Some(&bulk)).await, 403, "3000");
    refused(&mapper.anonymous().get(AMINA).await, 401, "3000");
    refused(&mapper.user("admin").get(AMINA).await, 403, "3000");
    // Limited to some kinds of ids, a partner sees no others.
    let policy = platform::Policy {
        permissions: ["mapper:call".to_owned()].into(),
        id_namespaces: ["gov".to_owned()].into(),
        ..platform::Policy::default()
    };
    let narrow = mapper.partner_with("NARROW", platform::Mode::Strict, policy).await;
    refused(&get(&narrow, AMINA).await, 400, "3204");
    refused(&send(&narrow, Method::DELETE, AMINA, None).await, 400, "3204");
    refused(&send(&narrow, Method::POST, "/participants/MSISDN/7", Some(&fsp("bank1"))).await, 400, "3003");
    // A frozen party stays as it is.
    let freeze = json!({"id": AMINA_ID, "reason": "a complaint"});
    mapper.user("admin").post("/api/v1/mappings/freeze", &freeze).await.expect_status(204);
    let als = mapper.partner("ALS", &["mapper:call"]).await;
    assert!(
        refused(&send(&als, Method::PUT, AMINA, Some(&fsp("bank2"))).await, 400, "3003").contains("frozen")
    );
    assert!(refused(&send(&als, Method::DELETE, AMINA, None).await, 400, "3040").contains("frozen"));
}

#[tokio::test]
async fn no_number_of_anybody_is_in_the_metrics() {
    let mapper = start().await;
    let als = mapper.partner("ALS", &["mapper:call"]).await;
    get(&als, "/participants/MSISDN/254700000123").await;
    get(&als, "/participants/MSISDN/254700000123/SAVINGS").await;
    let metrics =
        reqwest::get(format!("{}/metrics", mapper.admin_url())).await.unwrap().text().await.unwrap();
    assert!(metrics.contains("/participants/{Type}/{ID}"), "the route stands there by its pattern");
    assert!(!metrics.contains("254700000123"));
}
