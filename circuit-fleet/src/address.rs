//! The address of Redis; through TLS with the feature `tls`.

use redis::Client;

use crate::error::JoinError;

/// A client of this address. Connects to nothing yet.
pub(crate) fn client(address: &str) -> Result<Client, JoinError> {
    if is_through_tls(address) {
        #[cfg(feature = "tls")]
        provide_cryptography();
        // Refused even if the program's own features have taught the client TLS: without a provider of cryptography, it panics.
        #[cfg(not(feature = "tls"))]
        return Err(JoinError::Tls);
    }
    Client::open(address).map_err(JoinError::Address)
}

/// Whether an address has a scheme that the client takes for TLS.
fn is_through_tls(address: &str) -> bool {
    let scheme = address.split_once(':').map_or("", |(scheme, _)| scheme.trim_start());
    ["rediss", "valkeys"].iter().any(|it| it.eq_ignore_ascii_case(scheme))
}

/// The client takes the provider of the process: the program's own, or ring.
#[cfg(feature = "tls")]
fn provide_cryptography() {
    use rustls::crypto::{CryptoProvider, ring};

    if CryptoProvider::get_default().is_none() {
        // Somebody else may have been faster: then there is one all the same.
        let _ = ring::default_provider().install_default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_through_tls_are_known_by_their_scheme() {
        for (address, is_tls) in [
            ("redis://host", false),
            ("rediss://host:6380/0", true),
            ("REDISS://host", true),
            ("valkeys://host", true),
            ("redis+unix:///rediss:", false),
            ("rediss", false),
        ] {
            assert_eq!(is_through_tls(address), is_tls, "{address}");
        }
    }

    #[test]
    #[cfg(feature = "tls")]
    fn with_the_feature_there_is_a_client_and_a_provider_of_cryptography() {
        assert!(client("rediss://127.0.0.1").is_ok());
        assert!(rustls::crypto::CryptoProvider::get_default().is_some());
    }

    #[test]
    #[cfg(not(feature = "tls"))]
    fn without_the_feature_the_error_names_it() {
        let error = client("rediss://127.0.0.1").unwrap_err().to_string();
        assert!(error.contains("feature `tls` of circuit-fleet"), "{error}");
    }
}
