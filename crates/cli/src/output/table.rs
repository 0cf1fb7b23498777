use console::{Alignment, measure_text_width, pad_str};

/// Columns of text under their headings. Words stand left, numbers right; Chinese characters count as wide as they are.
pub(crate) struct Table {
    headings: Vec<&'static str>,
    rows: Vec<Vec<String>>,
    /// How many columns, from the left, hold words.
    words: usize,
}

impl Table {
    /// A table with these headings, of which the first `words` columns hold words.
    pub(crate) fn new(words: usize, headings: &[&'static str]) -> Table {
        Table {
            headings: headings.to_vec(),
            rows: Vec::new(),
            words,
        }
    }

    /// One more row; missing cells are empty, and those without a heading are not shown.
    pub(crate) fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(cells.into_iter().collect());
    }

    /// The table as lines without a line end at the end.
    pub(crate) fn render(&self) -> String {
        let cell = |row: &[String], column: usize| row.get(column).cloned().unwrap_or_default();
        let width_of = |column: usize| {
            let cells = self.rows.iter().map(|row| measure_text_width(&cell(row, column)));
            cells
                .chain([measure_text_width(self.headings[column])])
                .max()
                .unwrap_or(0)
        };
        let widths: Vec<usize> = (0..self.headings.len()).map(width_of).collect();
        let line = |cells: &dyn Fn(usize) -> String| {
            let padded = widths.iter().enumerate().map(|(column, width)| {
                let side = if column < self.words {
                    Alignment::Left
                } else {
                    Alignment::Right
                };
                pad_str(&cells(column), *width, side, None).into_owned()
            });
            padded.collect::<Vec<_>>().join("  ").trim_end().to_owned()
        };
        let heading = line(&|column| self.headings[column].to_owned());
        let rule = widths
            .iter()
            .map(|width| "─".repeat(*width))
            .collect::<Vec<_>>()
            .join("  ");
        let rows = self.rows.iter().map(|row| line(&|column| cell(row, column)));
        [heading, rule]
            .into_iter()
            .chain(rows)
            .collect::<Vec<_>>()
            .join("\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_whatever_is_in_them() {
        let mut table = Table::new(1, &["name", "frames"]);
        table.row(["Ben".to_owned(), "7".to_owned()]);
        table.row(["陈丽".to_owned(), "1,204".to_owned()]);
        table.row(["a".to_owned()]);
        let expected = "name  frames\n────  ──────\nBen        7\n陈丽   1,204\na";
        assert_eq!(table.render(), expected);
    }
}
