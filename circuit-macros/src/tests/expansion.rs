//! What a function becomes. `UPDATE_EXPECT=1 cargo test -p circuit-macros` writes
//! these anew.
#![allow(clippy::needless_raw_string_hashes, reason = "they are written so")]

use expect_test::{Expect, expect};

use super::attribute;

#[allow(clippy::needless_pass_by_value, reason = "made in place")]
pub(super) fn check(options: &str, item: &str, expected: Expect) {
    let tokens = attribute(options, item);
    let file = syn::parse2(tokens).unwrap_or_else(|error| panic!("{error}"));
    expected.assert_eq(&prettyplease::unparse(&file));
}

/// A method can't stand alone in a file.
#[allow(clippy::needless_pass_by_value, reason = "made in place")]
pub(super) fn check_method(options: &str, item: &str, expected: Expect) {
    let method = attribute(options, item);
    let file = syn::parse2(quote::quote!(impl Client { #method }));
    let file = file.unwrap_or_else(|error| panic!("{error}"));
    expected.assert_eq(&prettyplease::unparse(&file));
}

#[test]
fn sync_function() {
    check(
        "threshold = 3, recovery = \"30s\"",
        "/// Docs.\npub fn price(sku: &str) -> Result<u32, E> { fetch(sku) }",
        expect![[r#"
            /// Docs.
            pub fn price(sku: &str) -> Result<u32, E> {
                use ::circuit_runtime::__private as __circuit;
                let __circuit_breaker = __circuit::RefHandle({
                    static __CIRCUIT_BREAKER: __circuit::StaticBreaker = {
                        enum __CircuitHere {}
                        __circuit::create_here::<
                            __CircuitHere,
                        >(
                            __circuit::Config::new()
                                .threshold(3)
                                .recovery(__circuit::Duration::from_secs(30)),
                        )
                    };
                    __circuit::StaticBreaker::get(&__CIRCUIT_BREAKER)
                });
                let __circuit_returns = __circuit::Returns::<Result<u32, E>>::new();
                let __circuit_reject = __circuit::bare(__circuit_returns);
                return {
                    let __circuit_permit = match __circuit::enter(
                        __circuit_breaker,
                        __circuit::Fallback::None,
                    ) {
                        __circuit::Admitted(__circuit_permit) => __circuit_permit,
                        __circuit::Rejected(__circuit_open) => {
                            return __circuit_reject(__circuit_open);
                        }
                    };
                    let mut __circuit_result = __circuit::body(
                        __circuit_returns,
                        move || { fetch(sku) },
                    )();
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
            }
        "#]],
    );
}

#[test]
fn classify_beside_patterns() {
    check(
        "failure = Err(E::Down), ignore = Ok(0), classify = |result| judge(result, limit)",
        "fn fetch(limit: u8) -> Result<u8, E> { get(limit) }",
        expect![[r#"
            fn fetch(limit: u8) -> Result<u8, E> {
                use ::circuit_runtime::__private as __circuit;
                let __circuit_breaker = __circuit::RefHandle({
                    static __CIRCUIT_BREAKER: __circuit::StaticBreaker = {
                        enum __CircuitHere {}
                        __circuit::create_here::<__CircuitHere>(__circuit::Config::new())
                    };
                    __circuit::StaticBreaker::get(&__CIRCUIT_BREAKER)
                });
                let __circuit_returns = __circuit::Returns::<Result<u8, E>>::new();
                let __circuit_reject = __circuit::rejectable(__circuit_returns);
                return {
                    let __circuit_permit = match __circuit::enter(
                        __circuit_breaker,
                        __circuit::Fallback::None,
                    ) {
                        __circuit::Admitted(__circuit_permit) => __circuit_permit,
                        __circuit::Rejected(__circuit_open) => {
                            return __circuit_reject(__circuit_open);
                        }
                    };
                    let mut __circuit_result = __circuit::body(
                        __circuit_returns,
                        move || { get(limit) },
                    )();
                    let __circuit_outcome = match &__circuit_result {
                        Ok(0) => __circuit::Outcome::Ignored,
                        Err(E::Down) => __circuit::Outcome::Failure,
                        _ => {
                            __circuit::judge(
                                __circuit_returns,
                                &__circuit_result,
                                |result| judge(result, limit),
                            )
                        }
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
        "#]],
    );
}

/// The static's name ends with a hash.
#[allow(clippy::needless_pass_by_value, reason = "made in place")]
fn check_block(options: &str, item: &str, expected: Expect) {
    const STATIC: &str = "__CIRCUIT_BREAKER_";
    let tokens = attribute(options, item).to_string();
    let hash = &tokens[tokens.find(STATIC).unwrap() + STATIC.len()..][..16];
    let file = syn::parse_str(&tokens.replace(hash, "HASH")).unwrap_or_else(|e| panic!("{e}"));
    expected.assert_eq(&prettyplease::unparse(&file));
}

#[test]
fn impl_block() {
    check_block(
        "threshold = 3, ignore = Err(E::NotFound)",
        "/// Docs.\nimpl<T> Api for Client<'_, T> { const N: u8 = 1; fn new() -> Self { make() } \
         async fn get(&self) -> Result<u8, E> { self.ask().await } \
         #[circuit_breaker(skip)] fn host(&self) -> Result<u8, E> { self.host } \
         #[must_use] fn builder(&self) -> Builder { self.into() } }",
        expect![[r#"
            static __CIRCUIT_BREAKER_HASH: ::circuit_runtime::__private::StaticBreaker = {
                use ::circuit_runtime::__private as __circuit;
                __circuit::create(
                    __circuit::Name::given(
                        __circuit::core::concat!(__circuit::core::module_path!(), "::Client<T>::Api"),
                    ),
                    __circuit::Config::new().threshold(3),
                )
            };
            /// Docs.
            impl<T> Api for Client<'_, T> {
                const N: u8 = 1;
                fn new() -> Self {
                    make()
                }
                async fn get(&self) -> Result<u8, E> {
                    use ::circuit_runtime::__private as __circuit;
                    let __circuit_breaker = __circuit::FnHandle(|| __circuit::share(
                        __circuit::Shared::of(&__CIRCUIT_BREAKER_HASH).__circuit_shared(),
                    ));
                    let __circuit_returns = __circuit::Returns::<Result<u8, E>>::new();
                    let __circuit_reject = __circuit::bare(__circuit_returns);
                    return {
                        let (mut __circuit_result, __circuit_permit) = __circuit::run_async(
                                __circuit_returns,
                                {
                                    let __circuit_permit = match __circuit::enter_shared(
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
                                        () => self.ask().await,
                                    }
                                },
                            )
                            .await;
                        let __circuit_frame = __circuit::frame(&__circuit_permit);
                        let __circuit_outcome = match &__circuit_result {
                            Err(E::NotFound) => __circuit::Outcome::Ignored,
                            _ => __circuit::judge_bare(&__circuit_result),
                        };
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
                fn host(&self) -> Result<u8, E> {
                    self.host
                }
                #[must_use]
                fn builder(&self) -> Builder {
                    if false {
                        use ::circuit_runtime::__private as __circuit;
                        let __circuit_returns = __circuit::Returns::new();
                        if false {
                            return __circuit_returns.never();
                        }
                        __circuit::Unguarded::of(__circuit_returns).__circuit_unguarded();
                    }
                    match () {
                        () => self.into(),
                    }
                }
            }
        "#]],
    );
}
