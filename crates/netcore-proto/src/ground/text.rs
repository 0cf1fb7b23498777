//! Making text fit to show: what a person cannot see, and what would turn or cover the text around it, goes.
//!
//! Every string of every message passes through here where it is decoded ([`Received`](crate::wire::Received)), and every
//! string of our own before it is sent. What is sanitized already does not change.

use unicode_properties::{GeneralCategory, UnicodeGeneralCategory};

/// A name has at most this many marks over or under one character: more would cover the lines around it.
const MAX_MARKS_IN_NAME: usize = 2;
/// The same for longer texts, where scholarly Hebrew or Tibetan may want more.
const MAX_MARKS_IN_TEXT: usize = 8;

/// A person's or a room's name: one line in which everything can be seen, white space is single spaces, and at most
/// [`MAX_MARKS_IN_NAME`] marks combine with a character (after RFC 8266, nicknames). It may be empty.
pub(crate) fn name(text: &str, max_chars: usize) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    let visible = words
        .join(" ")
        .chars()
        .filter(|c| !is_invisible(*c))
        .collect::<String>();
    // A word of nothing visible leaves its spaces behind.
    let spaced: Vec<&str> = visible.split_whitespace().collect();
    cut(&limit_marks(&spaced.join(" "), MAX_MARKS_IN_NAME), max_chars)
}

/// Words on one line, at most `max_chars` long: white space is spaces; characters that control a terminal or turn text round
/// are gone.
pub(crate) fn line(text: &str, max_chars: usize) -> String {
    let kept: String = text
        .chars()
        .map(|c| if c.is_whitespace() { ' ' } else { c })
        .filter(|c| !is_harmful(*c))
        .collect();
    cut(&limit_marks(&kept, MAX_MARKS_IN_TEXT), max_chars)
}

/// Words on any number of lines, which end in `\n`; tabs stay.
pub(crate) fn lines(text: &str) -> String {
    let kept: String = text
        .replace("\r\n", "\n")
        .chars()
        .map(|c| if is_line_end(c) { '\n' } else { c })
        .filter(|c| matches!(c, '\n' | '\t') || !is_harmful(*c))
        .collect();
    limit_marks(&kept, MAX_MARKS_IN_TEXT)
}

/// Whether a person would see anything of it.
pub(crate) fn has_something_visible(text: &str) -> bool {
    text.chars().any(|c| !c.is_whitespace() && !is_invisible(c))
}

/// Equal for names that a person takes for the same (UTS #39, section 4, and letter case).
pub(crate) fn likeness(name: &str) -> String {
    let skeleton = |text: &str| unicode_security::skeleton(text).collect::<String>();
    // Twice, since what looks like a capital letter may have a small one that looks like another.
    let likeness = skeleton(&skeleton(name).to_lowercase());
    likeness.chars().filter(|c| !c.is_whitespace()).collect()
}

/// The first `max_chars` characters, without white space at either end.
fn cut(text: &str, max_chars: usize) -> String {
    let cut: String = text.trim().chars().take(max_chars).collect();
    cut.trim_end().to_owned()
}

fn limit_marks(text: &str, most: usize) -> String {
    let mut marks = 0_usize;
    let kept = text.chars().filter(|c| {
        marks = if is_mark(*c) { marks.saturating_add(1) } else { 0 };
        marks <= most
    });
    kept.collect()
}

/// Characters that are drawn over or under the one before.
fn is_mark(c: char) -> bool {
    // None is ASCII, and most of what is said is: no table needs to be searched for it.
    let is_combining = |category| {
        matches!(
            category,
            GeneralCategory::NonspacingMark | GeneralCategory::EnclosingMark
        )
    };
    !c.is_ascii() && is_combining(c.general_category())
}

