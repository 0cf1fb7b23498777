//! AVI: whole, cut short, damaged, and as programs really write it.

use super::*;

#[test]
fn an_avi_is_played_picture_by_picture() {
    let pictures: Vec<_> = (0..12).map(picture).collect();
    let (_dir, path) = file("clip.bin", &avi(b"MJPG", &pictures));
    let info = probe(&path).unwrap();
    assert_eq!(
        info.formats,
        [Format {
            width: 160,
            height: 90,
            rate: 50.0
        }]
    );
    assert_eq!(info.name, "clip.bin");
    let (numbers, end) = play(&path, 0.0);
    assert_eq!(numbers, (0..12).map(Some).collect::<Vec<_>>());
    assert_eq!(end, Some(CaptureEvent::Ended));
}

#[test]
fn fewer_frames_a_second_leave_some_out_and_do_not_slow_the_video() {
    let pictures: Vec<_> = (0..50).map(picture).collect();
    let (_dir, path) = file("clip.avi", &avi(b"MJPG", &pictures));
    let began = Instant::now();
    let (numbers, _) = play(&path, 10.0);
    assert!((8..=30).contains(&numbers.len()), "{} frames", numbers.len());
    assert!(numbers.last().unwrap().unwrap() >= 40);
    assert!(
        began.elapsed() < Duration::from_secs(10),
        "{:?} for a second of video",
        began.elapsed()
    );
}

#[test]
fn a_looping_file_begins_anew() {
    let pictures: Vec<_> = (0..3).map(picture).collect();
    let (_dir, path) = file("clip.avi", &avi(b"MJPG", &pictures));
    let (tx, rx) = mpsc::channel();
    let spec = CaptureSpec {
        source: SourceId::File(path),
        width: 0,
        height: 0,
        rate: 0.0,
        quality: 50,
    };
    let capture = Capture::start(spec, crate::clock::test_clock(), move |event| {
        drop(tx.send(event));
    });
    let mut frames = 0;
    while frames < 10 {
        match rx.recv_timeout(PATIENCE).unwrap() {
            CaptureEvent::Frame(frame) => {
                assert_eq!(frame.number, frames);
                assert_eq!(
                    &frame.jpeg[..],
                    pictures[frames as usize % 3],
                    "passed through as it is"
                );
                frames += 1;
            }
            CaptureEvent::Started { .. } => {}
            other => panic!("{other:?}"),
        }
    }
    capture.stop();
}

#[test]
fn an_avi_that_was_cut_short_plays_as_far_as_it_goes() {
    let pictures: Vec<_> = (0..4).map(picture).collect();
    let whole = avi(b"MJPG", &pictures);
    let cut = whole.len() - pictures[3].len() / 2 - 24;
    let (_dir, path) = file("clip.avi", &whole[..cut]);
    assert_eq!(
        play(&path, 0.0),
        (vec![Some(0), Some(1), Some(2)], Some(CaptureEvent::Ended))
    );
}

/// An AVI whose chunks of pictures are these bytes, whatever they are.
fn avi_of(movie: &[u8]) -> Vec<u8> {
    let whole = avi(b"MJPG", &[]);
    let movi = whole.windows(4).position(|four| four == b"movi").unwrap();
    [&whole[..movi + 4], movie].concat()
}

fn picture_chunk(number: u32) -> Vec<u8> {
    chunk(b"01dc", &picture(number))
}

#[test]
fn bytes_that_are_no_chunk_are_passed_over_or_end_an_avi() {
    let pictures: Vec<_> = (0..4).map(picture).collect();
    let plain = avi(b"MJPG", &pictures);
    let is_text = |at: usize| [0x8F, 0x13, b'0', b'1', b'd', b'x'][at % 6];
    let garbage: Vec<u8> = (0..70_000).map(is_text).collect();
    let between = |bytes: &[u8]| {
        let chunks: Vec<_> = (0..4)
            .flat_map(|number| [picture_chunk(number), bytes.to_vec()])
            .collect();
        avi_of(&chunks.concat())
    };
    let mut wrong_length = picture_chunk(9);
    wrong_length[4..8].copy_from_slice(&u32::MAX.to_le_bytes());
    let shapes = [
        ("never written behind", [&plain[..], &[0; 200_000]].concat()),
        ("garbage behind", [&plain[..], &garbage].concat()),
        ("a byte behind", [&plain[..], b"x"].concat()),
        ("zeros between", between(&[0; 4])),
        ("an odd number of zeros between", between(&[0; 4095])),
        ("garbage between", between(&garbage)),
        ("wrong lengths between", between(&wrong_length)),
    ];
    for (what, bytes) in shapes {
        let (_dir, path) = file("clip.avi", &bytes);
        let reader = open_reader(&path, (0, 0), Some("no-such-ffmpeg"));
        assert!(reader.is_ok(), "{what}: {:?}", reader.err());
        let (numbers, end) = play(&path, 0.0);
        assert_eq!(numbers, (0..4).map(Some).collect::<Vec<_>>(), "{what}");
        assert_eq!(end, Some(CaptureEvent::Ended), "{what}");
    }
}

