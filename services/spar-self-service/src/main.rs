//! The self-service pages' binary.

fn main() -> std::process::ExitCode {
    platform::main::<spar_self_service::Service>()
}
