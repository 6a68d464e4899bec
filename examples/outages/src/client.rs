//! The client of the fake service, with one of several breakers, or with none.

use std::pin::pin;
use std::time::Duration;

use circuit_runtime::{CircuitBreaker, CircuitOpenError, KeyedBreaker, Outcome};
use futures_lite::stream::{Stream, StreamExt};
use tokio::time;

use crate::service::{Call, Failure};
use crate::strategy::Strategy;

enum Circuit {
    None,
    One(&'static CircuitBreaker),
    ByPart(&'static KeyedBreaker),
}

pub(crate) struct Client {
    strategy: Strategy,
    circuit: Circuit,
    /// How long the client waits for an answer.
    pub(crate) limit: Option<Duration>,
}

impl Client {
    /// Keys need a breaker that lives as long as the program, so each client leaks one.
    pub(crate) fn new(strategy: Strategy, limit: Option<Duration>) -> Self {
        let circuit = match strategy.config {
            None => Circuit::None,
            Some(config) if strategy.by_part => {
                Circuit::ByPart(Box::leak(Box::new(KeyedBreaker::new(strategy.label, config, 100))))
            }
            Some(config) => {
                Circuit::One(Box::leak(Box::new(CircuitBreaker::new(strategy.label, config))))
            }
        };
        Client { strategy, circuit, limit: strategy.limit.or(limit) }
    }

    pub(crate) async fn call(
        &self,
        call: Call,
        mut parts: impl Stream<Item = Result<(), Failure>> + Unpin,
    ) -> Result<(), Failure> {
        let judge = |result: &Result<(), Failure>| self.judge(result);
        let rejected = |_: CircuitOpenError| Err(Failure::Rejected);
        match self.circuit {
            Circuit::One(breaker) if self.strategy.guards_streams => {
                all(breaker
                    .guard_stream_with(judge, parts)
                    .map(|part| part.unwrap_or_else(rejected)))
                .await
            }
            Circuit::None => {
                self.limited(parts.next()).await?;
                all(parts).await
            }
            Circuit::One(breaker) => {
                let head = self.limited(parts.next());
                breaker.call_with_async(judge, head).await.unwrap_or_else(rejected)?;
                all(parts).await
            }
            Circuit::ByPart(breaker) => {
                let key = call.part.to_string();
                let head = breaker.key(&key).call_with_async(judge, self.limited(parts.next()));
                head.await.unwrap_or_else(rejected)?;
                all(parts).await
            }
        }
    }

    async fn limited(
        &self,
        head: impl Future<Output = Option<Result<(), Failure>>>,
    ) -> Result<(), Failure> {
        let head = match self.limit {
            None => head.await,
            Some(limit) => time::timeout(limit, head).await.unwrap_or(Some(Err(Failure::TimedOut))),
        };
        head.unwrap_or(Err(Failure::Failed))
    }

    fn judge(&self, result: &Result<(), Failure>) -> Outcome {
        match *result {
            Ok(()) => Outcome::Success,
            Err(Failure::Unavailable(wait)) if self.strategy.heeds_retry_after => {
                Outcome::OpenFor(wait)
            }
            Err(_) => Outcome::Failure,
        }
    }
}

/// Reads a stream to its end, or to its first error.
async fn all(parts: impl Stream<Item = Result<(), Failure>>) -> Result<(), Failure> {
    let mut parts = pin!(parts);
    while let Some(part) = parts.next().await {
        part?;
    }
    Ok(())
}
