//! `#[cfg]` on parameters: the attribute can't know which of them are there. So the function is
//! printed once for each possibility, under its condition, and each version is a plain function.

use proc_macro2::TokenStream;
use quote::quote;
use syn::parse::Parser;
use syn::punctuated::Punctuated;
use syn::{Attribute, FnArg, Meta, Token};

use crate::head::Function;

pub(crate) struct Version {
    /// `#[cfg(..)]`; `None` where there is one version only.
    pub(crate) condition: Option<TokenStream>,
    pub(crate) function: Function,
}

/// Each doubles the output.
const MOST_CONDITIONS: usize = 6;

pub(crate) fn of(mut function: Function) -> syn::Result<Vec<Version>> {
    // The parameters that have a condition, and what it is.
    let mut conditions: Vec<(usize, TokenStream)> = Vec::new();
    for (place, input) in function.signature.inputs.iter_mut().enumerate() {
        let attributes = match input {
            FnArg::Receiver(receiver) => &mut receiver.attrs,
            FnArg::Typed(typed) => &mut typed.attrs,
        };
        let found: Vec<TokenStream> = attributes.iter().flat_map(|it| within(&it.meta)).collect();
        if found.is_empty() {
            continue;
        }
        if conditions.len() == MOST_CONDITIONS {
            return Err(syn::Error::new_spanned(
                &attributes[0],
                format!(
                    "`#[circuit_breaker]` takes a function with at most {MOST_CONDITIONS} \
                     parameters under a `#[cfg]`; put the `#[cfg]` on two versions of the function"
                ),
            ));
        }
        attributes.retain_mut(without_conditions);
        conditions.push((place, quote!(all(#(#found),*))));
    }
    if conditions.is_empty() {
        return Ok(vec![Version { condition: None, function }]);
    }
    let versions = (0..1_usize << conditions.len()).map(|holds| {
        let all = conditions.iter().enumerate().map(|(bit, (_, condition))| {
            if holds >> bit & 1 == 1 { condition.clone() } else { quote!(not(#condition)) }
        });
        let condition = quote!(#[cfg(all(#(#all),*))]);
        let is_there = |place| {
            let of_place = conditions.iter().position(|(conditional, _)| *conditional == place);
            of_place.is_none_or(|bit| holds >> bit & 1 == 1)
        };
        let mut function = function.clone();
        let inputs = std::mem::take(&mut function.signature.inputs);
        let inputs = inputs.into_pairs().enumerate();
        function.signature.inputs =
            inputs.filter(|(place, _)| is_there(*place)).map(|(_, pair)| pair).collect();
        Version { condition: Some(condition), function }
    });
    Ok(versions.collect())
}

/// The conditions in an attribute: `#[cfg(A)]` is A, `#[cfg_attr(A, cfg(B))]` is B where A holds.
fn within(meta: &Meta) -> Vec<TokenStream> {
    match meta {
        Meta::List(list) if list.path.is_ident("cfg") => vec![list.tokens.clone()],
        meta => match conditional(meta) {
            Some((when, attributes)) => {
                let inner = attributes.iter().flat_map(within);
                inner.map(|condition| quote!(any(not(#when), #condition))).collect()
            }
            None => Vec::new(),
        },
    }
}

/// Takes the conditions out of an attribute; `false` where nothing is left.
fn without_conditions(attribute: &mut Attribute) -> bool {
    let is_condition = |meta: &Meta| !within(meta).is_empty();
    if !is_condition(&attribute.meta) {
        return true;
    }
    let Some((when, mut attributes)) = conditional(&attribute.meta) else {
        return false;
    };
    attributes.retain(|meta| !is_condition(meta));
    attribute.meta = syn::parse_quote!(cfg_attr(#when, #(#attributes),*));
    !attributes.is_empty()
}

/// `cfg_attr(A, ..)`
fn conditional(meta: &Meta) -> Option<(Meta, Vec<Meta>)> {
    let Meta::List(list) = meta else {
        return None;
    };
    let arguments = Punctuated::<Meta, Token![,]>::parse_terminated;
    let arguments = arguments.parse2(list.tokens.clone()).ok()?;
    let mut arguments = arguments.into_iter();
    let when = arguments.next().filter(|_| list.path.is_ident("cfg_attr"))?;
    Some((when, arguments.collect()))
}

#[cfg(test)]
mod tests {
    use quote::{ToTokens, quote};

    use super::of;
    use crate::head::Function;

    fn printed(item: proc_macro2::TokenStream) -> Vec<String> {
        let versions = of(Function::parse(item).unwrap()).unwrap();
        let print = |version: super::Version| {
            let inputs = version.function.signature.inputs.to_token_stream();
            let condition = version.condition.unwrap_or_default();
            format!("{condition} ({inputs})").replace(' ', "")
        };
        versions.into_iter().map(print).collect()
    }

    #[test]
    fn each_condition_makes_two_versions() {
        assert_eq!(
            printed(quote!(
                fn f(a: u8) {}
            )),
            ["(a:u8)"]
        );
        assert_eq!(
            printed(quote!(
                fn f(&self, #[cfg(x)] a: u8, b: u8) {}
            )),
            ["#[cfg(all(not(all(x))))](&self,b:u8)", "#[cfg(all(all(x)))](&self,a:u8,b:u8)"],
        );
    }

    #[test]
    fn a_conditional_attribute_keeps_what_is_no_condition() {
        assert_eq!(
            printed(quote!(
                fn f(#[cfg_attr(x, cfg(y), allow(z))] a: u8) {}
            ))[1],
            "#[cfg(all(all(any(not(x),y))))](#[cfg_attr(x,allow(z))]a:u8)",
        );
        assert_eq!(
            printed(quote!(
                fn f(#[cfg_attr(x, allow(z))] a: u8) {}
            ))
            .len(),
            1
        );
    }
}
