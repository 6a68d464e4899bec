//! The options of a method: its own, and what it takes from the block.

use proc_macro2::{Ident, Span};
use quote::ToTokens;

use crate::options::{Given, Opt, Options, Value};

pub(super) struct Merge<'a> {
    pub(super) block: &'a Options,
    /// The static with the block's circuit, where it has no `breaker`.
    pub(super) circuit: &'a Ident,
}

/// They say together what a call came to: a method that has one of them takes none from the block.
pub(super) const JUDGES: [Opt; 3] = [Opt::Failure, Opt::Ignore, Opt::Classify];

/// Whether a method with these options of its own takes this one from the block.
pub(super) fn takes(own: &Options, option: Opt, is_async: bool) -> bool {
    match option {
        Opt::Failure | Opt::Ignore | Opt::Classify => !JUDGES.iter().any(|judge| own.has(*judge)),
        Opt::Timeout => is_async && !own.has(Opt::Timeout),
        Opt::Key | Opt::Crate => !own.has(option),
        _ => false,
    }
}

impl Merge<'_> {
    /// Of a method that joins: those of a function with `breaker = PATH`.
    pub(super) fn joined(&self, own: &Options, is_async: bool) -> Options {
        let taken = self.block.iter().filter(|given| takes(own, given.option, is_async));
        let mut all: Options =
            taken.cloned().chain([self.breaker()]).chain(own.iter().cloned()).collect();
        all.has_unknown = self.block.has_unknown || own.has_unknown;
        all.never_waits = !self.block.may_wait();
        all
    }

    /// Of a method with a circuit of its own: it takes nothing but where the runtime is.
    pub(super) fn apart(&self, own: &Options) -> Options {
        let runtime = self.block.get(Opt::Crate).filter(|_| !own.has(Opt::Crate));
        let mut all: Options = runtime.into_iter().chain(own.iter()).cloned().collect();
        all.has_unknown = own.has_unknown;
        all
    }

    fn breaker(&self) -> Given {
        self.block.get(Opt::Breaker).cloned().unwrap_or_else(|| {
            let circuit = self.circuit;
            let path = syn::Path::from(circuit.clone());
            Given {
                option: Opt::Breaker,
                key: Ident::new("breaker", Span::call_site()),
                value: Value::Path(syn::ExprPath { attrs: Vec::new(), qself: None, path }),
                tokens: circuit.to_token_stream(),
            }
        })
    }
}
