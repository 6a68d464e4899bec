//! What runs instead of the body.

use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens;
use syn::{Expr, ExprPath, ReceiverKind, Type};

use super::names::{self, Free};
use super::no_fallback::{
    between_bars, error_name, no_self_parameter, quoted_name, reason_is_of_its_kind,
    takes_parameters,
};
use super::{Form, Parameters};
use crate::diag::Problems;
use crate::head::Function;
use crate::options::{Opt, Options, Value, inside_parens};
use crate::validate::{is_named, peel_type, returned};

pub(crate) struct Fallback {
    pub(crate) expr: Expr,
    pub(crate) kind: Kind,
    pub(crate) gives: Gives,
    /// Whether it also runs for failures and timeouts.
    pub(crate) on_any: bool,
    /// The variables that it uses.
    pub(crate) free: Free,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Called with the receiver and all parameters.
    Path,
    /// Called with all parameters but the receiver.
    Closure {
        wants_reason: bool,
    },
    Expression,
}

/// What the tokens tell about the fallback of an async function.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Gives {
    Value,
    Future,
    /// Unknown: the compiler finds out.
    Either,
}

/// The most parameters for which there is a helper that gives an untyped closure its signature.
pub(crate) const MOST_PARAMETERS: usize = 16;

impl Fallback {
    pub(super) fn new(
        options: &Options,
        function: &Function,
        form: &Form,
        parameters: &Parameters,
        problems: &mut Problems,
    ) -> Option<Self> {
        let Value::Code(expr) = options.value(Opt::Fallback)? else {
            return None;
        };
        let on_any = matches!(options.value(Opt::FallbackOn), Some(Value::Word("any")));
        let expr = unwrap(expr);
        let kind = kind(&expr, parameters, problems);
        if let (Kind::Closure { wants_reason: true }, Expr::Closure(closure)) = (kind, &expr) {
            let error = error_name(returned(function, form));
            reason_is_of_its_kind(closure, on_any, error.as_deref(), problems);
        }
        if let (Kind::Path, Expr::Path(path)) = (kind, &expr) {
            let is_result = returned(function, form).is_some_and(|ty| is_named(ty, "Result"));
            takes_parameters(path, parameters, is_result, problems);
        }
        let free = Free::of(&expr);
        if kind == Kind::Expression {
            quoted_name(&expr, function, form, problems);
        }
        if matches!(form, Form::Sync) {
            not_async(&expr, "fallback", problems);
        }
        if on_any {
            nothing_used_up(&expr, kind, &free, parameters, problems);
        }
        let gives = match &expr {
            Expr::Closure(closure) if closure.asyncness.is_some() => Gives::Future,
            Expr::Closure(closure) => gives(&closure.body),
            Expr::Path(_) if kind == Kind::Path => Gives::Either,
            expr => gives(expr),
        };
        Some(Self { expr, kind, gives, on_any, free })
    }
}

/// A closure in parentheses is still a closure.
pub(super) fn unwrap(expr: &Expr) -> Expr {
    match inside_parens(expr) {
        Expr::Closure(closure) => Expr::Closure(closure.clone()),
        _ => expr.clone(),
    }
}

fn kind(expr: &Expr, all: &Parameters, problems: &mut Problems) -> Kind {
    match expr {
        Expr::Path(path) if path.path.segments.last().is_some_and(|s| s.ident == "None") => {
            Kind::Expression
        }
        // A parameter is a value, not a function to call with all parameters.
        Expr::Path(path) if names_parameter(path, all) => Kind::Expression,
        Expr::Path(_) => Kind::Path,
        Expr::Closure(closure) => {
            let has_self = all.receiver.is_some();
            let parameters = all.typed.len();
            let taken = closure.inputs.len();
            if no_self_parameter(closure, all, problems) {
                return Kind::Closure { wants_reason: false };
            }
            if taken != parameters && taken != parameters + 1 {
                let s = if taken == 1 { "" } else { "s" };
                let without = if has_self { " besides `self`" } else { "" };
                problems.add(
                    between_bars(closure),
                    format!(
                        "the fallback takes {taken} parameter{s}, but the function has \
                         {parameters}{without}; it is called with the function's parameters in \
                         order, and with the reason if it takes one more"
                    ),
                );
            }
            Kind::Closure { wants_reason: taken > parameters }
        }
        _ => Kind::Expression,
    }
}

/// Refuses an async fallback or ping in a sync function.
pub(super) fn not_async(expr: &Expr, what: &str, problems: &mut Problems) {
    let keyword = match expr {
        Expr::Closure(closure) => closure.asyncness.or(match inside_parens(&closure.body) {
            Expr::Async(block) => Some(block.async_token),
            _ => None,
        }),
        Expr::Async(block) => Some(block.async_token),
        _ => None,
    };
    if let Some(keyword) = keyword {
        problems.add(
            keyword,
            format!(
                "the function is not async, so its {what} can't be: remove `async`, or make the \
                 function an `async fn`"
            ),
        );
    }
}

pub(super) fn names_parameter(path: &ExprPath, parameters: &Parameters) -> bool {
    path.path.get_ident().is_some_and(|name| {
        let is_bound = |bound: &syn::PatIdent| bound.ident == *name;
        name == "self" || parameters.typed.iter().any(|it| it.bindings.iter().any(is_bound))
    })
}

