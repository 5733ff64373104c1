//! Simulation of heavy in virtual time: agents with their disks, the network, the collector and its database, with faults.
//! Everything that happens follows from a seed.
//!
//! What is simulated is the world: disks, clocks, connections, processes. What acts in it is heavy's own code: journal, spool,
//! recovery and delivery of the agent, decoding of the collector, and the store's rule of sequences. There is nothing here but tests:
//! see CONTRIBUTING.md for how to run a seed.

#![cfg(test)]

mod agents;
mod collector;
mod courier;
mod database;
mod dice;
mod facts;
mod faults;
mod host;
mod judge;
mod load_test;
mod network;
mod tests;
mod world;
