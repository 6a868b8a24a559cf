//! What each stage of a replay takes: its time, and, since times do not repeat on a machine that others use, its instructions.
//!
//!     cargo bench --bench stages                        times
//!     cargo bench --bench stages -- causes              … of one stage
//!     cargo bench --bench stages -- instructions        instructions, against benches/instructions.txt (needs valgrind)
//!     cargo bench --bench stages -- instructions accept … which become the new ones

#![expect(clippy::print_stdout, reason = "a bench prints what it measured")]

mod instructions;
#[path = "../made/mod.rs"]
mod made;
mod work;

use divan::Bencher;
use divan::counter::BytesCount;
use std::io;

use work::Work;

fn main() -> io::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["instructions"] => instructions::check(),
        ["instructions", "accept"] => instructions::accept(),
        ["once", stage] => instructions::once(stage),
        ["ready", stage] => instructions::ready(stage),
        _ => {
            divan::main();
            Ok(())
        }
    }
}

#[divan::bench(args = work::STAGES, max_time = 2)]
fn stage(bencher: Bencher<'_, '_>, name: &str) {
    let Ok(work) = Work::new() else { return };
    bencher.counter(BytesCount::new(work.bytes(name))).with_inputs(|| work.ready(name)).bench_local_values(|ready| ready());
}
