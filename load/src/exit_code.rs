//! Exit codes of every program of heavy, in one list.

/// PASS, or the command did what was asked.
pub const PASS: u8 = 0;
/// It could not run, or lost its load test.
pub const COULD_NOT_RUN: u8 = 1;
/// The command line is wrong.
pub const WRONG_USAGE: u8 = 2;
/// INVALID: the generator could not do what was asked.
pub const INVALID: u8 = 98;
/// FAIL by what was measured.
pub const FAIL: u8 = 99;
/// Interrupted by somebody.
pub const INTERRUPTED: u8 = 130;
