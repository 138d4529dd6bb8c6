//! `openg2p`: every service in one binary, the demo, and the operator's commands.

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    openg2p::cli::main()
}
