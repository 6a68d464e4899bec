//! A span that declares the fields is told which circuit rejected its call, and why; by a subscriber
//! that doesn't want the events of rejections.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::atomic::{AtomicU64, Ordering};

use circuit_runtime::{CircuitBreaker, Config, Permit, circuit_breaker, find};
use tracing::field::{Empty, Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::set_global_default;
use tracing::{Event, Metadata, Subscriber, info_span};
use tracing_core::span::Current;

type Fields = BTreeMap<String, String>;

thread_local! {
    static ENTERED: RefCell<Vec<(Id, &'static Metadata<'static>)>> = const { RefCell::new(Vec::new()) };
    static MADE: RefCell<Vec<&'static Metadata<'static>>> = const { RefCell::new(Vec::new()) };
    static RECORDED: RefCell<Fields> = const { RefCell::new(Fields::new()) };
}

struct OnlySpans(AtomicU64);

struct Into<'a>(&'a mut Fields);

impl Visit for Into<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.0.insert(field.name().to_owned(), format!("{value:?}"));
    }
    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name().to_owned(), value.to_owned());
    }
}

impl Subscriber for OnlySpans {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() <= tracing::Level::INFO
    }
    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(LevelFilter::INFO)
    }
    fn new_span(&self, span: &Attributes<'_>) -> Id {
        MADE.with_borrow_mut(|made| made.push(span.metadata()));
        Id::from_u64(self.0.fetch_add(1, Ordering::Relaxed))
    }
    fn record(&self, _: &Id, values: &Record<'_>) {
        RECORDED.with_borrow_mut(|fields| values.record(&mut Into(fields)));
    }
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn event(&self, event: &Event<'_>) {
        assert_ne!(*event.metadata().level(), tracing::Level::DEBUG);
    }
    fn enter(&self, id: &Id) {
        let made = MADE.with_borrow(|made| *made.last().unwrap());
        ENTERED.with_borrow_mut(|entered| entered.push((id.clone(), made)));
    }
    fn exit(&self, _: &Id) {
        ENTERED.with_borrow_mut(Vec::pop);
    }
    fn current_span(&self) -> Current {
        let entered = ENTERED.with_borrow(|entered| entered.last().cloned());
        entered.map_or_else(Current::none, |(id, made)| Current::new(id, made))
    }
}

#[circuit_breaker(name = "hosts of spans", key = host, threshold = 1)]
fn fetch(host: &str) -> std::io::Result<()> {
    Err(std::io::Error::other(host.to_owned()))
}

#[circuit_breaker(name = "outside of its circuit", threshold = 1)]
#[tracing::instrument(fields(circuit_breaker.name = Empty))]
fn spanned() -> std::io::Result<()> {
    Err(std::io::Error::other("down"))
}

#[test]
fn a_rejection_fills_in_the_fields_that_the_span_declares() {
    set_global_default(OnlySpans(AtomicU64::new(1))).unwrap();
    let breaker = CircuitBreaker::new("spans", Config::new());
    let ask = || breaker.try_acquire().map(Permit::success).is_ok();

    let declared = info_span!(
        "call",
        circuit_breaker.name = Empty,
        circuit_breaker.key = Empty,
        circuit_breaker.reason = Empty
    );
    assert!(declared.in_scope(ask));
    assert_eq!(RECORDED.take(), Fields::new(), "nothing of a call that may pass");
    breaker.force_open();
    assert!(!declared.in_scope(ask));
    let fields = |fields: &[(&str, &str)]| {
        fields.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect::<Fields>()
    };
    let expected = [("circuit_breaker.name", "spans"), ("circuit_breaker.reason", "forced-open")];
    assert_eq!(RECORDED.take(), fields(&expected));

    declared.in_scope(|| {
        fetch("a.example").unwrap_err();
        assert_eq!(RECORDED.take(), Fields::new());
        fetch("a.example").unwrap_err();
    });
    assert!(find("hosts of spans").is_some());
    let expected = [
        ("circuit_breaker.key", "a.example"),
        ("circuit_breaker.name", "hosts of spans"),
        ("circuit_breaker.reason", "open"),
    ];
    assert_eq!(RECORDED.take(), fields(&expected));

    spanned().unwrap_err();
    assert_eq!(RECORDED.take(), Fields::new());
    spanned().unwrap_err();
    let expected = [("circuit_breaker.name", "outside of its circuit")];
    assert_eq!(RECORDED.take(), fields(&expected), "the span of the attribute nearest the `fn`");

    assert!(!info_span!("call").in_scope(ask));
    assert!(!ask(), "without a span");
    assert_eq!(RECORDED.take(), Fields::new(), "a span without the fields is left alone");
}
