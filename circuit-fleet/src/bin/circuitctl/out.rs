//! Standard output, which somebody may have stopped reading: `circuitctl list | head -1`.

use std::io::{self, ErrorKind, Write};

/// Standard output. What nobody reads any more is dropped, and is no error: an order that was given is still waited for, and the
/// exit code still says what has become of it.
pub(super) struct Out {
    stdout: io::Stdout,
    /// Whether nobody reads any more.
    pub(super) is_closed: bool,
}

impl Out {
    pub(super) fn new() -> Self {
        Out { stdout: io::stdout(), is_closed: false }
    }

    fn noticed<T>(&mut self, done: io::Result<T>, dropped: T) -> io::Result<T> {
        match done {
            Err(error) if error.kind() == ErrorKind::BrokenPipe => {
                self.is_closed = true;
                Ok(dropped)
            }
            done => done,
        }
    }
}

impl Write for Out {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.stdout.write(bytes);
        self.noticed(written, bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let flushed = self.stdout.flush();
        self.noticed(flushed, ())
    }
}
