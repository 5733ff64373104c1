//! Files of variables, read. Their values are often secrets, so that no error quotes a line.

use std::collections::BTreeMap;
use std::path::Path;

use heavy_load::env;

use super::Error;
use super::plan::read;

/// Reads a file of `KEY=VALUE` lines; `-` is stdin.
///
/// # Errors
/// When it cannot be read, or a line is none; the error has the line's number, and not what is in it.
pub fn env_file(file: &Path) -> Result<BTreeMap<String, String>, Error> {
    env::parse(&read(file)?).map_err(|number| {
        Error::Usage(format!(
            "{}:{number}: this line is no KEY=VALUE (comments begin with #)",
            file.display()
        ))
    })
}
