//! The kit against a real Postgres, a real nginx and real processes.

mod nginx;
mod orphans;
mod postgres;
mod run;
