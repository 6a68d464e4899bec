//! The rules between the options and the function.

use proc_macro2::Ident;
use syn::{Expr, ExprPath, FnArg, GenericArgument, Pat, PathArguments, ReturnType, Type};

use super::peel_type;
use crate::diag::Problems;
use crate::head::Function;
use crate::model::{Form, names};
use crate::options::{Of, Opt, Options, Value};
use crate::shown::shown;

/// All of them.
pub(crate) fn both(options: &Options, function: &Function, form: &Form, problems: &mut Problems) {
    constants(options, &parameters(function), problems);
    breaker_is_no_parameter(options, function, form, problems);
    patterns_match_the_whole_result(options, function, form, problems);
    no_result_needs_more(options, function, form, problems);
}

/// The names that the parameters bind, with `self`.
fn parameters(function: &Function) -> Vec<String> {
    let inputs = function.signature.inputs.iter();
    inputs
        .flat_map(|input| match input {
            FnArg::Receiver(_) => vec!["self".to_owned()],
            FnArg::Typed(typed) => {
                names::bindings(&typed.pat).iter().map(|name| name.ident.to_string()).collect()
            }
        })
        .collect()
}

/// Constants use none of these names, which are known when the program runs.
pub(crate) fn constants(options: &Options, parameters: &[String], problems: &mut Problems) {
    for given in options.iter() {
        let preset;
        let expr = match &given.value {
            Value::Constant(expr) => expr,
            Value::Path(path) if given.option == Opt::Preset => {
                preset = Expr::Path(path.clone());
                &preset
            }
            _ => continue,
        };
        let option = given.option.spec().name;
        let reconfigure = "; to change it while the program runs, call `reconfigure`";
        if let Some(call) = find(expr, &reads_environment) {
            let is_config = given.option.spec().of == Of::Config;
            let instead = if is_config { reconfigure } else { "" };
            let message = format!(
                "`{option}` is fixed when the program is built, so it can't read the environment{instead}"
            );
            problems.add(call, message);
            continue;
        }
        let Some(used) = find(expr, &|expr| used(expr, parameters)) else {
            if given.option == Opt::Name {
                name_is_no_word(expr, problems);
            }
            continue;
        };
        let instead = match given.option.spec().of {
            _ if given.option == Opt::Name => {
                format!("; for a circuit per value, write `key = {}`", shown(expr))
            }
            Of::Config => reconfigure.to_owned(),
            Of::Circuit | Of::Function => String::new(),
        };
        problems.add(
            used,
            format!(
                "`{option}` is fixed when the program is built, so it can't use the parameter \
                 `{used}`{instead}"
            ),
        );
    }
}

/// `name = payments`
fn name_is_no_word(expr: &Expr, problems: &mut Problems) {
    let Expr::Path(path) = expr else {
        return;
    };
    let is_lower = |word: &&Ident| !word.to_string().contains(char::is_uppercase);
    if let Some(word) = path.path.get_ident().filter(is_lower) {
        problems.add(word, format!("`name` takes a string or a constant: `name = \"{word}\"`"));
    }
}

/// One of `parameters`.
fn used<'a>(expr: &'a Expr, parameters: &[String]) -> Option<&'a Ident> {
    let Expr::Path(path) = expr else {
        return None;
    };
    path.path.get_ident().filter(|name| parameters.iter().any(|known| *name == known))
}

/// `std::env::var("LIMIT")`: of other calls only the compiler knows whether they are constant.
fn reads_environment(expr: &Expr) -> Option<&ExprPath> {
    let Expr::Call(call) = expr else {
        return None;
    };
    let Expr::Path(path) = &*call.func else {
        return None;
    };
    let mut segments = path.path.segments.iter().rev();
    let is_var = segments.next().is_some_and(|last| last.ident == "var" || last.ident == "var_os");
    (is_var && segments.next().is_some_and(|module| module.ident == "env")).then_some(path)
}

