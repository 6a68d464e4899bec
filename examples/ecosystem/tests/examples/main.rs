//! Each example is run whole, as a user would run it, and says what it promises to say.

mod redis;

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;
use std::{env, fs, thread};

const README: &str = include_str!("../../../../README.md");

/// No example runs nearly as long: one that does hangs.
const LIMIT: Duration = Duration::from_secs(120);

/// An example of this package; cargo builds it with the tests.
fn example(name: &str) -> Command {
    let mut folder = env::current_exe().unwrap();
    folder.pop(); // `deps`
    folder.pop();
    let program: PathBuf = [folder.as_path(), "examples".as_ref(), name.as_ref()].iter().collect();
    assert!(
        program.exists(),
        "no {}: build it with `cargo build -p ecosystem --examples`",
        program.display()
    );
    let mut command = Command::new(program);
    command.env_remove("REDIS_URL");
    command
}

/// What it prints, if it ends well.
fn output(mut command: Command) -> String {
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    let output = child.stdout.take().unwrap();
    let reader = thread::spawn(|| std::io::read_to_string(output).unwrap());
    for _ in 0..LIMIT.as_millis() / 50 {
        if let Some(status) = child.try_wait().unwrap() {
            let output = reader.join().unwrap();
            assert!(status.success(), "{command:?}: {status}\n{output}");
            return output;
        }
        thread::sleep(Duration::from_millis(50));
    }
    child.kill().unwrap();
    panic!("{command:?} hangs\n{}", reader.join().unwrap());
}

#[test]
fn the_quickstart_shows_an_outage_and_its_end() {
    let mut quickstart = Command::new(env!("CARGO"));
    quickstart
        .args(["run", "--quiet", "--example", "quickstart"])
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."));
    let output = output(quickstart);
    for words in [
        "closed -> open",
        "open -> half-open",
        "half-open -> open",
        "half-open -> closed",
        "fallback",
        "rejected",
        "Summary",
    ] {
        assert!(output.contains(words), "the quickstart never says {words:?}:\n{output}");
    }
}

#[test]
fn axum_service_serves_metrics_of_two_circuits_that_open_and_close() {
    let mut service = example("axum_service");
    service.arg("--check");
    output(service);
}

#[test]
fn blocking_client_ends_well() {
    output(example("blocking_client"));
}

#[test]
fn cached_fallback_ends_well_without_redis() {
    output(example("cached_fallback"));
}

#[test]
fn graceful_degradation_ends_well() {
    output(example("graceful_degradation"));
}

#[test]
fn reqwest_client_ends_well() {
    output(example("reqwest_client"));
}

#[test]
fn tower_stack_ends_well() {
    output(example("tower_stack"));
}

/// An example is a file with `fn main`, or a folder with a `main.rs`.
#[test]
fn the_readme_and_these_tests_name_every_example() {
    let here =
        fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/examples/main.rs")).unwrap();
    let mut examples = Vec::new();
    for entry in fs::read_dir(env!("CARGO_MANIFEST_DIR")).unwrap() {
        let path = entry.unwrap().path();
        let is_program = path.join("main.rs").exists()
            || path.extension().is_some_and(|extension| extension == "rs")
                && fs::read_to_string(&path).unwrap().contains("fn main(");
        if is_program {
            examples.push(path.file_stem().unwrap().to_str().unwrap().to_owned());
        }
    }
    assert!(examples.len() > 5, "{examples:?}");
    for example in examples {
        let command = format!("cargo run -p ecosystem --example {example} ");
        assert!(README.contains(&command), "README.md lacks `{command}`");
        assert!(here.contains(&format!("example(\"{example}\")")), "no test runs {example}");
    }
}
