//! `heavy completions` and `heavy man`: completion scripts and manual pages, generated from the command lines.

use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::builder::{PossibleValuesParser, TypedValueParser as _};
use clap::{Command, CommandFactory as _, ValueEnum};
use clap_complete::Shell;

use crate::exit::{CommandFailure, CommandResult};
use crate::output;

const INSTALLING: &str = "\
  bash: heavy completions bash > ~/.local/share/bash-completion/completions/heavy
  zsh:  heavy completions zsh > ~/.zfunc/_heavy        (a directory in $fpath)
  fish: heavy completions fish > ~/.config/fish/completions/heavy.fish";

#[derive(Debug, clap::Args)]
#[command(after_help = INSTALLING)]
pub(crate) struct CompletionArgs {
    #[arg(value_parser = PossibleValuesParser::new(["bash", "zsh", "fish"]).try_map(|name| name.parse::<Shell>()))]
    shell: Shell,
    /// Program to complete
    #[arg(long, value_enum, default_value_t = ProgramName::Heavy)]
    program: ProgramName,
}

#[derive(Debug, clap::Args)]
pub(crate) struct ManArgs {
    /// Directory to write a page for every program and command to [default: print the page of heavy]
    #[arg(value_name = "DIR")]
    dir: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ProgramName {
    Heavy,
    HeavySched,
    HeavyAgent,
    HeavyCollector,
}

impl ProgramName {
    /// Its command line; that of `heavy` is made by the caller.
    fn command(self, heavy: Command) -> Command {
        match self {
            Self::Heavy => heavy,
            Self::HeavySched => heavy_sched::command_line::Cli::command(),
            Self::HeavyAgent => heavy_agent::command_line::Args::command(),
            Self::HeavyCollector => heavy_collector::command_line::Args::command(),
        }
    }
}

pub(crate) fn completions(args: &CompletionArgs, heavy: Command) -> CommandResult {
    let mut command = args.program.command(heavy);
    let name = command.get_name().to_owned();
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut command, name, &mut script);
    output::print(&String::from_utf8_lossy(&script))?;
    Ok(ExitCode::SUCCESS)
}

pub(crate) fn man(args: &ManArgs, heavy: Command) -> CommandResult {
    let Some(dir) = &args.dir else {
        let mut page = Vec::new();
        clap_mangen::Man::new(heavy).render(&mut page)?;
        output::print(&String::from_utf8_lossy(&page))?;
        return Ok(ExitCode::SUCCESS);
    };
    let written: io::Result<()> = std::fs::create_dir_all(dir).and_then(|()| {
        ProgramName::value_variants()
            .iter()
            .try_for_each(|program| clap_mangen::generate_to(program.command(heavy.clone()), dir))
    });
    written
        .with_context(|| format!("cannot write manual pages to {}", dir.display()))
        .map_err(CommandFailure::from)?;
    output::note(&format!(
        "wrote the manual pages to {0}; read one with `man -l {0}/heavy.1`",
        dir.display()
    ));
    Ok(ExitCode::SUCCESS)
}
