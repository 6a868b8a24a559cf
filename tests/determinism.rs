//! The same input gives the same bytes, whatever the locale, the time zone, the number of cores, and the seeds of the maps' hashes.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::process::Command;

/// Cases that have breaks, times in two days, ties, and a page with pictures.
const CASES: [&str; 4] = ["scale-out-that-bought", "two-faults-between-agreements", "quiet-day", "at-rest-over-the-weekend"];

const FORMATS: [&str; 4] = ["text", "json", "html", "junit"];

/// What the program writes: with these variables, and on one core where `taskset` is there to say so.
fn written(case: &str, format: &str, variables: &[(&str, &str)], one_core: bool) -> Vec<u8> {
    let program = env!("CARGO_BIN_EXE_tapecheck");
    let mut command = if one_core { Command::new("taskset") } else { Command::new(program) };
    if one_core {
        command.args(["-c", "0", program]);
    }
    let (directory, broker) = (format!("corpus/{case}"), format!("corpus/{case}/broker"));
    command.args(["replay", &directory, "--broker", &broker, "--format", format]);
    command.current_dir(env!("CARGO_MANIFEST_DIR")).envs(variables.iter().copied());
    let output = command.output().unwrap();
    assert!(matches!(output.status.code(), Some(0..=2)), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(!output.stdout.is_empty(), "{case} {format}");
    output.stdout
}

#[test]
fn the_same_input_gives_the_same_bytes() {
    let surroundings: [&[(&str, &str)]; 5] = [
        &[("LC_ALL", "C"), ("TZ", "UTC")],
        &[("LC_ALL", "de_DE.UTF-8"), ("LANG", "de_DE.UTF-8"), ("TZ", "America/New_York")],
        &[("LC_ALL", "tr_TR.UTF-8"), ("TZ", "Asia/Kathmandu")],
        &[("LC_ALL", "ar_EG.UTF-8"), ("TZ", "Pacific/Apia")],
        &[("LC_ALL", ""), ("TZ", ":/nowhere")],
    ];
    let has_taskset = Command::new("taskset").arg("--version").output().is_ok();
    if !has_taskset {
        println!("passed over: the number of cores, for want of taskset");
    }
    for case in CASES {
        for format in FORMATS {
            // Each run is a process of its own, and so has other seeds.
            let first = written(case, format, &[], false);
            for variables in surroundings {
                assert!(first == written(case, format, variables, false), "{case} {format}: {variables:?}");
            }
            if has_taskset {
                assert!(first == written(case, format, &[], true), "{case} {format}: one core");
            }
        }
    }
}
