//! Patterns of `failure` and `ignore` that can't match, as the text of the type says.

use proc_macro2::Ident;
use syn::{GenericArgument, Pat, PathArguments, PathSegment, Type};

use super::peel_type;
use crate::diag::Problems;
use crate::options::{Opt, Options, Value};
use crate::shown::shown;

/// `failure = E::Down`, `failure = [E::Down, E::Late]`, `failure = (Err(A), Err(B))`
pub(super) fn match_the_whole_result(options: &Options, ty: &Type, problems: &mut Problems) {
    if !is_named(ty, "Result") {
        return;
    }
    for option in [Opt::Failure, Opt::Ignore] {
        let Some(given) = options.get(option) else {
            continue;
        };
        let Value::Pattern(arm) = &given.value else {
            continue;
        };
        let name = option.spec().name;
        let message = match (alternatives(&arm.pattern), value_and_error(ty)) {
            (Some(cases), _) if cases.iter().all(|case| is_whole(case)) => match &*cases {
                [case] => format!("`{name}` takes a pattern: `{name} = {}`", as_written(case)),
                _ => format!("alternatives are joined with `|`: `{name} = {}`", joined(&cases)),
            },
            (cases, Some(types)) => match in_variant(option, &arm.pattern, cases, types) {
                Some(pattern) => {
                    format!("`{name}` is matched against the whole `Result`: `{name} = {pattern}`")
                }
                None => continue,
            },
            (_, None) => continue,
        };
        add_at(&arm.pattern, message, problems);
    }
}

/// `[A, B]` and `(A, B)`, which no `Result` is, as `A`, `B`.
fn alternatives(pattern: &Pat) -> Option<Vec<&Pat>> {
    let cases = match pattern {
        Pat::Paren(paren) => return alternatives(&paren.pat),
        Pat::Slice(slice) => &slice.elems,
        Pat::Tuple(tuple) => &tuple.elems,
        _ => return None,
    };
    let cases: Vec<&Pat> = cases.iter().filter(|case| !matches!(case, Pat::Rest(_))).collect();
    (!cases.is_empty()).then_some(cases)
}

/// The pattern with the variant around it that it lacks.
fn in_variant(
    option: Opt,
    pattern: &Pat,
    cases: Option<Vec<&Pat>>,
    [value, error]: [&Type; 2],
) -> Option<String> {
    let is_list = cases.is_some();
    let cases = cases.unwrap_or_else(|| or_cases(pattern));
    let variant = if cases.iter().all(|case| is_other_value(case)) {
        variant_of_values(error)
    } else if cases.iter().all(|case| is_variant_of(case, value) && !is_variant_of(case, error)) {
        "Ok"
    } else if is_list || cases.iter().all(|case| is_other_variant(case, error)) {
        "Err"
    } else {
        return None;
    };
    if cases.iter().any(|case| is_whole(case)) {
        let cases = cases.iter().map(|case| match as_written(case) {
            whole if is_whole(case) => whole,
            inside => format!("{variant}({inside})"),
        });
        return Some(cases.collect::<Vec<_>>().join(" | "));
    }
    // Where `failure` is given, an error that it doesn't match is a success.
    let and_errors = if option == Opt::Failure && variant == "Ok" { " | Err(_)" } else { "" };
    Some(format!("{variant}({}){and_errors}", joined(&cases)))
}

fn or_cases(pattern: &Pat) -> Vec<&Pat> {
    match pattern {
        Pat::Paren(paren) => or_cases(&paren.pat),
        Pat::Or(or) => or.cases.iter().collect(),
        pattern => vec![pattern],
    }
}

fn joined(cases: &[&Pat]) -> String {
    cases.iter().map(|case| as_written(case)).collect::<Vec<_>>().join(" | ")
}

/// `Ok(..)` or `Err(..)`
fn is_whole(pattern: &Pat) -> bool {
    let path = match pattern {
        Pat::Paren(paren) => return is_whole(&paren.pat),
        Pat::Or(or) => return or.cases.iter().all(is_whole),
        Pat::TupleStruct(tuple) => &tuple.path,
        _ => return false,
    };
    path.segments.last().is_some_and(|last| last.ident == "Ok" || last.ident == "Err")
}

