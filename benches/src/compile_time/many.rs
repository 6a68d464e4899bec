//! 1,000 annotated functions of one line: what each of them costs besides its body.

use std::path::Path;

use crate::subject::{self, Attribute, BY_HAND, CIRCUIT_BREAKER, Libraries, PLAIN, TRACING};

const FUNCTIONS: usize = 1_000;
const ROUNDS: usize = 3;

/// What is measured, and how `rustc` is called for it: as cargo does, but for the debug information,
/// which is on by default and measured by itself.
const CHECK: &[&str] = &["--emit=metadata"];
const RELEASE: &[&str] = &["--emit=link", "-Cembed-bitcode=no", "-Copt-level=3"];
const DEBUG: &[&str] = &["--emit=link", "-Cembed-bitcode=no"];
const DEBUG_INFORMATION: &[&str] = &["--emit=link", "-Cembed-bitcode=no", "-Cdebuginfo=2"];

/// Seconds of the processor, which other work on the machine disturbs less than those of the clock,
/// and megabytes.
struct Costs {
    check: f64,
    release: f64,
    debug: f64,
    debug_information: f64,
}

/// Prints what functions that block cost, and async ones, under each attribute in one run.
pub(crate) fn measure(folder: &Path, libraries: &Libraries) {
    let optimized = Libraries::built(&["--release"]);
    println!(
        "\n| {FUNCTIONS} functions of one line, each with | check | release build | debug library | with debug information |"
    );
    println!("|---|---:|---:|---:|---:|");
    let goal = Costs { check: 0.7, release: 8.0, debug: 10.0, debug_information: f64::NAN };
    for (title, keyword) in [("", ""), (", async", "async ")] {
        let measured = |attribute: &Attribute| {
            let source = folder.join("many.rs");
            let text = subject::short(attribute, FUNCTIONS, keyword);
            std::fs::write(&source, text).expect("it can be written");
            let costs = costs(folder, &source, libraries, &optimized);
            row(&format!("{}{title}", attribute.title), &costs);
            costs
        };
        let [plain, tracing, ours] = [&PLAIN, &TRACING, &CIRCUIT_BREAKER].map(measured);
        ratio(&format!("… as a multiple of none{title}"), &ours, &plain);
        ratio(&format!("… of `tracing::instrument`{title}"), &ours, &tracing);
        if keyword.is_empty() {
            measured(&BY_HAND);
            row("the goal", &goal);
        }
    }
}

fn costs(folder: &Path, source: &Path, libraries: &Libraries, optimized: &Libraries) -> Costs {
    let compile = |libraries: &Libraries, arguments| {
        let output = folder.join("many.out");
        let mut seconds: Vec<f64> = (0..ROUNDS)
            .map(|_| {
                let mut rustc = libraries.rustc(source);
                rustc.args(arguments).arg("-o").arg(&output);
                let before = processor_time();
                assert!(rustc.status().is_ok_and(|status| status.success()), "rustc takes it");
                processor_time() - before
            })
            .collect();
        seconds.sort_by(f64::total_cmp);
        let bytes = output.metadata().expect("rustc wrote it").len();
        #[expect(clippy::cast_precision_loss, reason = "printed with one digit")]
        let megabytes = bytes as f64 / 1e6;
        (seconds[ROUNDS / 2], megabytes)
    };
    Costs {
        check: compile(libraries, CHECK).0,
        release: compile(optimized, RELEASE).0,
        debug: compile(libraries, DEBUG).1,
        debug_information: compile(libraries, DEBUG_INFORMATION).1,
    }
}

/// Seconds that the children of this process have had of the processor, from `/proc/self/stat`: its
/// fields 16 and 17, in hundredths. The name of the program, which may hold anything, is field 2.
fn processor_time() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").expect("Linux has it");
    let (_, fields) = stat.rsplit_once(')').expect("the name is in parentheses");
    let times = fields.split_whitespace().skip(13).take(2);
    times.map(|time| time.parse::<f64>().expect("a number") / 100.0).sum()
}

fn row(title: &str, costs: &Costs) {
    let Costs { check, release, debug, debug_information } = costs;
    let last = if debug_information.is_nan() {
        String::new()
    } else {
        format!("{debug_information:.1} MB")
    };
    println!("| {title} | {check:.1} s | {release:.1} s | {debug:.1} MB | {last} |");
}

fn ratio(title: &str, ours: &Costs, others: &Costs) {
    println!(
        "| {title} | {:.1} | {:.1} | {:.1} | {:.1} |",
        ours.check / others.check,
        ours.release / others.release,
        ours.debug / others.debug,
        ours.debug_information / others.debug_information,
    );
}
