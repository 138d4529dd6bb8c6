//! A partner that has to name the person: it cannot change the account of somebody whom it does not know.

use platform::{Mode, Policy};
use serde_json::json;
use testkit::{TestPartner, TestService};

use crate::{Service, change, start};

async fn partner(mapper: &TestService<Service>, id: &str, match_name: bool) -> TestPartner {
    let policy = Policy { permissions: ["mapper:call".to_owned()].into(), match_name, ..Policy::default() };
    mapper.partner_with(id, Mode::Strict, policy).await
}

const MISSING: &str = "this partner has to give the name of the person";
const DIFFERS: &str = "the name is not the one that this id is known for";

#[tokio::test]
async fn an_account_is_changed_only_with_the_name_of_its_person() {
    let mapper = start().await;
    let (bank, free) = (partner(&mapper, "BANK", true).await, partner(&mapper, "FREE", false).await);
    let item = |id: &str, fa: &str, name: &str| json!({"id": id, "fa": fa, "name": name});
    // A link must name somebody; each item by itself.
    let answers = change(
        &bank,
        "link",
        &[
            item("a", "account:1@bank", "Amina Barakat"),
            json!({"id": "b", "fa": "account:2@bank"}),
            item("c", "account:3@bank", " - "),
        ],
    )
    .await;
    let of = |n: usize| (answers[n].0.as_str(), answers[n].1.as_str(), answers[n].2.as_str());
    assert_eq!(of(0), ("succ", "", ""));
    assert_eq!(
        (of(1), of(2)),
        (("rjct", "rjct.name.invalid", MISSING), ("rjct", "rjct.name.invalid", MISSING))
    );
    // An update must name the same person, however it is spelled.
    let update = async |partner: &TestPartner, fa: &str, name: serde_json::Value| {
        let item = json!({"id": "a", "fa": fa, "name": name});
        change(partner, "update", &[item]).await.remove(0)
    };
    let refused =
        |text: &str| ("rjct".to_owned(), "rjct.beneficiary_name.invalid".to_owned(), text.to_owned());
    assert_eq!(update(&bank, "account:666@bank", json!("Mallory")).await, refused(DIFFERS));
    assert_eq!(update(&bank, "account:666@bank", json!(null)).await, refused(MISSING));
    assert_eq!(update(&bank, "account:4@bank", json!("BARAKAT, Amina")).await.0, "succ");
    // Taking it away and giving it again is no way round.
    assert_eq!(change(&bank, "unlink", &[json!({"id": "a"})]).await[0].0, "succ");
    let again = change(&bank, "link", &[item("a", "account:666@bank", "Mallory")]).await;
    assert_eq!(again[0].2, DIFFERS);
    assert_eq!(change(&bank, "link", &[item("a", "account:5@bank", "Amina Barakat")]).await[0].0, "succ");
    // Where no name is known one can be given, and a partner without the rule does as before.
    assert_eq!(change(&free, "link", &[json!({"id": "d", "fa": "account:6@bank"})]).await[0].0, "succ");
    assert_eq!(change(&bank, "update", &[json!({"id": "d", "fa": "account:7@bank"})]).await[0].0, "succ");
    assert_eq!(change(&bank, "update", &[item("d", "account:7@bank", "Dawit")]).await[0].0, "succ");
    assert_eq!(change(&bank, "update", &[item("d", "account:8@bank", "Mallory")]).await[0].2, DIFFERS);
    assert_eq!(update(&free, "account:9@bank", json!("Anybody")).await.0, "succ");
}
