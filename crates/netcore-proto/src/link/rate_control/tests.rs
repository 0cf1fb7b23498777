use super::*;

/// A path of 10 Mbit/s and 10 ms, and another clock at its other end.
struct TestPath {
    control: RateControl,
    free_at: Time,
    now: Time,
    offset_us: u64,
}

impl TestPath {
    fn new(config: RateControlConfig) -> TestPath {
        TestPath {
            control: RateControl::new(config),
            free_at: Time::ZERO,
            now: Time::from_micros(5_000_000),
            offset_us: 1 << 50,
        }
    }

    /// A frame of so many bytes, and its acknowledgement; the next is due 33 ms after it.
    fn frame(&mut self, bytes: u32) {
        let first_out = self.now;
        let first_in = self.free_at.max(first_out);
        self.free_at = first_in + Bitrate(10_000_000).lasts(u64::from(bytes));
        let train = self.free_at.since(first_in);
        let whole = self.free_at + Span::from_millis(10);
        let acked = Acked {
            bytes,
            fragments: bytes.div_ceil(1_000),
            lost: 0,
            first_out,
            last_out: first_out,
            whole: whole + Span::from_micros(self.offset_us),
            hold: Span::ZERO,
            spread: train,
            train,
        };
        self.control.handle_acked(&acked, whole + Span::from_millis(10));
        self.now += Span::from_millis(33);
    }
}

#[test]
fn queue_and_capacity_are_measured_whatever_the_clocks_say() {
    for offset_us in [0, 1 << 50, 1 << 61] {
        let mut path = TestPath::new(RateControlConfig::default());
        path.offset_us = offset_us;
        for _ in 0..10 {
            path.frame(20_000);
        }
        assert_eq!(path.control.queueing(), Some(Span::ZERO));
        assert_eq!(path.control.least_round_trip(), Some(Span::from_millis(20)));
        let capacity = path.control.capacity().unwrap();
        assert!((9_000_000..=10_000_000).contains(&capacity.0), "{capacity}");
        path.free_at = path.now + Span::from_millis(70);
        path.frame(20_000);
        assert_eq!(path.control.queueing(), Some(Span::from_millis(70)));
    }
}

#[test]
fn two_frames_that_queued_cut_the_target_and_one_does_not() {
    let mut path = TestPath::new(RateControlConfig::default());
    for _ in 0..20 {
        path.frame(30_000);
    }
    let before = path.control.target();
    path.free_at = path.now + Span::from_millis(40);
    path.frame(10_000);
    assert!(path.control.target() >= before);
    path.free_at = path.now + Span::from_millis(60);
    path.frame(10_000);
    assert!(path.control.target().0 as f64 <= 0.86 * before.0 as f64);
}

#[test]
fn a_path_that_becomes_longer_is_believed_after_a_few_cuts() {
    let mut path = TestPath::new(RateControlConfig::default());
    for _ in 0..60 {
        path.frame(20_000);
    }
    for _ in 0..60 {
        // As long a queue as before, whatever is sent: it is no queue.
        path.free_at = path.now + Span::from_millis(50);
        path.frame(5_000);
    }
    assert_eq!(path.control.queueing(), Some(Span::ZERO));
    assert!(path.control.target() > Bitrate(1_000_000));
}

#[test]
fn loss_counts_only_when_it_is_high() {
    let lossy = |lost| {
        let mut control = RateControl::new(RateControlConfig::default());
        for number in 0..300_u64 {
            let first_out = Time::from_micros(number * 33_000);
            let acked = Acked {
                bytes: 40_000,
                fragments: 40,
                lost,
                first_out,
                last_out: first_out,
                whole: first_out,
                hold: Span::ZERO,
                spread: Span::from_millis(2),
                train: Span::from_millis(2),
            };
            control.handle_acked(&acked, first_out + Span::from_millis(20));
        }
        control.target()
    };
    assert!(
        lossy(6).0 as f64 > 0.8 * lossy(0).0 as f64,
        "one in seven costs a seventh"
    );
    assert_eq!(lossy(20), RateControlConfig::default().floor, "one in two");
}
