#!/bin/sh
# The benchmark and the GPU tests of Cotangent on a Linux x64 machine with a GPU: no network, no Node.
#
#   ./run.sh                  the tests, then the whole suite
#   ./run.sh tests            the tests
#   ./run.sh bench [OPTIONS]  the suite, or what the options say (./run.sh bench --list)
#
# Numbers go to bench/results/. PyTorch and JAX take part where python3 has them.
set -eu
cd "$(dirname "$0")"

# What is large travels compressed.
expand() {
  [ -s "$1" ] && return
  if command -v xz >/dev/null; then
    xz -dc "$1.xz" >"$1.part"
  else
    python3 -c 'import lzma, shutil, sys; shutil.copyfileobj(lzma.open(sys.argv[1]), open(sys.argv[2], "wb"))' \
      "$1.xz" "$1.part"
  fi
  mv "$1.part" "$1"
}
expand bin/node
chmod +x bin/node
expand node_modules/webgpu/dist/linux-x64/dawn.node
expand test.tar
[ -d test ] || tar -xf test.tar

# Dawn looks for a Vulkan loader; one comes along for machines whose driver lacks it.
if ! ldconfig -p 2>/dev/null | grep -q libvulkan.so.1; then
  LD_LIBRARY_PATH="$PWD/lib${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
  export LD_LIBRARY_PATH
fi
# Containers may have NVIDIA's driver where no loader looks.
if [ -z "${VK_DRIVER_FILES:-}" ] && ! ls /usr/share/vulkan/icd.d/*.json /etc/vulkan/icd.d/*.json >/dev/null 2>&1; then
  found=$(find /usr/local /opt /usr/lib -name 'nvidia_icd*.json' 2>/dev/null | head -n 1)
  if [ -n "$found" ]; then
    VK_DRIVER_FILES=$found
    export VK_DRIVER_FILES
  fi
fi

tests() { bin/node test/support/test-runner.mjs; }
bench() { bin/node bench/run.mjs "$@"; }
case "${1:-all}" in
  tests) tests ;;
  bench)
    shift
    bench "$@"
    ;;
  all)
    status=0
    tests || status=1
    bench || status=1
    exit $status
    ;;
  *)
    sed -n '2,9s/^# \{0,1\}//p' "$0"
    exit 2
    ;;
esac
