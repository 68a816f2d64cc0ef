//! `frontrow`: the one binary.

use std::process::ExitCode;

use tikv_jemallocator::Jemalloc;

/// Faster than the system's where threads hand memory to each other, and as small: docs/adr/0013-allocator.md.
#[global_allocator]
static ALLOCATOR: Jemalloc = Jemalloc;

fn main() -> ExitCode {
    server::cli::main()
}
