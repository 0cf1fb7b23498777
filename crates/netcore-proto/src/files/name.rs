//! File names that are safe on every system: a peer's name becomes a path.

/// The longest file name in bytes, which is what common file systems take.
pub const MAX_FILE_NAME_BYTES: usize = 255;

/// Names Windows gives to devices, whatever their extension (Microsoft, "Naming Files, Paths, and Namespaces").
const DEVICE_NAMES: [&str; 8] = ["con", "prn", "aux", "nul", "conin$", "conout$", "com", "lpt"];

/// The least that a name is shortened to.
const LEAST_BYTES: usize = 16;
/// A longer extension than this is not one.
const MAX_EXTENSION_BYTES: usize = 32;

/// A plain file name that is safe to create in a folder on any system, as near to `name` as can be.
///
/// Only what follows the last `/` or `\` counts; characters some system forbids, and those that turn text round so that
/// `exe.jpg` looks like `gpj.exe`, become `_`; those that cannot be seen go; device names get a `_` in front; leading and
/// trailing dots and spaces go; the length is at most [`MAX_FILE_NAME_BYTES`], the extension kept.
pub fn safe_name(name: &str) -> String {
    safe_name_within(name, MAX_FILE_NAME_BYTES)
}

/// As [`safe_name`], in at most `most` bytes, for a file system that takes less; fewer than 16 count as 16.
pub fn safe_name_within(name: &str, most: usize) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let visible = last.chars().filter(|c| !is_invisible(*c));
    let replaced: String = visible.map(|c| if is_unsafe(c) { '_' } else { c }).collect();
    let trimmed = replaced.trim_matches(is_trimmed);
    let named = match trimmed {
        "" => "file".to_owned(),
        name if is_device(name) => format!("_{name}"),
        name => name.to_owned(),
    };
    shortened(&named, most.max(LEAST_BYTES))
}

fn is_unsafe(c: char) -> bool {
    // The bidirectional controls of Unicode Standard Annex 9, and the separators of lines and paragraphs.
    let turns_text_round = matches!(c,
        '\u{61c}' | '\u{200e}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    c.is_control() || matches!(c, '<' | '>' | ':' | '"' | '|' | '?' | '*') || turns_text_round
}

/// Characters that show nothing, so that two names which look alike differ: the format characters (general category Cf) that do
/// not turn text round, and whatever else Unicode 16 lists as `Default_Ignorable_Code_Point`, among it joiners, fillers, tags
/// and variation selectors, and the blank Braille pattern.
fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{600}'..='\u{605}' | '\u{6dd}' | '\u{70f}' | '\u{890}'..='\u{891}' | '\u{8e2}'
        | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}' | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200d}'
        | '\u{2060}'..='\u{2065}' | '\u{206a}'..='\u{206f}' | '\u{2800}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}'
        | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{110bd}' | '\u{110cd}' | '\u{13430}'..='\u{1343f}'
        | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

fn is_device(name: &str) -> bool {
    let stem = name
        .split('.')
        .next()
        .unwrap_or_default()
        .trim_end()
        .to_lowercase();
    let is_port = |rest: &str| {
        matches!(rest.chars().next(), Some('0'..='9' | '¹' | '²' | '³')) && rest.chars().count() == 1
    };
    DEVICE_NAMES.iter().any(|device| match *device {
        "com" | "lpt" => stem.strip_prefix(device).is_some_and(is_port),
        device => stem == device,
    })
}

fn shortened(name: &str, most: usize) -> String {
    if name.len() <= most {
        return name.to_owned();
    }
    let extension = name
        .rfind('.')
        .map(|dot| &name[dot..])
        .filter(|extension| extension.len() <= MAX_EXTENSION_BYTES.min(most >> 1))
        .unwrap_or_default();
    let (stem, _) = name.split_at(name.floor_char_boundary(most.saturating_sub(extension.len())));
    // What the cut leaves must not end as no name may.
    let stem = stem.trim_end_matches(is_trimmed);
    format!("{stem}{extension}")
}

fn is_trimmed(c: char) -> bool {
    c == '.' || c.is_whitespace()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_leave_the_folder() {
        for (wild, tame) in [
            ("../../etc/passwd", "passwd"),
            ("..\\..\\Windows\\system.ini", "system.ini"),
            ("/etc/shadow", "shadow"),
            ("C:\\boot.ini", "boot.ini"),
            ("C:boot.ini", "C_boot.ini"),
            ("..", "file"),
            ("", "file"),
            ("a/", "file"),
            (".bashrc", "bashrc"),
            ("photo.jpg. . ", "photo.jpg"),
            ("what?\n.txt", "what__.txt"),
        ] {
            assert_eq!(safe_name(wild), tame, "{wild:?}");
        }
    }

    #[test]
    fn devices_are_only_files() {
        for device in ["CON", "nul.txt", "Com1.log", "LPT9", "aux .c", "COM²"] {
            assert!(safe_name(device).starts_with('_'), "{device}");
        }
        for file in ["console.txt", "com10.log", "company.pdf", "null"] {
            assert_eq!(safe_name(file), file);
        }
    }

    #[test]
    fn a_name_cannot_pretend_another_extension() {
        for turns in ['\u{61c}', '\u{200f}', '\u{2029}', '\u{202e}', '\u{2067}'] {
            assert_eq!(
                safe_name(&format!("bill{turns}gpj.exe")),
                "bill_gpj.exe",
                "{turns:?}"
            );
        }
    }

    #[test]
    fn what_cannot_be_seen_is_no_difference_and_hides_nothing() {
        let invisible = "\u{ad}\u{34f}\u{200b}\u{200d}\u{2060}\u{feff}\u{fe0f}\u{e0001}\u{e0041}\u{e0100}\u{180e}\u{3164}";
        for c in invisible.chars() {
            assert_eq!(safe_name(&format!("a{c}.txt{c}")), "a.txt", "{c:?}");
            assert_eq!(safe_name(&format!("CO{c}N")), "_CON", "{c:?}");
            assert_eq!(safe_name(&format!("{c}.{c}.{c}")), "file", "{c:?}");
        }
        // Letters with marks, other scripts and emoji stay.
        for name in ["año.txt", "ผลการทดลอง.pdf", "नतीजे.pdf", "🙂.png", "מבחן.txt"]
        {
            assert_eq!(safe_name(name), name);
        }
    }

    #[test]
    fn a_shorter_name_is_safe_as_well_and_keeps_its_extension() {
        for most in [16, 24, 60, 143] {
            let name = safe_name_within(&format!("{}.pcapng", "实验".repeat(60)), most);
            assert!(name.len() <= most && name.ends_with(".pcapng"), "{name}");
            assert_eq!(safe_name_within(&name, most), name);
        }
    }

    #[test]
    fn a_long_name_keeps_its_extension_and_whole_characters() {
        let name = safe_name(&format!("{}.tar.gz", "字".repeat(200)));
        assert!(name.len() <= MAX_FILE_NAME_BYTES && name.len() > MAX_FILE_NAME_BYTES - 4);
        assert!(name.ends_with("字.gz"));
        assert_eq!(
            safe_name("实验二_抓包数据.pcapng.zip"),
            "实验二_抓包数据.pcapng.zip"
        );
    }

    #[test]
    fn making_safe_twice_changes_nothing() {
        let cut_after_a_dot = format!("{} .{}", "c".repeat(253), "d".repeat(40));
        for name in ["../a", "CON", "x?y", &"b".repeat(400), "..a..", &cut_after_a_dot] {
            let once = safe_name(name);
            assert_eq!(safe_name(&once), once);
        }
    }
}