pub(crate) fn is_named(ty: &Type, name: &str) -> bool {
    matches!(ty, Type::Path(path) if path.path.segments.last().is_some_and(|s| s.ident == name))
}

/// A single name, which has been made a path (`NotFound::<>`).
fn only_name(pattern: &Pat) -> Option<&Ident> {
    match pattern {
        Pat::Path(path) if path.path.segments.len() == 1 => Some(&path.path.segments[0].ident),
        _ => None,
    }
}

fn as_written(pattern: &Pat) -> String {
    only_name(pattern).map_or_else(|| shown(pattern), ToString::to_string)
}

fn add_at(pattern: &Pat, message: String, problems: &mut Problems) {
    match only_name(pattern) {
        Some(name) => problems.add(name, message),
        None => problems.add(pattern, message),
    }
}

/// Types of which every path in a pattern is a constant.
const NUMBERS: [&str; 14] = [
    "i8", "i16", "i32", "i64", "i128", "isize", "u8", "u16", "u32", "u64", "u128", "usize", "bool",
    "char",
];

/// The types of `Result<T, E>` with both arguments: an alias may name another error.
fn value_and_error(ty: &Type) -> Option<[&Type; 2]> {
    arguments(ty)?.try_into().ok().filter(|_| is_named(ty, "Result"))
}

/// The types that a type is generic over, of which there are some.
pub(super) fn arguments(ty: &Type) -> Option<Vec<&Type>> {
    let Type::Path(path) = ty else {
        return None;
    };
    let PathArguments::AngleBracketed(arguments) = &path.path.segments.last()?.arguments else {
        return None;
    };
    let types = arguments.args.iter().map(|argument| match argument {
        GenericArgument::Type(ty) => Some(peel_type(ty)),
        _ => None,
    });
    types.collect::<Option<Vec<_>>>().filter(|types| !types.is_empty())
}

/// The last two names of a path: `E` and `Down` in `E::Down`, `E::Code(500)` and `crate::E::Down`.
fn variant(pattern: &Pat) -> Option<[&PathSegment; 2]> {
    let path = match pattern {
        Pat::Path(path) => &path.path,
        Pat::TupleStruct(tuple) => &tuple.path,
        Pat::Struct(fields) => &fields.path,
        _ => return None,
    };
    let mut segments = path.segments.iter().rev();
    let (variant, of) = (segments.next()?, segments.next()?);
    Some([of, variant])
}

fn is_variant_of(pattern: &Pat, ty: &Type) -> bool {
    variant(pattern).is_some_and(|[of, _]| is_named(ty, &of.ident.to_string()))
}

/// A variant of an enum, and not of `Result`, or a constant of the error type: `E::Down`,
/// `E::Code(500)`, `Status::GONE`.
fn is_other_variant(pattern: &Pat, error: &Type) -> bool {
    let Some([of, variant]) = variant(pattern) else {
        return false;
    };
    let is_type = |name: &Ident| name.to_string().starts_with(char::is_uppercase);
    // A constant of the whole type would be in capitals, too.
    let is_variant = is_type(&variant.ident)
        && is_type(&of.ident)
        && (variant.ident.to_string().contains(char::is_lowercase)
            || is_named(error, &of.ident.to_string()));
    let is_known = ["Ok", "Err"].iter().any(|known| variant.ident == known) || of.ident == "Result";
    is_variant && !is_known
}

/// A number, a range, a truth value or an `Option`: never a `Result`.
fn is_other_value(pattern: &Pat) -> bool {
    let last = |path: &syn::Path, names: &[&str]| {
        path.segments.last().is_some_and(|last| names.iter().any(|name| last.ident == name))
    };
    match pattern {
        Pat::Lit(_) | Pat::Range(_) => true,
        Pat::TupleStruct(tuple) => last(&tuple.path, &["Some"]),
        Pat::Path(path) => last(&path.path, &["None"]),
        _ => false,
    }
}

/// Where such a value is in the `Result`: in the error if that is a number.
fn variant_of_values(error: &Type) -> &'static str {
    if NUMBERS.iter().any(|number| is_named(error, number)) { "Err" } else { "Ok" }
}
