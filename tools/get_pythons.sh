#!/bin/sh
# Unpacks CPython 3.14 and 3.15 from Debian's unstable packages, with their own C library, and changes
# nothing of the system: sh tools/get_pythons.sh [FOLDER]
#
#   FOLDER/bin/python3.14, FOLDER/bin/python3.15   (FOLDER is .tools/pythons unless named)
#
# The Makefile and tests/support/pythons.py find them there. Needs Debian's apt, dpkg and patchelf; not
# root, but the folder must stay where it is. Settings, as environment variables:
#
#   ARCH      another processor, such as arm64: bin/ then holds scripts that run each interpreter
#             under QEMU (package qemu-user-static), and FOLDER is .tools/pythons-ARCH
#   VERSIONS  "3.14 3.15"
#   SUITE     "sid"
set -eu

die() {
    echo "get_pythons.sh: $1" >&2
    exit 1
}

need() { # COMMAND PACKAGE
    command -v "$1" >/dev/null || die "$1 is missing; run: apt-get install $2"
}

for tool in apt-get dpkg; do
    command -v "$tool" >/dev/null || die "$tool is missing; this script needs Debian or a derivative"
done
need patchelf patchelf

native=$(dpkg --print-architecture)
arch=${ARCH:-$native}
versions=${VERSIONS:-3.14 3.15}
suite=${SUITE:-sid}
folder=${1:-$(dirname "$0")/../.tools/pythons}
if [ $# -eq 0 ] && [ "$arch" != "$native" ]; then
    folder=$folder-$arch
fi

case $arch in
    amd64) loader=ld-linux-x86-64.so.2 triplet=x86_64-linux-gnu emulator=qemu-x86_64-static ;;
    arm64) loader=ld-linux-aarch64.so.1 triplet=aarch64-linux-gnu emulator=qemu-aarch64-static ;;
    *) die "expected amd64 or arm64 as ARCH, got $arch" ;;
esac
if [ "$arch" != "$native" ]; then
    need "$emulator" qemu-user-static
fi

# The archive that this machine's own sources name, under its own key.
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
[ -r "$keyring" ] || die "$keyring is missing; run: apt-get install debian-archive-keyring"
# shellcheck disable=SC2016 # apt fills these in, not the shell
uri=$(apt-get indextargets --format '$(LABEL) $(COMPONENT) $(REPO_URI)' 'Created-By: Packages' |
    sed -n 's/^Debian main //p' | head -n 1)
[ -n "$uri" ] || die "apt's sources name no Debian archive; check /etc/apt, then run: apt-get update"

mkdir -p "$folder/lists/partial" "$folder/cache/archives/partial"
folder=$(cd "$folder" && pwd -P)
rm -rf "${folder:?}/unpacked" "${folder:?}/bin"
rm -rf "${folder:?}/root" # where earlier versions of this script unpacked the packages
mkdir "$folder/unpacked" "$folder/bin"
echo "deb [signed-by=$keyring] $uri $suite main" >"$folder/sources.list"
# As if nothing were installed, so that everything the interpreters need comes along.
set -- -qq \
    -oDir::Etc::sourcelist="$folder/sources.list" -oDir::Etc::sourceparts=/dev/null \
    -oDir::State::lists="$folder/lists" -oDir::State::status=/dev/null \
    -oDir::Cache="$folder/cache" -oDebug::NoLocking=1 -oAPT::Sandbox::User="$(id -un)" \
    -oAPT::Architecture="$arch" -oAPT::Architectures="$arch"

packages=
for version in $versions; do
    packages="$packages python$version"
done
apt-get "$@" update
apt-get "$@" autoclean
# shellcheck disable=SC2086 # one word for each package
apt-get "$@" install --yes --download-only --no-install-recommends $packages
# What tools/create_venv.py creates environments with. Its own dependencies are another interpreter.
(cd "$folder/cache/archives" && apt-get "$@" download python3-pip)
for package in "$folder"/cache/archives/*.deb; do
    dpkg --extract "$package" "$folder/unpacked"
done

for version in $versions; do
    python=$folder/unpacked/usr/bin/python$version
    # RPATH, not RUNPATH: it also holds for the libraries that extension modules need.
    patchelf --set-interpreter "$(find "$folder/unpacked" -name "$loader" | head -n 1)" \
        --force-rpath --set-rpath "$folder/unpacked/usr/lib/$triplet" "$python"
    if [ "$arch" = "$native" ]; then
        ln -s "../unpacked/usr/bin/python$version" "$folder/bin/python$version"
    else
        printf '#!/bin/sh\nexec %s "%s" "$@"\n' "$emulator" "$python" >"$folder/bin/python$version"
        chmod 755 "$folder/bin/python$version"
    fi
    found=$("$folder/bin/python$version" -c 'import platform, ssl, sys
print("CPython", platform.python_version(), platform.machine() + ",", ssl.OPENSSL_VERSION)')
    echo "$folder/bin/python$version: $found"
done
