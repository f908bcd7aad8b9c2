# SPDX-License-Identifier: Apache-2.0

# shellcheck shell=bash disable=SC2034
# The Debian 12 packages of every job, in one place; README has the reason for each library.
# Sourced by lib.sh; `install build lint` installs the missing packages of both lists.

packages_build=(
  g++ cmake ninja-build ccache pkg-config python3
  libgrpc++-dev protobuf-compiler-grpc grpc-proto
  libprotobuf-dev protobuf-compiler
  libabsl-dev libssl-dev zlib1g-dev
  libcurl4-openssl-dev libboost-dev libsimdjson-dev
  libcpp-httplib-dev nlohmann-json3-dev libqrencode-dev
  prometheus-cpp-dev libhiredis-dev libmimalloc-dev
  libgtest-dev libgmock-dev
)
packages_clang=(clang libclang-rt-14-dev)
packages_lint=(git clang-format clang-tidy cppcheck shellcheck npm)
packages_load=(nginx-light libnginx-mod-http-echo nghttp2-client openssl)
packages_bench=(gnuplot-nox libbenchmark-dev)
packages_optimize=(bolt-16)
packages_package=(binutils git)
packages_deb=(dpkg-dev file help2man lintian)
packages_node=(nodejs npm)
packages_python=(python3-venv)
packages_php=(php-cli php-curl php-google-protobuf protobuf-compiler phpunit composer php-zip)
packages_clean_root=(mmdebstrap openssl systemd unzip)
packages_guard=(valgrind)
packages_sdks=(nodejs npm python3-venv)
packages_go=(golang-go)
packages_ruby=(ruby-grpc protobuf-compiler protobuf-compiler-grpc npm)
packages_java=(default-jdk-headless maven)
packages_test=(python3-protobuf python3-yaml redis-tools)
packages_operate=(prometheus)
packages_secrecy=(binutils openssl procps)
packages_chart=(openssl python3-venv)
packages_api_server=(etcd-server)
packages_image=(buildah mmdebstrap runc)
packages_mesh=(chromium nodejs npm openssl python3-venv)
packages_browser=(chromium nodejs npm)
