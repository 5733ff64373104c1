//! How a running job looks while it is followed: a few lines on a terminal, one line elsewhere, and what happened. Pure.

mod event_log;
mod figures;
mod line;
mod parts;
mod plain;
mod view;

pub(super) use event_log::EventLog;
pub(super) use line::Canvas;
pub(super) use plain::{plain, standing};
pub(super) use view::lines;

#[cfg(test)]
mod tests;
