//! `circuitctl`: shows a fleet, gives orders to it, and takes them back.

mod args;
mod give;
mod out;
mod show;
mod time;

use std::io::Write;
use std::process::ExitCode;
use std::time::Duration;

use args::{Arguments, Asked, Command};
use circuit_fleet::Operator;
use out::Out;

/// All obey, or what was asked for is shown.
const DONE: u8 = 0;
/// Wrong arguments, or no answer from Redis.
const FAILED: u8 = 1;
/// Some instance refuses the order.
const REFUSED: u8 = 2;
/// Some instance hasn't said that it obeys.
const SILENT: u8 = 3;
/// No instance is there, or none shows a circuit that the order names.
const UNKNOWN: u8 = 4;

/// A failure, in words.
type Failure = Box<dyn std::error::Error>;

fn main() -> ExitCode {
    let mut out = Out::new();
    let done = start(&mut out).and_then(|code| {
        out.flush()?;
        Ok(code)
    });
    ExitCode::from(done.unwrap_or_else(|error| {
        // It may quote what stands in Redis. Several faults are a line each.
        let lines: Vec<_> = error.to_string().lines().map(show::plain).collect();
        complain(&lines.join("\n"));
        FAILED
    }))
}

fn start(out: &mut Out) -> Result<u8, Failure> {
    let arguments = match Arguments::read(lexopt::Parser::from_env()) {
        Ok(Asked::Command(arguments)) => arguments,
        Ok(Asked::Text(text)) => {
            write!(out, "{text}")?;
            return Ok(DONE);
        }
        Err(error) => {
            complain(&format!("{error}\nTry `circuitctl --help`."));
            return Ok(FAILED);
        }
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut operator = Operator::new(&arguments.redis, &arguments.namespace)?;
        run(&mut operator, &arguments, out).await
    })
}

/// If nobody reads that either, there is nobody to tell.
fn complain(message: &str) {
    let _ = writeln!(std::io::stderr(), "circuitctl: {message}");
}

async fn run(operator: &mut Operator, arguments: &Arguments, out: &mut Out) -> Result<u8, Failure> {
    let (namespace, as_json) = (&*arguments.namespace, arguments.json);
    match &arguments.command {
        Command::List => show::list(out, &operator.view().await?, namespace, as_json)?,
        Command::Show(circuit) => show::circuit(out, &operator.view().await?, circuit, as_json)?,
        Command::Watch => {
            while !out.is_closed {
                let view = operator.view().await?;
                // Clears the screen, and begins at its top.
                write!(out, "\x1b[2J\x1b[H")?;
                show::list(out, &view, namespace, false)?;
                out.flush()?;
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        }
        Command::Orders => show::orders(out, &operator.view().await?, as_json)?,
        Command::History => show::history(out, &operator.history(50).await?, as_json)?,
        Command::Restore => {
            let restored = operator.restore(&arguments.by).await?;
            show::restored(out, &restored, as_json)?;
        }
        Command::Order(action) => {
            return give::order(operator, action.clone(), arguments, out).await;
        }
    }
    Ok(DONE)
}
