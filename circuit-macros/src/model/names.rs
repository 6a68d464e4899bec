//! The names that a pattern binds, and the variables that an expression uses.

use proc_macro2::{Ident, TokenStream, TokenTree};
use syn::ext::IdentExt;
use syn::parse::Parser;
use syn::punctuated::Punctuated;
use syn::visit::{self, Visit};
use syn::{Expr, Lit, Pat, PatIdent, Token};

use super::format::{captured, formats, matched};

/// The variables that `pattern` binds, in the order of writing. What a macro in it binds, only the
/// compiler knows. A constant or a unit struct looks like a variable, and stays what it is wherever
/// a variable of that name would be bound or read.
pub(crate) fn bindings(pattern: &Pat) -> Vec<PatIdent> {
    struct Bindings(Vec<PatIdent>);
    impl<'ast> Visit<'ast> for Bindings {
        fn visit_pat_ident(&mut self, name: &'ast PatIdent) {
            self.0.push(PatIdent { attrs: Vec::new(), subpat: None, ..name.clone() });
            visit::visit_pat_ident(self, name);
        }
        // Every alternative binds the same names.
        fn visit_pat_or(&mut self, or: &'ast syn::PatOr) {
            or.cases.first().into_iter().for_each(|case| self.visit_pat(case));
        }
        fn visit_expr(&mut self, _: &'ast Expr) {}
    }
    let mut bindings = Bindings(Vec::new());
    bindings.visit_pat(pattern);
    bindings.0
}

/// The words in the macros of a pattern; the names that they bind are among them.
pub(crate) fn macro_words(pattern: &Pat) -> Vec<Ident> {
    struct Words(Vec<Ident>);
    impl<'ast> Visit<'ast> for Words {
        fn visit_macro(&mut self, mac: &'ast syn::Macro) {
            self.0.extend(flatten(mac.tokens.clone()).filter_map(|token| match token {
                TokenTree::Ident(word) => Some(word),
                _ => None,
            }));
        }
    }
    let mut words = Words(Vec::new());
    words.visit_pat(pattern);
    words.0
}

/// The free variables of some code.
#[derive(Default)]
pub(crate) struct Free {
    names: Vec<String>,
    /// The variables that are bound at the present point of the walk.
    bound: Vec<String>,
}

impl Free {
    pub(crate) fn of(expr: &Expr) -> Self {
        let mut free = Self::default();
        free.visit_expr(expr);
        free
    }

    /// Adds those of a match arm's guard.
    pub(crate) fn add_guard(&mut self, pattern: &Pat, guard: &Expr) {
        self.scope(|free| {
            free.bind(pattern);
            free.visit_expr(guard);
        });
    }

    /// Of code that isn't parsed: rather too many than too few.
    pub(crate) fn of_tokens(tokens: TokenStream) -> Self {
        let mut free = Self::default();
        let texts = flatten(tokens.clone()).filter_map(|token| match token {
            TokenTree::Literal(text) => Some(text.to_string()).filter(|text| text.contains('{')),
            _ => None,
        });
        free.names = texts.flat_map(|text| captured(&text)).collect();
        free.tokens(tokens);
        free
    }

    pub(crate) fn has(&self, name: &Ident) -> bool {
        self.has_word(&name.unraw().to_string())
    }

    pub(crate) fn has_word(&self, name: &str) -> bool {
        self.names.iter().any(|free| free == name)
    }

    /// Where it is first used, among the others.
    pub(crate) fn place(&self, name: &str) -> Option<usize> {
        self.names.iter().position(|free| free == name)
    }

    pub(crate) fn has_self(&self) -> bool {
        self.has_word("self")
    }

    fn found(&mut self, name: String) {
        if !self.bound.contains(&name) {
            self.names.push(name);
        }
    }

    fn bind(&mut self, pattern: &Pat) {
        let names = bindings(pattern);
        self.bound.extend(names.iter().map(|name| name.ident.unraw().to_string()));
    }

    /// Walks a scope: what is bound in it ends with it.
    fn scope(&mut self, walk: impl FnOnce(&mut Self)) {
        let outside = self.bound.len();
        walk(self);
        self.bound.truncate(outside);
    }

    /// Words that may be variables, in a macro's own syntax.
    fn tokens(&mut self, tokens: TokenStream) {
        let mut before = [' '; 2];
        let mut tokens = flatten(tokens).peekable();
        while let Some(token) = tokens.next() {
            match token {
                TokenTree::Ident(word) => {
                    let is_field = before[1] == '.' && before[0] != '.';
                    let is_segment = before == [':', ':'] || before[1] == '\'';
                    let is_path = matches!(tokens.peek(), Some(TokenTree::Punct(colon))
                        if colon.as_char() == ':' && colon.spacing() == proc_macro2::Spacing::Joint);
                    if !is_field && !is_segment && !is_path {
                        self.found(word.unraw().to_string());
                    }
                    before = [' '; 2];
                }
                TokenTree::Punct(punct) => before = [before[1], punct.as_char()],
                TokenTree::Literal(_) | TokenTree::Group(_) => before = [' '; 2],
            }
        }
    }
}

impl<'ast> Visit<'ast> for Free {
    fn visit_expr_path(&mut self, path: &'ast syn::ExprPath) {
        if let Some(name) = path.path.get_ident().filter(|_| path.qself.is_none()) {
            self.found(name.unraw().to_string());
        }
    }

    fn visit_expr_closure(&mut self, closure: &'ast syn::ExprClosure) {
        self.scope(|free| {
            closure.inputs.iter().for_each(|input| free.bind(input));
            free.visit_expr(&closure.body);
        });
    }

    fn visit_block(&mut self, block: &'ast syn::Block) {
        self.scope(|free| {
            free.bound.extend(block.stmts.iter().filter_map(item_name));
            visit::visit_block(free, block);
        });
    }

    fn visit_local(&mut self, local: &'ast syn::Local) {
        visit::visit_local(self, local);
        self.bind(&local.pat);
    }

    fn visit_expr_let(&mut self, condition: &'ast syn::ExprLet) {
        self.visit_expr(&condition.expr);
        self.bind(&condition.pat);
    }

    fn visit_expr_if(&mut self, condition: &'ast syn::ExprIf) {
        self.scope(|free| {
            free.visit_expr(&condition.cond);
            free.visit_block(&condition.then_branch);
        });
        if let Some((_, otherwise)) = &condition.else_branch {
            self.visit_expr(otherwise);
        }
    }

    fn visit_expr_while(&mut self, repeated: &'ast syn::ExprWhile) {
        self.scope(|free| visit::visit_expr_while(free, repeated));
    }

    fn visit_expr_for_loop(&mut self, repeated: &'ast syn::ExprForLoop) {
        self.visit_expr(&repeated.expr);
        self.scope(|free| {
            free.bind(&repeated.pat);
            free.visit_block(&repeated.body);
        });
    }

    fn visit_arm(&mut self, arm: &'ast syn::Arm) {
        self.scope(|free| {
            free.bind(&arm.pat);
            if let Pat::Guard(pattern) = &arm.pat {
                free.visit_expr(&pattern.guard);
            }
            visit::visit_arm(free, arm);
        });
    }

    // A pattern uses no variable, and an item none of the function's.
    fn visit_pat(&mut self, _: &'ast Pat) {}
    fn visit_item(&mut self, _: &'ast syn::Item) {}
    fn visit_type(&mut self, _: &'ast syn::Type) {}

    fn visit_macro(&mut self, mac: &'ast syn::Macro) {
        if mac.path.segments.last().is_some_and(|last| last.ident == "matches") {
            if let Ok((value, pattern, guard)) = mac.parse_body_with(matched) {
                self.visit_expr(&value);
                if let Some(guard) = guard {
                    self.add_guard(&pattern, &guard);
                }
                return;
            }
        }
        let arguments = Punctuated::<Expr, Token![,]>::parse_terminated.parse2(mac.tokens.clone());
        let Ok(arguments) = arguments else {
            return self.tokens(mac.tokens.clone());
        };
        self.scope(|free| {
            let formats = formats(&mac.path);
            for argument in &arguments {
                match argument {
                    // `format!("{n}", n = 3)`
                    Expr::Assign(named) if formats => free.visit_expr(&named.right),
                    argument => free.visit_expr(argument),
                }
            }
            if !formats {
                return;
            }
            for argument in &arguments {
                // Not the field `n.len = 3` of an event.
                let Expr::Assign(named) = argument else {
                    continue;
                };
                if matches!(*named.left, Expr::Path(_)) {
                    free.bound.extend(Free::of(&named.left).names);
                }
            }
            for argument in &arguments {
                if let Expr::Lit(syn::ExprLit { lit: Lit::Str(text), .. }) = argument {
                    for name in captured(&text.value()) {
                        free.found(name);
                    }
                }
            }
        });
    }
}

fn item_name(statement: &syn::Stmt) -> Option<String> {
    let syn::Stmt::Item(item) = statement else {
        return None;
    };
    let name = match item {
        syn::Item::Fn(item) => &item.sig.ident,
        syn::Item::Const(item) => &item.ident,
        syn::Item::Static(item) => &item.ident,
        syn::Item::Struct(item) => &item.ident,
        _ => return None,
    };
    Some(name.unraw().to_string())
}

/// All tokens, including those inside groups.
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
    use quote::quote;
    use syn::parse::Parser;

    use super::{Free, bindings, macro_words};

    #[test]
    fn every_binding_is_found() {
        let pattern = quote!((a, [b, ..], S { c, d: (ref e, _), .. }, f @ Some(_), m!(g), Upper));
        let pattern = syn::Pat::parse_single.parse2(pattern).unwrap();
        let names: Vec<String> =
            bindings(&pattern).iter().map(|name| name.ident.to_string()).collect();
        assert_eq!(names, ["a", "b", "c", "e", "f", "Upper"]);
        assert_eq!(macro_words(&pattern), ["g"]);
    }

    fn is_free(name: &str, expr: proc_macro2::TokenStream) -> bool {
        Free::of(&syn::parse2(expr).unwrap()).has_word(name)
    }

    #[test]
    fn a_variable_is_free_where_it_is_used() {
        for expr in [
            quote!(f(1, id)),
            quote!(id(1)),
            quote!(0..id),
            quote!(S { id }),
            quote!(S { id: id }),
            quote!(format!("{id}")),
            quote!(format!("{:>id$}", 1)),
            quote!(vec![id; 3]),
            quote!({
                let id = id.len();
                id
            }),
            quote!(match 1 {
                n if n > id => 1,
                _ => 2,
            }),
            quote!(if let Some(id) = other { 1 } else { id }),
            quote!((|id| id)(id)),
            quote!(anything!(=> id)),
            quote!(matches!(id, Some(id) if id > 1)),
            quote!(matches!(other, Some(n) | Ok(n) if n > id)),
            quote!(tracing::event!(Level::INFO, id.len = 3, "{id}")),
        ] {
            assert!(is_free("id", expr.clone()), "{expr}");
        }
    }

    #[test]
    fn a_word_that_means_something_else_is_not() {
        for expr in [
            quote!(user.id),
            quote!(user.id()),
            quote!(S { id: 3 }),
            quote!(id::X),
            quote!(x::id),
            quote!('id: { break 'id 3 }),
            quote!(Some(1).map(|id| id + 1)),
            quote!({
                let id = 3;
                format!("{id}")
            }),
            quote!({
                fn id() {}
                id()
            }),
            quote!(match 1 {
                id => id,
            }),
            quote!(if let Some(id) = other
                && id > 1
            {
                id
            } else {
                2
            }),
            quote!(while let Some(id) = next() {
                f(id)
            }),
            quote!(for id in 0..3 {
                f(id)
            }),
            quote!("{id}".len()),
            quote!(other!("{id}")),
            quote!(format!("{ident} id {}", 1)),
            quote!(format!("{{id}}")),
            quote!(format!("{id}", id = 3)),
            quote!(matches!(opt, Some(id) if id > 1)),
            quote!(assert!(std::matches!(opt, | Some(id) | Ok(id) if id > 1,))),
            quote!(matches!(opt, S { id: 1..3 })),
            quote!(tracing::event!(Level::INFO, id.len = 3, "one")),
            quote!({
                struct T;
                impl T {
                    fn go(&self) -> u8 {
                        self.id
                    }
                }
                T.go()
            }),
        ] {
            assert!(!is_free("id", expr.clone()), "{expr}");
            assert!(!is_free("self", expr.clone()), "{expr}");
        }
    }
}
