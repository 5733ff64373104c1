//! Compiles the contract with protox, so that no protoc is needed.

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let files = [
        "heavy/v1/fleet.proto",
        "heavy/v1/jobs.proto",
        "heavy/v1/collector.proto",
    ];
    println!("cargo:rerun-if-changed=proto");
    let descriptors = protox::compile(files, ["proto"])?;
    tonic_prost_build::configure()
        .bytes(".heavy.v1.ArtifactChunk.data")
        .bytes(".heavy.v1.Batch.content")
        .compile_fds(descriptors)?;
    Ok(())
}
