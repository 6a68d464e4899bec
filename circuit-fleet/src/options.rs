//! What an instance says when it joins a fleet.

use std::time::{SystemTime, UNIX_EPOCH};

/// The longest name of a namespace or an instance, in bytes.
const LONGEST_NAME: usize = 64;

/// How an instance takes part in a fleet.
///
/// ```
/// use circuit_fleet::Options;
///
/// let options = Options::new("checkout").instance("checkout-7d9f");
/// assert!(options.validate().is_ok());
///
/// let error = Options::new("check{out}").validate().unwrap_err();
/// assert!(error.to_string().starts_with("namespace: "), "{error}");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    namespace: String,
    instance: String,
}

impl Options {
    /// A fleet's name: instances with the same namespace belong together. From 1 to 64 of the letters, digits, `.`, `_` and
    /// `-` of ASCII.
    ///
    /// The instance's own name is its host's, if the environment variable `HOSTNAME` has that, its process's number, and
    /// something that changes with each start.
    #[must_use]
    pub fn new(namespace: impl Into<String>) -> Self {
        Options { namespace: namespace.into(), instance: name_of_this_process() }
    }

    /// A name of this instance that operators know, such as the pod's. No two instances may have the same name at a time. The
    /// same form as a namespace.
    #[must_use]
    pub fn instance(self, name: impl Into<String>) -> Self {
        Options { instance: name.into(), ..self }
    }

    /// Whether an instance can join with these options.
    ///
    /// # Errors
    ///
    /// With the option that is wrong, and why.
    pub fn validate(&self) -> Result<(), OptionsError> {
        check_name("namespace", &self.namespace)?;
        check_name("instance", &self.instance)
    }
}

/// An option that is wrong: its name, and why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{option}: {message}")]
pub struct OptionsError {
    option: &'static str,
    message: String,
}

impl OptionsError {
    /// The name of the option.
    #[must_use]
    pub fn option(&self) -> &'static str {
        self.option
    }
}

/// Names stand in keys, so that braces would move them to another slot, and in lines of text.
fn check_name(option: &'static str, name: &str) -> Result<(), OptionsError> {
    let error = |message| Err(OptionsError { option, message });
    if name.is_empty() || name.len() > LONGEST_NAME {
        return error(format!("must have from 1 to {LONGEST_NAME} characters, has {}", name.len()));
    }
    let is_fine = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    match name.chars().find(|c| !is_fine(*c)) {
        Some(c) => error(format!(
            "must be of the letters, digits, `.`, `_` and `-` of ASCII, has `{}`",
            c.escape_default()
        )),
        None => Ok(()),
    }
}

fn name_of_this_process() -> String {
    let is_fine = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    let host = std::env::var("HOSTNAME").unwrap_or_default();
    let host: String = host.chars().filter(is_fine).take(32).collect();
    let host = if host.is_empty() { "instance" } else { &host };
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    format!("{host}-{}-{:x}", std::process::id(), since.as_nanos() & 0xffff_ffff)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_of_letters_that_no_key_and_no_line_takes_amiss() {
        for wrong in ["", "a b", "a{b}", "a:b", "é", &"a".repeat(65)] {
            let error = Options::new(wrong).validate().unwrap_err();
            assert_eq!(error.option(), "namespace", "{wrong}");
            let error = Options::new("a").instance(wrong).validate().unwrap_err();
            assert_eq!(error.option(), "instance", "{wrong}");
        }
        assert_eq!(Options::new("a".repeat(64)).instance("b.c_d-9").validate(), Ok(()));
    }

    #[test]
    fn an_instance_has_a_valid_name_by_itself() {
        assert_eq!(Options::new("checkout").validate(), Ok(()));
    }

    #[test]
    fn a_message_says_what_is_wrong() {
        let error = Options::new("check\nout").validate().unwrap_err();
        assert_eq!(
            error.to_string(),
            r"namespace: must be of the letters, digits, `.`, `_` and `-` of ASCII, has `\n`"
        );
    }
}
