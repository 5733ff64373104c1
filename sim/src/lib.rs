//! Simulation of heavy in virtual time: agents with their disks, the network, the collector and its database, the scheduler, with faults.
//! Everything that happens follows from a seed.
//!
//! What is simulated is the world: disks, clocks, connections, processes. What acts in it is heavy's own code: journal, spool,
//! recovery, delivery, lease and plan of the agent, decoding of the collector, the store's rule of sequences, the scheduler's registry of
//! agents, queue and job machine, and the settling of accounts.
//! There is nothing here but tests: see CONTRIBUTING.md for how to run a seed.

#![cfg(test)]

mod agents;
mod collector;
mod commits;
mod control;
mod courier;
mod database;
mod dice;
mod facts;
mod faults;
mod host;
mod judge;
mod link;
mod load_test;
mod network;
mod releases;
mod scheduling;
mod settling;
mod tests;
mod world;
