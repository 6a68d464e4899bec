//! What is no pattern inside of one, `Err(code > 500)` or `Err(A || B)`, and words for operators.

use proc_macro2::{Group, Ident, Punct, Spacing, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::parse::ParseStream;
use syn::{BinOp, Expr, UnOp};

use super::at_end;
use super::no_pattern::{alternatives, compared, is_pattern, variable, variable_alone};
use crate::shown::shown;

/// What is said of a pattern that has expressions in it, and where.
pub(super) fn of_pattern(option: &str, expr: &Expr) -> Option<(TokenStream, String)> {
    let mut inner = Inner::default();
    let pattern = shown(inner.pattern(expr));
    let at = inner.at?;
    let message = match &*inner.guards {
        [] if inner.is_or => format!("alternatives are joined with `|`: `{option} = {pattern}`"),
        [] => format!("`{option}` takes a pattern: `{option} = {pattern}`"),
        _ if inner.in_alternative => format!(
            "a condition follows the whole pattern, after `if`: `{option} = Err(e) if \
             e.is_server_error()`"
        ),
        guards => {
            let guard = shown(quote!(#(#guards)&&*));
            format!("a condition follows `if`: `{option} = {pattern} if {guard}`")
        }
    };
    Some((at, message))
}

/// What is found on the way.
#[derive(Default)]
struct Inner {
    guards: Vec<TokenStream>,
    /// The first that is no pattern.
    at: Option<TokenStream>,
    is_or: bool,
    /// A condition on what not every alternative binds.
    in_alternative: bool,
}

impl Inner {
    /// The expression as the pattern that it is meant to be.
    fn pattern(&mut self, expr: &Expr) -> TokenStream {
        match expr {
            Expr::Call(call) if is_pattern(&call.func) => {
                let func = &call.func;
                let args: Vec<_> = call.args.iter().map(|arg| self.field(arg)).collect();
                quote!(#func(#(#args),*))
            }
            Expr::Struct(of) if of.rest.is_none() && of.dot2_token.is_none() => {
                let path = &of.path;
                let fields: Vec<_> = of
                    .fields
                    .iter()
                    .map(|field| {
                        let (name, colon) = (&field.member, &field.colon_token);
                        let value = colon.map(|_| self.field(&field.expr));
                        quote!(#name #colon #value)
                    })
                    .collect();
                quote!(#path { #(#fields),* })
            }
            Expr::Paren(paren) => {
                let inside = self.pattern(&paren.expr);
                quote!((#inside))
            }
            Expr::Binary(binary) if matches!(binary.op, BinOp::BitOr(_)) => {
                let before = self.guards.len();
                let (left, right) = (self.field(&binary.left), self.field(&binary.right));
                self.in_alternative |= self.guards.len() > before;
                quote!(#left | #right)
            }
            expr => expr.to_token_stream(),
        }
    }

    /// What stands in a variant.
    fn field(&mut self, expr: &Expr) -> TokenStream {
        let at = expr.to_token_stream();
        match expr {
            Expr::Paren(paren) => self.field(&paren.expr),
            Expr::Tuple(tuple) => {
                let elems: Vec<_> = tuple.elems.iter().map(|elem| self.field(elem)).collect();
                quote!((#(#elems),*))
            }
            Expr::Binary(binary) => match &binary.op {
                BinOp::BitOr(_) => self.pattern(expr),
                BinOp::Or(or) if is_pattern(&binary.left) && is_pattern(&binary.right) => {
                    self.is_or = true;
                    self.found(quote!(#or), alternatives(expr))
                }
                BinOp::Eq(_) if is_variable(&binary.left) && is_pattern(&binary.right) => {
                    self.found(at, binary.right.to_token_stream())
                }
                BinOp::And(and) if is_pattern(&binary.left) || is_variable(&binary.left) => {
                    let pattern = self.field(&binary.left);
                    let condition = match variable(binary.right.to_token_stream()) {
                        Some(name) => compared(&binary.right, &name),
                        None => binary.right.to_token_stream(),
                    };
                    self.guards.push(condition);
                    self.found(quote!(#and), pattern)
                }
                BinOp::Eq(_)
                | BinOp::Ne(_)
                | BinOp::Lt(_)
                | BinOp::Le(_)
                | BinOp::Gt(_)
                | BinOp::Ge(_)
                | BinOp::And(_)
                | BinOp::Or(_) => self.condition(expr),
                _ => at,
            },
            Expr::Unary(not) if matches!(not.op, UnOp::Not(_)) && is_pattern(&not.expr) => {
                let excluded = &not.expr;
                self.guards.push(quote!(!matches!(e, #excluded)));
                self.found(at, quote!(e))
            }
            Expr::Unary(not) if matches!(not.op, UnOp::Not(_)) => self.condition(expr),
            Expr::MethodCall(_) => self.condition(expr),
            expr => self.pattern(expr),
        }
    }

    /// A condition on the variable in it, which the pattern binds.
    fn condition(&mut self, expr: &Expr) -> TokenStream {
        let Some(name) = variable(expr.to_token_stream()) else {
            return expr.to_token_stream();
        };
        self.guards.push(compared(expr, &name));
        let variable = Ident::new(&name, Span::call_site());
        self.found(expr.to_token_stream(), quote!(#variable))
    }

    fn found(&mut self, at: TokenStream, instead: TokenStream) -> TokenStream {
        self.at.get_or_insert(at);
        instead
    }
}

fn is_variable(expr: &Expr) -> bool {
    variable_alone(expr).is_some()
}

/// `Err(A) or Err(B)` as `Err(A) || Err(B)`, `Code(c if c > 500)` as `Code(c && c > 500)`, and `Code(>= 500)` as `Code(n >= 500)`.
pub(super) fn in_words(input: ParseStream) -> Option<Expr> {
    let mut tokens = TokenStream::new();
    while !at_end(input) {
        tokens.extend([input.parse::<TokenTree>().ok()?]);
    }
    syn::parse2(spelled(tokens, false)).ok()
}

fn spelled(tokens: TokenStream, in_group: bool) -> TokenStream {
    let mut spelled = TokenStream::new();
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    for (i, token) in tokens.iter().enumerate() {
        let before = i.checked_sub(1).map(|i| &tokens[i]);
        match token {
            TokenTree::Group(group) => {
                let inside = self::spelled(group.stream(), true);
                let mut inside = Group::new(group.delimiter(), inside);
                inside.set_span(group.span());
                spelled.extend([TokenTree::Group(inside)]);
            }
            TokenTree::Ident(word) => {
                let is_between = is_value(before) && i + 1 < tokens.len();
                let is_before = matches!(tokens.get(i + 1), Some(TokenTree::Ident(_)));
                let signs = match word.to_string().as_str() {
                    "or" if is_between => "||",
                    "and" if is_between => "&&",
                    "if" if is_between && in_group => "&&",
                    "not" if is_before => "!",
                    _ => {
                        spelled.extend([token.clone()]);
                        continue;
                    }
                };
                spelled.extend(operator(signs, word.span()));
            }
            TokenTree::Punct(punct) if before.is_none() && compares(punct, &tokens) => {
                let subject = Ident::new("n", punct.span());
                spelled.extend([TokenTree::Ident(subject), token.clone()]);
            }
            token => spelled.extend([token.clone()]),
        }
    }
    spelled
}

fn operator(signs: &'static str, span: Span) -> impl Iterator<Item = TokenTree> {
    signs.char_indices().map(move |(i, sign)| {
        let spacing = if i + 1 < signs.len() { Spacing::Joint } else { Spacing::Alone };
        let mut punct = Punct::new(sign, spacing);
        punct.set_span(span);
        TokenTree::Punct(punct)
    })
}

fn is_value(token: Option<&TokenTree>) -> bool {
    token.is_some_and(|token| !matches!(token, TokenTree::Punct(_)))
}

/// `< 500`, `>= 500`, `!= 500`
fn compares(first: &Punct, tokens: &[TokenTree]) -> bool {
    let is_sign = |token: &&TokenTree| matches!(token, TokenTree::Punct(_));
    let signs = tokens.iter().take_while(is_sign).count();
    let is_literal = matches!(tokens.get(signs), Some(TokenTree::Literal(_)));
    let equals = matches!(tokens.get(1), Some(TokenTree::Punct(sign)) if sign.as_char() == '=');
    is_literal
        && (matches!(first.as_char(), '<' | '>') || ("!=".contains(first.as_char()) && equals))
}
