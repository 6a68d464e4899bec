//! What an `impl` block has besides guarded methods, and what its attribute must leave as it is.

use std::cell::{Cell, Ref, RefCell};
use std::fmt::{self, Display};
use std::future::Future;
use std::rc::Rc;

use super::super::{Answer, Error, Loud, Pair, block_on, call, log, loud};
use super::circuit_breaker;

#[derive(Debug, Clone, PartialEq)]
struct Length(usize);

impl From<usize> for Length {
    fn from(length: usize) -> Self {
        Length(length)
    }
}

#[derive(Debug)]
struct Builder<'a, T> {
    client: &'a Client,
    with: T,
}

struct Client {
    host: Loud,
    names: RefCell<Vec<String>>,
    calls: Cell<u8>,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.host.0)
    }
}

fn client() -> Client {
    Client { host: loud("host"), names: RefCell::new(vec!["a".to_owned()]), calls: Cell::new(0) }
}

macro_rules! getters {
    ($($name:ident)*) => {
        $(fn $name(&self) -> Length {
            Length(stringify!($name).len())
        })*
    };
}

/// Nothing here is guarded but `fetch`: what the block looks at has to stay what it is.
#[circuit_breaker(threshold = LIMIT, recovery = "1s")]
impl Client {
    const LIMIT: u8 = 3;

    fn fetch(&self, n: u8) -> Result<u8, Error> {
        self.calls.set(self.calls.get() + n);
        Ok(self.calls.get())
    }

    /// Its temporary goes before `local`.
    fn temporary(&self) -> Length {
        let local = loud("local");
        log(&*local.0);
        self.names.borrow().len().into()
    }

    fn takes(self, Pair { left, .. }: Pair, mut last: Loud) -> Length {
        last.0.push('!');
        let local = loud("local");
        Length(left.0.len() + last.0.len() + local.0.len() + self.host.0.len())
    }

    fn early(&mut self, n: u8) -> Length {
        #![allow(clippy::needless_return)]
        if n > Self::LIMIT {
            return Length(0);
        }
        self.names.get_mut().push("b".to_owned());
        return Length(usize::from(n));
    }

    fn borrows(&self) -> Ref<'_, Vec<String>> {
        self.names.borrow()
    }

    fn builds<T: Display>(&self, with: T) -> Builder<'_, T> {
        Builder { client: self, with }
    }

    fn builds_with_items(self: &Rc<Self>) -> Builder<'_, u8> {
        const ONE: u8 = 1;
        fn two() -> u8 {
            ONE + 1
        }
        Builder { client: self, with: two() }
    }

    fn coerces(&self) -> Shown {
        Box::new(self.calls.get())
    }

    fn diverges(&self, n: u8) -> Length {
        match n {
            0 => panic!("never called so"),
            n => Length(n.into()),
        }
    }

    const fn constant(&self) -> Length {
        Length(1)
    }

    unsafe fn not_safe(&self, n: *const u8) -> Length {
        Length(usize::from(n.is_null()))
    }

    fn nothing(&self) {
        log("nothing");
    }

    fn iterates(&self) -> impl Iterator<Item = char> + '_ {
        self.host.0.chars()
    }

    #[must_use]
    #[inline]
    fn attributed(&self) -> Length {
        Length(3)
    }

    #[cfg(any())]
    fn removed(&self) -> Gone {}

    #[circuit_breaker(skip)]
    getters! { one three }
}

const LIMIT: u32 = 3;

type Shown = Box<dyn Display>;

trait Api {
    type Out;
    const NAME: &'static str;
    fn fetch(&self, n: u8) -> Result<u8, Error>;
    fn lines(&self) -> Result<Box<dyn Iterator<Item = char> + '_>, Error>;
    fn out(&self) -> Self::Out;
    fn provided(&self) -> Result<u8, Error> {
        self.fetch(2)
    }
}

/// Not the block's `T`.
#[allow(dead_code)]
mod limits {
    pub(super) const T: u32 = 3;
}

#[circuit_breaker(threshold = limits::T)]
impl<'a, T: Display> Api for Builder<'a, T>
where
    T: PartialEq,
{
    type Out = &'a Client;
    const NAME: &'static str = "builder";

    fn fetch(&self, n: u8) -> Result<u8, Error> {
        Ok(n + self.client.fetch(n)?)
    }

    fn lines(&self) -> Result<Box<dyn Iterator<Item = char> + '_>, Error> {
        Ok(Box::new(self.client.host.0.chars()))
    }

    fn out(&self) -> Self::Out {
        self.client
    }
}

