//! The names of the keys in Redis. All of a namespace have one hash tag, so that a script may use several in a cluster, too.

/// The keys of one namespace.
#[derive(Debug, Clone)]
pub(crate) struct Keys {
    prefix: String,
}

impl Keys {
    pub(crate) fn of(namespace: &str) -> Self {
        Keys { prefix: format!("f:{{{namespace}}}") }
    }

    fn key(&self, name: &str) -> String {
        format!("{}:{name}", self.prefix)
    }

    /// A sorted set: each instance, by the server's time of its last beat.
    pub(crate) fn live(&self) -> String {
        self.key("live")
    }

    /// A hash: each order by its version, as its end by the server's clock in ms, a space, and JSON.
    pub(crate) fn orders(&self) -> String {
        self.key("orders")
    }

    /// A number: the highest version so far.
    pub(crate) fn version(&self) -> String {
        self.key("version")
    }

    /// A stream: who ordered what, and when.
    pub(crate) fn audit(&self) -> String {
        self.key("audit")
    }

    /// A string that expires: what one instance reports.
    pub(crate) fn report(&self, instance: &str) -> String {
        self.key(&format!("report:{instance}"))
    }

    /// What the record of one circuit is kept in, in the order in which the script wants it: a hash of the instances' latest
    /// reports, sorted sets of them by time, by their first failure that counts, and of those in the opening, and a string.
    pub(crate) fn record(&self, circuit: &str) -> [String; 5] {
        [
            "evidence:reports",
            "evidence:times",
            "evidence:failing",
            "opening:members",
            "opening:record",
        ]
        .map(|name| self.key(&format!("{name}:{circuit}")))
    }

    /// A channel: how things stand with one circuit, if that has changed.
    pub(crate) fn status(&self, circuit: &str) -> String {
        self.key(&format!("status:{circuit}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_keys_of_a_namespace_are_in_one_slot() {
        let keys = Keys::of("checkout");
        let all = [keys.live(), keys.orders(), keys.version(), keys.audit(), keys.report("pod-7")];
        let all = all.into_iter().chain(keys.record("shop::{pay}"));
        for key in all.chain([keys.status("shop::{pay}")]) {
            assert!(key.starts_with("f:{checkout}:"), "{key}");
        }
    }
}
