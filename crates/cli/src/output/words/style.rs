//! How words for a person look.

use crate::output::line::{Line, Style, Styled};

pub(crate) use ::report::bytes;

pub(super) fn one(line: String) -> Vec<Line> {
    vec![line.into()]
}

/// Bytes a second.
pub(super) fn bytes_per_second(rate: f64) -> String {
    format!("{}/s", bytes(rate.max(0.0) as u64))
}

pub(crate) fn dim(words: &str) -> String {
    Style::Dim.of(words).to_string()
}

pub(super) fn bad(words: &str) -> String {
    Style::Bad.of(words).to_string()
}

pub(super) fn mark() -> Styled<&'static str> {
    Style::Good.of("✓")
}

/// Words from an error as a sentence. Its first word stays as it is: it may be a person's or a file's name.
pub(super) fn sentence(words: &str) -> String {
    let end = if words.is_empty() || words.ends_with(['.', '?', '!']) {
        ""
    } else {
        "."
    };
    format!("{words}{end}")
}
