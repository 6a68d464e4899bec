//! The traits that a type has by its private fields: lost by accident, and missed by users.

use std::panic::{RefUnwindSafe, UnwindSafe};

use circuit_runtime::test_util::Frozen;
use circuit_runtime::{
    CallError, CallTimeoutError, CircuitBreaker, CircuitOpenError, Config, ConfigError,
    ConfigOption, KeyedBreaker, KeyedCircuit, Mode, OnCancel, Outcome, Permit, Reason, Rejection,
    Snapshot, State, Transition, Window, WindowSnapshot,
};

/// Whether a type has a trait: where it does, an inherent constant hides the trait's.
macro_rules! holds {
    ($type:ty: $trait:ident) => {{
        struct Asked<T>(std::marker::PhantomData<T>);
        #[allow(dead_code, reason = "not there for types with the trait")]
        trait Otherwise {
            const HOLDS: bool = false;
        }
        impl<T> Otherwise for Asked<T> {}
        #[allow(dead_code, reason = "not there for types without the trait")]
        impl<T: $trait> Asked<T> {
            const HOLDS: bool = true;
        }
        Asked::<$type>::HOLDS
    }};
}

macro_rules! table {
    ($($name:ident: $type:ty,)*) => {
        pub(crate) const TABLE: &[(&str, [bool; 5])] = &[$(
            (stringify!($name), [
                holds!($type: Send),
                holds!($type: Sync),
                holds!($type: Unpin),
                holds!($type: UnwindSafe),
                holds!($type: RefUnwindSafe),
            ]),
        )*];
    };
}

table! {
    CircuitBreaker: CircuitBreaker,
    KeyedBreaker: KeyedBreaker,
    KeyedCircuit: KeyedCircuit<'static>,
    Config: Config,
    OnCancel: OnCancel,
    Window: Window,
    CallError: CallError<()>,
    CallTimeoutError: CallTimeoutError,
    CircuitOpenError: CircuitOpenError,
    ConfigError: ConfigError,
    ConfigOption: ConfigOption,
    Rejection: Rejection,
    Reason: Reason,
    Transition: Transition,
    Mode: Mode,
    Outcome: Outcome,
    State: State,
    Permit: Permit<'static>,
    Snapshot: Snapshot,
    WindowSnapshot: WindowSnapshot,
    Frozen: Frozen,
}

pub(crate) fn text() -> String {
    let names = ["Send", "Sync", "Unpin", "UnwindSafe", "RefUnwindSafe"];
    let mut text = "// traits that hold without being written\n\n".to_owned();
    for (name, holds) in TABLE {
        let held: Vec<&str> =
            names.iter().zip(holds).filter(|(_, holds)| **holds).map(|(name, _)| *name).collect();
        text.extend([name, ": ", &held.join(" + "), "\n"]);
    }
    text
}
