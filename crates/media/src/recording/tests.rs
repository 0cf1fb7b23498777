//! Recordings, played again by this crate's own reader and by other programs.

use std::path::Path;
use std::process::Command;
use std::sync::mpsc;
use std::time::Duration;

use netcore_proto::{Span, Time};

use super::recorder::MAX_FILES;
use super::*;
use crate::jpeg::{Decoder, Encoder, Limits};
use crate::{Capture, CaptureEvent, CaptureOptions, CaptureSpec, Planes, SourceId, pattern, probe_file};

fn picture(width: u16, height: u16, number: u32) -> Vec<u8> {
    let mut planes = Planes::new(width, height);
    pattern::draw(&mut planes, number, Time::ZERO);
    Encoder::new().unwrap().planes(&planes, 50).unwrap().to_vec()
}

fn put(recorder: &mut Recorder, number: u32, at_ms: u64) -> Result<(), RecordError> {
    recorder.put(RecordFrame {
        jpeg: &picture(160, 90, number),
        announced: (320, 320),
        number,
        captured: Time::from_micros(1_000 * at_ms),
    })
}

/// Frames as a network brings them: late, early, and one of them long after the one before.
const MOMENTS_MS: [u64; 10] = [
    5_000, 5_033, 5_071, 5_100, 5_133, 5_900, 5_933, 5_966, 6_001, 6_033,
];

fn recorded(path: &Path) -> Recorded {
    let mut recorder = Recorder::create(path, 30.0).unwrap();
    for (number, at_ms) in MOMENTS_MS.into_iter().enumerate() {
        put(&mut recorder, number as u32, at_ms).unwrap();
    }
    recorder.finish()
}

/// What each frame shows and when, as this crate plays it.
fn play(path: &Path) -> Vec<(Option<u32>, Time)> {
    let (tx, rx) = mpsc::channel();
    let spec = CaptureSpec {
        source: SourceId::File(path.to_owned()),
        width: 0,
        height: 0,
        rate: 0.0,
        quality: 100,
    };
    let options = CaptureOptions {
        looping: false,
        ..CaptureOptions::default()
    };
    let clock = crate::clock::test_clock();
    let _capture = Capture::start_with(spec, options, clock, move |event| drop(tx.send(event)));
    let mut decoder = Decoder::new(Limits::default()).unwrap();
    let mut seen = Vec::new();
    while let Ok(event) = rx.recv_timeout(Duration::from_secs(20)) {
        if let CaptureEvent::Frame(frame) = event {
            assert!(frame.passed_through);
            let rgb = decoder.rgb(&frame.jpeg).unwrap();
            seen.push((
                pattern::read_code(&rgb.pixels, rgb.width, rgb.height),
                frame.captured,
            ));
        }
    }
    seen
}

fn numbers(seen: &[(Option<u32>, Time)]) -> Vec<u32> {
    seen.iter().filter_map(|(number, _)| *number).collect()
}

/// The moments of a file's frames by `ffprobe`, in seconds, and what else was asked for; everything is decoded.
fn ffprobe(path: &Path) -> Vec<f64> {
    let output = Command::new("ffprobe")
        .args([
            "-v",
            "error",
            "-select_streams",
            "v:0",
            "-show_entries",
            "frame=pts_time",
            "-of",
            "csv=p=0",
        ])
        .arg(path)
        .output()
        .expect("ffprobe comes with ffmpeg, which the tests need");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && errors.is_empty(), "{errors}");
    let lines = String::from_utf8(output.stdout).unwrap();
    lines
        .lines()
        .filter_map(|line| line.trim_matches(',').parse().ok())
        .collect()
}

fn assert_moments(found: &[f64]) {
    let expected = MOMENTS_MS.map(|ms| (ms - MOMENTS_MS[0]) as f64 / 1e3);
    assert_eq!(found.len(), expected.len(), "{found:?}");
    for (found, expected) in found.iter().zip(expected) {
        assert!(
            (found - expected).abs() < 0.003,
            "{found} s instead of {expected} s"
        );
    }
}

#[test]
fn other_programs_see_each_frame_at_its_time() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("clip.avi");
    let recorded = recorded(&path);
    assert_eq!((recorded.frames, recorded.left_out), (10, 0));
    assert_eq!(recorded.length, Span::from_millis(1_033));
    assert_eq!(recorded.files, std::slice::from_ref(&path));
    assert_moments(&ffprobe(&path));
}

