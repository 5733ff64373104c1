//! sdk

pub mod http;
