//! A value, parsed by the kind that its option takes.

use std::time::Duration;

use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens;
use syn::parse::ParseStream;
use syn::{Expr, Lit, Stmt};

use super::literal::{
    Literally, Parsed, example, inside_parens, is_constant, is_whole_number, literal, peel,
};
use super::{Opt, Range, Spec, Takes, Value, duration, number, pattern, unquoted};
use crate::diag::Problems;
use crate::shown::shown;

/// The value and its tokens. Syntax that is no value of any kind is an error
/// here, one that does not suit the option is `Wrong`: parsing can go on behind it.
pub(super) fn parse(
    spec: &Spec,
    input: ParseStream,
    problems: &mut Problems,
) -> syn::Result<(Value, TokenStream)> {
    if spec.takes == Takes::Pattern {
        let start = input.fork();
        let arm = pattern::parse(spec.name, input)?;
        // As the user wrote it.
        let mut tokens = TokenStream::new();
        while start.cursor() != input.cursor() {
            tokens.extend([start.parse::<TokenTree>()?]);
        }
        return Ok((Value::Pattern(Box::new(arm)), tokens));
    }
    if let Takes::In(range) = spec.takes {
        if let Some((tokens, message)) = unquoted::answer(spec, range, input) {
            problems.add(&tokens, message);
            return Ok((Value::Wrong, tokens));
        }
    }
    let expr = peel(spec, input.parse()?);
    let tokens = expr.to_token_stream();
    let value = of_expr(spec, expr).unwrap_or_else(|message| {
        problems.add(&tokens, message);
        Value::Wrong
    });
    Ok((value, tokens))
}

fn of_expr(spec: &Spec, expr: Expr) -> Parsed {
    let literal = literal(&expr);
    match spec.takes {
        Takes::In(_) if is_off(&expr) => match spec.off_error {
            Some(error) => Err(error.to_owned()),
            None => Ok(Value::Off),
        },
        Takes::In(_) if means_off(&expr) => Err(match spec.off_error {
            Some(error) => error.to_owned(),
            None => format!("to switch `{0}` off, write `{0} = off`", spec.name),
        }),
        Takes::In(range) => ranged(spec, range, literal, expr),
        Takes::Text => text(spec, literal, expr),
        Takes::Code => code(spec, literal, expr),
        Takes::Function => function(spec, expr),
        Takes::Ping => ping(spec, literal, expr),
        Takes::Fallback => Ok(Value::Code(expr)),
        Takes::Path => path(spec, literal, expr),
        Takes::Word(words) => word(spec, words, &expr),
        Takes::Pattern => unreachable!("patterns are no expressions"),
    }
}

/// `off`, the word.
fn is_off(expr: &Expr) -> bool {
    matches!(expr, Expr::Path(path) if path.path.is_ident("off"))
}

/// Other words for it, none of which could be a number or a time.
fn means_off(expr: &Expr) -> bool {
    match expr {
        Expr::Path(path) => {
            let words = ["none", "None", "Off", "never", "disabled", "disable", "no"];
            path.path.get_ident().is_some_and(|word| words.iter().any(|off| word == off))
        }
        Expr::Lit(literal) => matches!(&literal.lit, Lit::Bool(truth) if !truth.value),
        _ => false,
    }
}

fn ranged(spec: &Spec, range: Range, literal: Literally, expr: Expr) -> Parsed {
    let name = spec.name;
    match (range, literal) {
        (_, Some((_, Lit::Str(text)))) if text.value().trim() == "off" => {
            Err(format!("write `{name} = off`, without quotes"))
        }
        // Which of the two was meant, only its author knows.
        (Range::Window, Some((_, Lit::Str(text))))
            if text.value().trim().parse::<u32>().is_ok_and(|n| n > 0) =>
        {
            let digits = text.value();
            let digits = digits.trim();
            Err(format!(
                "`{name}` needs a unit, or no quotes: write `{name} = {digits}` for the last \
                 {digits} calls, or `{name} = \"{digits}s\"` for seconds"
            ))
        }
        (Range::Time, literal) => time(spec, literal, expr),
        (Range::Window, Some((negative, text)))
            if matches!(text, Lit::Str(_)) || unquoted::with_unit(&text).is_some() =>
        {
            time(spec, Some((negative, text)), expr)
        }
        (Range::Rate | Range::Share | Range::Factor | Range::Part, literal) => {
            number::float(spec, range, literal, expr)
        }
        (Range::Count | Range::Probes | Range::Window | Range::OnCancel, literal) => {
            number::whole(spec, range, literal, expr)
        }
    }
}

