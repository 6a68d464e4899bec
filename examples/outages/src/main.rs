//! The laboratory: a fake service for each kind of outage, the same load against each, with no breaker, with
//! `threshold = 5`, with a rate, and with the option made for it. Prints a table for each.
//!
//! ```text
//! cargo run -p outages                       # all kinds, on a clock that needs no time
//! cargo run -p outages -- hangs resets       # some
//! cargo run -p outages -- --live hangs       # one against real sockets, in real time
//! cargo run -p outages -- --live hangs 0.1   # the same, and its outage lasts a tenth of the time
//! cargo run -p outages -- --write            # writes the page of the guide
//! ```

mod claims;
mod client;
mod figure;
mod kinds;
mod live;
mod load;
mod measure;
mod outage;
mod page;
mod picture;
mod service;
mod strategy;
#[cfg(test)]
mod tests;
mod words;

use std::error::Error;
use std::process::ExitCode;

use outage::{Course, Outage};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let result = match words[..] {
        ["--write"] => page::write(),
        ["--live", name] => live(name, "1"),
        ["--live", name, scale] => live(name, scale),
        [] => chosen(kinds::all().map(Ok)),
        ref names => chosen(names.iter().map(|name| kinds::find(name))),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn chosen(
    outages: impl IntoIterator<Item = Result<&'static Outage, Box<dyn Error>>>,
) -> Result<(), Box<dyn Error>> {
    for outage in outages {
        let outage = outage?;
        println!("{}", page::section(outage, &load::measured(outage)));
    }
    Ok(())
}

fn live(name: &str, scale: &str) -> Result<(), Box<dyn Error>> {
    let outage = kinds::find(name)?;
    let scale: f64 = scale.parse()?;
    if !(0.01..=1.0).contains(&scale) {
        return Err("an outage may last from 0.01 to 1 times as long as on the page".into());
    }
    live::run(Course::scaled(outage, scale))
}
