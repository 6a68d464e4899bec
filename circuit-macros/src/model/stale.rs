//! The last good value.

use proc_macro2::Ident;
use syn::{Expr, ExprPath, GenericArgument, PathArguments, Type};

use super::lent::Borrowed;
use super::names::Free;
use super::{Parameters, code};
use crate::diag::Problems;
use crate::options::{Opt, Options, Value, inside_parens};
use crate::validate::peel_type;

pub(crate) struct Stale {
    /// The option's name, at which a missing feature is reported.
    pub(crate) option: Ident,
    pub(crate) age: Value,
    pub(crate) most: Option<Value>,
    /// What tells the values apart. `None`: there is one, or one for each key.
    pub(crate) key: Option<Expr>,
    /// Whether a value is also of its circuit's key.
    pub(crate) is_of_key: bool,
    /// Whether it is given for failures and timeouts, too.
    pub(crate) on_any: bool,
    /// The variables that `key` uses.
    pub(crate) free: Free,
}

impl Stale {
    pub(super) fn new(
        options: &Options,
        parameters: &Parameters,
        output: Option<&Type>,
        problems: &mut Problems,
    ) -> Option<Self> {
        let given = options.get(Opt::Stale)?;
        if let Some(value) = output.and_then(value_type).filter(|it| Borrowed::by(it).is_short()) {
            problems.add(
                value,
                "`stale` keeps what the function returns, which must not borrow anything then: return an \
                 owned value",
            );
        }
        let circuit_key = code(options, Opt::Key);
        let mut is_of_key = circuit_key.is_some();
        let key = match code(options, Opt::StaleKey) {
            // `()`: one value for all, or for each key.
            Some(key) if is_unit(&key) => None,
            Some(key) => Some(key),
            None => {
                let only = circuit_key.filter(|key| is_only_parameter(key, parameters));
                let is_needed = parameters.receiver.is_some() || !parameters.typed.is_empty();
                // Beside an age that is wrong, the key may be yet to come.
                let is_known = !matches!(given.value, Value::Wrong);
                if is_needed && only.is_none() && is_known && !options.may_have(Opt::StaleKey) {
                    needs_a_key(&given.key, parameters, is_of_key, problems);
                }
                // It is the key already, and longer than the text that a circuit keeps of it.
                is_of_key &= only.is_none();
                only
            }
        };
        let free = key.as_ref().map(Free::of).unwrap_or_default();
        Some(Self {
            option: given.key.clone(),
            age: given.value.clone(),
            most: options.value(Opt::MaxStale).cloned(),
            key,
            is_of_key,
            on_any: matches!(options.value(Opt::FallbackOn), Some(Value::Word("any"))),
            free,
        })
    }
}

/// The `T` of `Result<T, E>`.
fn value_type(ty: &Type) -> Option<&Type> {
    let Type::Path(path) = peel_type(ty) else {
        return None;
    };
    let last = path.path.segments.last().filter(|last| last.ident == "Result")?;
    let PathArguments::AngleBracketed(arguments) = &last.arguments else {
        return None;
    };
    match arguments.args.first()? {
        GenericArgument::Type(value) => Some(value),
        _ => None,
    }
}

fn is_unit(expr: &Expr) -> bool {
    matches!(inside_parens(expr), Expr::Tuple(tuple) if tuple.elems.is_empty())
}

/// Whether this is the function's one parameter, or a reference to it.
fn is_only_parameter(key: &Expr, parameters: &Parameters) -> bool {
    let ([only], None) = (parameters.typed.as_slice(), &parameters.receiver) else {
        return false;
    };
    let named = |path: &ExprPath| {
        let name = only.simple();
        name.is_some_and(|name| path.path.is_ident(&name.ident))
    };
    match inside_parens(key) {
        Expr::Path(path) => named(path),
        Expr::Reference(reference) => is_only_parameter(&reference.expr, parameters),
        _ => false,
    }
}

/// Whose answer it is, nobody can guess: it may be of a caller, or of an instance.
fn needs_a_key(option: &Ident, parameters: &Parameters, is_of_key: bool, problems: &mut Problems) {
    let names = parameters.typed.iter().filter_map(|it| it.simple()).map(|it| it.ident.to_string());
    let names: Vec<String> = names.collect();
    let instance = parameters.receiver.as_ref().map(|_| "self.id".to_owned());
    let all: Vec<String> = instance.into_iter().chain(names).collect();
    let example = match all.as_slice() {
        [] => "id".to_owned(),
        [one] => one.clone(),
        all => format!("({})", all.join(", ")),
    };
    let of_self =
        if parameters.receiver.is_some() { ", and what tells one `self` from another" } else { "" };
    let one_for = if is_of_key { "each key" } else { "all" };
    problems.add(
        option,
        format!(
            "`stale` needs `stale_key`, or one caller would be given another's answer: write all that the \
             answer depends on{of_self}, `stale_key = {example}`, or `stale_key = ()` for one value for {one_for}"
        ),
    );
}
