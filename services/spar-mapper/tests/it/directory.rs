//! The directory of banks, branches and wallets: kept through the API, loaded from files, and what it refuses.

use serde_json::{Value, json};
use spar_mapper::Service;
use storage::sql;
use testkit::{Reply, Session, TestService};

use crate::start;

const BANKS: &str = "bank_code,bank_name,country,account_format,account_regex\n\
    EXBK,Example Bank,KE,,\n\
    EXGB,Example Bank of London,GB,iban,\n\
    EXSIX,Six Digit Bank,,regex,[0-9]{6}\n\
    EXOLD,Closed Bank,,,\n";
const BRANCHES: &str = "bank_code,branch_code,branch_name\n\
    EXBK,EXBK0001,Branch 1\n\
    EXBK,EXBK0002,Caisse d’Épargne Zürich-West\n\
    EXBK,EXBK0003,አዲስ አበባ\n\
    EXOLD,EXOLD1,Only\n";
const WALLETS: &str = "wallet_type,sp_code,sp_name\n\
    MOBILE_WALLET,EXPAY,Example Pay\n\
    EMAIL_WALLET,EXMAIL,Example Mail\n";

async fn load(session: &Session, kind: &str, file: &str) -> Reply {
    session.post_bytes(&format!("/api/v1/directory/{kind}/import"), "text/csv; charset=utf-8", file).await
}

/// A mapper whose directory has the files above; the closed bank is inactive.
pub(crate) async fn with_directory() -> TestService<Service> {
    let mapper = start().await;
    let maker = mapper.user("maker");
    for (kind, file, lines) in
        [("banks", BANKS, 4), ("branches", BRANCHES, 4), ("wallet-providers", WALLETS, 2)]
    {
        let report = load(&maker, kind, file).await.expect_status(200).json();
        assert_eq!((&report["inserted"], &report["refused"]), (&json!(lines), &json!(0)), "{report}");
    }
    let old = one(&maker, "/api/v1/directory/banks?code=EXOLD").await;
    let path = format!("/api/v1/directory/banks/{}", old["id"]);
    let closed = patch(&maker, &path, &json!({"active": false})).await.expect_status(200).json();
    assert_eq!(closed["active"], false);
    mapper
}

pub(crate) async fn patch(session: &Session, path: &str, body: &Value) -> Reply {
    session.send(path, reqwest::Method::PATCH, |request| request.json(body)).await
}

pub(crate) async fn items(session: &Session, path: &str) -> Vec<Value> {
    let page = session.get(path).await.expect_status(200).json();
    page["items"].as_array().unwrap_or_else(|| panic!("no items in {page}")).clone()
}

pub(crate) async fn one(session: &Session, path: &str) -> Value {
    let mut found = items(session, path).await;
    assert_eq!(found.len(), 1, "{path}: {found:?}");
    found.remove(0)
}

