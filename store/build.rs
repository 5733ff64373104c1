//! Lists the migrations, so that a new one is only a file for each database.

use std::error::Error;
use std::fmt::Write;
use std::path::Path;
use std::{env, fs};

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed=migrations");
    let mut code = String::new();
    for database in ["sqlite", "postgres"] {
        writeln!(
            code,
            "pub(crate) const {}: &[Version] = &[",
            database.to_uppercase()
        )?;
        let directory = Path::new(&env::var("CARGO_MANIFEST_DIR")?)
            .join("migrations")
            .join(database);
        println!("cargo:rerun-if-changed={}", directory.display());
        let mut files = Vec::new();
        for entry in fs::read_dir(directory)? {
            let path = entry?.path();
            if path.extension().is_some_and(|extension| extension == "sql") {
                files.push(path);
            }
        }
        files.sort();
        for file in files {
            let stem = file
                .file_stem()
                .and_then(|stem| stem.to_str())
                .unwrap_or_default();
            let (number, name) = stem
                .split_once('_')
                .ok_or("a migration is named NUMBER_NAME.sql")?;
            let number: i64 = number.parse()?;
            writeln!(code, "    ({number}, {name:?}, include_str!({file:?})),")?;
        }
        writeln!(code, "];")?;
    }
    fs::write(Path::new(&env::var("OUT_DIR")?).join("migrations.rs"), code)?;
    Ok(())
}
