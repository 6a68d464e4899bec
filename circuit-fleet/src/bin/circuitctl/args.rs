//! What the arguments say.

use std::path::Path;
use std::time::Duration;

use circuit_fleet::Action;
use circuit_runtime::{Mode, parse_duration};
use lexopt::prelude::*;

use super::Failure;

const HELP: &str = "\
Shows the circuit breakers of all instances of a service, and gives orders to them.

usage: circuitctl [OPTIONS] COMMAND

  list                  the circuits, each in how many instances in which state
  show NAME             one circuit, instance by instance
  watch                 the list, once a second
  force-open NAME       rejects all calls       | NAME is a circuit's, or a
  disable NAME          lets all calls pass     | pattern: `shop::*`, `*`
  shadow NAME           only counts rejections  |
  resume NAME           the state decides, whatever mode was set on the spot
  reset NAME            closes circuits, once
  settings FILE         lays settings over the circuits' own: TOML, as for `configure`
  orders                the orders that stand
  orders restore        puts back what instances obey and Redis has lost
  cancel VERSION        lifts an order
  history               the last 50 orders

  --redis URL           CIRCUITCTL_REDIS, or redis://127.0.0.1
  --namespace NAME      CIRCUITCTL_NAMESPACE: the fleet's name
  --for TIME            how long an order lasts: 10m (15m unless said; 24h at most, 1h if dangerous)
  --reason TEXT         why
  --by NAME             who; USER unless said
  --confirm N           the number of instances, for a pattern, `disable`, and what switches protection off
  --canary N            only for N instances
  --dry-run             says what would be done, and does nothing
  --json                prints JSON
  --help, --version

exits with 0 if all instances obey, 2 if some refuse, 3 if some are silent, 4 if no instance is there or none shows a
circuit that the order names, 1 if anything else is wrong
";

/// What is asked for.
pub(super) enum Asked {
    Command(Arguments),
    /// The help, or the version.
    Text(String),
}

pub(super) struct Arguments {
    pub(super) command: Command,
    pub(super) redis: String,
    pub(super) namespace: String,
    pub(super) lasting: Option<Duration>,
    pub(super) why: String,
    pub(super) by: String,
    pub(super) confirm: Option<usize>,
    pub(super) canary: Option<usize>,
    pub(super) dry_run: bool,
    pub(super) json: bool,
}

