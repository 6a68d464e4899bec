//! `circuitctl`: shows a fleet, gives orders to it, and takes them back.

mod args;
mod give;
mod show;

use std::process::ExitCode;
use std::time::Duration;

use args::{Arguments, Command};
use circuit_fleet::Operator;

/// All obey, or what was asked for is shown.
const DONE: u8 = 0;
/// Wrong arguments, or no answer from Redis.
const FAILED: u8 = 1;
/// Some instance refuses the order.
const REFUSED: u8 = 2;
/// Some instance hasn't said that it obeys.
const SILENT: u8 = 3;

/// A failure, in words.
type Failure = Box<dyn std::error::Error>;

fn main() -> ExitCode {
    let arguments = match Arguments::read(lexopt::Parser::from_env()) {
        Ok(Some(arguments)) => arguments,
        Ok(None) => {
            print!("{}", args::HELP);
            return ExitCode::from(DONE);
        }
        Err(error) => {
            eprintln!("circuitctl: {error}\nTry `circuitctl --help`.");
            return ExitCode::from(FAILED);
        }
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let done = runtime.map_err(Failure::from).and_then(|runtime| {
        runtime.block_on(async {
            let mut operator = Operator::new(&arguments.redis, &arguments.namespace)?;
            run(&mut operator, &arguments).await
        })
    });
    done.map_or_else(
        |error| {
            // It may quote what stands in Redis. Several faults are a line each.
            let lines: Vec<_> = error.to_string().lines().map(show::plain).collect();
            eprintln!("circuitctl: {}", lines.join("\n"));
            ExitCode::from(FAILED)
        },
        ExitCode::from,
    )
}

async fn run(operator: &mut Operator, arguments: &Arguments) -> Result<u8, Failure> {
    match &arguments.command {
        Command::List => show::list(&operator.view().await?, arguments.json)?,
        Command::Show(circuit) => show::circuit(&operator.view().await?, circuit, arguments.json)?,
        Command::Watch => loop {
            let view = operator.view().await?;
            // Clears the screen, and begins at its top.
            print!("\x1b[2J\x1b[H");
            show::list(&view, false)?;
            tokio::time::sleep(Duration::from_secs(1)).await;
        },
        Command::Orders => show::orders(&operator.view().await?, arguments.json)?,
        Command::History => show::history(&operator.history(50).await?, arguments.json)?,
        Command::Restore => {
            let restored = operator.restore(&arguments.by).await?;
            show::restored(&restored, arguments.json)?;
        }
        Command::Order(action) => return give::order(operator, action.clone(), arguments).await,
    }
    Ok(DONE)
}
