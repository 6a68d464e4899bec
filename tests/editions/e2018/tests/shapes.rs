//! The shapes of functions, in edition 2018.

#[path = "../../../it/shapes/mod.rs"]
mod shapes;

#[path = "../../later_keywords.rs"]
mod later_keywords;

/// Trait objects without `dyn`.
#[allow(bare_trait_objects, clippy::type_complexity)]
mod trait_objects {
    use std::error::Error;
    use std::future::Future;
    use std::pin::Pin;
    use std::sync::Arc;

    use circuit_runtime::circuit_breaker;

    use super::shapes::block_on;

    #[circuit_breaker(threshold = 1)]
    fn boxed(fail: bool) -> Result<u8, Box<Error + Send + Sync>> {
        if fail { Err("down".into()) } else { Ok(1) }
    }

    #[circuit_breaker(threshold = 1)]
    async fn boxed_async(fail: bool) -> Result<Arc<::std::fmt::Debug>, Box<::std::error::Error>> {
        if fail { Err("down".into()) } else { Ok(Arc::new(1)) }
    }

    #[circuit_breaker(threshold = 1)]
    fn future(fail: bool) -> Pin<Box<Future<Output = Result<u8, Box<Error>>>>> {
        Box::pin(async move { if fail { Err("down".into()) } else { Ok(1) } })
    }

    #[test]
    fn a_trait_object_needs_no_dyn() {
        assert_eq!(boxed(false).unwrap(), 1);
        assert!(boxed(true).is_err());
        assert!(boxed(false).unwrap_err().is::<circuit_runtime::CircuitOpenError>());
        block_on(async {
            assert_eq!(format!("{:?}", boxed_async(false).await.unwrap()), "1");
            assert!(boxed_async(true).await.is_err());
            assert!(
                boxed_async(false).await.unwrap_err().is::<circuit_runtime::CircuitOpenError>()
            );
            assert_eq!(future(false).await.unwrap(), 1);
            assert!(future(true).await.is_err());
            assert!(future(false).await.unwrap_err().is::<circuit_runtime::CircuitOpenError>());
        });
    }
}
