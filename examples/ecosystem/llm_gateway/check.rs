//! Asks the gateway until all of its circuits but one are open, and changes its settings while it runs.

use std::time::Duration;
use std::{env, fs, process};

use circuit_runtime::find;
use reqwest::Client;

use crate::{AnyError, follow};

pub(crate) async fn run(url: &str) -> Result<(), AnyError> {
    let http = Client::new();
    for call in 1..=6 {
        let answer = http.post(format!("{url}/v1/large")).body("Why?").send().await?;
        println!("{call}: {} {:?}", answer.status(), answer.headers().get("x-endpoint"));
    }
    for (model, call) in
        ["story", "poem"].iter().flat_map(|model| (1..=4).map(move |it| (model, it)))
    {
        let mut answer =
            http.post(format!("{url}/v1/{model}/stream")).body("Tell me!").send().await?;
        let endpoint = answer.headers().get("x-endpoint").cloned();
        let mut read = String::new();
        let end = loop {
            match answer.chunk().await {
                Ok(Some(token)) => read.push_str(&String::from_utf8_lossy(&token)),
                Ok(None) => break "to its end",
                Err(_) => break "until it broke off",
            }
        };
        println!("{model} {call}: {endpoint:?} {read:?} {end}");
    }
    let get = async |path: &str| http.get(format!("{url}{path}")).send().await?.text().await;
    println!("{}", get("/status").await?);
    let page = get("/circuits/ui").await?.contains("<html");
    let metrics = get("/metrics").await?.contains("circuit_breaker_calls_total");
    println!("page: {page}, metrics: {metrics}");
    let path = env::temp_dir().join(format!("llm-gateway-{}.toml", process::id()));
    fs::write(&path, "[circuits.models]\nthreshold = 7\n")?;
    tokio::spawn(follow(path.clone()));
    let models = find("models").ok_or("it has had calls")?;
    while !format!("{:?}", models.config()).contains("threshold: 7") {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    println!("threshold 7 is in force");
    Ok(fs::remove_file(path)?)
}
