//! The smoothed round trip and its variation.

use crate::ground::Span;

/// How long the round trip is, and how much that varies (RFC 6298, section 2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RoundTrip {
    pub(crate) smoothed: Span,
    pub(crate) variation: Span,
}

impl RoundTrip {
    /// What is known after another sample.
    pub(crate) fn after(before: Option<RoundTrip>, sample: Span) -> RoundTrip {
        match before {
            Some(RoundTrip { smoothed, variation }) => {
                let away = smoothed
                    .saturating_sub(sample)
                    .max(sample.saturating_sub(smoothed));
                RoundTrip {
                    smoothed: smoothed.fraction::<7, 8>() + sample.fraction::<1, 8>(),
                    variation: variation.fraction::<3, 4>() + away.fraction::<1, 4>(),
                }
            }
            None => RoundTrip {
                smoothed: sample,
                variation: sample.fraction::<1, 2>(),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_follows_its_samples_and_knows_how_far_they_are_apart() {
        let ms = Span::from_millis;
        let first = RoundTrip::after(None, ms(20));
        assert_eq!((first.smoothed, first.variation), (ms(20), ms(10)));
        let steady = (0..40).fold(first, |known, _| RoundTrip::after(Some(known), ms(20)));
        assert!(steady.variation < Span::from_micros(10), "{steady:?}");
        let once = RoundTrip::after(Some(steady), ms(100));
        assert_eq!(once.smoothed, ms(30));
        assert!(once.variation >= ms(20), "{once:?}");
        let moved = (0..40).fold(once, |known, _| RoundTrip::after(Some(known), ms(100)));
        assert!(moved.smoothed > ms(99) && moved.variation < ms(2), "{moved:?}");
    }
}
