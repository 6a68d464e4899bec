//! An instance's part in a fleet.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use circuit_runtime::set_orders;
use tokio::runtime;
use tokio::sync::{mpsc, oneshot};

use crate::address::client;
use crate::error::{FleetError, JoinError};
use crate::member::{Member, Request};
use crate::options::Options;
use crate::sharing::Sharing;
use crate::store::Store;
use crate::view::View;

/// So many questions may wait for an answer.
const QUEUE: usize = 128;

/// Whether this process is in a fleet.
static JOINED: AtomicBool = AtomicBool::new(false);

/// An instance's part in a fleet, from [`Fleet::join`] until [`leave`](Fleet::leave) or drop.
///
/// A thread of its own speaks with Redis, once a second: no call of a circuit waits for it, and it needs no runtime of
/// the program's. Changes of circuits wake it, through [`on_transition`](circuit_runtime::on_transition). While Redis is
/// away, or doesn't answer within two seconds, everything goes on as it was: the orders that the instance has heard of
/// hold to their ends, and no others; and its circuits wait for nobody else's.
///
/// ```no_run
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use std::time::Duration;
/// use circuit_fleet::{Fleet, Options};
///
/// let fleet = Fleet::join("redis://127.0.0.1", Options::new("checkout"))?;
/// fleet.ready(Duration::from_secs(2)).await; // if the first call shall obey orders that stand already
/// // ...
/// fleet.leave().await;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[must_use = "an instance leaves the fleet when this is dropped"]
pub struct Fleet {
    requests: mpsc::Sender<Request>,
    #[cfg(feature = "axum")]
    namespace: String,
}

impl Fleet {
    /// Joins a fleet: from now on this instance obeys its orders, and shows its circuits. Nothing is asked of Redis yet.
    ///
    /// The address is `redis://user:password@host:port/database`, `rediss://…` for TLS, which needs the feature `tls`, or
    /// `redis+unix:///path`.
    /// The orders of [`set_orders`](circuit_runtime::set_orders) are the fleet's from now on; don't set others.
    ///
    /// # Errors
    ///
    /// If an option or the address is wrong, if this process is in a fleet already, or if no thread can be started.
    pub fn join(address: &str, options: Options) -> Result<Self, JoinError> {
        options.validate()?;
        let client = client(address)?;
        let sharing =
            options.wants().map(|wants| Sharing::new(&client, options.namespace(), wants));
        let sharing = sharing.transpose().map_err(JoinError::Address)?;
        // Relaxed: no other memory depends on it.
        if JOINED.swap(true, Ordering::Relaxed) {
            return Err(JoinError::Joined);
        }
        let (requests, receiver) = mpsc::channel(QUEUE);
        let store = Store::new(client, options.namespace());
        #[cfg(feature = "axum")]
        let namespace = options.namespace().to_owned();
        start(Member::new(options, store, sharing), receiver).map_err(JoinError::Thread)?;
        Ok(Fleet {
            requests,
            #[cfg(feature = "axum")]
            namespace,
        })
    }

    /// Waits until the orders that stand are obeyed, at most for this long. Whether they are.
    pub async fn ready(&self, within: Duration) -> bool {
        let (answer, ready) = oneshot::channel();
        let asked = self.requests.send(Request::Ready(within, answer)).await;
        asked.is_ok() && ready.await.unwrap_or(false)
    }

    /// The fleet, as it stands in Redis.
    ///
    /// # Errors
    ///
    /// If Redis doesn't answer within two seconds, or too many ask at once.
    pub async fn view(&self) -> Result<View, FleetError> {
        view(&self.requests).await
    }

    /// Asks for the view from elsewhere.
    #[cfg(feature = "axum")]
    pub(crate) fn requests(&self) -> mpsc::WeakSender<Request> {
        self.requests.downgrade()
    }

    #[cfg(feature = "axum")]
    pub(crate) fn namespace(&self) -> &str {
        &self.namespace
    }

    /// Leaves the fleet: its orders are lifted here, and its name is taken from Redis, if that answers within a second.
    pub async fn leave(self) {
        let (answer, left) = oneshot::channel();
        if self.requests.send(Request::Leave(answer)).await.is_ok() {
            let _ = left.await;
        }
    }
}

pub(crate) async fn view(requests: &mpsc::Sender<Request>) -> Result<View, FleetError> {
    let (answer, view) = oneshot::channel();
    requests.try_send(Request::View(answer)).map_err(|_| FleetError::Busy)?;
    view.await.map_err(|_| FleetError::Busy)?
}

/// Held as long as the thread runs: nobody else lifts an order whose time is over, so none outlives it.
struct Joined;

impl Drop for Joined {
    fn drop(&mut self) {
        set_orders(Vec::new());
        JOINED.store(false, Ordering::Relaxed);
    }
}

fn start(member: Member, requests: mpsc::Receiver<Request>) -> std::io::Result<()> {
    let joined = Joined;
    let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
    let run = move || {
        let left = runtime.block_on(member.run(requests));
        // Before the answer, so that whoever has left may join again.
        drop(joined);
        if let Some(left) = left {
            let _ = left.send(());
        }
    };
    thread::Builder::new().name("circuit-fleet".to_owned()).spawn(run)?;
    Ok(())
}
