//! The attribute and its function, with everything decided.

mod fallback;
mod form;
mod format;
mod lent;
pub(crate) mod names;
mod no_fallback;
mod parameters;
mod ping;
mod stale;
mod stream;

use proc_macro2::{Delimiter, Group, Ident, TokenStream, TokenTree};
use syn::{Expr, ExprPath, ReturnType};

pub(crate) use fallback::{Fallback, Gives, Kind, MOST_PARAMETERS};
pub(crate) use form::{Form, FutureBody, Written};
pub(crate) use lent::Lent;
pub(crate) use parameters::{Parameter, Parameters, is_reference, is_shared_receiver};
pub(crate) use ping::Ping;
pub(crate) use stale::Stale;
pub(crate) use stream::{Stream, Wrap};

use crate::diag::Problems;
use crate::head::Function;
use crate::options::{Arm, Given, Of, Opt, Options, Value};
use crate::validate;
use names::Free;

pub(crate) struct Model {
    /// The path of the runtime; `None` for `::circuit_runtime`.
    pub(crate) runtime: Option<ExprPath>,
    pub(crate) function: Function,
    /// `#![..]` from the start of the body.
    pub(crate) inner_attributes: TokenStream,
    pub(crate) form: Form,
    pub(crate) parameters: Parameters,
    pub(crate) circuit: Circuit,
    /// Whether its calls may wait for a place of the bulkhead.
    pub(crate) may_wait: bool,
    pub(crate) key: Option<Key>,
    pub(crate) judge: Judge,
    /// The variables that `judge` uses.
    pub(crate) judge_free: Free,
    /// What the body borrows for the judge.
    pub(crate) lent: Lent,
    pub(crate) timeout: Option<Timeout>,
    /// How long a stream may be silent between its items.
    pub(crate) idle: Option<Timeout>,
    /// The stream that the function returns in a `Result`.
    pub(crate) stream: Option<Stream>,
    pub(crate) fallback: Option<Fallback>,
    pub(crate) ping: Option<Ping>,
    pub(crate) stale: Option<Stale>,
}

pub(crate) enum Circuit {
    /// `breaker = PATH`, or the circuit of the function's block.
    Shared(Box<ExprPath>),
    Own(Box<OwnCircuit>),
}

/// The function's own circuit, or that of a block.
pub(crate) struct OwnCircuit {
    pub(crate) name: Name,
    pub(crate) preset: Option<ExprPath>,
    /// The options of the circuit's `Config`, in the order of writing.
    pub(crate) config: Vec<Given>,
    /// How long its calls may take, where that is known.
    pub(crate) timeouts: Vec<Value>,
    pub(crate) keys: Option<Keys>,
    /// Whether async functions are among those that it guards.
    pub(crate) is_async: bool,
}

/// What a circuit is called.
pub(crate) enum Name {
    /// `name = ..`
    Given(Box<Value>),
    /// As the function that it is in.
    OfFunction,
    /// As this in the module that it is in.
    InModule(String),
}

impl Name {
    pub(crate) fn given(options: &Options) -> Option<Self> {
        options.value(Opt::Name).map(|name| Self::Given(Box::new(name.clone())))
    }
}

/// There is a circuit for each key.
pub(crate) struct Keys {
    pub(crate) most: Option<Value>,
}

pub(crate) struct Key {
    pub(crate) value: Expr,
    /// The variables that `value` uses.
    pub(crate) free: Free,
}

pub(crate) struct Timeout {
    /// The option's name, at which a missing feature is reported.
    pub(crate) key: Ident,
    pub(crate) limit: Value,
}

/// How an outcome is decided, in this order; without any of them, `Err` is a failure.
pub(crate) struct Judge {
    pub(crate) ignore: Option<Arm>,
    pub(crate) failure: Option<Arm>,
    pub(crate) classify: Option<Expr>,
}

impl Judge {
    /// Whether the user says what a failure is; then any return type will do.
    pub(crate) fn is_given(&self) -> bool {
        self.failure.is_some() || self.classify.is_some()
    }

    fn free(&self) -> Free {
        let mut free = self.classify.as_ref().map(Free::of).unwrap_or_default();
        for arm in [&self.ignore, &self.failure].into_iter().flatten() {
            if let Some((_, guard)) = &arm.guard {
                free.add_guard(&arm.pattern, guard);
            }
        }
        free
    }
}

