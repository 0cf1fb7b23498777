use super::line::width;

/// Columns of text under their headings. Words stand left, numbers right; Chinese characters count as wide as they are.
pub(crate) struct Table {
    headings: Vec<&'static str>,
    rows: Vec<Vec<String>>,
    /// `l` for a column of words, `r` for one of numbers.
    sides: &'static str,
}

impl Table {
    /// A table with these headings; for each column `l` when it holds words, `r` when it holds numbers.
    pub(crate) fn new(sides: &'static str, headings: &[&'static str]) -> Table {
        Table {
            headings: headings.to_vec(),
            rows: Vec::new(),
            sides,
        }
    }

    /// One more row; missing cells are empty, and those without a heading are not shown.
    pub(crate) fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(cells.into_iter().collect());
    }

    /// The table's lines.
    pub(crate) fn render(&self) -> Vec<String> {
        let cell = |row: &[String], column: usize| row.get(column).cloned().unwrap_or_default();
        let width_of = |column: usize| {
            let cells = self.rows.iter().map(|row| width(&cell(row, column)));
            cells.chain([width(self.headings[column])]).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..self.headings.len()).map(width_of).collect();
        let line = |cells: &dyn Fn(usize) -> String| {
            let padded = widths.iter().enumerate().map(|(column, widest)| {
                let is_number = self.sides.as_bytes().get(column) == Some(&b'r');
                let cell = cells(column);
                let space = " ".repeat(widest.saturating_sub(width(&cell)));
                if is_number { space + &cell } else { cell + &space }
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
        [heading, rule].into_iter().chain(rows).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_whatever_is_in_them() {
        let mut table = Table::new("lr", &["name", "frames"]);
        table.row(["Ben".to_owned(), "7".to_owned()]);
        table.row(["陈丽".to_owned(), "1,204".to_owned()]);
        table.row(["a".to_owned()]);
        let expected = "name  frames\n────  ──────\nBen        7\n陈丽   1,204\na";
        assert_eq!(table.render().join("\n"), expected);
    }
}
