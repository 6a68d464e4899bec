//! What goes for the options of a block and of its methods: nothing is ignored.

use proc_macro2::{Ident, TokenStream, TokenTree};
use syn::{Expr, FnArg, ItemImpl};

use super::members::{Member, Method};
use super::merge::{JUDGES, takes};
use super::name;
use crate::diag::Problems;
use crate::head::{Attribute, Function};
use crate::model::names::{self, Free, flatten};
use crate::options::{Given, Of, Opt, Options, Value};
use crate::shown::shown;
use crate::validate;

/// The attribute is on the block once.
pub(super) fn once(attributes: &mut Vec<Attribute>, problems: &mut Problems) {
    attributes.retain(|attribute| {
        let is_ours = attribute.name().as_deref() == Some("circuit_breaker");
        if is_ours {
            problems.add(attribute, "`#[circuit_breaker]` is on this block twice; remove one");
        }
        !is_ours
    });
}

/// The options of the block that go for a block.
pub(super) fn options(given: &Options, head: &ItemImpl, problems: &mut Problems) -> Options {
    let has_unknown = given.has_unknown;
    let has_fallback = given.has(Opt::Fallback);
    let has_stale = given.has(Opt::Stale);
    let is_for_blocks = |given: &&Given| {
        let option = given.option;
        let is_per_method = option.spec().of == Of::Function
            && ![Opt::Failure, Opt::Ignore, Opt::Classify, Opt::Timeout, Opt::Breaker, Opt::Crate]
                .contains(&option);
        // What goes with a `fallback` or with `stale` goes with it to the methods.
        let goes_along = match option {
            Opt::FallbackOn => has_fallback || has_stale,
            Opt::StaleKey | Opt::MaxStale => has_stale,
            _ => false,
        };
        if is_per_method && !goes_along {
            let name = option.spec().name;
            problems.add(
                &given.key,
                format!(
                    "`{name}` depends on the method, so a block has none: write \
                     `#[circuit_breaker({name} = ..)]` on the methods, which join the block's circuit \
                     all the same"
                ),
            );
        }
        !is_per_method
    };
    let kept: Vec<Given> = given.iter().filter(is_for_blocks).cloned().collect();
    let mut options: Options = kept.into_iter().collect();
    options.has_unknown = has_unknown;
    validate::options(&mut options, problems);
    validate::constants(&options, &["self".to_owned()], problems);
    for given in options.iter().filter(|given| is_of_circuit(given)) {
        no_self_type(given, head, problems);
    }
    options
}

/// Whether the static needs the value, beside the block.
fn is_of_circuit(given: &Given) -> bool {
    let of = given.option.spec().of;
    given.option == Opt::Timeout || (of != Of::Function && given.option != Opt::Key)
}

/// The static stands beside the block, where `Self` and the block's generics mean nothing.
fn no_self_type(given: &Given, head: &ItemImpl, problems: &mut Problems) {
    let mut generics: Vec<&Ident> = head.generics.type_params().map(|ty| &ty.ident).collect();
    generics.extend(head.generics.const_params().map(|number| &number.ident));
    let is_of_block = |word: &Ident| word == "Self" || generics.contains(&word);
    // In `limits::N`, another `N`.
    let mut after_colon = false;
    let first = flatten(given.tokens.clone()).find_map(|token| {
        let is_in_path = after_colon;
        after_colon = matches!(&token, TokenTree::Punct(colon) if colon.as_char() == ':');
        match token {
            TokenTree::Ident(word) if !is_in_path && is_of_block(&word) => Some(word),
            _ => None,
        }
    });
    let Some(token) = first.filter(|_| !matches!(given.value, Value::Wrong)) else {
        return;
    };
    let ty = (token == "Self").then_some(head).and_then(name::of_type_alone);
    let ty = ty.filter(|ty| syn::parse_str::<Ident>(ty).is_ok());
    let instead = match (ty, syn::parse2(given.tokens.clone())) {
        (Some(ty), Ok(Expr::Path(path))) => format!("`{}`", shown(path).replacen("Self", &ty, 1)),
        (Some(ty), _) => format!("`{ty}`"),
        (None, _) => "a constant from outside of the block".to_owned(),
    };
    problems.add(
        &token,
        format!(
            "`{}` is of the block's circuit, which stands beside the block: instead of `{token}`, \
             write {instead}",
            given.option.spec().name
        ),
    );
}

/// The options of one method by themselves.
pub(super) fn own(member: &mut Member, head: &ItemImpl, block: &Options, problems: &mut Problems) {
    match member {
        Member::Joins(method, own) => {
            validate::options(own, problems);
            for given in own.iter().filter(|given| is_of_circuit(given)) {
                no_self_type(given, head, problems);
            }
            key_needs_keys(own, block, problems);
            probes_outlast(own, block, problems);
            stalls_in_time(own, block, problems);
            has_self_for_the_key(method, own, block, problems);
        }
        Member::Apart(_, own) => validate::options(own, problems),
        Member::Unguarded(_) | Member::Other(_) => {}
    }
}