impl Model {
    /// `problems` are those that the options have by themselves.
    pub(crate) fn new(
        options: &Options,
        mut problems: Problems,
        function: Function,
    ) -> syn::Result<Self> {
        validate::function(&function, &mut problems);
        let (inner_attributes, braces) = inner_attributes(&function.body);
        let body = braces.stream();
        let form = Form::of(&function, &body).unwrap_or_else(|error| {
            problems.push(error);
            Form::Async
        });
        validate::only_async(options, &function, form.is_async(), &mut problems);
        let stream = Stream::in_result(&function, &form).unwrap_or_else(|error| {
            problems.push(error);
            None
        });
        validate::both(options, &function, &form, &mut problems);
        validate::streams(options, &form, stream.as_ref(), &mut problems);
        let is_async = form.is_async();
        let parameters = Parameters::new(&function, &form);
        let fallback = Fallback::new(options, &function, &form, &parameters, &mut problems);
        let ping = Ping::new(options, &form, &parameters, &mut problems);
        let judge = judge(options);
        let output = match (&form, &function.signature.output) {
            (Form::Future(_) | Form::Stream(_), _) => form.output(),
            (_, ReturnType::Type(_, ty)) => Some(&**ty),
            (_, ReturnType::Default) => None,
        };
        let stale = Stale::new(options, &parameters, output, &mut problems);
        let lent = Lent::new(&parameters, &judge, &body, output, &mut problems);
        if stream.is_some() || matches!(form, Form::Stream(_)) {
            lent.is_empty_for_streams(&judge, &mut problems);
        }
        problems.finish()?;
        let function = Function { body: braces, ..function };
        Ok(Self {
            runtime: path(options, Opt::Crate),
            function,
            inner_attributes,
            form,
            parameters,
            circuit: match path(options, Opt::Breaker) {
                Some(shared) => Circuit::Shared(Box::new(shared)),
                None => Circuit::Own(Box::new(OwnCircuit::new(options, is_async))),
            },
            may_wait: options.may_wait(),
            key: code(options, Opt::Key).map(|value| Key { free: Free::of(&value), value }),
            judge_free: judge.free(),
            judge,
            lent,
            timeout: limit(options, Opt::Timeout),
            idle: limit(options, Opt::Idle),
            stream,
            fallback,
            ping,
            stale,
        })
    }

    /// Whether `#[async_trait]` has moved the patterns into the body.
    pub(crate) fn is_rewritten(&self) -> bool {
        self.parameters.typed.iter().any(|it| it.is_moved)
    }

    /// The variables that each option uses.
    pub(crate) fn uses(&self) -> impl Iterator<Item = &Free> {
        let key = self.key.as_ref().map(|key| &key.free);
        let fallback = self.fallback.as_ref().map(|fallback| &fallback.free);
        let ping = self.ping.as_ref().map(|ping| &ping.free);
        let stale = self.stale.as_ref().map(|stale| &stale.free);
        key.into_iter().chain([&self.judge_free]).chain(fallback).chain(ping).chain(stale)
    }

    /// Whether an option is given every parameter, as a whole.
    pub(crate) fn passes_all(&self) -> bool {
        let fallback = self.fallback.as_ref().is_some_and(|it| it.kind != Kind::Expression);
        fallback || self.ping.is_some()
    }
}

impl OwnCircuit {
    pub(crate) fn new(options: &Options, is_async: bool) -> Self {
        Self {
            is_async,
            name: Name::given(options).unwrap_or(Name::OfFunction),
            preset: path(options, Opt::Preset),
            config: options
                .iter()
                .filter(|given| given.option.spec().of == Of::Config)
                .cloned()
                .collect(),
            timeouts: options.value(Opt::Timeout).cloned().into_iter().collect(),
            keys: options
                .has(Opt::Key)
                .then(|| Keys { most: options.value(Opt::MaxKeys).cloned() }),
        }
    }
}

pub(crate) fn path(options: &Options, option: Opt) -> Option<ExprPath> {
    match options.value(option) {
        Some(Value::Path(path)) => Some(path.clone()),
        _ => None,
    }
}

fn code(options: &Options, option: Opt) -> Option<Expr> {
    match options.value(option) {
        Some(Value::Code(expr)) => Some(expr.clone()),
        _ => None,
    }
}

fn limit(options: &Options, option: Opt) -> Option<Timeout> {
    options.get(option).map(|given| Timeout { key: given.key.clone(), limit: given.value.clone() })
}

fn arm(options: &Options, option: Opt) -> Option<Arm> {
    match options.value(option) {
        Some(Value::Pattern(arm)) => Some((**arm).clone()),
        _ => None,
    }
}

fn judge(options: &Options) -> Judge {
    Judge {
        ignore: arm(options, Opt::Ignore),
        failure: arm(options, Opt::Failure),
        classify: code(options, Opt::Classify),
    }
}

/// Takes `#![..]` from the start of a body, because it is allowed only at the start of a function's
/// own braces. Mostly there is none, and the braces stay the user's: only of those does the compiler know where they end.
pub(crate) fn inner_attributes(braces: &Group) -> (TokenStream, Group) {
    let mut opening = braces.stream().into_iter();
    match (opening.next(), opening.next()) {
        (Some(TokenTree::Punct(pound)), Some(TokenTree::Punct(bang)))
            if pound.as_char() == '#' && bang.as_char() == '!' => {}
        _ => return (TokenStream::new(), braces.clone()),
    }
    let mut tokens: Vec<TokenTree> = braces.stream().into_iter().collect();
    let is_inner = |three: &&[TokenTree]| {
        matches!(three, [TokenTree::Punct(pound), TokenTree::Punct(bang), TokenTree::Group(group)]
            if pound.as_char() == '#' && bang.as_char() == '!'
                && group.delimiter() == Delimiter::Bracket)
    };
    let count = tokens.chunks(3).take_while(is_inner).count();
    let rest = tokens.split_off(3 * count);
    (tokens.into_iter().collect(), with_content(braces, rest.into_iter().collect()))
}

/// `group` with other content. Its braces carry the edition of the user's code.
pub(crate) fn with_content(group: &Group, content: TokenStream) -> Group {
    let mut changed = Group::new(group.delimiter(), content);
    changed.set_span(group.span());
    changed
}
