//! A conversion, and options that add code before and behind the body.

use circuit_runtime::circuit_breaker;

use super::{Client, E, Limit, Shop};

#[circuit_breaker]
impl TryFrom<&Shop<u8>> for Limit {
    type Error = E;

    #[circuit_breaker]
    fn try_from(client: &Shop<u8>) -> Result<Self, E> {
        Ok(Self(client.timeout.0 + u32::from(client.with)))
    }
}

impl Client {
    /// Asks first.
    ///
    /// # Errors
    ///
    /// Never.
    #[circuit_breaker(ping = |text, _pair| self.health(text), stale = "10m", stale_key = (self.name, text), max_stale = 10)]
    pub fn asked(&self, text: &str, (mut a, _b): (u8, u8)) -> Result<usize, E> {
        a += 1;
        Ok(text.len() + usize::from(a))
    }

    /// Asks first, by a path.
    ///
    /// # Errors
    ///
    /// Never.
    #[circuit_breaker(ping = Self::health)]
    pub fn asked_by_path(&self, text: &str) -> Result<usize, E> {
        Ok(text.len())
    }

    fn health(&self, text: &str) -> Result<usize, E> {
        Ok(text.len() + self.name.len())
    }

    /// Asks first, and waits.
    ///
    /// # Errors
    ///
    /// Never.
    #[circuit_breaker(
        timeout = "1s",
        ping = async |_text, _n| Ok::<(), E>(()),
        stale = "10m",
        stale_key = (&self.name, &text),
        fallback = |_text, n| Ok(n),
        fallback_on = any
    )]
    pub async fn asked_later(&self, mut text: String, _n: usize) -> Result<usize, E> {
        text.push('!');
        Ok(std::future::ready(text.len()).await)
    }
}

/// One value for all.
///
/// # Errors
///
/// Never.
#[circuit_breaker(ping = well, stale = "10m", fallback_on = any)]
pub async fn all() -> Result<u8, E> {
    Ok(std::future::ready(1).await)
}

async fn well() -> Result<(), E> {
    std::future::ready(Ok(())).await
}
