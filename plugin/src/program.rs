//! Whether a file can be a load test on a host: an ELF program of its architecture whose glibc is not too new.
//!
//! Nothing is read or run here; the scheduler asks when a binary is submitted, the agent before it spawns one.

use std::fmt;
use std::str::FromStr;

use object::elf;
use object::read::elf::{FileHeader, ProgramHeader, SectionTable};
use object::{Endianness, ReadRef, SectionIndex};

/// The bytes of a file that tell what it is instead of a program.
const LOOK_BYTES: u64 = 512;

/// What a load test would run on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Host {
    /// As in `uname -m`.
    pub architecture: String,
    /// The version of glibc; `None` when it is not known, and then it is not checked.
    pub glibc: Option<Glibc>,
}

/// A version of glibc. Text form: `2.36`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Glibc {
    /// The number before the dot; 2 so far.
    pub major: u32,
    /// As in the `36` of 2.36.
    pub minor: u32,
}

impl fmt::Display for Glibc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

impl FromStr for Glibc {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (major, rest) = text.split_once('.').ok_or(())?;
        let minor = rest.split('.').next().unwrap_or(rest);
        Ok(Self {
            major: major.parse().map_err(|_| ())?,
            minor: minor.parse().map_err(|_| ())?,
        })
    }
}

/// What a program needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProgramFacts {
    /// As in `uname -m`.
    pub architecture: String,
    /// The newest version of glibc that it needs; `None` when it is linked statically or against another libc.
    pub glibc: Option<Glibc>,
}

/// Why a file cannot be a load test on a host.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProgramProblem {
    /// Something else than an ELF program.
    #[error("expected a compiled Linux program from target/release, got {0}")]
    NotAProgram(&'static str),
    /// It starts like an ELF file and cannot be read as one.
    #[error("this ELF file is damaged ({0}): build it again")]
    Damaged(String),
    /// For another processor.
    #[error(
        "this program is for {program}, but the host is {host}: build it with --target {host}-unknown-linux-gnu"
    )]
    Architecture {
        /// What it was built for.
        program: String,
        /// What the host is.
        host: String,
    },
    /// It needs a newer glibc than the host has.
    #[error(
        "this program requires GLIBC_{needed}, but the host has {host}: build it on a system as old as the host, \
         or with --target {architecture}-unknown-linux-musl"
    )]
    Glibc {
        /// The newest version it needs.
        needed: Glibc,
        /// The host's version.
        host: Glibc,
        /// The program's architecture.
        architecture: String,
    },
}

impl ProgramProblem {
    /// Short and stable: `not-a-program`, `architecture`, `glibc`.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::NotAProgram(_) | Self::Damaged(_) => "not-a-program",
            Self::Architecture { .. } => "architecture",
            Self::Glibc { .. } => "glibc",
        }
    }
}

/// Checks a file in memory, or through any reader of `object`, so that only the parts that matter are read.
///
/// # Errors
/// The reason why it cannot be a load test on `host`.
pub fn check<'data>(data: impl ReadRef<'data>, host: &Host) -> Result<ProgramFacts, ProgramProblem> {
    let program = inspect(data)?;
    if program.architecture != host.architecture {
        return Err(ProgramProblem::Architecture {
            program: program.architecture,
            host: host.architecture.clone(),
        });
    }
    match (program.glibc, host.glibc) {
        (Some(needed), Some(has)) if needed > has => Err(ProgramProblem::Glibc {
            needed,
            host: has,
            architecture: program.architecture,
        }),
        _ => Ok(program),
    }
}

/// What a program needs of a host.
///
/// # Errors
/// When it is not an ELF program.
pub fn inspect<'data>(data: impl ReadRef<'data>) -> Result<ProgramFacts, ProgramProblem> {
    let length = data.len().unwrap_or(0);
    let start = data.read_bytes_at(0, length.min(LOOK_BYTES)).unwrap_or_default();
    if !start.starts_with(&elf::ELFMAG) {
        return Err(ProgramProblem::NotAProgram(describe(start)));
    }
    let damaged = |error: object::Error| ProgramProblem::Damaged(error.to_string());
    if start.get(4) == Some(&elf::ELFCLASS32.0) {
        read_elf(
            elf::FileHeader32::<Endianness>::parse(data).map_err(damaged)?,
            data,
        )
    } else {
        read_elf(
            elf::FileHeader64::<Endianness>::parse(data).map_err(damaged)?,
            data,
        )
    }
}

/// The version of glibc that a `libc.so.6` implements; `None` if it is something else.
#[must_use]
pub fn glibc_of<'data>(data: impl ReadRef<'data>) -> Option<Glibc> {
    let header = elf::FileHeader64::<Endianness>::parse(data).ok()?;
    let endian = header.endian().ok()?;
    let sections = header.sections(endian, data).ok()?;
    let (mut definitions, strings) = sections.gnu_verdef(endian, data).ok()??;
    let strings = sections.strings(endian, data, strings).ok()?;
    let mut newest = None;
    while let Ok(Some((_, mut names))) = definitions.next() {
        while let Ok(Some(name)) = names.next() {
            newest = newest.max(name.name(endian, strings).ok().and_then(version));
        }
    }
    newest
}

