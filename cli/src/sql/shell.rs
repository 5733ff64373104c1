//! The shell: reads commands and statements, prints answers, and continues after errors.

mod editor;
mod pager;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::task::block_in_place;

use super::complete::Catalogue;
use super::script::{ScriptInput, is_blank, split};
use super::session::SqlSession;
use crate::data_location::DataLocation;
use crate::exit::CommandFailure;
use crate::output;
use editor::{Editor, Typed};

/// How many jobs completion knows.
const MOST_JOBS: u32 = 50;

/// Runs the shell until the user quits.
pub(super) async fn run(mut session: SqlSession, data: &DataLocation) -> Result<(), CommandFailure> {
    let catalogue = Catalogue {
        dialect: session.dialect,
        relations: session.store.relations().await?,
        jobs: session
            .store
            .jobs(MOST_JOBS)
            .await?
            .iter()
            .map(|job| job.id.to_string())
            .collect(),
    };
    greet(&session, data).await?;
    let mut editor = Editor::open(catalogue, data)?;
    loop {
        // Ctrl-C ends no process: in a line it is a key, and a query is left by it. What came earlier was for the pager.
        let interrupts = signal(SignalKind::interrupt())?;
        let typed = block_in_place(|| editor.read())?;
        let text = match typed {
            Typed::Text(text) => text,
            Typed::Interrupted => continue,
            Typed::End => break,
        };
        match text.trim() {
            "" => continue,
            "exit" | "quit" => break,
            "help" => {
                output::note("\\? shows help, \\q quits");
                continue;
            }
            _ => {}
        }
        block_in_place(|| editor.remember(text.trim_end()));
        if !answer(&mut session, &text, interrupts).await {
            break;
        }
    }
    Ok(())
}

async fn greet(session: &SqlSession, data: &DataLocation) -> Result<(), CommandFailure> {
    let job = match session.which_job().await {
        Ok(job) => job,
        Err(failure) => format!("{failure}\n"),
    };
    let version = env!("CARGO_PKG_VERSION");
    output::reading("reading", data)?;
    Ok(output::print(&format!(
        "heavy {version}. {job}\\? shows help, \\q quits.\n"
    ))?)
}

/// Does all that was typed, up to an error. Returns false if the user quits.
async fn answer(session: &mut SqlSession, text: &str, mut interrupts: Signal) -> bool {
    let (inputs, rest) = split(text, session.dialect);
    let rest = (!is_blank(rest, session.dialect)).then_some(ScriptInput::Statement(rest));
    for input in inputs.into_iter().chain(rest) {
        let answered = tokio::select! {
            answered = session.answer(&input) => answered,
            _ = interrupts.recv() => Err(CommandFailure::new("cancelled")),
        };
        match answered {
            Ok(Some(answer)) => {
                block_in_place(|| pager::show(&output::harmless(&answer.text)));
                answer.notes.iter().for_each(|note| output::note(note));
            }
            Ok(None) => return false,
            Err(failure) => {
                output::note(&format!("error: {failure}"));
                break;
            }
        }
    }
    true
}
