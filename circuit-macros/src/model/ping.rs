//! What a probe runs first.

use syn::{Expr, ExprClosure, ExprPath};

use super::fallback::{names_parameter, not_async, unwrap};
use super::names::Free;
use super::no_fallback::{between_bars, no_self_parameter};
use super::{Form, Parameters};
use crate::diag::Problems;
use crate::options::{Opt, Options, Value};

pub(crate) struct Ping {
    pub(crate) expr: Expr,
    /// Called with the receiver, too, as a closure is not.
    pub(crate) is_path: bool,
    /// The variables that it uses.
    pub(crate) free: Free,
}

impl Ping {
    pub(super) fn new(
        options: &Options,
        form: &Form,
        parameters: &Parameters,
        problems: &mut Problems,
    ) -> Option<Self> {
        let Value::Code(expr) = options.value(Opt::Ping)? else {
            return None;
        };
        let expr = unwrap(expr);
        let is_path = match &expr {
            Expr::Path(path) => {
                no_parameter(path, parameters, problems);
                true
            }
            expr => {
                if let Expr::Closure(closure) = expr {
                    takes_the_parameters(closure, parameters, problems);
                }
                false
            }
        };
        if matches!(form, Form::Sync) {
            not_async(&expr, "ping", problems);
        }
        // A path is a function's, and no variable.
        let free = if is_path { Free::default() } else { Free::of(&expr) };
        Some(Self { expr, is_path, free })
    }
}

/// A parameter is a value, which is called in a closure.
fn no_parameter(path: &ExprPath, parameters: &Parameters, problems: &mut Problems) {
    if names_parameter(path, parameters) {
        problems.add(
            path,
            "`ping` takes the path of a function, but this is a parameter: call it in a closure",
        );
    }
}

fn takes_the_parameters(closure: &ExprClosure, all: &Parameters, problems: &mut Problems) {
    let (taken, parameters) = (closure.inputs.len(), all.typed.len());
    if no_self_parameter(closure, all, problems) {
        return;
    }
    if taken != parameters {
        let s = if taken == 1 { "" } else { "s" };
        let without =
            if all.receiver.is_some() { " besides `self`, which the closure can use" } else { "" };
        problems.add(
            between_bars(closure),
            format!(
                "the ping takes {taken} parameter{s}, but the function has {parameters}{without}; it \
                 is called with references to the function's parameters, in order"
            ),
        );
    }
}
