//! Uses of the attribute: right ones, and what becomes of them under many hands.

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};

use super::Case;
use super::check::BODY;
use super::notation::{read, write};
use super::vocabulary::{GOOD, ITEMS, LITERALS, PUNCTUATION, WORDS};
use crate::options::TABLE;

pub(super) fn cases() -> impl Strategy<Value = Case> {
    (options(), item()).prop_map(|(options, item)| Case { options, item })
}

fn options() -> impl Strategy<Value = String> {
    let together = vec(select(GOOD), 0..6).prop_map(|entries| entries.join(", "));
    let trailing = together.clone().prop_map(|options| options + ",");
    let anyhow = vec(entry(), 0..6).prop_map(|entries| entries.concat());
    prop_oneof![
        4 => together,
        1 => trailing,
        4 => anyhow,
        2 => mutated(vec(select(GOOD), 1..6).prop_map(|entries| entries.join(", "))),
        1 => soup(),
    ]
}

/// `name = value,` or nearly so.
fn entry() -> impl Strategy<Value = String> {
    let names: Vec<&str> = TABLE.iter().map(|spec| spec.name).collect();
    let examples: Vec<&str> = TABLE.iter().map(|spec| spec.example).collect();
    let name = prop_oneof![8 => select(names), 1 => select(WORDS)];
    let equals = prop_oneof![12 => Just("="), 1 => select(PUNCTUATION), 1 => Just("")];
    let value = prop_oneof![
        3 => select(examples).prop_map(str::to_owned),
        4 => select(LITERALS).prop_map(str::to_owned),
        2 => time(),
        2 => rate(),
        2 => soup(),
        1 => Just(String::new()),
    ];
    let end = prop_oneof![8 => Just(","), 1 => select(PUNCTUATION), 1 => Just("")];
    (name, equals, value, end)
        .prop_map(|(name, equals, value, end)| format!("{name} {equals} {value}{end} "))
}

/// Durations of every size, close to where an integer ends.
fn time() -> impl Strategy<Value = String> {
    let whole = prop_oneof![
        any::<u16>().prop_map(u128::from),
        (0..3_u128, select(&[1, 60, 1_000, 1_000_000_000, 60_000_000_000, 86_400_000_000_000][..]))
            .prop_map(|(below, scale): (u128, u128)| u128::MAX / scale - below),
        (0..3_u128).prop_map(|above| u128::from(u64::MAX) + above),
        any::<u128>(),
    ];
    let fraction = prop_oneof![
        2 => Just(String::new()),
        1 => "\\.[0-9]{0,12}",
        1 => "\\.9{0,45}5?",
    ];
    let unit = select(&["", "ns", "us", "ms", "s", "m", "h", "d", " h", "min", "S", "\u{b5}s"][..]);
    let part = (whole, fraction, unit)
        .prop_map(|(whole, fraction, unit)| format!("{whole}{fraction}{unit}"));
    vec(part, 1..3).prop_map(|parts| format!("\"{}\"", parts.join(" ")))
}

fn rate() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<f64>()
            .prop_map(|number| format!("{number:?}").replace("inf", "1e999").replace("NaN", "0.0")),
        "\"-?[0-9]{0,40}\\.?[0-9]{0,40}(e-?[0-9]{1,3})?%?\"",
    ]
}

fn item() -> impl Strategy<Value = String> {
    let items = || select(ITEMS).prop_map(|item| item.replace("BODY", BODY));
    prop_oneof![4 => items(), 4 => mutated(items()), 1 => soup()]
}

/// Token trees of no meaning.
fn soup() -> impl Strategy<Value = String> {
    let leaf =
        prop_oneof![select(WORDS), select(PUNCTUATION), select(LITERALS)].prop_map(str::to_owned);
    let tree = leaf.prop_recursive(4, 24, 6, |inner| {
        let brackets =
            select(&[("(", ")"), ("[", "]"), ("{", "}"), ("__none(", ")"), ("fn f() {", "}")][..]);
        (brackets, vec(inner, 0..6))
            .prop_map(|((open, close), inside)| format!("{open}{}{close}", inside.join(" ")))
    });
    vec(tree, 0..6).prop_map(|trees| trees.join(" "))
}

