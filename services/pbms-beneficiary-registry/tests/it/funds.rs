//! Money is promised once.

use serde_json::json;

use crate::{
    registry::five,
    support::{World, demo_program},
};

#[tokio::test]
async fn concurrent_cycles_cannot_be_promised_the_same_money() {
    let world = World::new().await;
    world.registry.hold(five());
    let program = world.enrolled("GRANT").await;
    // Enough for two of the five cycles.
    world.deposit(&program, "5000.00").await;
    let mut cycles = Vec::new();
    for sequence in 1..=5 {
        cycles.push(world.computed(&program, sequence).await);
    }
    let checks = cycles.iter().map(|cycle| {
        let world = &world;
        async move { world.post("maker", &format!("/cycles/{cycle}/fund-check"), &json!({})).await.ok() }
    });
    let mut running: Vec<_> = checks.map(Box::pin).collect();
    let mut sufficient = 0;
    let mut outcomes = Vec::new();
    // All at once: each is polled before any is awaited to its end.
    for reply in join_all(&mut running).await {
        sufficient += i32::from(reply.body["sufficient"] == true);
        outcomes.push(reply.body);
    }
    assert_eq!(sufficient, 2, "{outcomes:?}");
    let fund = world.get("maker", &format!("/programs/{program}/funds")).await.ok().body;
    assert_eq!((fund["reserved"].as_str(), fund["available"].as_str()), (Some("4500.00"), Some("500.00")));
    // Asking again changes nothing, for the lucky and the unlucky.
    for cycle in &cycles {
        world.post("maker", &format!("/cycles/{cycle}/fund-check"), &json!({})).await.ok();
    }
    let after = world.get("maker", &format!("/programs/{program}/funds")).await.ok().body;
    assert_eq!(after, fund);
    assert_eq!(world.number("SELECT count(*) FROM fund_entries WHERE kind = 'reserve'").await, 2);
}

async fn join_all<F: Future + Unpin>(futures: &mut [F]) -> Vec<F::Output> {
    let mut outputs: Vec<Option<F::Output>> = futures.iter().map(|_| None).collect();
    std::future::poll_fn(|context| {
        let mut waiting = false;
        for (future, output) in futures.iter_mut().zip(&mut outputs) {
            if output.is_none() {
                match std::pin::Pin::new(future).poll(context) {
                    std::task::Poll::Ready(value) => *output = Some(value),
                    std::task::Poll::Pending => waiting = true,
                }
            }
        }
        if waiting { std::task::Poll::Pending } else { std::task::Poll::Ready(()) }
    })
    .await;
    outputs.into_iter().map(Option::unwrap).collect()
}

#[tokio::test]
async fn a_shortage_reserves_nothing_and_a_cancelled_cycle_gives_back() {
    let world = World::new().await;
    world.registry.hold(five());
    let program = world.enrolled("GRANT").await;
    let cycle = world.computed(&program, 1).await;
    world.deposit(&program, "2249.99").await;
    let check = world.post("maker", &format!("/cycles/{cycle}/fund-check"), &json!({})).await.ok().body;
    let expected = json!({"sufficient": false, "required": "2250.00", "reserved": "0.00", "available": "2249.99",
        "currency": "KES"});
    assert_eq!(check, expected);
    let refused = world.post("maker", &format!("/cycles/{cycle}/approvals"), &json!({})).await;
    assert_eq!((refused.status, refused.code()), (409, "funds_not_reserved"));
    world.deposit(&program, "0.01").await;
    world.approve(&cycle).await;
    assert_eq!(world.cycle(&cycle).await["state"], "approved");
    world.post("maker", &format!("/cycles/{cycle}/cancel"), &json!({"comment": "election"})).await.ok();
    let fund = world.get("maker", &format!("/programs/{program}/funds")).await.ok().body;
    assert_eq!((fund["reserved"].as_str(), fund["available"].as_str()), (Some("0.00"), Some("2250.00")));
    let late = world.post("checker", &format!("/cycles/{cycle}/disburse"), &json!({})).await;
    assert_eq!((late.status, late.code()), (409, "cycle_state"));
}

#[tokio::test]
async fn a_cycle_without_entitlements_is_not_paid() {
    let world = World::new().await;
    let program = world.post("maker", "/programs", &demo_program("EMPTY")).await.ok().id();
    let cycle = world.computed(&program, 1).await;
    let check = world.post("maker", &format!("/cycles/{cycle}/fund-check"), &json!({})).await;
    assert_eq!((check.status, check.code()), (409, "no_entitlements"));
}
