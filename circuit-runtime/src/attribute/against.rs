//! Comparing a result with a constant, in a pattern.

/// What a constant of the type `C` is matched against: a result of its type, or a reference to one.
#[diagnostic::on_unimplemented(
    message = "a constant of type `{C}` can't match what the function returns, `{Self}`",
    label = "of type `{C}`, not `{Self}`",
    note = "`failure` and `ignore` are matched against all that the function returns: write the whole pattern, such as `Err(CONSTANT)`"
)]
pub trait Against<'a, C: 'a> {
    /// The result, as the constant's type has it.
    fn against(result: &'a &'a Self) -> &'a C;
}

impl<'a, R: 'a> Against<'a, R> for R {
    #[inline]
    fn against(result: &'a &'a R) -> &'a R {
        result
    }
}

impl<'a, R: 'a> Against<'a, &'a R> for R {
    #[inline]
    fn against(result: &'a &'a R) -> &'a &'a R {
        result
    }
}

/// The result, for a pattern that says what `C` is.
#[inline]
pub fn against<'a, R: Against<'a, C>, C: 'a>(result: &'a &'a R) -> &'a C {
    R::against(result)
}
