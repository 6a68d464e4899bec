//! What of the sources users can name, as declarations without bodies.

use std::collections::BTreeSet;

use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens;
use syn::{
    Attribute, Fields, File, FnArg, ImplItem, ImplItemFn, Item, ItemImpl, ItemUse, ReceiverKind,
    TraitItem, Type, UseTree, Visibility, parse_quote,
};

use super::sources::Module;

/// Stands for the fields that are left out, to be found in the text.
const PRIVATE: &str = "private_fields";

pub(crate) struct Public {
    /// Each under the path of the public module that it is in.
    items: Vec<(String, Item)>,
    impls: Vec<ItemImpl>,
}

impl Public {
    pub(crate) fn of(root: &Module) -> Self {
        let mut public = Public { items: Vec::new(), impls: Vec::new() };
        public.collect(root, "circuit_runtime");
        public.items.sort_by(|(one, _), (other, _)| one.cmp(other));
        let types: BTreeSet<String> = public.types().map(ToString::to_string).collect();
        let private = names(root).difference(&types).cloned().collect();
        for module in root.all() {
            for item in &module.items {
                if let Item::Impl(item) = item {
                    public.impls.extend(shown(item, &types, &private));
                }
            }
        }
        public
    }

    /// The types that need no more than the features of this package's own tests.
    pub(crate) fn common_types(&self) -> impl Iterator<Item = &syn::Ident> {
        let common = self.items.iter().filter(|(path, item)| {
            let common = !path.contains("feature") || path.contains(r#"feature = "test-util""#);
            common && !matches!(item, Item::Trait(_))
        });
        common.filter_map(|(_, item)| named(item))
    }

    fn types(&self) -> impl Iterator<Item = &syn::Ident> {
        self.items.iter().filter_map(|(_, item)| named(item))
    }

    fn collect(&mut self, module: &Module, path: &str) {
        for item in &module.items {
            match item {
                Item::Use(item) if is_public(&item.vis) => {
                    self.collect_use(item, &item.tree, module, path);
                }
                Item::Mod(item) if is_public(&item.vis) => {
                    let name = item.ident.to_string();
                    if let Some(inside) = module.child(&name) {
                        self.collect(inside, &below(path, &name, &item.attrs));
                    }
                }
                item if visibility(item).is_some_and(is_public) => self.push(path, item),
                _ => {}
            }
        }
    }

    /// `pub use module::{A, B}`: the items themselves; of another crate, the `use`.
    fn collect_use(&mut self, item: &ItemUse, tree: &UseTree, module: &Module, path: &str) {
        match tree {
            UseTree::Path(segment) => match module.child(&segment.ident.to_string()) {
                Some(inside) => self.collect_use(item, &segment.tree, inside, path),
                None => self.items.push((path.to_owned(), bare(&Item::Use(item.clone())))),
            },
            UseTree::Group(group) => {
                group.items.iter().for_each(|tree| self.collect_use(item, tree, module, path));
            }
            UseTree::Name(name) => {
                if let Some(inside) = module.child(&name.ident.to_string()) {
                    let path = below(path, &name.ident.to_string(), &item.attrs);
                    return self.collect(inside, &path);
                }
                let found = module.items.iter().find(|item| is_called(item, &name.ident));
                let path = gated(path, &item.attrs);
                self.push(&path, found.unwrap_or_else(|| panic!("no `{}`", name.ident)));
            }
            tree => panic!("this listing knows no `{}`", tree.to_token_stream()),
        }
    }

    fn push(&mut self, path: &str, item: &Item) {
        self.items.push((path.to_owned(), bare(item)));
    }

    /// Module by module, in the order of the sources, each type with its methods and traits.
    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        let mut path = "";
        let mut other_impls: Vec<&ItemImpl> = self.impls.iter().collect();
        for (module, item) in &self.items {
            if module != path {
                path = module;
                text.extend(["// ", path, "\n\n"]);
            }
            text += &print(item);
            if let Some(name) = named(item) {
                let (own, others) =
                    other_impls.into_iter().partition(|item| self_name(item) == Some(name));
                other_impls = others;
                text += &print_impls(own);
            }
            text.push('\n');
        }
        text += "// for types of other crates\n\n";
        text += &print_impls(other_impls);
        text
    }
}

