//! The connections of an engine, counted.

/// The connections of an engine, counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct EngineStats {
    /// Open connections, in use or not.
    pub open: usize,
    /// HTTP/1 connections that wait for a request.
    pub idle: usize,
    /// Connections being opened.
    pub connecting: usize,
    /// Connections opened since the engine was made.
    pub opened: u64,
    /// Requests that wait for a connection.
    pub waiting: usize,
}
