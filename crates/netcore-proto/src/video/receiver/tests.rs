use bytes::{Bytes, BytesMut};

use super::*;
use crate::video::FrameHeader;

fn fragments(jpeg_bytes: usize) -> (Frame, Vec<Fragment>) {
    let header = FrameHeader {
        stream: StreamId(1),
        frame: FrameNumber(7),
        length: 0,
        width: 8,
        height: 8,
        captured: Time::ZERO,
        encode_us: 0,
    };
    let jpeg: Vec<u8> = (0..jpeg_bytes).map(|i| i as u8).collect();
    let frame = Frame::new(header, &jpeg).unwrap();
    let fragments = frame
        .bytes()
        .chunks(1_000)
        .enumerate()
        .map(|(index, data)| Fragment {
            stream: StreamId(1),
            frame: FrameNumber(7),
            frame_length: frame.bytes().len() as u32,
            size: 1_000,
            index: index as u16,
            attempt: 0,
            parity: 0,
            answers_requests: true,
            data: Bytes::copy_from_slice(data),
        });
    (frame.clone(), fragments.collect())
}

#[test]
fn fragments_in_any_order_make_the_frame() {
    let (frame, mut fragments) = fragments(9_500);
    fragments.reverse();
    let mut incomplete = begin(&fragments[0], Time::ZERO);
    let last = fragments.pop().unwrap();
    for fragment in &fragments {
        assert!(matches!(
            incomplete.add(fragment, Time::ZERO),
            Effect::Progress | Effect::Late(Span::ZERO)
        ));
        assert_eq!(incomplete.add(fragment, Time::ZERO), Effect::Useless);
    }
    assert_eq!(incomplete.add(&last, Time::ZERO), Effect::Whole);
    assert_eq!(incomplete.into_frame(StreamId(1)), Some(frame));
}

#[test]
fn a_fragment_without_a_place_in_its_frame_changes_nothing() {
    let (frame, fragments) = fragments(9_500);
    let mut incomplete = begin(&fragments[0], Time::ZERO);
    let with = |index: u16, bytes: usize| Fragment {
        index,
        data: Bytes::from(vec![0xee; bytes]),
        ..fragments[0].clone()
    };
    // Behind the end, too long, too short, and as long as others where the last one is shorter.
    for odd in [
        with(10, 1),
        with(u16::MAX, 1_000),
        with(3, 1_001),
        with(3, 999),
        with(9, 1_000),
    ] {
        assert_eq!(incomplete.add(&odd, Time::ZERO), Effect::Useless, "{}", odd.index);
    }
    let effects: Vec<Effect> = fragments
        .iter()
        .map(|fragment| incomplete.add(fragment, Time::ZERO))
        .collect();
    assert_eq!(effects.last(), Some(&Effect::Whole));
    assert_eq!(incomplete.lost(), 0);
    assert_eq!(incomplete.into_frame(StreamId(1)), Some(frame));
}

#[test]
fn a_fragment_of_another_geometry_is_useless() {
    let (_, fragments) = fragments(9_500);
    let mut incomplete = begin(&fragments[0], Time::ZERO);
    let other = Fragment {
        frame_length: fragments[1].frame_length + 1,
        ..fragments[1].clone()
    };
    assert_eq!(incomplete.add(&other, Time::ZERO), Effect::Useless);
}

fn begin(fragment: &Fragment, now: Time) -> IncompleteFrame {
    let shape = Shape {
        frame: fragment.frame,
        frame_length: fragment.frame_length,
        size: fragment.size,
    };
    IncompleteFrame::new(shape, BytesMut::zeroed(fragment.frame_length as usize), now)
}

const TIMING: RequestTiming = RequestTiming {
    round_trip: Span::from_millis(20),
    answer: None,
    pause: Span::ZERO,
    lateness: Span::ZERO,
};

fn request(
    incomplete: &mut IncompleteFrame,
    timing: &RequestTiming,
    now: Time,
) -> Option<(u16, Vec<(u16, u16)>)> {
    incomplete
        .requests
        .poll_request(timing, now)
        .map(|request| (request.serial, request.missing))
}

fn at(ms: u64) -> Time {
    Time::ZERO + Span::from_millis(ms)
}

