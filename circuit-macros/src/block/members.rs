//! Which methods of a block are guarded, and through which circuit.

use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens, quote};
use syn::{FnArg, Type};

use super::parse::Item;
use super::says::Says;
use super::unguarded;
use crate::diag::Problems;
use crate::head::Function;
use crate::model::Written;
use crate::options::Options;
use crate::validate::peel_type;

/// What becomes of an item.
pub(super) enum Member {
    /// Through the block's circuit, with these options of its own.
    Joins(Box<Method>, Options),
    /// Through a circuit of its own.
    Apart(Box<Function>, Options),
    /// As it is, unless it gives a `Result` under another name.
    Unguarded(Box<Function>),
    Other(TokenStream),
}

pub(super) struct Method {
    pub(super) function: Function,
    pub(super) is_async: bool,
}

/// A method, with what its text says.
struct Read {
    function: Box<Function>,
    says: Says,
    written: Written,
}

impl Read {
    fn has_receiver(&self) -> bool {
        matches!(self.function.signature.inputs.first(), Some(FnArg::Receiver(_)))
    }

    fn is_async_method(&self) -> bool {
        self.has_receiver() && self.written.is_async
    }

    /// Written `..Result`.
    fn gives_result(&self) -> bool {
        match self.written.output.as_ref().map(peel_type) {
            Some(Type::Path(path)) => path
                .path
                .segments
                .last()
                .is_some_and(|last| last.ident.to_string().ends_with("Result")),
            _ => false,
        }
    }
}

enum Half {
    Method(Box<Read>),
    Other(TokenStream),
}

pub(super) fn members(items: Vec<Item>, problems: &mut Problems) -> Vec<Member> {
    let read = |item| match item {
        Item::Method(mut function) => {
            let says = Says::take(&mut function.attributes, problems);
            let written = Written::of(&function);
            Half::Method(Box::new(Read { function, says, written }))
        }
        Item::Macro { mut attributes, path, tokens } => {
            let says = Says::take(&mut attributes, problems);
            if matches!(says, Says::Nothing) {
                problems.add(
                    path,
                    "`#[circuit_breaker]` can't see what this macro makes: write the methods to guard \
                     in the block, and `#[circuit_breaker(skip)]` above the macro",
                );
            } else {
                not_to_guard(&says, &path, "what a macro makes", problems);
            }
            Half::Other(quote!(#(#attributes)* #tokens))
        }
        Item::Other { mut attributes, tokens } => {
            let says = Says::take(&mut attributes, problems);
            not_to_guard(&says, &tokens, "this item", problems);
            Half::Other(quote!(#(#attributes)* #tokens))
        }
    };
    let read: Vec<Half> = items.into_iter().map(read).collect();
    let has_async = read.iter().any(|half| match half {
        Half::Method(method) => method.is_async_method(),
        Half::Other(_) => false,
    });
    let member = |half| match half {
        Half::Method(method) => member(*method, has_async, problems),
        Half::Other(tokens) => Member::Other(tokens),
    };
    read.into_iter().map(member).collect()
}

/// `#[circuit_breaker(..)]` on what is no method with a body.
fn not_to_guard(says: &Says, at: impl ToTokens, what: &str, problems: &mut Problems) {
    if matches!(says, Says::Guard(_)) {
        problems.add(at, format!("`#[circuit_breaker]` can't guard {what}: remove it"));
    }
}

fn member(read: Read, has_async: bool, problems: &mut Problems) -> Member {
    let is_method = read.has_receiver();
    let gives_result = read.gives_result();
    let Read { function, says, written: Written { is_async, .. } } = read;
    let name = &function.signature.ident;
    let undecided = match says {
        Says::Guard(options) if options.iter().all(|given| given.option.is_per_call()) => {
            return Member::Joins(Box::new(Method { function: *function, is_async }), options);
        }
        Says::Guard(options) => return Member::Apart(function, options),
        Says::Nothing if is_method => match (is_async, gives_result) {
            (false, false) => return Member::Unguarded(function),
            (true, false) => undecided_async(name),
            (false, true) if has_async => undecided_sync(name),
            (false, true) if function.signature.constness.is_some() => undecided_const(name),
            (_, true) => {
                let method = Method { function: *function, is_async };
                return Member::Joins(Box::new(method), Options::default());
            }
        },
        Says::Nothing | Says::Skip => {
            return Member::Other(unguarded::seen(*function).into_token_stream());
        }
    };
    problems.add(name, undecided);
    Member::Other(function.into_token_stream())
}

fn undecided_sync(name: &Ident) -> String {
    format!(
        "`{name}` returns a `Result`, and isn't async as others of this block are: write \
         `#[circuit_breaker]` to guard it too, or `#[circuit_breaker(skip)]`"
    )
}

fn undecided_async(name: &Ident) -> String {
    format!(
        "`{name}` is async, but what it returns isn't written `Result`: write \
         `#[circuit_breaker(skip)]`, or `#[circuit_breaker]` to guard it"
    )
}

fn undecided_const(name: &Ident) -> String {
    format!(
        "`{name}` is a `const fn`, which a circuit can't guard: write `#[circuit_breaker(skip)]`"
    )
}
