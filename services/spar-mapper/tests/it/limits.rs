//! A partner gets what it may use and no more, and who asks as nobody does is noticed.

use std::{collections::BTreeSet, sync::Arc};

use platform::{Mode, Policy};
use serde_json::{Value, json};
use spar_mapper::Service;
use testkit::{Reply, TestDb, TestPartner, TestService, schema_of};

use crate::{message, seal, start};

fn policy() -> Policy {
    Policy { permissions: BTreeSet::from(["mapper:call".to_owned()]), ..Policy::default() }
}

async fn ask(partner: &TestPartner, items: usize) -> Reply {
    let items: Vec<Value> =
        (0..items).map(|n| json!({"id": format!("nobody-{n}"), "scope": "details"})).collect();
    let body = message(partner.id(), &uuid::Uuid::new_v4().to_string(), "resolve", &items);
    partner.post_signed("/mapper/sync/resolve", &body).await
}

#[tokio::test]
async fn more_requests_a_second_than_allowed_are_told_when_to_come_again() {
    let mapper = start().await;
    let limited = Policy { max_requests_per_second: 2, ..policy() };
    let limited = mapper.partner_with("LIMITED", Mode::Strict, limited).await;
    let other = mapper.partner("OTHER", &["mapper:call"]).await;
    let replies = futures_util::future::join_all((0..30).map(|_| ask(&limited, 1))).await;
    let (well, refused): (Vec<&Reply>, Vec<&Reply>) = replies.iter().partition(|reply| reply.status == 200);
    assert!(well.len() >= 2 && !refused.is_empty(), "{} of 30 were let through", well.len());
    for reply in refused {
        assert_eq!(reply.status, 429, "{}", reply.text);
        assert_eq!(reply.json()["errors"][0]["code"], "err.request.too_many_requests");
        assert!(reply.headers.get("retry-after").is_some_and(|after| after == "1"), "{:?}", reply.headers);
    }
    for _ in 0..10 {
        ask(&other, 1).await.expect_status(200);
    }
}

#[tokio::test]
async fn a_days_items_are_counted_over_all_replicas_and_begin_anew_the_next_day() {
    let db = Arc::new(TestDb::for_services(&[schema_of::<Service>()]).await);
    let one = TestService::<Service>::start_on(Arc::clone(&db), seal).await;
    let two = TestService::<Service>::start_on(Arc::clone(&db), seal).await;
    let limited = Policy { max_items_per_day: 100, ..policy() };
    let partner = one.partner_with("LIMITED", Mode::Compat, limited).await;
    let other_way = partner.through(&two);
    for replica in [&partner, &other_way, &partner] {
        ask(replica, 30).await.expect_status(200);
    }
    let refused = ask(&other_way, 30).await;
    assert_eq!(refused.status, 429, "{}", refused.text);
    let wait: u64 = refused.headers["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((1..=24 * 3_600 + 1).contains(&wait), "{wait}");
    ask(&other_way, 10).await.expect_status(200);
    assert_eq!(ask(&partner, 1).await.status, 429);
    let link = message("LIMITED", "m", "link", &[json!({"id": "a", "fa": "account:1@bank"})]);
    assert_eq!(partner.post_signed("/async/link", &link).await.status, 429, "all operations count");

    let tomorrow = TestService::<Service>::start_on(db, |loaded| {
        seal(loaded);
        loaded.common.clock_offset_seconds = 24 * 3_600;
    })
    .await;
    ask(&partner.through(&tomorrow), 100).await.expect_status(200);
}

#[tokio::test]
async fn who_tries_ids_out_raises_the_alarm_once() {
    let mapper = start().await;
    let partner = mapper.partner("CURIOUS", &["mapper:call"]).await;
    for _ in 0..4 {
        ask(&partner, 600).await.expect_status(200);
    }
    let metrics =
        reqwest::get(format!("{}/metrics", mapper.admin_url())).await.unwrap().text().await.unwrap();
    let line = metrics.lines().find(|line| line.starts_with("spar_mapper_unusual_resolve_total"));
    let line = line.unwrap_or_else(|| panic!("no alarm in {metrics}"));
    assert!(line.contains("partner=\"CURIOUS\"") && line.contains("why=\"unknown_ids\""), "{line}");
    assert!(line.ends_with(" 1"), "{line}");
}

/// The same for accounts: whether anybody has them, and whether they are those of one person.
#[tokio::test]
async fn who_tries_accounts_out_raises_the_alarm_too() {
    let mapper = start().await;
    let owner = mapper.partner("OWNER", &["mapper:call"]).await;
    let honest = mapper.partner("HONEST", &["mapper:resolve"]).await;
    crate::change(&owner, "link", &[json!({"id": "a", "fa": "account:0@bank"})]).await;
    let send = async |partner: &TestPartner, item: &dyn Fn(usize) -> Value| {
        let items: Vec<Value> = (0..1_200).map(item).collect();
        let body = message(partner.id(), &uuid::Uuid::new_v4().to_string(), "resolve", &items);
        partner.post_signed("/mapper/sync/resolve", &body).await.expect_status(200);
    };
    let fa = |n: usize| format!("account:{n}@bank");
    let (by_fa, by_pair) = (
        mapper.partner("FAS", &["mapper:resolve"]).await,
        mapper.partner("PAIRS", &["mapper:resolve"]).await,
    );
    send(&by_fa, &|n| json!({"fa": fa(n)})).await;
    send(&by_pair, &|n| json!({"id": "a", "fa": fa(n)})).await;
    send(&honest, &|_| json!({"id": "a", "fa": fa(0)})).await;
    let metrics =
        reqwest::get(format!("{}/metrics", mapper.admin_url())).await.unwrap().text().await.unwrap();
    let told = |partner: &str| {
        let partner = format!("partner=\"{partner}\"");
        metrics.lines().any(|l| l.starts_with("spar_mapper_unusual_resolve_total") && l.contains(&partner))
    };
    assert_eq!(
        (told("FAS"), told("PAIRS"), told("HONEST"), told("OWNER")),
        (true, true, false, false),
        "{metrics}"
    );
}