#[test]
fn our_own_reader_plays_it_at_the_same_pace() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("clip.avi");
    recorded(&path);
    let seen = play(&path);
    assert_eq!(numbers(&seen), (0..10).collect::<Vec<_>>());
    let pause = seen[5].1.since(seen[4].1).as_secs_f64();
    // 767 ms; a busy machine may be late with the frame before, and never shortens the whole.
    assert!((0.6..5.0).contains(&pause), "{pause} s");
    let format = probe_file(&path).unwrap().formats[0];
    assert_eq!((format.width, format.height), (160, 90));
    assert!(
        (5.0..31.0).contains(&format.rate),
        "{} is no rate of frames",
        format.rate
    );
}

#[test]
fn the_exact_times_are_beside_it() {
    let dir = tempfile::tempdir().unwrap();
    let recorded = recorded(&dir.path().join("clip.avi"));
    assert_eq!(recorded.times, dir.path().join("clip.csv"));
    let text = std::fs::read_to_string(&recorded.times).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 11);
    assert_eq!(lines[0], "file,frame,captured_us,file_us,bytes,width,height");
    let bytes = picture(160, 90, 2).len();
    assert_eq!(lines[3], format!("1,2,5071000,70833,{bytes},160,90"));
}

#[test]
fn a_recording_that_was_cut_off_anywhere_plays_up_to_there() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("clip.avi");
    let mut recorder = Recorder::create(&path, 30.0).unwrap();
    for number in 0..60 {
        put(&mut recorder, number, u64::from(number) * 33).unwrap();
    }
    // As a crash leaves it: neither finished nor dropped.
    let crashed = std::fs::read(&path).unwrap();
    std::mem::forget(recorder);
    let left = dir.path().join("left.avi");
    std::fs::write(&left, &crashed).unwrap();
    assert_eq!(ffprobe(&left).len(), 60);
    // And as a power failure may.
    let cut = crashed.len() - 4_000;
    std::fs::write(&left, &crashed[..cut]).unwrap();
    let seen = numbers(&play(&left));
    assert!(
        seen.len() > 50 && seen == (0..seen.len() as u32).collect::<Vec<_>>(),
        "{seen:?}"
    );
}

#[test]
fn another_size_and_a_long_gap_begin_new_files() {
    let dir = tempfile::tempdir().unwrap();
    let mut recorder = Recorder::create(&dir.path().join("clip"), 30.0).unwrap();
    let sizes = [(160, 90), (160, 90), (320, 180), (160, 90)];
    for (number, (width, height)) in sizes.into_iter().enumerate() {
        let captured = Time::from_micros(number as u64 * 33_333);
        let jpeg = picture(width, height, number as u32);
        recorder
            .put(RecordFrame {
                jpeg: &jpeg,
                announced: (320, 320),
                number: number as u32,
                captured,
            })
            .unwrap();
    }
    put(&mut recorder, 4, 60_000).unwrap();
    put(&mut recorder, 5, 59_000).unwrap();
    let recorded = recorder.finish();
    let names: Vec<_> = recorded
        .files
        .iter()
        .map(|path| path.file_name().unwrap().to_str().unwrap())
        .collect();
    assert_eq!(
        names,
        ["clip.avi", "clip-2.avi", "clip-3.avi", "clip-4.avi", "clip-5.avi"]
    );
    assert_eq!(ffprobe(&recorded.files[0]).len(), 2);
    assert_eq!(numbers(&play(&recorded.files[1])), [2]);
}

#[test]
fn a_stream_that_keeps_changing_its_size_is_given_up() {
    let dir = tempfile::tempdir().unwrap();
    let mut recorder = Recorder::create(&dir.path().join("clip"), 30.0).unwrap();
    let jpegs = [picture(64, 64, 0), picture(64, 80, 0)];
    let mut ended = None;
    for number in 0..=MAX_FILES as u32 {
        let frame = RecordFrame {
            jpeg: &jpegs[number as usize % 2],
            announced: (320, 320),
            number,
            captured: Time::from_micros(u64::from(number) * 10_000),
        };
        ended = ended.or(recorder.put(frame).err());
    }
    assert_eq!(ended, Some(RecordError::TooManyFiles { files: MAX_FILES }));
    assert_eq!(recorder.finish().frames, MAX_FILES as u64);
}

