//! Words from strangers: names of files and people, texts, fingerprints.

use std::str::FromStr;

use netcore_proto::chat::{MAX_TEXT_BYTES, sanitized_text};
use netcore_proto::files::{MAX_FILE_NAME_BYTES, safe_name};
use netcore_proto::session::{Fingerprint, MAX_ABOUT_CHARS, MAX_NAME_CHARS, Profile};
use netcore_proto::video::{SourceKind, StreamDescription};

pub(crate) fn run(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    file_name(&text);
    if let Ok(clean) = sanitized_text(&text) {
        assert!(!clean.is_empty() && clean.len() <= MAX_TEXT_BYTES);
        assert_eq!(
            sanitized_text(&clean).as_ref(),
            Ok(&clean),
            "what is sanitized does not change"
        );
    }
    let mut parts = text.splitn(4, '\n').map(str::to_owned);
    let mut part = || parts.next().unwrap_or_default();
    let profile = Profile {
        name: part(),
        about: part(),
        colour: part(),
        device: part(),
    }
    .sanitized();
    assert!((1..=MAX_NAME_CHARS).contains(&profile.name.chars().count()));
    assert!(profile.about.chars().count() <= MAX_ABOUT_CHARS);
    assert!(profile.device.chars().count() <= MAX_NAME_CHARS);
    assert_eq!(profile.colour.len(), 7);
    assert_eq!(profile.sanitized(), profile, "what is sanitized does not change");
    if let Ok(fingerprint) = Fingerprint::from_str(&text) {
        assert!(fingerprint.to_string().eq_ignore_ascii_case(&text));
    }
    let spec = StreamDescription {
        source: SourceKind::Camera,
        title: text.clone().into_owned(),
        width: 1,
        height: 1,
        rate: text.parse().unwrap_or(f32::NAN),
        transport: text.parse().unwrap_or_default(),
    }
    .sanitized();
    assert!(spec.title.chars().count() <= 100 && (0.0..=1_000.0).contains(&spec.rate));
}

fn file_name(text: &str) {
    let name = safe_name(text);
    assert!((1..=MAX_FILE_NAME_BYTES).contains(&name.len()), "{name:?}");
    let is_bad = |c: char| c.is_control() || "/\\<>:\"|?*".contains(c);
    assert!(!name.contains(is_bad), "{name:?}");
    let is_trimmed_by_windows = |c: char| c == '.' || c.is_whitespace();
    assert!(
        !name.starts_with(is_trimmed_by_windows) && !name.ends_with(is_trimmed_by_windows),
        "{name:?}"
    );
    assert_eq!(safe_name(&name), name, "once safe, always safe");
}
