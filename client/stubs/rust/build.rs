// SPDX-License-Identifier: Apache-2.0

//! Makes the stubs of the descriptor set that buf has built; protoc is not needed.

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let descriptors = "multisafepay.binpb";
    println!("cargo:rerun-if-changed={descriptors}");
    let files: [&str; 0] = [];
    tonic_prost_build::configure()
        .build_server(false)
        .skip_protoc_run()
        .file_descriptor_set_path(descriptors)
        .compile_protos(&files, &files)?;
    Ok(())
}
