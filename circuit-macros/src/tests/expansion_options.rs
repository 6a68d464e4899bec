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
                    let __circuit_returns = __circuit::Returns::new();
                    if false {
                        return __circuit_returns.never();
                    }
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
                                __circuit::ErrorTextOf::<Result<(), E>>::of(&__circuit_result)
                                    .__circuit_error_text(),
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