/// The path of a module, with the feature that it needs.
fn below(path: &str, name: &str, attributes: &[Attribute]) -> String {
    gated(&format!("{path}::{name}"), attributes)
}

/// A path, with the feature that it needs.
fn gated(path: &str, attributes: &[Attribute]) -> String {
    let cfgs: TokenStream = kept(attributes).iter().map(ToTokens::to_token_stream).collect();
    let cfgs = cfgs.to_string().replace(' ', "").replace('=', " = ");
    format!("{path} {cfgs}").trim_end().to_owned()
}

/// Methods in the order of writing, then traits by name.
fn print_impls(mut impls: Vec<&ItemImpl>) -> String {
    impls.sort_by_key(|item| {
        item.trait_.as_ref().map(|(path, _)| path.to_token_stream().to_string())
    });
    impls.into_iter().map(|item| print(&Item::Impl(item.clone()))).collect()
}

fn print(item: &Item) -> String {
    let file: File = parse_quote!(#item);
    let text = prettyplease::unparse(&file);
    let lines = text.lines().map(|line| {
        let line = if line.contains(PRIVATE) { "    // private fields" } else { line };
        match line.strip_suffix(" {}") {
            Some(head) if head.trim().is_empty() => format!("{head} ;\n"),
            Some(head) if !matches!(item, Item::Trait(_)) => format!("{head};\n"),
            _ => format!("{line}\n"),
        }
    });
    lines.collect()
}

/// The part of an `impl` that users see, if there is one.
fn shown(
    item: &ItemImpl,
    types: &BTreeSet<String>,
    private: &BTreeSet<String>,
) -> Option<ItemImpl> {
    let head = [item.self_ty.to_token_stream(), item.generics.to_token_stream()];
    let trait_path = item.trait_.as_ref().map(|(path, _)| path.to_token_stream());
    let words: BTreeSet<String> = head.into_iter().chain(trait_path).flat_map(words).collect();
    let is_private = self_name(item).is_some_and(|name| private.contains(&name.to_string()));
    if words.is_disjoint(types) || is_private {
        return None;
    }
    let mut item = item.clone();
    item.attrs = kept(&item.attrs);
    if item.trait_.is_some() {
        item.items.clear();
        return Some(item);
    }
    let methods = item.items.iter().filter_map(method).filter(|method| is_public(&method.vis));
    item.items = methods.map(|method| ImplItem::Fn(without_body(method))).collect();
    (!item.items.is_empty()).then_some(item)
}

/// A method, also one that the crate's own `const_fn!` makes.
fn method(item: &ImplItem) -> Option<ImplItemFn> {
    match item {
        ImplItem::Fn(method) => Some(method.clone()),
        ImplItem::Macro(call) if call.mac.path.is_ident("const_fn") => {
            let mut method: ImplItemFn = syn::parse2(call.mac.tokens.clone()).expect("a method");
            method.sig.constness = parse_quote!(const);
            Some(method)
        }
        _ => None,
    }
}

fn without_body(mut method: ImplItemFn) -> ImplItemFn {
    if let Some(FnArg::Receiver(receiver)) = method.sig.inputs.first_mut() {
        if let ReceiverKind::Value = receiver.kind {
            receiver.mutability = None;
        }
    }
    method.attrs = kept(&method.attrs);
    method.block = parse_quote!({});
    method
}

/// The declaration: no docs, no body, no private fields.
fn bare(item: &Item) -> Item {
    let mut item = item.clone();
    match &mut item {
        Item::Struct(item) => {
            item.attrs = kept(&item.attrs);
            if let Fields::Named(fields) = &mut item.fields {
                let all = fields.named.len();
                let public = fields.named.iter().filter(|field| is_public(&field.vis)).cloned();
                let mut public: Vec<_> = public.collect();
                if public.len() < all {
                    let name = syn::Ident::new(PRIVATE, proc_macro2::Span::call_site());
                    public.push(parse_quote!(#name: ()));
                }
                for field in &mut public {
                    field.attrs = kept(&field.attrs);
                }

                fields.named = public.into_iter().collect();
            }
        }
        Item::Enum(item) => {
            item.attrs = kept(&item.attrs);
            for variant in &mut item.variants {
                variant.attrs = kept(&variant.attrs);
                variant.fields.iter_mut().for_each(|field| field.attrs = kept(&field.attrs));
            }
        }
        Item::Fn(item) => {
            item.attrs = kept(&item.attrs);
            item.block = parse_quote!({});
        }
        Item::Trait(item) => {
            item.attrs = kept(&item.attrs);
            for part in &mut item.items {
                match part {
                    TraitItem::Fn(method) => {
                        method.attrs = kept(&method.attrs);
                        // The braces tell it from a method that has to be written.
                        method.default = method.default.as_ref().map(|_| parse_quote!({}));
                    }
                    TraitItem::Type(item) => item.attrs = kept(&item.attrs),
                    TraitItem::Const(item) => item.attrs = kept(&item.attrs),
                    part => panic!("this listing knows no `{}`", part.to_token_stream()),
                }
            }
        }
        Item::Use(item) => item.attrs = kept(&item.attrs),
        Item::Type(item) => item.attrs = kept(&item.attrs),
        Item::Const(item) => item.attrs = kept(&item.attrs),
        item => panic!("this listing knows no `{}`", item.to_token_stream()),
    }
    item
}

/// The attributes that users notice.
fn kept(attributes: &[Attribute]) -> Vec<Attribute> {
    let known = ["cfg", "derive", "from", "must_use", "non_exhaustive", "source"];
    let is_kept = |a: &&Attribute| known.iter().any(|name| a.path().is_ident(name));
    attributes.iter().filter(is_kept).cloned().collect()
}

fn is_public(visibility: &Visibility) -> bool {
    matches!(visibility, Visibility::Public(_))
}

fn visibility(item: &Item) -> Option<&Visibility> {
    match item {
        Item::Const(item) => Some(&item.vis),
        Item::Enum(item) => Some(&item.vis),
        Item::Fn(item) => Some(&item.vis),
        Item::Static(item) => Some(&item.vis),
        Item::Struct(item) => Some(&item.vis),
        Item::Trait(item) => Some(&item.vis),
        Item::Type(item) => Some(&item.vis),
        Item::Union(item) => Some(&item.vis),
        _ => None,
    }
}

/// The name of a type or trait.
fn named(item: &Item) -> Option<&syn::Ident> {
    match item {
        Item::Enum(item) => Some(&item.ident),
        Item::Struct(item) => Some(&item.ident),
        Item::Trait(item) => Some(&item.ident),
        Item::Type(item) => Some(&item.ident),
        _ => None,
    }
}

fn is_called(item: &Item, name: &syn::Ident) -> bool {
    match item {
        Item::Fn(item) => item.sig.ident == *name,
        Item::Const(item) => item.ident == *name,
        item => named(item) == Some(name),
    }
}

/// The names of all types of the crate.
fn names(root: &Module) -> BTreeSet<String> {
    let items = root.all().into_iter().flat_map(|module| &module.items);
    items.filter_map(named).map(ToString::to_string).collect()
}

fn self_name(item: &ItemImpl) -> Option<&syn::Ident> {
    match &*item.self_ty {
        Type::Path(path) => path.path.segments.last().map(|segment| &segment.ident),
        _ => None,
    }
}

fn words(tokens: TokenStream) -> Vec<String> {
    let words = tokens.into_iter().flat_map(|token| match token {
        TokenTree::Ident(word) => vec![word.to_string()],
        TokenTree::Group(group) => words(group.stream()),
        _ => Vec::new(),
    });
    words.collect()
}
