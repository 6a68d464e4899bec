//! What an instance says when it joins a fleet.

use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::sharing::Wants;

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
    obeys_orders: bool,
    is_in_view: bool,
    shows_keys: bool,
    shares: Wants,
    remembers_at: Option<PathBuf>,
}

impl Options {
    /// A fleet's name: instances with the same namespace belong together. From 1 to 64 of the letters, digits, `.`, `_` and
    /// `-` of ASCII.
    ///
    /// The instance's own name is its host's, if the environment variable `HOSTNAME` has that, its process's number, and
    /// something that changes with each start.
    #[must_use]
    pub fn new(namespace: impl Into<String>) -> Self {
        Options {
            namespace: namespace.into(),
            instance: name_of_this_process(),
            obeys_orders: true,
            is_in_view: true,
            shows_keys: false,
            shares: Wants { probing: true, alert: false },
            remembers_at: None,
        }
    }

    /// A name of this instance that operators know, such as the pod's. No two instances may have the same name at a time. The
    /// same form as a namespace.
    #[must_use]
    pub fn instance(self, name: impl Into<String>) -> Self {
        Options { instance: name.into(), ..self }
    }

    /// Whether the instance obeys operators' orders. It does unless this says no.
    #[must_use]
    pub fn orders(self, obeys: bool) -> Self {
        Options { obeys_orders: obeys, ..self }
    }

    /// Whether the instance shows its circuits in the fleet's view. It does unless this says no; its name and the orders that
    /// it obeys are always there.
    #[must_use]
    pub fn view(self, shows: bool) -> Self {
        Options { is_in_view: shows, ..self }
    }

    /// Shows the open keys of a circuit as they are. Otherwise each is a number that changes with each start, since keys may be customers.
    #[must_use]
    pub fn show_keys(self) -> Self {
        Options { shows_keys: true, ..self }
    }

    /// Whether the instance's circuits that have opened by themselves probe in turn with those of the same name in other
    /// instances, and are told when one of them has found the service well. They do unless this says no. Circuits with keys
    /// probe alone.
    ///
    /// Others never open a circuit, close it, or keep it open for more than
    /// [`max_recovery`](circuit_runtime::Config::max_recovery) longer than it would stay by itself.
    /// [`ramp`](circuit_runtime::Config::ramp) goes well with it: it spares a service that all come back to at the same time.
    ///
    /// ```
    /// let options = circuit_fleet::Options::new("checkout").shared_probing(false);
    /// # let _ = options;
    /// ```
    #[must_use]
    pub fn shared_probing(self, shares: bool) -> Self {
        Options { shares: Wants { probing: shares, ..self.shares }, ..self }
    }

    /// Whether a failure opens a circuit of the instance while calls fail all over the fleet: then its `threshold` is 1. Not
    /// unless this says so. Circuits with keys take no part.
    ///
    /// It needs failures in a row, without anybody's success between them, of three instances, or of two if no more
    /// have the circuit: 10 of them, or twice the circuit's `threshold` if that is more. Anybody's success ends it. A
    /// circuit that has a rate alone opens, too. It saves
    /// calls where each instance has few, and nothing above some ten a second.
    ///
    /// ```
    /// let options = circuit_fleet::Options::new("checkout").alert(true);
    /// # let _ = options;
    /// ```
    #[must_use]
    pub fn alert(self, heeds: bool) -> Self {
        Options { shares: Wants { alert: heeds, ..self.shares }, ..self }
    }

    /// A file in which the instance keeps the orders that it obeys, so that they hold after a restart without Redis, too, for what is left
    /// of their time by the machine's calendar. If that was set back meanwhile, they hold for longer by as much, but at most for
    /// what was left when the file was written, which is when the orders last changed. Its folder must exist, and be this instance's
    /// own; if the file can't be written or read, there is a WARN of `tracing`, and the instance goes on without it.
    ///
    /// ```
    /// let options = circuit_fleet::Options::new("checkout").remember("/var/lib/checkout/orders.json");
    /// # let _ = options;
    /// ```
    #[must_use]
    pub fn remember(self, path: impl Into<PathBuf>) -> Self {
        Options { remembers_at: Some(path.into()), ..self }
    }

    /// Whether an instance can join with these options.
    ///
    /// # Errors
    ///
    /// With the option that is wrong, and why.
    pub fn validate(&self) -> Result<(), OptionsError> {
        check_name("namespace", &self.namespace)?;
        check_name("instance", &self.instance)?;
        let has_name = |path: &PathBuf| path.file_name().is_some();
        if self.remembers_at.as_ref().is_none_or(has_name) {
            Ok(())
        } else {
            let message = "must be the path of a file".to_owned();
            Err(OptionsError { option: "remember", message })
        }
    }

    pub(crate) fn namespace(&self) -> &str {
        &self.namespace
    }

    pub(crate) fn instance_name(&self) -> &str {
        &self.instance
    }

    pub(crate) fn obeys_orders(&self) -> bool {
        self.obeys_orders
    }

    pub(crate) fn is_in_view(&self) -> bool {
        self.is_in_view
    }

    pub(crate) fn shows_keys(&self) -> bool {
        self.shows_keys
    }

    /// What its circuits share with those of others, if anything.
    pub(crate) fn wants(&self) -> Option<Wants> {
        (self.shares != Wants::NOTHING).then_some(self.shares)
    }

    pub(crate) fn remembers_at(&self) -> Option<&PathBuf> {
        self.remembers_at.as_ref()
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
    pub(crate) fn new(option: &'static str, message: String) -> Self {
        OptionsError { option, message }
    }

    /// The name of the option.
    #[must_use]
    pub fn option(&self) -> &'static str {
        self.option
    }
}

/// Whether it may stand in a name.
fn is_fine(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-')
}

/// Names stand in keys, so that braces would move them to another slot, and in lines of text.
pub(crate) fn check_name(option: &'static str, name: &str) -> Result<(), OptionsError> {
    let error = |message| Err(OptionsError { option, message });
    if name.is_empty() || name.len() > LONGEST_NAME {
        return error(format!("must have from 1 to {LONGEST_NAME} characters, has {}", name.len()));
    }
    match name.chars().find(|c| !is_fine(*c)) {
        Some(c) => error(format!(
            "must be of the letters, digits, `.`, `_` and `-` of ASCII, has `{}`",
            c.escape_default()
        )),
        None => Ok(()),
    }
}

fn name_of_this_process() -> String {
    let host = std::env::var("HOSTNAME").unwrap_or_default();
    let host: String = host.chars().filter(|c| is_fine(*c)).take(32).collect();
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
