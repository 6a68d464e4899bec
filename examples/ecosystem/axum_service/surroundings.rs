//! What a real service wouldn't bring along: its visitors, and the service that it depends on.

use std::{
    io,
    net::Ipv4Addr,
    time::{Duration, Instant},
};

use axum::{Router, extract::Path, http::StatusCode, routing::get};
use reqwest::Client;
use tokio::{net::TcpListener, time};

/// What makes the circuits busy: a visitor every tenth of a second.
pub(crate) async fn load(http: Client, url: String) {
    let mut ticks = time::interval(Duration::from_millis(100));
    loop {
        ticks.tick().await;
        let _ = http.get(&url).send().await;
    }
}

/// The service that this one depends on. It fails from the second to the fifth of every ten seconds.
pub(crate) async fn start_upstream() -> io::Result<String> {
    let start = Instant::now();
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let address = listener.local_addr()?;
    let answer = async move |Path(what): Path<String>| match start.elapsed().as_secs() % 10 {
        2..5 => Err(StatusCode::INTERNAL_SERVER_ERROR),
        _ => Ok(if what == "price" { "49.90" } else { "12 in stock" }),
    };
    let app = Router::new().route("/{what}", get(answer));
    tokio::spawn(async move { axum::serve(listener, app).await });
    Ok(format!("http://{address}"))
}
