# What CI runs, and the few things one does by hand.

# Everything that CI checks
check:
    bash .ci/run

# All tests
test:
    cargo test

# Format the source
fmt:
    cargo fmt

# Lints, warnings refused
lint:
    cargo clippy --all-targets -- -D warnings

# The API's documentation, warnings refused
doc:
    RUSTDOCFLAGS=-Dwarnings cargo doc --no-deps

# Licences, bans and sources of the dependencies
deny:
    cargo deny check bans licenses sources

# Known vulnerabilities of the dependencies; the database is fetched
advisories:
    cargo deny check advisories

# Build the package as others get it, from what is in it alone
package:
    cargo package --locked

# Build the binary in two folders, and tell whether it is the same
reproducible:
    #!/usr/bin/env bash
    set -euo pipefail
    there=$(mktemp -d)
    trap 'rm -rf "$there"' EXIT
    export SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)
    for copy in one another-place; do
        git clone --quiet . "$there/$copy"
        (cd "$there/$copy" && RUSTFLAGS="--remap-path-prefix=$PWD=. --remap-path-prefix=${CARGO_HOME:-$HOME/.cargo}=cargo" \
            cargo build --release --locked --quiet)
    done
    (cd "$there" && sha256sum */target/release/tapecheck)
    cmp "$there"/*/target/release/tapecheck

# The binary of a release, trained: built once more with counts of what runs how often on days that are made; needs llvm-profdata, from rustup
trained:
    #!/usr/bin/env bash
    set -euo pipefail
    rustup --quiet component add llvm-tools
    host=$(rustc -vV | sed -n 's/^host: //p')
    at=$PWD/target/trained
    build() {
        RUSTFLAGS="${RUSTFLAGS-} $1" cargo build --release --locked --quiet --bin tapecheck --target "$host" --target-dir "$at/$2"
    }
    make() { cargo run --locked --quiet --example large_directory -- "$@" >/dev/null; }
    make "$at/plain" --megabytes 100
    make "$at/faulty" --megabytes 10 --wrong 20 --stray 10
    rm -rf "$at/counts"
    build "-Cprofile-generate=$at/counts" counting
    counting=$at/counting/$host/release/tapecheck
    "$counting" replay "$at/plain" --format json >/dev/null
    # What breaks cost is to be known, too: what never runs here is made small, not fast.
    for format in json text html sarif junit; do
        "$counting" replay "$at/faulty" --format "$format" >/dev/null || [ $? = 1 ]
    done
    "$counting" corpus run >/dev/null
    "$(rustc --print sysroot)/lib/rustlib/$host/bin/llvm-profdata" merge -o "$at/profile" "$at/counts"
    build "-Cprofile-use=$at/profile" built
    cp "$at/built/$host/release/tapecheck" "$at/tapecheck"
    ls -l "$at/tapecheck"

# What a broker that means harm can do
hostile-broker:
    cargo test --test broker_hostile

# What is written, killed at each write, on a full disk, over what is read
written:
    cargo test --test written

# Text that means harm, in every format
hostile-text:
    cargo test --test hostile_text

# Accept today's output as golden, and today's reports of the cases
bless:
    INSTA_UPDATE=always cargo test --test golden
    cargo run --release -- corpus accept --yes
    git status --short snapshots corpus

# Replay one case of the corpus
case NAME *FLAGS:
    cargo run --release -- replay corpus/{{NAME}} --broker corpus/{{NAME}}/broker {{FLAGS}}

# Tell which cases no longer give the accepted verdict
corpus *FLAGS:
    cargo run --release -- corpus run {{FLAGS}}

# How fast a whole replay is, against a newline scan and against what else there is, in one run; how the cost of explaining grows; how long a
# live audit waits
bench *FLAGS:
    cargo bench --bench replay -- {{FLAGS}}
    cargo bench --bench causes
    cargo bench --bench live
    cargo bench --bench watch

# What each stage takes: lines, decode, account, tape, ledger, causes, report
bench-stages *FLAGS:
    cargo bench --bench stages -- {{FLAGS}}

# Instructions of each stage against benches/instructions.txt; needs valgrind
bench-check:
    cargo bench --bench stages -- instructions

# Accept today's instructions
bench-accept:
    cargo bench --bench stages -- instructions accept

# The fault lab: simulated days with faults of every cause, and docs/kill-matrix.md from what is made of them
lab:
    cargo run --release --example lab -- --days 10000 --output docs/kill-matrix.md

# A week of a bot and its broker, a thousand times as fast, with faults and outages: each must be told once, and nothing else
soak *FLAGS:
    cargo run --release --example soak -- {{FLAGS}}

# Fuzz a target of tests/fuzz/targets until it is stopped, or until FLAGS say (-runs=10000000); needs cargo-fuzz
fuzz TARGET *FLAGS:
    cargo fuzz build --sanitizer none --fuzz-dir tests/fuzz --target-dir target/fuzz {{TARGET}}
    tests/fuzz/seeds {{TARGET}} target/fuzz/seeds/{{TARGET}}
    mkdir -p target/fuzz/found/{{TARGET}}
    target/fuzz/*/release/{{TARGET}} -artifact_prefix=target/fuzz/found/{{TARGET}}- -max_len=2048 -timeout=10 -print_final_stats=1 \
        {{FLAGS}} target/fuzz/found/{{TARGET}} target/fuzz/seeds/{{TARGET}}

# Directories under attack: also every byte and bit of some days, and the largest of everything (some minutes, and 5 GB of disk)
attack:
    cargo test --release --test attack -- --include-ignored --nocapture --test-threads 1
