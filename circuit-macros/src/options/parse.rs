//! `name = value, ..`: the list as a whole. Parsing goes on after a mistake.

use proc_macro2::{Ident, Spacing, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::ext::IdentExt;
use syn::parse::discouraged::Speculative;
use syn::parse::{Parse, ParseStream, Parser};
use syn::punctuated::Punctuated;
use syn::{Expr, Pat, Token};

use super::literal::{example, several};
use super::no_option::{self, Guesses};
use super::{
    Given, Opt, Options, Spec, TABLE, Takes, Value, at_end, at_next_option, no_pattern, unknown,
    value,
};
use crate::diag::{Problems, plainly};
use crate::head::peel;
use crate::shown::shown;

/// Input: `threshold = 3, recovery = "30s"`
///
/// Errors go to `problems`; everything else is returned.
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
    if let Some(error) = no_option::answer(options, guesses, input)? {
        options.has_unknown = true;
        return Err(error);
    }
    let key = input.call(Ident::parse_any)?;
    let Some(spec) = TABLE.iter().find(|spec| key == spec.name) else {
        options.has_unknown = true;
        return Err(syn::Error::new_spanned(&key, unknown::unknown(&key.unraw().to_string())));
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
        // Given, though not understood: no rule must report it as missing.
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
    let text = shown(&found);
    problems.add(found, format!("expected `,` after the value of `{}`, found `{text}`", spec.name));
    if !at_next_option(input) {
        skip_to_next(input)?;
    }
    Ok(())
}

/// The value, or an error at its last token if it ends too early.
fn whole_value(
    spec: &Spec,
    input: ParseStream,
    problems: &mut Problems,
) -> syn::Result<(Value, TokenStream)> {
    // On a fork, so that what an error leaves in a group isn't a second error.
    let ahead = input.fork();
    let value = value::parse(spec, &ahead, problems)
        .map_err(|error| ends_early(spec, &input.fork()).unwrap_or(error))?;
    input.advance_to(&ahead);
    Ok(value)
}

fn ends_early(spec: &Spec, start: ParseStream) -> Option<syn::Error> {
    let mut tokens = TokenStream::new();
    // The last token; of `::` both.
    let mut last = TokenStream::new();
    let mut goes_on = false;
    while !start.is_empty() && !at_end_of_value(start) {
        let token: TokenTree = start.parse().ok()?;
        if !goes_on {
            last = TokenStream::new();
        }
        goes_on = is_joint(&token);
        last.extend([token.clone()]);
        tokens.extend([token]);
    }
    // The error, if nothing is left after it.
    let error = |tokens| {
        let mut found = None;
        let parser = |input: ParseStream| {
            let ahead = input.fork();
            if let Err(error) = value::parse(spec, &ahead, &mut Problems::default()) {
                found = Some((error, ahead.is_empty()));
            }
            input.parse::<TokenStream>()
        };
        let _ = Parser::parse2(parser, tokens);
        found
    };
    let (found, at_end) = error(tokens.clone())?;
    let is_group = matches!(last.clone().into_iter().next(), Some(TokenTree::Group(_)));
    let wanted = wanted(&found, at_end && !is_group)?;
    // An early end inside a group is one, whatever follows the group.
    let inside = error(quote!(#tokens;)).filter(|(error, _)| error.to_string().starts_with(END));
    if let Some((inside, _)) = inside {
        return Some(syn::Error::new(inside.span(), format!("expected {wanted} here")));
    }
    let what = if is_group { "this".to_owned() } else { format!("`{}`", shown(&last)) };
    Some(syn::Error::new_spanned(last, format!("expected {wanted} after {what}")))
}

fn is_joint(token: &TokenTree) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.spacing() == Spacing::Joint)
}

const END: &str = "unexpected end of input";

/// What was expected where the tokens ended.
fn wanted(error: &syn::Error, at_end: bool) -> Option<String> {
    let message = error.to_string();
    let expected = match message.strip_prefix(END) {
        Some(rest) => rest.strip_prefix(", expected ").unwrap_or("more"),
        // Only for syn's messages: ours already say what to write.
        None if at_end && !message.contains(": ") => message.strip_prefix("expected ")?,
        None => return None,
    };
    Some(match plainly(expected) {
        // Only a closure's parameters have commas outside of a group, and `async move` may start
        // one.
        "`,`" => "`|`".to_owned(),
        "`|`" => "a block".to_owned(),
        plain => plain.to_owned(),
    })
}

/// A comma that is followed by nothing, or by an option.
fn at_end_of_value(input: ParseStream) -> bool {
    let ahead = input.fork();
    ahead.parse::<Token![,]>().is_ok() && (ahead.is_empty() || at_next_option(&ahead))
}

fn wrong(option: Opt, key: &Ident) -> Given {
    Given { option, key: key.clone(), value: Value::Wrong, tokens: key.to_token_stream() }
}

enum Equals {
    Value,
    /// There is no value; the error has been reported.
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
    if at_end(input) {
        problems.add(key, needs_value());
        return Ok(Equals::Nothing);
    }
    if input.peek(Token![=]) && !input.peek(Token![==]) && !input.peek(Token![=>]) {
        input.parse::<Token![=]>()?;
        if at_end(input) {
            problems.add(key, needs_value());
            return Ok(Equals::Nothing);
        }
        return Ok(Equals::Value);
    }
    if let Ok(TokenTree::Group(group)) = input.fork().parse() {
        input.parse::<TokenTree>()?;
        let inside = group.stream();
        let message = if inside.is_empty() {
            needs_value()
        } else {
            refusal(spec, &inside).unwrap_or_else(|| {
                format!("write {}, not `{name}{}`", in_list(spec, &inside), shown(&group))
            })
        };
        problems.add(&group, message);
        return Ok(Equals::Nothing);
    }
    let found = operator(input)?;
    let text = found.to_string();
    problems.add(found, format!("expected `=`, found `{text}`"));
    Ok(if at_end(input) { Equals::Nothing } else { Equals::Value })
}

/// What is written instead of `=`: one token, or punctuation that belongs together.
fn operator(input: ParseStream) -> syn::Result<TokenStream> {
    let mut tokens = TokenStream::new();
    loop {
        let token: TokenTree = input.parse()?;
        let goes_on = is_joint(&token);
        tokens.extend([token]);
        if !goes_on || input.is_empty() {
            return Ok(tokens);
        }
    }
}

/// What is said of a value in parentheses that would be wrong behind `=`, too: `timeout(1)`.
fn refusal(spec: &Spec, inside: &TokenStream) -> Option<String> {
    let mut problems = Problems::default();
    let parser = |input: ParseStream| value::parse(spec, input, &mut problems);
    let parsed = parser.parse2(in_parentheses(inside));
    let says = problems.finish().and(parsed).err()?.to_string();
    // Of what is no value at all, the parser only says what it expected.
    says.contains(&format!("`{}` ", spec.name)).then_some(says)
}

/// `30` of `secs = 30`, and anything else as it is.
fn in_parentheses(inside: &TokenStream) -> TokenStream {
    let assigned = |input: ParseStream| {
        input.call(Ident::parse_any)?;
        input.parse::<Token![=]>()?;
        input.parse::<TokenStream>()
    };
    assigned.parse2(inside.clone()).unwrap_or_else(|_| inside.clone())
}

/// `name(..)` as `name = ..`.
fn in_list(spec: &Spec, inside: &TokenStream) -> String {
    let name = spec.name;
    let fallback_on = |input: ParseStream| {
        let fallback: Expr = input.parse()?;
        input.parse::<Token![,]>()?;
        let on: Ident = input.parse()?;
        input.parse::<Option<Token![,]>>()?;
        Ok((fallback, on))
    };
    if spec.option == Opt::Fallback {
        if let Ok((fallback, on)) = fallback_on.parse2(inside.clone()) {
            return format!("`fallback = {}, fallback_on = {on}`", shown(fallback));
        }
    }
    if spec.takes == Takes::Pattern {
        let patterns = Punctuated::<Pat, Token![,]>::parse_separated_nonempty_with;
        let alternatives = |input: ParseStream| patterns(input, Pat::parse_multi);
        if let Some(patterns) = alternatives.parse2(inside.clone()).ok().filter(|all| all.len() > 1)
        {
            let patterns: Vec<TokenStream> = patterns.iter().map(Pat::to_token_stream).collect();
            return format!("`{name} = {}`", no_pattern::any_of(&patterns));
        }
    }
    let value = in_parentheses(inside);
    if syn::parse2::<Expr>(value.clone()).is_ok() || spec.takes == Takes::Pattern {
        return format!("`{name} = {}`", shown(value));
    }
    // `key(host, port)`
    let values = Punctuated::<Expr, Token![,]>::parse_terminated;
    match values.parse2(value) {
        Ok(values) if spec.takes == Takes::Code => {
            several(spec.option, &values.into_iter().collect::<Vec<_>>())
        }
        _ => example(spec),
    }
}

/// Skips what wasn't understood, up to and with the next comma.
fn skip_to_next(input: ParseStream) -> syn::Result<()> {
    // A closure's parameters have commas between the bars, so the list goes on after a comma only
    // if what follows looks like an option.
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
