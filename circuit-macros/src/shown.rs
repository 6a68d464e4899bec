//! Tokens as one would write them, for messages that say what to write.
//!
//! The compiler's own printer would do, had the tokens not been parsed: it puts spaces around `::`
//! and into generics.

use proc_macro2::{Delimiter, Spacing, TokenStream, TokenTree};
use quote::ToTokens;

/// In one line.
pub(crate) fn shown(tokens: impl ToTokens) -> String {
    let mut printer = Printer::default();
    printer.stream(tokens.into_token_stream());
    printer.text
}

#[derive(Default)]
struct Printer {
    text: String,
    /// What was printed last.
    last: Last,
    /// How many `<` of generics are open.
    generics: usize,
}

#[derive(Clone, Copy, PartialEq, Eq, Default)]
enum Last {
    /// What comes next follows without a space, and a sign before it has one operand.
    #[default]
    Start,
    /// Nothing that could be called.
    Keyword,
    /// A word, literal or group.
    Value,
    /// A type, which may have generics.
    Type,
    /// A path's colons or a dot: no space, but what follows belongs to what was before.
    Link,
    Operator,
}

impl Printer {
    fn stream(&mut self, tokens: TokenStream) {
        let mut signs = String::new();
        for token in tokens {
            if let TokenTree::Punct(punct) = &token {
                signs.push(punct.as_char());
                if punct.spacing() == Spacing::Alone {
                    self.signs(&std::mem::take(&mut signs));
                }
                continue;
            }
            self.signs(&std::mem::take(&mut signs));
            match token {
                TokenTree::Ident(word) => self.word(&word.to_string()),
                TokenTree::Group(group) => self.group(group.delimiter(), group.stream()),
                token => self.spaced(&token.to_string(), Last::Value),
            }
        }
        self.signs(&signs);
    }

    /// Signs without a space between them: `::<` is two operators.
    fn signs(&mut self, mut signs: &str) {
        const LONG: [&str; 12] =
            ["..=", "::", "..", "==", "!=", "<=", ">=", "&&", "||", "->", "=>", ">>"];
        while !signs.is_empty() {
            let long = LONG.iter().find(|long| signs.starts_with(**long));
            let (operator, rest) = signs.split_at(long.map_or(1, |long| long.len()));
            self.operator(operator);
            signs = rest;
        }
    }

    fn spaced(&mut self, text: &str, last: Last) {
        if !matches!(self.last, Last::Start | Last::Link) {
            self.text.push(' ');
        }
        self.text.push_str(text);
        self.last = last;
    }

    fn tight(&mut self, text: &str, last: Last) {
        self.text.push_str(text);
        self.last = last;
    }

    fn word(&mut self, word: &str) {
        let is_keyword = ["if", "as", "mut", "ref", "move", "async", "match", "in", "dyn", "impl"]
            .contains(&word);
        let kind = if is_keyword {
            Last::Keyword
        } else if word.starts_with(char::is_uppercase) {
            Last::Type
        } else {
            Last::Value
        };
        self.spaced(word, kind);
    }

    fn group(&mut self, delimiter: Delimiter, inside: TokenStream) {
        let (open, close) = match delimiter {
            Delimiter::Parenthesis => ("(", ")"),
            Delimiter::Bracket => ("[", "]"),
            Delimiter::None => ("", ""),
            Delimiter::Brace if inside.is_empty() => return self.spaced("{}", Last::Value),
            Delimiter::Brace => {
                self.spaced("{", Last::Operator);
                self.stream(inside);
                self.text.push_str(" }");
                self.last = Last::Value;
                return;
            }
        };
        if matches!(self.last, Last::Value | Last::Type) && delimiter != Delimiter::None {
            self.tight(open, Last::Start);
        } else {
            self.spaced(open, Last::Start);
        }
        self.stream(inside);
        self.tight(close, Last::Value);
    }

    fn operator(&mut self, operator: &str) {
        let after_value = matches!(self.last, Last::Value | Last::Type);
        match operator {
            "." | "::" => self.tight(operator, Last::Link),
            ".." | "..=" if after_value => self.tight(operator, Last::Link),
            ".." | "..=" | "'" => self.spaced(operator, Last::Link),
            "," | ";" | ":" => self.tight(operator, Last::Operator),
            "?" => self.tight(operator, Last::Value),
            // Of a macro; what it calls is a group.
            "!" if after_value => self.tight(operator, Last::Value),
            "<" if matches!(self.last, Last::Type | Last::Link) => {
                self.generics += 1;
                self.tight(operator, Last::Start);
            }
            ">" | ">>" if self.generics >= operator.len() => {
                self.generics -= operator.len();
                self.tight(operator, Last::Type);
            }
            "!" | "&" | "*" | "-" | "&&" if !after_value => self.spaced(operator, Last::Start),
            operator => self.spaced(operator, Last::Operator),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::shown;

    #[test]
    fn it_is_as_one_writes_it() {
        for text in [
            "e.code() > 500",
            "Err(E::Down | E::Late)",
            "Option<Vec<u8>>",
            "&'static str",
            "!result.is_ok() && *e != E::Down",
            "matches!(e, E::Code(400..=499) if e.is_fatal())",
            "Err(e) if self.limits[0] as u32 <= -1",
            "errors::is_transient(&e, \"a b\")",
            "Reply { status: 200, .. }",
            "[E::Down, E::Late]",
            "f::<u8>(a?, {})",
            "(mut a, &b) = (1, 2)",
        ] {
            let tokens: proc_macro2::TokenStream = text.parse().unwrap();
            assert_eq!(shown(tokens), text);
        }
    }
}