/// Refuses what the body has used up: under `any`, the body runs before the fallback.
fn nothing_used_up(
    expr: &Expr,
    kind: Kind,
    free: &Free,
    parameters: &Parameters,
    problems: &mut Problems,
) {
    let remedy = "remove `fallback_on = any`, or call the fallback in the body";
    if let Some(receiver) = &parameters.receiver {
        let (by_mut, by_value) = match &receiver.kind {
            ReceiverKind::Reference(_, _, mutability) => (mutability.is_some(), false),
            ReceiverKind::Typed(_, ty) => match peel_type(ty) {
                Type::Reference(reference) => (reference.mutability.is_some(), false),
                _ => (false, true),
            },
            _ => (false, true),
        };
        let used = kind == Kind::Path || free.has_self();
        if by_mut && used {
            problems.add(
                receiver,
                format!(
                    "`fallback_on = any` can't pass `&mut self` on, because the body has already \
                     used it; {remedy}"
                ),
            );
        } else if by_value && used && kind != Kind::Path {
            problems.add(
                self_token(expr.to_token_stream()),
                "`fallback_on = any` can't use `self` here, because the body has consumed it; \
                 write a path, which is called with a clone: `fallback = Self::function`",
            );
        }
    }
    for parameter in &parameters.typed {
        let passed = kind != Kind::Expression || parameter.is_used(free);
        if parameter.is_exclusive() && passed {
            problems.add(
                peel_type(&parameter.input.ty),
                format!(
                    "`fallback_on = any` can't pass a `&mut` parameter on, because the body has \
                     already used it; {remedy}"
                ),
            );
        }
    }
}

fn self_token(tokens: TokenStream) -> TokenTree {
    let whole = tokens.clone();
    names::flatten(tokens)
        .find(|token| matches!(token, TokenTree::Ident(ident) if ident == "self"))
        .unwrap_or_else(|| {
            TokenTree::Group(proc_macro2::Group::new(proc_macro2::Delimiter::None, whole))
        })
}

/// Only for coercions into the return type that start inside the value; for `Either`, the compiler
/// finds out.
fn gives(expr: &Expr) -> Gives {
    known(expr).unwrap_or(Gives::Value)
}

/// `None` for an expression that never returns a value.
fn known(expr: &Expr) -> Option<Gives> {
    Some(match expr {
        Expr::Async(_) => Gives::Future,
        Expr::Group(inner) => return known(&inner.expr),
        Expr::Paren(inner) => return known(&inner.expr),
        Expr::Block(block) => return tail(&block.block),
        Expr::Unsafe(block) => return tail(&block.block),
        Expr::If(branches) => match &branches.else_branch {
            Some((_, otherwise)) => {
                return one_of([tail(&branches.then_branch), known(otherwise)]);
            }
            None => Gives::Value,
        },
        Expr::Match(arms) => return one_of(arms.arms.iter().map(|arm| known(&arm.body))),
        Expr::Return(_) | Expr::Break(_) | Expr::Continue(_) => return None,
        Expr::Loop(repeated) => {
            let breaks = |token| matches!(token, TokenTree::Ident(word) if word == "break");
            if !names::flatten(repeated.body.to_token_stream()).any(breaks) {
                return None;
            }
            Gives::Either
        }
        Expr::Path(path) if path.path.segments.last().is_some_and(|s| s.ident == "None") => {
            Gives::Value
        }
        Expr::Call(call) => match &*call.func {
            Expr::Path(path) if never_returns(&path.path) => return None,
            Expr::Path(path) => match path.path.segments.last() {
                Some(last) if ["Ok", "Err", "Some"].iter().any(|name| last.ident == name) => {
                    Gives::Value
                }
                _ => Gives::Either,
            },
            _ => Gives::Either,
        },
        Expr::Macro(call) => return of_macro(&call.mac),
        // `&mut` of a future is a future.
        Expr::Reference(reference) if reference.mutability.is_none() => Gives::Value,
        Expr::Lit(_)
        | Expr::Struct(_)
        | Expr::Array(_)
        | Expr::Repeat(_)
        | Expr::Tuple(_)
        | Expr::Range(_)
        | Expr::Cast(_)
        | Expr::Await(_)
        | Expr::Try(_) => Gives::Value,
        _ => Gives::Either,
    })
}

/// The functions of `std` that end the program, or unwind.
fn never_returns(path: &syn::Path) -> bool {
    let mut segments = path.segments.iter().rev().map(|segment| segment.ident.to_string());
    let (Some(name), Some(of)) = (segments.next(), segments.next()) else {
        return false;
    };
    let names: &[&str] = match of.as_str() {
        "process" => &["exit", "abort"],
        "panic" => &["panic_any", "resume_unwind"],
        _ => &[],
    };
    names.contains(&name.as_str())
}

fn tail(block: &syn::Block) -> Option<Gives> {
    match block.stmts.last() {
        Some(syn::Stmt::Expr(last, None)) => known(last),
        Some(syn::Stmt::Expr(last, Some(_))) => known(last).map(|_| Gives::Value),
        Some(syn::Stmt::Macro(last)) => match &last.semi_token {
            None => of_macro(&last.mac),
            Some(_) => of_macro(&last.mac).map(|_| Gives::Value),
        },
        _ => Some(Gives::Value),
    }
}

fn of_macro(mac: &syn::Macro) -> Option<Gives> {
    let last = mac.path.segments.last()?;
    let is_one_of = |names: &[&str]| names.iter().any(|name| last.ident == name);
    if is_one_of(&["bail", "panic", "todo", "unimplemented", "unreachable"]) {
        return None;
    }
    Some(if is_one_of(&["format", "vec"]) { Gives::Value } else { Gives::Either })
}

/// Branches, of which one is taken: what is known of one holds for all that return.
fn one_of(branches: impl IntoIterator<Item = Option<Gives>>) -> Option<Gives> {
    branches.into_iter().flatten().reduce(|a, b| match (a, b) {
        (Gives::Either, known) | (known, Gives::Either) => known,
        (a, b) if a == b => a,
        _ => Gives::Either,
    })
}
