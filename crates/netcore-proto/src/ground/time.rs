//! Time as the protocol knows it: microseconds since the process's own beginning, handed in by the driver of a machine.

use std::fmt;
use std::ops::{Add, AddAssign, Sub};
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// A moment on one computer's monotonic clock, in **microseconds** since an arbitrary beginning.
///
/// Two computers' times have nothing to do with each other until a clock offset relates them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Time(u64);

impl Time {
    /// The beginning of the clock.
    pub const ZERO: Time = Time(0);

    /// The moment `us` microseconds after the beginning.
    pub const fn from_micros(us: u64) -> Time {
        Time(us)
    }

    /// Microseconds since the beginning.
    pub const fn as_micros(self) -> u64 {
        self.0
    }

    /// Whole milliseconds since the beginning.
    pub const fn as_millis(self) -> u64 {
        Duration::from_micros(self.0).as_millis() as u64
    }

    /// How long ago `earlier` was; zero when it lies in the future.
    pub const fn since(self, earlier: Time) -> Span {
        Span(self.0.saturating_sub(earlier.0))
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let since = Duration::from_micros(self.0);
        write!(f, "{}.{:06} s", since.as_secs(), since.subsec_micros())
    }
}

/// A length of time in **microseconds**, never negative.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Span(u64);

impl Span {
    /// No time at all.
    pub const ZERO: Span = Span(0);

    /// A span of `us` microseconds.
    pub const fn from_micros(us: u64) -> Span {
        Span(us)
    }

    /// A span of `ms` milliseconds, or the longest there is.
    pub const fn from_millis(ms: u64) -> Span {
        Span(ms.saturating_mul(1_000))
    }

    /// A span of `s` seconds, or the longest there is.
    pub const fn from_secs(s: u64) -> Span {
        Span(s.saturating_mul(1_000_000))
    }

    /// Microseconds.
    pub const fn as_micros(self) -> u64 {
        self.0
    }

    /// Microseconds as a number that may be subtracted from; the largest when it is more.
    pub(crate) fn as_signed_micros(self) -> i64 {
        i64::try_from(self.0).unwrap_or(i64::MAX)
    }

    /// Milliseconds, with their fraction: for showing, never for arithmetic.
    pub fn as_millis_f64(self) -> f64 {
        self.0 as f64 / 1_000.0
    }

    /// Seconds, with their fraction.
    pub fn as_secs_f64(self) -> f64 {
        self.0 as f64 / 1_000_000.0
    }

    /// This span less `other`; zero when `other` is longer.
    pub const fn saturating_sub(self, other: Span) -> Span {
        Span(self.0.saturating_sub(other.0))
    }

    /// This span `n` times, or the longest there is.
    pub const fn times(self, n: u64) -> Span {
        Span(self.0.saturating_mul(n))
    }

    /// `N` of the `D` equal parts of this span, which may be more than all of them, rounded down. `fraction::<5, 4>()` is a
    /// quarter more. `N` times the span counts as the longest there is when it is longer.
    #[must_use]
    pub fn fraction<const N: u64, const D: u64>(self) -> Span {
        const { assert!(D > 0, "a span has at least one part") };
        self.times(N).divided_among(D)
    }

    /// What each of `count` gets of this span, rounded down; all of it when there is nothing to divide it among.
    #[must_use]
    pub fn divided_among(self, count: u64) -> Span {
        Span(self.0.checked_div(count).unwrap_or(self.0))
    }

    /// A mean that forgets: a `D`th of it is the new `sample`, the rest is this span.
    #[must_use]
    pub fn smoothed<const D: u64>(self, sample: Span) -> Span {
        (self.times(D.saturating_sub(1)) + sample).fraction::<1, D>()
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            us @ 0..1_000 => write!(f, "{us} µs"),
            us @ 1_000..1_000_000 => write!(f, "{:.2} ms", us as f64 / 1e3),
            us => write!(f, "{:.2} s", us as f64 / 1e6),
        }
    }
}

impl Add<Span> for Time {
    type Output = Time;

    fn add(self, span: Span) -> Time {
        Time(self.0.saturating_add(span.0))
    }
}

impl AddAssign<Span> for Time {
    fn add_assign(&mut self, span: Span) {
        *self = *self + span;
    }
}

impl Sub<Span> for Time {
    type Output = Time;

    fn sub(self, span: Span) -> Time {
        Time(self.0.saturating_sub(span.0))
    }
}

impl Add for Span {
    type Output = Span;

    fn add(self, other: Span) -> Span {
        Span(self.0.saturating_add(other.0))
    }
}

impl AddAssign for Span {
    fn add_assign(&mut self, other: Span) {
        *self = *self + other;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_in_the_future_is_no_time_ago() {
        let earlier = Time::from_micros(5);
        let later = earlier + Span::from_millis(2);
        assert_eq!(later.since(earlier), Span::from_micros(2_000));
        assert_eq!(earlier.since(later), Span::ZERO);
    }

    #[test]
    fn operators_stop_at_the_ends_of_their_range() {
        let (last, longest) = (Time::from_micros(u64::MAX), Span::from_micros(u64::MAX));
        let second = Span::from_secs(1);
        assert_eq!(last + second, last);
        assert_eq!(Time::ZERO - second, Time::ZERO);
        assert_eq!(longest + second, longest);
        let (mut moment, mut span) = (last, longest);
        moment += second;
        span += second;
        assert_eq!((moment, span), (last, longest));
        assert_eq!(Span::from_secs(u64::MAX), longest);
        assert_eq!(Span::from_millis(u64::MAX), longest);
        assert_eq!(longest.times(3), longest);
        assert_eq!(longest.as_signed_micros(), i64::MAX);
    }

    #[test]
    fn parts_of_a_span_are_rounded_down() {
        let span = Span::from_micros(10);
        assert_eq!(span.fraction::<5, 4>(), Span::from_micros(12));
        assert_eq!(span.fraction::<1, 64>(), Span::ZERO);
        assert_eq!(span.divided_among(3), Span::from_micros(3));
        assert_eq!(span.divided_among(0), span);
        assert_eq!(span.smoothed::<8>(Span::from_micros(2)), Span::from_micros(9));
        let longest = Span::from_micros(u64::MAX);
        assert_eq!(longest.fraction::<1, 1>(), longest);
        assert_eq!(longest.smoothed::<8>(longest), longest.fraction::<1, 8>());
    }

    #[test]
    fn moments_are_shown_to_the_microsecond() {
        let moment = Time::from_micros(12_000_034);
        assert_eq!(
            (moment.to_string().as_str(), moment.as_millis()),
            ("12.000034 s", 12_000)
        );
    }

    #[test]
    fn spans_are_shown_in_the_unit_a_reader_expects() {
        assert_eq!(Span::from_micros(640).to_string(), "640 µs");
        assert_eq!(Span::from_micros(4_900).to_string(), "4.90 ms");
        assert_eq!(Span::from_secs(3).to_string(), "3.00 s");
    }
}
