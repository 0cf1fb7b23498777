//! Memory that incoming bytes may take, counted as they come.

use std::sync::atomic::{AtomicUsize, Ordering};

/// The most bytes that frames of which not everything is here may take in this process, over TCP; datagrams may bring as much
/// again. A member has one connection for each of its streams, so that its share is `MAX_STREAMS_EACH` × `MAX_FRAME_BYTES`,
/// 64 MiB.
pub(crate) static INCOMPLETE_FRAMES: Budget = Budget::of(256 * 1024 * 1024);

/// So many bytes, for all who share it.
#[derive(Debug)]
pub(crate) struct Budget {
    left: AtomicUsize,
}

/// What one of them has taken; it is given back when this is dropped.
#[derive(Debug)]
pub(crate) struct Share<'a> {
    budget: &'a Budget,
    bytes: usize,
}

impl Budget {
    pub(crate) const fn of(bytes: usize) -> Budget {
        Budget {
            left: AtomicUsize::new(bytes),
        }
    }

    /// A share of nothing yet.
    pub(crate) fn share(&self) -> Share<'_> {
        Share {
            budget: self,
            bytes: 0,
        }
    }
}

impl Share<'_> {
    /// Takes more. Returns `false`, and takes nothing, when there is not so much left.
    #[must_use]
    pub(crate) fn grow(&mut self, bytes: usize) -> bool {
        let take = |left: usize| left.checked_sub(bytes);
        let is_taken = self
            .budget
            .left
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, take)
            .is_ok();
        if is_taken {
            self.bytes = self.bytes.saturating_add(bytes);
        }
        is_taken
    }
}

impl Drop for Share<'_> {
    fn drop(&mut self) {
        self.budget.left.fetch_add(self.bytes, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_taken_is_limited_and_comes_back() {
        let budget = Budget::of(100);
        let mut one = budget.share();
        let mut other = budget.share();
        assert!(one.grow(60) && !other.grow(50) && other.grow(40) && !one.grow(1));
        drop(one);
        assert!(other.grow(60));
        drop(other);
        assert!(budget.share().grow(100));
    }
}
