//! Where the home key is.

use std::ffi::OsString;
use std::path::PathBuf;

/// The variable that names the file of the home key.
pub const VARIABLE: &str = "HEAVY_HOME_KEY";

pub(super) fn of_user() -> Option<PathBuf> {
    let var = std::env::var_os;
    path_of(var(VARIABLE), var("XDG_CONFIG_HOME"), var("HOME"))
}

/// The file for these values of [`VARIABLE`], `XDG_CONFIG_HOME` and `HOME`. The last two count only as absolute paths.
fn path_of(
    file: Option<OsString>,
    xdg_config_home: Option<OsString>,
    home: Option<OsString>,
) -> Option<PathBuf> {
    if let Some(file) = file.filter(|file| !file.is_empty()) {
        let file = PathBuf::from(file);
        return Some(std::path::absolute(&file).unwrap_or(file));
    }
    let absolute = |path: Option<OsString>| path.map(PathBuf::from).filter(|path| path.is_absolute());
    absolute(xdg_config_home)
        .or_else(|| Some(absolute(home)?.join(".config")))
        .map(|config| config.join("heavy/home.pem"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_follows_the_environment() {
        let path = |file: Option<&str>, xdg: Option<&str>, home: Option<&str>| {
            let os = |text: Option<&str>| text.map(OsString::from);
            path_of(os(file), os(xdg), os(home))
        };
        let is = |path: &str| Some(PathBuf::from(path));
        assert_eq!(path(Some("/k/a.pem"), Some("/x"), Some("/h")), is("/k/a.pem"));
        assert_eq!(path(Some(""), Some("/x"), Some("/h")), is("/x/heavy/home.pem"));
        assert_eq!(
            path(None, Some("relative"), Some("/h")),
            is("/h/.config/heavy/home.pem")
        );
        assert_eq!(path(None, None, None), None);
        assert!(path(Some("a.pem"), None, None).unwrap().is_absolute());
    }
}
