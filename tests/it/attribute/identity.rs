//! Which circuit a function has: `name`, `breaker`, `crate`, and the default name.

use circuit_runtime::{CircuitBreaker, Config, circuit_breaker, circuits, find};

use super::{Answer, Error, circuit, is_rejected, snapshot};
use crate::support::secs;

#[test]
fn a_circuit_is_listed_from_its_first_call_on() {
    #[circuit_breaker(name = "identity: listed")]
    fn call() -> Answer {
        Ok(1)
    }
    assert!(find("identity: listed").is_none());
    assert_eq!([Ok(1), Ok(1)], [call(), call()]);
    let listed = circuits().into_iter().filter(|circuit| circuit.name() == "identity: listed");
    assert_eq!(1, listed.count());
}

#[test]
fn a_name_may_be_a_constant() {
    const NAME: &str = "identity: constant";
    #[circuit_breaker(name = NAME)]
    fn call() -> Answer {
        Ok(1)
    }
    assert_eq!(Ok(1), call());
    assert_eq!(1, snapshot(NAME).successes);
}

struct First;
struct Second;

impl First {
    #[circuit_breaker(threshold = 1)]
    fn same_name(&self) -> Answer {
        Err(Error::Down)
    }
}

impl Second {
    #[circuit_breaker(threshold = 1)]
    fn same_name(&self) -> Answer {
        Err(Error::Down)
    }
}

/// The names of the circuits that rejections of the functions tell.
fn name_of(call: impl Fn() -> Answer) -> &'static str {
    assert_eq!(Err(Error::Down), call());
    match call() {
        Err(Error::Open(error)) => error.circuit(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn methods_of_one_name_have_circuits_and_names_of_their_own() {
    let names = [name_of(|| First.same_name()), name_of(|| Second.same_name())];
    assert_ne!(names[0], names[1]);
    for (name, of) in names.iter().zip(["First", "Second"]) {
        assert!(name.contains(of) && name.contains("same_name"), "{name}");
        assert!(name.contains("identity"), "{name}");
    }
}

struct Of<T>(T);

impl Of<u8> {
    #[circuit_breaker(threshold = 1)]
    fn call(&self) -> Answer {
        assert_eq!(0, self.0);
        Err(Error::Down)
    }
}

impl Of<u16> {
    #[circuit_breaker(threshold = 1)]
    fn call(&self) -> Answer {
        assert_eq!(0, self.0);
        Err(Error::Down)
    }
}

#[test]
fn methods_of_two_impls_of_a_generic_type_have_names_of_their_own() {
    assert_ne!(name_of(|| Of(0_u8).call()), name_of(|| Of(0_u16).call()));
}

trait One {
    fn call(&self) -> Answer;
}

trait Other {
    fn call(&self) -> Answer;
}

impl One for First {
    #[circuit_breaker(threshold = 1)]
    fn call(&self) -> Answer {
        Err(Error::Down)
    }
}

impl Other for First {
    #[circuit_breaker(threshold = 1)]
    fn call(&self) -> Answer {
        Err(Error::Down)
    }
}

#[test]
fn methods_of_two_traits_have_names_of_their_own() {
    assert_ne!(name_of(|| One::call(&First)), name_of(|| Other::call(&First)));
}

#[test]
fn functions_of_one_name_in_two_blocks_have_names_of_their_own() {
    let mut names = Vec::new();
    {
        #[circuit_breaker(threshold = 1)]
        fn twin() -> Answer {
            Err(Error::Down)
        }
        names.push(name_of(twin));
    }
    {
        #[circuit_breaker(threshold = 1)]
        fn twin() -> Answer {
            Err(Error::Down)
        }
        names.push(name_of(twin));
    }
    assert_ne!(names[0], names[1]);
}

#[test]
fn functions_of_one_name_are_numbered_in_the_order_of_their_first_calls() {
    {
        #[circuit_breaker]
        fn pair() -> Result<u8, Error> {
            Ok(1)
        }
        assert_eq!(Ok(1), pair());
    }
    {
        #[circuit_breaker(threshold = 1)]
        fn pair() -> Answer {
            Err(Error::Down)
        }
        assert!(name_of(pair).ends_with("::pair#2"));
    }
}

#[test]
fn all_instances_of_a_type_share_the_circuit_of_the_method() {
    struct Client(&'static str);
    impl Client {
        #[circuit_breaker(name = "identity: instances", threshold = 2)]
        fn call(&self) -> Answer {
            assert!(!self.0.is_empty());
            Err(Error::Down)
        }
    }
    let (one, other) = (Client("one"), Client("other"));
    assert_eq!([Err(Error::Down); 2], [one.call(), other.call()]);
    assert!(is_rejected(one.call()));
}

#[test]
fn all_types_of_a_generic_function_share_its_circuit() {
    #[circuit_breaker(name = "identity: generic", threshold = 2)]
    fn call<T: ToString>(what: T) -> Answer {
        assert_ne!("", what.to_string());
        Err(Error::Down)
    }
    assert_eq!([Err(Error::Down); 2], [call(1), call("text")]);
    assert!(is_rejected(call('c')));
}

static SHARED: CircuitBreaker =
    CircuitBreaker::new("identity: shared", Config::new().threshold(2).recovery(secs(10)));

#[test]
fn breaker_shares_a_circuit_between_functions() {
    #[circuit_breaker(breaker = SHARED)]
    fn read() -> Answer {
        Err(Error::Down)
    }
    #[circuit_breaker(breaker = SHARED, ignore = Err(Error::NotFound))]
    fn write(answer: Answer) -> Answer {
        answer
    }
    assert!(find("identity: shared").is_none());
    assert_eq!(Err(Error::Down), read());
    assert!(std::ptr::eq(&raw const SHARED, circuit("identity: shared")));
    assert_eq!(Err(Error::NotFound), write(Err(Error::NotFound)));
    assert_eq!(Err(Error::Down), write(Err(Error::Down)));
    assert!(is_rejected(read()) && is_rejected(write(Ok(1))));
    let seen = SHARED.snapshot();
    assert_eq!((2, 1, 2), (seen.failures, seen.ignored, seen.rejected));
}

#[test]
fn breaker_may_be_a_lazy_static() {
    static LAZY: std::sync::LazyLock<CircuitBreaker> = std::sync::LazyLock::new(|| {
        CircuitBreaker::new("identity: lazy", Config::new().threshold(1))
    });
    #[circuit_breaker(breaker = LAZY)]
    async fn call() -> Answer {
        Err(Error::Down)
    }
    assert_eq!(Err(Error::Down), crate::support::ready(call()));
    assert!(is_rejected(crate::support::ready(call())));
    assert_eq!(1, snapshot("identity: lazy").failures);
}

mod elsewhere {
    pub(super) use circuit_runtime as renamed;
}

#[test]
fn crate_says_where_the_runtime_is() {
    #[circuit_breaker(name = "identity: crate", crate = crate::attribute::identity::elsewhere::renamed)]
    fn call() -> Answer {
        Ok(1)
    }
    assert_eq!(Ok(1), call());
    assert_eq!(1, snapshot("identity: crate").successes);
}
