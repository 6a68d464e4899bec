//! The form of all messages: numbers in decimal, separated by blanks, the version first; `-` for what is missing.
//!
//! A script of the store reads and writes them with `string.gmatch` and `table.concat`. A reader of version 1 ignores
//! fields behind those it knows, so that fields can be added; what changes the meaning of one gets a new version.

use std::fmt::{Display, Write as _};
use std::str::SplitAsciiWhitespace;

/// The longest message.
pub const MAX_BYTES: usize = 512;
const VERSION: u64 = 1;

/// A message that can't be read: it is ignored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FormatError {
    /// It is longer than [`MAX_BYTES`].
    #[error("the message is longer than {MAX_BYTES} bytes")]
    TooLong,
    /// Its version isn't 1.
    #[error("the message has a version that this instance doesn't know")]
    Version,
    /// A field is missing, or no number.
    #[error("field {0} of the message is missing or not as it should be")]
    Field(usize),
}

#[derive(Debug)]
pub(super) struct Writer(String);

impl Writer {
    pub(super) fn new() -> Self {
        Writer(VERSION.to_string())
    }

    pub(super) fn put(&mut self, field: impl Display) -> &mut Self {
        // Writing to a string can't fail.
        let _ = write!(self.0, " {field}");
        self
    }

    pub(super) fn put_option(&mut self, field: Option<impl Display>) -> &mut Self {
        match field {
            Some(field) => self.put(field),
            None => self.put('-'),
        }
    }

    pub(super) fn finish(self) -> String {
        self.0
    }
}

#[derive(Debug)]
pub(super) struct Reader<'a> {
    fields: SplitAsciiWhitespace<'a>,
    read: usize,
}

impl<'a> Reader<'a> {
    pub(super) fn new(text: &'a str) -> Result<Self, FormatError> {
        if text.len() > MAX_BYTES {
            return Err(FormatError::TooLong);
        }
        let mut fields = text.split_ascii_whitespace();
        if fields.next().and_then(|field| field.parse().ok()) != Some(VERSION) {
            return Err(FormatError::Version);
        }
        Ok(Reader { fields, read: 0 })
    }

    pub(super) fn word(&mut self) -> Result<&'a str, FormatError> {
        self.read += 1;
        self.fields.next().ok_or(FormatError::Field(self.read))
    }

    pub(super) fn number<N: std::str::FromStr>(&mut self) -> Result<N, FormatError> {
        let word = self.word()?;
        word.parse().map_err(|_| self.wrong())
    }

    pub(super) fn option<N: std::str::FromStr>(&mut self) -> Result<Option<N>, FormatError> {
        match self.word()? {
            "-" => Ok(None),
            word => word.parse().map(Some).map_err(|_| self.wrong()),
        }
    }

    /// The field that was read last is wrong.
    pub(super) fn wrong(&self) -> FormatError {
        FormatError::Field(self.read)
    }
}
