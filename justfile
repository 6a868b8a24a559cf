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

# How the cost of explaining grows: ratios of one run
bench:
    cargo bench --bench causes

# The fault lab: simulated days with faults of every cause, and docs/kill-matrix.md from what is made of them
lab:
    cargo run --release --example lab -- --days 10000 --output docs/kill-matrix.md