#[test]
fn a_gap_is_requested_thrice_and_again_after_a_round_trip() {
    let (_, fragments) = fragments(9_500);
    let mut incomplete = begin(&fragments[0], Time::ZERO);
    for index in [0, 1, 3, 4] {
        incomplete.add(&fragments[index], at(1));
    }
    assert_eq!(
        request(&mut incomplete, &TIMING, at(1)),
        None,
        "two later fragments may have overtaken it"
    );
    incomplete.add(&fragments[5], at(1));
    assert_eq!(incomplete.requests.poll_timeout(&TIMING), Some(at(1)));
    let requested = Some((0, vec![(2, 1)]));
    assert_eq!(request(&mut incomplete, &TIMING, at(1)), requested);
    assert_eq!(request(&mut incomplete, &TIMING, at(2)), None);
    assert_eq!(
        request(&mut incomplete, &TIMING, at(3)),
        requested,
        "in case it was lost"
    );
    let tail = Some((1, vec![(6, 4)]));
    assert_eq!(
        request(&mut incomplete, &TIMING, at(5)),
        tail,
        "the tail is overdue"
    );
    assert_eq!(request(&mut incomplete, &TIMING, at(5)), requested);
    assert_eq!(request(&mut incomplete, &TIMING, at(7)), tail);
    assert_eq!(request(&mut incomplete, &TIMING, at(9)), tail);
    assert_eq!(request(&mut incomplete, &TIMING, at(11)), None);
    assert_eq!(incomplete.requests.poll_timeout(&TIMING), Some(at(28)));
    assert_eq!(request(&mut incomplete, &TIMING, at(28)), Some((2, vec![(2, 1)])));
}

#[test]
fn behind_the_last_fragment_nothing_is_waited_for() {
    let (_, fragments) = fragments(9_500);
    let mut incomplete = begin(&fragments[0], Time::ZERO);
    for index in [0, 1, 2, 3, 4, 5, 6, 7, 9] {
        incomplete.add(&fragments[index], at(1));
    }
    assert_eq!(incomplete.requests.poll_timeout(&TIMING), Some(at(2)));
    assert_eq!(request(&mut incomplete, &TIMING, at(2)), Some((0, vec![(8, 1)])));
}

#[test]
fn a_gap_shrinks_and_splits() {
    let (frame, fragments) = fragments(9_500);
    let mut incomplete = begin(&fragments[9], Time::ZERO);
    for index in [9, 4, 0, 8] {
        assert_ne!(incomplete.add(&fragments[index], at(0)), Effect::Useless);
    }
    let requested = request(&mut incomplete, &TIMING, at(9)).map(|(_, missing)| missing);
    assert_eq!(requested, Some(vec![(1, 3), (5, 3)]));
    for index in [2, 1, 3, 7, 5] {
        assert_ne!(incomplete.add(&fragments[index], at(0)), Effect::Useless);
        assert_eq!(incomplete.add(&fragments[index], at(0)), Effect::Useless);
    }
    assert_eq!(incomplete.add(&fragments[6], at(0)), Effect::Whole);
    assert_eq!(incomplete.into_frame(StreamId(1)), Some(frame));
}

#[test]
fn late_fragments_teach_patience() {
    let (_, fragments) = fragments(9_500);
    let mut incomplete = begin(&fragments[0], Time::ZERO);
    for index in [0, 2, 3] {
        incomplete.add(&fragments[index], at(1));
    }
    assert_eq!(
        incomplete.add(&fragments[1], at(4)),
        Effect::Late(Span::from_millis(3))
    );
    let patient = RequestTiming {
        lateness: Span::from_millis(3),
        ..TIMING
    };
    for index in [5, 6, 7] {
        incomplete.add(&fragments[index], at(5));
    }
    assert_eq!(request(&mut incomplete, &patient, at(7)), None);
    assert_eq!(request(&mut incomplete, &patient, at(8)), None);
    assert_eq!(request(&mut incomplete, &patient, at(9)), Some((0, vec![(4, 1)])));
}

#[test]
fn on_a_slow_link_the_tail_is_waited_for() {
    let (_, fragments) = fragments(9_500);
    let slow = RequestTiming {
        pause: Span::from_millis(10),
        ..TIMING
    };
    let mut incomplete = begin(&fragments[0], Time::ZERO);
    incomplete.add(&fragments[0], at(0));
    incomplete.add(&fragments[1], at(10));
    assert_eq!(incomplete.requests.longest_pause, Span::from_millis(10));
    assert_eq!(incomplete.requests.poll_timeout(&slow), Some(at(30)));
    for _ in 0..3 {
        incomplete.requests.handle_overtaken(at(12));
    }
    assert_eq!(
        incomplete.requests.poll_timeout(&slow),
        Some(at(12)),
        "unless a newer frame has begun"
    );
}
