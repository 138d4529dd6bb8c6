#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod chaos;
mod cluster;
mod rabbitmq;
mod service;
mod testdb;
