//! A fail-over to a replica that lacks the latest orders: replication is asynchronous.

use circuit_fleet::{Action, Fleet, Operator};
use circuit_runtime::{CircuitBreaker, Mode};

use crate::proxy::Proxy;
use crate::server::Redis;
use crate::{Other, Turn, circuit, draft, options, until};

/// An instance behind an address that follows the primary, which has a replica.
struct Pair {
    turn: Turn,
    replica: Redis,
    proxy: Proxy,
    fleet: Fleet,
}

impl Pair {
    fn start() -> Self {
        let turn = Turn::take();
        let replica = Redis::start();
        let port = turn.redis.port().to_string();
        assert_eq!(replica.command(&["REPLICAOF", "127.0.0.1", &port]), "OK");
        until("the replica is in step", || {
            replica.command(&["INFO", "replication"]).contains("master_link_status:up")
        });
        let proxy = Proxy::to(&turn.redis);
        let fleet = Turn::join_at(&proxy.address(), &options("a"));
        assert!(turn.is_ready(&fleet));
        Pair { turn, replica, proxy, fleet }
    }

    fn has(&self, version: &str) -> bool {
        self.replica.command(&["HEXISTS", "f:{test}:orders", version]) == "1"
    }

    /// From now on the replica hears of nothing: a link that breaks a moment before the primary does.
    fn cut_the_replica_off(&self) {
        assert_eq!(self.replica.command(&["REPLICAOF", "NO", "ONE"]), "OK");
    }

    /// The primary dies, and the address leads to the replica. Waits until the instance has told that.
    fn fail_over(&mut self) {
        self.turn.redis.kill();
        self.proxy.lead_to(&self.replica);
        let mut operator = self.operator();
        // What it said before the fail-over may have been replicated.
        self.replica.command(&["DEL", "f:{test}:report:a"]);
        until("the instance has beaten at the replica", || {
            let view = self.turn.runtime.block_on(operator.view());
            view.is_ok_and(|view| view.instances.iter().any(|it| it.name == "a" && !it.silent))
        });
    }

    fn operator(&self) -> Operator {
        Operator::new(&self.replica.address(), "test").unwrap()
    }

    /// Gives an order to the new primary, and waits until the instance has taken notice. Returns its version.
    fn order(&self, action: Action) -> u64 {
        let mut operator = self.operator();
        let version = self.turn.runtime.block_on(operator.order(&draft(action))).unwrap();
        until("the order is acknowledged", || {
            let acknowledged = self.turn.runtime.block_on(operator.acknowledged(version));
            acknowledged.is_ok_and(|it| it.instances > 0 && it.silent.is_empty())
        });
        version
    }

    fn leave(self) {
        self.turn.leave(self.fleet);
    }
}

fn force_open(breaker: &CircuitBreaker) -> Action {
    Action::mode(breaker.name(), Mode::ForcedOpen)
}

#[test]
#[ignore = "needs redis-server"]
fn an_order_that_a_fail_over_has_lost_is_obeyed_and_can_be_restored() {
    let mut pair = Pair::start();
    let (early, late) = (circuit("replicated"), circuit("lost"));
    pair.turn.order(&draft(force_open(early)));
    until("the first order is replicated", || pair.has("1"));
    pair.cut_the_replica_off();
    pair.turn.order(&draft(force_open(late)));
    pair.fail_over();

    assert!(pair.has("1") && !pair.has("2"));
    assert_eq!((early.mode(), late.mode()), (Mode::ForcedOpen, Mode::ForcedOpen));
    let mut operator = pair.operator();
    assert_eq!(pair.turn.runtime.block_on(operator.restore("bob")).unwrap(), [2]);
    let other = Other::start(&pair.replica, "b");
    until("an instance that starts now obeys both", || {
        let view = pair.turn.runtime.block_on(operator.view());
        view.is_ok_and(|view| view.instances.iter().any(|it| it.name == "b" && it.obeys == [1, 2]))
    });
    other.leave();
    // The instance sees the restored one as what it obeys already.
    assert_eq!(pair.order(Action::Cancel(2)), 3);
    assert_eq!((early.mode(), late.mode()), (Mode::ForcedOpen, Mode::Normal));
    pair.leave();
}

#[test]
#[ignore = "needs redis-server"]
fn what_was_lifted_does_not_come_back_when_a_fail_over_has_lost_that() {
    let mut pair = Pair::start();
    let breaker = circuit("lifted");
    pair.turn.order(&draft(force_open(breaker)));
    until("the order is replicated", || pair.has("1"));
    pair.cut_the_replica_off();
    pair.turn.order(&draft(Action::Cancel(1)));
    assert_eq!(breaker.mode(), Mode::Normal);
    pair.fail_over();

    assert!(pair.has("1") && !pair.has("2"), "the order stands again");
    assert_eq!(breaker.mode(), Mode::Normal, "and isn't obeyed");
    // Whoever knows only the new primary gives a version again that the instance has seen.
    let now: u64 = pair.replica.command(&["TIME"]).lines().next().unwrap().parse().unwrap();
    let forged = r#"{"form":1,"what":{"settings":{"circuits":{"lifted":{"mode":"disabled"}}}},"by":"x","user":"y"}"#;
    let forged = format!("{} {forged}", (now + 600) * 1000);
    pair.replica.command(&["HSET", "f:{test}:orders", "2", &forged]);
    pair.replica.command(&["SET", "f:{test}:version", "2"]);
    // The next order is above all that were seen; acknowledging it, the instance has looked at the others, too.
    assert_eq!(pair.order(Action::mode("no such circuit", Mode::Shadow)), 3);
    assert_eq!(breaker.mode(), Mode::Normal);
    assert_eq!(pair.order(force_open(breaker)), 4);
    assert_eq!(breaker.mode(), Mode::ForcedOpen);
    pair.leave();
}
