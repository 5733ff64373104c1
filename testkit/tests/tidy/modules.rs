//! The modules of a crate, read from its sources as text: what each file defines, imports, and names by path.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// A module path below the crate's root.
pub(crate) type Module = Vec<String>;

/// One source file, which is one module.
#[derive(Debug, Default)]
pub(crate) struct File {
    /// Where it is, from the workspace's root.
    pub(crate) path: PathBuf,
    /// Items that stand in it.
    items: BTreeSet<String>,
    /// Files that it declares as child modules.
    children: BTreeSet<String>,
    /// What it imports.
    imports: Vec<Import>,
    /// Paths that its code names, imports aside.
    named: Vec<Vec<String>>,
}

#[derive(Debug)]
struct Import {
    path: Vec<String>,
    /// The name in this file; `*` for all names.
    alias: String,
    /// It only hands the name on to others.
    is_reexport: bool,
}

/// The files of one crate by module.
#[derive(Debug, Default)]
pub(crate) struct Crate {
    files: BTreeMap<Module, File>,
}

impl Crate {
    /// Reads the crate in `folder`, tests aside.
    pub(crate) fn read(workspace: &Path, folder: &str) -> Self {
        let mut found = Self::default();
        let source = workspace.join(folder).join("src");
        let root = ["lib.rs", "main.rs"].map(|name| source.join(name));
        let root = root
            .into_iter()
            .find(|file| file.is_file())
            .expect("a crate has a root");
        found.add(workspace, &root, &source, Vec::new());
        found
    }

    /// Reads a file and its child modules, which are in `folder`.
    fn add(&mut self, workspace: &Path, path: &Path, folder: &Path, module: Module) {
        let text = fs::read_to_string(path).expect("a declared module has a file");
        let mut file = parse(&without_tests(&text));
        file.path = path
            .strip_prefix(workspace)
            .expect("it is below the workspace")
            .to_owned();
        for child in file.children.clone() {
            let below = folder.join(&child);
            let flat = folder.join(format!("{child}.rs"));
            let path = if flat.is_file() {
                flat
            } else {
                below.join("mod.rs")
            };
            if path.is_file() {
                let module = [module.clone(), vec![child]].concat();
                self.add(workspace, &path, &below, module);
            }
        }
        self.files.insert(module, file);
    }

    /// For each file, the files whose items it names, with one name of each. Modules above it are left out: a module
    /// and its parts are one subject, and parts are made of what the whole defines.
    pub(crate) fn uses(&self) -> BTreeMap<&Path, BTreeMap<&Path, String>> {
        let mut uses: BTreeMap<&Path, BTreeMap<&Path, String>> = BTreeMap::new();
        for (module, file) in &self.files {
            let of_file = uses.entry(&file.path).or_default();
            let imported = file.imports.iter().filter(|import| !import.is_reexport);
            let paths = imported.map(|import| &import.path).chain(&file.named);
            for path in paths {
                if let Some((definer, name)) = self.resolve(module, path, 0)
                    && !self.is_above(definer, module)
                {
                    of_file.entry(definer).or_insert(name);
                }
            }
        }
        uses
    }

    /// Whether a file is `module`'s own, or that of a module above it.
    fn is_above(&self, definer: &Path, module: &Module) -> bool {
        let mut above = (0..=module.len()).map(|depth| &self.files[&module[..depth]].path);
        above.any(|path| path == definer)
    }

    /// The file that defines what `path` names in `module`, and the item's name.
    fn resolve(&self, module: &Module, path: &[String], depth: usize) -> Option<(&Path, String)> {
        // Imports that lead in a ring name nothing.
        if depth > 16 {
            return None;
        }
        let (first, rest) = path.split_first()?;
        match first.as_str() {
            "crate" => self.walk(&Vec::new(), rest, depth),
            "self" => self.walk(module, rest, depth),
            "super" => self.walk(&module[..module.len().checked_sub(1)?].to_vec(), rest, depth),
            _ => self.walk(module, path, depth),
        }
    }

    fn walk(&self, module: &Module, path: &[String], depth: usize) -> Option<(&Path, String)> {
        let file = self.files.get(module)?;
        let (first, rest) = path.split_first()?;
        if first == "super" || first == "self" {
            return self.resolve(module, path, depth + 1);
        }
        if file.children.contains(first) {
            let child = [module.clone(), vec![first.clone()]].concat();
            return self.walk(&child, rest, depth);
        }
        if file.items.contains(first) {
            return Some((&file.path, first.clone()));
        }
        for import in &file.imports {
            let target = if import.alias == *first {
                [import.path.as_slice(), rest].concat()
            } else if import.alias == "*" {
                [&import.path[..import.path.len() - 1], path].concat()
            } else {
                continue;
            };
            if import.path.first() == path.first() && import.alias == *first && target == path {
                continue;
            }
            if let Some(found) = self.resolve(module, &target, depth + 1) {
                return Some(found);
            }
        }
        None
    }
}