async fn names(session: &Session, path: &str, field: &str) -> Vec<String> {
    items(session, path).await.iter().map(|i| i[field].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_bad_line_is_named_with_its_column_and_the_others_are_loaded() {
    let mapper = with_directory().await;
    let maker = mapper.user("maker");
    let file = "bank_code,bank_name,bank_mnemonic,country\n\
                EXBK,Example Bank,,KE\n\
                EXGB,Bank of Example,LONDON,GB\n\
                NEW1,New One,EXBK,\n\
                NEW2,New: Two,,\n\
                NEW3,New Three,,Kenya\n\
                NEW4,New Four,,KE\n\
                NEW5,New Five\n\
                NEW4,Again,,\n";
    let report = load(&maker, "banks", file).await.expect_status(200).json();
    let counts = ["inserted", "updated", "unchanged", "refused"].map(|key| report[key].as_u64().unwrap());
    assert_eq!(counts, [1, 1, 1, 5], "{report}");
    let said: Vec<String> = report["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|e| format!("{} {}", e["line"], e["column"].as_str().unwrap_or("-")))
        .collect();
    assert_eq!(said, ["4 bank_mnemonic", "5 bank_name", "6 country", "8 -", "9 bank_code"]);
    let renamed = one(&maker, "/api/v1/directory/banks?code=EXGB").await;
    assert_eq!(
        (&renamed["bank_name"], &renamed["bank_mnemonic"], &renamed["account_format"]),
        (&json!("Bank of Example"), &json!("LONDON"), &json!("iban")),
        "what the file does not say stays"
    );
    let file = "bank_code,branch_code,branch_name\nNONE,1,Somewhere\nNEW4,1,Main\n";
    let report = load(&maker, "branches", file).await.expect_status(200).json();
    assert_eq!((&report["inserted"], &report["refused"]), (&json!(1), &json!(1)));
    assert_eq!(
        (&report["errors"][0]["line"], &report["errors"][0]["column"]),
        (&json!(2), &json!("bank_code"))
    );
    // Who did it, and what it was before: also of what a script does.
    sql::execute(mapper.db().conn(), "UPDATE banks SET country = 'FR' WHERE bank_code = 'EXGB'", [])
        .await
        .unwrap();
    let path = format!("/api/v1/directory/history?id={}", renamed["id"]);
    let noted: Vec<String> = items(&maker, &path)
        .await
        .iter()
        .map(|n| {
            let name = |state: &Value| state["bank_name"].as_str().unwrap_or("-").to_owned();
            let actor = n["actor"].as_str().unwrap().split(':').next().unwrap().to_owned();
            format!("{actor} {} > {}", name(&n["before"]), name(&n["after"]))
        })
        .collect();
    assert_eq!(
        noted,
        [
            "user - > Example Bank of London",
            "user Example Bank of London > Bank of Example",
            "script Bank of Example > Bank of Example"
        ]
    );
    mapper.user("helpdesk").get(&path).await.expect_status(403);
    sql::execute(mapper.db().conn(), "DELETE FROM directory_history", []).await.unwrap_err();
}

#[tokio::test]
async fn a_file_is_loaded_whole_or_not_at_all_when_we_fail() {
    let mapper = with_directory().await;
    let maker = mapper.user("maker");
    sql::execute(
        mapper.db().conn(),
        "ALTER TABLE branches ADD CONSTRAINT broken CHECK (branch_code <> 'B5999')",
        [],
    )
    .await
    .unwrap();
    let lines = |n: usize| -> String {
        let lines = (0..n).map(|n| format!("EXBK,B{n},Branch number {n}\n"));
        std::iter::once("bank_code,branch_code,branch_name\n".to_owned()).chain(lines).collect()
    };
    load(&maker, "branches", &lines(6_000)).await.expect_status(500);
    assert!(items(&maker, "/api/v1/directory/branches?search=branch%20number").await.is_empty());
    let report = load(&maker, "branches", &lines(5_999)).await.expect_status(200).json();
    assert_eq!((&report["inserted"], &report["refused"]), (&json!(5_999), &json!(0)));
    let again = load(&maker, "branches", &lines(5_999)).await.expect_status(200).json();
    assert_eq!((&again["unchanged"], &again["updated"]), (&json!(5_999), &json!(0)));
    // Every branch is on exactly one page.
    let mut path = "/api/v1/directory/branches?search=branch&limit=1000".to_owned();
    let mut seen = std::collections::BTreeSet::new();
    let mut shown = Vec::new();
    loop {
        let page = maker.get(&path).await.expect_status(200).json();
        for item in page["items"].as_array().unwrap() {
            assert!(seen.insert(item["id"].as_i64().unwrap()), "twice: {item}");
            shown.push(item["branch_name"].as_str().unwrap().to_owned());
        }
        let Some(next) = page["next"].as_str() else { break };
        path = format!("/api/v1/directory/branches?search=branch&limit=1000&after={next}");
    }
    assert_eq!(seen.len(), 6_000, "with Branch 1");
    assert!(shown.is_sorted_by_key(|name| name.to_lowercase()), "in the order of names");
}

#[tokio::test]
async fn a_file_that_is_not_one_is_refused_with_what_it_should_be() {
    let mapper = TestService::<Service>::start(|loaded| {
        loaded.service.directory_max_bytes = 1_000;
        crate::seal(loaded);
    })
    .await;
    let maker = mapper.user("maker");
    let wrong = load(&maker, "banks", "code;name\n").await.expect_status(422).json();
    assert!(wrong["detail"].as_str().unwrap().contains("bank_code, bank_name, bank_mnemonic"), "{wrong}");
    load(&maker, "banks", &"x".repeat(1_001)).await.expect_status(413);
    load(&maker, "wallets", WALLETS).await.expect_status(404);
    let path = "/api/v1/directory/banks/import";
    maker.post_bytes(path, "application/json", "{}").await.expect_status(415);
    maker.post_bytes(path, "text/csv", vec![0xff, 0xfe, 0x00]).await.expect_status(422);
}

#[tokio::test]
async fn entries_are_found_by_the_beginning_of_a_word_whatever_its_accents() {
    let mapper = with_directory().await;
    let reader = mapper.partner("PORTAL", &["directory:read"]).await;
    let session = reader.session();
    let branch = async |search: &str| {
        let path = format!("/api/v1/directory/branches?search={}", search.replace(' ', "%20"));
        names(session, &path, "branch_code").await
    };
    for search in ["epar", "ÉPARGNE", "zurich west", "Caisse d epar", "exbk0002"] {
        assert_eq!(branch(search).await, ["EXBK0002"], "{search}");
    }
    assert_eq!(branch("አበባ").await, ["EXBK0003"]);
    for search in ["pargne", "%25", "ex_k0002", "0002"] {
        assert!(branch(search).await.is_empty(), "{search}");
    }
    let banks = names(session, "/api/v1/directory/banks?active=true", "bank_name").await;
    assert_eq!(banks, ["Example Bank", "Example Bank of London", "Six Digit Bank"]);
    assert_eq!(names(session, "/api/v1/directory/banks?country=GB", "bank_code").await, ["EXGB"]);
    let old = one(session, "/api/v1/directory/banks?code=EXOLD").await;
    let path = format!("/api/v1/directory/branches?bank_id={}", old["id"]);
    assert_eq!(names(session, &path, "branch_code").await, ["EXOLD1"]);
    let mail = one(session, "/api/v1/directory/wallet-providers?wallet_type=EMAIL_WALLET").await;
    assert_eq!(mail["sp_code"], "EXMAIL");
    session.get("/api/v1/directory/wallet-providers?wallet_type=CASH").await.expect_status(400);
    session.get("/api/v1/directory/banks?after=x").await.expect_status(400);
}

#[tokio::test]
async fn entries_are_added_changed_and_taken_out_of_use_by_those_who_may() {
    let mapper = with_directory().await;
    let maker = mapper.user("maker");
    let bank = json!({"bank_code": "NEW", "bank_name": "New Bank", "country": "DE", "account_format": "iban", "strategy_id": 2});
    for (session, status) in
        [(mapper.anonymous(), 401), (mapper.user("helpdesk"), 403), (mapper.user("checker"), 403)]
    {
        session.post("/api/v1/directory/banks", &bank).await.expect_status(status);
    }
    mapper.user("helpdesk").get("/api/v1/directory/banks").await.expect_status(403);
    let added = maker.post("/api/v1/directory/banks", &bank).await.expect_status(201).json();
    assert_eq!((&added["bank_mnemonic"], &added["active"]), (&json!("NEW"), &json!(true)));
    maker.post("/api/v1/directory/banks", &bank).await.expect_status(409);
    let taken = json!({"bank_code": "NEW2", "bank_name": "x", "bank_mnemonic": "NEW"});
    maker.post("/api/v1/directory/banks", &taken).await.expect_status(409);
    let wrong = json!({"bank_code": "N 2", "bank_name": "", "account_format": "regex", "country": "de"});
    let wrong = maker.post("/api/v1/directory/banks", &wrong).await.expect_status(422).json();
    let fields: Vec<&str> =
        wrong["errors"].as_array().unwrap().iter().map(|e| e["field"].as_str().unwrap()).collect();
    assert_eq!(fields, ["bank_code", "bank_name", "country", "account_regex"]);

    let branch = json!({"bank_code": "NEW", "branch_code": "1", "branch_name": "Main"});
    let branch = maker.post("/api/v1/directory/branches", &branch).await.expect_status(201).json();
    assert_eq!(branch["bank_id"], added["id"]);
    let lost = json!({"bank_code": "NONE", "branch_code": "1", "branch_name": "Main"});
    maker.post("/api/v1/directory/branches", &lost).await.expect_status(422);
    let wallet = json!({"wallet_type": "MOBILE_WALLET", "sp_code": "NEW", "sp_name": "New Money"});
    let wallet = maker.post("/api/v1/directory/wallet-providers", &wallet).await.expect_status(201).json();
    let ids = [&added["id"], &branch["id"], &wallet["id"]].map(|id| id.as_i64().unwrap());
    assert!(ids.is_sorted_by(|a, b| a < b) && ids[0] >= 1_000, "one space of ids: {ids:?}");

    let path = format!("/api/v1/directory/banks/{}", ids[0]);
    let changed = patch(&maker, &path, &json!({"bank_name": "Newer Bank"})).await.expect_status(200).json();
    assert_eq!(
        (&changed["bank_name"], &changed["account_format"], &changed["strategy_id"]),
        (&json!("Newer Bank"), &json!("iban"), &json!(2))
    );
    let changed = json!({"account_format": "regex", "account_regex": "[0-9]{7}"});
    let changed = patch(&maker, &path, &changed).await.expect_status(200).json();
    assert_eq!(changed["account_regex"], "[0-9]{7}");
    let changed = patch(&maker, &path, &json!({"account_format": "any"})).await.expect_status(200).json();
    assert_eq!(changed["account_regex"], Value::Null);
    patch(&maker, &path, &json!({"bank_code": "OTHER"})).await.expect_status(422);
    patch(&maker, &path, &json!({"bank_mnemonic": "EXBK"})).await.expect_status(409);
    patch(&maker, &path, &json!({"unknown": 1})).await.expect_status(400);
    patch(&maker, "/api/v1/directory/banks/1", &json!({"active": false})).await.expect_status(404);
    patch(&mapper.user("checker"), &path, &json!({"active": false})).await.expect_status(403);
    let wallet = format!("/api/v1/directory/wallet-providers/{}", ids[2]);
    assert_eq!(
        patch(&maker, &wallet, &json!({"active": false})).await.expect_status(200).json()["active"],
        false
    );
}
