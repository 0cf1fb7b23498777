//! A peer that lies.

use bytes::Bytes;
use netcore_proto::link::{RateControlConfig, RateMode};
use netcore_proto::video::{
    Ack, Fragment, Frame, FrameHeader, FrameOutcome, MAX_FRAME_BYTES, MAX_NACK_RANGES, Nack, Parity,
    Receiver, Sender, SenderConfig, StreamDatagram, WindowMode,
};
use netcore_proto::wire::MAX_EXACT;
use netcore_proto::{Bitrate, FrameNumber, Span, StreamId, Time, Transport};
use sim_tests::Step;
use sim_tests::effects::Chance;

use super::{assert_sound, lan, live, small};

const STREAM: StreamId = StreamId(1);

fn fragment(frame: u32, frame_length: u32, size: u16, index: u16) -> Fragment {
    let offset = u32::from(index) * u32::from(size);
    let length = (frame_length - offset).min(u32::from(size));
    Fragment {
        stream: STREAM,
        frame: FrameNumber(frame),
        frame_length,
        size,
        index,
        attempt: 0,
        parity: 0,
        answers_requests: true,
        data: Bytes::from(vec![0xee; length as usize]),
    }
}

#[test]
fn fragments_that_contradict_each_other_spoil_one_frame_at_most() {
    live(
        "a peer mixes in fragments of other shapes",
        Transport::Udp,
        lan(),
        small(1_000),
    )
    .then((0..20).flat_map(|number| {
        let forged = Step::act("a fragment comes that contradicts the others", move |world| {
            let (length, size) = (3_000 + world.draw(60_000) as u32, 256 + world.draw(2_000) as u16);
            let index = world.draw(u64::from(Fragment::count(length, size))) as u16;
            // Before, among and after the real fragments of one frame.
            world.forge(
                "Ben",
                "Ada",
                true,
                &StreamDatagram::Fragment(fragment(number, length, size, index)),
            );
        });
        [forged, Step::wait_ms(45)]
    }))
    .then([
        Step::Wait(Span::from_secs(2)),
        Step::check("the others arrive as they were", |world| {
            let hop = world.hop("Ben", "Ada");
            assert_sound(hop);
            assert!(hop.shown.len() >= 10, "{}", hop.shown.len());
            let unspoilt = hop.shown.iter().filter(|shown| shown.frame.0 >= 22);
            assert_eq!(unspoilt.count(), 8, "once it is over, all is well");
        }),
    ])
    .run_all(0..20);
}

#[test]
fn parity_of_another_shape_spoils_one_frame_at_most() {
    live(
        "a peer mixes in parity of its own",
        Transport::Udp,
        lan().loss(0.03),
        small(1_000),
    )
    .then((0..20).flat_map(|number| {
        let forged = Step::act("a parity fragment comes that was not sent", move |world| {
            let parity = Parity {
                stream: STREAM,
                frame: FrameNumber(number),
                frame_length: 13_000 + world.draw(20_000) as u32,
                size: 1_200,
                count: 3,
                index: world.draw(3) as u8,
                data: Bytes::from(vec![0xee; 1_200]),
            };
            world.forge("Ben", "Ada", true, &StreamDatagram::Parity(parity));
        });
        [forged, Step::wait_ms(45)]
    }))
    .then([
        Step::Wait(Span::from_secs(2)),
        Step::check("once it is over, all is well", |world| {
            let hop = world.hop("Ben", "Ada");
            assert_eq!(hop.results.len() as u64, hop.offered);
            let unspoilt = hop.shown.iter().filter(|shown| shown.frame.0 >= 22);
            assert_eq!(unspoilt.count(), 8);
        }),
    ])
    .run_all(0..20);
}

