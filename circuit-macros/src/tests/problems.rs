//! What is said, where, and that the function stays.
//!
//! How it looks to users is in `tests/ui`; here are the rules that hold for every
//! error, and cases that a compiler would not let through to the attribute.

use proc_macro2::{Span, TokenStream, TokenTree};
use quote::ToTokens;

use super::{attribute, model};
use crate::head::Function;

pub(super) const PLAIN: &str = "fn f() -> Result<(), E> { Ok(()) }";

/// The messages, each behind the text that it is shown at.
pub(super) fn problems(options: &str, item: &str) -> Vec<String> {
    let tokens: TokenStream = options.parse().unwrap();
    let function = Function::parse(item.parse().unwrap());
    let Err(error) = function.and_then(|function| model(tokens, function)) else {
        return Vec::new();
    };
    error
        .into_iter()
        .map(|error| {
            let at = error.span();
            let shown = source(at).unwrap_or_default();
            format!("{shown}: {error}")
        })
        .collect()
}

fn source(span: Span) -> Option<String> {
    span.source_text()
}

/// The words of the options that are blamed.
pub(super) fn blamed(options: &str) -> Vec<String> {
    problems(options, PLAIN)
        .into_iter()
        .map(|problem| problem.split(": ").next().unwrap_or_default().to_owned())
        .collect()
}

#[test]
fn nothing_is_wrong_with_nothing() {
    assert_eq!(problems("", PLAIN), [""; 0]);
    assert_eq!(problems("threshold = 3,", PLAIN), [""; 0]);
}

#[test]
fn all_that_is_wrong_is_said_at_once() {
    assert_eq!(
        blamed("threshold = 0, recovery = \"30x\", colour = \"red\", slow_rate = 2"),
        ["0", "\"30x\"", "colour", "2"]
    );
    let item = "const fn f() -> ! { loop {} }";
    assert_eq!(problems("threshold = 0", item).len(), 3);
}

#[test]
fn the_function_stays_as_it_was() {
    for (options, item) in [
        ("threshold = 0", PLAIN),
        ("nonsense(", PLAIN),
        ("", "fn f(&self) -> Result<(), E>;"),
        ("", "const fn f() -> Result<(), E> { Ok(()) }"),
        ("threshold = 0", "fn half(x: u8) -> Result<(), E> { x. ; let = ) }"),
    ] {
        let (Ok(options), Ok(item)) = (options.parse(), item.parse::<TokenStream>()) else {
            continue;
        };
        let out = crate::attribute(&options, &item).to_string();
        assert!(out.starts_with(&item.to_string()), "{out}");
        assert!(out.contains("compile_error"), "{out}");
    }
}

#[test]
fn a_body_is_not_parsed() {
    let body = "{ let x = self. ; match { => } if }";
    for head in ["fn f() -> Result<(), E>", "async fn f() -> Result<(), E>"] {
        let out = attribute("fallback = Ok(())", &format!("{head} {body}"));
        let body: TokenStream = body.parse().unwrap();
        let found = groups(out).any(|group| group == body.to_string());
        assert!(found, "{head}");
    }
}

fn groups(tokens: TokenStream) -> Box<dyn Iterator<Item = String>> {
    Box::new(tokens.into_iter().flat_map(|token| match token {
        TokenTree::Group(group) => {
            let text = group.to_token_stream().to_string();
            Box::new(std::iter::once(text).chain(groups(group.stream())))
        }
        _ => Box::new(std::iter::empty()) as Box<dyn Iterator<Item = String>>,
    }))
}

