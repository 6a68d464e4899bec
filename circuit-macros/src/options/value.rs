//! One value, read by the kind that its option takes.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::parse::ParseStream;
use syn::{Expr, Lit, Token};

use super::literal::{Literally, Parsed, example, inside_parens, literal, peel};
use super::{Spec, Takes, Value, duration, number, pattern};
use crate::diag::Problems;

/// The value and its tokens. Syntax that is no value of any kind is an error
/// here, one that does not suit the option is `Wrong`: parsing can go on behind it.
pub(super) fn parse(
    spec: &Spec,
    input: ParseStream,
    problems: &mut Problems,
) -> syn::Result<(Value, TokenStream)> {
    if spec.takes == Takes::Pattern {
        let arm = pattern::parse(spec.name, input)?;
        let tokens = arm.to_token_stream();
        return Ok((Value::Pattern(Box::new(arm)), tokens));
    }
    if spec.takes == Takes::Rate {
        percentage(spec.name, input)?;
    }
    let expr = peel(spec, input.parse()?);
    let tokens = expr.to_token_stream();
    let value = of_expr(spec, expr).unwrap_or_else(|message| {
        problems.add(&tokens, message);
        Value::Wrong
    });
    Ok((value, tokens))
}

/// `50%` without quotes would be the start of a division's remainder.
fn percentage(name: &str, input: ParseStream) -> syn::Result<()> {
    let ahead = input.fork();
    let (Ok(number), Ok(sign)) = (ahead.parse::<Lit>(), ahead.parse::<Token![%]>()) else {
        return Ok(());
    };
    let digits = match &number {
        Lit::Int(int) => int.base10_digits(),
        Lit::Float(float) => float.base10_digits(),
        _ => return Ok(()),
    };
    if !ahead.is_empty() && !ahead.peek(Token![,]) {
        return Ok(());
    }
    let message = format!("`{name}` takes a percentage in quotes: write `{name} = \"{digits}%\"`");
    Err(syn::Error::new_spanned(quote!(#number #sign), message))
}

fn of_expr(spec: &Spec, expr: Expr) -> Parsed {
    let literal = literal(&expr);
    match spec.takes {
        Takes::Whole(most) => number::whole(spec, most, literal, expr),
        Takes::Rate | Takes::Factor | Takes::Part => number::float(spec, literal, expr),
        Takes::Time => time(spec, literal, expr),
        Takes::Window => match literal {
            // Which of the two was meant, only its author knows.
            Some((_, Lit::Str(text)))
                if text.value().trim().parse::<u32>().is_ok_and(|n| n > 0) =>
            {
                let digits = text.value();
                let digits = digits.trim();
                Err(format!(
                    "`{0}` needs a unit, or no quotes: write `{0} = {digits}` for the last \
                     {digits} calls, or `{0} = \"{digits}s\"` for seconds",
                    spec.name
                ))
            }
            Some((_, Lit::Str(_))) => time(spec, literal, expr),
            _ => number::whole(spec, 1_000_000, literal, expr),
        },
        Takes::Text => text(spec, literal, expr),
        Takes::Code => code(spec, literal, expr),
        Takes::Function => function(spec, expr),
        Takes::Fallback => Ok(Value::Code(expr)),
        Takes::Path => path(spec, literal, expr),
        Takes::Word(words) => word(spec, words, &expr),
        Takes::Pattern => unreachable!("patterns are no expressions"),
    }
}

fn time(spec: &Spec, literal: Literally, expr: Expr) -> Parsed {
    let name = spec.name;
    match literal {
        Some((_, Lit::Str(text))) => duration::parse(name, &text.value()).map(Value::Time),
        Some((negative, Lit::Int(int))) => Err(unitless(name, negative, int.base10_digits())),
        Some((negative, Lit::Float(float))) => Err(unitless(name, negative, float.base10_digits())),
        Some(_) => Err(format!("`{name}` takes a duration: {}", example(spec))),
        None => match expr {
            Expr::Closure(_) | Expr::Tuple(_) | Expr::Array(_) | Expr::Range(_) => {
                Err(format!("`{name}` takes a duration: {}", example(spec)))
            }
            expr => Ok(Value::Constant(expr)),
        },
    }
}

fn unitless(name: &str, negative: bool, digits: &str) -> String {
    if negative || digits.trim_matches(['0', '.']).is_empty() {
        format!("`{name}` must be longer than zero")
    } else {
        format!("`{name}` needs a unit: write `{name} = \"{digits}s\"` for seconds")
    }
}

fn text(spec: &Spec, literal: Literally, expr: Expr) -> Parsed {
    let name = spec.name;
    match literal {
        Some((_, Lit::Str(text))) if text.value().is_empty() => {
            Err(format!("`{name}` must not be empty"))
        }
        Some((_, Lit::Str(text))) => Ok(Value::Text(text)),
        Some(_) => Err(format!("`{name}` takes a string: {}", example(spec))),
        None => Ok(Value::Constant(expr)),
    }
}

fn code(spec: &Spec, literal: Literally, expr: Expr) -> Parsed {
    let name = spec.name;
    match (literal, &expr) {
        (Some((_, Lit::Str(text))), _) => Err(format!(
            "`{name}` takes an expression over the parameters, without quotes: `{name} = {}`",
            text.value()
        )),
        (_, Expr::Closure(_)) => Err(format!(
            "`{name}` takes an expression over the parameters, not a closure: {}",
            example(spec)
        )),
        _ => Ok(Value::Code(expr)),
    }
}

fn function(spec: &Spec, expr: Expr) -> Parsed {
    match inside_parens(&expr) {
        Expr::Path(_) | Expr::Closure(_) => Ok(Value::Code(expr)),
        _ => Err(format!(
            "`{0}` takes a path or a closure: `{0} = {1}` or `{0} = |result| ..`",
            spec.name, spec.example
        )),
    }
}

fn path(spec: &Spec, literal: Literally, expr: Expr) -> Parsed {
    match (literal, expr) {
        (_, Expr::Path(path)) => Ok(Value::Path(path)),
        (Some((_, Lit::Str(_))), _) => {
            Err(format!("`{}` takes a path, without quotes: {}", spec.name, example(spec)))
        }
        (_, Expr::Reference(reference)) if matches!(*reference.expr, Expr::Path(_)) => {
            let path = reference.expr.to_token_stream().to_string().replace(' ', "");
            Err(format!("`{0}` takes a path, without `&`: `{0} = {path}`", spec.name))
        }
        _ => Err(format!("`{}` takes a path: {}", spec.name, example(spec))),
    }
}

fn word(spec: &Spec, words: &[&'static str], expr: &Expr) -> Parsed {
    let given = match expr {
        Expr::Path(path) => path.path.get_ident().map(ToString::to_string),
        _ => None,
    };
    let known = words.iter().find(|word| given.as_deref() == Some(**word));
    known.map(|word| Value::Word(word)).ok_or_else(|| {
        let list = words.join("` or `");
        let is_text = matches!(literal(expr), Some((_, Lit::Str(_))));
        let quotes = if is_text { ", without quotes" } else { "" };
        format!("`{}` takes `{list}`{quotes}: {}", spec.name, example(spec))
    })
}
