//! What options add to a function.
#![allow(clippy::needless_raw_string_hashes, reason = "they are written so")]

use expect_test::expect;

use super::expansion::check_method;

#[test]
fn ping() {
    check_method(
        "breaker = TERMINAL, ping = Self::health",
        "async fn charge(&self, order: Order) -> Result<(), E> { self.send(order).await }",
        expect![[r#"
            impl Client {
                async fn charge(&self, order: Order) -> Result<(), E> {
                    use ::circuit_runtime::__private as __circuit;
                    let __circuit_breaker = __circuit::FnHandle(|| __circuit::share(
                        __circuit::Shared::of(&TERMINAL).__circuit_shared(),
                    ));
                    let __circuit_returns = __circuit::Returns::<Result<(), E>>::new();
                    let __circuit_reject = __circuit::bare(__circuit_returns);
                    return {
                        let (mut __circuit_result, __circuit_permit) = __circuit::run_async(
                                __circuit_returns,
                                {
                                    let __circuit_permit = match match match __circuit::enter_shared_waiting_async(
                                        __circuit_breaker,
                                        __circuit::Fallback::None,
                                    ) {
                                        __circuit::Entry::Now(__circuit_entered) => __circuit_entered,
                                        __circuit::Entry::Later(__circuit_later) => {
                                            __circuit_later.await
                                        }
                                    } {
                                        __circuit::Admitted(
                                            __circuit_permit,
                                        ) if __circuit::is_probe(&__circuit_permit) => {
                                            let __circuit_entered = __circuit::ping_async(
                                                    __circuit_permit,
                                                    __circuit::Fallback::None,
                                                    || {
                                                        __circuit::Ping::of(Self::health(self, &order))
                                                            .__circuit_ping()
                                                    },
                                                )
                                                .await;
                                            __circuit_entered
                                        }
                                        __circuit_entered => __circuit_entered,
                                    } {
                                        __circuit::Admitted(__circuit_permit) => __circuit_permit,
                                        __circuit::Rejected(__circuit_open) => {
                                            return __circuit_reject(__circuit_open);
                                        }
                                    };
                                    __circuit_permit
                                },
                                async move {
                                    if false {
                                        return __circuit_returns.never();
                                    }
                                    match () {
                                        () => self.send(order).await,
                                    }
                                },
                            )
                            .await;
                        let __circuit_frame = __circuit::frame(&__circuit_permit);
                        let __circuit_outcome = __circuit::judge_bare(&__circuit_result);
                        __circuit::core::mem::drop(__circuit_frame);
                        if let __circuit::Some(__circuit_pending) = __circuit::finish(
                            __circuit_permit,
                            __circuit_outcome,
                        ) {
                            __circuit_result = __circuit::notify_with_error(
                                __circuit_pending,
                                __circuit_returns.__circuit_error_text(),
                                __circuit_result,
                            );
                        }
                        __circuit_result
                    };
                }
            }
        "#]],
    );
}

#[test]
fn stale() {
    check_method(
        "key = self.host, stale = \"10m\", stale_key = (tenant, id + 1), fallback_on = any",
        "fn get(&self, tenant: &str, id: u64) -> Result<Page, E> { self.fetch(tenant, id) }",
        expect![[r#"
            impl Client {
                fn get(&self, tenant: &str, id: u64) -> Result<Page, E> {
                    use ::circuit_runtime::__private as __circuit;
                    let __circuit_breaker = __circuit::RefHandle({
                        static __CIRCUIT_BREAKER: __circuit::StaticBreaker = {
                            enum __CircuitHere {}
                            __circuit::create_keyed_here::<
                                __CircuitHere,
                            >(__circuit::Config::new(), 10_000)
                        };
                        __circuit::StaticBreaker::get(&__CIRCUIT_BREAKER)
                    });
                    let __circuit_returns = __circuit::Returns::<Result<Page, E>>::new();
                    let __circuit_reject = __circuit::bare(__circuit_returns);
                    let __circuit_stale = {
                        static __CIRCUIT_STALE: __circuit::Store = __circuit::Store::new();
                        __circuit::stale_feature(__circuit_returns);
                        let __circuit_keeps = __circuit::Keeping::of(__circuit_returns)
                            .__circuit_keeps();
                        __circuit::stale(
                            __circuit_keeps,
                            || {},
                            &__CIRCUIT_STALE,
                            (__circuit::Duration::from_secs(600), 10_000),
                            {
                                __circuit::stale_key(
                                    __circuit::KeyOf::new((
                                            {
                                                let __circuit_text = __circuit::Key::of(&(self.host))
                                                    .__circuit_with(__circuit::stale_text);
                                                __circuit_text
                                            },
                                            (
                                                __circuit::OwnKey::lent(&(tenant)).__circuit_own(),
                                                __circuit::OwnKey::taken(id + 1).__circuit_own(),
                                            ),
                                        ))
                                        .__circuit_key(),
                                )
                            },
                        )
                    };
                    return {
                        let __circuit_permit = match __circuit::enter_keyed(
                            __circuit_breaker,
                            __circuit::stale_text_of(&__circuit_stale),
                            __circuit::Fallback::None,
                        ) {
                            __circuit::Admitted(__circuit_permit) => __circuit_permit,
                            __circuit::Rejected(__circuit_open) => {
                                match __circuit::stale_instead(
                                    &__circuit_stale,
                                    __circuit_breaker,
                                    __circuit_open,
                                    __circuit::Fallback::None,
                                ) {
                                    __circuit::Admitted(__circuit_value) => return __circuit_value,
                                    __circuit::Rejected(__circuit_open) => {
                                        return __circuit_reject(__circuit_open);
                                    }
                                }
                            }
                        };
                        let __circuit_result = __circuit::body(
                            __circuit_returns,
                            move || { self.fetch(tenant, id) },
                        )();
                        let __circuit_outcome = __circuit::judge_bare(&__circuit_result);
                        __circuit::finish_stale(
                            __circuit_permit,
                            __circuit_outcome,
                            __circuit_returns.__circuit_error_text(),
                            __circuit_result,
                            __circuit_stale,
                        )
                    };
                }
            }
        "#]],
    );
}
