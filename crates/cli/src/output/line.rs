//! The last gate before a terminal: whatever is shown to people is a list of [`Line`]s, and becomes text here.
//!
//! A line's text comes from anywhere. No control character of it gets through: how something looks is said by marks that
//! only this program makes, and a line ends where the list says so. A line that is too long goes on indented, so that nobody
//! else's words ever stand at the beginning of one.

use std::fmt::{self, Display};

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::text::{END_MARK, FIRST_MARK, FSI, PDI, is_hidden, is_mark};

/// What goes on from the line before stands so far in, unless the line says otherwise.
const USUAL_INDENT: usize = 2;

/// One line for a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    text: String,
    /// Where it goes on when it is too long, in columns.
    indent: usize,
}

impl Line {
    /// A line that goes on at this column.
    pub(super) fn hanging(text: String, indent: usize) -> Line {
        Line { text, indent }
    }
}

impl<S: Into<String>> From<S> for Line {
    fn from(text: S) -> Line {
        Line::hanging(text.into(), USUAL_INDENT)
    }
}

/// How something looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Style {
    Bold,
    Dim,
    /// Something went wrong.
    Bad,
    /// Something was done.
    Good,
    /// We.
    Me,
    /// Another person.
    Person,
    Tcp,
    Udp,
}

impl Style {
    const ALL: [Style; 8] = [
        Style::Bold,
        Style::Dim,
        Style::Bad,
        Style::Good,
        Style::Me,
        Style::Person,
        Style::Tcp,
        Style::Udp,
    ];

    /// `words` in this style.
    pub(super) fn of<W: Display>(self, words: W) -> Styled<W> {
        Styled(self, words)
    }

    /// The parameters of SGR (ECMA-48, 8.3.117).
    fn parameters(self) -> &'static str {
        match self {
            Style::Bold => "1",
            Style::Dim => "2",
            Style::Bad => "31",
            Style::Good => "32",
            Style::Me => "32;1",
            Style::Person => "36;1",
            Style::Tcp => "34",
            Style::Udp => "35",
        }
    }

    fn mark(self) -> char {
        // The variants are counted from 0, and there are fewer than marks.
        char::from_u32(u32::from(FIRST_MARK) + self as u32).unwrap_or(END_MARK)
    }

    fn marked_by(c: char) -> Option<Style> {
        Style::ALL.into_iter().find(|style| style.mark() == c)
    }
}

/// Words with their style.
pub(super) struct Styled<W>(Style, W);

impl<W: Display> Display for Styled<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}{END_MARK}", self.0.mark(), self.1)
    }
}

/// What a terminal can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Look {
    /// How wide it is; `None` when that is not known, or it is none.
    pub(super) columns: Option<usize>,
    pub(super) colours: bool,
}

/// The lines as a terminal is given them, without a line end at the end.
pub(super) fn render(lines: &[Line], look: Look) -> String {
    let rendered: Vec<String> = lines.iter().map(|line| render_line(line, look)).collect();
    rendered.join("\n")
}

fn render_line(line: &Line, look: Look) -> String {
    let text: Vec<char> = line.text.chars().filter_map(let_through).collect();
    let mut out = String::with_capacity(line.text.len());
    let mut is_isolated = false;
    for (number, piece) in wrapped(&text, line.indent, look.columns).into_iter().enumerate() {
        if number > 0 {
            // The end of a line ends isolates, too.
            out.extend(is_isolated.then_some(PDI));
            out.push('\n');
            out.extend(std::iter::repeat_n(' ', piece.indent));
            out.extend(is_isolated.then_some(FSI));
        }
        for &c in piece.text {
            match Style::marked_by(c) {
                Some(style) if look.colours => out.extend(["\x1b[", style.parameters(), "m"]),
                None if c == END_MARK && look.colours => out.push_str("\x1b[0m"),
                _ if is_mark(c) => {}
                _ => {
                    match c {
                        FSI => is_isolated = true,
                        PDI => is_isolated = false,
                        _ => {}
                    }
                    out.push(c);
                }
            }
        }
    }
    out
}

/// What may stand in a line.
fn let_through(c: char) -> Option<char> {
    match c {
        FSI | PDI => Some(c),
        '\n' | '\r' | '\t' | '\u{2028}' | '\u{2029}' => Some(' '),
        c if is_mark(c) => Some(c),
        c => (!is_hidden(c)).then_some(c),
    }
}

struct Piece<'a> {
    indent: usize,
    text: &'a [char],
}

/// `text` in pieces that fit, cut at spaces where there are any.
fn wrapped(text: &[char], indent: usize, columns: Option<usize>) -> Vec<Piece<'_>> {
    // Some terminals begin a line as soon as one is full.
    let limit = columns.map_or(usize::MAX, |columns| columns.saturating_sub(1).max(1));
    let indent = indent.min(limit / 2);
    // The rule under a table's headings, which is ours, is as wide as the headings.
    let is_rule = text.iter().all(|c| matches!(c, '─' | ' '));
    let widest = |c: char| {
        if is_rule {
            c.width().unwrap_or(0)
        } else {
            widest(c)
        }
    };
    let mut pieces = Vec::new();
    let (mut begin, mut column, mut space) = (0, 0, None);
    for (at, &c) in text.iter().enumerate() {
        let width = widest(c);
        if column + width > limit && width > 0 && at > begin {
            let moved = |from: usize| indent + text[from..at].iter().copied().map(&widest).sum::<usize>();
            let cut = space
                .filter(|space| c != ' ' && moved(*space) + width <= limit)
                .unwrap_or(at);
            pieces.push(&text[begin..cut]);
            (begin, column, space) = (cut, moved(cut), None);
        }
        column = column.saturating_add(width);
        if c == ' ' {
            space = Some(at + 1);
        }
    }
    pieces.push(&text[begin..]);
    let indents = std::iter::once(0).chain(std::iter::repeat(indent));
    let pieces = pieces.into_iter().zip(indents);
    pieces.map(|(text, indent)| Piece { indent, text }).collect()
}

