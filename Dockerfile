# SPDX-License-Identifier: Apache-2.0

# The service's image: programs and the libraries that they load, with no shell, no package manager and no sandbox.
#
#   docker build -t multisafepay-grpc .                                # the service, and msp for health probes
#   docker build -t multisafepay-grpc-sandbox --target sandbox .       # the MultiSafepay simulator, for tests
#
# ./run image builds both on its own base, runs them as Kubernetes would, and pays an order.
ARG BASE=docker.io/library/debian:12-slim

FROM ${BASE} AS tools
# A copy, not a mount: buildah would re-use the layer of an earlier list.
COPY ci/packages.sh /packages.sh
RUN apt-get update \
    && bash -euc '. /packages.sh && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
         ca-certificates "${packages_build[@]}" "${packages_load[@]}" "${packages_optimize[@]}"' \
    && rm -rf /var/lib/apt/lists/*

FROM tools AS build
WORKDIR /src
COPY . .
# ./run image mounts the compiler's cache there, which needs the same locale as outside.
ENV CCACHE_DIR=/ccache
ARG LANG=C.UTF-8
RUN cmake --preset release -DMSP_SANDBOX=OFF -DMSP_TESTS=OFF -DMSP_BENCH=ON \
    && ninja -C build/release msp-server msp-sandbox msp grpc_load
# msp-server with its code layout optimized by a profile of the bench's load.
RUN python3 ci/bench/optimize.py build/release
# A root for each program: the program, its libraries, and the package database for scanners.
RUN ci/image_root.sh /roots/server build/release/bin/msp-server build/release/bin/msp \
    && ci/image_root.sh /roots/sandbox build/release/bin/msp-sandbox

FROM scratch AS sandbox
ARG VERSION=0.2.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="multisafepay-grpc-sandbox" \
      org.opencontainers.image.description="A MultiSafepay simulator for tests" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.revision="${REVISION}"
COPY --from=build /roots/sandbox /
USER 65532:65532
EXPOSE 8081
ENTRYPOINT ["/usr/bin/msp-sandbox"]

FROM scratch AS server
ARG VERSION=0.2.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="multisafepay-grpc" \
      org.opencontainers.image.description="A gRPC service that takes card payments through MultiSafepay" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.revision="${REVISION}"
COPY --from=build /roots/server /
USER 65532:65532
# Bind all symbols at start-up: lazy binding spills SIMD registers, which may hold card data, to the stack.
ENV LD_BIND_NOW=1
# A container has its own interfaces; the mesh or --tls_cert_file provides TLS.
ENV MSP_LISTEN=0.0.0.0:50051 MSP_OPS_LISTEN=0.0.0.0:9464
EXPOSE 50051 9464
STOPSIGNAL SIGTERM
# For engines that support it; Kubernetes uses its own gRPC probes.
HEALTHCHECK --interval=10s --timeout=3s --start-period=5s CMD ["/usr/bin/msp", "health", "--service", "liveness"]
ENTRYPOINT ["/usr/bin/msp-server"]