#[test]
fn acknowledgements_for_frames_never_sent_say_nothing() {
    live(
        "a peer acknowledges the future",
        Transport::Udp,
        lan(),
        small(1_000),
    )
    .then((0..60).flat_map(|_| {
        let forged = Step::act("an acknowledgement comes out of nowhere", |world| {
            let ack = Ack {
                stream: STREAM,
                frame: FrameNumber(1_000 + world.draw(1 << 30) as u32),
                lost: world.draw(1 << 16) as u16,
                hold_us: world.draw(1 << 32) as u32,
                spread_us: world.draw(1 << 32) as u32,
                train_us: world.draw(1 << 32) as u32,
                recent: world.draw(1 << 32) as u32,
                whole: Time::from_micros(world.draw(MAX_EXACT)),
            };
            world.forge("Ben", "Ada", false, &StreamDatagram::Ack(ack));
        });
        [forged, Step::wait_ms(15)]
    }))
    .then([
        Step::Wait(Span::from_secs(2)),
        Step::check("what is known of each frame is true", |world| {
            let hop = world.hop("Ben", "Ada");
            assert_sound(hop);
            assert_eq!(hop.outcomes().acked, hop.offered);
        }),
    ])
    .run_all(0..10);
}

fn frame(number: u32, bytes: usize) -> Frame {
    let header = FrameHeader {
        stream: STREAM,
        frame: FrameNumber(number),
        length: 0,
        width: 8,
        height: 8,
        captured: Time::ZERO,
        encode_us: 0,
    };
    Frame::new(header, &vec![1; bytes]).unwrap()
}

fn sender_with_a_frame(bytes: usize) -> (Sender, u32) {
    let mut sender = Sender::new(
        STREAM,
        SenderConfig {
            transport: Transport::Udp,
            window: WindowMode::Adaptive,
            fragment_bytes: 1_200,
            ..SenderConfig::default()
        },
    );
    sender.handle_frame(frame(0, bytes), Time::ZERO);
    let mut fragments = 0;
    while sender.poll_fragment(Time::ZERO).is_some() {
        fragments += 1;
    }
    (sender, fragments)
}

#[test]
fn lies_about_times_and_loss_cost_the_liar_his_picture_and_nothing_else() {
    for seed in 0..20 {
        let mut chance = Chance::new(seed);
        let rate = RateControlConfig {
            floor: Bitrate(1_000_000),
            ceiling: Bitrate(50_000_000),
            mode: RateMode::Adaptive,
        };
        let mut sender = Sender::new(
            STREAM,
            SenderConfig {
                rate,
                ..SenderConfig::default()
            },
        );
        let mut left = 0;
        for number in 0..900 {
            let now = Time::from_micros(u64::from(number) * 33_333);
            sender.handle_frame(frame(number, 20_000), now);
            let mut fragments = std::iter::from_fn(|| sender.poll_fragment(now));
            left += u32::from(fragments.any(|fragment| fragment.frame == FrameNumber(number)));
            fragments.for_each(drop);
            let mut lie = |most: u64| {
                if chance.happens(0.5) {
                    most
                } else {
                    chance.below(most)
                }
            };
            let ack = Ack {
                stream: STREAM,
                frame: FrameNumber(number),
                lost: lie(65_535) as u16,
                hold_us: lie(u64::from(u32::MAX)) as u32,
                spread_us: lie(u64::from(u32::MAX)) as u32,
                train_us: lie(u64::from(u32::MAX)) as u32,
                recent: lie(u64::from(u32::MAX)) as u32,
                whole: Time::from_micros(lie(u64::MAX)),
            };
            let later = now + Span::from_millis(20);
            sender.handle_ack(&ack, later);
            if sender.poll_timeout().is_some_and(|deadline| deadline.at <= later) {
                sender.handle_timeout(later);
            }
            while sender.poll_result().is_some() {}
            let target = sender.target().0;
            assert!((rate.floor.0..=rate.ceiling.0).contains(&target), "{target}");
            assert!(
                sender
                    .queueing_delay()
                    .is_none_or(|queueing| queueing <= Span::from_millis(20))
            );
        }
        assert!(left > 100, "{left} of 900 frames left");
    }
}

#[test]
fn a_flood_of_requests_costs_a_bounded_amount_of_sending() {
    let (mut sender, fragments) = sender_with_a_frame(120_000);
    let mut chance = Chance::new(0);
    let mut sent = 0;
    for request in 0..100_000_u32 {
        let now = Time::from_micros(u64::from(request));
        let missing = match request % 3 {
            0 => vec![(0, u16::MAX); MAX_NACK_RANGES],
            1 => vec![(60_000, u16::MAX); MAX_NACK_RANGES],
            _ => vec![(chance.below(65_536) as u16, chance.below(65_536) as u16)],
        };
        let nack = Nack {
            stream: STREAM,
            frame: FrameNumber(chance.below(2) as u32),
            serial: request as u16,
            missing,
        };
        sender.handle_nack(&nack, now);
        while sender.poll_fragment(now).is_some() {
            sent += 1;
        }
    }
    assert!(
        (fragments..=3 * fragments).contains(&sent),
        "{sent} fragments sent again of {fragments}"
    );
}

