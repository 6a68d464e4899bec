//! A connection to Redis, made anew where that may help.

use std::sync::Arc;
use std::time::Duration;

use redis::aio::{AsyncPushSender, ConnectionManager, ConnectionManagerConfig};
use redis::{Client, ErrorKind, ProtocolVersion, RedisError, RedisResult};

/// What is older is dropped, by scripts and by instances. So no answer is waited for longer.
pub(crate) const STALE: Duration = Duration::from_secs(2);

/// So many failures in a row, and the address is resolved anew.
const FAILURES: u32 = 3;

/// A connection that is made when it is needed.
pub(crate) struct Link {
    client: Client,
    pushes: Option<Arc<dyn AsyncPushSender>>,
    connection: Option<ConnectionManager>,
    failures: u32,
}

impl Link {
    pub(crate) fn new(client: Client) -> Self {
        Link { client, pushes: None, connection: None, failures: 0 }
    }

    /// One on which the server may say something unasked.
    pub(crate) fn with_pushes(
        client: &Client,
        pushes: Arc<dyn AsyncPushSender>,
    ) -> RedisResult<Self> {
        let info = client.get_connection_info().clone();
        let settings = info.redis_settings().clone().set_protocol(ProtocolVersion::RESP3);
        let client = Client::open(info.set_redis_settings(settings))?;
        Ok(Link { pushes: Some(pushes), ..Link::new(client) })
    }

    pub(crate) fn connection(&mut self) -> RedisResult<ConnectionManager> {
        if let Some(connection) = &self.connection {
            return Ok(connection.clone());
        }
        let config = ConnectionManagerConfig::new()
            .set_connection_timeout(Some(STALE))
            .set_response_timeout(Some(STALE))
            .set_number_of_retries(0);
        let config = match &self.pushes {
            Some(pushes) => {
                config.set_push_sender(Arc::clone(pushes)).set_automatic_resubscription()
            }
            None => config,
        };
        let connection = ConnectionManager::new_lazy_with_config(self.client.clone(), config)?;
        Ok(self.connection.insert(connection).clone())
    }

    /// After failures in a row, and where the user or the password is no more what it was, a connection is made anew.
    /// Whether it is.
    pub(crate) fn judge(&mut self, error: Option<&RedisError>) -> bool {
        let Some(error) = error else {
            self.failures = 0;
            return false;
        };
        self.failures += 1;
        let is_stale = error.kind() == ErrorKind::AuthenticationFailed
            || matches!(error.code(), Some("NOAUTH" | "WRONGPASS"));
        let is_anew = is_stale || self.failures >= FAILURES;
        if is_anew {
            self.connection = None;
            self.failures = 0;
        }
        is_anew
    }
}
