//! Every service in one process, the demo, and the operator's commands.

pub mod admin;
pub mod check_payments;
mod check_statement;
pub mod cli;
pub mod data_dir;
pub mod database;
pub mod demo;
pub mod generate;
pub mod issuer;
pub mod migrate;
pub mod population;
pub mod services;
pub mod sources;
pub mod staff_pages;
pub mod topology;
pub mod up;
pub mod wiring;
