//! Refuses requests that a page of another site has made an operator's browser send.

use axum::http::uri::Authority;
use axum::http::{HeaderMap, Uri, header};

/// The hosts under which operators reach the routes; see
/// [`with_control`](super::CircuitRoutes::with_control).
#[derive(Debug, Clone)]
pub(super) struct Hosts(Vec<Host>);

#[derive(Debug, Clone, PartialEq)]
struct Host {
    scheme: String,
    name: String,
    /// `None`: any.
    port: Option<u16>,
}

impl Hosts {
    pub(super) fn new(hosts: &[&str]) -> Self {
        Hosts(hosts.iter().map(|host| Host::listed(host)).collect())
    }

    /// Refuses a request that a page of another site may have made an operator's browser send, with
    /// the operator's cookies.
    pub(super) fn check(&self, uri: &Uri, headers: &HeaderMap) -> Result<(), &'static str> {
        let text = |name| headers.get(name).map(|value| value.to_str().unwrap_or_default());
        let host = uri.authority().map(Authority::as_str).or(text(header::HOST));
        let host = host.and_then(|host| Host::parse("", host));
        // DNS rebinding: if the name of another site resolves to this server, its pages have our
        // origin.
        let Some(host) = host.filter(|host| self.has(host)) else {
            return Err("this host is not among those of `with_control`");
        };
        let origin = text(header::ORIGIN);
        let is_own = match (text(header::HeaderName::from_static("sec-fetch-site")), origin) {
            // Set by the browser; no page can change it.
            (Some(site), _) => matches!(site, "same-origin" | "none"),
            // An older browser, or plain HTTP, where browsers don't send it.
            (None, Some(origin)) => Host::origin(origin).is_some_and(|origin| origin.is_at(&host)),
            // Not a browser.
            (None, None) => true,
        };
        if !is_own {
            return Err("requests of another site are refused");
        }
        // Behind a proxy that rewrites `Host`, only `Origin` shows the name of the other site.
        if !origin.is_none_or(|origin| Host::origin(origin).is_some_and(|origin| self.has(&origin)))
        {
            return Err(
                "this origin is not among the hosts of `with_control`; for plain HTTP they need `http://`",
            );
        }
        // A form can't send this type, and a script of another site only if the server allowed it
        // by CORS, which it doesn't.
        let content_type = text(header::CONTENT_TYPE).unwrap_or_default();
        let essence = content_type.split(';').next().unwrap_or_default().trim();
        if !essence.eq_ignore_ascii_case("application/json") {
            return Err("send the header `content-type: application/json`");
        }
        Ok(())
    }

    fn has(&self, asked: &Host) -> bool {
        asked.is_loopback() || self.0.iter().any(|listed| listed.covers(asked))
    }
}

impl Host {
    /// `admin.example`, `admin.example:8443`, `https://admin.example` or `http://10.0.0.7:3000`.
    fn listed(text: &str) -> Self {
        let text = text.trim().trim_end_matches('/');
        let host = Host::origin(text).or_else(|| Host::parse("https", text));
        // A text that isn't a host matches no request.
        host.unwrap_or(Host { scheme: String::new(), name: String::new(), port: Some(0) })
    }

    fn origin(text: &str) -> Option<Self> {
        let (scheme, authority) = text.split_once("://")?;
        Host::parse(scheme, authority)
    }

    fn parse(scheme: &str, authority: &str) -> Option<Self> {
        let authority: Authority = authority.parse().ok()?;
        // A name before an `@` is there to deceive.
        let is_plain = !authority.as_str().contains('@') && !authority.host().is_empty();
        is_plain.then(|| Host {
            scheme: scheme.to_ascii_lowercase(),
            name: authority.host().trim_end_matches('.').to_ascii_lowercase(),
            port: authority.port_u16(),
        })
    }

    /// Whether a request's host or origin matches this listed one; a `Host` header has no scheme.
    fn covers(&self, asked: &Host) -> bool {
        self.name == asked.name
            && self.port.is_none_or(|port| asked.port_or_default(&self.scheme) == Some(port))
            && (asked.scheme.is_empty() || asked.scheme == self.scheme)
    }

    /// Whether an origin is at this host.
    fn is_at(&self, host: &Host) -> bool {
        self.name == host.name
            && self.port_or_default(&self.scheme) == host.port_or_default(&self.scheme)
    }

    fn port_or_default(&self, scheme: &str) -> Option<u16> {
        self.port.or(match scheme {
            "http" => Some(80),
            "https" => Some(443),
            _ => None,
        })
    }

    fn is_loopback(&self) -> bool {
        let address = self.name.trim_start_matches('[').trim_end_matches(']');
        let is_web = matches!(self.scheme.as_str(), "" | "http" | "https");
        is_web
            && (self.name == "localhost"
                || address.parse().is_ok_and(|address: std::net::IpAddr| address.is_loopback()))
    }
}
