//! Where the moments in frames come from.

use std::sync::Arc;

use netcore_proto::Time;

/// The clock of a [`CapturedFrame`](crate::CapturedFrame)'s moments. The caller owns it: this crate reads none.
pub type Clock = Arc<dyn Fn() -> Time + Send + Sync>;

/// A clock that begins now.
#[cfg(test)]
pub(crate) fn test_clock() -> Clock {
    let began = std::time::Instant::now();
    Arc::new(move || Time::from_micros(began.elapsed().as_micros() as u64))
}