fn read_elf<'data, Elf: FileHeader<Endian = Endianness>>(
    header: &'data Elf,
    data: impl ReadRef<'data>,
) -> Result<ProgramFacts, ProgramProblem> {
    let damaged = |error: object::Error| ProgramProblem::Damaged(error.to_string());
    let endian = header.endian().map_err(damaged)?;
    match header.e_type(endian) {
        elf::ET_EXEC => {}
        elf::ET_DYN if is_program(header, endian, data).map_err(damaged)? => {}
        elf::ET_DYN => return Err(ProgramProblem::NotAProgram("a shared library")),
        elf::ET_REL => return Err(ProgramProblem::NotAProgram("an object file that was not linked")),
        elf::ET_CORE => return Err(ProgramProblem::NotAProgram("a core dump")),
        _ => return Err(ProgramProblem::NotAProgram("an ELF file of an unknown type")),
    }
    let sections = header.sections(endian, data).map_err(damaged)?;
    Ok(ProgramFacts {
        architecture: architecture(header.e_machine(endian), header.is_class_64(), endian),
        glibc: needed_glibc(&sections, endian, data).map_err(damaged)?,
    })
}

/// A position-independent program has an interpreter, or is marked as one (static-pie); a library is neither.
fn is_program<'data, Elf: FileHeader<Endian = Endianness>>(
    header: &'data Elf,
    endian: Endianness,
    data: impl ReadRef<'data>,
) -> object::Result<bool> {
    let segments = header.program_headers(endian, data)?;
    if segments
        .iter()
        .any(|segment| segment.p_type(endian) == elf::PT_INTERP)
    {
        return Ok(true);
    }
    for segment in segments {
        if let Some(entries) = segment.dynamic(endian, data)? {
            use object::read::elf::Dyn;
            let pie = elf::DF_1_PIE.0;
            if entries.iter().any(|entry| {
                entry.d_tag(endian).0 == elf::DT_FLAGS_1.0 && entry.d_val(endian).into() & pie != 0
            }) {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

fn needed_glibc<'data, Elf: FileHeader<Endian = Endianness>, R: ReadRef<'data>>(
    sections: &SectionTable<'data, Elf, R>,
    endian: Endianness,
    data: R,
) -> object::Result<Option<Glibc>> {
    let Some((mut libraries, strings)): Option<(_, SectionIndex)> = sections.gnu_verneed(endian, data)?
    else {
        return Ok(None);
    };
    let strings = sections.strings(endian, data, strings)?;
    let mut newest = None;
    while let Some((_, mut versions)) = libraries.next()? {
        while let Some(needed) = versions.next()? {
            newest = newest.max(version(needed.name(endian, strings)?));
        }
    }
    Ok(newest)
}

/// `GLIBC_2.36` as a version; private symbols and those of other libraries have none.
fn version(name: &[u8]) -> Option<Glibc> {
    std::str::from_utf8(name)
        .ok()?
        .strip_prefix("GLIBC_")?
        .parse()
        .ok()
}

fn architecture(machine: elf::Machine, is_64: bool, endian: Endianness) -> String {
    let name = match machine {
        elf::EM_X86_64 => "x86_64",
        elf::EM_AARCH64 => "aarch64",
        elf::EM_386 => "i686",
        elf::EM_ARM => "armv7l",
        elf::EM_RISCV if is_64 => "riscv64",
        elf::EM_PPC64 if endian == Endianness::Little => "ppc64le",
        elf::EM_PPC64 => "ppc64",
        elf::EM_S390 if is_64 => "s390x",
        elf::EM_LOONGARCH => "loongarch64",
        other => return format!("ELF machine {}", other.0),
    };
    name.to_owned()
}

/// What a file that is not an ELF file is, by its first bytes.
fn describe(start: &[u8]) -> &'static str {
    const MARKS: [(&[u8], &str); 10] = [
        (b"#!", "a script"),
        (b"\xfe\xed\xfa\xce", "a macOS program"),
        (b"\xfe\xed\xfa\xcf", "a macOS program"),
        (b"\xce\xfa\xed\xfe", "a macOS program"),
        (b"\xcf\xfa\xed\xfe", "a macOS program"),
        (b"\xca\xfe\xba\xbe", "a macOS program"),
        (b"MZ", "a Windows program"),
        (b"\0asm", "a WebAssembly module"),
        (b"PK\x03\x04", "an archive"),
        (b"\x1f\x8b", "an archive"),
    ];
    if start.is_empty() {
        "an empty file"
    } else if let Some((_, kind)) = MARKS.iter().find(|(mark, _)| start.starts_with(mark)) {
        kind
    } else if start
        .iter()
        .all(|byte| byte.is_ascii_graphic() || byte.is_ascii_whitespace())
    {
        "a text file"
    } else {
        "not a Linux program"
    }
}

#[cfg(test)]
mod tests;
