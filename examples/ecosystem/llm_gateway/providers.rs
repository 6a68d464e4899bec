//! Stand-ins for providers.

use std::collections::HashMap;
use std::future::pending;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::routing::post;
use futures_lite::stream::{self, StreamExt};
use tokio::net::TcpListener;
use tokio::time::sleep;

/// Where each provider is.
pub(crate) type Urls = Arc<HashMap<&'static str, String>>;

pub(crate) async fn start() -> io::Result<Urls> {
    let requests = Arc::new(AtomicU32::new(0));
    // Takes two requests, and asks to be left alone for half a minute.
    let alpha = move || {
        let within_the_limit = requests.fetch_add(1, Ordering::Relaxed) < 2;
        std::future::ready(if within_the_limit {
            Ok("Rayleigh scattering.")
        } else {
            Err((StatusCode::TOO_MANY_REQUESTS, [("retry-after", "30")]))
        })
    };
    let beta = async move |Path(model): Path<String>| match &*model {
        "small" => Ok("Rayleigh scattering."),
        _ => Err(StatusCode::INTERNAL_SERVER_ERROR),
    };
    let gamma = async || pending::<&str>().await;
    // Two tokens of a story, or a head alone, and then the connection is gone.
    let delta = async |Path(model): Path<String>| {
        let tokens: &[_] = if model == "story" { &["Once", " upon"] } else { &[] };
        let tokens = tokens.iter().copied().map(Ok).chain([Err(io::Error::other("reset"))]);
        Body::from_stream(stream::iter(tokens).then(async |token| {
            sleep(Duration::from_millis(10)).await;
            token
        }))
    };
    let mut urls = HashMap::new();
    for (name, method) in [
        ("alpha", post(alpha)),
        ("beta", post(beta)),
        ("gamma", post(gamma)),
        ("delta", post(delta)),
    ] {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        urls.insert(name, format!("http://{}", listener.local_addr()?));
        let app = Router::new().route("/{model}", method);
        tokio::spawn(async move { axum::serve(listener, app).await });
    }
    Ok(Arc::new(urls))
}
