//! `name = value, ..`: the list as a whole. It goes on behind a mistake.

use proc_macro2::{Ident, Spacing, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream, Parser};
use syn::{Expr, Lit, Token};

use super::{Given, Opt, Options, Spec, TABLE, Value, synonyms, value};
use crate::diag::Problems;
use crate::head::peel;

/// Input: `threshold = 3, recovery = "30s"`
///
/// What can't be understood is in `problems`; the rest is there.
pub(crate) fn parse(tokens: TokenStream, problems: &mut Problems) -> Options {
    let mut options = Options::default();
    let list = |input: ParseStream| {
        let mut guesses = Guesses::default();
        while !input.is_empty() {
            if let Err(error) = entry(input, &mut options, &mut guesses, problems) {
                problems.push(error);
                skip_to_next(input)?;
            }
        }
        Ok(())
    };
    if let Err(error) = list.parse2(peel(tokens)) {
        problems.push(error);
    }
    options
}

fn entry(
    input: ParseStream,
    options: &mut Options,
    guesses: &mut Guesses,
    problems: &mut Problems,
) -> syn::Result<()> {
    if !input.peek(Ident::peek_any) {
        let tokens: TokenTree = input.fork().parse()?;
        return Err(syn::Error::new_spanned(tokens, guesses.message(input)));
    }
    let key = input.call(Ident::parse_any)?;
    let Some(spec) = TABLE.iter().find(|spec| key == spec.name) else {
        options.has_unknown = true;
        return Err(syn::Error::new_spanned(&key, unknown(&key)));
    };
    if options.has(spec.option) {
        let name = spec.name;
        problems.add(&key, format!("`{name}` is given twice; remove one"));
    }
    let (value, tokens) = match equals(spec, &key, input, problems)? {
        Equals::Value => whole_value(spec, input, problems),
        Equals::Nothing => Ok((Value::Wrong, key.to_token_stream())),
    }
    .inspect_err(|_| {
        // Given, though not understood: no rule shall say that it is missing.
        options.push(wrong(spec.option, &key));
    })?;
    options.push(Given { option: spec.option, key, value, tokens });
    if input.is_empty() {
        return Ok(());
    }
    if input.peek(Token![,]) {
        input.parse::<Token![,]>()?;
        return Ok(());
    }
    let found: TokenTree = input.fork().parse()?;
    problems.add(found, format!("expected `,` after the value of `{}`", spec.name));
    if !at_next_option(input) {
        skip_to_next(input)?;
    }
    Ok(())
}

/// The value, or an error that names the option also where the value ends too early.
fn whole_value(
    spec: &Spec,
    input: ParseStream,
    problems: &mut Problems,
) -> syn::Result<(Value, TokenStream)> {
    let start = input.fork();
    value::parse(spec, input, problems).map_err(|error| ends_early(spec, &start).unwrap_or(error))
}

