//! Measuring ends in a table and a report, whatever is compared.

use std::process::Output;

use serde_json::Value;

use crate::program::{Place, is};

/// What was measured, as the report folder has it.
fn report_of(place: &Place, name: &str, more: &[&str]) -> (Value, Output) {
    let folder = place.path(name);
    let report = ["--report", folder.to_str().unwrap(), "--json"];
    let output = place.run(&[&["measure"], more, &report[..]].concat());
    let words = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(0), "{words}");
    let text = std::fs::read_to_string(folder.join("report.json")).unwrap();
    (serde_json::from_str(&text).unwrap(), output)
}

fn names(report: &Value) -> Vec<&str> {
    let trials = report["trials"].as_array().unwrap();
    trials
        .iter()
        .map(|trial| trial["name"].as_str().unwrap())
        .collect()
}

#[test]
fn what_a_download_does_to_the_call_is_measured_alone_and_beside_it() {
    let place = Place::new();
    let asked = [
        "--with-file",
        "--seconds",
        "2",
        "--size",
        "320x180@30",
        "--compare",
        "udp",
    ];
    let (report, output) = report_of(&place, "report", &asked);
    assert_eq!(names(&report), ["UDP", "UDP · with a file"]);
    let [alone, beside] = [0, 1].map(|at| &report["trials"][at]);
    assert!(alone["file"].is_null());
    assert!(
        beside["file"]["bytes"].as_u64() > Some(1_000_000),
        "{}",
        beside["file"]
    );
    for trial in [alone, beside] {
        let frames = trial["row"]["frames"].as_u64().unwrap();
        assert!(frames > 10, "{frames} frames in two seconds");
        let counts = &trial["row"]["counts"];
        assert_eq!(
            counts["acked"].as_u64().unwrap() + counts["delivered"].as_u64().unwrap(),
            frames
        );
        assert_eq!(trial["delay_us"]["max"], trial["row"]["ack_max_us"]);
        assert!(trial["round_trip_us"].as_u64() > Some(0));
    }
    // The table is shown as well, and the files have a line for each frame and second.
    let shown = String::from_utf8_lossy(&output.stdout).into_owned();
    let summary = shown
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    let summary = summary
        .into_iter()
        .find(|event| event["event"] == "summary")
        .unwrap();
    assert_eq!(summary["rows"][1]["trial"], "UDP · with a file");
    let content = |name: &str| std::fs::read_to_string(place.path("report").join(name)).unwrap();
    let (csv, lines) = (content("frames.csv"), content("frames.jsonl"));
    assert_eq!(csv.lines().count(), lines.lines().count() + 1);
    assert!(csv.lines().count() > 20 && content("seconds.csv").lines().count() >= 3);
    let page = content("report.html");
    assert_eq!(page.matches("<svg").count(), 5, "a chart is missing");
    for outside in ["src=", "href=", "@import", "url("] {
        assert!(
            !page.contains(outside),
            "the page needs something else: {outside}"
        );
    }
    assert!(page.contains("What a download does to the call"));
}

#[test]
fn on_a_long_path_a_window_gets_through_what_stop_and_wait_cannot() {
    let place = Place::new();
    let asked = [
        "--acks",
        "--full-speed",
        "--seconds",
        "2",
        "--size",
        "160x90",
        "--network",
        "delay=20",
    ];
    let (report, _) = report_of(&place, "report", &asked);
    assert_eq!(
        names(&report),
        [
            "TCP · stop-and-wait",
            "TCP · window",
            "UDP · stop-and-wait",
            "UDP · window",
            "UDP · requests",
            "UDP · parity"
        ]
    );
    let per_s = |name: &str| {
        let trials = report["trials"].as_array().unwrap();
        let trial = trials.iter().find(|trial| trial["name"] == name).unwrap();
        trial["row"]["frames_per_s"].as_f64().unwrap()
    };
    for transport in ["TCP", "UDP"] {
        let [one, many] = ["stop-and-wait", "window"].map(|mode| per_s(&format!("{transport} · {mode}")));
        // A frame for each round trip of 40 ms is all there can be.
        assert!(
            (5.0..=25.5).contains(&one),
            "{transport}: {one} frames/s one by one"
        );
        assert!(
            many > 2.0 * one,
            "{transport}: {many} frames/s with a window, {one} one by one"
        );
    }
    assert!(report["network"].as_str().unwrap().contains("20.00 ms one way"));
    let theory = report["trials"][0]["stop_and_wait_bps"].as_f64().unwrap();
    let reached = report["trials"][0]["row"]["goodput_bps"].as_f64().unwrap();
    assert!(
        (0.5..1.1).contains(&(reached / theory)),
        "{reached} of {theory} bits/s"
    );
}

#[cfg(unix)]
#[test]
fn what_was_measured_before_an_interruption_is_shown() {
    let place = Place::new();
    let mut measuring = place.start(&[
        "measure",
        "--seconds",
        "2",
        "--size",
        "160x90@30",
        "--compare",
        "tcp,udp",
    ]);
    measuring.wait_for("the second trial", |event| {
        is(event, "video", "live") && event["live"]["spec"]["transport"] == "udp"
    });
    measuring.signal("INT");
    let summary = measuring.wait_for("the table", |event| event["event"] == "summary");
    let rows = summary["rows"].as_array().unwrap();
    assert_eq!((rows.len(), rows[0]["transport"].as_str()), (1, Some("tcp")));
    assert_eq!(measuring.exit_code(), 130);
}
