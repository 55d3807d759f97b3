#!/usr/bin/env bash
# What a Debian machine lacks for `npm run release` and `npm run matrix`: the tools that no package registry of a language brings.
set -euo pipefail
packages=(
  cmake make perl cargo python3-pip openssl binutils llvm   # build, check
  debootstrap qemu-user-static libc6-arm64-cross libstdc++6-arm64-cross libatomic1-arm64-cross debian-archive-keyring   # try
)
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -y -qq --no-install-recommends "${packages[@]}" >/dev/null
