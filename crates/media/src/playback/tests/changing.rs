//! Files that change while they are played: other programs record into them, cut them, replace them or remove them.
//! On Windows a file that is open is neither replaced nor cut.
#![cfg(unix)]

use std::sync::mpsc::Receiver;

use super::*;

/// Plays a file again and again.
struct Playing {
    _capture: Capture,
    events: Receiver<CaptureEvent>,
    decoder: Decoder,
}

impl Playing {
    fn start(path: &Path) -> Playing {
        let (tx, events) = mpsc::channel();
        let spec = CaptureSpec {
            source: SourceId::File(path.to_owned()),
            width: 0,
            height: 0,
            rate: 0.0,
            quality: 50,
        };
        let clock = crate::clock::test_clock();
        Playing {
            _capture: Capture::start(spec, clock, move |event| drop(tx.send(event))),
            events,
            decoder: Decoder::new(Limits::default()).unwrap(),
        }
    }

    /// Waits until a picture has a number and a width that are `wanted`.
    fn until(&mut self, what: &str, wanted: impl Fn(u32, u16) -> bool) {
        let began = Instant::now();
        while began.elapsed() < PATIENCE {
            match self.events.recv_timeout(PATIENCE) {
                Ok(CaptureEvent::Frame(frame)) => {
                    let rgb = self.decoder.rgb(&frame.jpeg).unwrap();
                    let number = pattern::read_code(&rgb.pixels, rgb.width, rgb.height);
                    if number.is_some_and(|number| wanted(number, rgb.width)) {
                        return;
                    }
                }
                Ok(CaptureEvent::Started { .. }) => {}
                other => panic!("{what}: {other:?}"),
            }
        }
        panic!("{what} did not come");
    }

    /// Waits until it can be played no longer, and returns the words for it.
    fn failure(&self) -> String {
        loop {
            match self.events.recv_timeout(PATIENCE) {
                Ok(CaptureEvent::Failed(error)) => return error.to_string(),
                Ok(_) => {}
                Err(error) => panic!("it goes on: {error}"),
            }
        }
    }
}

fn pictures(numbers: std::ops::Range<u32>) -> Vec<Vec<u8>> {
    numbers.map(picture).collect()
}

fn wide_picture(number: u32) -> Vec<u8> {
    let mut planes = Planes::new(320, 180);
    pattern::draw(&mut planes, number, Time::ZERO);
    Encoder::new().unwrap().planes(&planes, 50).unwrap().to_vec()
}

#[test]
fn an_avi_that_grows_is_replaced_removed_and_emptied_is_followed() {
    let (dir, path) = file("clip.avi", &avi(b"MJPG", &pictures(0..5)));
    let mut playing = Playing::start(&path);
    playing.until("the first turn's last", |number, _| number == 4);
    fs::write(&path, avi(b"MJPG", &pictures(0..12))).unwrap();
    playing.until("what was recorded since", |number, _| number == 11);
    // Another one of another size takes its place.
    let other = dir.path().join("other.avi");
    fs::write(&other, avi(b"MJPG", &[wide_picture(50), wide_picture(51)])).unwrap();
    fs::rename(&other, &path).unwrap();
    playing.until("the other one", |number, width| (number, width) == (51, 320));
    // It is still open, although it has no name any more.
    fs::remove_file(&path).unwrap();
    for _ in 0..2 {
        playing.until("the first again", |number, _| number == 50);
        playing.until("the last again", |number, _| number == 51);
    }
    fs::write(&path, "not a video at all").unwrap();
    for _ in 0..2 {
        playing.until("the first still", |number, _| number == 50);
        playing.until("the last still", |number, _| number == 51);
    }
}

#[test]
fn an_avi_that_is_cut_plays_as_far_as_it_goes_and_an_empty_one_says_so() {
    let (_dir, path) = file("clip.avi", &avi(b"MJPG", &pictures(0..12)));
    let mut playing = Playing::start(&path);
    playing.until("the last", |number, _| number == 11);
    let shorter = avi(b"MJPG", &pictures(0..4)).len() as u64;
    File::options()
        .write(true)
        .open(&path)
        .unwrap()
        .set_len(shorter)
        .unwrap();
    playing.until("the first", |number, _| number == 0);
    playing.until("the third", |number, _| number == 2);
    playing.until("the first again", |number, _| number == 0);
    File::create(&path).unwrap();
    let words = playing.failure();
    assert!(words.contains("clip.avi"), "{words}");
}

#[test]
fn what_ffmpeg_plays_is_followed_too() {
    let dir = tempfile::tempdir().unwrap();
    for number in 0..12 {
        fs::write(dir.path().join(format!("{number}.jpg")), picture(number)).unwrap();
    }
    let movie = |name: &str, pictures: &str| {
        let path = dir.path().join(name);
        let made = std::process::Command::new(FFMPEG)
            .args(["-nostdin", "-loglevel", "error", "-framerate", "25", "-i"])
            .arg(dir.path().join("%d.jpg"))
            .args(["-frames:v", pictures, "-c:v", "mpeg4", "-q:v", "2"])
            .arg(&path)
            .status()
            .unwrap();
        assert!(made.success());
        path
    };
    let path = movie("clip.mkv", "5");
    let mut playing = Playing::start(&path);
    playing.until("the first turn's last", |number, _| number == 4);
    let longer = movie("longer.mkv", "12");
    fs::copy(&longer, &path).unwrap();
    playing.until("what was recorded since", |number, _| number == 11);
    fs::remove_file(&path).unwrap();
    for _ in 0..2 {
        playing.until("the first, from memory", |number, _| number == 0);
        playing.until("the last, from memory", |number, _| number == 11);
    }
}

#[test]
fn a_long_video_of_ffmpeg_that_is_gone_says_so() {
    // More pictures than are remembered, in a file of some kilobytes.
    let arguments = ["-f", "lavfi", "-i", "color=size=2048x1024:rate=120:duration=0.3"];
    let arguments = [&arguments[..], &["-c:v", "mpeg4"]].concat();
    let (_dir, path) = by_ffmpeg("long.mkv", &arguments);
    let playing = Playing::start(&path);
    let is_frame = |event: CaptureEvent| matches!(event, CaptureEvent::Frame(_));
    while !playing.events.recv_timeout(PATIENCE).is_ok_and(is_frame) {}
    fs::remove_file(&path).unwrap();
    let words = playing.failure();
    assert!(
        words.contains("There is no file") && words.contains("long.mkv"),
        "{words}"
    );
}

#[test]
fn a_pipe_and_a_folder_are_refused_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let pipe = dir.path().join("pipe.avi");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status().unwrap();
    assert!(made.success());
    for path in [pipe.as_path(), dir.path()] {
        let words = probe(path).unwrap_err().to_string();
        assert!(words.contains("it is not a file"), "{words}");
        let playing = Playing::start(path);
        let words = playing.failure();
        assert!(words.contains("it is not a file"), "{words}");
    }
}
