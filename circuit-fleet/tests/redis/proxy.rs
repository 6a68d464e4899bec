//! Between an instance and its Redis: makes answers late, and leads to another server, as an address does that follows the primary.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU16, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use crate::server::Redis;

pub(crate) struct Proxy {
    port: u16,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    leads_to: AtomicU16,
    delay_ms: AtomicU64,
    /// How many answers have been late.
    late: AtomicU64,
    open: Mutex<Vec<TcpStream>>,
    has_ended: AtomicBool,
}

impl Proxy {
    pub(crate) fn to(redis: &Redis) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let shared = Arc::new(Shared::default());
        shared.leads_to.store(redis.port(), Ordering::SeqCst);
        let accepting = Arc::clone(&shared);
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                if accepting.has_ended.load(Ordering::SeqCst) {
                    return;
                }
                // A server that is away: the client finds its connection closed.
                let _ = accepting.connect(client);
            }
        });
        Proxy { port, shared }
    }

    pub(crate) fn address(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// From now on each answer comes so much later.
    pub(crate) fn delay(&self, delay: Duration) {
        let ms = u64::try_from(delay.as_millis()).unwrap();
        self.shared.delay_ms.store(ms, Ordering::SeqCst);
    }

    pub(crate) fn late_answers(&self) -> u64 {
        self.shared.late.load(Ordering::SeqCst)
    }

    /// Leads to another server; connections to the present one end.
    pub(crate) fn lead_to(&self, redis: &Redis) {
        self.shared.leads_to.store(redis.port(), Ordering::SeqCst);
        self.shared.close();
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.shared.has_ended.store(true, Ordering::SeqCst);
        self.shared.close();
        // Wakes the thread that accepts.
        let _ = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port));
    }
}

impl Shared {
    fn close(&self) {
        for connection in self.open.lock().unwrap().drain(..) {
            let _ = connection.shutdown(Shutdown::Both);
        }
    }

    fn connect(self: &Arc<Self>, client: TcpStream) -> std::io::Result<()> {
        let server =
            TcpStream::connect((Ipv4Addr::LOCALHOST, self.leads_to.load(Ordering::SeqCst)))?;
        let (questions, answers) = (client.try_clone()?, server.try_clone()?);
        self.open.lock().unwrap().extend([client.try_clone()?, server.try_clone()?]);
        thread::spawn(move || copy(questions, server, || {}));
        let shared = Arc::clone(self);
        thread::spawn(move || copy(answers, client, || shared.wait()));
        Ok(())
    }

    /// What makes an answer late that has just come.
    fn wait(&self) {
        let delay = Duration::from_millis(self.delay_ms.load(Ordering::SeqCst));
        if !delay.is_zero() {
            thread::sleep(delay);
            self.late.fetch_add(1, Ordering::SeqCst);
        }
    }
}

/// Until one side ends.
fn copy(mut from: TcpStream, mut to: TcpStream, before_each: impl Fn()) {
    let mut buffer = [0; 16 * 1024];
    while let Ok(read @ 1..) = from.read(&mut buffer) {
        before_each();
        if to.write_all(&buffer[..read]).is_err() {
            break;
        }
    }
    for side in [from, to] {
        let _ = side.shutdown(Shutdown::Both);
    }
}