/// Characters that end a line, in a terminal or by Unicode's rules.
fn is_line_end(c: char) -> bool {
    matches!(c, '\r' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// Characters that a terminal would obey, that turn the text behind them round, or that carry text which nobody sees.
fn is_harmful(c: char) -> bool {
    c.is_control()
        || is_line_end(c)
        || matches!(
            c,
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}'
        )
}

/// Characters of which nothing is seen: controls, format characters, separators of lines, private and unassigned ones, and
/// those letters, marks and symbols that Unicode draws as nothing (default ignorable, and the empty Braille pattern).
pub(crate) fn is_invisible(c: char) -> bool {
    if c.is_ascii() {
        return c.is_control();
    }
    let by_category = matches!(
        c.general_category(),
        GeneralCategory::Control
            | GeneralCategory::Format
            | GeneralCategory::LineSeparator
            | GeneralCategory::ParagraphSeparator
            | GeneralCategory::PrivateUse
            | GeneralCategory::Unassigned
    );
    by_category
        || matches!(
            c,
            '\u{34f}'
                | '\u{115f}'..='\u{1160}'
                | '\u{17b4}'..='\u{17b5}'
                | '\u{180b}'..='\u{180f}'
                | '\u{2800}'
                | '\u{3164}'
                | '\u{fe00}'..='\u{fe0f}'
                | '\u{ffa0}'
                | '\u{1d159}'
                | '\u{e0000}'..='\u{e0fff}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_nothing_invisible_and_few_marks() {
        for (wild, tame) in [
            ("\u{200b}\u{2060}", ""),
            ("\u{2800} \u{3164}\u{ffa0}\u{115f}", ""),
            ("Ben\u{202e}nimda", "Bennimda"),
            ("  Ada \u{200b} Byron\u{a0}", "Ada Byron"),
            ("A\u{e0041}\u{fe0f}\u{200d}da", "Ada"),
            ("a\u{300}\u{301}\u{302}\u{303}b", "a\u{300}\u{301}b"),
            ("陈伟", "陈伟"),
            ("Nguyễn Văn Ánh", "Nguyễn Văn Ánh"),
            ("مريم", "مريم"),
            ("नमस्ते", "नमस्ते"),
            ("x\u{2028}y\u{1b}[31m", "x y[31m"),
        ] {
            assert_eq!(name(wild, 64), tame, "{wild:?}");
        }
        let zalgo = format!("Z{}", "\u{336}".repeat(40));
        assert_eq!(name(&zalgo, 64).chars().count(), 3);
    }

    #[test]
    fn texts_keep_what_people_write() {
        for text in ["🏳️‍🌈 👩🏽‍💻", "می‌خواهم", "שָׁלוֹם", "กั้น", "a\n\tb", "नमस्ते"]
        {
            assert_eq!(lines(text), text);
        }
        assert_eq!(lines("a\u{2028}b\u{85}c\r\nd\re"), "a\nb\nc\nd\ne");
        assert_eq!(lines("\u{2066}in\u{2069}\u{202e}out\u{9b}31m\u{7f}"), "inout31m");
        assert_eq!(line("a\nb\tc\u{2029}d", 9), "a b c d");
    }

    #[test]
    fn sanitizing_twice_changes_nothing() {
        for wild in [
            "a\u{300}\u{301}\u{302}",
            " \u{200b} x \u{202e} ",
            "\u{200d}a\u{200d}",
            "a \u{2800} b",
        ] {
            assert_eq!(name(&name(wild, 3), 3), name(wild, 3), "{wild:?}");
            assert_eq!(line(&line(wild, 3), 3), line(wild, 3), "{wild:?}");
            assert_eq!(lines(&lines(wild)), lines(wild), "{wild:?}");
        }
    }

    #[test]
    fn names_that_look_alike_have_one_likeness() {
        for (one, other) in [
            ("Ada", "Аda"),
            ("ada", "ADA"),
            ("Ada", "A da"),
            ("paypal", "рaypal"),
            ("Ill", "lll"),
        ] {
            assert_eq!(likeness(one), likeness(other), "{one} {other}");
        }
        for (one, other) in [("Ada", "Ben"), ("陈伟", "陈韦"), ("Ada", "Ada (2)")] {
            assert_ne!(likeness(one), likeness(other));
        }
    }

    #[test]
    fn ascii_needs_no_table() {
        for c in (0..=0x7f_u8).map(char::from) {
            let category = c.general_category();
            assert_eq!(is_invisible(c), category == GeneralCategory::Control, "{c:?}");
            assert!(!is_mark(c), "{c:?}");
        }
    }

    #[test]
    fn what_nobody_sees_is_nothing() {
        assert!(!has_something_visible("\u{2800}\u{200b} \n\u{fe0f}"));
        assert!(has_something_visible("\u{200b}."));
    }
}
