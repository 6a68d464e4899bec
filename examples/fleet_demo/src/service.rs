//! The service that the instances call: `mail` is always well, `payments` flaps.

use std::net::Ipv4Addr;
use std::time::Duration;

use axum::Router;
use axum::http::StatusCode;
use axum::routing::get;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::time::sleep;

use crate::Failure;

pub(crate) struct Service {
    url: String,
    is_well: watch::Sender<bool>,
}

impl Service {
    pub(crate) async fn start() -> Result<Self, Failure> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let url = format!("http://{}", listener.local_addr()?);
        let (is_well, seen) = watch::channel(true);
        let pay = move || {
            let is_well = *seen.borrow();
            async move { if is_well { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE } }
        };
        let app = Router::new().route("/payments", get(pay)).route("/mail", get(|| async {}));
        tokio::spawn(async move { axum::serve(listener, app).await });
        Ok(Service { url, is_well })
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    pub(crate) fn be(&self, is_well: bool) {
        self.is_well.send_replace(is_well);
        println!("the service {}", if is_well { "is well" } else { "answers `payments` with 503" });
    }

    /// Is well and isn't, in turn, for so long each.
    pub(crate) async fn flap(&self, period: Duration) {
        loop {
            for is_well in [true, false] {
                self.be(is_well);
                sleep(period).await;
            }
        }
    }
}
