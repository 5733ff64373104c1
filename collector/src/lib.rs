//! The collector: takes batches of results from agents and acknowledges each when the store has committed it.
//!
//! [`serve`] answers the gRPC service `Collector` on a listener. A stream of batches is split into lanes
//! (see `deliver`): batches of one producer are committed in their order, those of different producers at once.
//! Nothing is kept here: what is not acknowledged is still in the agent's spool.

#[doc(hidden)]
pub mod command_line;

mod decode;
mod deliver;
#[cfg(feature = "simulation")]
#[doc(hidden)]
pub mod simulation;

use std::sync::Arc;
use std::time::Duration;

use heavy_process::listen::Listens;
use heavy_proto::net;
use heavy_proto::v1::collector_server::CollectorServer;
use heavy_store::Store;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tonic::transport::server::TcpIncoming;

/// How the collector's address is described in messages.
pub const LISTENS: Listens = Listens {
    example: "127.0.0.1:7701",
    risk: "store results",
};

/// Streams that are open at a shutdown have this long to end.
const STREAMS_LIMIT: Duration = Duration::from_secs(8);

/// Serves on `listener` until `shutdown` is cancelled: batches that were received are then still committed and
/// acknowledged, for at most 8 s.
///
/// # Errors
/// When the listener breaks.
pub async fn serve(
    listener: TcpListener,
    store: Arc<dyn Store>,
    shutdown: CancellationToken,
) -> Result<(), tonic::transport::Error> {
    let service = CollectorServer::new(deliver::CollectorService::new(store, shutdown.clone()))
        .max_decoding_message_size(net::MAX_DELIVERY_BYTES)
        .max_encoding_message_size(net::MAX_DELIVERY_BYTES);
    let incoming = TcpIncoming::from(listener).with_nodelay(Some(true));
    let serving = net::server()
        .add_service(service)
        .serve_with_incoming_shutdown(incoming, shutdown.cancelled());
    // A peer that does not answer would keep the server for an hour.
    let limit = async {
        shutdown.cancelled().await;
        tokio::time::sleep(STREAMS_LIMIT).await;
    };
    tokio::select! {
        served = serving => served,
        () = limit => {
            tracing::warn!("closing streams that did not end in time; agents resend what the collector did not acknowledge");
            Ok(())
        }
    }
}
