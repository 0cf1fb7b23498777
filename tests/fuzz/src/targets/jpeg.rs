//! A picture from the network: its markers, and the codec behind them.

use std::cell::RefCell;

use media::Planes;
use media::jpeg::{Decoder, Limits, Orientation, inspect, received, whole_jpeg};

/// Small, so that decoding takes microseconds; what is larger is refused before.
const LIMITS: Limits = Limits {
    max_width: 256,
    max_height: 256,
    max_bytes: 64 * 1024,
};

thread_local! {
    /// One for all pictures, as a viewer has it: a bad one must not spoil those after it.
    static DECODER: RefCell<Option<Decoder>> = RefCell::new(Decoder::new(LIMITS).ok());
}

pub(crate) fn run(bytes: &[u8]) {
    let info = inspect(bytes, &LIMITS);
    if let Ok(info) = &info {
        assert!(
            (1..=LIMITS.max_width).contains(&info.width) && (1..=LIMITS.max_height).contains(&info.height)
        );
        assert!(info.components == 1 || info.components == 3);
        assert!(info.scan_at < bytes.len() && bytes.len() <= LIMITS.max_bytes);
    }
    judge(bytes);
    DECODER.with_borrow_mut(|decoder| {
        let decoder = decoder.as_mut().expect("libjpeg-turbo gives a decoder");
        let rgb = decoder.rgb_within(bytes, 64, 64);
        let mut planes = Planes::new(48, 32);
        let filled = decoder.planes(bytes, &mut planes);
        assert_eq!((planes.width(), planes.height()), (48, 32));
        match (rgb, info) {
            (Ok(rgb), Ok(info)) => {
                let pixels = usize::from(rgb.width) * usize::from(rgb.height);
                assert_eq!(rgb.pixels.len(), 3 * pixels);
                assert!(rgb.width <= info.width && rgb.height <= info.height);
            }
            (Ok(_), Err(error)) => panic!("decoded though {error}"),
            (Err(_), Err(_)) => assert!(filled.is_err()),
            (Err(_), Ok(_)) => {}
        }
    });
}

/// What passes is whole, says the same of itself again, and is no larger than announced; a photo is turned without losing a pixel.
fn judge(bytes: &[u8]) {
    if let Ok((whole, info)) = whole_jpeg(bytes, &LIMITS) {
        assert_eq!(inspect(&whole, &Limits::default()), Ok(info));
        assert!(whole.ends_with(&[0xFF, 0xD9]) && info.has_huffman_tables);
        let again = whole_jpeg(&whole, &Limits::default());
        assert!(again.is_ok_and(|(again, _)| again == whole));
    }
    let announced = (100, 80);
    if let Ok((_, info)) = received(&bytes.to_vec().into(), announced) {
        assert!(info.width <= announced.0 && info.height <= announced.1);
    }
    let (pixels, width, height) = Orientation::of(bytes).upright(vec![7; 3 * 6], 3, 2);
    assert_eq!((pixels.len(), usize::from(width) * usize::from(height)), (18, 6));
}
