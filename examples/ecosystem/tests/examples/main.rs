//! Each example is run whole, as a user would run it, and says what it promises to say.

mod redis;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
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
    for line in output.lines() {
        assert!(line.chars().count() <= 80, "more than 80 columns: {line}");
    }
}

#[test]
fn settings_reload_keeps_the_last_valid_settings_and_says_what_is_wrong() {
    let output = output(example("settings_reload"));
    let [start, shadow, mistakes, syntax, end] = output
        .split("\n\n")
        .collect::<Vec<_>>()
        .try_into()
        .unwrap_or_else(|_| panic!("another number of edits:\n{output}"));
    assert!(start.contains("threshold: 5"), "{start}");
    assert!(
        shadow.contains("INFO") && shadow.contains("threshold: 10") && shadow.contains("shadow")
    );
    for words in [
        "ERROR",
        "circuits.payments.treshold: unknown option; did you mean `threshold`?",
        "circuits.payments.recovery: must be longer than zero, is \"0s\"",
        "threshold: 10",
    ] {
        assert!(mistakes.contains(words), "{mistakes} has no {words:?}");
    }
    assert!(syntax.contains("ERROR") && syntax.contains("threshold: 10"), "{syntax}");
    assert!(end.contains("threshold: 20") && end.contains("jitter: 0.1"), "{end}");
    assert!(end.contains("normal"), "the mode has gone with its setting: {end}");
}

#[test]
fn axum_service_serves_metrics_of_two_circuits_that_open_and_close() {
    let mut service = example("axum_service");
    service.arg("--check");
    output(service);
}