fn ends_early(spec: &Spec, start: ParseStream) -> Option<syn::Error> {
    let mut tokens = TokenStream::new();
    let mut last = None;
    while !start.is_empty() && !at_end_of_value(start) {
        let token: TokenTree = start.parse().ok()?;
        last = Some(token.clone());
        tokens.extend([token]);
    }
    let last = last?;
    let error = |tokens| {
        let parser = |input: ParseStream| {
            let value = value::parse(spec, input, &mut Problems::default());
            input.parse::<TokenStream>().and(value)
        };
        Parser::parse2(parser, tokens).err()
    };
    let wanted = wanted_at_end(&error(tokens.clone())?)?;
    let name = spec.name;
    // An end inside parentheses stays one with a comma behind them.
    let inside = error(quote!(#tokens,)).filter(|error| wanted_at_end(error).is_some());
    Some(match (inside, last) {
        (Some(inside), _) => {
            syn::Error::new(inside.span(), format!("`{name}` needs {wanted} in front of this"))
        }
        (None, TokenTree::Group(last)) => {
            syn::Error::new_spanned(last, format!("`{name}` needs {wanted} behind this"))
        }
        (None, last) => {
            let message = format!("`{name}` needs {wanted} behind `{last}`");
            syn::Error::new_spanned(last, message)
        }
    })
}

/// A comma with nothing or an option behind it.
fn at_end_of_value(input: ParseStream) -> bool {
    let ahead = input.fork();
    ahead.parse::<Token![,]>().is_ok() && (ahead.is_empty() || at_next_option(&ahead))
}

/// What was expected where the tokens ended.
fn wanted_at_end(error: &syn::Error) -> Option<String> {
    let message = error.to_string();
    let rest = message.strip_prefix("unexpected end of input")?;
    Some(rest.strip_prefix(", expected ").unwrap_or("more").to_owned())
}

fn wrong(option: Opt, key: &Ident) -> Given {
    Given { option, key: key.clone(), value: Value::Wrong, tokens: key.to_token_stream() }
}

enum Equals {
    Value,
    /// There is no value, which has been said.
    Nothing,
}

fn equals(
    spec: &Spec,
    key: &Ident,
    input: ParseStream,
    problems: &mut Problems,
) -> syn::Result<Equals> {
    let (name, example) = (spec.name, spec.example);
    let needs_value = || format!("`{name}` needs a value: `{name} = {example}`");
    if input.is_empty() || input.peek(Token![,]) {
        problems.add(key, needs_value());
        return Ok(Equals::Nothing);
    }
    if input.peek(Token![=]) && !input.peek(Token![==]) && !input.peek(Token![=>]) {
        input.parse::<Token![=]>()?;
        if input.is_empty() || input.peek(Token![,]) {
            problems.add(key, needs_value());
            return Ok(Equals::Nothing);
        }
        return Ok(Equals::Value);
    }
    if let Ok(TokenTree::Group(group)) = input.fork().parse() {
        input.parse::<TokenTree>()?;
        let inside = group.stream();
        problems.add(
            &group,
            if inside.is_empty() {
                needs_value()
            } else {
                format!("write `{name} = {inside}`, not `{name}({inside})`")
            },
        );
        return Ok(Equals::Nothing);
    }
    let found = operator(input)?;
    let text = found.to_string();
    problems.add(found, format!("expected `=`, found `{text}`"));
    Ok(if input.is_empty() || input.peek(Token![,]) { Equals::Nothing } else { Equals::Value })
}

/// What stands in the place of `=`: one token, or punctuation that belongs together.
fn operator(input: ParseStream) -> syn::Result<TokenStream> {
    let mut tokens = TokenStream::new();
    loop {
        let token: TokenTree = input.parse()?;
        let goes_on = matches!(&token, TokenTree::Punct(p) if p.spacing() == Spacing::Joint);
        tokens.extend([token]);
        if !goes_on || input.is_empty() {
            return Ok(tokens);
        }
    }
}

fn unknown(key: &Ident) -> String {
    let name = key.unraw();
    if let Some(meant) = synonyms::meant(&name.to_string()) {
        return format!("unknown option `{name}`; did you mean `{meant}`?");
    }
    let quoted = |spec: &Spec| format!("`{}`", spec.name);
    let mut names: Vec<String> = TABLE.iter().map(quoted).collect();
    let last = names.pop().unwrap_or_default();
    let names = names.join(", ");
    format!("unknown option `{name}`; the options are {names} and {last}")
}

/// What a value without a name may have been meant for, once for each kind.
#[derive(Default)]
struct Guesses {
    used: Vec<Opt>,
}

impl Guesses {
    fn message(&mut self, input: ParseStream) -> String {
        let written = "options are written `name = value`";
        let value = input.fork().parse::<Expr>();
        let option = match &value {
            Ok(Expr::Lit(literal)) => match &literal.lit {
                Lit::Int(_) => Some(Opt::Threshold),
                Lit::Float(_) => Some(Opt::FailureRate),
                Lit::Str(text) if text.value().ends_with('%') => Some(Opt::FailureRate),
                Lit::Str(text) if text.value().starts_with(|c: char| c.is_ascii_digit()) => {
                    Some(Opt::Recovery)
                }
                Lit::Str(_) => Some(Opt::Name),
                _ => None,
            },
            _ => None,
        };
        match (option, value) {
            (Some(option), Ok(value)) if !self.used.contains(&option) => {
                self.used.push(option);
                let name = option.spec().name;
                let value = value.to_token_stream();
                format!("{written}; did you mean `{name} = {value}`?")
            }
            _ => written.to_owned(),
        }
    }
}

/// Over what was not understood, to behind the next comma.
fn skip_to_next(input: ParseStream) -> syn::Result<()> {
    // A closure's parameters have commas between their bars: what stands behind
    // a comma only counts when it looks like an option.
    while !input.is_empty() {
        if input.peek(Token![,]) {
            input.parse::<Token![,]>()?;
            if input.is_empty() || at_next_option(input) || !input.peek(Ident::peek_any) {
                return Ok(());
            }
        } else {
            TokenTree::parse(input)?;
        }
    }
    Ok(())
}

/// `name =` or the bare name of an option.
fn at_next_option(input: ParseStream) -> bool {
    let ahead = input.fork();
    let Ok(name) = ahead.call(Ident::parse_any) else {
        return false;
    };
    let assigned = ahead.peek(Token![=]) && !ahead.peek(Token![==]) && !ahead.peek(Token![=>]);
    assigned || TABLE.iter().any(|spec| name == spec.name)
}