/// A method's `key` takes the place of the block's.
fn key_needs_keys(own: &Options, block: &Options, problems: &mut Problems) {
    let has_keys = block.may_have(Opt::Key) || block.has(Opt::Breaker);
    let (Some(given), false) = (own.get(Opt::Key), has_keys) else {
        return;
    };
    let message = "`key` takes the place of the block's, which has none: write a `key` on the block, \
                   too, or give this method a circuit of its own, by a `name`";
    problems.add(&given.key, message);
}

/// The block's probes may take as long as the method's calls.
fn probes_outlast(own: &Options, block: &Options, problems: &mut Problems) {
    let (Some(given), Some(Value::Time(limit))) = (own.get(Opt::Timeout), own.value(Opt::Timeout))
    else {
        return;
    };
    if matches!(block.value(Opt::ProbeTimeout), Some(Value::Time(lease)) if lease < limit) {
        problems.add(
            &given.tokens,
            "the block's `probe_timeout` must be at least this `timeout`: raise that, or lower this",
        );
    }
}

/// The block's calls stall before the method's are cut off.
fn stalls_in_time(own: &Options, block: &Options, problems: &mut Problems) {
    let (Some(given), Some(Value::Time(limit))) = (own.get(Opt::Timeout), own.value(Opt::Timeout))
    else {
        return;
    };
    if matches!(block.value(Opt::Stall), Some(Value::Time(stall)) if stall >= limit) {
        problems.add(
            &given.tokens,
            "the block's `stall` must be shorter than this `timeout`, which ends calls before they could \
             stall: raise this, or lower that",
        );
    }
}

/// A function without a receiver can't take a key that is over one.
fn has_self_for_the_key(method: &Method, own: &Options, block: &Options, problems: &mut Problems) {
    let Some(Value::Code(key)) = block.value(Opt::Key) else {
        return;
    };
    let has_receiver = matches!(method.function.signature.inputs.first(), Some(FnArg::Receiver(_)));
    if !has_receiver && !own.has(Opt::Key) && Free::of(key).has_self() {
        let name = &method.function.signature.ident;
        problems.add(
            name,
            format!(
                "`{name}` has no `self`, which the block's `key` is over: give it a `key` of its own"
            ),
        );
    }
}

/// The block's options and its methods: each option holds for one at least.
pub(super) fn members(
    block: &Options,
    members: &[Member],
    head: &ItemImpl,
    problems: &mut Problems,
) {
    let joined: Vec<(&Method, &Options)> = members
        .iter()
        .filter_map(|member| match member {
            Member::Joins(method, own) => Some((&**method, own)),
            _ => None,
        })
        .collect();
    key_is_over_self(block, &joined, problems);
    // A method that is wrong may have been meant to be guarded.
    if !problems.is_empty() {
        return;
    }
    if joined.is_empty() {
        if let Some((function, given)) = members.iter().find_map(apart) {
            let name = given.option.spec().name;
            let instead = if block.has(given.option) {
                "remove it here".to_owned()
            } else {
                format!("write `{name}` on the block")
            };
            problems.add(
                &given.key,
                format!(
                    "`{name}` gives `{}` a circuit of its own, so that the block's guards no method: \
                     {instead}, or remove the block's `#[circuit_breaker]`",
                    function.signature.ident
                ),
            );
            return;
        }
        problems.add(
            head.impl_token,
            "`#[circuit_breaker]` guards no method of this block: write it on those to guard, or remove \
             it",
        );
        return;
    }
    let is_async = joined.iter().any(|(method, _)| method.is_async);
    for given in block.iter() {
        let option = given.option;
        let name = option.spec().name;
        if [Opt::Timeout, Opt::OnCancel].contains(&option) && !is_async {
            let why = validate::needs_async(option, block);
            problems.add(&given.key, format!("`{name}` needs an async method: {why}"));
            continue;
        }
        let is_taken = joined.iter().any(|(method, own)| takes(own, option, method.is_async));
        if (JUDGES.contains(&option) || option == Opt::Timeout) && !is_taken {
            problems.add(
                &given.key,
                format!("each method says itself what `{name}` says here: remove it"),
            );
        }
    }
}

/// A method with a circuit of its own, and the option that gives it one.
fn apart(member: &Member) -> Option<(&Function, &Given)> {
    let Member::Apart(function, own) = member else {
        return None;
    };
    own.iter().find(|given| !given.option.is_per_call()).map(|given| (&**function, given))
}

/// `key = host`, where `host` is a parameter of some methods.
fn key_is_over_self(block: &Options, joined: &[(&Method, &Options)], problems: &mut Problems) {
    let (Some(given), Some(Value::Code(key))) = (block.get(Opt::Key), block.value(Opt::Key)) else {
        return;
    };
    let free = Free::of(key);
    for (method, _) in joined.iter().filter(|(_, own)| !own.has(Opt::Key)) {
        let signature = &method.function.signature;
        let names = signature.inputs.iter().flat_map(|input| match input {
            FnArg::Receiver(_) => Vec::new(),
            FnArg::Typed(typed) => names::bindings(&typed.pat),
        });
        if let Some(name) = names.map(|it| it.ident).find(|name| free.has(name)) {
            problems.add(
                TokenStream::clone(&given.tokens),
                format!(
                    "the `key` of a block is over `self`, but `{name}` is a parameter of `{0}`: give \
                     `{0}` a `key` of its own",
                    signature.ident
                ),
            );
            return;
        }
    }
}