/// One change of a token stream. The first place counts all tokens, also those in groups.
#[derive(Clone, Debug)]
enum Change {
    Remove(Index),
    Repeat(Index),
    Swap(Index),
    Insert(Index, String),
    /// As when it is half typed.
    Truncate(Index),
    /// As `macro_rules!` does it.
    Hide(Index, Index),
    Regroup(Index, Delimiter),
}

fn mutated(text: impl Strategy<Value = String>) -> impl Strategy<Value = String> {
    let place = any::<Index>;
    let delimiter = select(
        &[Delimiter::Parenthesis, Delimiter::Brace, Delimiter::Bracket, Delimiter::None][..],
    );
    let change = prop_oneof![
        place().prop_map(Change::Remove),
        place().prop_map(Change::Repeat),
        place().prop_map(Change::Swap),
        (place(), soup()).prop_map(|(at, new)| Change::Insert(at, new)),
        place().prop_map(Change::Truncate),
        (place(), place()).prop_map(|(at, to)| Change::Hide(at, to)),
        (place(), delimiter).prop_map(|(at, with)| Change::Regroup(at, with)),
    ];
    (text, vec(change, 1..4)).prop_map(|(text, changes)| {
        let Some(mut tokens) = read(&text) else { return text };
        for change in changes {
            tokens = change.of(tokens);
        }
        write(tokens)
    })
}

impl Change {
    fn of(&self, tokens: TokenStream) -> TokenStream {
        let (Self::Remove(at)
        | Self::Repeat(at)
        | Self::Swap(at)
        | Self::Insert(at, _)
        | Self::Truncate(at)
        | Self::Hide(at, _)
        | Self::Regroup(at, _)) = self;
        let count = crate::model::names::flatten(tokens.clone()).count();
        if count == 0 {
            return tokens;
        }
        self.at(&mut at.index(count), tokens)
    }

    /// Makes the change at the token `left` places on.
    fn at(&self, left: &mut usize, tokens: TokenStream) -> TokenStream {
        let mut tokens: Vec<TokenTree> = tokens.into_iter().collect();
        for i in 0..tokens.len() {
            if *left == 0 {
                *left = usize::MAX;
                self.here(i, &mut tokens);
                break;
            }
            *left -= 1;
            if let TokenTree::Group(group) = &mut tokens[i] {
                let changed = self.at(left, group.stream());
                *group = Group::new(group.delimiter(), changed);
                if *left == usize::MAX {
                    if let Self::Truncate(_) = self {
                        tokens.truncate(i + 1);
                    }
                    break;
                }
            }
        }
        tokens.into_iter().collect()
    }

    fn here(&self, i: usize, tokens: &mut Vec<TokenTree>) {
        let is_quote =
            |token: &TokenTree| matches!(token, TokenTree::Punct(punct) if punct.as_char() == '\'');
        // A lifetime is two tokens and stays together.
        if is_quote(&tokens[i]) || (i > 0 && is_quote(&tokens[i - 1])) {
            return;
        }
        match self {
            Self::Remove(_) => {
                tokens.remove(i);
            }
            Self::Repeat(_) => tokens.insert(i, tokens[i].clone()),
            Self::Swap(_) if i + 1 < tokens.len() && !is_quote(&tokens[i + 1]) => {
                tokens.swap(i, i + 1);
            }
            Self::Swap(_) => {}
            Self::Insert(_, new) => {
                let new = read(new).into_iter().flatten();
                tokens.splice(i..i, new);
            }
            Self::Truncate(_) => tokens.truncate(i),
            Self::Hide(_, to) => {
                let end = i + 1 + to.index(tokens.len() - i);
                if tokens.get(end).is_none_or(|token| !is_quote(token))
                    && !is_quote(&tokens[end - 1])
                {
                    let hidden = tokens.drain(i..end).collect();
                    tokens.insert(i, Group::new(Delimiter::None, hidden).into());
                }
            }
            Self::Regroup(_, delimiter) => {
                if let TokenTree::Group(group) = &mut tokens[i] {
                    *group = Group::new(*delimiter, group.stream());
                }
            }
        }
    }
}
