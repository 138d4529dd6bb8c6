//! What the mapper does on a register in partitions is what it does on one table: the tests of its core once more.

#[path = "bulk.rs"]
mod bulk;
#[path = "control.rs"]
mod control;
#[path = "defects.rs"]
mod defects;
#[path = "dialects.rs"]
mod dialects;
#[path = "history.rs"]
mod history;
#[path = "later.rs"]
mod later;
#[path = "mappings.rs"]
mod mappings;
#[path = "oracle.rs"]
mod oracle;
#[path = "sealing.rs"]
mod sealing;

use std::sync::Arc;

use platform::config::Loaded;
use spar_mapper::Config;
use testkit::{TestDb, TestService};

use crate::{Service, as_in_production, change, message, now, partitions::lay_out, plain, seal};

/// Few enough that a batch meets all of them.
const PARTITIONS: u16 = 4;

/// As of the other tests, its mappings in partitions.
async fn database() -> Arc<TestDb> {
    let database = crate::database().await;
    let db = database.db("spar_mapper").await;
    lay_out(&db, PARTITIONS).await.expect("partitions");
    db.close().await;
    database
}

async fn start_with(change: impl FnOnce(&mut Loaded<Config>)) -> TestService<Service> {
    TestService::start_on(database().await, change).await
}

async fn start() -> TestService<Service> {
    start_with(as_in_production).await
}

async fn start_plain() -> TestService<Service> {
    start_with(plain).await
}