/// The first in an expression. Blocks and closures are left to the compiler: a local may have a parameter's
/// name. So is what is called.
fn find<'a, T>(expr: &'a Expr, wanted: &dyn Fn(&'a Expr) -> Option<T>) -> Option<T> {
    let of = |expr| find(expr, wanted);
    let inside = match expr {
        Expr::Field(field) => of(&field.base),
        Expr::MethodCall(call) => of(&call.receiver).or_else(|| call.args.iter().find_map(of)),
        Expr::Call(call) => call.args.iter().find_map(of),
        Expr::Binary(binary) => of(&binary.left).or_else(|| of(&binary.right)),
        Expr::Unary(unary) => of(&unary.expr),
        Expr::Cast(cast) => of(&cast.expr),
        Expr::Paren(paren) => of(&paren.expr),
        Expr::Group(group) => of(&group.expr),
        Expr::Reference(reference) => of(&reference.expr),
        Expr::Index(index) => of(&index.expr).or_else(|| of(&index.index)),
        _ => None,
    };
    inside.or_else(|| wanted(expr))
}

fn breaker_is_no_parameter(
    options: &Options,
    function: &Function,
    form: &Form,
    problems: &mut Problems,
) {
    let Some(Value::Path(path)) = options.value(Opt::Breaker) else {
        return;
    };
    let parameters = parameters(function);
    let Some(name) = path.path.get_ident().filter(|name| parameters.iter().any(|p| *name == p))
    else {
        return;
    };
    let call = match form {
        Form::Sync => "call(|| ..)",
        Form::Async | Form::Future(_) => "call_async(async { .. })",
        Form::Stream(_) => "guard_stream(..)",
    };
    problems.add(
        name,
        format!(
            "`breaker` takes the path of a `static`, but `{name}` is a parameter: call it in the \
             body instead, `{name}.{call}`"
        ),
    );
}

/// The type of what is judged, where it is written.
fn returned<'a>(function: &'a Function, form: &'a Form) -> Option<&'a Type> {
    match (form.output(), &function.signature.output) {
        (Some(output), _) => Some(peel_type(output)),
        (None, ReturnType::Type(_, ty)) => Some(peel_type(ty)),
        (None, ReturnType::Default) => None,
    }
}

fn is_named(ty: &Type, name: &str) -> bool {
    matches!(ty, Type::Path(path) if path.path.segments.last().is_some_and(|s| s.ident == name))
}

