use super::MAX_FILE_NAME_BYTES;

/// Names Windows gives to devices, whatever their extension (Microsoft, "Naming Files, Paths, and Namespaces").
const DEVICE_NAMES: [&str; 8] = ["con", "prn", "aux", "nul", "conin$", "conout$", "com", "lpt"];

/// A plain file name that is safe to create in a folder on any system, as near to `name` as can be.
///
/// Only what follows the last `/` or `\` counts; characters some system forbids, and those that turn text round so that
/// `exe.jpg` looks like `gpj.exe`, become `_`; device names get a `_` in front; leading and trailing dots and spaces go;
/// the length is at most [`MAX_FILE_NAME_BYTES`], the extension kept.
pub fn safe_name(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let replaced: String = last.chars().map(|c| if is_unsafe(c) { '_' } else { c }).collect();
    let trimmed = replaced.trim_matches(is_trimmed);
    let named = match trimmed {
        "" => "file".to_owned(),
        name if is_device(name) => format!("_{name}"),
        name => name.to_owned(),
    };
    shortened(&named)
}

fn is_unsafe(c: char) -> bool {
    let turns_text_round =
        matches!(c, '\u{200e}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    c.is_control() || matches!(c, '<' | '>' | ':' | '"' | '|' | '?' | '*') || turns_text_round
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

fn shortened(name: &str) -> String {
    if name.len() <= MAX_FILE_NAME_BYTES {
        return name.to_owned();
    }
    // A longer extension than this is not one.
    let extension = name
        .rfind('.')
        .map(|dot| &name[dot..])
        .filter(|extension| extension.len() <= 32)
        .unwrap_or_default();
    let mut end = MAX_FILE_NAME_BYTES - extension.len();
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    // What the cut leaves must not end as no name may.
    let stem = name[..end].trim_end_matches(is_trimmed);
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
        assert_eq!(safe_name("bill\u{202e}gpj.exe"), "bill_gpj.exe");
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
