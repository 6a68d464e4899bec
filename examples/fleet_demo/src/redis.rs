//! A Redis that ends with the demo.

use std::io::ErrorKind;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use crate::Failure;

const MISSING: &str = "\
this demo needs `redis-server`, and finds none. Debian, Ubuntu: `apt-get install redis-server`; Fedora: `dnf install valkey-compat-redis`; \
macOS: `brew install redis`. Valkey does as well, under the name `redis-server`.";

pub(crate) struct Redis {
    server: Child,
    port: u16,
}

impl Redis {
    /// At a free port of this machine only, and empty.
    pub(crate) fn start() -> Result<Self, Failure> {
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
        let server = Command::new("redis-server")
            .args(["--bind", "127.0.0.1", "--port", &port.to_string()])
            .args(["--save", "", "--appendonly", "no"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn();
        let server = server.map_err(|error| match error.kind() {
            ErrorKind::NotFound => Failure::from(MISSING),
            _ => format!("redis-server: {error}").into(),
        })?;
        let mut redis = Redis { server, port };
        while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
            if let Some(status) = redis.server.try_wait()? {
                return Err(format!("redis-server doesn't start: {status}").into());
            }
            thread::sleep(Duration::from_millis(20));
        }
        Ok(redis)
    }

    pub(crate) fn address(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}