/// How many columns a character takes at the most: terminals differ over those of East Asian and of emoji width.
fn widest(c: char) -> usize {
    match c {
        _ if is_mark(c) => 0,
        // Asks for the emoji, which is wide, of the character before.
        '\u{fe0f}' => 1,
        c => c.width_cjk().unwrap_or(0),
    }
}

/// How many columns a text takes in a table.
pub(super) fn width(text: &str) -> usize {
    let shown: String = text.chars().filter(|c| !is_mark(*c)).collect();
    shown.width()
}

/// JSON in which no character is one that a terminal obeys: those stand escaped, which means the same.
pub(super) fn escaped(json: &str) -> String {
    use std::fmt::Write as _;

    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        if !is_hidden(c) {
            out.push(c);
            continue;
        }
        for unit in c.encode_utf16(&mut [0; 2]) {
            let _ = write!(out, "\\u{unit:04x}");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::Text;

    const PLAIN: Look = Look {
        columns: None,
        colours: false,
    };

    fn narrow(columns: usize) -> Look {
        Look {
            columns: Some(columns),
            ..PLAIN
        }
    }

    #[test]
    fn no_control_character_gets_through_but_our_own_styles() {
        let every: String = (0..=0x10_ffff).filter_map(char::from_u32).collect();
        let shown = render(&[every.as_str().into()], PLAIN);
        assert!(!shown.chars().any(char::is_control));
        assert!(!shown.contains(['\u{2028}', '\u{2029}', '\u{202e}', '\u{200b}']));
        let look = Look {
            colours: true,
            ..PLAIN
        };
        let line = format!(
            "{} and \x1b[31mred\x1b[0m",
            Style::Person.of(Text::from("Ben\x1b[5m"))
        );
        assert_eq!(
            render(&[line.into()], look),
            "\x1b[36;1mBen[5m\x1b[0m and [31mred[0m"
        );
    }

    #[test]
    fn others_cannot_say_how_they_look() {
        let every_mark: String = (FIRST_MARK..=END_MARK).collect();
        let look = Look {
            colours: true,
            ..PLAIN
        };
        assert_eq!(render(&[Text::from(every_mark).to_string().into()], look), "");
    }

    #[test]
    fn a_line_ends_only_where_the_list_says_so() {
        let lines = ["a\nb\r\nc\u{2029}d".into(), "e".into()];
        assert_eq!(render(&lines, PLAIN), "a b  c d\ne");
    }

    /// At any width and with anything in it, whatever goes on stands in, and nothing is wider than the terminal.
    #[test]
    fn what_is_too_long_goes_on_under_its_column() {
        let texts = [
            format!(
                "07:57    Eve (10.0.0.9:1)  {}07:57    Ada (10.0.0.1:27182)  run: it",
                " ".repeat(60)
            ),
            format!("07:57    Eve (10.0.0.9:1)  {}", "字".repeat(90)),
            format!("07:57    Eve (10.0.0.9:1)  {}", "e\u{301}\u{302}".repeat(90)),
            format!(
                "07:57    Eve (10.0.0.9:1)  {}",
                "❤\u{fe0f}·👩\u{200d}🔬".repeat(40)
            ),
            format!("07:57    {}", Text::from("דנה ".repeat(40))),
        ];
        for text in texts {
            for columns in 4..120 {
                let shown = render(&[Line::hanging(text.clone(), 9)], narrow(columns));
                for (number, piece) in shown.split('\n').enumerate() {
                    assert!(piece.width() < columns.max(6), "{columns}: {piece:?}");
                    assert!(number == 0 || piece.starts_with(' '), "{columns}: {piece:?}");
                    let count = |wanted: char| piece.chars().filter(|c| *c == wanted).count();
                    assert_eq!(count(FSI), count(PDI), "{columns}: {piece:?}");
                    if columns > 20 && number > 0 {
                        assert!(piece.starts_with(&" ".repeat(9)), "{columns}: {piece:?}");
                    }
                }
                let kept = |text: &str| {
                    text.chars()
                        .filter(|c| !matches!(*c, ' ' | '\n' | FSI | PDI))
                        .collect::<String>()
                };
                assert_eq!(kept(&shown), kept(&text), "{columns}");
            }
        }
    }

    #[test]
    fn words_stay_whole_where_they_can() {
        let rule = "──  ────";
        assert_eq!(render(&[rule.into()], narrow(10)), rule);
        let line = Line::hanging("one two three".into(), 2);
        assert_eq!(
            render(std::slice::from_ref(&line), narrow(9)),
            "one two \n  three"
        );
        assert_eq!(render(&[line], PLAIN), "one two three");
    }

    #[test]
    fn json_is_escaped_and_means_the_same() {
        let every: String = (0..=0x10_ffff).filter_map(char::from_u32).collect();
        let json = escaped(&serde_json::to_string(&every).unwrap());
        assert!(!json.chars().any(|c| c.is_control() || is_hidden(c)));
        assert_eq!(serde_json::from_str::<String>(&json).unwrap(), every);
    }
}
