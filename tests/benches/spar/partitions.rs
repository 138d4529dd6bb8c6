//! One table against partitions, in one run: the bare queries, the mapper over HTTP, and the move between them.

use crate::{Plan, bare::Form, changes, resolves, world::World};

/// Measures one table, moves it into partitions, and measures these.
pub async fn compare(world: &mut World, plan: &Plan, partitions: u64) {
    println!("\none table");
    resolves(world, plan, Form::Join, &mut Vec::new()).await;
    changes(world, plan, &mut Vec::new()).await;

    let took = world.partition(partitions).await;
    let rate = f64::from(u32::try_from(plan.rows).unwrap()) / took.as_secs_f64();
    println!("\n{partitions} partitions: moved in {:.1} s, {rate:.0} mappings/s", took.as_secs_f64());
    // Other ids than before, which were unlinked.
    let plan = Plan { seed: plan.seed.wrapping_add(1), ..*plan };
    resolves(world, &plan, Form::Loop, &mut Vec::new()).await;
    changes(world, &plan, &mut Vec::new()).await;
}
