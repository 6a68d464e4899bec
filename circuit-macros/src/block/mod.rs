//! The attribute on an `impl` block: a circuit beside it, and each guarded method as a function that
//! shares that circuit.
//!
//! `parse` takes the block apart, `says` reads what each method says of itself, `members` decides
//! which of them are guarded, `rules` holds what goes for the block's options, `merge` makes the
//! options of a method of them and of its own, `name` says what the circuit is called, `unguarded`
//! marks the methods that are left alone.

mod members;
mod merge;
mod name;
mod parse;
mod rules;
mod says;
mod unguarded;

use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens, quote};
use syn::ItemImpl;

pub(crate) use parse::is_block;

use crate::diag::Problems;
use crate::expand;
use crate::function::{guarded, with_problems};
use crate::model::{Name, OwnCircuit, path};
use crate::options::{self, Opt, Options};
use members::Member;
use merge::Merge;
use parse::Block;

/// Input: `threshold = 3`, and `impl Payments { .. }`.
///
/// Output: a static with the circuit, and the block with its methods guarded. When something is
/// wrong, the errors, and the block without its methods' own `#[circuit_breaker]`, which would be
/// wrong alone.
pub(crate) fn attribute(options: &TokenStream, item: &TokenStream) -> TokenStream {
    let (mut block, items) = match Block::parse(item.clone()) {
        Ok(parsed) => parsed,
        Err(problem) => return with_problems(item, &problem),
    };
    let mut problems = Problems::default();
    rules::once(&mut block.attributes, &mut problems);
    let given = options::parse(options.clone(), &mut problems);
    let given = rules::options(&given, &block.head, &mut problems);
    let mut members = members::members(items, &mut problems);
    for member in &mut members {
        rules::own(member, &block.head, &given, &mut problems);
    }
    rules::members(&given, &members, &block.head, &mut problems);
    let name = circuit_name(&given, &block.head, &mut problems);
    let static_name = name::of_static(&block.head, item);
    let plain: TokenStream = members.iter().map(Member::plain).collect();
    let merge = Merge { block: &given, circuit: &static_name };
    let import = expand::import(path(&given, Opt::Crate).as_ref());
    let mut items = TokenStream::new();
    for member in &members {
        match member.printed(&merge, &block.head, &import) {
            Ok(item) => items.extend(item),
            Err(problem) => problems.push(problem),
        }
    }
    if let Err(problems) = problems.finish() {
        return with_problems(block.with(&plain), &problems);
    }
    let circuit = circuit(&given, name, &static_name, &merge, &members, &block.head);
    let block = block.with(&items);
    quote!(#circuit #block)
}

impl Member {
    /// As the user wrote it, without what it says of itself.
    fn plain(&self) -> TokenStream {
        match self {
            Self::Joins(method, _) => method.function.to_token_stream(),
            Self::Apart(function, _) | Self::Unguarded(function) => function.to_token_stream(),
            Self::Other(tokens) => tokens.clone(),
        }
    }

    /// As it takes its place, or what is wrong with it.
    fn printed(
        &self,
        merge: &Merge,
        head: &ItemImpl,
        import: &TokenStream,
    ) -> syn::Result<TokenStream> {
        let none = Problems::default();
        match self {
            Self::Joins(method, own) => {
                guarded(&merge.joined(own, method.is_async), &none, method.function.clone())
            }
            Self::Apart(function, own) => guarded(&merge.apart(own), &none, (**function).clone()),
            Self::Unguarded(function) => {
                let checked = unguarded::checked((**function).clone(), head, import);
                Ok(checked.into_token_stream())
            }
            Self::Other(tokens) => Ok(tokens.clone()),
        }
    }
}

/// What the circuit asks to be called; nothing depends on it where the circuit is somebody else's.
fn circuit_name(given: &Options, head: &ItemImpl, problems: &mut Problems) -> Name {
    let name = Name::given(given).or_else(|| name::of_block(head).map(Name::InModule));
    if name.is_none() && !given.has(Opt::Breaker) && !given.has_unknown {
        problems.add(
            &head.self_ty,
            "the circuit of this block needs a `name`, since the type has none that tells it from \
             others: `name = \"payments\"`",
        );
    }
    name.unwrap_or(Name::OfFunction)
}

/// The static, where the circuit is the block's own.
fn circuit(
    given: &Options,
    name: Name,
    static_name: &Ident,
    merge: &Merge,
    members: &[Member],
    head: &ItemImpl,
) -> TokenStream {
    if given.has(Opt::Breaker) {
        return TokenStream::new();
    }
    let once = match &name {
        Name::InModule(name) if head.trait_.is_none() => name::once(head, name),
        _ => TokenStream::new(),
    };
    let timeouts = members.iter().filter_map(|member| match member {
        Member::Joins(method, own) => {
            merge.joined(own, method.is_async).value(Opt::Timeout).cloned()
        }
        _ => None,
    });
    let is_async =
        members.iter().any(|it| matches!(it, Member::Joins(method, _) if method.is_async));
    let own = OwnCircuit { name, timeouts: timeouts.collect(), ..OwnCircuit::new(given, is_async) };
    let runtime = path(given, Opt::Crate);
    let made = expand::circuit_of_block(runtime.as_ref(), static_name, &own);
    quote!(#once #made)
}
