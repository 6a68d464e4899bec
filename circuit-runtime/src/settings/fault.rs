//! What is wrong with settings, and where.

use std::fmt;

/// Something that is wrong with settings: where, and what.
///
/// `Display` prints both: ``circuits.payments.threshold: must be from 1 to 1,000,000, is 0``.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SettingsFault {
    path: String,
    circuit: Option<&'static str>,
    message: String,
}

impl SettingsFault {
    pub(super) fn new(path: impl Into<String>, message: impl Into<String>) -> Self {
        SettingsFault { path: path.into(), circuit: None, message: message.into() }
    }

    pub(super) fn of(self, circuit: &'static str) -> Self {
        SettingsFault { circuit: Some(circuit), ..self }
    }

    /// Where it stands: `circuits.payments.threshold`, or the name of an environment variable.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The circuit that the setting doesn't go with; `None` if it is wrong for all.
    #[must_use]
    pub fn circuit(&self) -> Option<&'static str> {
        self.circuit
    }

    /// What is wrong.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }
}

impl fmt::Display for SettingsFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path, self.message)?;
        let is_named =
            |circuit: &&str| self.path.starts_with(&format!("circuits.{}", shown(circuit)));
        match self.circuit.filter(|circuit| !is_named(circuit)) {
            Some(circuit) => write!(f, " (circuit `{circuit}`)"),
            None => Ok(()),
        }
    }
}

/// Settings that can't be meant, with everything that is wrong with them. Nothing has changed.
///
/// `Display` prints a line for each fault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingsError {
    faults: Vec<SettingsFault>,
}

impl SettingsError {
    /// An error, if there are faults.
    pub(super) fn check(faults: Vec<SettingsFault>) -> Result<(), Self> {
        if faults.is_empty() { Ok(()) } else { Err(SettingsError { faults }) }
    }

    /// Each fault: at least one.
    #[must_use]
    pub fn faults(&self) -> &[SettingsFault] {
        &self.faults
    }
}

impl fmt::Display for SettingsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, fault) in self.faults.iter().enumerate() {
            let line = if number == 0 { "" } else { "\n" };
            write!(f, "{line}{fault}")?;
        }
        Ok(())
    }
}

impl std::error::Error for SettingsError {}

/// A name as TOML writes it.
pub(super) fn shown(name: &str) -> String {
    let is_bare = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if !name.is_empty() && name.chars().all(is_bare) {
        name.to_owned()
    } else {
        format!("{name:?}")
    }
}
