//! Y4M.

use super::*;

#[test]
fn a_y4m_is_played() {
    let mut bytes = b"YUV4MPEG2 W160 H90 F50:1 C420jpeg XCOLORRANGE=FULL\n".to_vec();
    for number in 0..6 {
        let mut planes = Planes::new(160, 90);
        pattern::draw(&mut planes, number, Time::ZERO);
        bytes.extend_from_slice(b"FRAME\n");
        bytes.extend_from_slice(planes.bytes());
    }
    let (_dir, path) = file("clip.y4m", &bytes);
    assert_eq!(
        play(&path, 0.0),
        ((0..6).map(Some).collect(), Some(CaptureEvent::Ended))
    );
}