/// `failure = E::Down`, `failure = [E::Down, E::Late]`
fn patterns_match_the_whole_result(
    options: &Options,
    function: &Function,
    form: &Form,
    problems: &mut Problems,
) {
    let Some(error) = returned(function, form).and_then(error_type) else {
        return;
    };
    let is_other_variant = |pattern: &Pat| is_other_variant(pattern, error);
    for option in [Opt::Failure, Opt::Ignore] {
        let Some(given) = options.get(option) else {
            continue;
        };
        let Value::Pattern(arm) = &given.value else {
            continue;
        };
        let (variant, cases): (_, Vec<&Pat>) = match &arm.pattern {
            Pat::Slice(slice) => ("Err", slice.elems.iter().collect()),
            Pat::Or(or) if or.cases.iter().all(is_other_variant) => {
                ("Err", or.cases.iter().collect())
            }
            pattern if is_other_variant(pattern) => ("Err", vec![pattern]),
            Pat::Or(or) if or.cases.iter().all(is_other_value) => {
                (variant_of_values(error), or.cases.iter().collect())
            }
            pattern if is_other_value(pattern) => (variant_of_values(error), vec![pattern]),
            _ => continue,
        };
        let name = option.spec().name;
        let cases: Vec<String> = cases.into_iter().map(as_written).collect();
        let cases = cases.join(" | ");
        let message = format!(
            "`{name}` is matched against the whole `Result`: `{name} = {variant}({cases})`"
        );
        add_at(&arm.pattern, message, problems);
    }
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

/// The `E` of `Result<T, E>` with its arguments: an alias may name another type.
fn error_type(ty: &Type) -> Option<&Type> {
    let Type::Path(path) = ty else {
        return None;
    };
    let last = path.path.segments.last().filter(|last| last.ident == "Result")?;
    let PathArguments::AngleBracketed(arguments) = &last.arguments else {
        return None;
    };
    match arguments.args.last()? {
        GenericArgument::Type(error) if arguments.args.len() == 2 => Some(peel_type(error)),
        _ => None,
    }
}

/// A variant of an enum, and not of `Result`, or a constant of the error type: `E::Down`,
/// `E::Code(500)`, `Status::GONE`.
fn is_other_variant(pattern: &Pat, error: &Type) -> bool {
    let path = match pattern {
        Pat::Path(path) => &path.path,
        Pat::TupleStruct(tuple) => &tuple.path,
        Pat::Struct(fields) => &fields.path,
        _ => return false,
    };
    let mut segments = path.segments.iter().rev();
    let (Some(variant), Some(of)) = (segments.next(), segments.next()) else {
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

/// A type of which the text says that it is no `Result`; of all others the compiler finds out.
fn no_result_needs_more(
    options: &Options,
    function: &Function,
    form: &Form,
    problems: &mut Problems,
) {
    let judged = options.has(Opt::Failure) || options.has(Opt::Classify);
    let answered = options.has(Opt::Fallback);
    if let Form::Stream(stream) = form {
        items_are_results(&stream.item, problems);
        return;
    }
    if options.has_unknown || (judged && answered) {
        return;
    }
    let ty = returned(function, form);
    let is_unit = match ty {
        None => !matches!(form, Form::Future(_)),
        Some(ty) => matches!(ty, Type::Tuple(tuple) if tuple.elems.is_empty()),
    };
    if is_unit {
        let message = "`#[circuit_breaker]` needs to know which calls fail, but this function \
                       returns nothing: return a `Result`";
        match ty {
            Some(ty) => problems.add(ty, message),
            None => problems.add(&function.signature.ident, message),
        }
        return;
    }
    let Some(ty) = ty else {
        return;
    };
    let Some((failure, fallback)) = remedy(ty) else {
        return;
    };
    let (needs, write) = match (judged, answered) {
        (false, false) => {
            ("`failure` or `classify`, and `fallback`", format!("`{failure}, {fallback}`"))
        }
        (false, true) => ("`failure` or `classify`", format!("`{failure}`")),
        (true, _) => ("`fallback`", format!("`{fallback}`")),
    };
    problems.add(
        ty,
        format!(
            "`#[circuit_breaker]` on a function that returns `{}`, not a `Result`, needs {needs}: \
             {write}",
            shown(ty)
        ),
    );
}

/// Items of which the text says that they are no `Result`s.
fn items_are_results(item: &Type, problems: &mut Problems) {
    let item = peel_type(item);
    if remedy(item).is_some() || matches!(item, Type::Tuple(_)) {
        problems.add(
            item,
            format!(
                "`#[circuit_breaker]` on a function that returns a stream needs items that are `Result`s, \
                 but these are `{}`: the only item of a rejected stream is an `Err`; a stream of other \
                 items is guarded by hand, with `guard_stream_with`",
                shown(item)
            ),
        );
    }
}

/// Options that suit a type which is no `Result`.
fn remedy(ty: &Type) -> Option<(&'static str, &'static str)> {
    const CLASSIFY: &str = "classify = path::to::function";
    const NUMBERS: [&str; 12] =
        ["i8", "i16", "i32", "i64", "i128", "isize", "u8", "u16", "u32", "u64", "u128", "usize"];
    match ty {
        Type::Reference(reference) if is_named(&reference.elem, "str") => {
            Some(("failure = &\"\"", "fallback = \"unavailable\""))
        }
        Type::Reference(_) | Type::Tuple(_) | Type::Array(_) => {
            Some((CLASSIFY, "fallback = { DEFAULT }"))
        }
        Type::Path(path) => {
            let name = path.path.segments.last()?.ident.to_string();
            match name.as_str() {
                "Option" => Some(("failure = None", "fallback = None")),
                "bool" => Some(("failure = false", "fallback = false")),
                "String" => Some((CLASSIFY, "fallback = String::new()")),
                "Vec" => Some((CLASSIFY, "fallback = Vec::new()")),
                "f32" | "f64" => Some((CLASSIFY, "fallback = 0.0")),
                "char" => Some(("failure = '?'", "fallback = '?'")),
                name if NUMBERS.contains(&name) => Some(("failure = 0", "fallback = 0")),
                _ => None,
            }
        }
        _ => None,
    }
}
