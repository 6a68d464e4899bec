//! One outage in real time, against real sockets: a server on this machine plays the fake service.

mod client;
mod server;

use std::error::Error;
use std::io;
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::measure::Measured;
use crate::outage::Course;
use crate::service::Service;
use crate::strategy::Strategy;
use crate::{load, page};
use client::Connection;
pub(crate) use server::Traffic;

/// Runs all strategies, and prints what comes of it.
pub(crate) fn run(course: Course) -> Result<(), Box<dyn Error>> {
    let outage = course.outage;
    println!(
        "{}: {} strategies side by side, {} s",
        outage.title,
        outage.strategies().len(),
        (course.length() + course.rest()).as_secs()
    );
    circuit_runtime::on_transition(|change| {
        println!("{}: {} -> {}: {}", change.circuit, change.from, change.to, change.reason);
    });
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let runs = runtime.block_on(side_by_side(course))?;
    let measured: Vec<Measured> = runs.iter().map(|(measured, _)| measured.clone()).collect();
    println!("\n{}", page::section(outage, &measured));
    for (measured, traffic) in runs {
        let (calls, connections) = (traffic.calls(), traffic.connections());
        println!("{}: {calls} calls over {connections} connections", measured.strategy.label);
    }
    Ok(())
}

/// All strategies, each against a server of its own.
pub(crate) async fn side_by_side(course: Course) -> io::Result<Vec<(Measured, Arc<Traffic>)>> {
    let mut runs = JoinSet::new();
    for (place, strategy) in course.outage.strategies().into_iter().enumerate() {
        runs.spawn(async move { (place, one(course, strategy).await) });
    }
    let mut runs = runs.join_all().await;
    runs.sort_by_key(|&(place, _)| place);
    runs.into_iter().map(|(_, run)| run).collect()
}

async fn one(course: Course, strategy: Strategy) -> io::Result<(Measured, Arc<Traffic>)> {
    let service = Arc::new(Service::new(course));
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let connection = Arc::new(Connection::to(listener.local_addr()?));
    let traffic = Arc::new(Traffic::default());
    // Dropped at the end, and the server with it.
    let mut server = JoinSet::new();
    server.spawn(server::serve(listener, Arc::clone(&service), Arc::clone(&traffic)));
    let request = move |_, call| client::ask(Arc::clone(&connection), call);
    let measured = load::load(course, strategy, &service, request).await?;
    Ok((measured, traffic))
}
