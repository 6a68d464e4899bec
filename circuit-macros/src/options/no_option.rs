//! What people write instead of an option, and what they should write.

use proc_macro2::{Delimiter, Ident, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::ext::IdentExt;
use syn::parse::ParseStream;
use syn::{Expr, ExprPath, Lit, LitStr, Pat, Token};

use super::literal::several;
use super::{Given, Opt, Options, Spec, TABLE, Takes, at_end, at_next_option, unknown};
use crate::closest::closest;
use crate::shown::shown;

/// The error for tokens that aren't `name = value`; a single name is left alone.
pub(super) fn answer(
    options: &Options,
    guesses: &mut Guesses,
    input: ParseStream,
) -> syn::Result<Option<syn::Error>> {
    let error = |at: TokenStream, message: String| Ok(Some(syn::Error::new_spanned(at, message)));
    if let Some(before) = options.iter().last() {
        let goes_on = match before.option.spec().takes {
            Takes::Pattern => condition(before, input).or_else(|| alternative(before, input)),
            Takes::Code => more_values(before, input),
            _ => None,
        };
        if let Some((at, message)) = goes_on {
            return error(at, message);
        }
    }
    if input.peek(Ident::peek_any) {
        return match name(input)? {
            Some((at, message)) => error(at, message),
            None => Ok(None),
        };
    }
    let first: TokenTree = input.fork().parse()?;
    if let Some((at, message)) = mark(&first, input) {
        return error(at, message);
    }
    if let Some(message) = quoted_name(input) {
        return error(first.to_token_stream(), message);
    }
    error(first.to_token_stream(), guesses.message(options, input))
}

/// `failure-rate`, `circuit::threshold`, `r#threshold`
fn name(input: ParseStream) -> syn::Result<Option<(TokenStream, String)>> {
    let ahead = input.fork();
    let first = ahead.call(Ident::parse_any)?;
    let mut at = first.to_token_stream();
    let mut dashed = first.unraw().to_string();
    let mut last = first.clone();
    while ahead.peek(Token![-]) && ahead.peek2(Ident::peek_any) {
        let dash: Token![-] = ahead.parse()?;
        last = ahead.call(Ident::parse_any)?;
        at.extend(quote!(#dash #last));
        dashed = format!("{dashed}-{last}");
    }
    if last != first {
        return Ok(Some((at, unknown::unknown(&dashed))));
    }
    while ahead.peek(Token![::]) && ahead.peek3(Ident::peek_any) {
        let colons: Token![::] = ahead.parse()?;
        last = ahead.call(Ident::parse_any)?;
        at.extend(quote!(#colons #last));
    }
    if last != first {
        let last = last.unraw().to_string();
        return Ok(Some(match find(&last) {
            Some(spec) => (at, format!("write `{}`, without a path", spec.name)),
            None => (at, unknown::unknown(&last)),
        }));
    }
    if first == "skip" {
        let message = "`skip` stands alone, on a method of an `impl` block with \
                       `#[circuit_breaker]`: `#[circuit_breaker(skip)]`";
        return Ok(Some((at, message.to_owned())));
    }
    // After `fallback = cached`; as an option it would have a value.
    if (first == "any" || first == "open") && !ahead.peek(Token![=]) {
        let message = format!("write `fallback_on = {first}`, not `{first}` alone");
        return Ok(Some((at, message)));
    }
    let is_raw = first.unraw() != first;
    Ok(match find(&first.unraw().to_string()) {
        Some(spec) if is_raw => Some((at, format!("write `{}`, without `r#`", spec.name))),
        _ => None,
    })
}

fn find(name: &str) -> Option<&'static Spec> {
    TABLE.iter().find(|spec| spec.name == name)
}

/// `failure = Err(e), if e.is_fatal()`
fn condition(before: &Given, input: ParseStream) -> Option<(TokenStream, String)> {
    let ahead = input.fork();
    let if_token: Token![if] = ahead.parse().ok()?;
    let condition: Expr = ahead.parse().ok().filter(|_| at_end(&ahead))?;
    let (name, pattern) = (before.option.spec().name, shown(&before.tokens));
    let message =
        format!("no comma stands before `if`: `{name} = {pattern} if {}`", shown(condition));
    Some((quote!(#if_token), message))
}

/// `stale_key = tenant, id`
fn more_values(before: &Given, input: ParseStream) -> Option<(TokenStream, String)> {
    let ahead = input.fork();
    let mut values: Vec<Expr> = vec![syn::parse2(before.tokens.clone()).ok()?];
    while !ahead.is_empty() && !at_next_option(&ahead) {
        let value: Expr = ahead.parse().ok().filter(|_| at_end(&ahead))?;
        let is_option = match &value {
            Expr::Lit(_) | Expr::Assign(_) => true,
            Expr::Path(path) => path.path.get_ident().is_some_and(is_half_typed),
            _ => false,
        };
        if is_option {
            return None;
        }
        values.push(value);
        ahead.parse::<Option<Token![,]>>().ok()?;
    }
    let at = values.get(1)?.to_token_stream();
    Some((at, format!("several values are written as one: {}", several(before.option, &values))))
}

/// `treshold`, yet without a value.
fn is_half_typed(word: &Ident) -> bool {
    word == "skip" || closest(&word.to_string(), TABLE.iter().map(|spec| spec.name)).is_some()
}

/// `failure = Err(A), Err(B)`
fn alternative(before: &Given, input: ParseStream) -> Option<(TokenStream, String)> {
    let ahead = input.fork();
    let pattern = Pat::parse_multi_with_leading_vert(&ahead).ok()?;
    let ends = at_end(&ahead);
    if !ends || matches!(pattern, Pat::Ident(_) | Pat::Wild(_) | Pat::Rest(_)) {
        return None;
    }
    let name = before.option.spec().name;
    let arms = shown(quote!(#pattern));
    let first = shown(&before.tokens);
    let message = format!("alternatives are joined with `|`: `{name} = {first} | {arms}`");
    Some((pattern.to_token_stream(), message))
}

/// `#[cfg(..)]`, `..`, a comma too many.
fn mark(first: &TokenTree, input: ParseStream) -> Option<(TokenStream, String)> {
    let TokenTree::Punct(punct) = first else {
        return None;
    };
    let ahead = input.fork();
    ahead.parse::<TokenTree>().ok()?;
    match punct.as_char() {
        ',' => Some((quote!(#first), "expected an option, found `,`".to_owned())),
        '#' => match ahead.parse().ok()? {
            TokenTree::Group(group) if group.delimiter() == Delimiter::Bracket => Some((
                quote!(#first #group),
                "an option has no attributes; to switch the whole attribute, write \
                 `#[cfg_attr(.., circuit_breaker(..))]`"
                    .to_owned(),
            )),
            _ => None,
        },
        '.' => {
            let ahead = input.fork();
            let dots: Token![..] = ahead.parse().ok()?;
            let message = match ahead.parse::<ExprPath>() {
                Ok(base) => format!("a base is written `preset = {}`", shown(base)),
                Err(_) => "remove `..`: an option that is left out has its default".to_owned(),
            };
            Some((quote!(#dots), message))
        }
        _ => None,
    }
}

/// `"threshold" = 3`
fn quoted_name(input: ParseStream) -> Option<String> {
    let ahead = input.fork();
    let name: LitStr = ahead.parse().ok()?;
    ahead.parse::<Token![=]>().ok()?;
    let name = name.value();
    Some(match find(&name) {
        Some(_) => format!("write `{name}`, without quotes"),
        None => unknown::unknown(&name),
    })
}

/// Whether `name = ..` is still to come.
fn comes_later(name: &str, input: ParseStream) -> bool {
    let tokens: Vec<TokenTree> = input.parse::<TokenStream>().into_iter().flatten().collect();
    tokens.windows(2).any(|two| {
        matches!(two, [TokenTree::Ident(word), TokenTree::Punct(equals)]
            if word == name && equals.as_char() == '=')
    })
}

/// The options that a value without a name may have been meant for, one for each kind.
#[derive(Default)]
pub(super) struct Guesses {
    used: Vec<Opt>,
}

impl Guesses {
    fn message(&mut self, options: &Options, input: ParseStream) -> String {
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
                if options.has(option) || comes_later(name, &input.fork()) {
                    return format!("{written}; `{name}` is given already");
                }
                let value = value.to_token_stream();
                format!("{written}; did you mean `{name} = {value}`?")
            }
            _ => written.to_owned(),
        }
    }
}
