/// Something from standard input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Input {
    /// A line, without its end.
    Line(String),
    /// A key that means something by itself: Esc, or one of those asked for.
    Key(char),
    /// Ctrl-C while a line was being typed.
    Interrupt,
    /// There will be no more.
    End,
}

/// Esc, as an [`Input::Key`].
pub(crate) const ESC: char = '\u{1b}';
