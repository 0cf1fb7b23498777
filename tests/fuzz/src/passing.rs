//! What is done with a machine: operations made of bytes, and time passing as it asks for it.

use arbitrary::{Arbitrary, Unstructured};
use netcore_proto::{Deadline, Span, Time};

/// So many calls at one moment are work done in portions; more mean that a machine keeps its driver busy.
const MAX_AT_ONCE: u32 = 600;

/// The next operation; `None` when there are no more bytes to make one of.
pub(crate) fn next_op<'a, Op: Arbitrary<'a>>(input: &mut Unstructured<'a>) -> Option<Op> {
    if input.is_empty() {
        return None;
    }
    Op::arbitrary(input).ok()
}

/// A state machine with deadlines.
pub(crate) trait Driven {
    /// When it wants to be called.
    fn deadline(&self) -> Option<Deadline>;
    /// It is called, and emptied of what it wants done.
    fn call(&mut self, now: Time);
}

/// Lets `span` pass as a punctual driver does: the machine is called whenever it asked for it.
///
/// # Panics
/// When its deadline does not move on.
pub(crate) fn pass(machine: &mut impl Driven, now: &mut Time, span: Span) {
    let until = *now + span;
    let mut at_once = 0;
    while let Some(deadline) = machine.deadline().filter(|deadline| deadline.at <= until) {
        if deadline.at > *now {
            *now = deadline.at;
            at_once = 0;
        }
        at_once += 1;
        assert!(
            at_once <= MAX_AT_ONCE,
            "it wants to be called again and again at {now}: {deadline:?}"
        );
        machine.call(*now);
    }
    *now = until;
}

/// Lets `span` pass as a busy driver does: whatever the machine asked for, it is called once, late.
pub(crate) fn pass_late(machine: &mut impl Driven, now: &mut Time, span: Span) {
    *now += span;
    machine.call(*now);
    pass(machine, now, Span::ZERO);
}

/// How much time passes, from nothing to the better part of a minute, short spans being likelier.
pub(crate) fn span(steps: u8) -> Span {
    let (length, fraction) = (u32::from(steps >> 3), u64::from(steps & 7));
    // 2⁰ to 2²⁵ µs, in eighths.
    Span::from_micros((1_u64 << length.min(25)) * (8 + fraction) / 8 - 1)
}
