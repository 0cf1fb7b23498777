//! Text that others wrote, as a terminal may show it.

use std::fmt;
use std::path::Path;

use serde::Serialize;

/// First strong isolate (UAX #9): what follows has a direction of its own and changes nothing around it.
pub(super) const FSI: char = '\u{2068}';
/// The end of an isolate.
pub(super) const PDI: char = '\u{2069}';
/// A tab is as wide as this many spaces: where a tab stop lies depends on what stands before it.
const TAB: &str = "    ";

/// The first of the characters that say how something looks. They are noncharacters (Unicode, 23.7): what others wrote is shown
/// without them, see [`is_hidden`].
pub(super) const FIRST_MARK: char = '\u{fdd0}';
/// The last of them, which ends a style.
pub(super) const END_MARK: char = '\u{fdef}';

/// Whether it says how something looks.
pub(super) fn is_mark(c: char) -> bool {
    (FIRST_MARK..=END_MARK).contains(&c)
}

/// Text that is not this program's own: names, words, paths. In a sentence (`Display`) it is one line, without anything that
/// a terminal obeys, and isolated where it is written from right to left; in JSON it is as it came.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub(crate) struct Text(String);

impl Text {
    /// A path, with a sign in place of what is no Unicode in it.
    pub(crate) fn path(path: &Path) -> Text {
        Text(path.to_string_lossy().into_owned())
    }

    /// Whether there is nothing in it.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Each of its lines as it is shown.
    pub(super) fn lines(&self) -> impl Iterator<Item = String> {
        let text = self.0.replace("\r\n", "\n");
        let lines: Vec<String> = text
            .split(['\n', '\r', '\u{b}', '\u{c}', '\u{85}', '\u{2028}', '\u{2029}'])
            .map(|line| isolated(&clean(line)))
            .collect();
        lines.into_iter()
    }
}

impl<S: Into<String>> From<S> for Text {
    fn from(text: S) -> Text {
        Text(text.into())
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&isolated(&clean(&self.0)))
    }
}

/// `text` as one line without what a terminal obeys or nobody sees.
fn clean(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\t' => shown.push_str(TAB),
            '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}' => shown.push(' '),
            c if is_hidden(c) => {}
            c => shown.push(c),
        }
    }
    shown
}

/// Whether a terminal might obey it, turn text round by it, or show nothing for it. What joins emoji, Persian and Indic
/// letters (U+200C, U+200D) and chooses their look (U+FE00 to U+FE0F) is no such character.
pub(super) fn is_hidden(c: char) -> bool {
    c.is_control()
        || is_mark(c)
        || matches!(c,
            // Soft hyphen, Mongolian vowel separator, zero width space, word joiner and invisible operators, byte order mark.
            '\u{ad}' | '\u{180e}' | '\u{200b}' | '\u{2060}'..='\u{2064}' | '\u{feff}'
            // Marks, embeddings, overrides and isolates of direction; separators of lines and paragraphs.
            | '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2065}'..='\u{206f}'
            // Interlinear annotation, tags.
            | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

/// Isolated where a letter of it is written from right to left; other text turns nothing round.
fn isolated(clean: &str) -> String {
    if clean.chars().any(is_right_to_left) {
        format!("{FSI}{clean}{PDI}")
    } else {
        clean.to_owned()
    }
}

/// The blocks whose letters are R or AL, assigned or not (UAX #9, `DerivedBidiClass.txt`), the Arabic numbers in them included.
fn is_right_to_left(c: char) -> bool {
    matches!(c, '\u{590}'..='\u{8ff}' | '\u{fb1d}'..='\u{fdcf}' | '\u{fdf0}'..='\u{fdff}' | '\u{fe70}'..='\u{feff}'
        | '\u{10800}'..='\u{10fff}' | '\u{1e800}'..='\u{1efff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_text_is_one_line_that_a_terminal_does_not_obey() {
        let text = Text::from("a\u{1b}]52;c;eA==\u{7}b\u{9b}2J\u{7f}\nc\td\u{2028}e\u{202e}f\u{fdd0}");
        assert_eq!(text.to_string(), "a]52;c;eA==b2J c    d ef");
        assert!((0..=0x10_ffff).filter_map(char::from_u32).all(|c| {
            let shown = Text::from(c.to_string()).to_string();
            !shown
                .chars()
                .any(|c| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}'))
        }));
    }

    #[test]
    fn what_is_written_from_right_to_left_is_isolated_and_nothing_else_is() {
        assert_eq!(Text::from("דנה").to_string(), "\u{2068}דנה\u{2069}");
        assert_eq!(Text::from("x\u{2069}דנה").to_string(), "\u{2068}xדנה\u{2069}");
        assert_eq!(
            Text::from("陈丽 👩\u{200d}🔬 é").to_string(),
            "陈丽 👩\u{200d}🔬 é"
        );
    }

    #[test]
    fn the_lines_of_a_text_are_those_that_a_reader_sees() {
        let lines: Vec<String> = Text::from("a\r\nb\rc\u{2029}d\u{85}e").lines().collect();
        assert_eq!(lines, ["a", "b", "c", "d", "e"]);
    }

    #[test]
    fn json_has_the_text_as_it_came() {
        let text = Text::from("a\u{202e}b");
        assert_eq!(serde_json::to_value(&text).unwrap(), "a\u{202e}b");
    }
}
