//! How clients reach the desk: gRPC ([`grpc`]) and the same as JSON over HTTP ([`http`]), on one port.

pub(crate) mod grpc;
pub(crate) mod guard;
pub(crate) mod http;
pub(crate) mod status;
