//! The README says what is.

use std::path::PathBuf;

fn read(path: &str) -> String {
    let root = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
    std::fs::read_to_string(root.join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The blocks of a Markdown text in this language.
fn blocks(text: &str, language: &str) -> Vec<String> {
    let open = format!("```{language}\n");
    text.split(&open)
        .skip(1)
        .map(|rest| rest.split("```").next().unwrap_or_default().to_owned())
        .collect()
}

#[test]
fn the_smallest_load_test_is_the_example() {
    assert_eq!(
        blocks(&read("README.md"), "rust"),
        [read("examples/http_get/src/main.rs")]
    );
}

#[test]
fn every_link_leads_somewhere() {
    for page in ["README.md", "docs/getting-started.md"] {
        let folder = PathBuf::from(page).parent().unwrap().to_owned();
        for link in read(page).split("](").skip(1) {
            let link = link.split(')').next().unwrap_or_default();
            if !link.starts_with("http") {
                let target = folder.join(link);
                read(target.to_str().unwrap());
            }
        }
    }
}