fn time(spec: &Spec, literal: Literally, expr: Expr) -> Parsed {
    let name = spec.name;
    let zero = || spec.range_error.to_owned();
    let unitless = |negative: bool, digits: &str| {
        if negative || digits.trim_matches(['0', '.']).is_empty() {
            zero()
        } else {
            // So long in seconds is hardly meant.
            let is_long = digits.parse().is_ok_and(|number: u64| number >= 1_000);
            let (unit, units) = if is_long { ("ms", "milliseconds") } else { ("s", "seconds") };
            format!("`{name}` needs a unit: write `{name} = \"{digits}{unit}\"` for {units}")
        }
    };
    let unquoted = match &literal {
        Some((false, number)) => unquoted::with_unit(number),
        _ => None,
    };
    if let Some(text) = unquoted {
        return Err(unquoted::time(spec, &text));
    }
    match literal {
        Some((_, Lit::Str(text))) => match duration::parse(&text.value())? {
            Duration::ZERO => Err(zero()),
            time => Ok(Value::Time(time)),
        },
        Some((negative, Lit::Int(int))) => Err(unitless(negative, int.base10_digits())),
        Some((negative, Lit::Float(float))) => Err(unitless(negative, float.base10_digits())),
        None if is_whole_number(&expr) => Err(format!(
            "`{name}` needs a unit: {}, or a constant of type `Duration`",
            example(spec)
        )),
        None if is_constant(&expr) => Ok(Value::Constant(expr)),
        _ => Err(format!("`{name}` takes a duration: {}", example(spec))),
    }
}

fn text(spec: &Spec, literal: Literally, expr: Expr) -> Parsed {
    let name = spec.name;
    match (literal, expr) {
        (Some((_, Lit::Str(text))), _) if text.value().is_empty() => {
            Err(format!("`{name}` must not be empty"))
        }
        (Some((_, Lit::Str(text))), _) => Ok(Value::Text(text)),
        (Some(_), _) => Err(format!("`{name}` takes a string: {}", example(spec))),
        (None, Expr::Macro(call)) if is_format(&call.mac.path) => Err(format!(
            "`{name}` takes a string or a constant, since it is fixed when the program is built; \
             for a circuit per value, write `key = ..`"
        )),
        (None, expr) => Ok(Value::Constant(expr)),
    }
}

fn is_format(path: &syn::Path) -> bool {
    path.segments.last().is_some_and(|last| last.ident == "format" || last.ident == "format_args")
}

fn code(spec: &Spec, literal: Literally, expr: Expr) -> Parsed {
    let name = spec.name;
    match (literal, &expr) {
        (Some((_, Lit::Str(text))), _) => Err(quoted_code(name, &text.value(), &expr)),
        (_, Expr::Closure(_)) => Err(format!(
            "`{name}` takes an expression over the parameters, not a closure: {}",
            example(spec)
        )),
        _ => Ok(Value::Code(expr)),
    }
}

/// `key = "host"`, `key = "{host}"`, `key = "{host}:{port}"`
fn quoted_code(name: &str, text: &str, literal: &Expr) -> String {
    let over = format!("`{name}` takes an expression over the parameters");
    let is_word = |text: &str| syn::parse_str::<syn::Ident>(text).is_ok();
    let inside = text.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
    match inside {
        Some(word) if is_word(word) => format!("{over}: `{name} = {word}`"),
        _ if text.contains('{') => {
            format!("{over}: `{name} = format_args!({})`", shown(literal))
        }
        _ if syn::parse_str::<Expr>(text).is_ok() => {
            format!("{over}, without quotes: `{name} = {text}`")
        }
        _ => format!("{over}: `{name} = host`"),
    }
}

fn function(spec: &Spec, expr: Expr) -> Parsed {
    let name = spec.name;
    match inside_parens(&expr) {
        Expr::Closure(closure) if closure.inputs.len() != 1 => {
            Err(format!("`{name}` takes a closure of the result alone: `{name} = |result| ..`"))
        }
        Expr::Path(_) | Expr::Closure(_) => Ok(Value::Code(expr)),
        Expr::Call(call) if call.args.iter().any(|arg| matches!(arg, Expr::Infer(_))) => {
            Err(format!(
                "`{name}` takes a path or a closure; for a pattern, write `failure = {}`",
                shown(expr)
            ))
        }
        Expr::Field(_) => Err(format!(
            "`{name}` takes a path or a closure: for a method, write `{name} = |result| {}(result)`",
            shown(expr)
        )),
        _ => Err(format!(
            "`{0}` takes a path or a closure: `{0} = {1}` or `{0} = |result| ..`",
            spec.name, spec.example
        )),
    }
}

