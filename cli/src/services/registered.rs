//! The workflows that a `main.rs` registers: read without compiling, and one more written in. Pure.
//!
//! What is looked for is `Server::named("a", ...).and("b", ...)` and `mod workflows { ... }`; text in comments and in quotes is
//! passed over. A program may register its workflows otherwise; then nothing is found.

use std::ops::Range;

/// The calls that register nothing.
const SETTINGS: [&str; 5] = [
    "splitter",
    "http_client",
    "close_requests",
    "cookies",
    "request_id_header",
];

/// The names, in their order; empty if they cannot be determined.
pub(super) fn names(source: &str) -> Vec<String> {
    let Some(calls) = chain(source) else {
        return Vec::new();
    };
    let named = calls
        .into_iter()
        .filter(|call| matches!(call.method, "named" | "and"));
    named
        .filter_map(|call| first_text(&source[call.arguments]))
        .collect()
}

/// The names where these are certainly all: what `serve` gets is the chain of registrations, or a variable that holds nothing else.
pub(super) fn all_names(source: &str) -> Option<Vec<String>> {
    let (start, calls) = (chain_start(source)?, chain(source)?);
    let end = calls.last()?.arguments.end;
    let is_plain = calls.iter().all(|call| match call.method {
        "named" | "and" => first_text(&source[call.arguments.clone()]).is_some(),
        method => SETTINGS.contains(&method),
    });
    let (before, rest) = (source[..start].trim_end(), &source[skip_blank(source, end)..]);
    let is_served = match variable(before) {
        Some(name) => {
            rest.starts_with(';')
                && count_word(source, name) == 2
                && find_code(source, &format!("serve({name})")).is_some()
        }
        None => before.ends_with("serve(") && rest.starts_with([')', ',']),
    };
    (is_plain && is_served && count_word(source, "Server") == 1).then(|| names(source))
}

/// The variable that gets the value after this text, as in `let server =`; none that may change later.
fn variable(before: &str) -> Option<&str> {
    let binding = before.strip_suffix('=')?.trim_end();
    let head = binding.trim_end_matches(is_word);
    let name = &binding[head.len()..];
    let is_bound = head.trim_end().ends_with("let");
    (is_bound && !name.is_empty()).then_some(name)
}

const fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// How often a word occurs, outside of comments and texts.
fn count_word(source: &str, word: &str) -> usize {
    let (mut at, mut count) = (0, 0);
    while at < source.len() {
        let is_start = !source[..at].ends_with(is_word);
        if is_start && source[at..].starts_with(word) && !source[at + word.len()..].starts_with(is_word) {
            count += 1;
        }
        at = step(source, at);
    }
    count
}

/// The text with one more workflow: its module and its registration. `None` where that cannot be done.
pub(super) fn with_workflow(source: &str, name: &str, module: &str, runner: &str) -> Option<String> {
    let end = chain(source)?.last()?.arguments.end;
    let body = block_of(source, "mod workflows")?;
    let line_start = source[..chain_start(source)?].rfind('\n').map_or(0, |at| at + 1);
    let indent: String = source[line_start..].chars().take_while(|c| *c == ' ').collect();
    let close = source[..body.end].rfind('}')?;
    let module_line = format!("    pub(crate) mod {module};\n");
    let before_close = source[..close].rfind('\n').map_or(0, |at| at + 1);
    let call = format!("\n{indent}    .and(\"{name}\", workflows::{module}::{runner})");
    let mut inserts = [(before_close, module_line), (end, call)];
    if !source[before_close..close].trim().is_empty() {
        // `mod workflows { mod a; }` on one line.
        inserts[0] = (close, format!("pub(crate) mod {module}; "));
    }
    inserts.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
    let mut text = source.to_owned();
    for (at, insert) in inserts {
        text.insert_str(at, &insert);
    }
    Some(text)
}

/// One call of a chain; the arguments with their parentheses.
#[derive(Debug)]
struct RegistrationCall<'a> {
    method: &'a str,
    arguments: Range<usize>,
}

fn chain_start(source: &str) -> Option<usize> {
    ["Server::named", "Server::new"]
        .iter()
        .filter_map(|start| find_code(source, start))
        .min()
}

