//! The bridge's binary.

use std::process::ExitCode;

fn main() -> ExitCode {
    platform::main::<g2p_bridge::Service>()
}
