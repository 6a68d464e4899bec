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

/// What was written, less the time that has passed since. `None`: there is no file yet.
///
/// # Errors
///
/// Why the file is of no use, in words.
pub(crate) fn read(path: &Path, namespace: &str) -> Result<Option<(u64, Vec<Held>)>, String> {
    let bytes = match fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error.to_string()),
    };
    let remembered: Remembered =
        serde_json::from_slice(&bytes).map_err(|error| error.to_string())?;
    if remembered.form != FORM {
        return Err(format!("form {} is unknown", remembered.form));
    }
    if remembered.namespace != namespace {
        return Err(format!("it is of the namespace `{}`", remembered.namespace));
    }
    // A calendar that was set back since then makes an order longer by as much, but never longer than what was left when
    // this was written; one that was set forward, shorter. Nothing else tells how long no process ran.
    let passed = now_ms().saturating_sub(remembered.at_ms);
    let left = |held: Held| {
        let left_ms = held.left_ms.checked_sub(passed).filter(|left| *left > 0)?;
        Some(Held { left_ms, ..held })
    };
    Ok(Some((remembered.version, remembered.orders.into_iter().filter_map(left).collect())))
}

fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{Order, What};

    #[test]
    fn an_order_lasts_for_what_was_left_less_what_has_passed_by_the_calendar() {
        let path = std::env::temp_dir().join(format!("circuit-remember-{}", std::process::id()));
        let order = Order {
            form: FORM,
            what: What::Reset("payments".to_owned()),
            by: "alice".to_owned(),
            user: "default".to_owned(),
            why: String::new(),
            only: None,
        };
        let held = Held { version: 7, left_ms: 60_000, order };
        // When the calendar says that it was written, from now; a later time is one that was set back.
        for (written, left) in [(-20_000, Some(40_000)), (20_000, Some(60_000)), (-60_000, None)] {
            let remembered = Remembered {
                form: FORM,
                namespace: "test".to_owned(),
                version: 7,
                at_ms: now_ms().saturating_add_signed(written),
                orders: vec![held.clone()],
            };
            fs::write(&path, serde_json::to_vec(&remembered).unwrap()).unwrap();
            let (version, orders) = read(&path, "test").unwrap().unwrap();
            let most = orders.first().map(|held| held.left_ms.next_multiple_of(10_000));
            assert_eq!((version, most), (7, left));
        }
        fs::remove_file(path).unwrap();
    }
}
