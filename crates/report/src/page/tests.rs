use netcore::LinkKey;
use netcore::netem::Conditions;
use netcore::proto::metrics::LinkMeter;
use netcore::proto::video::{FrameOutcome, FrameResult};
use netcore::proto::{FrameNumber, MemberId, Span, StreamId, Time, Transport};

use crate::{About, Language, Measured, Measurement, Origin, OtherEnd, Setup};

/// Two seconds of 30 frames each, acknowledged after 2 ms, to a peer called `peer`.
fn measured(name: &str, peer: &str) -> Measured {
    let mut meter = LinkMeter::new(Transport::Tcp);
    for frame in 1..=60_u32 {
        let offered = Time::from_micros(u64::from(frame) * 33_333);
        let outcome = FrameOutcome::Acked {
            delay: Span::from_millis(2),
            hold: Span::ZERO,
        };
        meter.record(FrameResult {
            first_out: Some(offered),
            spread_us: Some(1_000),
            finished: offered + Span::from_millis(2),
            ..FrameResult::unsent(FrameNumber(frame), 12_500, Transport::Tcp, offered, outcome)
        });
        if frame % 30 == 0 {
            meter.tick(offered + Span::from_millis(2), None, None);
        }
    }
    let key = LinkKey {
        stream: StreamId(1),
        peer: MemberId(0),
        outbound: true,
    };
    let summary = meter.summaries()[0];
    let distributions = meter.distributions(Transport::Tcp);
    Measured {
        series: meter.series().points(),
        round_trip_us: Some(1_000),
        path_bps: Some(100_000_000),
        results: meter.results().0.collect(),
        ..Measured::new(name.into(), &key, peer.into(), &summary, distributions)
    }
}

fn about(address: &str, setup: Option<Setup>) -> About {
    About {
        other_end: OtherEnd::Named(address.into()),
        is_loopback: false,
        setup,
        network: None,
        seed: None,
        origin: Origin::Window,
    }
}

fn setup() -> Setup {
    Setup {
        source: "Test pattern".into(),
        is_pattern: true,
        width: 640,
        height: 360,
        rate: Some(30.0),
        full_speed: false,
        quality: 80,
        adapts: true,
        seconds_each: 2.0,
    }
}

#[test]
fn a_page_needs_nothing_but_itself_and_believes_no_name() {
    let trials = vec![measured("TCP · <img src=x>", "<img src=x>")];
    let page = Measurement::new(about("<script>alert(1)</script>", Some(setup())), trials).page(Language::En);
    assert!(page.starts_with("<!DOCTYPE html>") && page.matches("<svg").count() == 5);
    for outside in ["<script", "<img", " src=\"", "href=", "@import", "url("] {
        assert!(!page.contains(outside), "{outside}");
    }
    assert!(page.contains("&lt;script&gt;") && page.contains("TCP · &lt;img"));
}

#[test]
fn what_a_stretch_was_asked_to_be_is_said_and_a_session_was_asked_nothing() {
    let trials = || vec![measured("TCP", "Ada")];
    let asked = Measurement::new(about("10.0.0.1", Some(setup())), trials()).page(Language::En);
    assert!(asked.contains("What the path to 10.0.0.1 can do"));
    assert!(asked.contains(
        "640×360, JPEG quality 80, 30 a second, or less where the network took no more, for 2 s each."
    ));
    let session = Measurement::new(about("10.0.0.1", None), trials()).page(Language::En);
    assert!(
        session.contains("What was measured on the path to 10.0.0.1") && !session.contains("JPEG quality")
    );
    // 12,500 bytes take a millisecond at 100 Mbit/s, and the round trip another one.
    assert!(session.contains("50.0 Mbit/s"), "stop-and-wait in theory");
}

#[test]
fn what_is_not_known_is_unknown_and_not_zero() {
    let nothing = Measured {
        series: Vec::new(),
        results: Vec::new(),
        round_trip_us: None,
        delay_buckets: Vec::new(),
        ..measured("TCP", "Ada")
    };
    let measurement = Measurement::new(about("10.0.0.1", None), vec![nothing]);
    assert_eq!(measurement.trials[0].stop_and_wait_bps, None);
    let page = measurement.page(Language::En);
    assert_eq!(page.matches("<svg").count(), 0);
    assert_eq!(page.matches("too little was measured").count(), 5);
}

#[test]
fn charts_show_as_many_as_can_be_distinguished_and_tables_have_all() {
    let trials = (0..17).map(|at| measured(&format!("link {at}"), "Ada")).collect();
    let page = Measurement::new(about("everybody", None), trials).page(Language::En);
    assert_eq!(
        page.matches("The first 16 are shown; the tables have all.")
            .count(),
        5
    );
    let in_keys = page.matches("</span>link 15</li>").count();
    assert_eq!((in_keys, page.matches("</span>link 16</li>").count()), (5, 0));
    assert!(page.contains("</span>link 16</td>"));
}

#[test]
fn the_names_of_a_measurement_as_json_stay() {
    let measurement = Measurement::new(about("10.0.0.1", Some(setup())), vec![measured("TCP", "Ada")]);
    let json = serde_json::to_value(&measurement).unwrap();
    for name in [
        "program",
        "address",
        "is_loopback",
        "source",
        "seconds_each",
        "network",
        "machine",
    ] {
        assert!(json.get(name).is_some(), "{name}");
    }
    assert_eq!(
        (&json["rows"][0]["frames"], &json["trials"][0]["row"]["trial"]),
        (&60.into(), &"TCP".into())
    );
    assert!(json.get("origin").is_none());
}

/// Tags, style, drawings and units taken away.
fn words_of(page: &str) -> String {
    let body = &page[page.find("<body>").expect("a body")..];
    let mut words = String::new();
    for piece in body.split('<').skip(1) {
        let (_, text) = piece.split_once('>').expect("a tag's end");
        words += text;
        words.push('\n');
    }
    words
}

#[test]
fn a_chinese_page_is_chinese_to_its_last_word() {
    let network = Conditions {
        loss: 0.02,
        jitter: Span::from_millis(5),
        ..Conditions::delay_ms(20)
    };
    let about = About {
        other_end: OtherEnd::Members(3),
        network: Some(network),
        origin: Origin::Terminal {
            command_line: String::new(),
        },
        ..about("", Some(setup()))
    };
    let mut trials: Vec<Measured> = (0..17).map(|at| measured(&format!("TCP · {at}"), "")).collect();
    trials[1].with_file = true;
    let page = Measurement::new(about, trials).page(Language::Zh);
    assert!(page.contains("lang=\"zh-Hans\"") && page.contains("到 3 位成员 的线路能做到什么"));
    let (delay, jitter) = (Span::from_millis(20), Span::from_millis(5));
    let network = format!("网络被有意变差，双向：单向延迟 {delay}，抖动最多 {jitter}，丢包 2 %。");
    assert!(words_of(&page).replace('\n', "").contains(&network));
    // Protocols and units keep their names, and the computer and a source are described in their own words.
    let (measured, _) = page.split_once("计算机与选项").expect("the section");
    let host = crate::Machine::here().name;
    let own = format!("TCP JPEG RTT RFC UTC Mbit kB ms roomwire {host}");
    for word in words_of(measured).split(|letter: char| !letter.is_ascii_alphabetic()) {
        assert!(word.len() < 2 || own.contains(word), "{word}");
    }
}