#[test]
fn a_request_that_arrives_twice_counts_once() {
    let (mut sender, _) = sender_with_a_frame(120_000);
    let mut again = |serial, first| {
        let nack = Nack {
            stream: STREAM,
            frame: FrameNumber(0),
            serial,
            missing: vec![(first, 1)],
        };
        sender.handle_nack(&nack, Time::ZERO);
        std::iter::from_fn(|| sender.poll_fragment(Time::ZERO)).count()
    };
    assert_eq!(again(0, 5), 2, "the fragment and a spare copy");
    assert_eq!(again(0, 5), 0);
    assert_eq!(again(3, 8), 2);
    assert_eq!(again(2, 7), 2, "requests may overtake each other");
    assert_eq!(again(2, 7), 0);
    assert_eq!(again(3, 8), 0);
}

#[test]
fn one_who_asks_for_ever_does_not_keep_a_frame_alive() {
    let (mut sender, _) = sender_with_a_frame(12_000);
    let mut now = Time::ZERO;
    for serial in 0..1_000 {
        now += Span::from_millis(10);
        let nack = Nack {
            stream: STREAM,
            frame: FrameNumber(0),
            serial,
            missing: vec![(0, 1)],
        };
        sender.handle_nack(&nack, now);
        while sender.poll_fragment(now).is_some() {}
        if sender.poll_timeout().is_some_and(|deadline| deadline.at <= now) {
            sender.handle_timeout(now);
        }
        if let Some(result) = sender.poll_result() {
            assert!(matches!(result.outcome, FrameOutcome::Lost(_)));
            assert!(now < Time::ZERO + Span::from_secs(2), "{now}");
            return;
        }
    }
    panic!("it is still in flight");
}

#[test]
fn random_fragments_fill_no_memory() {
    for seed in 0..8 {
        let mut chance = Chance::new(seed);
        let mut receiver = Receiver::new(STREAM);
        let mut now = Time::ZERO;
        for _ in 0..2_000 {
            now += Span::from_micros(chance.below(2_000));
            let most = if chance.happens(0.1) {
                MAX_FRAME_BYTES as u64
            } else {
                100_000
            };
            let length = 33 + chance.below(most - 33) as u32;
            let size = 256 + chance.below(8_000) as u16;
            let count = u64::from(Fragment::count(length, size));
            let index = chance.below(count) as u16;
            let frame = chance.bits() as u32 % 50;
            if chance.happens(0.5) {
                receiver.handle_fragment(&fragment(frame, length, size, index), now);
            } else {
                let count = 1 + chance.below(255) as u8;
                let parity = Parity {
                    stream: STREAM,
                    frame: FrameNumber(frame),
                    frame_length: length,
                    size: size & !1,
                    count,
                    index: chance.below(u64::from(count)) as u8,
                    data: vec![0xee; usize::from(size & !1)],
                };
                receiver.handle_parity(&parity, now);
            }
            if receiver.poll_timeout().is_some_and(|deadline| deadline.at <= now) {
                receiver.handle_timeout(now);
            }
            assert!(receiver.incomplete_bytes() <= 2 * MAX_FRAME_BYTES);
            let answers = std::iter::from_fn(|| receiver.poll_datagram(now)).count();
            assert!(answers <= 20, "{answers} answers to one fragment");
            assert!(receiver.poll_arrival().is_none(), "zeros are no frame");
        }
        for _ in 0..100 {
            now += Span::from_millis(100);
            receiver.handle_timeout(now);
            while receiver.poll_datagram(now).is_some() {}
        }
        assert_eq!((receiver.incomplete_bytes(), receiver.poll_timeout()), (0, None));
    }
}

