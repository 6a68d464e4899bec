//! The client of the fake service, with one of several breakers, or with none.

use std::time::Duration;

use circuit_runtime::{CircuitBreaker, CircuitOpenError, Config, KeyedBreaker, Outcome};
use tokio::time;

use crate::service::{Call, Failure};

/// How a client protects itself.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Strategy {
    /// The options, as in the attribute.
    pub(crate) label: &'static str,
    config: Option<Config>,
    by_part: bool,
    heeds_retry_after: bool,
    limit: Option<Duration>,
}

impl Strategy {
    pub(crate) fn none() -> Self {
        Strategy {
            label: "no breaker",
            config: None,
            by_part: false,
            heeds_retry_after: false,
            limit: None,
        }
    }

    pub(crate) fn circuit(label: &'static str, config: Config) -> Self {
        Strategy { label, config: Some(config), ..Self::none() }
    }

    /// A circuit for each node or tenant.
    pub(crate) fn by_part(self) -> Self {
        Strategy { by_part: true, ..self }
    }

    /// What the service asks for counts.
    pub(crate) fn heeding_retry_after(self) -> Self {
        Strategy { heeds_retry_after: true, ..self }
    }

    /// A limit for the call, instead of the client's own.
    pub(crate) fn limit(self, limit: Duration) -> Self {
        Strategy { limit: Some(limit), ..self }
    }
}

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
        request: impl Future<Output = Result<(), Failure>>,
    ) -> Result<(), Failure> {
        let limited = async {
            match self.limit {
                None => request.await,
                Some(limit) => {
                    time::timeout(limit, request).await.unwrap_or(Err(Failure::TimedOut))
                }
            }
        };
        let judge = |result: &Result<(), Failure>| self.judge(result);
        let rejected = |_: CircuitOpenError| Err(Failure::Rejected);
        match self.circuit {
            Circuit::None => limited.await,
            Circuit::One(breaker) => {
                breaker.call_with_async(judge, limited).await.unwrap_or_else(rejected)
            }
            Circuit::ByPart(breaker) => {
                let key = call.part().to_string();
                let guarded = breaker.key(&key).call_with_async(judge, limited);
                guarded.await.unwrap_or_else(rejected)
            }
        }
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
