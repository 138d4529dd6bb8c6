//! Addresses of partners that are held against the directory.

use platform::{Mode, Policy};
use serde_json::{Value, json};
use spar_mapper::Service;
use storage::sql;
use testkit::{TestPartner, TestService};

use crate::{
    change,
    directory::{items, patch, with_directory},
    now,
};

/// A partner whose addresses are held against the directory.
async fn checked(mapper: &TestService<Service>, id: &str) -> TestPartner {
    let policy =
        Policy { permissions: ["mapper:call".to_owned()].into(), check_directory: true, ..Policy::default() };
    mapper.partner_with(id, Mode::Strict, policy).await
}

pub(crate) fn bank(bank: &str, branch: &str, number: &str) -> String {
    format!(
        "account_number:{number}.branch_name:B.branch_code:{branch}.bank_name:N.bank_code:{bank}.fa_type:BANK"
    )
}

pub(crate) fn wallet(code: &str, number: &str) -> String {
    format!("mobile_number:{number}.wallet_provider_name:N.wallet_provider_code:{code}.fa_type:MOBILE_WALLET")
}

pub(crate) fn email(code: &str, address: &str) -> String {
    format!("email_address:{address}.wallet_provider_name:N.wallet_provider_code:{code}.fa_type:EMAIL_WALLET")
}

#[tokio::test]
async fn an_address_is_held_against_the_directory_where_the_policy_says_so() {
    let mapper = with_directory().await;
    let partner = checked(&mapper, "CAREFUL").await;
    let cases = [
        (bank("EXBK", "EXBK0001", "0123456789"), ""),
        (bank("EXGB", "", "GB82WEST12345698765432"), ""),
        (bank("EXSIX", "", "123456"), ""),
        (wallet("EXPAY", "+254712345678"), ""),
        (email("EXMAIL", "amina.k@example.org"), ""),
        ("account:0123456789@EXBK0001.EXBK.bank_acc".to_owned(), ""),
        (bank("EXXX", "EXBK0001", "0123456789"), "bank_code: the directory has no such bank"),
        (bank("EXOLD", "EXOLD1", "0123456789"), "bank_code: this bank is not active"),
        (bank("EXBK", "EXOLD1", "0123456789"), "branch_code: the bank has no such branch"),
        (bank("EXBK", "", "0123456789"), "branch_code: the bank has no such branch"),
        (
            bank("EXBK", "EXBK0001", "01234567"),
            "account_number: not in the form that account numbers have here",
        ),
        (
            bank("EXGB", "", "GB82WEST12345698765431"),
            "account_number: the check digits of the IBAN do not fit, something in it is mistyped",
        ),
        (
            bank("EXGB", "", "DE89370400440532013000"),
            "account_number: the IBAN is of another country than the bank",
        ),
        (bank("EXSIX", "", "1234567"), "account_number: not in the form that account numbers have here"),
        (
            wallet("EXMAIL", "+254712345678"),
            "wallet_provider_code: the directory has no such provider of this kind",
        ),
        (wallet("EXPAY", "12"), "mobile_number: not in the form that mobile numbers have here"),
        (email("EXMAIL", "nobody"), "email_address: not in the form that email addresses have here"),
        ("account:0123456789@EXBK0009.EXBK.bank_acc".to_owned(), "branch_code: the bank has no such branch"),
        ("in the blue box".to_owned(), "fa: no strategy of this mapper reads this address"),
    ];
    let linked: Vec<Value> =
        cases.iter().enumerate().map(|(n, (fa, _))| json!({"id": format!("id-{n}"), "fa": fa})).collect();
    let answers = change(&partner, "link", &linked).await;
    for ((fa, refusal), (status, code, text)) in cases.iter().zip(&answers) {
        assert_eq!(text, refusal, "{fa}");
        let wanted = if refusal.is_empty() { ("succ", "") } else { ("rjct", "rjct.fa.invalid") };
        assert_eq!((status.as_str(), code.as_str()), wanted, "{fa}");
    }
    // A wrong item takes nothing from a right one that has its id.
    let twice = [bank("EXXX", "1", "0123456789"), bank("EXBK", "EXBK0001", "0123456789")];
    let twice = twice.map(|fa| json!({"id": "twice", "fa": fa}));
    let answers = change(&partner, "link", &twice).await;
    assert_eq!((answers[0].1.as_str(), answers[1].0.as_str()), ("rjct.fa.invalid", "succ"), "{answers:?}");
    // The same of an update; and nobody is kept from unlinking what is there.
    let bad = [json!({"id": "id-0", "fa": bank("EXXX", "1", "0123456789")})];
    assert_eq!(change(&partner, "update", &bad).await[0].1, "rjct.fa.invalid");
    assert_eq!(change(&partner, "unlink", &[json!({"id": "id-0"})]).await[0].0, "succ");
    // The newer dialect, where the address is an object.
    let fa = json!({
        "strategy_id": 2, "fa_type": "BANK", "bank_name": "N", "bank_code": "EXBK", "branch_name": "B",
        "branch_code": "EXBK0099", "account_number": "0123456789",
    });
    let body = json!({
        "request_header": {"sender_app_mnemonic": "CAREFUL", "sender_app_url": "", "request_id": "q", "request_timestamp": now()},
        "request_body": {"request_payload": {"transaction_id": "t", "link_request": [
            {"reference_id": "r", "timestamp": now(), "id": "new", "fa": fa},
        ]}},
    });
    let reply = partner.post_signed("/mapper/link", &body).await.expect_status(200).json();
    let answer = &reply["response_body"]["response_payload"]["link_response"][0];
    assert_eq!(answer["status_reason_message"], "branch_code: the bank has no such branch", "{reply}");
    // Others give what they like.
    let free = mapper.partner("FREE", &["mapper:call"]).await;
    assert_eq!(
        change(&free, "link", &[json!({"id": "free", "fa": bank("EXXX", "1", "1")})]).await[0].0,
        "succ"
    );
}

