//! Crates of annotated functions, and the compiler for them.

use std::path::{Path, PathBuf};
use std::process::Command;

/// An attribute to measure.
pub(super) struct Attribute {
    pub(super) title: &'static str,
    /// What has to stand before the functions.
    import: &'static str,
    /// What stands on each of them.
    on_each: &'static str,
    /// What stands in each of them around its body.
    around: [&'static str; 2],
}

const NOTHING: [&str; 2] = ["", ""];

pub(super) const PLAIN: Attribute =
    Attribute { title: "none", import: "", on_each: "", around: NOTHING };
/// The least that an attribute with a static can do: a static of four words, and one call that runs the body as a closure. No
/// option, no outcome, no error.
pub(super) const BY_HAND: Attribute = Attribute {
    title: "an empty attribute, a static of four words and one call, by hand",
    import: "use empty_attribute::empty;\n\
        pub struct Circuit(std::sync::atomic::AtomicU64, &'static str, u32);\n\
        pub fn call<T>(_: &'static Circuit, body: impl FnOnce() -> T) -> T { body() }",
    on_each: "#[empty]",
    around: [
        "static CIRCUIT: Circuit = Circuit(std::sync::atomic::AtomicU64::new(0), \"name\", 3); call(&CIRCUIT, move || {",
        "})",
    ],
};
pub(super) const TRACING: Attribute = Attribute {
    title: "`tracing::instrument`",
    import: "use tracing::instrument;",
    on_each: "#[instrument]",
    around: NOTHING,
};
pub(super) const CIRCUIT_BREAKER: Attribute = Attribute {
    title: "`circuit_breaker`",
    import: "use circuit_runtime::circuit_breaker;",
    on_each: "#[circuit_breaker(threshold = 3, recovery = \"10s\")]",
    around: NOTHING,
};
pub(super) const ATTRIBUTES: [Attribute; 4] = [
    PLAIN,
    Attribute {
        title: "an empty attribute",
        import: "use empty_attribute::empty;",
        on_each: "#[empty]",
        around: NOTHING,
    },
    TRACING,
    CIRCUIT_BREAKER,
];

/// Functions of so many lines, as plain as a body can be, so that the attribute is what shows.
pub(super) fn source(attribute: &Attribute, functions: usize, lines: usize) -> String {
    let line = |line: usize| {
        let rotation = line % 64;
        format!("    sum = sum.wrapping_mul(31).rotate_left({rotation}) ^ {line};\n")
    };
    let sum: String = (4..lines).map(line).collect();
    let body = format!("\n    let mut sum = argument;\n{sum}    Ok(sum)\n");
    crate_of(attribute, functions, "", |_| body.clone())
}

/// Functions of one line, each another one, or the compiler would make one of them all.
pub(super) fn short(attribute: &Attribute, functions: usize, kind: &str) -> String {
    crate_of(attribute, functions, kind, |number| format!(" Ok(argument + {number}) "))
}

fn crate_of(
    Attribute { import, on_each, around: [before, after], .. }: &Attribute,
    functions: usize,
    kind: &str,
    body: impl Fn(usize) -> String,
) -> String {
    let function = |number| {
        let body = body(number);
        format!(
            "{on_each}\npub {kind}fn function_{number}(argument: u64) -> Answer {{{before}{body}{after}}}\n"
        )
    };
    let functions: String = (0..functions).map(function).collect();
    format!(
        "#![allow(unused_imports, dead_code)]\n{import}\n\
         pub type Answer = Result<u64, Box<dyn std::error::Error>>;\n{functions}"
    )
}

/// The libraries that the subjects name, built as cargo does, and where it says they are.
pub(super) struct Libraries(Vec<(&'static str, PathBuf)>);

impl Libraries {
    /// With these arguments for cargo.
    pub(super) fn built(arguments: &[&str]) -> Self {
        let mut cargo = Command::new(env!("CARGO"));
        cargo.current_dir(env!("CARGO_MANIFEST_DIR"));
        cargo.args(["build", "--message-format=json", "--bin", "paths"]).args(arguments);
        let output = cargo.output().expect("cargo runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let messages = String::from_utf8_lossy(&output.stdout).into_owned();
        let libraries = ["circuit_runtime", "tracing", "empty_attribute"];
        Libraries(libraries.map(|name| (name, artifact(&messages, name))).into())
    }

    /// The compiler for a library that may use them.
    pub(super) fn rustc(&self, source: &Path) -> Command {
        let mut rustc = Command::new("rustc");
        rustc.args(["--edition=2024", "--crate-type=lib"]).arg(source);
        for (name, path) in &self.0 {
            rustc.arg("--extern").arg(format!("{name}={}", path.display()));
            let dependencies = path.parent().expect("a file has a folder");
            rustc.arg("-L").arg(format!("dependency={}", dependencies.display()));
            rustc.arg("-L").arg(format!("dependency={}", dependencies.join("deps").display()));
        }
        rustc
    }
}

/// The first library file of a crate in cargo's messages.
fn artifact(messages: &str, name: &str) -> PathBuf {
    let target = format!("\"name\":\"{name}\"");
    messages
        .lines()
        .filter(|line| line.contains("\"reason\":\"compiler-artifact\"") && line.contains(&target))
        .find_map(|line| {
            let (_, files) = line.split_once("\"filenames\":[\"")?;
            let (file, _) = files.split_once('"')?;
            Some(PathBuf::from(file))
        })
        .unwrap_or_else(|| panic!("cargo built no `{name}`"))
}
