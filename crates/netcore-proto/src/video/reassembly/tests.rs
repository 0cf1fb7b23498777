use super::*;
use crate::ground::StreamId;
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
fn parts_in_any_order_make_the_frame() {
    let (frame, mut fragments) = fragments(9_500);
    fragments.reverse();
    let mut partial = partial(&fragments[0], Time::ZERO);
    let last = fragments.pop().unwrap();
    for fragment in &fragments {
        assert!(matches!(
            partial.add(fragment, Time::ZERO),
            Effect::Progress | Effect::Late(Span::ZERO)
        ));
        assert_eq!(partial.add(fragment, Time::ZERO), Effect::Useless);
    }
    assert_eq!(partial.add(&last, Time::ZERO), Effect::Whole);
    assert_eq!(partial.into_frame(StreamId(1)), Some(frame));
}

#[test]
fn a_fragment_without_a_place_in_its_frame_changes_nothing() {
    let (frame, fragments) = fragments(9_500);
    let mut partial = partial(&fragments[0], Time::ZERO);
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
        assert_eq!(partial.add(&odd, Time::ZERO), Effect::Useless, "{}", odd.index);
    }
    let effects: Vec<Effect> = fragments
        .iter()
        .map(|fragment| partial.add(fragment, Time::ZERO))
        .collect();
    assert_eq!(effects.last(), Some(&Effect::Whole));
    assert_eq!(partial.lost(), 0);
    assert_eq!(partial.into_frame(StreamId(1)), Some(frame));
}

#[test]
fn a_fragment_of_another_geometry_is_useless() {
    let (_, fragments) = fragments(9_500);
    let mut partial = partial(&fragments[0], Time::ZERO);
    let other = Fragment {
        frame_length: fragments[1].frame_length + 1,
        ..fragments[1].clone()
    };
    assert_eq!(partial.add(&other, Time::ZERO), Effect::Useless);
}

fn partial(fragment: &Fragment, now: Time) -> Partial {
    let shape = Shape {
        frame: fragment.frame,
        frame_length: fragment.frame_length,
        size: fragment.size,
    };
    Partial::new(shape, BytesMut::zeroed(fragment.frame_length as usize), now)
}

const PATH: PathView = PathView {
    round_trip: Span::from_millis(20),
    answer: None,
    pause: Span::ZERO,
    lateness: Span::ZERO,
};

fn ask(partial: &mut Partial, path: &PathView, now: Time) -> Option<(u16, Vec<(u16, u16)>)> {
    partial
        .ask(path, now)
        .map(|request| (request.serial, request.missing))
}

fn at(ms: u64) -> Time {
    Time::ZERO + Span::from_millis(ms)
}

#[test]
fn a_gap_is_asked_for_thrice_and_again_after_a_round_trip() {
    let (_, fragments) = fragments(9_500);
    let mut partial = partial(&fragments[0], Time::ZERO);
    for index in [0, 1, 3, 4] {
        partial.add(&fragments[index], at(1));
    }
    assert_eq!(
        ask(&mut partial, &PATH, at(1)),
        None,
        "two later fragments may have overtaken it"
    );
    partial.add(&fragments[5], at(1));
    assert_eq!(partial.ask_at(&PATH), Some(at(1)));
    let asked = Some((0, vec![(2, 1)]));
    assert_eq!(ask(&mut partial, &PATH, at(1)), asked);
    assert_eq!(ask(&mut partial, &PATH, at(2)), None);
    assert_eq!(ask(&mut partial, &PATH, at(3)), asked, "in case it was lost");
    let tail = Some((1, vec![(6, 4)]));
    assert_eq!(ask(&mut partial, &PATH, at(5)), tail, "the tail is overdue");
    assert_eq!(ask(&mut partial, &PATH, at(5)), asked);
    assert_eq!(ask(&mut partial, &PATH, at(7)), tail);
    assert_eq!(ask(&mut partial, &PATH, at(9)), tail);
    assert_eq!(ask(&mut partial, &PATH, at(11)), None);
    assert_eq!(partial.ask_at(&PATH), Some(at(28)));
    assert_eq!(ask(&mut partial, &PATH, at(28)), Some((2, vec![(2, 1)])));
}

#[test]
fn behind_the_last_fragment_nothing_is_waited_for() {
    let (_, fragments) = fragments(9_500);
    let mut partial = partial(&fragments[0], Time::ZERO);
    for index in [0, 1, 2, 3, 4, 5, 6, 7, 9] {
        partial.add(&fragments[index], at(1));
    }
    assert_eq!(partial.ask_at(&PATH), Some(at(2)));
    assert_eq!(ask(&mut partial, &PATH, at(2)), Some((0, vec![(8, 1)])));
}

#[test]
fn a_gap_shrinks_and_splits() {
    let (frame, fragments) = fragments(9_500);
    let mut partial = partial(&fragments[9], Time::ZERO);
    for index in [9, 4, 0, 8] {
        assert_ne!(partial.add(&fragments[index], at(0)), Effect::Useless);
    }
    let asked = ask(&mut partial, &PATH, at(9)).map(|(_, missing)| missing);
    assert_eq!(asked, Some(vec![(1, 3), (5, 3)]));
    for index in [2, 1, 3, 7, 5] {
        assert_ne!(partial.add(&fragments[index], at(0)), Effect::Useless);
        assert_eq!(partial.add(&fragments[index], at(0)), Effect::Useless);
    }
    assert_eq!(partial.add(&fragments[6], at(0)), Effect::Whole);
    assert_eq!(partial.into_frame(StreamId(1)), Some(frame));
}

#[test]
fn late_fragments_teach_patience() {
    let (_, fragments) = fragments(9_500);
    let mut partial = partial(&fragments[0], Time::ZERO);
    for index in [0, 2, 3] {
        partial.add(&fragments[index], at(1));
    }
    assert_eq!(
        partial.add(&fragments[1], at(4)),
        Effect::Late(Span::from_millis(3))
    );
    let patient = PathView {
        lateness: Span::from_millis(3),
        ..PATH
    };
    for index in [5, 6, 7] {
        partial.add(&fragments[index], at(5));
    }
    assert_eq!(ask(&mut partial, &patient, at(7)), None);
    assert_eq!(ask(&mut partial, &patient, at(8)), None);
    assert_eq!(ask(&mut partial, &patient, at(9)), Some((0, vec![(4, 1)])));
}

#[test]
fn on_a_slow_link_the_tail_is_waited_for() {
    let (_, fragments) = fragments(9_500);
    let slow = PathView {
        pause: Span::from_millis(10),
        ..PATH
    };
    let mut partial = partial(&fragments[0], Time::ZERO);
    partial.add(&fragments[0], at(0));
    partial.add(&fragments[1], at(10));
    assert_eq!(partial.longest_pause, Span::from_millis(10));
    assert_eq!(partial.ask_at(&slow), Some(at(30)));
    for _ in 0..REORDERING {
        partial.overtaken(at(12));
    }
    assert_eq!(
        partial.ask_at(&slow),
        Some(at(12)),
        "unless a newer frame has begun"
    );
}
