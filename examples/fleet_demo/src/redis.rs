//! A Redis that ends with the demo.

use std::io::ErrorKind;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use crate::Failure;

/// Either does.
const PROGRAMS: [&str; 2] = ["redis-server", "valkey-server"];

const MISSING: &str = "\
this demo needs Redis or Valkey on this machine, and finds neither `redis-server` nor `valkey-server`. \
Debian, Ubuntu: `apt-get install redis-server`; Fedora: `dnf install valkey`; macOS: `brew install redis`.";

pub(crate) struct Redis {
    server: Child,
    port: u16,
}

impl Redis {
    /// At a free port of this machine only, and empty.
    pub(crate) fn start() -> Result<Self, Failure> {
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
        let mut redis = Redis { server: spawn(port)?, port };
        while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
            if let Some(status) = redis.server.try_wait()? {
                return Err(format!("Redis doesn't start: {status}").into());
            }
            thread::sleep(Duration::from_millis(20));
        }
        Ok(redis)
    }

    pub(crate) fn address(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }
}

fn spawn(port: u16) -> Result<Child, Failure> {
    for program in PROGRAMS {
        let server = Command::new(program)
            .args(["--bind", "127.0.0.1", "--port", &port.to_string()])
            .args(["--save", "", "--appendonly", "no"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn();
        match server {
            Ok(server) => return Ok(server),
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(format!("{program}: {error}").into()),
        }
    }
    Err(MISSING.into())
}

impl Drop for Redis {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}