#[test]
fn an_avi_with_a_damaged_tail_goes_round() {
    let movie: Vec<u8> = (0..3).flat_map(picture_chunk).chain(vec![0; 100_000]).collect();
    let mut avi = Avi::open(BufReader::new(io::Cursor::new(avi_of(&movie)))).unwrap();
    for _ in 0..5 {
        for number in 0..3 {
            let Take::Jpeg(jpeg) = avi.next(&mut Planes::default()).unwrap() else {
                panic!("picture {number} is missing");
            };
            assert_eq!(jpeg, picture(number));
        }
        assert!(matches!(avi.next(&mut Planes::default()), Ok(Take::End)));
        avi.rewind().unwrap();
    }
}

#[test]
fn odd_chunks_without_padding_are_read_on() {
    let mut movie = Vec::new();
    for number in 0..6 {
        let mut body = picture(number);
        body.resize(body.len() | 1, 0);
        let chunk = chunk(b"01dc", &body);
        movie.extend_from_slice(&chunk[..chunk.len() - 1]);
    }
    let (_dir, path) = file("clip.avi", &avi_of(&movie));
    assert_eq!(
        play(&path, 0.0),
        ((0..6).map(Some).collect(), Some(CaptureEvent::Ended))
    );
}

#[test]
fn two_fields_in_one_chunk_are_one_picture() {
    let field = |luma: u8, polarity: u8| {
        let mut planes = Planes::new(160, 46);
        planes.split_mut().y.fill(luma);
        let jpeg = Encoder::new().unwrap().planes(&planes, 95).unwrap();
        let segment = [
            0xFF, 0xE0, 0, 16, b'A', b'V', b'I', b'1', polarity, 0, 0, 0, 0, 0, 0, 0, 0, 0,
        ];
        [&jpeg[..2], &segment, &jpeg[2..]].concat()
    };
    for (polarity, rows) in [(0, [200, 50]), (1, [200, 50]), (2, [50, 200])] {
        let both = [field(200, polarity), field(50, 3 - polarity)].concat();
        let movie = chunk(b"01dc", &both).repeat(3);
        let mut avi = Avi::open(BufReader::new(io::Cursor::new(avi_of(&movie)))).unwrap();
        assert_eq!((avi.header().width, avi.header().height), (160, 92));
        let mut planes = Planes::default();
        assert!(matches!(avi.next(&mut planes), Ok(Take::Planes)));
        let row = |y| planes.at(80, y).unwrap().0;
        for (y, expected) in [(0, rows[0]), (1, rows[1]), (90, rows[0]), (91, rows[1])] {
            assert!(row(y).abs_diff(expected) < 4, "row {y} is {}", row(y));
        }
    }
    let movie = chunk(b"01dc", &[picture(1), picture(2)].concat());
    let avi = Avi::open(BufReader::new(io::Cursor::new(avi_of(&movie)))).unwrap();
    assert_eq!(avi.header().height, 90, "a whole picture and a leftover");
}

#[test]
fn the_first_of_several_videos_is_played() {
    let two = |first: [&str; 2], second: [&str; 2]| {
        let sources = ["-f", "lavfi", "-i", first[1], "-f", "lavfi", "-i", second[1]];
        let codings = ["-c:v:0", first[0], "-c:v:1", second[0]];
        let rest = ["-map", "0", "-map", "1", "-frames:v", "3", "-f", "avi"];
        by_ffmpeg("two.avi", &[&sources[..], &codings, &rest].concat())
    };
    let (large, small) = ("testsrc2=size=320x180:rate=25", "testsrc2=size=160x90:rate=25");
    for (first, second, width) in [
        (["mpeg4", large], ["mjpeg", small], 320),
        (["mjpeg", large], ["mpeg4", small], 320),
        (["mjpeg", small], ["mjpeg", large], 160),
    ] {
        let (_dir, path) = two(first, second);
        assert_eq!(probe(&path).unwrap().formats[0].width, width, "{first:?}");
    }
}

