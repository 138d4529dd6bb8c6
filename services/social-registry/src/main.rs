//! The binary of the social registry.

fn main() -> std::process::ExitCode {
    platform::main::<social_registry::Service>()
}