fn ping(spec: &Spec, literal: Literally, expr: Expr) -> Parsed {
    let name = spec.name;
    let takes = format!("`{name}` takes a path or a closure, which is called with the parameters");
    match (literal, inside_parens(&expr)) {
        (_, Expr::Path(_) | Expr::Closure(_)) => Ok(Value::Code(expr)),
        (Some((_, Lit::Str(text))), _) if syn::parse_str::<syn::Path>(&text.value()).is_ok() => {
            Err(format!("{takes}, without quotes: `{name} = {}`", text.value()))
        }
        (_, Expr::Call(call)) if matches!(&*call.func, Expr::Path(path) if !is_result(path)) => {
            Err(format!("{takes}: `{name} = {}`", shown(&call.func)))
        }
        (_, Expr::Reference(reference)) if matches!(*reference.expr, Expr::Path(_)) => {
            Err(format!("{takes}, without `&`: `{name} = {}`", shown(&reference.expr)))
        }
        (_, expr) => Err(match method_of_self(expr) {
            Some(method) => format!("{takes}: for a method, write `{name} = Self::{method}`"),
            None => format!("{takes}: {}", example(spec)),
        }),
    }
}

/// `h` of `self.h`, `self.h()`, `self.h().await` and `async { self.h().await }`.
fn method_of_self(expr: &Expr) -> Option<String> {
    let (base, method) = match expr {
        Expr::Await(awaited) => return method_of_self(&awaited.base),
        Expr::Async(block) => match block.block.stmts.as_slice() {
            [Stmt::Expr(only, _)] => return method_of_self(only),
            _ => return None,
        },
        Expr::Field(field) => (&field.base, shown(&field.member)),
        Expr::MethodCall(call) => (&call.receiver, call.method.to_string()),
        _ => return None,
    };
    (shown(base) == "self").then_some(method)
}

/// `Ok` or `Err`.
fn is_result(path: &syn::ExprPath) -> bool {
    path.path.segments.last().is_some_and(|last| last.ident == "Ok" || last.ident == "Err")
}

fn path(spec: &Spec, literal: Literally, expr: Expr) -> Parsed {
    match (literal, expr) {
        (_, Expr::Path(path)) => Ok(Value::Path(path)),
        (Some((_, Lit::Str(_))), _) => {
            Err(format!("`{}` takes a path, without quotes: {}", spec.name, example(spec)))
        }
        (_, Expr::Reference(reference)) if matches!(*reference.expr, Expr::Path(_)) => {
            let path = shown(&reference.expr);
            Err(format!("`{0}` takes a path, without `&`: `{0} = {path}`", spec.name))
        }
        (None, expr) if spec.option == Opt::Breaker && is_new(&expr) => {
            let is_keyed = shown(expr).contains("KeyedBreaker");
            let ty = if is_keyed { "KeyedBreaker" } else { "CircuitBreaker" };
            Err(format!(
                "`breaker` takes the path of a `static`, which all calls share: write `static \
                 PAYMENTS: {ty} = ..;` and {}",
                example(spec)
            ))
        }
        (None, expr @ (Expr::Field(_) | Expr::Call(_) | Expr::MethodCall(_)))
            if spec.option == Opt::Breaker =>
        {
            let breaker = shown(expr);
            Err(format!(
                "`breaker` takes the path of a `static`: {}; call a breaker that is made at run \
                 time in the body: `{breaker}.call(|| ..)`, or in an async function \
                 `{breaker}.call_async(async {{ .. }})`",
                example(spec),
            ))
        }
        _ => Err(format!("`{}` takes a path: {}", spec.name, example(spec))),
    }
}

/// `CircuitBreaker::new(..)`: as good as none, if each call makes its own.
fn is_new(expr: &Expr) -> bool {
    match expr {
        Expr::Call(call) => match &*call.func {
            Expr::Path(path) => {
                let last = path.path.segments.last();
                last.is_some_and(|last| last.ident == "new") || call.args.iter().any(is_new)
            }
            _ => false,
        },
        Expr::MethodCall(call) => is_new(&call.receiver),
        Expr::Reference(reference) => is_new(&reference.expr),
        _ => false,
    }
}

fn word(spec: &Spec, words: &[&'static str], expr: &Expr) -> Parsed {
    let given = match expr {
        Expr::Path(path) => path.path.get_ident().map(ToString::to_string),
        _ => None,
    };
    let find = |text: &str| words.iter().find(|word| **word == text);
    given.as_deref().and_then(find).map(|word| Value::Word(word)).ok_or_else(|| {
        let (final_word, others) = words.split_last().expect("some words");
        let list = format!("{}` or `{final_word}", others.join("`, `"));
        let text = match literal(expr) {
            Some((_, Lit::Str(text))) => Some(text.value()),
            _ => None,
        };
        let quotes = if text.is_some() { ", without quotes" } else { "" };
        let meant = text.and_then(|text| find(&text)).unwrap_or(&spec.example);
        format!("`{0}` takes `{list}`{quotes}: `{0} = {meant}`", spec.name)
    })
}
