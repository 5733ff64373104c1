//! The line editor: completion, and a history file that only its owner can read.

use std::fs::{self, DirBuilder, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use rustyline::completion::Completer;
use rustyline::error::ReadlineError;
use rustyline::highlight::Highlighter;
use rustyline::hint::Hinter;
use rustyline::history::FileHistory;
use rustyline::validate::{ValidationContext, ValidationResult, Validator};
use rustyline::{CompletionType, Config, Context, Helper};

use super::super::complete::Catalogue;
use crate::data_location::DataLocation;
use crate::exit::CommandFailure;
use crate::output;

const HISTORY: &str = "sql_history";
const MOST_REMEMBERED: usize = 1_000;
const PROMPT: &str = "heavy> ";

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Typed {
    /// Whole statements or commands.
    Text(String),
    /// Ctrl-C.
    Interrupted,
    /// Ctrl-D.
    End,
}

/// Where lines come from.
pub(super) struct Editor {
    line: rustyline::Editor<Typing, FileHistory>,
    /// None: it cannot be kept.
    history: Option<PathBuf>,
}

impl Editor {
    /// Takes the terminal, and what was typed in earlier sessions.
    pub(super) fn open(catalogue: Catalogue, data: &DataLocation) -> Result<Self, CommandFailure> {
        let config = Config::builder()
            .max_history_size(MOST_REMEMBERED)
            .and_then(|config| config.history_ignore_dups(true))
            .map_err(failure)?
            .history_ignore_space(true)
            .completion_type(CompletionType::List)
            .completion_show_all_if_ambiguous(true)
            .build();
        let mut line = rustyline::Editor::with_config(config).map_err(failure)?;
        line.set_helper(Some(Typing { catalogue }));
        let history = history_file(data).and_then(|file| {
            if file.exists() {
                let unreadable = |error| {
                    format!(
                        "cannot read the history {}: {error}; remove the file",
                        file.display()
                    )
                };
                line.load_history(&file).map_err(unreadable)?;
            }
            Ok(file)
        });
        let history = history
            .inspect_err(|problem| {
                output::note(&format!("note: no history is kept: {problem}"));
            })
            .ok();
        Ok(Self { line, history })
    }

    pub(super) fn read(&mut self) -> Result<Typed, CommandFailure> {
        match self.line.readline(PROMPT) {
            Ok(text) => Ok(Typed::Text(text)),
            Err(ReadlineError::Interrupted) => Ok(Typed::Interrupted),
            Err(ReadlineError::Eof) => Ok(Typed::End),
            Err(error) => Err(failure(error)),
        }
    }

    /// Keeps what was typed, for this session and later ones, at once: a session may end in many ways.
    pub(super) fn remember(&mut self, text: &str) {
        // A history in memory cannot fail.
        let _ = self.line.add_history_entry(text);
        if let Some(file) = &self.history
            && let Err(error) = self
                .line
                .append_history(file)
                .map_err(io::Error::other)
                .and_then(|()| private(file))
        {
            output::note(&format!("note: the history cannot be written: {error}"));
            self.history = None;
        }
    }
}

fn failure(error: ReadlineError) -> CommandFailure {
    CommandFailure::new(format!("cannot read from the terminal: {error}"))
}

/// The history's path, in a directory that is there.
fn history_file(data: &DataLocation) -> Result<PathBuf, String> {
    let directory = data.data_dir().map_err(|failure| failure.to_string())?;
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(&directory)
        .map_err(|error| format!("cannot create {}: {error}", directory.display()))?;
    Ok(directory.join(HISTORY))
}

fn private(file: &Path) -> io::Result<()> {
    fs::set_permissions(file, Permissions::from_mode(0o600))
}

/// Completion and validation while typing.
struct Typing {
    catalogue: Catalogue,
}

impl Helper for Typing {}
impl Highlighter for Typing {}
impl Hinter for Typing {
    type Hint = String;
}

impl Completer for Typing {
    type Candidate = String;

    fn complete(&self, line: &str, pos: usize, _: &Context<'_>) -> rustyline::Result<(usize, Vec<String>)> {
        Ok(self.catalogue.complete(line, pos))
    }
}

impl Validator for Typing {
    fn validate(&self, context: &mut ValidationContext<'_>) -> rustyline::Result<ValidationResult> {
        Ok(if is_whole(context.input(), &self.catalogue) {
            ValidationResult::Valid(None)
        } else {
            ValidationResult::Incomplete
        })
    }
}

/// Whether the input can run: words that are not SQL, commands, finished statements.
fn is_whole(text: &str, catalogue: &Catalogue) -> bool {
    matches!(text.trim(), "exit" | "quit" | "help") || catalogue.is_whole(text)
}

#[cfg(test)]
mod tests {
    use heavy_store::Dialect;

    use super::*;

    #[test]
    fn a_statement_is_whole_with_its_semicolon() {
        let catalogue = Catalogue {
            dialect: Dialect::Sqlite,
            relations: Vec::new(),
            jobs: Vec::new(),
        };
        for text in [
            "",
            " ",
            "\\d",
            "select 1;",
            "select\n1;\n",
            "quit",
            "select 1; -- done",
        ] {
            assert!(is_whole(text, &catalogue), "{text}");
        }
        for text in ["select 1", "select ';", "select 1; select", "quit it"] {
            assert!(!is_whole(text, &catalogue), "{text}");
        }
    }
}
