//! The service that has an outage: HTTP on loopback, on a script.

use std::{
    future, io,
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use axum::{
    Router,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::get,
};
use tokio::{net::TcpListener, sync::watch, time};

use crate::view::View;

/// When the example is over.
pub(crate) const END: Duration = Duration::from_millis(9_500);

const SCRIPT: [(Duration, Health); 3] = [
    (Duration::from_secs(2), Health::Unavailable),
    (Duration::from_millis(4_500), Health::Hanging),
    (Duration::from_secs(7), Health::Well),
];

#[derive(Clone, Copy)]
enum Health {
    Well,
    Unavailable,
    Hanging,
}

/// Binds a free port, starts the service and its script, and returns where it listens.
pub(crate) async fn start(view: Arc<View>) -> io::Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let address = listener.local_addr()?;
    let (health, seen) = watch::channel(Health::Well);
    let service = Router::new()
        .route("/price", get(|State(seen)| answer(seen, "49.90")))
        .route("/stock", get(|State(seen)| answer(seen, "12 in stock")))
        .with_state(seen);
    tokio::spawn(async move { axum::serve(listener, service).await });
    tokio::spawn(play(view, health));
    Ok(address)
}

async fn play(view: Arc<View>, health: watch::Sender<Health>) {
    for (at, next) in SCRIPT {
        time::sleep(at.saturating_sub(view.elapsed())).await;
        view.service(match next {
            Health::Well => "is well again",
            Health::Unavailable => "answers 503 from now on",
            Health::Hanging => "hangs from now on: it takes calls and never answers",
        });
        health.send_replace(next);
    }
}

async fn answer(health: watch::Receiver<Health>, text: &'static str) -> Response {
    let health = *health.borrow();
    match health {
        Health::Well => text.into_response(),
        Health::Unavailable => StatusCode::SERVICE_UNAVAILABLE.into_response(),
        Health::Hanging => future::pending().await,
    }
}