/// An AVI whose pictures have these densities in their JFIF, and whose properties say this ratio of sides (across, down).
fn anamorphic_avi(densities: [u8; 4], frame: Option<[u16; 2]>) -> Vec<u8> {
    let mut jpeg = picture(1);
    assert!(jpeg[6..].starts_with(b"JFIF\0"));
    jpeg[14..18].copy_from_slice(&densities);
    let mut avi = avi(b"MJPG", &[jpeg.clone(), jpeg]);
    if let Some([across, down]) = frame {
        let mut properties = [0; 68];
        properties[20..22].copy_from_slice(&down.to_le_bytes());
        properties[22..24].copy_from_slice(&across.to_le_bytes());
        properties[24..28].copy_from_slice(&160u32.to_le_bytes());
        properties[28..32].copy_from_slice(&90u32.to_le_bytes());
        let at = avi.windows(8).position(|eight| eight.ends_with(b"movi")).unwrap() - 4;
        avi.splice(at..at, chunk(b"vprp", &properties));
    }
    avi
}

#[test]
fn an_avi_with_pixels_that_are_not_square_is_shown_in_its_proportions() {
    for (densities, frame, shown) in [
        ([0, 1, 0, 1], None, (160, 90)),
        ([0, 4, 0, 3], None, (214, 90)),
        ([0, 1, 0, 1], Some([4, 3]), (120, 90)),
        ([0, 4, 0, 3], Some([16, 9]), (160, 90)),
        ([0, 4, 0, 3], Some([0, 9]), (214, 90)),
        ([0, 0, 0, 0], Some([u16::MAX, 1]), (160, 90)),
    ] {
        let bytes = anamorphic_avi(densities, frame);
        let mut avi = Avi::open(BufReader::new(io::Cursor::new(bytes))).unwrap();
        assert_eq!((avi.header().width, avi.header().height), shown);
        let mut planes = Planes::default();
        match avi.next(&mut planes).unwrap() {
            Take::Planes => assert_eq!((planes.width(), planes.height()), shown),
            Take::Jpeg(jpeg) => assert_eq!((shown, jpeg.is_empty()), ((160, 90), false)),
            _ => panic!("there is a picture"),
        }
    }
}

#[test]
fn an_avi_has_the_proportions_that_ffmpeg_gave_it() {
    for (ratio, width) in [("16:9", 320), ("4:3", 240), ("2:1", 360)] {
        let coding = ["-frames:v", "3", "-c:v", "mjpeg", "-aspect", ratio, "-f", "avi"];
        let (_dir, path) = by_ffmpeg("clip.avi", &[&TEST_VIDEO[..], &coding].concat());
        let format = probe(&path).unwrap().formats[0];
        assert_eq!((format.width, format.height), (width, 180), "{ratio}");
        assert_eq!(play(&path, 0.0).0.len(), 3);
    }
}

#[test]
fn a_damaged_picture_is_left_out() {
    let mut pictures: Vec<_> = (0..4).map(picture).collect();
    pictures[1] = b"no picture".to_vec();
    pictures[2].truncate(200);
    let (_dir, path) = file("clip.avi", &avi(b"MJPG", &pictures));
    assert_eq!(
        play(&path, 0.0),
        (vec![Some(0), Some(3)], Some(CaptureEvent::Ended))
    );
}

#[test]
fn every_cut_and_every_flip_of_an_avi_is_survived() {
    let bytes = avi(b"MJPG", &[picture(1)]);
    let headers = bytes.len() - picture(1).len();
    let survive = |bytes: &[u8]| {
        if let Ok(mut avi) = Avi::open(BufReader::new(io::Cursor::new(bytes))) {
            let mut planes = Planes::default();
            for _ in 0..10 {
                assert!(avi.header().width <= MAX_SIDE);
                if !matches!(avi.next(&mut planes), Ok(Take::Jpeg(_) | Take::Nothing)) {
                    break;
                }
            }
        }
    };
    for at in 0..headers {
        survive(&bytes[..at]);
        for flip in [0x01, 0x80, 0xFF] {
            let mut flipped = bytes.clone();
            flipped[at] ^= flip;
            survive(&flipped);
        }
    }
}

#[test]
fn a_file_without_a_picture_is_an_error_and_no_endless_loop() {
    let (_dir, path) = file("clip.avi", &avi(b"MJPG", &[]));
    let (tx, rx) = mpsc::channel();
    let spec = CaptureSpec {
        source: SourceId::File(path),
        ..CaptureSpec::default()
    };
    let _capture = Capture::start(spec, crate::clock::test_clock(), move |event| {
        drop(tx.send(event));
    });
    let failed = rx.iter().find_map(|event| match event {
        CaptureEvent::Failed(error) => Some(error),
        _ => None,
    });
    assert_eq!(failed.map(|error| error.code()), Some("unreadable"));
}
