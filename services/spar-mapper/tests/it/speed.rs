//! What changes cost. Not a bar: a build without optimisation, and whatever else the machine does.

use std::time::Instant;

use serde_json::{Value, json};

use crate::{change, start};

const BATCH: usize = 1_000;
const BATCHES: usize = 20;

#[tokio::test]
#[ignore = "a measurement"]
#[allow(clippy::print_stdout)]
async fn link_update_and_unlink_in_batches_of_1000() {
    let mapper = start().await;
    let partner = mapper.partner("P", &["mapper:call"]).await;
    for action in ["link", "update", "unlink"] {
        let begin = Instant::now();
        for batch in 0..BATCHES {
            let items: Vec<Value> = (0..BATCH)
                .map(|n| match action {
                    "unlink" => json!({"id": format!("token:{batch}-{n}@nationalId")}),
                    _ => json!({"id": format!("token:{batch}-{n}@nationalId"), "fa": format!("account:{action}-{n}@bank")}),
                })
                .collect();
            let done = change(&partner, action, &items).await;
            assert!(done.iter().all(|(status, _, _)| status == "succ"));
        }
        let seconds = begin.elapsed().as_secs_f64();
        println!("{action}: {:.0} items/s, one connection", (BATCH * BATCHES) as f64 / seconds);
    }
}
