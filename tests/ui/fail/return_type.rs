//! Return types that need more options: one error each, at the type.

use circuit_runtime::{CircuitOpenError, circuit_breaker};

struct E;

impl From<CircuitOpenError> for E {
    fn from(_: CircuitOpenError) -> E {
        E
    }
}

use std::future::Future;
use std::pin::Pin;

type Fut = Pin<Box<dyn Future<Output = Result<u8, E>>>>;

mod own {
    pub enum Result<T> {
        Ok(T),
    }
}

#[circuit_breaker]
fn integer() -> u32 {
    1
}

#[circuit_breaker]
async fn integer_async() -> u32 {
    1
}

#[circuit_breaker(fallback = 0)]
fn with_fallback() -> u32 {
    1
}

#[circuit_breaker(fallback = 0)]
async fn with_fallback_async() -> u32 {
    1
}

#[circuit_breaker(failure = 0)]
fn with_failure() -> u32 {
    1
}

#[circuit_breaker(classify = |_| circuit_runtime::Outcome::Success)]
async fn with_classify() -> u32 {
    1
}

#[circuit_breaker(ignore = 0)]
fn with_ignore() -> u32 {
    1
}

#[circuit_breaker]
fn option() -> Option<u8> {
    Some(1)
}

#[circuit_breaker]
fn nothing() {}

#[circuit_breaker]
async fn nothing_async() {}

#[circuit_breaker]
fn own_type() -> own::Result<u8> {
    own::Result::Ok(1)
}

#[circuit_breaker]
fn impl_trait() -> impl Iterator<Item = u8> {
    std::iter::empty()
}

#[circuit_breaker]
fn future_alias() -> Fut {
    let n = 1;
    Box::pin(async move { Ok(n) })
}

#[circuit_breaker]
fn boxed() -> Pin<Box<dyn Future<Output = u8>>> {
    Box::pin(async move { 1 })
}

#[circuit_breaker(timeout = "1s")]
async fn timeout_bare() -> u32 {
    1
}

#[circuit_breaker(timeout = "1s", failure = 0, fallback = 0)]
async fn timeout_open() -> u32 {
    1
}

#[circuit_breaker(timeout = "1s", fallback = 0)]
async fn timeout_fallback() -> u32 {
    1
}

#[circuit_breaker]
fn text() -> &'static str {
    "text"
}

#[circuit_breaker]
async fn owned_text() -> String {
    String::new()
}

#[circuit_breaker(fallback = Vec::new())]
fn list() -> Vec<u8> {
    Vec::new()
}

#[circuit_breaker(failure = false)]
fn truth() -> bool {
    true
}

#[circuit_breaker]
fn pair() -> (u8, u8) {
    (1, 2)
}

#[circuit_breaker(fallback = ())]
fn nothing_fallback() {
    ()
}

#[circuit_breaker]
fn impl_result() -> impl std::fmt::Display {
    "text"
}

trait IntoResponse {}

impl IntoResponse for u8 {}

#[circuit_breaker]
async fn impl_async() -> impl IntoResponse {
    1_u8
}

#[circuit_breaker(fallback = 0)]
fn impl_with_fallback() -> impl IntoResponse {
    1_u8
}

#[circuit_breaker(fallback = 0, timeout = "1s")]
async fn impl_with_fallback_and_timeout() -> impl IntoResponse {
    1_u8
}

#[circuit_breaker(failure = Err(_))]
fn impl_with_failure() -> impl IntoResponse {
    1_u8
}

#[circuit_breaker(ignore = Err(_))]
fn impl_with_ignore() -> impl IntoResponse {
    1_u8
}

#[circuit_breaker]
fn impl_in_future() -> impl Future<Output = impl IntoResponse> {
    async move { 1_u8 }
}

type Alias = u8;

#[circuit_breaker(failure = Err(_))]
fn alias_with_failure() -> Alias {
    1
}

#[circuit_breaker(ignore = Err(_), timeout = "1s")]
async fn alias_with_ignore() -> Alias {
    1
}

#[circuit_breaker(fallbakc = 0)]
fn unknown_option() -> u32 {
    1
}

#[circuit_breaker]
fn option_of_result() -> Option<Result<u8, E>> {
    None
}

fn main() {}