/// A source without comments, texts and test modules.
fn without_tests(text: &str) -> String {
    let mut kept = String::new();
    let mut skip_to: Option<String> = None;
    let mut is_test = false;
    for line in text.lines() {
        if let Some(end) = &skip_to {
            if line == end {
                skip_to = None;
            }
            continue;
        }
        if is_test {
            if line.trim_start().starts_with("#[") {
                continue;
            }
            is_test = false;
            if line.trim_end().ends_with('{') {
                let indent = line.len() - line.trim_start().len();
                skip_to = Some(format!("{}}}", " ".repeat(indent)));
            }
            continue;
        }
        if line.trim() == "#[cfg(test)]" {
            is_test = true;
            continue;
        }
        let code = line.split("//").next().unwrap_or_default();
        let mut quoted = false;
        for part in code.split('"') {
            if !quoted {
                kept.push_str(part);
                kept.push(' ');
            }
            quoted = !quoted;
        }
        kept.push('\n');
    }
    kept
}

fn parse(text: &str) -> File {
    let mut file = File::default();
    let mut rest = String::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let bare = visible(line.trim_start());
        let is_reexport = line.trim_start().starts_with("pub");
        if let Some(import) = bare.strip_prefix("use ") {
            let mut whole = import.to_owned();
            while !whole.contains(';') {
                let Some(next) = lines.next() else { break };
                whole.push_str(next);
            }
            let whole = whole.split(';').next().unwrap_or_default();
            flatten(whole, &[], is_reexport, &mut file.imports);
            continue;
        }
        if let Some(child) = bare
            .strip_prefix("mod ")
            .and_then(|rest| rest.trim().strip_suffix(';'))
        {
            file.children.insert(child.to_owned());
            continue;
        }
        if !line.starts_with([' ', '}', ')'])
            && let Some(item) = item(bare)
        {
            file.items.insert(item);
        }
        rest.push_str(line);
        rest.push('\n');
    }
    file.named = named(&rest);
    file
}

/// A line behind its visibility.
fn visible(line: &str) -> &str {
    let Some(rest) = line.strip_prefix("pub") else {
        return line;
    };
    match rest.strip_prefix('(') {
        Some(scope) => scope.split_once(')').map_or(rest, |(_, rest)| rest).trim_start(),
        None => rest.trim_start(),
    }
}

/// The name of the item that begins on a line.
fn item(line: &str) -> Option<String> {
    let mut words = line.split_whitespace().peekable();
    while words
        .next_if(|word| matches!(*word, "async" | "unsafe"))
        .is_some()
    {}
    let mut kind = words.next()?;
    if kind == "const" && words.peek() == Some(&"fn") {
        kind = words.next()?;
    }
    let is_item = matches!(
        kind,
        "fn" | "struct" | "enum" | "trait" | "type" | "const" | "static" | "macro_rules!"
    );
    let name = words.next().filter(|_| is_item)?;
    let end = name
        .find(|c: char| !c.is_alphanumeric() && c != '_')
        .unwrap_or(name.len());
    Some(name[..end].to_owned())
}

/// The imports of one `use`, each with its whole path.
fn flatten(text: &str, before: &[String], is_reexport: bool, found: &mut Vec<Import>) {
    let text = text.trim();
    if let Some((head, group)) = text.split_once('{') {
        let head = head.trim().trim_end_matches("::");
        let prefix = [before, &segments(head)].concat();
        let group = group.rsplit_once('}').map_or(group, |(group, _)| group);
        for part in parts(group) {
            flatten(part, &prefix, is_reexport, found);
        }
        return;
    }
    let (path, alias) = text
        .split_once(" as ")
        .map_or((text, None), |(path, alias)| (path, Some(alias)));
    let mut path = [before, &segments(path)].concat();
    if path.last().is_some_and(|last| last == "self") {
        path.pop();
    }
    if let Some(last) = path.last() {
        let alias = alias.map_or_else(|| last.clone(), |alias| alias.trim().to_owned());
        found.push(Import {
            alias,
            path,
            is_reexport,
        });
    }
}

/// The parts of a group, which may hold groups.
fn parts(group: &str) -> Vec<&str> {
    let (mut depth, mut from, mut found) = (0, 0, Vec::new());
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                found.push(&group[from..at]);
                from = at + 1;
            }
            _ => {}
        }
    }
    found.push(&group[from..]);
    found.into_iter().filter(|part| !part.trim().is_empty()).collect()
}

fn segments(path: &str) -> Vec<String> {
    let names = path.split("::").map(str::trim).filter(|name| !name.is_empty());
    names.map(str::to_owned).collect()
}

/// Paths of two names or more in code.
fn named(text: &str) -> Vec<Vec<String>> {
    let is_part = |c: char| c.is_alphanumeric() || c == '_' || c == ':';
    let words = text.split(|c: char| !is_part(c));
    let paths = words.filter(|word| word.contains("::") && word.starts_with(|c: char| c.is_lowercase()));
    paths.map(segments).filter(|path| path.len() > 1).collect()
}
