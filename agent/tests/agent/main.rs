//! A real agent with real load tests, between a scheduler and a collector that the tests play.

mod collector;
mod lives;
mod output;
mod processes;
mod programs;
mod sandbox;
mod scheduler;
mod sdk;
mod spool;
mod trees;
mod world;
mod wrong;
