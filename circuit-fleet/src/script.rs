//! Scripts that run in Redis.

use redis::{ErrorKind, RedisError, Script, ServerErrorKind};

/// Whether the server hasn't run the script before, and must be sent its text.
pub(crate) fn is_unknown(error: &RedisError) -> bool {
    error.kind() == ErrorKind::Server(ServerErrorKind::NoScript)
}

/// A script: its text, and the hash by which a server knows it that has run it before.
pub(crate) struct Code {
    pub(crate) text: &'static str,
    pub(crate) hash: String,
    reads_only: bool,
}

impl Code {
    pub(crate) fn new(text: &'static str, reads_only: bool) -> Self {
        Code { text, hash: Script::new(text).get_hash().to_owned(), reads_only }
    }

    /// The commands that run it by its hash, and in full.
    pub(crate) fn commands(&self) -> (&'static str, &'static str) {
        if self.reads_only { ("EVALSHA_RO", "EVAL_RO") } else { ("EVALSHA", "EVAL") }
    }
}
