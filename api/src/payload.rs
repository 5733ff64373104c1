//! Parts of request and response bodies.

use std::marker::PhantomData;

/// A body or an answer.
pub trait Payload {
    /// What it carries, in Rust.
    type Value;
}

macro_rules! payloads {
    ($($(#[$what:meta])+ $name:ident<$document:ident> = $value:ty;)+) => {
        $(
            $(#[$what])+
            #[derive(Debug)]
            pub struct $name<$document>(PhantomData<$document>);

            impl<$document> Payload for $name<$document> {
                type Value = $value;
            }
        )+
    };
}

payloads! {
    /// A JSON document.
    Json<T> = T;
    /// A JSON document that may be left out.
    Optional<T> = Option<T>;
    /// A JSON array of documents.
    List<T> = Vec<T>;
    /// Server-sent events, each with a JSON document.
    Events<T> = T;
}

/// Bytes that are not JSON.
#[derive(Debug)]
pub struct Bytes;

/// Nothing.
impl Payload for () {
    type Value = ();
}

impl Payload for Bytes {
    type Value = Vec<u8>;
}
