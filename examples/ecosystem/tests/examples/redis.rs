//! The example with a real Redis, which is killed under it.

use std::io::{BufRead, BufReader};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use super::example;

/// A Redis server that ends with the test.
struct Redis {
    server: Child,
    port: u16,
}

impl Redis {
    fn start() -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut server = Command::new("redis-server")
            .args(["--bind", "127.0.0.1", "--port", &port.to_string()])
            .args(["--save", "", "--appendonly", "no"])
            .stdout(Stdio::null())
            .spawn()
            .expect("redis-server is installed");
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert_eq!(server.try_wait().unwrap(), None, "redis-server doesn't start");
            thread::sleep(Duration::from_millis(20));
        }
        Redis { server, port }
    }

    /// As `kill -9` does.
    fn kill(&mut self) {
        self.server.kill().unwrap();
        self.server.wait().unwrap();
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

#[test]
#[ignore = "needs redis-server"]
fn cached_fallback_goes_on_when_its_redis_is_killed() {
    let mut redis = Redis::start();
    let mut example = example("cached_fallback")
        .env("REDIS_URL", format!("redis://127.0.0.1:{}", redis.port))
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(example.stdout.take().unwrap()).lines().map(Result::unwrap);
    assert!(lines.any(|line| line.contains("from Redis")), "nothing came from Redis");
    redis.kill();
    assert!(
        lines.by_ref().any(|line| line.contains("redis: closed -> open")),
        "the circuit of Redis never opens"
    );
    lines.for_each(drop);
    assert!(example.wait().unwrap().success());
}
