//! The mapper's binary.

fn main() -> std::process::ExitCode {
    platform::main::<spar_mapper::Service>()
}
