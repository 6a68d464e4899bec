//! Macros with a syntax of their own: those that take variables out of a string, and `matches!`.

use syn::parse::ParseStream;
use syn::{Expr, Pat, Path, Token};

/// Whether the macro at `path` is one of them, by its name.
pub(super) fn formats(path: &Path) -> bool {
    path.segments.last().is_some_and(|last| FORMATTING.iter().any(|name| last.ident == name))
}

const FORMATTING: [&str; 29] = [
    "anyhow",
    "assert",
    "assert_eq",
    "assert_ne",
    "bail",
    "debug",
    "debug_assert",
    "debug_assert_eq",
    "debug_assert_ne",
    "ensure",
    "eprint",
    "eprintln",
    "error",
    "event",
    "eyre",
    "format",
    "format_args",
    "info",
    "log",
    "panic",
    "print",
    "println",
    "todo",
    "trace",
    "unimplemented",
    "unreachable",
    "warn",
    "write",
    "writeln",
];

/// `"{name}"`, `"{name:?}"`, `"{:width$}"`
pub(super) fn captured(text: &str) -> Vec<String> {
    let mut names = Vec::new();
    for piece in text.replace("{{", "").split('{').skip(1) {
        let inside = piece.split('}').next().unwrap_or_default();
        let (name, spec) = inside.split_once(':').unwrap_or((inside, ""));
        let word = |c: char| c.is_alphanumeric() || c == '_';
        let widths = spec.match_indices('$').map(|(end, _)| {
            let before = &spec[..end];
            &before[before.trim_end_matches(word).len()..]
        });
        let found = std::iter::once(name.trim()).chain(widths);
        names.extend(
            found
                .filter(|name| name.starts_with(|c: char| c.is_alphabetic() || c == '_'))
                .map(str::to_owned),
        );
    }
    names
}

/// `value, Some(n) if n > 1` of `matches!`
pub(super) fn matched(input: ParseStream) -> syn::Result<(Expr, Pat, Option<Expr>)> {
    let value = input.parse()?;
    input.parse::<Token![,]>()?;
    let pattern = Pat::parse_multi_with_leading_vert(input)?;
    let condition: Option<Token![if]> = input.parse()?;
    let guard = condition.map(|_| input.parse()).transpose()?;
    input.parse::<Option<Token![,]>>()?;
    Ok((value, pattern, guard))
}

#[cfg(test)]
mod tests {
    use super::captured;

    #[test]
    fn a_format_string_names_its_arguments() {
        assert_eq!(captured("{a} {b:?} {{c}} {} {0} {d:>e$.f$}"), ["a", "b", "d", "e", "f"]);
    }
}
