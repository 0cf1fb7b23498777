//! Numbers of our own for what we say, offer and publish.

use parking_lot::Mutex;

use crate::clock;

/// A number of our own for something we say, offer or publish. It is greater than all before it, also across restarts, so
/// that a host recognizes what it has already seen: microseconds since 1970.
pub(crate) fn next_local() -> u64 {
    static LAST: Mutex<u64> = Mutex::new(0);
    let mut last = LAST.lock();
    *last = (*last + 1).max(clock::unix_ms() * 1_000);
    *last
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_grow_however_fast_they_are_asked_for() {
        let numbers: Vec<u64> = (0..1_000).map(|_| next_local()).collect();
        assert!(numbers.is_sorted_by(|a, b| a < b));
        assert!(numbers[0] < 1 << 53, "every JSON reader keeps it exact");
    }
}
