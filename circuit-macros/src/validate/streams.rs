//! What goes for functions that return a stream, and for no others.

use crate::diag::Problems;
use crate::model::{Form, Stream, Wrap};
use crate::options::{Opt, Options, Value};

/// All of it; `in_result` is the stream in the `Result` that the function returns.
pub(crate) fn streams(
    options: &Options,
    form: &Form,
    in_result: Option<&Stream>,
    problems: &mut Problems,
) {
    if in_result.is_some() || matches!(form, Form::Stream(_)) {
        nothing_stale(options, problems);
    }
    match (form, in_result) {
        (Form::Stream(_), _) => {
            no_fallback(options, problems);
            no_ping(options, problems);
        }
        (_, Some(stream)) => fallback_of_a_type(options, stream, problems),
        (_, None) => no_idle(options, problems),
    }
}

fn no_idle(options: &Options, problems: &mut Problems) {
    if let Some(given) = options.get(Opt::Idle) {
        problems.add(
            &given.key,
            "`idle` is the time between a stream's items, but this function's return type isn't written \
             as a stream: `impl Stream<Item = ..>`, `Pin<Box<dyn Stream<Item = ..>>>`, or a `Result` of \
             one; `timeout` limits a whole call",
        );
    }
}

fn no_fallback(options: &Options, problems: &mut Problems) {
    if let Some(given) = options.get(Opt::Fallback) {
        problems.add(
            &given.key,
            "a stream has no `fallback`: the circuit is asked when it is first polled, and the body has \
             used the parameters by then; make it an `async fn` that returns \
             `Result<Pin<Box<dyn Stream<Item = ..>>>, E>`, or look at the first item",
        );
    }
}

fn nothing_stale(options: &Options, problems: &mut Problems) {
    if let Some(given) = options.get(Opt::Stale) {
        problems.add(
            &given.key,
            "`stale` keeps values, and a stream is none that can be given twice: keep what is read from it",
        );
    }
}

fn no_ping(options: &Options, problems: &mut Problems) {
    if let Some(given) = options.get(Opt::Ping) {
        problems.add(
            &given.key,
            "a stream has no `ping`: the circuit is asked when it is first polled, and the body has used the \
             parameters by then; make it an `async fn` that returns `Result<impl Stream<Item = ..>, E>`",
        );
    }
}

fn fallback_of_a_type(options: &Options, stream: &Stream, problems: &mut Problems) {
    if let (Some(given), Wrap::Nothing) = (options.get(Opt::Fallback), stream.wrap) {
        problems.add(
            &given.key,
            "a `fallback` can't return the same `impl Stream` as the body: return \
             `Pin<Box<dyn Stream<Item = ..>>>`",
        );
    } else if let (Some(given), Some(Value::Word("any"))) =
        (options.get(Opt::FallbackOn), options.value(Opt::FallbackOn))
    {
        problems.add(
            &given.key,
            "`fallback_on = any` can't replace a stream that has begun: remove it, and call the fallback \
             where the items are read",
        );
    }
}