#[async_trait::async_trait]
trait Later {
    async fn get(&self, pair: (u8, String)) -> Result<String, Error>;
    async fn change(&mut self, n: u8) -> Result<u8, Error>;
    fn name(&self) -> Length;
}

/// The attribute above `#[async_trait]`.
#[circuit_breaker(failure = Err(_))]
#[async_trait::async_trait]
impl Later for u8 {
    async fn get(&self, (n, mut text): (u8, String)) -> Result<String, Error> {
        text.push('!');
        Ok(format!("{}{}{}", self, n, text))
    }

    #[circuit_breaker(fallback = Ok(n))]
    async fn change(&mut self, mut n: u8) -> Result<u8, Error> {
        n += 1;
        *self += n;
        Ok(*self)
    }

    fn name(&self) -> Length {
        Length(usize::from(*self))
    }
}

/// And below it.
#[async_trait::async_trait]
#[circuit_breaker(failure = Err(_))]
impl Later for u16 {
    async fn get(&self, (n, mut text): (u8, String)) -> Result<String, Error> {
        text.push('!');
        Ok(format!("{}{}{}", self, n, text))
    }

    async fn change(&mut self, mut n: u8) -> Result<u8, Error> {
        n += 1;
        *self += u16::from(n);
        Ok(n)
    }

    fn name(&self) -> Length {
        Length(usize::from(*self))
    }
}

trait Native {
    fn get(&self, more: &str) -> impl Future<Output = Result<String, Error>> + Send;
}

#[circuit_breaker]
impl Native for &'static str {
    async fn get(&self, more: &str) -> Result<String, Error> {
        Ok(format!("{}{}", self, more))
    }
}

macro_rules! client {
    ($(#[$attribute:meta])* $name:ident: $($type:ty),*; $($method:ident($self:ident) $body:block)*) => {
        struct $name($($type),*);

        $(#[$attribute])*
        impl $name {
            $(fn $method(&$self) -> Result<String, Error> $body)*
        }
    };
}

client! {
    #[circuit_breaker(threshold = 3)]
    Made: Loud, u8;
    first(self) { Ok(format!("{}", (self.0).0)) }
    second(self) { self.first().map(|first| first + &format!("{}", self.1)) }
}

fn local() -> Answer {
    struct Local(u8);

    #[circuit_breaker]
    impl Local {
        fn get(&self) -> Result<u8, Error> {
            Ok(self.0)
        }
    }

    Local(3).get().map(|n| format!("{}", n))
}

pub fn run() {
    let it = client();
    call("fetch", || it.fetch(1));
    call("temporary", || it.temporary());
    let pair = || Pair { left: loud("left"), right: loud("right") };
    call("takes", || client().takes(pair(), loud("last")));
    call("early", || client().early(4));
    call("late", || client().early(3));
    call("borrows", || it.borrows().len());
    call("builds", || it.builds("a").with);
    call("builds with items", || Rc::new(client()).builds_with_items().with);
    call("coerces", || it.coerces().to_string());
    call("diverges", || it.diverges(1));
    call("constant", || it.constant());
    call("not safe", || unsafe { it.not_safe(std::ptr::null()) });
    call("nothing", || it.nothing());
    call("iterates", || it.iterates().count());
    call("attributed", || it.attributed());
    call("made by a macro", || (it.one(), it.three()));
    let builder = it.builds(1);
    call("trait", || builder.fetch(1));
    call("lines", || builder.lines().map(Iterator::count));
    call("out", || builder.out().calls.get());
    call("provided", || builder.provided());
    call("name", || <Builder<'_, u8> as Api>::NAME);
    call("later", || block_on(1_u8.get((2, "a".to_owned()))));
    call("change", || block_on(1_u8.change(1)));
    call("name", || 1_u8.name());
    call("later, below", || block_on(1_u16.get((2, "a".to_owned()))));
    call("change, below", || block_on(1_u16.change(1)));
    call("name, below", || 1_u16.name());
    call("native", || block_on(Native::get(&"a", "b")));
    let made = || Made(loud("made"), 3);
    call("macro", || made().second());
    call("local", local);
}