/// The calls from `Server::named(...)` on.
fn chain(source: &str) -> Option<Vec<RegistrationCall<'_>>> {
    let mut at = chain_start(source)? + "Server::".len();
    let mut calls = Vec::new();
    loop {
        let method_end = at + source[at..].find(|c: char| !(c.is_alphanumeric() || c == '_'))?;
        let method = &source[at..method_end];
        let open = skip_blank(source, method_end);
        if !source[open..].starts_with('(') {
            return (!calls.is_empty()).then_some(calls);
        }
        let end = closing(source, open)?;
        calls.push(RegistrationCall {
            method,
            arguments: open..end,
        });
        let next = skip_blank(source, end);
        if !source[next..].starts_with('.') {
            return Some(calls);
        }
        at = skip_blank(source, next + 1);
    }
}

/// The first argument, if it is a plain text.
fn first_text(arguments: &str) -> Option<String> {
    let start = skip_blank(arguments, 1);
    let text = arguments[start..].strip_prefix('"')?;
    let text = &text[..text.find('"')?];
    (!text.contains('\\')).then(|| text.to_owned())
}

/// The braces after these words, from the opening one to behind the closing one.
fn block_of(source: &str, words: &str) -> Option<Range<usize>> {
    let open = skip_blank(source, find_code(source, words)? + words.len());
    source[open..].starts_with('{').then_some(())?;
    Some(open..closing(source, open)?)
}

/// Where these words are, outside of comments and texts.
fn find_code(source: &str, words: &str) -> Option<usize> {
    let mut at = 0;
    while at < source.len() {
        if source[at..].starts_with(words) {
            return Some(at);
        }
        at = step(source, at);
    }
    None
}

/// Behind the bracket that closes the one at `open`.
fn closing(source: &str, open: usize) -> Option<usize> {
    let (mut at, mut depth) = (open, 0usize);
    while at < source.len() {
        match source.as_bytes()[at] {
            b'(' | b'{' | b'[' => depth += 1,
            b')' | b'}' | b']' => {
                depth = depth.checked_sub(1)?;
                if depth == 0 {
                    return Some(at + 1);
                }
            }
            _ => {}
        }
        at = step(source, at);
    }
    None
}

/// Behind spaces and comments.
fn skip_blank(source: &str, mut at: usize) -> usize {
    loop {
        at += source[at..].len() - source[at..].trim_start().len();
        match comment(&source[at..]) {
            Some(length) => at += length,
            None => return at,
        }
    }
}

/// The length of the comment that begins here.
fn comment(source: &str) -> Option<usize> {
    if source.starts_with("//") {
        return Some(source.find('\n').unwrap_or(source.len()));
    }
    let rest = source.strip_prefix("/*")?;
    Some(rest.find("*/").map_or(source.len(), |end| end + 4))
}

/// Behind what begins here: a comment, a text, or one character.
fn step(source: &str, at: usize) -> usize {
    let rest = &source[at..];
    if let Some(length) = comment(rest) {
        return at + length;
    }
    at + text_length(rest).unwrap_or_else(|| rest.chars().next().map_or(1, char::len_utf8))
}

/// The length of the text or character in quotes that begins here.
fn text_length(rest: &str) -> Option<usize> {
    if let Some(inner) = rest.strip_prefix('"') {
        let mut escaped = false;
        for (at, c) in inner.char_indices() {
            match c {
                '"' if !escaped => return Some(at + 2),
                _ => escaped = c == '\\' && !escaped,
            }
        }
        return Some(rest.len());
    }
    if let Some(inner) = rest.strip_prefix('r') {
        let hashes = inner.len() - inner.trim_start_matches('#').len();
        let text = inner[hashes..].strip_prefix('"')?;
        let end = format!("\"{}", "#".repeat(hashes));
        let length = text.find(&end).map_or(text.len(), |at| at + end.len());
        return Some(1 + hashes + 1 + length);
    }
    // A character such as '(' or '\''; a lifetime has no closing quote there.
    let inner = rest.strip_prefix('\'')?;
    let mut chars = inner.char_indices();
    let (_, first) = chars.next()?;
    if first == '\\' {
        let (at, escaped) = chars.next()?;
        let from = at + escaped.len_utf8();
        return inner[from..].find('\'').map(|end| from + end + 2);
    }
    let (at, next) = chars.next()?;
    (next == '\'').then_some(at + 2)
}

#[cfg(test)]
mod tests;
