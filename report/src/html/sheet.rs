//! The page on which a report is written: escaping, sections, tables.

use crate::escape::clip;
use crate::markup::html;
use crate::queries::query;
use uuid::Uuid;

/// Columns of hostile names; the whole name is shown when one points at it.
const NAME: usize = 90;

/// Collects the page.
#[derive(Debug, Default)]
pub(super) struct Sheet {
    html: String,
    sections: usize,
}

/// Cells of a table, as HTML.
pub(super) type Cells = Vec<String>;

/// A column of a table.
#[derive(Debug, Clone, Copy)]
pub(super) enum Head {
    /// Words, at the left.
    Words(&'static str),
    /// Figures, at the right.
    Figures(&'static str),
}

impl Sheet {
    /// Writes HTML.
    pub(super) fn put(&mut self, html: &str) {
        self.html.push_str(html);
    }

    /// A line of HTML.
    pub(super) fn line(&mut self, html: &str) {
        self.html.push_str(html);
        self.html.push('\n');
    }

    /// Begins a section; [`Self::end`] ends it.
    pub(super) fn section(&mut self, title: &str) {
        self.sections += 1;
        let id = self.sections;
        self.line(&format!(
            "<section aria-labelledby=\"h{id}\">\n<h2 id=\"h{id}\">{}</h2>",
            html(title)
        ));
    }

    /// Ends a section.
    pub(super) fn end(&mut self) {
        self.line("</section>");
    }

    /// A note under a table or a chart.
    pub(super) fn note(&mut self, text: &str) {
        self.line(&format!("<p class=\"note\">{}</p>", html(text)));
    }

    /// A table that scrolls by itself when it is wider than the page. The first cell of a row is its head; a row's class
    /// comes with it.
    pub(super) fn table(
        &mut self,
        caption: &str,
        heads: &[Head],
        rows: impl IntoIterator<Item = (&'static str, Cells)>,
    ) {
        let caption = html(caption);
        self.line(&format!(
            "<div class=\"wide\" tabindex=\"0\" role=\"region\" aria-label=\"{caption}\">\n<table>\n<caption>{caption}</caption>\n<thead><tr>"
        ));
        for head in heads {
            let (class, name) = match head {
                Head::Words(name) => ("", name),
                Head::Figures(name) => (" class=\"n\"", name),
            };
            self.put(&format!("<th scope=\"col\"{class}>{}</th>", html(name)));
        }
        self.line("</tr></thead>\n<tbody>");
        for (class, cells) in rows {
            let class = if class.is_empty() {
                String::new()
            } else {
                format!(" class=\"{class}\"")
            };
            self.put(&format!("<tr{class}>"));
            for (place, cell) in cells.iter().enumerate() {
                let figures = matches!(heads.get(place), Some(Head::Figures(_)));
                self.put(match (place, figures) {
                    (0, _) => "<th scope=\"row\">",
                    (_, true) => "<td class=\"n\">",
                    (_, false) => "<td>",
                });
                self.put(cell);
                self.put(if place == 0 { "</th>" } else { "</td>" });
            }
            self.line("</tr>");
        }
        self.line("</tbody>\n</table>\n</div>");
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

    pub(super) fn finish(self) -> String {
        self.html
    }
}

/// A hostile name: cut if it is long, and then whole when one points at it.
pub(super) fn name(text: &str) -> String {
    let short = clip(text, NAME);
    if short.ends_with('…') && !text.ends_with('…') {
        return format!("<span title=\"{}\">{}</span>", html(text), html(&short));
    }
    html(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_names_are_cut_and_told_whole() {
        let long = format!("{}\"<b>", "x".repeat(100));
        assert!(name(&long).starts_with(&format!("<span title=\"{}&quot;&lt;b&gt;\">xxx", "x".repeat(100))));
    }
}
