//! Forms of functions, receivers, return types and attributes.

use std::cell::{Cell, Ref, RefCell};
use std::fmt::Display;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;

use super::super::{Answer, Error, Path, block_on, call, log};
use super::{block, circuit_breaker};

type Number = Result<u8, Error>;
type Later<'a, T> = Pin<Box<dyn Future<Output = Result<T, Error>> + 'a>>;

#[derive(Clone)]
struct Host {
    text: String,
    calls: Cell<u8>,
    names: RefCell<Vec<String>>,
}

fn host() -> Host {
    Host { text: "text".to_owned(), calls: Cell::new(0), names: RefCell::new(vec!["a".to_owned()]) }
}

#[block(key = 'a')]
impl Host {
    const LIMIT: u8 = 3;

    #[circuit_breaker]
    fn shared(&self) -> Result<&str, Error> {
        self.calls.set(self.calls.get() + 1);
        Ok(&self.text)
    }

    #[circuit_breaker]
    fn exclusive(&mut self) -> Result<&mut String, Error> {
        self.text.push('!');
        Ok(&mut self.text)
    }

    #[circuit_breaker]
    async fn exclusive_later(&mut self, more: &str) -> Result<&mut String, Error> {
        self.text.push_str(more);
        Ok(&mut self.text)
    }

    #[circuit_breaker]
    fn counted(self: &Rc<Self>) -> Result<usize, Error> {
        Ok(Rc::strong_count(self))
    }

    #[circuit_breaker(fallback = Ok(0))]
    fn counted_by_value(self: Arc<Self>) -> Result<usize, Error> {
        Ok(Arc::strong_count(&self))
    }

    #[circuit_breaker]
    fn pinned(mut self: Pin<&mut Self>) -> Result<usize, Error> {
        self.text.push('!');
        self.as_mut().text.push('!');
        Ok(self.text.len())
    }

    #[circuit_breaker]
    fn reference<'a>(mut self: &'a Self, other: &'a Self) -> Result<usize, Error> {
        if self.text.is_empty() {
            self = other;
        }
        let _other = other;
        Ok(self.text.len())
    }

    #[circuit_breaker]
    fn associated(n: u8) -> Result<Self, Error> {
        let host = Self { text: "new".to_owned(), ..host() };
        if n > Self::LIMIT { Err(Error::Down) } else { Ok(host) }
    }

    #[circuit_breaker]
    fn guarded(&self) -> Result<Ref<'_, Vec<String>>, Error> {
        Ok(self.names.borrow())
    }

    #[circuit_breaker]
    fn items(&self) -> Result<impl Iterator<Item = char> + '_, Error> {
        Ok(self.text.chars())
    }

    #[circuit_breaker(failure = Err(e) if *e == Error::Down && self.text.len() > 3)]
    fn guard_sees_self(&self, n: u8) -> Number {
        Ok(n)
    }

    #[circuit_breaker(key = self.text)]
    fn boxed(&self) -> Later<'_, &str> {
        Box::pin(async move { Ok(&*self.text) })
    }

    #[circuit_breaker(fallback = Ok(n))]
    fn boxed_with(&self, n: u8) -> Pin<Box<dyn Future<Output = Number> + '_>> {
        Box::pin(
            async move {
                #![allow(unused_variables)]
                let unused = 1;
                log(&*self.text);
                Ok(n)
            },
        )
    }
}

#[circuit_breaker]
fn coerces(n: u8) -> Result<Box<dyn Display>, Error> {
    if n > 3 {
        return Ok(Box::new("many"));
    }
    Ok(Box::new(n))
}

#[circuit_breaker]
async fn coerces_later(n: u8) -> Result<Box<dyn Display>, Error> {
    Ok(Box::new(n))
}

#[circuit_breaker]
fn shared_of_exclusive(n: &mut u8) -> Result<&u8, Error> {
    *n += 1;
    Ok(n)
}

#[circuit_breaker]
fn closure(n: u8) -> Result<impl Fn(u8) -> u8, Error> {
    Ok(move |m| n + m)
}

#[circuit_breaker]
async fn closure_later(n: u8) -> Result<impl Fn(u8) -> u8, Error> {
    Ok(move |m| n + m)
}

#[circuit_breaker]
fn generic<T: Default + PartialEq, const N: usize>(all: [T; N]) -> Result<[T; N], Error>
where
    T: Clone,
{
    Ok(all)
}

#[circuit_breaker]
fn any_argument(text: impl AsRef<str>, run: impl FnOnce(&str) -> u8) -> Number {
    Ok(run(text.as_ref()))
}

