//! A file with the last orders, for a start without Redis.

use std::fs;
use std::io;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use crate::wire::{FORM, Held};

#[derive(Debug, Serialize, Deserialize)]
struct Remembered {
    form: u32,
    namespace: String,
    version: u64,
    /// When this was written, by the machine's calendar: no monotonic clock outlives a process.
    at_ms: u64,
    orders: Vec<Held>,
}

/// Writes the file anew: whole, or not at all.
pub(crate) fn write(
    path: &Path,
    namespace: &str,
    version: u64,
    orders: Vec<Held>,
) -> io::Result<()> {
    let namespace = namespace.to_owned();
    let remembered = Remembered { form: FORM, namespace, version, at_ms: now_ms(), orders };
    let json = serde_json::to_vec(&remembered)?;
    let beside = path.with_extension("new");
    fs::write(&beside, json)?;
    fs::rename(beside, path)
}

/// What was written, less the time that has passed since. `None`: nothing, or of another namespace or form.
pub(crate) fn read(path: &Path, namespace: &str) -> Option<(u64, Vec<Held>)> {
    let remembered: Remembered = serde_json::from_slice(&fs::read(path).ok()?).ok()?;
    if remembered.form != FORM || remembered.namespace != namespace {
        return None;
    }
    // A calendar that was set back makes no order longer.
    let passed = now_ms().saturating_sub(remembered.at_ms);
    let left = |held: Held| {
        let left_ms = held.left_ms.checked_sub(passed).filter(|left| *left > 0)?;
        Some(Held { left_ms, ..held })
    };
    Some((remembered.version, remembered.orders.into_iter().filter_map(left).collect()))
}

fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
