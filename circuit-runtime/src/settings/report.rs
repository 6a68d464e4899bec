//! What has become of the settings.

use std::fmt;

use super::fault::SettingsFault;

/// What has become of the settings in force: from [`configure`](crate::configure), and at any time from
/// [`settings_report`](crate::settings_report).
///
/// `Display` prints a line for everything that an operator should know. `left out: default.window: needs a
/// rule to judge by: …`
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Report {
    /// The circuits for which settings hold, by name.
    pub circuits: Vec<&'static str>,
    /// Those of them whose options, limit or mode the last `configure` has changed, also back to what the
    /// code says, and those that have registered since.
    pub changed: Vec<&'static str>,
    /// Settings of patterns and of `default` that don't go with what a circuit's code says, or with a setting
    /// that wins over them.
    pub left_out: Vec<SettingsFault>,
    /// Why circuits that registered later keep what the code says: their settings don't go with that.
    pub refused: Vec<SettingsFault>,
    /// Variables that would be for several circuits, whose names are the same there: applied to none.
    pub ambiguous: Vec<SettingsFault>,
    /// The circuits whose options that were set by hand, by
    /// [`reconfigure`](crate::CircuitBreaker::reconfigure), didn't go with the settings and are gone.
    pub overruled: Vec<&'static str>,
    /// The paths of names and patterns that match no circuit registered so far.
    pub waiting: Vec<String>,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "settings hold for {}, changed {}", named(&self.circuits), named(&self.changed))?;
        for (what, faults) in [
            ("left out", &self.left_out),
            ("refused", &self.refused),
            ("ambiguous", &self.ambiguous),
        ] {
            for fault in faults {
                write!(f, "\n{what}: {fault}")?;
            }
        }
        if !self.overruled.is_empty() {
            write!(f, "\noverruled what was set by hand: {}", named(&self.overruled))?;
        }
        for path in &self.waiting {
            write!(f, "\nwaiting: {path}: no circuit of this name has registered")?;
        }
        Ok(())
    }
}

/// The names of circuits, in words.
fn named(circuits: &[&str]) -> String {
    match circuits {
        [] => "no circuit".to_owned(),
        names => format!("`{}`", names.join("`, `")),
    }
}
