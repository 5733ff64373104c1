//! The page on which a report is written: escaping, sections, tables.

use crate::clip::clip;
use crate::markup::html;
use crate::queries::query;
use crate::units::count;
use uuid::Uuid;

/// Columns of hostile names; the whole name is shown when one points at it.
const NAME: usize = 90;

#[derive(Debug, Default)]
pub(super) struct Sheet {
    html: String,
    /// The titles of the sections so far.
    sections: Vec<String>,
    /// Where the navigation is, in bytes.
    navigation: Option<usize>,
}

/// A table that scrolls by itself when it is wider than the page: rows of `T` with their classes, and how each column
/// shows one of them. The first cell of a row is its head.
pub(super) struct Table<'a, T> {
    rows: Vec<(&'static str, T)>,
    columns: Vec<TableColumn<'a, T>>,
}

struct TableColumn<'a, T> {
    head: &'static str,
    is_figures: bool,
    cell: CellRenderer<'a, T>,
}

/// From a row to HTML.
type CellRenderer<'a, T> = Box<dyn Fn(&T) -> String + 'a>;

impl<'a, T> Table<'a, T> {
    pub(super) fn new(rows: impl IntoIterator<Item = T>) -> Self {
        Self::with_classes(rows.into_iter().map(|row| ("", row)))
    }

    pub(super) fn with_classes(rows: impl IntoIterator<Item = (&'static str, T)>) -> Self {
        Self {
            rows: rows.into_iter().collect(),
            columns: Vec::new(),
        }
    }

    /// Adds a column of words, at the left.
    pub(super) fn words(self, head: &'static str, cell: impl Fn(&T) -> String + 'a) -> Self {
        self.column(head, false, Box::new(cell))
    }

    /// Adds a column of figures, at the right.
    pub(super) fn figures(self, head: &'static str, cell: impl Fn(&T) -> String + 'a) -> Self {
        self.column(head, true, Box::new(cell))
    }

    fn column(mut self, head: &'static str, is_figures: bool, cell: CellRenderer<'a, T>) -> Self {
        self.columns.push(TableColumn {
            head,
            is_figures,
            cell,
        });
        self
    }

    pub(super) fn write(&self, sheet: &mut Sheet, caption: &str) {
        let caption = html(caption);
        sheet.line(&format!(
            "<div class=\"wide\" tabindex=\"0\" role=\"region\" aria-label=\"{caption}\">\n<table>\n<caption>{caption}</caption>\n<thead><tr>"
        ));
        for column in &self.columns {
            let class = if column.is_figures { " class=\"n\"" } else { "" };
            sheet.put(&format!("<th scope=\"col\"{class}>{}</th>", html(column.head)));
        }
        sheet.line("</tr></thead>\n<tbody>");
        for (class, row) in &self.rows {
            sheet.put(&match *class {
                "" => "<tr>".to_owned(),
                class => format!("<tr class=\"{class}\">"),
            });
            for (place, column) in self.columns.iter().enumerate() {
                let cell = (column.cell)(row);
                sheet.put(&match (place, column.is_figures) {
                    (0, _) => format!("<th scope=\"row\">{cell}</th>"),
                    (_, true) => format!("<td class=\"n\">{cell}</td>"),
                    (_, false) => format!("<td>{cell}</td>"),
                });
            }
            sheet.line("</tr>");
        }
        sheet.line("</tbody>\n</table>\n</div>");
    }
}

impl Sheet {
    pub(super) fn put(&mut self, html: &str) {
        self.html.push_str(html);
    }

    pub(super) fn line(&mut self, html: &str) {
        self.html.push_str(html);
        self.html.push('\n');
    }

    /// Begins a section; [`Self::end`] or [`Self::end_with_sql`] ends it.
    pub(super) fn section(&mut self, title: &str) {
        self.sections.push(title.to_owned());
        let id = self.sections.len();
        self.line(&format!(
            "<section aria-labelledby=\"h{id}\">\n<h2 id=\"h{id}\">{}</h2>",
            html(title)
        ));
    }

    /// Ends a section with the SQL behind one of its tables.
    pub(super) fn end_with_sql(&mut self, job: Uuid, title: &str) {
        self.sql(job, title);
        self.end();
    }

    pub(super) fn end(&mut self) {
        self.line("</section>");
    }

    /// A note under a table or a chart.
    pub(super) fn note(&mut self, text: &str) {
        self.line(&format!("<p class=\"note\">{}</p>", html(text)));
    }

    /// The SQL behind a table.
    pub(super) fn sql(&mut self, job: Uuid, title: &str) {
        if let Some(sql) = query(job, title) {
            self.line(&format!(
                "<details class=\"sql\"><summary>SQL: {}</summary><pre tabindex=\"0\">{}</pre></details>",
                html(title),
                sql.lines().map(html).collect::<Vec<_>>().join("\n")
            ));
        }
    }

    /// Here is the navigation, to all sections that follow.
    pub(super) fn navigation(&mut self) {
        self.navigation = Some(self.html.len());
    }

    pub(super) fn finish(mut self) -> String {
        if let Some(place) = self.navigation {
            let mut nav = "<nav aria-label=\"Sections\">\n".to_owned();
            for (id, title) in (1..).zip(&self.sections) {
                nav.push_str(&format!("<a href=\"#h{id}\">{}</a>\n", html(title)));
            }
            nav.push_str("</nav>\n");
            self.html.insert_str(place, &nav);
        }
        self.html
    }
}

/// A count of what should not be, which stands out unless it is 0.
pub(super) fn bad(n: u64) -> String {
    match n {
        0 => count(n),
        n => format!("<b class=\"bad\">{}</b>", count(n)),
    }
}

/// A hostile name: cut if it is long, and then whole when one points at it.
pub(super) fn name(text: &str) -> String {
    let whole = html(text);
    let short = html(&clip(text, NAME));
    if short == whole {
        whole
    } else {
        format!("<span title=\"{whole}\">{short}</span>")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_names_are_cut_and_told_whole() {
        let long = format!("{}\"<b>", "x".repeat(100));
        assert!(name(&long).starts_with(&format!("<span title=\"{}&quot;&lt;b&gt;\">xxx", "x".repeat(100))));
        let own_ellipsis = format!("{}…", "x".repeat(5_000));
        assert!(name(&own_ellipsis).ends_with(&format!("\">{}…</span>", "x".repeat(89))));
        assert_eq!(name("a…"), "a…");
    }
}
