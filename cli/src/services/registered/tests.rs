//! Programs as people write them, and what is found in them.

use super::*;
use proptest::prelude::*;

const MAIN: &str = r#"//! Calls Server::named("comment", X).

mod workflows {
    pub(crate) mod visit;
}

fn main() -> ExitCode {
    let brace = ('{', "Server::named(\"text\"", r"(");
    let server = Server::named("visit", workflows::visit::Visit);
    heavy_sdk::serve(server)
}
"#;

#[test]
fn names_are_found_where_they_are_registered() {
    assert_eq!(names(MAIN), ["visit"]);
    let chained = r#"serve(Server /* x */ ::new(A))"#;
    assert_eq!(names(chained), [""; 0]);
    let chained = "heavy_sdk::serve(\n  Server::named(\"a\", A(\")\"))\n  // not .and(\"x\", X)\n  .and(\n \"b\",\n B,\n)\n.splitter(divide)\n.and(NAME, C))";
    assert_eq!(names(chained), ["a", "b"]);
    assert_eq!(names("fn main() {}"), [""; 0]);
}

#[test]
fn only_what_serve_gets_whole_is_certain() {
    let visit = Some(vec!["visit".to_owned()]);
    assert_eq!(all_names(MAIN), visit);
    let both =
        "fn main() { heavy_sdk::serve(\n  Server::named(\"a\", A).splitter(divide).and(\"b\", B),\n) }";
    assert_eq!(all_names(both), Some(vec!["a".to_owned(), "b".to_owned()]));
    for uncertain in [
        MAIN.replace("let server", "let mut server"),
        MAIN.replace("serve(server)", "serve(server.and(other(), B))"),
        MAIN.replace("serve(server)", "serve(with_others(server))"),
        MAIN.replace("::named(\"visit\", ", "::new("),
        MAIN.replace("let server = ", "let server = with_others("),
        MAIN.replace("Visit);", "Visit).and(NAME, B);"),
        MAIN.replace("Visit);", "Visit).with_others();"),
        MAIN.replace("Visit);", "Visit)?;"),
        both.replace("B),", "B).and(&name, C)"),
        both.replace("serve(", "serve(others() + "),
        both.replace("fn main", "fn other() { Server::named(\"c\", C) } fn main"),
        String::new(),
    ] {
        assert_eq!(all_names(&uncertain), None, "{uncertain}");
    }
}

#[test]
fn a_workflow_is_added_and_another_one_after_it() {
    let once = with_workflow(MAIN, "log-in", "log_in", "LogIn").unwrap();
    assert_eq!(names(&once), ["visit", "log-in"]);
    let twice = with_workflow(&once, "buy", "buy", "Buy").unwrap();
    assert_eq!(names(&twice), ["visit", "log-in", "buy"]);
    let expected = r#"
mod workflows {
    pub(crate) mod visit;
    pub(crate) mod log_in;
    pub(crate) mod buy;
}
"#;
    assert!(twice.contains(expected), "{twice}");
    let expected = r#"    let server = Server::named("visit", workflows::visit::Visit)
        .and("log-in", workflows::log_in::LogIn)
        .and("buy", workflows::buy::Buy);
"#;
    assert!(twice.contains(expected), "{twice}");
}

#[test]
fn what_is_not_understood_is_left_alone() {
    for source in [
        "",
        "mod workflows;\nfn main() { serve(Server::named(\"a\", A)) }",
        "mod workflows {\n}\nfn main() {}",
        "mod workflows {\nfn main() { serve(Server::named(\"a\", A) }",
    ] {
        assert_eq!(with_workflow(source, "x", "x", "X"), None, "{source}");
    }
    let short = "mod workflows { mod a; }\nfn main() { serve(Server::named(\"a\", A)) }";
    let added = with_workflow(short, "x", "x", "X").unwrap();
    assert!(
        added.starts_with("mod workflows { mod a; pub(crate) mod x; }\n"),
        "{added}"
    );
}

proptest! {
    #[test]
    fn no_text_panics(source in "(Server::named|Server::new|mod workflows|[(){}\"'\\\\/*#.,ar \nä]){0,40}") {
        let _ = names(&source);
        let _ = all_names(&source);
        let _ = with_workflow(&source, "x", "x", "X");
    }
}
