//! Whether this compiler says things in the words that the `.stderr` files hold.

use std::io::Write;
use std::process::Command;

/// Whose words they are: other versions put many of them differently.
const RUSTC: &str = "1.95.";

/// False under another compiler, and then says so.
pub(crate) fn are_those_of_this_compiler() -> bool {
    let version = rustc_version();
    let same = version.starts_with(RUSTC);
    if !same {
        // Not by `eprintln!`: the harness keeps to itself what a passing test prints.
        let _ = writeln!(
            std::io::stderr(),
            "\nNOT COMPARED: the .stderr files hold the messages of rustc {RUSTC}x; this is \
             {version}\n"
        );
    }
    same
}

/// The second word of `rustc 1.95.0 (59807616e 2026-04-14)`.
fn rustc_version() -> String {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(rustc).arg("--version").output().expect("rustc runs");
    let text = String::from_utf8_lossy(&output.stdout);
    text.split_whitespace().nth(1).unwrap_or("unknown").to_owned()
}
