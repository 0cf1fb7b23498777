//! Sizes, rates and lengths of time as people type them.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use app::video::EncodingMode;
use netcore::proto::Bitrate;
use netcore::proto::video::WindowMode;

/// A picture size with an optional rate: `1280x720`, `1280x720@30`. 0 means the source's own.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Size {
    pub(crate) width: u16,
    pub(crate) height: u16,
    /// Frames each second; `None` when the text says none.
    pub(crate) rate: Option<f32>,
}

/// The largest picture that JPEG limits here allow, in pixels to a side.
const MAX_SIDE: u16 = 8192;

/// The highest bitrate that can be asked for: ten times what a usual network has.
const MAX_MBIT: f64 = 10_000.0;

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}x{}", self.width, self.height)?;
        self.rate.map_or(Ok(()), |rate| write!(f, "@{rate}"))
    }
}

impl FromStr for Size {
    type Err = String;

    fn from_str(text: &str) -> Result<Size, String> {
        let bad =
            || format!("\"{text}\" is no size: write WIDTHxHEIGHT or WIDTHxHEIGHT@RATE, such as 1280x720@30");
        let (size, rate) = match text.split_once('@') {
            Some((size, rate)) => (size, Some(rate_of(rate)?)),
            None => (text, None),
        };
        let (width, height) = size.split_once(['x', 'X', '×']).ok_or_else(bad)?;
        let side = |text: &str| {
            let side: u16 = text.parse().map_err(|_| bad())?;
            match side {
                16..=MAX_SIDE => Ok(side),
                _ => Err(format!("{side} pixels is not between 16 and {MAX_SIDE}")),
            }
        };
        Ok(Size {
            width: side(width)?,
            height: side(height)?,
            rate,
        })
    }
}

/// Frames each second, more than 0 and at most 1,000.
pub(crate) fn rate_of(text: &str) -> Result<f32, String> {
    match text.parse::<f32>() {
        Ok(rate) if rate > 0.0 && rate <= 1_000.0 => Ok(rate),
        _ => Err(format!(
            "\"{text}\" is no rate: write frames each second, such as 30"
        )),
    }
}

/// A JPEG quality, 1 to 100.
pub(crate) fn quality_of(text: &str) -> Result<u8, String> {
    match text.parse::<u8>() {
        Ok(quality @ 1..=100) => Ok(quality),
        _ => Err(format!("\"{text}\" is no quality: write a number from 1 to 100")),
    }
}

/// What pictures do that follow the network so far, in words.
pub(crate) fn words_of(encoding: EncodingMode) -> String {
    match encoding {
        EncodingMode::UNBOUNDED => "follows what the network takes".to_owned(),
        EncodingMode::Adaptive(Bitrate(0), most) => format!("takes {most} at most"),
        EncodingMode::Adaptive(least, Bitrate(u64::MAX)) => format!("takes {least} at least"),
        EncodingMode::Adaptive(least, most) => format!("takes {least} to {most}"),
        EncodingMode::Fixed => "stays as it is, whatever the network takes".to_owned(),
    }
}

/// An [`EncodingMode`]: `MIN..MAX` in Mbit/s, `auto` or `fixed`.
///
/// # Errors
/// In words for a person.
pub(crate) fn encoding_of(text: &str) -> Result<EncodingMode, String> {
    match text {
        "auto" => Ok(EncodingMode::UNBOUNDED),
        "fixed" => Ok(EncodingMode::Fixed),
        _ => match bitrate_of(text) {
            Ok((least, most)) => Ok(EncodingMode::Adaptive(least, most)),
            Err(error) => Err(format!("{error}; or auto, or fixed")),
        },
    }
}

/// The least and the most Mbit/s, `MIN..MAX`; what is left out is as the network has it.
///
/// # Errors
/// In words for a person.
pub(crate) fn bitrate_of(text: &str) -> Result<(Bitrate, Bitrate), String> {
    let bad = || format!("\"{text}\" are no Mbit/s: write 2..20, 2.. or ..20");
    let bitrate = |text: &str| match text.trim().parse::<f64>() {
        Ok(mbit) if mbit > 0.0 && mbit <= MAX_MBIT => Ok(Bitrate((mbit * 1e6).ceil() as u64)),
        _ => Err(bad()),
    };
    match text.split_once("..").ok_or_else(bad)? {
        ("", "") => Err(bad()),
        (least, "") => Ok((bitrate(least)?, Bitrate(u64::MAX))),
        ("", most) => Ok((Bitrate(0), bitrate(most)?)),
        (least, most) => {
            let (least, most) = (bitrate(least)?, bitrate(most)?);
            if least > most {
                return Err(format!("\"{text}\": the least is above the most"));
            }
            Ok((least, most))
        }
    }
}

/// Seconds, with a fraction if wanted, at most a day.
pub(crate) fn seconds_of(text: &str) -> Result<Duration, String> {
    match text.trim_end_matches('s').parse::<f64>() {
        Ok(seconds) if seconds > 0.0 && seconds <= 86_400.0 => Ok(Duration::from_secs_f64(seconds)),
        _ => Err(format!(
            "\"{text}\" is no length of time: write seconds, such as 10"
        )),
    }
}