#[test]
fn axum_service_names_the_address_that_is_taken_and_listens_at_another() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let output = example("axum_service").arg(&address).output().unwrap();
    assert!(!output.status.success());
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(error.contains(&format!("can't listen at {address}")), "{error}");
    drop(taken);

    let mut service = example("axum_service");
    let mut service = service.arg(&address).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(service.stdout.take().unwrap()).lines().map_while(Result::ok);
    let first = lines.next().unwrap();
    assert_eq!(first, format!("The circuits, live: http://{address}/circuits/ui"));
    let mut answer = String::new();
    let mut connection = TcpStream::connect(&address).unwrap();
    connection.write_all(b"GET / HTTP/1.0\r\n\r\n").unwrap();
    connection.read_to_string(&mut answer).unwrap();
    assert!(answer.contains("location: /circuits/ui"), "{answer}");

    // Somebody watches while it is told to end.
    let mut watching = TcpStream::connect(&address).unwrap();
    watching.write_all(b"GET /circuits/events HTTP/1.1\r\nhost: localhost\r\n\r\n").unwrap();
    watching.read_exact(&mut [0; 12]).unwrap();
    let pid = service.id().to_string();
    assert!(Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
    assert!(lines.any(|line| line.starts_with("No new calls")));
    assert!(service.wait().unwrap().success());
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
fn graceful_degradation_ends_well_and_says_where_its_picture_is() {
    let output = output(example("graceful_degradation"));
    let picture = output.lines().find_map(|line| line.split_once("as a picture: ")).unwrap().1;
    let picture = fs::read_to_string(picture).unwrap();
    assert!(picture.starts_with("<svg") && picture.contains("<title>"), "{picture}");
}

#[test]
fn reqwest_client_opens_at_once_on_a_429_and_not_on_a_503() {
    let output = output(example("reqwest_client"));
    let orders = output.split_once("order, host A").expect("the orders come last").1;
    let answers: Vec<&str> = orders.lines().filter(|line| line.contains("GET")).collect();
    let [busy, well, limited, rejected, back] = answers[..] else { panic!("{output}") };
    assert!(busy.contains("503") && well.contains("200 OK"), "{output}");
    assert!(limited.contains("429") && rejected.contains("rejected: "), "{output}");
    assert!(back.contains("200 OK"), "{output}");
}

#[test]
fn reqwest_middleware_retries_no_rejection_and_finds_it() {
    let output = output(example("reqwest_middleware"));
    for call in ["1, down", "2, down"] {
        assert!(output.contains(&format!("{call}: rejected: circuit `hosts` of ")), "{output}");
    }
    assert!(output.contains("3, well: 200 OK"), "{output}");
    assert!(output.contains("is down has had: 2\nrejections: 2\n"), "{output}");
}

#[test]
fn goaway_ignores_a_planned_close_and_counts_the_others() {
    let output = output(example("goaway"));
    assert_eq!(output.matches("planned: true").count(), 3, "{output}");
    assert!(output.contains("shop: closed; 0 ok, 0 failed, 0 rejected, 3 ignored"), "{output}");
    assert_eq!(output.matches("planned: false").count(), 2, "{output}");
    assert_eq!(output.matches("rejected: ").count(), 1, "{output}");
}

#[test]
fn llm_gateway_asks_the_next_one_and_leaves_the_others_alone() {
    let mut gateway = example("llm_gateway");
    gateway.arg("--check");
    let output = output(gateway);
    for (call, endpoint) in
        (1..=6).zip(["alpha/large", "alpha/large"].into_iter().chain(["beta/small"; 4]))
    {
        assert!(output.contains(&format!("{call}: 200 OK Some(\"{endpoint}\")")), "{output}");
    }
    // A rate limit opens at once; failures and calls that hang need three.
    for (endpoint, counts) in [
        ("alpha/large", "2 ok, 1 failed, 3 rejected"),
        ("beta/large", "0 ok, 3 failed, 1 rejected"),
        ("gamma/large", "0 ok, 3 failed, 1 rejected, 3 timed out"),
        ("beta/small", "9 ok, 0 failed, 0 rejected"),
        ("delta/story", "0 ok, 3 failed, 1 rejected"),
        ("delta/poem", "0 ok, 3 failed, 1 rejected"),
    ] {
        let line = output.lines().find(|line| line.starts_with(&format!("models[{endpoint}]")));
        assert!(line.is_some_and(|line| line.ends_with(counts)), "{endpoint}: {output}");
    }
    // A stream that has begun is nobody else's; the circuit opens all the same.
    for line in (1..=3)
        .map(|call| format!(r#"story {call}: Some("delta/story") "Once upon" until it broke off"#))
        .chain([r#"story 4: Some("beta/small") "Rayleigh scattering." to its end"#.to_owned()])
    {
        assert!(output.contains(&line), "{line}: {output}");
    }
    // One that fails at its first token is: each caller has the answer of the next in the chain.
    for call in 1..=4 {
        let line = format!(r#"poem {call}: Some("beta/small") "Rayleigh scattering." to its end"#);
        assert!(output.contains(&line), "{line}: {output}");
    }
    assert!(output.contains("page: true, metrics: true"), "{output}");
    assert!(output.contains("threshold 7 is in force"), "{output}");
    assert!(output.contains("circuit_breaker.calls"), "exported to OpenTelemetry: {output}");
}

#[test]
fn readiness_looks_at_all_keys_and_at_modes() {
    let output = output(example("readiness"));
    let answers: Vec<&str> = output.lines().map(|line| &line[31..34]).collect();
    assert_eq!(answers, ["200", "200", "503", "200", "200", "200", "503"], "{output}");
}

#[test]
fn sqlx_client_takes_constraints_as_answers() {
    let output = output(example("sqlx_client"));
    for line in [
        "  00000: done",
        "  23505: Success: ",
        "  40001: Success: ",
        "  53300: Failure: ",
        "  57P01: Failure: ",
        "  08006: Failure: ",
        "  00000: Ignored: rejected: circuit `database` is open",
        "  closed: Ignored: ",
    ] {
        assert!(output.contains(line), "no {line:?}:\n{output}");
    }
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
