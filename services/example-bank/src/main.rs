//! The example bank's binary.

fn main() -> std::process::ExitCode {
    platform::main::<example_bank::Service>()
}
