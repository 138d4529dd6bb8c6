//! The deduplicator's binary.

fn main() -> std::process::ExitCode {
    platform::main::<dedup::Service>()
}
