//! A duration as text, as the attribute takes it: `250ms`, `30s`, `1h 30m`.

use std::fmt;
use std::time::Duration;

use crate::config::duration::UNITS;

/// A duration as its shortest exact text in whole units: `1m 30s`.
pub(super) struct Written(pub(super) Duration);

impl fmt::Display for Written {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut left = self.0.as_nanos();
        if left == 0 {
            return f.write_str("0s");
        }
        let mut space = "";
        for (unit, scale) in UNITS {
            if left >= scale {
                write!(f, "{space}{}{unit}", left / scale)?;
                left %= scale;
                space = " ";
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Written;
    use crate::config::duration::parse;

    #[test]
    fn what_is_written_reads_back() {
        for (duration, text) in [
            (Duration::ZERO, "0s"),
            (Duration::from_secs(30), "30s"),
            (Duration::from_secs(90), "1m 30s"),
            (Duration::from_millis(1_500), "1s 500ms"),
            (Duration::from_nanos(1_000_001), "1ms 1ns"),
        ] {
            assert_eq!(Written(duration).to_string(), text);
            assert_eq!(parse(text), Ok(duration));
        }
        assert_eq!(parse(&Written(Duration::MAX).to_string()), Ok(Duration::MAX));
    }
}