/// Fragments of `whole` under another label than its own header bears.
fn mislabelled(whole: &Frame, stream: StreamId, frame: u32) -> Fragment {
    Fragment {
        stream,
        frame: FrameNumber(frame),
        frame_length: whole.bytes().len() as u32,
        size: 1_100,
        index: 0,
        attempt: 0,
        parity: 0,
        answers_requests: true,
        data: whole.bytes().clone(),
    }
}

#[test]
fn a_frame_whose_own_header_bears_another_number_is_no_frame() {
    for (outer, inner) in [
        ([1, 2], 1),
        ([7, 8], 7),
        ([u32::MAX, 0], u32::MAX),
        ([1, 2], 1 << 31),
    ] {
        let mut receiver = Receiver::new(STREAM);
        for (nth, outer) in outer.into_iter().enumerate() {
            let fragment = mislabelled(&frame(inner, 8), STREAM, outer);
            receiver.handle_fragment(&fragment, Time::from_micros(nth as u64 * 33_000));
        }
        assert_eq!(receiver.counts().frames, u64::from(outer[0] == inner));
        assert_eq!(receiver.counts().incomplete, 2 - u64::from(outer[0] == inner));
    }
}

#[test]
fn a_frame_whose_own_header_bears_another_stream_is_no_frame() {
    let header = FrameHeader {
        stream: StreamId(77),
        frame: FrameNumber(1),
        length: 0,
        width: 8,
        height: 8,
        captured: Time::ZERO,
        encode_us: 0,
    };
    let whole = Frame::new(header, &[1; 8]).unwrap();
    let mut receiver = Receiver::new(STREAM);
    receiver.handle_fragment(&mislabelled(&whole, STREAM, 1), Time::ZERO);
    receiver.handle_frame(whole.clone(), Time::ZERO, Time::ZERO);
    assert!(
        receiver.poll_arrival().is_none(),
        "it would be passed on as stream 77"
    );

    // Nor does a sender give it another stream's label.
    let mut sender = Sender::new(STREAM, SenderConfig::default());
    sender.handle_frame(whole, Time::ZERO);
    assert_eq!(sender.poll_fragment(Time::ZERO).unwrap().stream, STREAM);
}

#[test]
fn a_fragment_requested_of_a_frame_that_is_over_is_not_looked_for_in_another_of_its_number() {
    let mut sender = Sender::new(
        STREAM,
        SenderConfig {
            window: WindowMode::Fixed(8),
            fragment_bytes: 1_200,
            ..SenderConfig::default()
        },
    );
    // A publisher numbers its frames itself; 5, 2^31 + 4, 3, 5 are each newer than the one before (RFC 1982).
    for bytes in [120_000, 8] {
        sender.handle_frame(frame(5, bytes), Time::ZERO);
        while sender.poll_fragment(Time::ZERO).is_some() {}
    }
    let nack = Nack {
        stream: STREAM,
        frame: FrameNumber(5),
        serial: 0,
        missing: vec![(90, 1)],
    };
    sender.handle_nack(&nack, Time::ZERO);
    let ack = Ack {
        stream: STREAM,
        frame: FrameNumber(5),
        lost: 0,
        hold_us: 0,
        spread_us: 0,
        train_us: 0,
        recent: 0,
        whole: Time::ZERO,
    };
    sender.handle_ack(&ack, Time::ZERO);
    while let Some(fragment) = sender.poll_fragment(Time::ZERO) {
        assert_eq!(fragment.frame_length, 40, "only the second frame is left to send");
    }
}

#[test]
fn a_frame_longer_than_there_is_memory_is_not_begun_and_others_arrive() {
    let mut receiver = Receiver::new(STREAM);
    receiver.set_memory(100_000);
    for number in 0..20 {
        receiver.handle_fragment(&fragment(number, 100_001, 1_000, 0), Time::ZERO);
        assert_eq!(receiver.incomplete_bytes(), 0);
    }
    for number in 20..40 {
        receiver.handle_fragment(&fragment(number, 40_000, 1_000, 0), Time::ZERO);
        assert!(receiver.incomplete_bytes() <= 100_000);
    }
    receiver.handle_fragment(&mislabelled(&frame(41, 900), STREAM, 41), Time::ZERO);
    assert_eq!(receiver.counts().frames, 1);
}
