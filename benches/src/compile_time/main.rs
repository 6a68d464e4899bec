//! What the attribute costs a build: the macro's own time for 200 functions, and the whole build of 1,000 short ones,
//! beside other attributes; and the clean build of the runtime with the reason for each of its dependencies.
//!
//! The macros are built as a user's `cargo check` builds them: without optimisation.

mod many;
mod subject;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use subject::{ATTRIBUTES, Attribute, Libraries};

const FUNCTIONS: usize = 200;
const ROUNDS: usize = 5;

/// Why the runtime depends on each crate, with default features on Linux.
const REASONS: [(&str, &str); 11] = [
    ("bitflags", "for rustix: sets of flags in its types"),
    ("circuit-macros", "the attribute (feature `macros`)"),
    ("fastrand", "draws the jitter"),
    ("foldhash", "hashes keys, seeded: nobody outside can make keys collide"),
    ("linux-raw-sys", "for rustix: the kernel's constants"),
    ("once_cell", "makes shards of counters, time windows and circuits of keys on first use"),
    (
        "pin-project-lite",
        "pins the guarded future without `unsafe` of our own; no build-time dependencies",
    ),
    (
        "proc-macro2, quote, syn, unicode-ident",
        "for circuit-macros, at build time: heads of functions and option values",
    ),
    ("rustix", "the kernel's coarse clock, at a fifth of the exact one's cost"),
    ("thiserror", "the error types"),
    ("thiserror-impl", "for thiserror, at build time"),
];

fn main() {
    let target = PathBuf::from(
        std::env::var("CARGO_TARGET_DIR")
            .unwrap_or_else(|_| format!("{}/../target", env!("CARGO_MANIFEST_DIR"))),
    );
    let folder = target.join("compile-time");
    std::fs::create_dir_all(&folder).expect("the target folder can be written");
    let libraries = Libraries::built(&[]);

    println!(
        "| {FUNCTIONS} functions, each with | macros, of 65 lines | macros, of 650 lines | whole check, of 65 lines |"
    );
    println!("|---|---:|---:|---:|");
    for attribute in &ATTRIBUTES {
        let short = check(&folder, &libraries, attribute, 65, false);
        let long = check(&folder, &libraries, attribute, 650, true);
        println!(
            "| {} | {} | {} | {} |",
            attribute.title,
            millis(short.macros),
            millis(long.macros),
            millis(short.whole),
        );
    }
    many::measure(&folder, &libraries);
    clean_build(&folder);
}

struct Times {
    macros: Duration,
    whole: Duration,
}

/// Checks a crate of annotated functions some times over: the medians.
fn check(
    folder: &Path,
    libraries: &Libraries,
    attribute: &Attribute,
    lines: usize,
    macros_only: bool,
) -> Times {
    let source = folder.join("subject.rs");
    std::fs::write(&source, subject::source(attribute, FUNCTIONS, lines))
        .expect("it can be written");
    let (mut macros, mut whole) = (Vec::new(), Vec::new());
    for _ in 0..if macros_only { 3 } else { ROUNDS } {
        let mut rustc = libraries.rustc(&source);
        rustc.args(["--emit=metadata", "-Ztime-passes"]).env("RUSTC_BOOTSTRAP", "1");
        if macros_only {
            rustc.arg("-Zno-analysis");
        }
        rustc.arg("--out-dir").arg(folder);
        let start = Instant::now();
        let output = rustc.output().expect("rustc runs");
        whole.push(start.elapsed());
        let report = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{report}");
        macros.push(pass(&report, "macro_expand_crate"));
    }
    Times { macros: median(macros), whole: median(whole) }
}

/// The time of one pass, from `time:   0.011; rss: … macro_expand_crate`.
fn pass(report: &str, name: &str) -> Duration {
    let line =
        report.lines().find(|line| line.trim_end().ends_with(name)).expect("rustc names the pass");
    let seconds = line.split_once("time:").and_then(|(_, rest)| rest.split_once(';'));
    let seconds = seconds.and_then(|(seconds, _)| seconds.trim().parse().ok());
    Duration::from_secs_f64(seconds.expect("rustc gives its time"))
}

/// The time from nothing to the runtime with its default features, and why each dependency is there.
fn clean_build(folder: &Path) {
    println!("\n| clean build, default features | |\n|---|---:|");
    let runtime =
        concat!("circuit-runtime = { path = '", env!("CARGO_MANIFEST_DIR"), "/../circuit-runtime'");
    let builds = [
        ("circuit-runtime", format!("{runtime} }}")),
        (
            "circuit-runtime without the attribute",
            format!("{runtime}, default-features = false }}"),
        ),
        ("failsafe", "failsafe = '1.3'".to_owned()),
        ("recloser", "recloser = '1.4'".to_owned()),
    ];
    for (title, dependency) in builds {
        println!("| {title} | {} |", millis(clean_build_of(folder, &dependency)));
    }
    println!();
    println!("| dependency | why |\n|---|---|");
    let used = dependencies();
    for (names, reason) in REASONS {
        if names.split(", ").any(|name| used.iter().any(|one| one == name)) {
            println!("| {names} | {reason} |");
        }
    }
    let explained =
        |name: &String| REASONS.iter().any(|(names, _)| names.split(", ").any(|one| one == name));
    let unexplained: Vec<_> = used.iter().filter(|name| !explained(name)).collect();
    assert!(unexplained.is_empty(), "dependencies without a reason: {unexplained:?}");
}

/// How long cargo takes to build an empty crate with this dependency, and all that it needs.
fn clean_build_of(folder: &Path, dependency: &str) -> Duration {
    let package = folder.join("clean");
    let _ = std::fs::remove_dir_all(&package);
    let manifest = format!(
        "[package]\nname = 'clean'\nedition = '2021'\n[workspace]\n[dependencies]\n{dependency}\n"
    );
    std::fs::create_dir_all(package.join("src")).expect("the folder is ours");
    std::fs::write(package.join("Cargo.toml"), manifest).expect("the folder is ours");
    std::fs::write(package.join("src/lib.rs"), "").expect("the folder is ours");
    let cargo = |arguments: &[&str]| {
        let mut cargo = Command::new(env!("CARGO"));
        let status = cargo.current_dir(&package).args(arguments).status();
        assert!(status.is_ok_and(|status| status.success()), "cargo {arguments:?}");
    };
    cargo(&["fetch", "--quiet"]);
    let round = |_| {
        let _ = std::fs::remove_dir_all(package.join("target"));
        let start = Instant::now();
        cargo(&["build", "--quiet", "--target-dir", "target"]);
        start.elapsed()
    };
    median((0..3).map(round).collect())
}

/// The names of all packages that the runtime needs.
fn dependencies() -> Vec<String> {
    let output = Command::new(env!("CARGO"))
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .args([
            "tree",
            "-p",
            "circuit-runtime",
            "-e",
            "normal,build",
            "--prefix",
            "none",
            "-f",
            "{p}",
        ])
        .output()
        .expect("cargo runs");
    let tree = String::from_utf8_lossy(&output.stdout).into_owned();
    let names = tree.lines().filter_map(|line| line.split(' ').next()).map(str::to_owned);
    let mut names: Vec<String> = names.filter(|name| name != "circuit-runtime").collect();
    names.sort();
    names.dedup();
    names
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

fn millis(time: Duration) -> String {
    format!("{} ms", time.as_millis())
}
