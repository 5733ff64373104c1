//! Converts roll-ups between their wire form and that of heavy-model.