#[test]
fn what_a_macro_wrapped_is_unwrapped() {
    use proc_macro2::{Delimiter, Group};
    let wrapped = |tokens: TokenStream| Group::new(Delimiter::None, tokens);
    let body = wrapped(quote::quote!({ Ok(()) }));
    let item = wrapped(quote::quote!(fn f() -> Result<(), E> #body));
    let three = wrapped(quote::quote!(3));
    let path = wrapped(quote::quote!(cached));
    let options = quote::quote!(threshold = #three, fallback = #path);
    let model = Function::parse(quote::quote!(#item))
        .and_then(|function| model(options, function))
        .unwrap_or_else(|e| panic!("{e}"));
    assert!(model.fallback.is_some_and(|f| f.kind == crate::model::Kind::Path));
}

#[test]
fn the_later_option_is_blamed() {
    assert_eq!(blamed("breaker = B, threshold = 3"), ["threshold"]);
    assert_eq!(blamed("threshold = 3, breaker = B"), ["breaker"]);
    assert_eq!(blamed("max_concurrent = 3, breaker = B"), ["breaker"]);
    assert_eq!(blamed("probes = 1, success_threshold = 2"), ["2"]);
    assert_eq!(blamed("max_recovery = \"9m\", recovery = \"10m\""), ["\"10m\""]);
}

#[test]
fn no_false_alarm_beside_a_mistake() {
    assert_eq!(blamed("slow_cal = \"2s\", slow_rate = 0.5"), ["slow_cal"]);
    assert_eq!(blamed("slow_call = \"2x\", slow_rate = 0.5"), ["\"2x\""]);
    assert_eq!(blamed("window = 10, failure_rate = 7.5"), ["7.5"]);
    assert_eq!(blamed("backoff = 0.5, max_recovery = \"9m\""), ["0.5"]);
    assert_eq!(blamed("recovry = \"5s\", max_recovery = \"10s\""), ["recovry"]);
    assert_eq!(blamed("config = P, jitter = off, stall = \"11s\", throttle = 0.5"), ["config"]);
    assert_eq!(blamed("breaker = B, min_calls = 200, fallback = f"), ["min_calls"]);
    assert_eq!(blamed("breaker = B, jitter = off"), ["jitter"]);
    assert!(problems("key = host, treshold", PLAIN)[0].contains("did you mean `threshold`?"));
    assert!(problems("key = host, id", PLAIN)[0].contains("`key = format_args!(\"{host}:{id}\")`"));
}

#[test]
fn constants_are_left_to_the_compiler() {
    for options in [
        "threshold = LIMIT",
        "failure_rate = RATE, window = SIZE, min_calls = 5000",
        "probes = PROBES, success_threshold = 900",
        "backoff = FACTOR, max_recovery = \"1s\", recovery = WAIT",
        "recovery = Duration::from_secs(3), name = NAME",
    ] {
        assert_eq!(problems(options, PLAIN), [""; 0], "{options}");
    }
}

#[test]
fn parentheses_around_a_value_mean_nothing() {
    let options =
        "threshold = (3), recovery = ((\"3s\")), failure_rate = (\"50%\"), name = (\"a\")";
    assert_eq!(problems(options, PLAIN), [""; 0]);
    assert_eq!(blamed("threshold = (0), jitter = -(0.5)"), ["0", "-(0.5)"]);
}

#[test]
fn every_option_is_asked_for_its_value() {
    for spec in crate::options::TABLE {
        let said = problems(spec.name, PLAIN);
        let needs = format!("`{0}` needs a value: `{0} = {1}`", spec.name, spec.example);
        assert!(said.iter().any(|said| said.ends_with(&needs)), "{said:?}");
        let twice = format!("{0} = {1}, {0} = {1}", spec.name, spec.example);
        let said = problems(&twice, PLAIN);
        let remove = format!("`{}` is given twice; remove one", spec.name);
        assert_eq!(said.iter().filter(|said| said.ends_with(&remove)).count(), 1, "{said:?}");
    }
}

#[test]
fn every_example_is_accepted() {
    let asynchronous = "async fn f(host: &str) -> Result<(), E> { Ok(()) }";
    let stream = "fn f(host: &str) -> impl Stream<Item = Result<(), E>> { items() }";
    for spec in crate::options::TABLE {
        let needed = match spec.name {
            "slow_rate" => "slow_call = \"1s\", ",
            "window" | "min_calls" => "failure_rate = 0.5, ",
            "probes" => "success_threshold = 2, ",
            "max_wait" => "max_concurrent = 1, ",
            "max_keys" => "key = host, ",
            "fallback_on" => "fallback = cached, ",
            "stale" => "stale_key = host, ",
            "stale_key" | "max_stale" => "stale = \"10m\", key = host, ",
            _ => "",
        };
        let options = format!("{needed}{} = {}", spec.name, spec.example);
        let item = if spec.name == "idle" { stream } else { asynchronous };
        assert_eq!(problems(&options, item), [""; 0], "{options}");
    }
}

#[test]
fn a_value_that_ends_too_early_is_blamed_at_its_last_token() {
    for (options, problem) in [
        ("failure = Err(_) if", "if: expected a condition after `if`: "),
        ("failure = Err(_) |", "|: expected a pattern after `|`"),
        ("threshold = 3 +", "+: expected an expression after `+`"),
        ("key = host[1 +]", "]: expected an expression here"),
        ("recovery = -", "-: expected an expression after `-`"),
        ("fallback = |n: u8| -> (u8)", "(u8): expected "),
        ("classify = |r|", "|: expected an expression after `|`"),
        ("fallback = |", "|: expected a pattern after `|`"),
        ("fallback = |n", "n: expected `|` after `n`"),
        ("fallback = |a, n", "n: expected `|` after `n`"),
        ("fallback = || async move", "move: expected a block after `move`"),
        ("crate = shared::", "::: expected a name after `::`"),
        ("key = host.", ".: expected a field or a method after `.`"),
        ("fallback = panic!", "!: expected `(..)` after `!`"),
        ("key = &", "&: expected an expression after `&`"),
    ] {
        let said = problems(options, PLAIN);
        assert_eq!(said.len(), 1, "{said:?}");
        assert!(said[0].starts_with(problem), "{said:?}");
        // What stands behind it is still read.
        let said = problems(&format!("{options}, jitter = 2"), PLAIN);
        assert_eq!(said.len(), 2, "{said:?}");
        assert!(said[0].starts_with(problem), "{said:?}");
        assert!(said[1].starts_with("2: "), "{said:?}");
    }
}