#[test]
fn what_comes_too_fast_or_is_no_picture_is_left_out() {
    let dir = tempfile::tempdir().unwrap();
    let mut recorder = Recorder::create(&dir.path().join("clip"), 30.0).unwrap();
    let jpeg = picture(64, 64, 0);
    for number in 0..10 {
        let frame = RecordFrame {
            jpeg: &jpeg,
            announced: (320, 320),
            number,
            captured: Time::from_micros(7),
        };
        recorder.put(frame).unwrap();
    }
    let broken = RecordFrame {
        jpeg: &jpeg[..jpeg.len() / 2],
        announced: (320, 320),
        number: 10,
        captured: Time::from_micros(20),
    };
    recorder.put(broken).unwrap();
    let larger_than_announced = RecordFrame {
        jpeg: &jpeg,
        announced: (64, 63),
        number: 11,
        captured: Time::from_micros(40_000),
    };
    recorder.put(larger_than_announced).unwrap();
    let recorded = recorder.finish();
    assert_eq!((recorded.frames, recorded.left_out), (4, 8));
}

#[test]
fn nothing_is_written_over_and_names_do_not_lie() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("clip.avi");
    std::fs::write(&path, b"mine").unwrap();
    let code = |path: &Path| Recorder::create(path, 30.0).unwrap_err().code();
    assert_eq!(code(&path), "exists");
    assert_eq!(code(&dir.path().join("clip")), "exists");
    assert_eq!(code(&dir.path().join("clip.mkv")), "name");
    assert_eq!(code(Path::new("/no/such/folder/clip.avi")), "unwritable");
    assert_eq!(std::fs::read(&path).unwrap(), b"mine");
}

#[test]
fn in_the_background_everything_is_written_before_it_is_over() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("clip.avi");
    let recorder = BackgroundRecorder::start(Recorder::create(&path, 30.0).unwrap());
    for number in 0..20u32 {
        let captured = Time::from_micros(u64::from(number) * 33_333);
        recorder
            .put(picture(160, 90, number).into(), (160, 90), number, captured)
            .unwrap();
    }
    let (recorded, failed) = recorder.finish();
    assert_eq!((recorded.frames, failed), (20, None));
    assert_eq!(ffprobe(&path).len(), 20);
}

/// Files of this process may have 1 MiB and no more, which is to the recorder nearly as a disk without room.
#[cfg(unix)]
#[test]
fn a_file_that_may_not_become_longer_is_said_and_what_was_kept_plays() {
    let dir = tempfile::tempdir().unwrap();
    let program = std::env::current_exe().unwrap();
    // Ignored signals stay ignored in the program that takes the shell's place; blocks are 512 bytes.
    let script = "trap '' XFSZ; ulimit -f 2048; exec \"$1\" --ignored --exact recording::tests::until_the_file_is_too_long";
    let output = Command::new("sh")
        .args(["-c", script, "sh"])
        .arg(program)
        .env("ROOMWIRE_SHORT_FILES", dir.path())
        .output()
        .unwrap();
    let words = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && words.contains("1 passed"), "{words}");
}

/// Run by the test before, in a process with such a limit.
#[cfg(unix)]
#[test]
#[ignore = "run by a_file_that_may_not_become_longer_is_said_and_what_was_kept_plays"]
fn until_the_file_is_too_long() {
    let path = std::path::PathBuf::from(std::env::var_os("ROOMWIRE_SHORT_FILES").expect("a folder"))
        .join("clip.avi");
    let mut recorder = Recorder::create(&path, 30.0).unwrap();
    let error = (0..10_000).find_map(|number| put(&mut recorder, number, u64::from(number) * 33).err());
    assert_eq!(error.clone(), Some(RecordError::TooLong { path: path.clone() }));
    assert_eq!(put(&mut recorder, 0, 0).err(), error, "and it stays so");
    let recorded = recorder.finish();
    assert!(recorded.frames > 50, "{}", recorded.frames);
    assert_eq!(ffprobe(&path).len() as u64, recorded.frames);
    assert_eq!(probe_file(&path).unwrap().formats[0].width, 160);
}
