//! Numbers and durations that lack their quotes or their zero, and what they were meant to be. Most of
//! them are more than one token, and no expression.

use std::time::Duration;

use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens, quote};
use syn::parse::ParseStream;
use syn::parse::discouraged::Speculative;
use syn::{Lit, LitInt, Token};

use super::{Range, Spec, at_end, duration};

type Answer = (TokenStream, String);

/// The tokens of such a value, which are read, and what is said of them.
pub(super) fn answer(spec: &Spec, range: Range, input: ParseStream) -> Option<Answer> {
    let ways: &[fn(&Spec, ParseStream) -> Option<Answer>] = match range {
        Range::Rate | Range::Share => &[percentage, point, comma],
        Range::Factor | Range::Part => &[point, comma],
        Range::Time | Range::Window => &[spaced, comma_time],
        Range::Count | Range::Probes | Range::OnCancel => &[],
    };
    ways.iter().find_map(|way| {
        let ahead = input.fork();
        let found = way(spec, &ahead).filter(|_| at_end(&ahead))?;
        input.advance_to(&ahead);
        Some(found)
    })
}

/// `50%`, which would be the start of a division's remainder.
fn percentage(spec: &Spec, input: ParseStream) -> Option<Answer> {
    let (number, sign): (Lit, Token![%]) = (input.parse().ok()?, input.parse().ok()?);
    let digits = match &number {
        Lit::Int(int) => int.base10_digits(),
        Lit::Float(float) => float.base10_digits(),
        _ => return None,
    };
    let name = spec.name;
    let message = format!("`{name}` takes a percentage in quotes: write `{name} = \"{digits}%\"`");
    Some((quote!(#number #sign), message))
}

/// `.5`
fn point(spec: &Spec, input: ParseStream) -> Option<Answer> {
    let (point, digits): (Token![.], LitInt) = (input.parse().ok()?, input.parse().ok()?);
    let message = format!("a number starts with a digit: write `{} = 0.{digits}`", spec.name);
    Some((quote!(#point #digits), message))
}

/// `0,5`
fn comma(spec: &Spec, input: ParseStream) -> Option<Answer> {
    let whole: LitInt = input.parse().ok()?;
    let (comma, digits): (Token![,], LitInt) = (input.parse().ok()?, input.parse().ok()?);
    let message =
        format!("a number has a point, not a comma: write `{} = {whole}.{digits}`", spec.name);
    Some((quote!(#whole #comma #digits), message))
}

/// `1,5s`
fn comma_time(spec: &Spec, input: ParseStream) -> Option<Answer> {
    let whole: LitInt = input.parse().ok()?;
    let (comma, fraction): (Token![,], Lit) = (input.parse().ok()?, input.parse().ok()?);
    let text = format!("{whole}.{}", with_unit(&fraction)?);
    Some((quote!(#whole #comma #fraction), time(spec, &text)))
}

/// `30 s`, `30 "s"`, `1h 30m`
fn spaced(spec: &Spec, input: ParseStream) -> Option<Answer> {
    let mut tokens = TokenStream::new();
    let mut text = String::new();
    let mut parts = 0;
    while !at_end(input) {
        let part = if input.peek(Lit) {
            let literal: Lit = input.parse().ok()?;
            literal.to_tokens(&mut tokens);
            written(&literal)?
        } else {
            let unit: Ident = input.parse().ok()?;
            unit.to_tokens(&mut tokens);
            unit.to_string()
        };
        // As between `1h` and `30m`.
        let is_number = part.starts_with(|c: char| c.is_ascii_digit());
        text = if is_number && parts > 0 { format!("{text} {part}") } else { text + &part };
        parts += 1;
    }
    let starts = text.starts_with(|c: char| c.is_ascii_digit());
    (starts && parts > 1).then(|| (tokens, time(spec, &text)))
}

/// A literal without the underscores that a text can't have.
fn written(literal: &Lit) -> Option<String> {
    match literal {
        Lit::Int(int) => Some(format!("{}{}", int.base10_digits(), int.suffix())),
        Lit::Float(float) => Some(format!("{}{}", float.base10_digits(), float.suffix())),
        Lit::Str(text) => Some(text.value().trim().to_owned()),
        _ => None,
    }
}

/// `30s`: a number with a suffix that no number has, as the text of a duration.
pub(super) fn with_unit(literal: &Lit) -> Option<String> {
    let suffix = match literal {
        Lit::Int(int) => int.suffix(),
        Lit::Float(float) => float.suffix(),
        _ => return None,
    };
    let is_type = match suffix.strip_prefix(['u', 'i', 'f']) {
        Some(bits) => bits == "size" || bits.bytes().all(|byte| byte.is_ascii_digit()),
        None => suffix.is_empty(),
    };
    if is_type { None } else { written(literal) }
}

/// What is said of a duration without quotes.
pub(super) fn time(spec: &Spec, text: &str) -> String {
    let name = spec.name;
    match duration::parse(text) {
        Ok(Duration::ZERO) => spec.range_error.to_owned(),
        Ok(_) => format!("`{name}` takes a duration in quotes: write `{name} = \"{text}\"`"),
        Err(message) => message,
    }
}
