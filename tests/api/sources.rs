//! A crate's modules, read into one tree.

use std::fs;
use std::path::Path;

use syn::{Attribute, Item};

pub(crate) struct Module {
    pub(crate) items: Vec<Item>,
    /// The modules in it, by name.
    pub(crate) modules: Vec<(String, Module)>,
}

impl Module {
    /// Reads a file and those that its `mod` items name, tests and internals for generated code
    /// left out.
    pub(crate) fn read(file: &Path) -> Self {
        let text = fs::read_to_string(file).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
        let parsed = syn::parse_file(&text).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
        let stem = file.file_stem().and_then(|stem| stem.to_str()).expect("a file name");
        let folder = file.parent().expect("a folder");
        let folder = match stem {
            "lib" | "mod" => folder.to_owned(),
            stem => folder.join(stem),
        };
        Self::of(parsed.items, &folder)
    }

    fn of(items: Vec<Item>, folder: &Path) -> Self {
        let mut module = Module { items: Vec::new(), modules: Vec::new() };
        for item in items {
            if let Item::Mod(submodule) = &item {
                if is_left_out(&submodule.attrs) {
                    continue;
                }
                let name = submodule.ident.to_string();
                let inside = if let Some((_, items)) = &submodule.content {
                    Self::of(items.clone(), &folder.join(&name))
                } else {
                    let flat = folder.join(format!("{name}.rs"));
                    let nested = folder.join(&name).join("mod.rs");
                    Self::read(if flat.exists() { &flat } else { &nested })
                };
                module.modules.push((name, inside));
            }
            match item {
                // Its input is its output, but for the attributes on the fields.
                Item::Macro(call) if call.mac.path.is_ident("pin_project") => {
                    let inside: syn::File = syn::parse2(call.mac.tokens).expect("items");
                    module.items.extend(inside.items);
                }
                item => module.items.push(item),
            }
        }
        module
    }

    /// The module and all below it.
    pub(crate) fn all(&self) -> Vec<&Module> {
        let below = self.modules.iter().flat_map(|(_, module)| module.all());
        std::iter::once(self).chain(below).collect()
    }

    pub(crate) fn child(&self, name: &str) -> Option<&Module> {
        self.modules.iter().find(|(known, _)| known == name).map(|(_, module)| module)
    }
}

/// Not for users, or not in a user's build: tests, the model checker's, documentation only, hidden.
fn is_left_out(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        let text = match &attribute.meta {
            syn::Meta::List(list) => list.tokens.to_string(),
            _ => return false,
        };
        match attribute.path().get_ident().map(ToString::to_string).as_deref() {
            Some("cfg") => {
                text == "test" || text.starts_with("all (test") || text.starts_with("any (doc")
            }
            Some("doc") => text == "hidden",
            _ => false,
        }
    })
}
