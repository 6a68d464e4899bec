//! A Redis server that ends with the test.

use std::ffi::OsString;
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

pub(crate) struct Redis {
    server: Option<Child>,
    port: u16,
    /// How it listens there.
    listening: Vec<OsString>,
}

impl Redis {
    pub(crate) fn start() -> Self {
        Redis::listening(|port| vec!["--port".into(), port.into()])
    }

    /// Takes connections through TLS only, and asks clients for no certificate.
    pub(crate) fn start_with_tls(certificate: &Path, key: &Path, authority: &Path) -> Self {
        Redis::listening(|port| {
            let mut options: Vec<OsString> =
                ["--port", "0", "--tls-port", port].map(Into::into).into();
            options.extend(["--tls-auth-clients", "no"].map(Into::into));
            for (option, file) in [
                ("--tls-cert-file", certificate),
                ("--tls-key-file", key),
                ("--tls-ca-cert-file", authority),
            ] {
                options.extend([option.into(), file.into()]);
            }
            options
        })
    }

    fn listening(at: impl FnOnce(&str) -> Vec<OsString>) -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut redis = Redis { server: None, port, listening: at(&port.to_string()) };
        redis.start_again();
        redis
    }

    /// At the same address, and empty.
    pub(crate) fn start_again(&mut self) {
        let mut server = Command::new("redis-server")
            .args(["--bind", "127.0.0.1"])
            .args(&self.listening)
            .args(["--save", "", "--appendonly", "no"])
            // A replica otherwise leaves a file, which the next server loads.
            .args(["--repl-diskless-load", "on-empty-db"])
            .stdout(Stdio::null())
            .spawn()
            .expect("redis-server is installed");
        while TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            assert_eq!(server.try_wait().unwrap(), None, "redis-server doesn't start");
            thread::sleep(Duration::from_millis(20));
        }
        self.server = Some(server);
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    pub(crate) fn address(&self) -> String {
        self.address_of("")
    }

    /// `user:password@`, or nothing.
    pub(crate) fn address_of(&self, user: &str) -> String {
        format!("redis://{user}127.0.0.1:{}", self.port)
    }

    pub(crate) fn address_through_tls(&self) -> String {
        format!("rediss://127.0.0.1:{}", self.port)
    }

    /// As `kill -9` does.
    pub(crate) fn kill(&mut self) {
        if let Some(mut server) = self.server.take() {
            server.kill().unwrap();
            server.wait().unwrap();
        }
    }

    pub(crate) fn signal(&self, signal: &str) {
        let pid = self.server.as_ref().unwrap().id().to_string();
        assert!(Command::new("kill").args([signal, &pid]).status().unwrap().success());
    }

    /// Runs a command as the default user, and returns what it prints.
    pub(crate) fn command(&self, words: &[&str]) -> String {
        self.command_of(&[], words)
    }

    pub(crate) fn command_of(&self, user: &[&str], words: &[&str]) -> String {
        let printed = Command::new("redis-cli")
            .args(["-p", &self.port.to_string(), "--no-auth-warning"])
            .args(user)
            .args(words)
            .output()
            .unwrap();
        String::from_utf8(printed.stdout).unwrap().trim().to_owned()
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        if self.server.is_some() {
            // One that is stopped can't be ended otherwise.
            self.signal("-CONT");
        }
        self.kill();
    }
}
