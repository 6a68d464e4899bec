//! An instance's own thread: it beats, obeys, and lifts what is over.

use std::time::Duration;

use circuit_runtime::{circuits, lift_expired_orders, refused_orders, set_orders};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::{Instant, sleep_until, timeout};

use crate::attempts::Attempts;
use crate::draft::matches;
use crate::error::FleetError;
use crate::events::{self, Contact};
use crate::options::Options;
use crate::remember;
use crate::report::Reporter;
use crate::sharing::{Health, Sharing};
use crate::state::{Due, State};
use crate::store::Store;
use crate::view::View;
use crate::wire::{FORM, Report};

/// How often an instance asks and tells; a tenth more or less, so that a fleet doesn't fall into step.
const BEAT: Duration = Duration::from_secs(1);
/// How long an order may stand at most after its time is over.
const LIFTING: Duration = Duration::from_millis(250);

/// What the thread is asked.
pub(crate) enum Request {
    View(oneshot::Sender<Result<View, FleetError>>),
    /// Answered once Redis has been heard of, or not within this time.
    Ready(Duration, oneshot::Sender<bool>),
    Leave(oneshot::Sender<()>),
}

/// What the two sides of the thread share: the one that speaks with Redis, and the one that keeps time.
pub(crate) struct Member {
    options: Options,
    store: Store,
    state: State,
    reporter: Reporter,
    sharing: Option<Sharing>,
    health: Health,
    attempts: Attempts,
    contact: Contact,
    /// Whether the orders couldn't be remembered the last time.
    has_forgotten: bool,
    ready: watch::Sender<bool>,
}

impl Member {
    pub(crate) fn new(options: Options, store: Store, sharing: Option<Sharing>) -> Self {
        let state = State::new(options.instance_name());
        let reporter = Reporter::new(options.shows_keys());
        let health = sharing.as_ref().map(Sharing::health).unwrap_or_default();
        let ready = watch::Sender::new(false);
        let (attempts, contact) = (Attempts::default(), Contact::default());
        Member {
            options,
            store,
            state,
            reporter,
            sharing,
            health,
            attempts,
            contact,
            has_forgotten: false,
            ready,
        }
    }

    /// Until the fleet is left or dropped. Whoever has left is to be told.
    pub(crate) async fn run(
        mut self,
        requests: mpsc::Receiver<Request>,
    ) -> Option<oneshot::Sender<()>> {
        self.recall();
        let mut sharing = self.sharing.take();
        // Time is kept beside: an order ends while Redis keeps us waiting, too.
        let left = tokio::select! {
            left = self.serve(requests) => left,
            () = keep_time() => None,
            () = share(sharing.as_mut()) => None,
        };
        self.state.leave().iter().for_each(events::order);
        set_orders(Vec::new());
        let leaving = async {
            let _ = self.store.leave(self.options.instance_name()).await;
            if let Some(sharing) = &mut sharing {
                sharing.leave().await;
            }
        };
        let _ = timeout(Duration::from_secs(1), leaving).await;
        left
    }

    async fn serve(
        &mut self,
        mut requests: mpsc::Receiver<Request>,
    ) -> Option<oneshot::Sender<()>> {
        let mut next = Instant::now();
        loop {
            tokio::select! {
                () = sleep_until(next) => {
                    next = Instant::now() + BEAT.mul_f64(0.9 + 0.2 * fastrand::f64());
                    self.beat().await;
                }
                request = requests.recv() => match request {
                    Some(Request::View(answer)) => {
                        let _ = answer.send(View::of(&mut self.store).await);
                    }
                    Some(Request::Ready(within, answer)) => {
                        let mut ready = self.ready.subscribe();
                        tokio::spawn(async move {
                            let heard = timeout(within, ready.wait_for(|ready| *ready)).await;
                            let _ = answer.send(matches!(heard, Ok(Ok(_))));
                        });
                    }
                    Some(Request::Leave(left)) => return Some(left),
                    None => return None,
                },
            }
        }
    }

    /// Asks for the orders, obeys, and tells how things are.
    async fn beat(&mut self) {
        // While Redis is away, too, orders end that are over.
        self.carry_out(&Due::default());
        if !self.attempts.try_begin(std::time::Instant::now()) {
            return;
        }
        match self.ask_and_tell().await {
            Ok(()) => {
                self.attempts.succeeded();
                self.contact.succeeded();
                self.ready.send_replace(true);
            }
            Err(error) => {
                self.attempts.failed(std::time::Instant::now());
                let (error, refuses) = error.of_redis();
                self.contact.failed(&error, refuses);
            }
        }
    }

    async fn ask_and_tell(&mut self) -> Result<(), FleetError> {
        if self.options.obeys_orders() {
            let (_, stored) = self.store.orders().await?;
            let due = self.state.notice(stored);
            self.carry_out(&due);
        }
        // Not only when orders change: a circuit may have registered since.
        self.state.note_refused(&refused_orders()).iter().for_each(events::order);
        let mut report = Report {
            form: FORM,
            instance: self.options.instance_name().to_owned(),
            version: self.state.version(),
            orders: self.state.held(),
            refused: self.state.refused(),
            cannot_share: self.health.trouble(),
            dropped: self.health.dropped(),
            ..Report::default()
        };
        if self.options.is_in_view() {
            self.reporter.fill(&mut report);
        } else {
            report.shows_no_circuits = true;
        }
        self.store.beat(&report).await
    }

    fn carry_out(&mut self, due: &Due) {
        let over = self.state.expire();
        due.told.iter().chain(&over).for_each(events::order);
        for (circuit, by) in &due.resets {
            for breaker in circuits().into_iter().filter(|it| matches(circuit, it.name())) {
                breaker.reset_by(by.as_str());
            }
        }
        if due.changed || !over.is_empty() {
            set_orders(self.state.put_in_force());
        }
        if *due != Due::default() || !over.is_empty() {
            self.remember();
        }
    }

    /// Goes on with the orders that were remembered, if there are any.
    fn recall(&mut self) {
        let Some(path) = self.options.remembers_at() else { return };
        match remember::read(path, self.options.namespace()) {
            Ok(Some((version, held))) => {
                let due = self.state.recall(version, held);
                self.carry_out(&due);
            }
            // Whoever can't write the file shall hear of it now, and not when orders are forgotten.
            Ok(None) => self.remember(),
            Err(error) => events::cannot_recall(path, &error),
        }
    }

    /// The orders are obeyed also if they can't be remembered; the file is for a start without Redis.
    fn remember(&mut self) {
        let Some(path) = self.options.remembers_at() else { return };
        let (version, held) = (self.state.version(), self.state.held());
        let written = remember::write(path, self.options.namespace(), version, held);
        let had_forgotten = std::mem::replace(&mut self.has_forgotten, written.is_err());
        match written {
            Err(error) if !had_forgotten => events::cannot_remember(path, &error.to_string()),
            Ok(()) if had_forgotten => events::remembers_again(path),
            _ => {}
        }
    }
}

/// Lifts orders whose time is over, as long as this is polled.
async fn keep_time() {
    loop {
        let next = lift_expired_orders().map_or(LIFTING, |next| next.min(LIFTING));
        tokio::time::sleep(next.max(Duration::from_millis(1))).await;
    }
}

/// Shares what circuits see, as long as this is polled.
async fn share(sharing: Option<&mut Sharing>) {
    match sharing {
        Some(sharing) => sharing.take_part().await,
        None => std::future::pending().await,
    }
}
