//! Which names a pattern binds, and which ones some tokens mention.

use proc_macro2::{Ident, TokenStream, TokenTree};
use syn::Pat;
use syn::ext::IdentExt;

/// The variables that `pattern` binds, in the order of writing.
pub(crate) fn bindings(pattern: &Pat) -> Vec<Ident> {
    let mut names = Vec::new();
    collect(pattern, &mut names);
    names
}

fn collect(pattern: &Pat, names: &mut Vec<Ident>) {
    match pattern {
        // `None` and constants look like bindings; what is lower case is one.
        Pat::Ident(name) => {
            let text = name.ident.unraw().to_string();
            if !text.starts_with(char::is_uppercase) {
                names.push(name.ident.clone());
            }
            if let Some((_, inner)) = &name.subpat {
                collect(inner, names);
            }
        }
        Pat::Or(or) => or.cases.first().into_iter().for_each(|p| collect(p, names)),
        Pat::Paren(inner) => collect(&inner.pat, names),
        Pat::Reference(inner) => collect(&inner.pat, names),
        Pat::Slice(slice) => slice.elems.iter().for_each(|p| collect(p, names)),
        Pat::Tuple(tuple) => tuple.elems.iter().for_each(|p| collect(p, names)),
        Pat::TupleStruct(tuple) => tuple.elems.iter().for_each(|p| collect(p, names)),
        Pat::Struct(fields) => fields.fields.iter().for_each(|f| collect(&f.pat, names)),
        Pat::Type(typed) => collect(&typed.pat, names),
        _ => {}
    }
}

/// Whether `tokens` may use the variable `name`: as a word, or in the text of a
/// `format!` string. Fields and methods of that name do not count.
pub(crate) fn mentions(tokens: &TokenStream, name: &Ident) -> bool {
    let name = name.unraw().to_string();
    let mut before = (' ', ' ');
    flatten(tokens.clone()).any(|token| match token {
        TokenTree::Ident(ident) => {
            let is_field = before.1 == '.' && before.0 != '.';
            before = (' ', ' ');
            !is_field && ident.unraw() == name
        }
        TokenTree::Punct(punct) => {
            before = (before.1, punct.as_char());
            false
        }
        TokenTree::Literal(literal) => {
            before = (' ', ' ');
            let text = literal.to_string();
            text.contains('{') && formats(&text, &name)
        }
        TokenTree::Group(_) => false,
    })
}

/// `"{name}"`, `"{name:?}"`, `"{:width$}"`
fn formats(text: &str, name: &str) -> bool {
    text.match_indices(name).any(|(start, _)| {
        let before = text[..start].chars().next_back();
        let after = text[start + name.len()..].chars().next();
        matches!(before, Some('{' | ':' | '.' | '<' | '>' | '^' | '0'))
            && matches!(after, Some('}' | ':' | '$'))
    })
}

pub(crate) fn mentions_self(tokens: &TokenStream) -> bool {
    flatten(tokens.clone()).any(|token| matches!(token, TokenTree::Ident(i) if i == "self"))
}

/// All tokens, those inside groups included.
pub(crate) fn flatten(tokens: TokenStream) -> impl Iterator<Item = TokenTree> {
    let mut stack = vec![tokens.into_iter()];
    std::iter::from_fn(move || {
        loop {
            match stack.last_mut()?.next() {
                Some(TokenTree::Group(group)) => {
                    stack.push(group.stream().into_iter());
                    return Some(TokenTree::Group(group));
                }
                Some(token) => return Some(token),
                None => {
                    stack.pop();
                }
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use quote::{format_ident, quote};
    use syn::parse::Parser;

    use super::{bindings, mentions};

    #[test]
    fn every_binding_is_found() {
        let pattern = quote!((a, [b, ..], S { c, d: (ref e, _), .. }, f @ Some(_), None));
        let pattern = syn::Pat::parse_single.parse2(pattern).unwrap();
        let names: Vec<String> = bindings(&pattern).iter().map(ToString::to_string).collect();
        assert_eq!(names, ["a", "b", "c", "e", "f"]);
    }

    #[test]
    fn a_mention_is_a_word_or_a_place_in_a_format_string() {
        let id = format_ident!("id");
        assert!(mentions(&quote!(f(1, id)), &id));
        assert!(mentions(&quote!(0..id), &id));
        assert!(mentions(&quote!(format!("{id}")), &id));
        assert!(mentions(&quote!(format!("{:>id$}", 1)), &id));
        assert!(!mentions(&quote!(user.id), &id));
        assert!(!mentions(&quote!(user.id()), &id));
        assert!(!mentions(&quote!(format!("{ident} id {}", 1)), &id));
    }
}