/// How many frames may be in flight without an acknowledgement: `adaptive`, or a number; 1 is the classic lab's
/// stop-and-wait.
pub(crate) fn window_of(text: &str) -> Result<WindowMode, String> {
    match (text, text.parse::<u8>()) {
        ("adaptive", _) => Ok(WindowMode::Adaptive),
        (_, Ok(1)) => Ok(WindowMode::StopAndWait),
        (_, Ok(frames @ 2..)) => Ok(WindowMode::Fixed(frames.into())),
        _ => Err(format!(
            "\"{text}\" is no window: write adaptive, or a number of frames from 1 to 255"
        )),
    }
}

/// A source by name; what is the path of a file that exists is that file, without `file:` before it.
pub(crate) fn source_of(text: &str) -> Result<media::SourceId, String> {
    text.parse().or_else(|error: media::SourceIdError| {
        let path = std::path::Path::new(text);
        if path.is_file() {
            Ok(media::SourceId::File(path.to_owned()))
        } else {
            Err(error.to_string())
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_with_and_without_a_rate() {
        let size = |width, height, rate| Size { width, height, rate };
        assert_eq!("1280x720".parse(), Ok(size(1280, 720, None)));
        assert_eq!("640X360@29.97".parse(), Ok(size(640, 360, Some(29.97))));
        assert_eq!("320×180@5".parse(), Ok(size(320, 180, Some(5.0))));
        assert_eq!("1280x720@30".parse::<Size>().unwrap().to_string(), "1280x720@30");
    }

    #[test]
    fn a_bitrate_may_have_a_floor_a_ceiling_or_both() {
        assert_eq!(bitrate_of("0.5..20"), Ok((Bitrate(500_000), Bitrate(20_000_000))));
        assert_eq!(bitrate_of("3.."), Ok((Bitrate(3_000_000), Bitrate(u64::MAX))));
        assert_eq!(bitrate_of("..3"), Ok((Bitrate(0), Bitrate(3_000_000))));
        for bad in ["..", "3", "0..3", "-1..3", "nan..3", "..1e9", "2-3"] {
            assert!(bitrate_of(bad).unwrap_err().contains("2..20"), "{bad}");
        }
        assert!(bitrate_of("5..3").unwrap_err().contains("above the most"));
    }

    #[test]
    fn what_is_no_size_says_what_one_looks_like() {
        for text in [
            "",
            "1280",
            "x",
            "1280x",
            "axb",
            "1280x720@",
            "1280x720@0",
            "1280x720@nan",
            "1x1",
            "60000x60000",
        ] {
            assert!(text.parse::<Size>().is_err(), "{text:?}");
        }
        assert!("720p".parse::<Size>().unwrap_err().contains("1280x720@30"));
    }

    #[test]
    fn qualities_and_seconds_have_limits() {
        assert_eq!(quality_of("100"), Ok(100));
        assert!(quality_of("0").is_err() && quality_of("101").is_err() && quality_of("best").is_err());
        assert_eq!(seconds_of("2.5"), Ok(Duration::from_millis(2_500)));
        assert_eq!(seconds_of("3s"), Ok(Duration::from_secs(3)));
        assert!(seconds_of("-1").is_err() && seconds_of("inf").is_err() && seconds_of("100000").is_err());
    }

    #[test]
    fn pictures_follow_the_network_within_bounds_freely_or_not_at_all() {
        let words = |text: &str| encoding_of(text).map(words_of);
        assert_eq!(words("2..20").as_deref(), Ok("takes 2.0 Mbit/s to 20.0 Mbit/s"));
        assert_eq!(words("..20").as_deref(), Ok("takes 20.0 Mbit/s at most"));
        assert_eq!(words("2..").as_deref(), Ok("takes 2.0 Mbit/s at least"));
        assert_eq!(encoding_of("auto"), Ok(EncodingMode::UNBOUNDED));
        assert_eq!(encoding_of("fixed"), Ok(EncodingMode::Fixed));
        let error = encoding_of("fast").unwrap_err();
        assert!(error.contains("2..20") && error.contains("auto"), "{error}");
    }

    #[test]
    fn a_window_of_one_is_the_classic_labs() {
        assert_eq!(window_of("1"), Ok(WindowMode::StopAndWait));
        assert_eq!(window_of("8"), Ok(WindowMode::Fixed(8)));
        assert_eq!(window_of("adaptive"), Ok(WindowMode::Adaptive));
        assert!(window_of("0").is_err() && window_of("many").is_err());
    }

    #[test]
    fn a_source_is_named_or_is_a_file_that_exists() {
        assert_eq!(source_of("pattern"), Ok(media::SourceId::Pattern));
        let file = tempfile::NamedTempFile::new().unwrap();
        let path = file.path().to_str().unwrap();
        assert_eq!(source_of(path), Ok(media::SourceId::File(path.into())));
        assert!(source_of("/no/such/clip.avi").unwrap_err().contains("file:PATH"));
    }
}
