//! `tapecheck corpus accept`.

use clap::Args;
use std::io::{BufRead, IsTerminal};
use std::path::PathBuf;

use super::super::{Failure, Output};
use crate::corpus::accept::{self, Acceptable};
use crate::corpus::told;
use crate::outputs::paint::Look;

const EXAMPLES: &str = "\
Examples:
  tapecheck corpus accept corpus/scale-out-that-bought
  tapecheck corpus accept --yes

Exit status: 0 what the cases give now is accepted; 1 it was not, since the answer was no; 2 a case could not be checked, \
or there is no terminal to ask on and --yes was not given. Nothing is written unless everything was checked.";

/// Take what the cases give now for right, after showing what changes.
///
/// Shows what each case gives now and did not give when it was accepted, asks, and writes its expected.json. Nothing is accepted unseen.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Accept {
    /// Cases, or folders of cases (default: corpus)
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Do not ask
    #[arg(long, short)]
    yes: bool,
}

impl Accept {
    pub(super) fn run(self, look: Look) -> Result<Output, Failure> {
        let mut out = String::new();
        let mut new = Vec::new();
        let mut unchecked = 0;
        for folder in super::cases(self.paths)? {
            match accept::look(&folder, super::parsed) {
                Ok(case) if case.is_new() => {
                    told::acceptable(&case, &look, &mut out);
                    new.push(case);
                }
                Ok(_) => {}
                Err(error) => {
                    unchecked += 1;
                    out.push_str(&format!("could not check: {error}\n"));
                }
            }
        }
        if unchecked > 0 {
            out.push_str(&format!("nothing was accepted: {unchecked} could not be checked\n"));
            return Ok(Output { text: out.into(), file: None, status: 2 });
        }
        if new.is_empty() {
            return Ok(Output::shown("nothing to accept: every case gives the accepted report\n".to_owned()));
        }
        if !self.yes {
            match answer(&out, new.len(), &look) {
                Answer::Yes => out.clear(),
                Answer::No => return Ok(Output { text: "nothing was accepted\n".to_owned().into(), file: None, status: 1 }),
                Answer::Nobody => {
                    out.push_str("nothing was accepted: there is no terminal to ask on; look at the changes, and give --yes\n");
                    return Ok(Output { text: out.into(), file: None, status: 2 });
                }
            }
        }
        for case in &new {
            write(case)?;
            out.push_str(&format!("accepted {}\n", case.case.name()));
        }
        Ok(Output::shown(out))
    }
}

fn write(case: &Acceptable) -> Result<(), Failure> {
    case.write().map_err(Failure::Record)
}

enum Answer {
    Yes,
    No,
    Nobody,
}

/// Asks on the terminal, on stderr, so that stdout stays what was asked for.
fn answer(changes: &str, cases: usize, look: &Look) -> Answer {
    let stdin = std::io::stdin();
    if !stdin.is_terminal() {
        return Answer::Nobody;
    }
    let noun = if cases == 1 { "case" } else { "cases" };
    super::super::aside(&format!("{changes}accept {cases} {noun}? [y/N] "), look.colour);
    let mut line = String::new();
    match stdin.lock().read_line(&mut line) {
        Ok(_) if ["y", "yes"].contains(&line.trim().to_ascii_lowercase().as_str()) => Answer::Yes,
        Ok(_) | Err(_) => Answer::No,
    }
}
