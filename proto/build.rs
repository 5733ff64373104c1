//! Compiles the contract with protox, so that no protoc is needed.

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let files = ["heavy/v1/fleet.proto", "heavy/v1/collector.proto"];
    println!("cargo:rerun-if-changed=proto");
    let descriptors = protox::compile(files, ["proto"])?;
    let rpc = std::env::var_os("CARGO_FEATURE_RPC").is_some();
    tonic_prost_build::configure()
        .build_client(rpc)
        .build_server(rpc)
        .bytes(".heavy.v1.ArtifactChunk.data")
        .bytes(".heavy.v1.Batch.content")
        .compile_fds(descriptors)?;
    Ok(())
}
