//! Converts roll-ups between their wire form and that of heavy-results; nothing else knows both.

mod decode;
mod dictionary;
mod encode;

pub use decode::{Error, closing_from_wire, delta_from_wire};
pub use encode::{closing_to_wire, delta_to_wire};

#[cfg(test)]
mod tests;
