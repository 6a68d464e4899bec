//! Settings from a file and the environment, put in force again whenever the file changes. A file with faults changes
//! nothing: the last valid settings stay in force, and the log says what is wrong.
//!
//! ```text
//! cargo run -p ecosystem --example settings_reload                 # edits a file of its own, one second
//! cargo run -p ecosystem --example settings_reload circuits.toml   # watches yours, until Ctrl-C
//! CIRCUIT_BREAKER__PAYMENTS__THRESHOLD=7 cargo run -p ecosystem --example settings_reload
//! ```

use std::error::Error;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;
use std::{env, fs, process};

use circuit_runtime::{CircuitBreaker, Config, Report, Settings, circuit_breaker};
use notify::{RecursiveMode, Watcher};

type AnyError = Box<dyn Error + Send + Sync>;

/// A static of one's own: `main` registers it, so that its settings are checked before the first call.
static PAYMENTS: CircuitBreaker = CircuitBreaker::new("payments", Config::new().threshold(3));

#[circuit_breaker(breaker = PAYMENTS)]
fn charge(cents: u32) -> std::io::Result<u32> {
    Ok(cents)
}

/// What happens to the file in the demonstration, and what it says then.
const EDITS: [(&str, &str); 4] = [
    (
        "an operator tries the circuit out",
        "[circuits.payments]\nthreshold = 10\nmode = \"shadow\"\n",
    ),
    ("two mistakes", "[circuits.payments]\ntreshold = 10\nrecovery = \"0s\"\n"),
    ("half a line", "[circuits.payments]\nthreshold =\n"),
    ("all is well again", "[default]\njitter = 0.1\n[circuits.payments]\nthreshold = 20\n"),
];

fn main() -> Result<(), AnyError> {
    PAYMENTS.register();
    charge(100)?;
    let given = env::args_os().nth(1).map(PathBuf::from);
    let path = match &given {
        Some(path) => path.canonicalize()?,
        None => own_file()?,
    };

    // A service that starts with faulty settings had better not start.
    let mut file = SettingsFile { path, text: String::new() };
    log(file.reload()?.map(Ok));

    // The folder: editors replace a file, and Kubernetes a link to its folder.
    let (sender, changes) = channel();
    let mut watcher = notify::recommended_watcher(sender)?;
    let folder = file.path.parent().ok_or("a file is in a folder")?.to_owned();
    watcher.watch(&folder, RecursiveMode::NonRecursive)?;

    if given.is_some() {
        println!("watching {}", file.path.display());
        loop {
            log(file.next(&changes)?);
        }
    }
    for (what, text) in EDITS {
        println!("\n{what}:");
        replace(&file.path, text)?;
        while file.text != text {
            log(file.next(&changes)?);
        }
    }
    Ok(fs::remove_dir_all(folder)?)
}

struct SettingsFile {
    path: PathBuf,
    /// As it was read last, valid or not.
    text: String,
}

impl SettingsFile {
    /// Waits for a change in the folder, and puts the settings in force if they have changed.
    fn next(
        &mut self,
        changes: &Receiver<notify::Result<notify::Event>>,
    ) -> Result<Option<Result<Report, AnyError>>, AnyError> {
        changes.recv()??;
        // One edit is several events.
        while changes.recv_timeout(Duration::from_millis(50)).is_ok() {}
        // There may be no file for a moment.
        Ok(self.reload().transpose())
    }

    /// Reads the file, and puts its settings in force, under those of the environment; `None`: it is as it was.
    fn reload(&mut self) -> Result<Option<Report>, AnyError> {
        let text = fs::read_to_string(&self.path)?;
        if text == self.text {
            return Ok(None);
        }
        self.text = text;
        let settings: Settings = toml::from_str(&self.text)?;
        let settings = settings.overlaid(Settings::from_env("CIRCUIT_BREAKER"));
        Ok(Some(circuit_runtime::configure(settings)?))
    }
}

/// What a service would write into its log.
fn log(reloaded: Option<Result<Report, AnyError>>) {
    match reloaded {
        None => return,
        Some(Ok(report)) => println!("INFO  {report}"),
        Some(Err(error)) => println!(
            "ERROR the last valid settings stay in force:\n{}",
            error.to_string().trim_end()
        ),
    }
    println!("      payments: {:?}, {}", PAYMENTS.config(), PAYMENTS.mode());
}

/// A file in a folder of its own.
fn own_file() -> Result<PathBuf, AnyError> {
    let folder = env::temp_dir().join(format!("settings-reload-{}", process::id()));
    fs::create_dir_all(&folder)?;
    let path = folder.join("circuits.toml");
    fs::write(&path, "[circuits.payments]\nthreshold = 5\n")?;
    Ok(path.canonicalize()?)
}

/// As editors do it: nobody reads half a file.
fn replace(path: &Path, text: &str) -> Result<(), AnyError> {
    let new = path.with_extension("new");
    fs::write(&new, text)?;
    Ok(fs::rename(new, path)?)
}