pub(super) enum Command {
    List,
    Show(String),
    Watch,
    Orders,
    Restore,
    History,
    Order(Action),
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

impl Arguments {
    pub(super) fn read(mut parser: lexopt::Parser) -> Result<Asked, Failure> {
        let help = || Ok(Asked::Text(HELP.to_owned()));
        let mut words: Vec<String> = Vec::new();
        let (mut redis, mut namespace) =
            (variable("CIRCUITCTL_REDIS"), variable("CIRCUITCTL_NAMESPACE"));
        let (mut lasting, mut why, mut by) = (None, None, variable("USER"));
        let (mut confirm, mut canary, mut dry_run, mut json) = (None, None, false, false);
        while let Some(argument) = parser.next()? {
            match argument {
                Long("redis") => redis = Some(parser.value()?.string()?),
                Long("namespace") => namespace = Some(parser.value()?.string()?),
                Long("for") => lasting = Some(time(&parser.value()?.string()?)?),
                Long("reason") => why = Some(parser.value()?.string()?),
                Long("by") => by = Some(parser.value()?.string()?),
                Long("confirm") => confirm = Some(parser.value()?.parse()?),
                Long("canary") => canary = Some(parser.value()?.parse()?),
                Long("dry-run") => dry_run = true,
                Long("json") => json = true,
                Long("help") | Short('h') => return help(),
                Long("version") => {
                    let version = concat!("circuitctl ", env!("CARGO_PKG_VERSION"), "\n");
                    return Ok(Asked::Text(version.to_owned()));
                }
                Value(word) => words.push(word.string()?),
                other => return Err(other.unexpected().into()),
            }
        }
        if words.is_empty() {
            return help();
        }
        let command = command(&words)?;
        let is_order = matches!(command, Command::Order(_));
        let given = lasting.is_some() || why.is_some() || confirm.is_some() || canary.is_some();
        if !is_order && (given || dry_run) {
            let message = "--for, --reason, --confirm, --canary and --dry-run go with an order";
            return Err(message.into());
        }
        if let Command::Order(Action::Reset { .. } | Action::Cancel(_)) = command {
            if lasting.is_some() {
                return Err("--for goes with what lasts: not with `reset` and `cancel`".into());
            }
        }
        let namespace =
            namespace.ok_or("which fleet? Say --namespace, or set CIRCUITCTL_NAMESPACE")?;
        if by.is_none() && (is_order || matches!(command, Command::Restore)) {
            return Err("who are you? Say --by NAME, or set USER".into());
        }
        let by = by.unwrap_or_default();
        let redis = redis.unwrap_or_else(|| "redis://127.0.0.1".to_owned());
        let why = why.unwrap_or_default();
        let arguments = Arguments {
            command,
            redis,
            namespace,
            lasting,
            why,
            by,
            confirm,
            canary,
            dry_run,
            json,
        };
        Ok(Asked::Command(arguments))
    }
}

fn command(words: &[String]) -> Result<Command, Failure> {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let mode = |circuit: &str, mode| Ok(Command::Order(Action::mode(circuit, mode)));
    match words[..] {
        ["list"] => Ok(Command::List),
        ["show", circuit] => Ok(Command::Show(circuit.to_owned())),
        ["watch"] => Ok(Command::Watch),
        ["orders"] => Ok(Command::Orders),
        ["orders", "restore"] => Ok(Command::Restore),
        ["history"] => Ok(Command::History),
        ["force-open", circuit] => mode(circuit, Mode::ForcedOpen),
        ["disable", circuit] => mode(circuit, Mode::Disabled),
        ["shadow", circuit] => mode(circuit, Mode::Shadow),
        ["resume", circuit] => mode(circuit, Mode::Normal),
        ["reset", circuit] => Ok(Command::Order(Action::reset(circuit))),
        ["cancel", version] => {
            let version = version.parse().map_err(|_| {
                format!("`{version}` is no version; `circuitctl orders` shows them")
            })?;
            Ok(Command::Order(Action::Cancel(version)))
        }
        ["settings", file] => Ok(Command::Order(Action::Settings(settings(Path::new(file))?))),
        _ => Err(format!("no such command: `{}`", words.join(" ")).into()),
    }
}

fn settings(path: &Path) -> Result<serde_json::Value, Failure> {
    let shown = path.display();
    let text = std::fs::read_to_string(path).map_err(|error| format!("{shown}: {error}"))?;
    Ok(toml::from_str(&text).map_err(|error| format!("{shown}: {error}"))?)
}

fn time(text: &str) -> Result<Duration, Failure> {
    Ok(parse_duration(text).map_err(|error| format!("--for: {error}"))?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Result<Asked, String> {
        let words = line.split_whitespace();
        let all = ["circuitctl", "--namespace", "n", "--by", "alice"].into_iter().chain(words);
        Arguments::read(lexopt::Parser::from_iter(all)).map_err(|error| error.to_string())
    }

    #[test]
    fn an_order_is_read_with_its_options() {
        let read = read("force-open pay* --for 10m --reason moved --confirm 50 --canary 3");
        let Ok(Asked::Command(read)) = read else { panic!("a command") };
        let Command::Order(action) = read.command else { panic!("an order") };
        assert_eq!(action, Action::mode("pay*", Mode::ForcedOpen));
        assert_eq!((read.lasting, &*read.why), (Some(Duration::from_secs(600)), "moved"));
        assert_eq!((read.confirm, read.canary, read.dry_run), (Some(50), Some(3), false));
    }

    #[test]
    fn wrong_lines_are_told_what_to_write_instead() {
        for (line, part) in [
            ("open payments", "no such command: `open payments`"),
            ("force-open", "no such command"),
            ("cancel x", "`x` is no version"),
            ("list --for 1m", "go with an order"),
            ("list --dry-run", "go with an order"),
            ("reset a --for 1m", "not with `reset`"),
            ("shadow a --for 10", "--for: `10` has no unit; write a number and a unit"),
            ("shadow a --for 5min", "write `\"5m\"`"),
            ("shadow a --for é", "--for: `é` is not a duration"),
            ("shadow a --fro 10m", "--fro"),
            ("settings /no/such/file", "/no/such/file: "),
        ] {
            let Err(error) = read(line) else { panic!("{line} is read") };
            assert!(error.contains(part), "{line}: {error}");
        }
        for line in ["", "list --help"] {
            assert!(matches!(read(line), Ok(Asked::Text(text)) if text == HELP), "{line}");
        }
    }
}
