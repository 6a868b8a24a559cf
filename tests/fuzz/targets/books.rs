#![no_main]

libfuzzer_sys::fuzz_target!(|data: &str| tapecheck_fuzz::books(data));
