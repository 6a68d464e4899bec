//! Where and when: the caption of the table, and the files that it goes to.

use std::path::Path;
use std::process::Command;

/// Machine, date and versions, in one line.
pub(crate) fn caption() -> String {
    let cpu = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let of_cpu = |name| {
        let value =
            |line: &'_ str| Some(line.strip_prefix(name)?.trim().strip_prefix(": ")?.to_owned());
        cpu.lines().find_map(value)
    };
    let model = of_cpu("model name").unwrap_or_else(|| std::env::consts::ARCH.to_owned());
    // Where machines are rented, the name doesn't tell one generation from the next.
    let generation = match (of_cpu("cpu family"), of_cpu("model\t")) {
        (Some(family), Some(model)) => format!(" (family {family}, model {model})"),
        _ => String::new(),
    };
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let versions = [
        "failsafe",
        "recloser",
        "breaker",
        "tower-resilience-circuitbreaker",
        "throttle-net",
        "seatbelt",
    ]
    .map(|name| format!("{name} {}", locked(name)))
    .join(", ");
    format!(
        "{model}{generation}, {cores} cores, {os}, {date}, {rustc}; {versions}. Median of interleaved rounds, `cargo bench -p \
         benches`.",
        os = output("uname", &["-s"]),
        date = output("date", &["-u", "+%Y-%m-%d"]),
        rustc = output("rustc", &["--version"]).split(" (").next().unwrap_or_default(),
    )
}

fn output(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output();
    output.map_or_else(
        |_| program.to_owned(),
        |output| String::from_utf8_lossy(&output.stdout).trim().to_owned(),
    )
}

/// The version of a package in the lock file.
fn locked(name: &str) -> &'static str {
    const LOCK: &str = include_str!("../../Cargo.lock");
    let entry = format!("name = \"{name}\"\nversion = \"");
    LOCK.split_once(&entry)
        .and_then(|(_, rest)| rest.split_once('"'))
        .map_or("?", |(version, _)| version)
}

/// Changes a file of the repository.
pub(crate) fn write(path: &str, change: impl FnOnce(&str) -> String) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path);
    let content = change(&std::fs::read_to_string(&path).unwrap_or_default());
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).expect("the folder can be made");
    }
    std::fs::write(&path, content).expect("the file can be written");
}