#[circuit_breaker]
async fn cell(cell: Cell<u8>) -> Number {
    std::future::ready(()).await;
    Ok(cell.replace(3))
}

fn is_send<T: Send>(it: T) -> T {
    it
}

#[circuit_breaker(fallback = |cell, _, _| Ok(cell.get().to_string()))]
async fn sends(cell: Cell<u8>, mut text: String, (a, _): (Cell<u8>, u8)) -> Answer {
    std::future::ready(()).await;
    text.push('!');
    Ok(format!("{}{}{}", cell.get(), text, a.get()))
}

struct Sends(Cell<u8>);

#[block]
impl Sends {
    #[circuit_breaker]
    async fn by_value(mut self, text: String) -> Answer {
        std::future::ready(()).await;
        *self.0.get_mut() += 1;
        std::future::ready(()).await;
        Ok(format!("{}{}", self.0.get(), text))
    }
}

#[circuit_breaker]
fn temporary(cell: RefCell<String>, mut more: Vec<u8>) -> Result<usize, Error> {
    more.push(1);
    Ok(cell.borrow().len() + more.len())
}

#[circuit_breaker]
fn temporary_of_part((cell, _): (RefCell<String>, u8)) -> Result<usize, Error> {
    Ok(cell.borrow().len())
}

#[circuit_breaker(fallback = Ok(cell.borrow().len()))]
async fn temporary_later(
    (cell, _): (RefCell<String>, String),
    mut more: String,
) -> Result<usize, Error> {
    more.push('!');
    Ok(cell.borrow().len() + more.len())
}

/// A guard may use what can be used again.
mod guards {
    use super::{Error, Number, Path, circuit_breaker};

    #[circuit_breaker(failure = Err(_) if a > 1)]
    pub fn part((a, b): (u8, String)) -> Result<usize, Error> {
        Ok(b.len() + usize::from(a))
    }

    #[circuit_breaker(failure = Err(_) if a > 1)]
    pub async fn part_later((a, mut b): (u8, String)) -> Result<usize, Error> {
        b.push('!');
        Ok(b.len() + usize::from(a))
    }

    #[circuit_breaker(failure = Err(_) if a > 1, fallback = |_, _| Ok(0))]
    pub fn part_and_closure((a, _): (u8, u8), Path(b): Path<String>) -> Result<usize, Error> {
        Ok(b.len() + usize::from(a))
    }

    #[circuit_breaker(classify = |r| if a > 1 && r.is_err() { circuit_runtime::Outcome::Failure } else { circuit_runtime::Outcome::Success })]
    pub async fn classified((a, _): (u8, u8)) -> Number {
        Ok(a)
    }

    #[circuit_breaker(failure = Err(Error::GONE), ignore = Err(Error::Code(404)))]
    pub fn constant(n: u8) -> Number {
        Ok(n)
    }

    #[derive(PartialEq, Eq, Debug)]
    pub struct Status(pub u16);

    impl Status {
        pub const UNAVAILABLE: &'static Status = &Status(503);
        pub const DOWN: Status = Status(500);
    }

    #[circuit_breaker(failure = Status::UNAVAILABLE, fallback = Status(503))]
    pub fn whole_constant(n: u16) -> Status {
        Status(n)
    }

    #[circuit_breaker(failure = Status::DOWN | Status(502), ignore = Status::UNAVAILABLE if n > 3, fallback = Status(503))]
    pub async fn own_constant(n: u16) -> Status {
        Status(n)
    }

    #[circuit_breaker(failure = u16::MAX, fallback = 503)]
    pub fn number(n: u16) -> u16 {
        n
    }

    #[circuit_breaker(failure = &("down" | "gone"), fallback = "open")]
    pub async fn text(up: bool) -> &'static str {
        if up { "up" } else { "down" }
    }

    #[circuit_breaker(failure = 500..=599, fallback = 503)]
    pub fn range(n: u16) -> u16 {
        n
    }
}

#[async_trait::async_trait]
trait Service {
    async fn call(&self, n: u8) -> Number;
    async fn take(&self, pair: (u8, String), last: String) -> Answer;
    async fn change(&mut self, n: u8) -> Number;
    async fn own(self: Arc<Self>, name: Option<&str>) -> Answer;

    #[circuit_breaker(fallback = Ok(n))]
    async fn provided(&self, n: u8) -> Number {
        self.call(n).await
    }
}

