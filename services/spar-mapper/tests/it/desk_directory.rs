//! Changes that staff make are held against the directory, as far as it has anything to hold them against.

use std::time::Duration;

use serde_json::{Value, json};
use testkit::{Session, TestService, wait_for};

use crate::{
    Service,
    directory::{one, patch, with_directory},
    directory_held::{bank, email, wallet},
    seal, start,
};

fn asked(id: &str, fa: &str) -> Value {
    json!({"id": id, "operation": "link", "fa": fa, "reason": "asked at the desk"})
}

async fn refused(staff: &Session, id: &str, fa: &str) -> String {
    let reply = staff.post("/api/v1/changes", &asked(id, fa)).await.expect_status(422).json();
    assert_eq!(reply["code"], "invalid_change", "{reply}");
    assert!(!reply.to_string().contains("0123"), "the account is not repeated: {reply}");
    let wrong = &reply["errors"][0];
    format!("{}: {}", wrong["field"].as_str().unwrap(), wrong["message"].as_str().unwrap())
}

/// The state of the change of an id, once it ended.
async fn ended(staff: &Session, id: &str) -> Value {
    wait_for("the change to end", Duration::from_secs(30), || async {
        let list = staff.get("/api/v1/changes?limit=1000").await.expect_status(200).json();
        let of =
            |item: &&Value| item["id"] == id && matches!(item["state"].as_str(), Some("applied" | "failed"));
        list["items"].as_array().unwrap().iter().rfind(of).cloned()
    })
    .await
}

#[tokio::test]
async fn an_account_that_the_directory_does_not_bear_out_is_refused_with_the_part_that_is_wrong() {
    let mapper = with_directory().await;
    let staff = mapper.user("maker");
    for (fa, said) in [
        (bank("EXXX", "EXBK0001", "0123456789"), "fa.bank_code: the directory has no such bank"),
        (bank("EXOLD", "EXOLD1", "0123456789"), "fa.bank_code: this bank is not active"),
        (bank("EXBK", "EXBK0009", "0123456789"), "fa.branch_code: the bank has no such branch"),
        (
            bank("EXBK", "EXBK0001", "01234"),
            "fa.account_number: not in the form that account numbers have here",
        ),
        (
            wallet("EXMAIL", "+25471012345"),
            "fa.wallet_provider_code: the directory has no such provider of this kind",
        ),
        (wallet("EXPAY", "0123"), "fa.mobile_number: not in the form that mobile numbers have here"),
        (email("EXMAIL", "0123"), "fa.email_address: not in the form that email addresses have here"),
        ("in the blue box 0123".to_owned(), "fa: no strategy of this mapper reads this address"),
        (String::new(), "fa: FA is null"),
    ] {
        assert_eq!(refused(&staff, "a", &fa).await, said, "{fa}");
    }
    let good = asked("a", &bank("EXBK", "EXBK0001", "0123456789"));
    staff.post("/api/v1/changes", &good).await.expect_status(202);
    assert_eq!(ended(&staff, "a").await["state"], "applied");
    // Nobody is kept from taking an account away.
    let unlink = json!({"id": "a", "operation": "unlink", "reason": "asked at the desk"});
    staff.post("/api/v1/changes", &unlink).await.expect_status(202);
}

#[tokio::test]
async fn a_bank_that_closed_meanwhile_is_not_paid_to() {
    let mapper = with_directory().await;
    let staff = mapper.user("maker");
    let mut wanted = asked("a", &bank("EXSIX", "", "123456"));
    wanted["needs_approval"] = json!(true);
    let change = staff.post("/api/v1/changes", &wanted).await.expect_status(202).json();
    let closing = one(&staff, "/api/v1/directory/banks?code=EXSIX").await;
    let path = format!("/api/v1/directory/banks/{}", closing["id"]);
    patch(&staff, &path, &json!({"active": false})).await.expect_status(200);
    let approve = format!("/api/v1/changes/{}/approve", change["change_id"].as_str().unwrap());
    mapper.user("checker").post(&approve, &json!({})).await.expect_status(200);
    let ended = ended(&staff, "a").await;
    assert_eq!(
        (&ended["state"], &ended["outcome"]),
        (&json!("failed"), &json!("bank_code: this bank is not active")),
        "{ended}"
    );
}

#[tokio::test]
async fn what_a_directory_knows_nothing_of_it_does_not_refuse() {
    // An empty one refuses nothing.
    let mapper = start().await;
    let staff = mapper.user("maker");
    staff.post("/api/v1/changes", &asked("a", "in the blue box")).await.expect_status(202);
    // One with banks holds bank accounts against it, and nothing else.
    let own = json!({"bank_code": "NEW", "bank_name": "New Bank"});
    staff.post("/api/v1/directory/banks", &own).await.expect_status(201);
    staff.post("/api/v1/changes", &asked("b", &wallet("NONE", "12"))).await.expect_status(202);
    let said = refused(&staff, "c", &bank("EXBK", "", "0123456789")).await;
    assert_eq!(said, "fa.bank_code: the directory has no such bank");
    staff.post("/api/v1/changes", &asked("c", &bank("NEW", "", "0123456789"))).await.expect_status(202);
    let mail = json!({"wallet_type": "EMAIL_WALLET", "sp_code": "MAIL", "sp_name": "Mail"});
    staff.post("/api/v1/directory/wallet-providers", &mail).await.expect_status(201);
    staff.post("/api/v1/changes", &asked("d", &wallet("NONE", "12"))).await.expect_status(202);
    let said = refused(&staff, "e", &email("NONE", "amina@example.org")).await;
    assert!(said.starts_with("fa.wallet_provider_code"), "{said}");
}

#[tokio::test]
async fn who_does_not_want_it_turns_it_off() {
    let mapper = TestService::<Service>::start(|loaded| {
        loaded.service.check_changes = false;
        seal(loaded);
    })
    .await;
    let staff = mapper.user("maker");
    staff
        .post("/api/v1/directory/banks", &json!({"bank_code": "NEW", "bank_name": "x"}))
        .await
        .expect_status(201);
    staff.post("/api/v1/changes", &asked("a", &bank("EXXX", "", "1"))).await.expect_status(202);
}
