//! The service on its own.

use std::process::ExitCode;

fn main() -> ExitCode {
    platform::main::<pbms_beneficiary_registry::Service>()
}