#[async_trait::async_trait]
#[block(key = 'a')]
impl Service for u8 {
    #[circuit_breaker(key = n, fallback = |n| Ok(n), failure = Err(_) if n > 1)]
    async fn call(&self, n: u8) -> Number {
        Ok(n + self)
    }

    #[circuit_breaker(key = a, failure = Err(_) if a > 1, fallback = Ok(format!("{}{}", b, last)))]
    async fn take(&self, (a, mut b): (u8, String), mut last: String) -> Answer {
        last.push('!');
        b.push('!');
        Ok(format!("{}{}{}", a, b, last))
    }

    #[circuit_breaker]
    async fn change(&mut self, mut n: u8) -> Number {
        n += 1;
        *self += n;
        Ok(*self)
    }

    #[circuit_breaker(key = name.unwrap_or("none"))]
    async fn own(self: Arc<Self>, name: Option<&str>) -> Answer {
        Ok(format!("{}{:?}", self, name))
    }
}

macro_rules! made {
    ($name:ident($($parameter:pat => $type:ty),*) $key:expr, $fallback:expr, $limit:literal, $body:block) => {
        #[circuit_breaker(key = $key, fallback = $fallback, threshold = 3, recovery = $limit)]
        fn $name($($parameter: $type),*) -> Number $body
    };
}

made!(by_macro(n => u8, (a, _) => (u8, u8)) 1, |n, _| Ok(n), "3s", { Ok(n + a) });

#[circuit_breaker]
unsafe fn not_safe(n: *const u8) -> Number {
    Ok(if n.is_null() { 0 } else { 1 })
}

pub fn run() {
    let it = host();
    call("shared", || it.shared());
    call("exclusive", || host().exclusive().map(|text| text.clone()));
    call("exclusive later", || block_on(host().exclusive_later("!")).map(|text| text.clone()));
    call("counted", || Rc::new(host()).counted());
    call("counted by value", || Arc::new(host()).counted_by_value());
    call("pinned", || Pin::new(&mut host()).pinned());
    call("reference", || it.reference(&host()));
    call("associated", || Host::associated(1).map(|it| it.text));
    call("guarded", || it.guarded().map(|it| it.len()));
    call("items", || it.items().map(Iterator::count));
    call("guard sees self", || it.guard_sees_self(1));
    call("boxed", || block_on(it.boxed()));
    call("boxed with", || block_on(it.boxed_with(1)));
    call("coerces", || coerces(1).map(|it| it.to_string()));
    call("coerces later", || block_on(coerces_later(1)).map(|it| it.to_string()));
    call("shared of exclusive", || shared_of_exclusive(&mut 1).map(|it| *it));
    call("closure", || closure(1).map(|add| add(2)));
    call("closure later", || block_on(closure_later(1)).map(|add| add(2)));
    call("generic", || generic([1, 2]));
    call("any argument", || any_argument("abc", |text| text.len() as u8));
    call("cell", || block_on(is_send(cell(Cell::new(1)))));
    call("sends", || block_on(is_send(sends(Cell::new(1), "a".to_owned(), (Cell::new(2), 3)))));
    call("sends self", || block_on(is_send(Sends(Cell::new(1)).by_value("a".to_owned()))));
    call("temporary", || temporary(RefCell::new("a".to_owned()), vec![]));
    let part = || (RefCell::new("a".to_owned()), 1);
    call("temporary of part", || temporary_of_part(part()));
    let part = || (RefCell::new("a".to_owned()), "b".to_owned());
    call("temporary later", || block_on(temporary_later(part(), "c".to_owned())));
    call("guard", || guards::part((1, "a".to_owned())));
    call("guard later", || block_on(guards::part_later((1, "a".to_owned()))));
    call("guard, closure", || guards::part_and_closure((1, 2), Path("a".to_owned())));
    call("classified", || block_on(guards::classified((1, 2))));
    call("constant", || guards::constant(1));
    call("whole constant", || guards::whole_constant(1));
    call("own constant", || block_on(guards::own_constant(1)));
    call("number", || guards::number(1));
    call("text", || block_on(guards::text(true)));
    call("range", || guards::range(1));
    call("service", || block_on(1_u8.call(1)));
    call("takes", || block_on(1_u8.take((1, "a".to_owned()), "b".to_owned())));
    call("changes", || block_on(1_u8.change(1)));
    call("owns", || block_on(Arc::new(1_u8).own(None)));
    call("provided", || block_on(1_u8.provided(1)));
    call("by macro", || by_macro(1, (2, 3)));
    call("not safe", || unsafe { not_safe(std::ptr::null()) });
}
