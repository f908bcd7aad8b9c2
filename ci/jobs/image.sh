#!/usr/bin/env bash
# the container image, built by buildah on a base that mmdebstrap makes, and run: size, non-root, read-only, a payment
# SPDX-License-Identifier: Apache-2.0
#
#   --keep          leave the images in ~/.cache/multisafepay-grpc/image; to use them: buildah --root DIR/storage images
#   --archive DIR   write both images, the service's and the sandbox's, into DIR as multisafepay-grpc-VERSION-oci.tar and
#                   multisafepay-grpc-sandbox-VERSION-oci.tar: OCI archives, whose format cannot hold the health check
#
# No registry is used. The compiler's cache is the one of ./run build, so that a warm run compiles little. What is built is
# run by runc as Kubernetes would run it: a numeric user, a read-only root, no capabilities, no new privileges.
source ci/lib.sh
keep=no archive=
while (($# > 0)); do
  case $1 in
    --help) usage_of image ;;
    --keep) keep=yes ;;
    --archive)
      [[ $# -ge 2 ]] || die 'image: --archive requires a folder'
      [[ -d $2 ]] || die "image: there is no folder $2"
      archive=$2
      shift
      ;;
    *) die "image: unknown option '$1'; ./run image --help" ;;
  esac
  shift
done
[[ $(id -u) -eq 0 ]] || die 'image: mounts file systems and runs containers; run it as root'
install build image
build release msp-server msp-sandbox msp

cache=${XDG_CACHE_HOME:-$HOME/.cache}/multisafepay-grpc/image
mkdir -p "$cache/storage" "$cache/run" build
# chroot works even where a container may not create containers.
export BUILDAH_ISOLATION=chroot
buildah=(buildah --root "$cache/storage" --runroot "$cache/run")
log=build/image.log

# The base, rebuilt once a month for Debian's security updates.
if [[ ! -f $cache/base.tar || -n $(find "$cache/base.tar" -mtime +30) ]]; then
  say 'making a Debian 12 base'
  # The file extension makes mmdebstrap create an archive. Leftovers of an interrupted run must not stop the next one.
  rm -rf --one-file-system "$cache/base.tar" "$cache/base.tar.new" "$cache/base.new.tar"
  as_root mmdebstrap --variant=minbase bookworm "$cache/base.new.tar" >"$log" 2>&1 || {
    tail -n 20 "$log" >&2
    die "mmdebstrap failed; all of its output is in $log"
  }
  mv "$cache/base.new.tar" "$cache/base.tar"
  "${buildah[@]}" rmi --all --force >/dev/null 2>&1 || true
fi
if ! "${buildah[@]}" inspect --type image localhost/debian:12-slim >/dev/null 2>&1; then
  container=$("${buildah[@]}" from scratch)
  "${buildah[@]}" add -q "$container" "$cache/base.tar" / >/dev/null
  "${buildah[@]}" commit -q --rm "$container" localhost/debian:12-slim >/dev/null
fi

revision=$(git rev-parse --short HEAD 2>/dev/null || echo unknown)
compiled=$(ccache --get-config cache_dir 2>/dev/null || echo "$cache/ccache")
mkdir -p "$compiled"
for target in sandbox server; do
  say "building the image's target $target"
  # The docker format keeps the health check, which OCI's cannot hold.
  "${buildah[@]}" build --format docker --layers --build-arg BASE=localhost/debian:12-slim \
    --build-arg REVISION="$revision" --build-arg VERSION="$(<VERSION)" --build-arg LANG="${LANG:-C.UTF-8}" --volume "$compiled:/ccache" --target "$target" \
    -t "localhost/multisafepay-grpc:$target" . >"$log" 2>&1 || {
    tail -n 30 "$log" >&2
    die "the build failed; all of its output is in $log"
  }
done

roots=()
for target in server sandbox; do
  container=$("${buildah[@]}" from "localhost/multisafepay-grpc:$target")
  roots+=("$container" "$("${buildah[@]}" mount "$container")")
done
clean() {
  "${buildah[@]}" rm "${roots[0]}" "${roots[2]}" >/dev/null 2>&1 || true
  # Layers are kept, so that the next run is quick; images of former runs are removed.
  [[ $keep == yes ]] || "${buildah[@]}" rmi --prune >/dev/null 2>&1 || true
}
trap clean EXIT
"${buildah[@]}" inspect --type image localhost/multisafepay-grpc:server >build/image.json
if [[ -n $archive ]]; then
  version=$(<VERSION)
  for target in server sandbox; do
    name=multisafepay-grpc
    [[ $target == server ]] || name+=-$target
    file=$archive/$name-$version-oci.tar
    rm -f "$file"
    "${buildah[@]}" push -q --format oci "localhost/multisafepay-grpc:$target" "oci-archive:$file:$version"
  done
fi
python3 tests/image/image_test.py build/image.json "${roots[1]}" "${roots[3]}" build/release/bin
