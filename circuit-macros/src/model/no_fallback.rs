//! What people write instead of a fallback.

use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::{Expr, ExprClosure, ExprPath, GenericArgument, Lit, Pat, PathArguments, Type};

use super::{Form, Parameters};
use crate::diag::Problems;
use crate::head::Function;
use crate::shown::shown;
use crate::validate::{is_named, peel_type, returned};

/// A closure's parameters, with the bars around them.
pub(super) fn between_bars(closure: &ExprClosure) -> TokenStream {
    let bars = closure.inputs_begin.to_token_stream().into_iter();
    bars.chain(closure.inputs.to_token_stream())
        .chain(closure.inputs_end.to_token_stream())
        .collect()
}

/// A closure's parameter that is meant for the receiver. `self` may be a closure's parameter nowhere.
pub(super) fn no_self_parameter(
    closure: &ExprClosure,
    all: &Parameters,
    problems: &mut Problems,
) -> bool {
    let Some(first) = closure.inputs.first() else {
        return false;
    };
    let is_more = all.receiver.is_some() && closure.inputs.len() == all.typed.len() + 1;
    let (pattern, is_of_self) = match first {
        Pat::Type(typed) => (&*typed.pat, is_self_type(&typed.ty)),
        pattern => (pattern, false),
    };
    let name = shown(pattern);
    let is_self = ["self", "mut self", "&self", "&mut self"].contains(&name.as_str());
    if !is_self && !(is_more && (is_of_self || is_named_self(&name))) {
        return false;
    }
    let message = if all.receiver.is_some() {
        "a closure is not given the receiver: leave this parameter out, and use `self` in the closure"
    } else {
        "a closure has no `self`, and neither has the function: leave this parameter out"
    };
    problems.add(first, message);
    true
}

/// `&Self`
fn is_self_type(ty: &Type) -> bool {
    match peel_type(ty) {
        Type::Reference(reference) => is_self_type(&reference.elem),
        Type::Path(path) => path.path.is_ident("Self"),
        _ => false,
    }
}

/// Names that people use for `self` where they can't write it.
fn is_named_self(name: &str) -> bool {
    ["this", "_this", "self_", "_self", "slf", "me", "receiver"].contains(&name)
}

/// A reason that is written with the type of the other kind of fallback, or with the function's own
/// error type.
pub(super) fn reason_is_of_its_kind(
    closure: &ExprClosure,
    on_any: bool,
    error: Option<&str>,
    problems: &mut Problems,
) {
    let Some(Pat::Type(reason)) = closure.inputs.last() else {
        return;
    };
    let (given, other, otherwise) = if on_any {
        ("CallError<_>", "CircuitOpenError", "with `fallback_on = any`")
    } else {
        ("CircuitOpenError", "CallError", "without `fallback_on = any`")
    };
    let ty = peel_type(&reason.ty);
    let is_error = error.is_some_and(|error| is_named(ty, error));
    if is_error && on_any && !is_named(ty, "CallError") {
        problems.add(
            &reason.ty,
            "with `fallback_on = any` the reason is a `CallError<_>`, whose `Failed` holds the error: \
             write that, or leave the type out",
        );
    } else if is_named(ty, other) {
        problems.add(
            &reason.ty,
            format!("{otherwise} the reason is a `{given}`: write that, or leave the type out"),
        );
    }
}

/// The name of the error type, `Error` where an alias stands for the `Result`.
pub(super) fn error_name(returned: Option<&Type>) -> Option<String> {
    let Type::Path(path) = returned? else {
        return None;
    };
    let last = path.path.segments.last().filter(|last| last.ident == "Result")?;
    let PathArguments::AngleBracketed(arguments) = &last.arguments else {
        return None;
    };
    if arguments.args.len() == 1 {
        return Some("Error".to_owned());
    }
    match arguments.args.last()? {
        GenericArgument::Type(error) => match peel_type(error) {
            Type::Path(path) => path.path.segments.last().map(|last| last.ident.to_string()),
            _ => None,
        },
        _ => None,
    }
}

/// Functions of `std` that take no parameters.
pub(super) fn takes_parameters(
    path: &ExprPath,
    all: &Parameters,
    is_result: bool,
    problems: &mut Problems,
) {
    const TYPES: [&str; 8] =
        ["Vec", "String", "HashMap", "HashSet", "BTreeMap", "BTreeSet", "VecDeque", "Default"];
    let mut segments = path.path.segments.iter().rev();
    let (Some(name), Some(of)) = (segments.next(), segments.next()) else {
        return;
    };
    let makes = (name.ident == "new" && of.ident != "Default") || name.ident == "default";
    let has_none = all.typed.is_empty() && all.receiver.is_none();
    if has_none || !makes || !TYPES.iter().any(|known| of.ident == known) {
        return;
    }
    let function = shown(path);
    let call = if is_result { format!("Ok({function}())") } else { format!("{function}()") };
    problems.add(
        path,
        format!(
            "a path is called with the function's parameters, but `{function}` takes none: write \
             `fallback = {call}`"
        ),
    );
}

/// `fallback = "cached_price"`
pub(super) fn quoted_name(expr: &Expr, function: &Function, form: &Form, problems: &mut Problems) {
    let Expr::Lit(literal) = expr else {
        return;
    };
    let Lit::Str(text) = &literal.lit else {
        return;
    };
    if returned(function, form).is_some_and(|ty| is_named(ty, "Result")) {
        let path = text.value();
        let path = if path.is_empty() { "cached_price" } else { &path };
        problems.add(
            literal,
            format!(
                "`fallback` takes a path without quotes, a closure or a value: \
                 `fallback = {path}`"
            ),
        );
    }
}
