//! The static that holds the circuit, and its configuration.

use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use std::time::Duration;
use syn::visit::{self, Visit};
use syn::{Expr, ExprBlock, ExprCall, ExprField, ExprMethodCall, ExprPath};

use super::at;
use super::import::{import, import_as};
use crate::model::{Circuit, Model, Name, OwnCircuit, Timeout};
use crate::options::{Given, Opt, Range, Takes, Value};
use crate::shown::shown;

/// `let __circuit_breaker = ..;`: in an async function a closure, so that the permit takes no room
/// for it in the future.
pub(super) fn breaker(model: &Model) -> TokenStream {
    let site = Span::mixed_site();
    let found = match &model.circuit {
        Circuit::Shared(path) => {
            let site = at(path);
            if model.key.is_some() {
                quote_spanned!(site=> __circuit::share_keyed(&#path))
            } else {
                quote_spanned! {site=>
                    __circuit::share(__circuit::Shared::of(&#path).__circuit_shared())
                }
            }
        }
        Circuit::Own(circuit) => {
            let make = make(circuit);
            quote_spanned! {site=> {
                static __CIRCUIT_BREAKER: __circuit::StaticBreaker = { #make };
                __circuit::StaticBreaker::get(&__CIRCUIT_BREAKER)
            }}
        }
    };
    if model.form.is_async() {
        quote_spanned!(site=> let __circuit_breaker = __circuit::FnHandle(|| #found);)
    } else {
        quote_spanned!(site=> let __circuit_breaker = __circuit::RefHandle(#found);)
    }
}

/// `static NAME: StaticBreaker = ..;`, for the methods of a block.
pub(crate) fn of_block(
    runtime: Option<&ExprPath>,
    name: &Ident,
    circuit: &OwnCircuit,
) -> TokenStream {
    let site = Span::mixed_site();
    let import = import(runtime);
    let make = make(circuit);
    let (import_type, ty) = if runtime.is_some() {
        let module = format_ident!("{name}_RUNTIME", span = site);
        let ty = quote_spanned!(site=> #module::StaticBreaker);
        (import_as(&module, runtime), ty)
    } else {
        let ty = quote_spanned!(site=> ::circuit_runtime::__private::StaticBreaker);
        (TokenStream::new(), ty)
    };
    quote_spanned!(site=> #import_type static #name: #ty = { #import #make };)
}

/// What makes the circuit.
fn make(circuit: &OwnCircuit) -> TokenStream {
    let OwnCircuit { name, keys, .. } = circuit;
    let site = Span::mixed_site();
    let config = config(circuit);
    let max_keys = keys.as_ref().map(|keys| {
        let max_keys = max_keys(keys.most.as_ref());
        quote_spanned!(site=> , #max_keys)
    });
    let create = if keys.is_some() { "create_keyed" } else { "create" };
    let Some(name) = circuit_name(name) else {
        let create = format_ident!("{create}_here", span = site);
        return quote_spanned! {site=>
            enum __CircuitHere {}
            __circuit::#create::<__CircuitHere>(#config #max_keys)
        };
    };
    let create = Ident::new(create, site);
    quote_spanned!(site=> __circuit::#create(#name, #config #max_keys))
}

/// The configuration, checked. What only the compiler knows, constants and a preset, it checks
/// option by option, each at the user's tokens; the others have been checked. Where nothing is left to check,
/// it doesn't: that would take it longer than anything else in the static.
fn config(circuit: &OwnCircuit) -> TokenStream {
    let OwnCircuit { preset, config, timeouts, keys, is_async, .. } = circuit;
    let site = Span::mixed_site();
    let is_off = |given: &&Given| matches!(given.value, Value::Off);
    // First, as `off` takes along what is set before it.
    let off = config.iter().filter(is_off).map(|given| {
        let option = config_option(given.option, site);
        quote_spanned!(site=> .off(#option))
    });
    let setters = config.iter().filter(|given| !is_off(given)).map(setter);
    let limits = timeouts.iter().map(known_timeout);
    let written = quote_spanned!(site=> __circuit::Config::new() #(#off)* #(#setters)* #(#limits)*);
    // Whether the runtime has a timer, only the compiler knows.
    let waits = config.iter().any(|given| given.option == Opt::MaxWait && !is_off(&given));
    let waits_async = *is_async && (waits || preset.is_some());
    let mut values = config.iter().map(|given| &given.value).chain(timeouts);
    let has_constant = values.any(|value| matches!(value, Value::Constant(_)));
    if preset.is_none() && !has_constant && config.iter().all(goes_with_anything) {
        return written;
    }
    let keyed = keys.as_ref().map(|_| quote_spanned!(site=> .keyed()));
    let asynchronous = waits_async.then(|| quote_spanned!(site=> .asynchronous()));
    let checked = if let Some(path) = preset {
        let text = shown(path);
        quote_spanned!(site=> __circuit::Checked::over(#written, #path, #text) #keyed #asynchronous)
    } else {
        quote_spanned!(site=> __circuit::Checked::new(#written) #keyed #asynchronous)
    };
    if preset.is_none() && !has_constant && !waits_async {
        return quote_spanned!(site=> #checked.config());
    }
    let blame = config.iter().rev().map(|given| {
        let site = at(&given.tokens);
        let option = config_option(given.option, site);
        quote_spanned!(site=> __circuit::Checked::blame(&__circuit_config, #option);)
    });
    let rest = preset.as_ref().map_or(site, at);
    let checked = quote_spanned!(site=> let __circuit_config = #checked; #(#blame)*);
    let config = quote_spanned!(rest=> __circuit_config.config());
    quote_spanned!(site=> { #checked #config })
}

/// Whether a value in its range, which has been checked, is right beside any other of these.
fn goes_with_anything(given: &Given) -> bool {
    let alone = [
        Opt::Threshold,
        Opt::FailureRate,
        Opt::Recovery,
        Opt::Backoff,
        Opt::Jitter,
        Opt::SuccessThreshold,
        Opt::Ramp,
        Opt::MaxConcurrent,
    ];
    alone.contains(&given.option) && !matches!(given.value, Value::Off)
}

/// `ConfigOption::Threshold`
fn config_option(option: Opt, site: Span) -> TokenStream {
    let variant = Ident::new(&format!("{option:?}"), site);
    quote_spanned!(site=> __circuit::ConfigOption::#variant)
}

/// The name. `None`: it is made from the path of an item in the static.
fn circuit_name(name: &Name) -> Option<TokenStream> {
    let site = Span::mixed_site();
    let text = match name {
        Name::Given(value) => match &**value {
            Value::Constant(expr) => {
                let site = at(expr);
                let value = in_const(expr);
                quote_spanned!(site=> __circuit::name(#value))
            }
            Value::Text(text) => text.to_token_stream(),
            // No name is of another kind.
            _ => TokenStream::new(),
        },
        Name::InModule(inside) => {
            let inside = format!("::{inside}");
            let path = quote_spanned!(site=> __circuit::core::module_path!());
            quote_spanned!(site=> __circuit::core::concat!(#path, #inside))
        }
        Name::OfFunction => return None,
    };
    Some(quote_spanned!(site=> __circuit::Name::given(#text)))
}

fn max_keys(value: Option<&Value>) -> TokenStream {
    match value {
        None => quote!(10_000),
        Some(Value::Constant(expr)) => {
            let site = at(expr);
            let value = in_const(expr);
            quote_spanned!(site=> __circuit::max_keys(#value))
        }
        Some(value) => printed(value),
    }
}

/// `.threshold(3)`
fn setter(given: &Given) -> TokenStream {
    let site = Span::mixed_site();
    let spec = given.option.spec();
    let method = Ident::new(spec.name, site);
    let value = match (&given.value, spec.takes) {
        (Value::Whole(number), Takes::In(Range::Window)) => {
            let number = Literal::u32_unsuffixed(*number);
            quote_spanned!(site=> __circuit::Window::Calls(#number))
        }
        (Value::Time(time), Takes::In(Range::Window)) => {
            let time = duration(*time, site);
            quote_spanned!(site=> __circuit::Window::Time(#time))
        }
        (Value::Constant(expr), Takes::In(Range::Window)) => {
            let site = at(expr);
            let value = in_const(&with_hint(expr));
            quote_spanned!(site=> __circuit::U32OrDuration(#value).window())
        }
        (Value::Constant(expr), _) => in_const(&with_hint(expr)),
        (value, _) => printed(value),
    };
    quote_spanned!(site=> .#method(#value))
}

/// `.__timeout(limit)`: the circuit is told how long its calls may take. Whether that is a limit at
/// all is checked where it is used.
fn known_timeout(limit: &Value) -> TokenStream {
    let site = Span::mixed_site();
    let limit = printed(limit);
    quote_spanned!(site=> .__timeout(#limit))
}

/// The value as an expression.
pub(super) fn printed(value: &Value) -> TokenStream {
    let site = Span::mixed_site();
    match value {
        Value::Whole(number) => Literal::u32_unsuffixed(*number).to_token_stream(),
        Value::Number(literal) => literal.to_token_stream(),
        Value::Time(time) => duration(*time, site),
        Value::Constant(expr) => in_const(expr),
        Value::Word("failure") => quote_spanned!(site=> __circuit::OnCancel::Failure),
        Value::Word("slow") => quote_spanned!(site=> __circuit::OnCancel::Slow),
        Value::Word(_) => quote_spanned!(site=> __circuit::OnCancel::Ignore),
        // No option of a `Config` takes another kind.
        Value::Text(_)
        | Value::Code(_)
        | Value::Path(_)
        | Value::Pattern(_)
        | Value::Off
        | Value::Wrong => TokenStream::new(),
    }
}

/// What computes anything stands in a constant of its own: of a function that is not `const` the compiler says
/// so there, and in the static besides that a static may be lazy.
fn in_const(expr: &Expr) -> TokenStream {
    let site = at(expr);
    match expr {
        Expr::Path(_) | Expr::Lit(_) | Expr::Macro(_) => expr.to_token_stream(),
        Expr::Block(ExprBlock { attrs, label: None, block }) if attrs.is_empty() => {
            quote_spanned!(site=> const #block)
        }
        expr => quote_spanned!(site=> const { #expr }),
    }
}

/// The value of an option that `reconfigure` changes: if it can't be computed by the build, the compiler says in which
/// macro that is, and that macro's name is the remedy.
fn with_hint(expr: &Expr) -> Expr {
    let mut calls = Calls(false);
    calls.visit_expr(expr);
    if !calls.0 {
        return expr.clone();
    }
    let site = at(expr);
    let expr = expr.to_token_stream();
    Expr::Verbatim(
        quote_spanned!(site=> __circuit::options_are_constants_use_reconfigure_at_run_time!(#expr)),
    )
}

/// Whether an expression calls anything but a function of `Duration`, or reads a field, which may be a lazy static's.
struct Calls(bool);

impl<'ast> Visit<'ast> for Calls {
    fn visit_expr_call(&mut self, call: &'ast ExprCall) {
        let is_duration = matches!(&*call.func, Expr::Path(path)
            if path.path.segments.iter().rev().nth(1).is_some_and(|ty| ty.ident == "Duration"));
        self.0 |= !is_duration;
        visit::visit_expr_call(self, call);
    }

    fn visit_expr_method_call(&mut self, _: &'ast ExprMethodCall) {
        self.0 = true;
    }

    fn visit_expr_field(&mut self, _: &'ast ExprField) {
        self.0 = true;
    }
}

fn duration(time: Duration, site: Span) -> TokenStream {
    let (secs, nanos) = (time.as_secs(), time.subsec_nanos());
    let (method, count) = match nanos {
        0 => ("from_secs", secs),
        _ if secs == 0 && nanos % 1_000_000 == 0 => ("from_millis", u64::from(nanos / 1_000_000)),
        _ => {
            let secs = Literal::u64_unsuffixed(secs);
            let nanos = Literal::u32_unsuffixed(nanos);
            return quote_spanned!(site=> __circuit::Duration::new(#secs, #nanos));
        }
    };
    let method = Ident::new(method, site);
    let count = Literal::u64_unsuffixed(count);
    quote_spanned!(site=> __circuit::Duration::#method(#count))
}

/// The time limit of a call, as a constant expression.
pub(super) fn limit(limit: &Timeout) -> TokenStream {
    match &limit.limit {
        Value::Constant(expr) => {
            let site = at(expr);
            let check = if limit.key == "idle" { "idle" } else { "timeout" };
            let check = Ident::new(check, site);
            quote_spanned! {site=> {
                const __CIRCUIT_LIMIT: __circuit::Duration = __circuit::#check(#expr);
                __CIRCUIT_LIMIT
            }}
        }
        value => printed(value),
    }
}

/// Whether a rejected call counts a fallback at once.
pub(super) fn counted_fallback(model: &Model) -> TokenStream {
    let site = Span::mixed_site();
    // With `stale` it is only known later whether the fallback is needed.
    let at_once = model.fallback.is_some() && model.stale.is_none();
    let fallback = Ident::new(if at_once { "Runs" } else { "None" }, site);
    quote_spanned!(site=> __circuit::Fallback::#fallback)
}
