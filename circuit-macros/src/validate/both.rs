//! The rules between the options and the function.

use proc_macro2::Ident;
use syn::{Expr, ExprPath, FnArg, ReturnType, Type};

use super::patterns::{self, arguments, is_named};
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
    if let Some(ty) = returned(function, form) {
        patterns::match_the_whole_result(options, ty, problems);
    }
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
pub(crate) fn returned<'a>(function: &'a Function, form: &'a Form) -> Option<&'a Type> {
    match (form.output(), &function.signature.output) {
        (Some(output), _) => Some(peel_type(output)),
        (None, ReturnType::Type(_, ty)) => Some(peel_type(ty)),
        (None, ReturnType::Default) => None,
    }
}

/// A type of which the text says that it is no `Result`; of all others the compiler finds out.
fn no_result_needs_more(
    options: &Options,
    function: &Function,
    form: &Form,
    problems: &mut Problems,
) {
    let judged = options.has(Opt::Failure) || options.has(Opt::Classify);
    // A `fallback_on` alone has its own error already.
    let on_alone = options.has(Opt::FallbackOn) && !options.has(Opt::Stale);
    let answered = options.has(Opt::Fallback) || on_alone;
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
                "Option" if arguments(ty).is_some_and(|of| is_named(of[0], "Result")) => {
                    Some(("failure = Some(Err(_))", "fallback = None"))
                }
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