#[tokio::test]
async fn an_address_that_could_be_read_in_two_ways_passes_in_both_or_not_at_all() {
    let mapper = with_directory().await;
    let partner = checked(&mapper, "CAREFUL").await;
    // A strategy of the country's own that takes the same texts apart elsewhere.
    sql::execute(
        mapper.db().conn(),
        r"INSERT INTO strategy (id, strategy_type, construct_strategy, deconstruct_strategy) VALUES
          (20, 'FA', 'account:{account_number}@{branch_code}.{bank_code}.{rest}',
                     '^account:(?P<account_number>[^@]*)@(?P<branch_code>[^.]*)\.(?P<bank_code>[^.]*)\.(?P<rest>.*)$')",
        [],
    )
    .await
    .unwrap();
    let pass = [
        json!({"id": "a", "fa": "account:0123456789@EXBK0001.EXBK.bank_acc"}),
        json!({"id": "b", "fa": "account:0123456789@EXBK0001.EXXX.bank_acc"}),
        // The shipped strategy wants a number here, so only the country's own reads this one.
        json!({"id": "c", "fa": "account:@EXBK0001.EXBK.bank_acc"}),
    ];
    let answers = change(&partner, "link", &pass).await;
    let texts: Vec<&str> = answers.iter().map(|(_, _, text)| text.as_str()).collect();
    assert_eq!(
        texts,
        [
            "",
            "bank_code: the directory has no such bank",
            "account_number: not in the form that account numbers have here"
        ]
    );
}

#[tokio::test]
async fn a_country_says_what_its_numbers_look_like() {
    let mapper = with_directory().await;
    let (maker, partner) = (mapper.user("maker"), checked(&mapper, "CAREFUL").await);
    let link = async |id: &str, number: &str| {
        change(&partner, "link", &[json!({"id": id, "fa": wallet("EXPAY", number)})]).await[0].0.clone()
    };
    assert_eq!(link("a", "0712345678").await, "succ");
    let levels = items(&maker, "/api/v1/directory/levels").await;
    let tree: Vec<String> = levels
        .iter()
        .map(|l| {
            format!(
                "{}<{} {} {}",
                l["id"],
                l["parent"],
                l["level_type"].as_str().unwrap(),
                l["input_type"].as_str().unwrap()
            )
        })
        .collect();
    assert_eq!(
        tree,
        [
            "1<0 bank select",
            "2<1 branch select",
            "3<2 account input",
            "4<0 mobile_wallet_provider select",
            "5<4 mobile_number input",
            "6<0 email_wallet_provider select",
            "7<6 email_address input"
        ]
    );
    let level = "/api/v1/directory/levels/5";
    patch(&maker, level, &json!({"validation_regex": "("})).await.expect_status(422);
    patch(&maker, level, &json!({"name": " "})).await.expect_status(422);
    patch(&maker, "/api/v1/directory/levels/99", &json!({"name": "x"})).await.expect_status(404);
    patch(&mapper.user("checker"), level, &json!({"name": "x"})).await.expect_status(403);
    let kenya = json!({"validation_regex": r"\+2547[0-9]{8}"});
    let changed = patch(&maker, level, &kenya).await.expect_status(200).json();
    assert_eq!(
        (&changed["name"], &changed["validation_regex"]),
        (&json!("Mobile Number"), &kenya["validation_regex"])
    );
    assert_eq!(link("b", "0712345678").await, "rjct");
    assert_eq!(link("c", "+254712345678").await, "succ");
    patch(&maker, level, &json!({"validation_regex": ""})).await.expect_status(200);
    assert_eq!(link("d", "anything").await, "succ");
}
