//! `--report FORMAT=FILE`: where else the summary goes, and in which form.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use heavy_report::{ReportFormat, Style};
use heavy_results::summary::Summary;

use super::Error;
use super::output::{print_text, say};

/// A report that is written when the job has ended. Text form: `FORMAT=FILE`, such as
/// `html=report.html`; `-` is stdout.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportFile {
    format: ReportFormat,
    file: PathBuf,
}

impl FromStr for ReportFile {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let expected = "expected FORMAT=FILE, such as json=report.json";
        let (format, file) = match text.split_once('=') {
            Some((_, "")) => return Err(format!("missing file in `{text}`: {expected}")),
            Some(parts) => parts,
            None => return Err(format!("invalid report `{text}`: {expected}")),
        };
        Ok(Self {
            format: format.parse()?,
            file: PathBuf::from(file),
        })
    }
}

impl ReportFile {
    /// JSON on stdout.
    #[must_use]
    pub fn json_on_stdout() -> Self {
        Self {
            format: ReportFormat::Json,
            file: PathBuf::from("-"),
        }
    }

    /// The reports to write when a job has ended, JSON on stdout among them if `json`; all can be written, as far as that
    /// shows before there is anything to write.
    ///
    /// # Errors
    /// When the directory of a file does not exist.
    pub fn checked(reports: &[Self], json: bool) -> Result<Vec<Self>, Error> {
        let all: Vec<Self> = reports
            .iter()
            .cloned()
            .chain(json.then(Self::json_on_stdout))
            .collect();
        all.iter().try_for_each(Self::check)?;
        Ok(all)
    }

    /// Whether the report is written to stdout.
    #[must_use]
    pub fn is_stdout(&self) -> bool {
        self.file.as_os_str() == "-"
    }

    /// Whether it can be written, as far as that shows before there is anything to write.
    pub fn check(&self) -> Result<(), Error> {
        let directory = self
            .file
            .parent()
            .filter(|directory| !directory.as_os_str().is_empty());
        if self.is_stdout() || directory.is_none_or(Path::is_dir) {
            return Ok(());
        }
        Err(Error::Usage(format!(
            "cannot write the report {}: its directory does not exist",
            self.file.display()
        )))
    }

    /// Writes all reports, those on stdout first. What cannot be written is an error on stderr that names the file, and hinders
    /// no other report. Returns whether all were written.
    #[must_use]
    pub fn write_all(reports: &[Self], summary: &Summary) -> bool {
        let (stdout, files): (Vec<&Self>, Vec<&Self>) = reports.iter().partition(|report| report.is_stdout());
        let mut all = true;
        for report in stdout.into_iter().chain(files) {
            if let Err(error) = report.write(summary) {
                say(&format!("error: {error}\n"));
                all = false;
            }
        }
        all
    }

    /// Writes the report; a text in a file has every figure, since it need not fit a screen.
    fn write(&self, summary: &Summary) -> Result<(), Error> {
        let style = Style {
            full: true,
            ..Style::default()
        };
        let report = self.format.render(summary, &style);
        if self.is_stdout() {
            return print_text(&report);
        }
        write_private(&self.file, report.as_bytes()).map_err(|problem| Error::File {
            what: "write",
            file: self.file.clone(),
            problem,
        })
    }
}

/// Writes a file that its owner alone may read: URLs and errors in it can hold what is not for everybody.
fn write_private(file: &Path, content: &[u8]) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600);
    options.open(file)?.write_all(content)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn a_report_is_a_format_and_a_file() {
        for format in ["text", "json", "csv", "junit", "markdown", "md", "html"] {
            assert!(format!("{format}=x").parse::<ReportFile>().is_ok(), "{format}");
        }
        assert!(
            "-=-"
                .parse::<ReportFile>()
                .unwrap_err()
                .contains("unknown report format")
        );
        assert!("html".parse::<ReportFile>().unwrap_err().contains("FORMAT=FILE"));
        assert!("csv=-".parse::<ReportFile>().unwrap().is_stdout());
    }

    #[test]
    fn reports_are_private() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("report.json");
        write_private(&file, b"{}").unwrap();
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(std::fs::read(&file).unwrap(), b"{}");
    }
}
