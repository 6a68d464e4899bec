//! What an async function becomes, and one that returns a future.
#![allow(clippy::needless_raw_string_hashes, reason = "they are written so")]

use expect_test::expect;

use super::expansion::{check, check_method};

#[test]
fn async_method() {
    check_method(
        "failure = Err(e) if e.is_server_error(), key = self.host",
        "async fn get(&self, mut path: String) -> Result<Page, E> { path.push('/'); self.fetch(path).await }",
        expect![[r#"
            impl Client {
                async fn get(&self, path: String) -> Result<Page, E> {
                    use ::circuit_runtime::__private as __circuit;
                    let __circuit_breaker = __circuit::FnHandle(|| {
                        static __CIRCUIT_BREAKER: __circuit::StaticBreaker = {
                            enum __CircuitHere {}
                            __circuit::create_keyed_here::<
                                __CircuitHere,
                            >(__circuit::Config::new(), 10_000)
                        };
                        __circuit::StaticBreaker::get(&__CIRCUIT_BREAKER)
                    });
                    let __circuit_returns = __circuit::Returns::<Result<Page, E>>::new();
                    let __circuit_reject = __circuit::rejectable(__circuit_returns);
                    return {
                        let (mut __circuit_result, __circuit_permit) = __circuit::run_async(
                                __circuit_returns,
                                {
                                    let __circuit_permit = match {
                                        let __circuit_entry = __circuit::Key::of(&(self.host))
                                            .__circuit_with(|__circuit_key| {
                                                __circuit::enter_keyed(
                                                    __circuit_breaker,
                                                    __circuit_key,
                                                    __circuit::Fallback::None,
                                                )
                                            });
                                        __circuit_entry
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
                                    #[allow(
                                        clippy::shadow_reuse,
                                        clippy::shadow_same,
                                        clippy::shadow_unrelated
                                    )]
                                    let mut path = path;
                                    match () {
                                        () => {
                                            path.push('/');
                                            self.fetch(path).await
                                        }
                                    }
                                },
                            )
                            .await;
                        let __circuit_outcome = match &__circuit_result {
                            Err(e) if e.is_server_error() => __circuit::Outcome::Failure,
                            _ => __circuit::Outcome::Success,
                        };
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
fn fallback_of_either_kind() {
    check(
        "name = \"price\", fallback = cached",
        "async fn price((sku, shop): (Sku, Shop)) -> Result<u32, E> { fetch(sku, shop).await }",
        expect![[r#"
            async fn price(__arg0: (Sku, Shop)) -> Result<u32, E> {
                use ::circuit_runtime::__private as __circuit;
                let __circuit_breaker = __circuit::FnHandle(|| {
                    static __CIRCUIT_BREAKER: __circuit::StaticBreaker = {
                        __circuit::create(__circuit::Name::given("price"), __circuit::Config::new())
                    };
                    __circuit::StaticBreaker::get(&__CIRCUIT_BREAKER)
                });
                let __circuit_returns = __circuit::Returns::<Result<u32, E>>::new();
                '__circuit_rejected: {
                    return {
                        let (mut __circuit_result, __circuit_permit) = __circuit::run_async(
                                __circuit_returns,
                                {
                                    let __circuit_permit = match __circuit::enter(
                                        __circuit_breaker,
                                        __circuit::Fallback::Runs,
                                    ) {
                                        __circuit::Admitted(__circuit_permit) => __circuit_permit,
                                        __circuit::Rejected(_) => break '__circuit_rejected,
                                    };
                                    __circuit_permit
                                },
                                async move {
                                    if false {
                                        return __circuit_returns.never();
                                    }
                                    #[allow(
                                        clippy::shadow_reuse,
                                        clippy::shadow_same,
                                        clippy::shadow_unrelated
                                    )]
                                    let (sku, shop) = __arg0;
                                    match () {
                                        () => fetch(sku, shop).await,
                                    }
                                },
                            )
                            .await;
                        let __circuit_outcome = __circuit::judge_judged(&__circuit_result);
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
                };
                let __circuit_answer = match __circuit::answer_of(
                        __circuit_returns,
                        move || cached(__arg0),
                    )
                    .__circuit_split()
                {
                    __circuit::Rejected(__circuit_answer) => return __circuit_answer,
                    __circuit::Admitted(__circuit_answer) => __circuit_answer,
                };
                return __circuit_answer.await;
            }
        "#]],
    );
}

#[test]
fn fallback_on_any() {
    check(
        "breaker = PRICES, timeout = \"1.5s\", fallback = |sku, why| recover(sku, why), fallback_on = any",
        "async fn price(sku: Sku) -> Result<u32, E> { fetch(sku).await }",
        expect![[r#"
            async fn price(sku: Sku) -> Result<u32, E> {
                use ::circuit_runtime::__private as __circuit;
                let __circuit_breaker = __circuit::FnHandle(|| __circuit::share(
                    __circuit::Shared::of(&PRICES).__circuit_shared(),
                ));
                let __circuit_returns = __circuit::Returns::<Result<u32, E>>::new();
                let (__circuit_clone0, __circuit_reason) = '__circuit_rejected: {
                    let __circuit_permit = match match __circuit::enter_shared_waiting_async(
                        __circuit_breaker,
                        __circuit::Fallback::Runs,
                    ) {
                        __circuit::Entry::Now(__circuit_entered) => __circuit_entered,
                        __circuit::Entry::Later(__circuit_later) => __circuit_later.await,
                    } {
                        __circuit::Admitted(__circuit_permit) => __circuit_permit,
                        __circuit::Rejected(__circuit_open) => {
                            break '__circuit_rejected (
                                sku,
                                __circuit::CallError::Open(__circuit_open),
                            );
                        }
                    };
                    let __circuit_clone0 = __circuit::clone_argument(&sku);
                    match {
                        let (__circuit_timed, __circuit_permit) = __circuit::run_timed(
                                __circuit_returns,
                                __circuit_permit,
                                __circuit::Duration::new(1, 500000000),
                                async move {
                                    if false {
                                        return __circuit_returns.never();
                                    }
                                    match () {
                                        () => fetch(sku).await,
                                    }
                                },
                            )
                            .await;
                        match __circuit_timed {
                            __circuit::Admitted(__circuit_result) => {
                                let __circuit_frame = __circuit::frame(&__circuit_permit);
                                let __circuit_outcome = __circuit::judge_judged(&__circuit_result);
                                __circuit::core::mem::drop(__circuit_frame);
                                __circuit::finish_any(
                                    __circuit_permit,
                                    __circuit_outcome,
                                    __circuit_returns.__circuit_error_text(),
                                    __circuit_result,
                                )
                            }
                            __circuit::Rejected(__circuit_limit) => {
                                __circuit::time_out_any(__circuit_permit, __circuit_limit)
                            }
                        }
                    } {
                        __circuit::Ended::Value(__circuit_value) => return __circuit_value,
                        __circuit_ended => {
                            (__circuit_clone0, __circuit::reason(__circuit_returns, __circuit_ended))
                        }
                    }
                };
                #[allow(clippy::shadow_reuse, clippy::shadow_same, clippy::shadow_unrelated)]
                let __circuit_answer = match __circuit::answer(
                        __circuit_returns,
                        __circuit::fallback_any_2(
                            |sku, why| recover(sku, why),
                            __circuit_clone0,
                            __circuit_reason,
                        ),
                    )
                    .__circuit_split()
                {
                    __circuit::Rejected(__circuit_answer) => return __circuit_answer,
                    __circuit::Admitted(__circuit_answer) => __circuit_answer,
                };
                return __circuit_answer.await;
            }
        "#]],
    );
}

#[test]
fn boxed_future() {
    check(
        "threshold = LIMIT",
        "fn price<'a>(sku: &'a str) -> Pin<Box<dyn Future<Output = Result<u32, E>> + Send + 'a>> { Box::pin(async move { fetch(sku).await }) }",
        expect![[r#"
            fn price<'a>(sku: &'a str) -> Pin<Box<dyn Future<Output = Result<u32, E>> + Send + 'a>> {
                use ::circuit_runtime::__private as __circuit;
                Box::pin(async move {
                    let __circuit_breaker = __circuit::FnHandle(|| {
                        static __CIRCUIT_BREAKER: __circuit::StaticBreaker = {
                            enum __CircuitHere {}
                            __circuit::create_here::<
                                __CircuitHere,
                            >({
                                let __circuit_config = __circuit::Checked::new(
                                    __circuit::Config::new().threshold(LIMIT),
                                );
                                __circuit::Checked::blame(
                                    &__circuit_config,
                                    __circuit::ConfigOption::Threshold,
                                );
                                __circuit_config.config()
                            })
                        };
                        __circuit::StaticBreaker::get(&__CIRCUIT_BREAKER)
                    });
                    let __circuit_returns = __circuit::Returns::<Result<u32, E>>::new();
                    if false {
                        return __circuit_returns.never();
                    }
                    let __circuit_reject = __circuit::bare(__circuit_returns);
                    return {
                        let (mut __circuit_result, __circuit_permit) = __circuit::run_async(
                                __circuit_returns,
                                {
                                    let __circuit_permit = match __circuit::enter(
                                        __circuit_breaker,
                                        __circuit::Fallback::None,
                                    ) {
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
                                        () => fetch(sku).await,
                                    }
                                },
                            )
                            .await;
                        let __circuit_outcome = __circuit::judge_bare(&__circuit_result);
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
                })
            }
        "#]],
    );
}
