//! An outage and its end, in ten seconds: a service in this process is well, answers 503, hangs and recovers, while
//! two clients keep calling it through their circuits.
//!
//! - `service.rs`: the service and its script.
//! - `client.rs`: the two functions under `#[circuit_breaker]`. Start reading there.
//! - `view.rs`: what you see.

mod client;
mod service;
mod view;

use std::{io, net::SocketAddr, sync::Arc, thread, time::Duration};

use view::{Call, View};

/// Between two calls of one client.
const PAUSE: Duration = Duration::from_millis(300);

#[tokio::main(flavor = "current_thread")]
async fn main() -> io::Result<()> {
    let view = Arc::new(View::new());
    circuit_runtime::on_transition({
        let view = Arc::clone(&view);
        move |transition| view.transition(transition)
    });

    let address = service::start(Arc::clone(&view)).await?;
    view.heading(address);

    let stock = tokio::task::spawn_blocking({
        let view = Arc::clone(&view);
        move || ask_for_stock(&view, address)
    });
    ask_for_prices(&view, address).await;
    stock.await?;

    view.summary();
    Ok(())
}

async fn ask_for_prices(view: &View, service: SocketAddr) {
    let http = reqwest::Client::new();
    while view.elapsed() < service::END {
        let call = Call::begin("price");
        let answer = client::price(&http, service).await;
        view.answer(&call, &answer);
        tokio::time::sleep(PAUSE).await;
    }
}

fn ask_for_stock(view: &View, service: SocketAddr) {
    // Half a beat behind the other client, so that their lines take turns.
    thread::sleep(PAUSE / 2);
    while view.elapsed() < service::END {
        let call = Call::begin("stock");
        let answer = client::stock(service);
        view.answer(&call, &answer);
        thread::sleep(PAUSE);
    }
}
