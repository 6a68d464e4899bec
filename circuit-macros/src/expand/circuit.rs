//! The static that holds the circuit, its configuration, and the way in.

use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use std::time::Duration;

use super::at;
use super::parameters::Parameters;
use crate::model::{Circuit, Model, OwnCircuit};
use crate::options::{Opt, Takes, Value, range, thousands};

/// `let __circuit_breaker = ..;`: in an async function a closure, which takes no room in the future
/// where the permit keeps it.
pub(super) fn breaker(model: &Model) -> TokenStream {
    let site = Span::mixed_site();
    let found = match &model.circuit {
        Circuit::Shared(path) => {
            let site = at(path);
            quote_spanned!(site=> __circuit::share(&#path))
        }
        Circuit::Own(circuit) => {
            let timeout = model.timeout.as_ref().map(|timeout| &timeout.limit);
            let make = own_circuit(circuit, timeout);
            quote_spanned! {site=> {
                static __CIRCUIT_BREAKER: __circuit::CircuitBreaker = { #make };
                &__CIRCUIT_BREAKER
            }}
        }
    };
    if model.form.is_async() {
        quote_spanned!(site=> let __circuit_breaker = __circuit::FnHandle(|| #found);)
    } else {
        quote_spanned!(site=> let __circuit_breaker = __circuit::RefHandle(#found);)
    }
}

fn own_circuit(circuit: &OwnCircuit, timeout: Option<&Value>) -> TokenStream {
    let OwnCircuit { name, config, key } = circuit;
    let site = Span::mixed_site();
    let (here, name) = circuit_name(name.as_ref());
    let setters = config.iter().map(|(option, value)| setter(*option, value));
    let timeout = timeout.map(known_timeout);
    let config_value = quote_spanned!(site=> __circuit::Config::new() #(#setters)* #timeout);
    // Values that do not go together are shown at the last that only the
    // compiler knows; the others have been checked.
    let checks = config
        .iter()
        .rev()
        .find_map(|(_, value)| match value {
            Value::Constant(expr) => Some(at(expr)),
            _ => None,
        })
        .unwrap_or(site);
    let config_value = if key.is_some() {
        quote_spanned!(checks=> __circuit::checked_keyed(#config_value))
    } else {
        quote_spanned!(checks=> __circuit::checked(#config_value))
    };
    match key {
        None => quote_spanned!(site=> #here __circuit::create(#name, #config_value)),
        Some(key) => {
            let max_keys = max_keys(key.max_keys.as_ref());
            quote_spanned!(site=> #here __circuit::create_keyed(#name, #config_value, #max_keys))
        }
    }
}

/// The name, and the item by which one that isn't given is found.
fn circuit_name(name: Option<&Value>) -> (TokenStream, TokenStream) {
    let site = Span::mixed_site();
    let given = match name {
        Some(Value::Text(text)) => quote_spanned!(site=> __circuit::Name::given(#text)),
        Some(Value::Constant(expr)) => {
            let site = at(expr);
            quote_spanned!(site=> __circuit::Name::given(__circuit::name(#expr)))
        }
        _ => {
            return (
                quote_spanned!(site=> enum __CircuitHere {}),
                quote_spanned!(site=> __circuit::Name::found::<__CircuitHere>()),
            );
        }
    };
    (TokenStream::new(), given)
}

fn max_keys(value: Option<&Value>) -> TokenStream {
    value.map_or_else(|| quote!(10_000), |value| printed(Opt::MaxKeys, value))
}

/// `.threshold(3)`
fn setter(option: Opt, value: &Value) -> TokenStream {
    let site = Span::mixed_site();
    let method = Ident::new(option.spec().name, site);
    let value = printed(option, value);
    quote_spanned!(site=> .#method(#value))
}

/// `.__timeout(limit)`: the circuit is told how long its calls may take. Whether that is a limit at
/// all is checked where it is used.
fn known_timeout(limit: &Value) -> TokenStream {
    let site = Span::mixed_site();
    let limit = match limit {
        Value::Constant(expr) => expr.to_token_stream(),
        limit => printed(Opt::Timeout, limit),
    };
    quote_spanned!(site=> .__timeout(#limit))
}

/// The value as an expression; a constant inside the check that its option asks for.
fn printed(option: Opt, value: &Value) -> TokenStream {
    let site = Span::mixed_site();
    let takes = option.spec().takes;
    match value {
        Value::Whole(number) => {
            let number = Literal::u32_unsuffixed(*number);
            if takes == Takes::Window {
                quote_spanned!(site=> __circuit::Window::Calls(#number))
            } else {
                number.to_token_stream()
            }
        }
        Value::Number(literal) => literal.to_token_stream(),
        Value::Time(time) => {
            let time = duration(*time, site);
            if takes == Takes::Window {
                quote_spanned!(site=> __circuit::Window::Time(#time))
            } else {
                time
            }
        }
        Value::Constant(expr) => {
            let site = at(expr);
            let name = option.spec().name;
            match takes {
                Takes::Whole(most) => {
                    let message = format!("`{name}` must be from 1 to {}", thousands(most));
                    let most = Literal::u32_unsuffixed(most);
                    quote_spanned!(site=> __circuit::whole(#expr, #most, #message))
                }
                Takes::Rate | Takes::Factor | Takes::Part => {
                    let check = match takes {
                        Takes::Rate => quote_spanned!(site=> rate),
                        Takes::Factor => quote_spanned!(site=> factor),
                        _ => quote_spanned!(site=> part),
                    };
                    // A literal is finite, or so long that nobody means it.
                    let finite = if takes == Takes::Factor { " and finite" } else { "" };
                    let message = format!("`{name}` must be {}{finite}", range(takes));
                    quote_spanned!(site=> __circuit::#check(#expr, #message))
                }
                Takes::Window => quote_spanned!(site=> __circuit::U32OrDuration(#expr).window()),
                _ => {
                    let message = format!("`{name}` must be longer than zero");
                    quote_spanned!(site=> __circuit::time(#expr, #message))
                }
            }
        }
        Value::Word("failure") => quote_spanned!(site=> __circuit::OnCancel::Failure),
        Value::Word(_) => quote_spanned!(site=> __circuit::OnCancel::Ignore),
        // No option of a `Config` takes another kind.
        Value::Text(_) | Value::Code(_) | Value::Path(_) | Value::Pattern(_) | Value::Wrong => {
            TokenStream::new()
        }
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

/// The limit of a call, as a constant expression.
pub(super) fn limit(value: &Value) -> TokenStream {
    let time = printed(Opt::Timeout, value);
    match value {
        Value::Constant(expr) => {
            let site = at(expr);
            quote_spanned! {site=> {
                const __CIRCUIT_LIMIT: __circuit::Duration = #time;
                __CIRCUIT_LIMIT
            }}
        }
        _ => time,
    }
}

/// The expression that asks for a permit; the arm says what a rejected call does.
///
/// A block: a variable beside the body's future would leave a flag in the function's own future,
/// whether it has been moved.
pub(super) fn permit(
    model: &Model,
    parameters: &Parameters,
    site: Span,
    rejected: &TokenStream,
) -> TokenStream {
    let entry = entry(model, parameters);
    quote_spanned! {site=> {
        let __circuit_permit = match #entry {
            __circuit::Admitted(__circuit_permit) => __circuit_permit,
            #rejected,
        };
        __circuit_permit
    }}
}

/// The request for a permit.
pub(super) fn entry(model: &Model, parameters: &Parameters) -> TokenStream {
    let site = Span::mixed_site();
    let falls_back = model.fallback.is_some();
    if matches!(model.circuit, Circuit::Shared(_)) {
        return if falls_back {
            quote_spanned!(site=> __circuit::enter_shared_or_fall_back(__circuit_breaker))
        } else {
            quote_spanned!(site=> __circuit::enter_shared(__circuit_breaker))
        };
    }
    let Some(key) = model.key() else {
        return if falls_back {
            quote_spanned!(site=> __circuit::enter_or_fall_back(__circuit_breaker))
        } else {
            quote_spanned!(site=> __circuit::enter(__circuit_breaker))
        };
    };
    let scope = parameters.seen(&key.free);
    let key = &key.value;
    let site = at(key);
    let enter = if falls_back {
        quote_spanned!(site=> __circuit::enter_keyed_or_fall_back)
    } else {
        quote_spanned!(site=> __circuit::enter_keyed)
    };
    // A statement of its own: what the key borrows is free again behind it.
    quote_spanned! {site=> {
        #scope
        let __circuit_entry = __circuit::Key::of(&(#key))
            .__circuit_with(|__circuit_key| #enter(__circuit_breaker, __circuit_key));
        __circuit_entry
    }}
}
