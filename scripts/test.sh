#!/usr/bin/env bash
# Everything that must hold: format, lints, all tests (drift checks and end-to-end on both transports among them).
# Usage: scripts/test.sh [lint|unit|e2e|all]
set -euo pipefail
. "$(dirname "$0")/lib.sh"

part=${1:-all}
started=$SECONDS

step() {
  local name=$1 began=$SECONDS
  shift
  say "$name"
  "$@" || die "$name failed: $*"
  say "$name: ok, $((SECONDS - began)) s"
}

lint() {
  step "format" cargo fmt --all --check
  step "lints" cargo clippy --workspace --all-targets --locked -- -D warnings
  if cargo deny --version >/dev/null 2>&1; then
    step "licences and sources" cargo deny --offline --locked check licenses bans sources
  fi
}

# The end-to-end tests start the real programs, so these are built first, with the same features as the tests.
build() { step "build" cargo build --workspace --bins --locked; }

# The tests make and drop a database each: on a disk half of their CPU went into its files. Where there is room for it, they
# are in memory; the servers end with this script, or with `make stop` when it was killed.
servers_in_memory() {
  if [ -n "${OPENG2P_TEST_SERVERS:-}${TEST_DATABASE_URL:-}" ] || [ ! -d /dev/shm ]; then return 0; fi
  if [ "$(df --output=avail -k /dev/shm | tail -n 1)" -lt $((8 * 1024 * 1024)) ]; then return 0; fi
  OPENG2P_TEST_SERVERS=$(mktemp -d /dev/shm/openg2p-tests-XXXXXX)
  # The account of the servers must get in, and see nothing.
  chmod 0711 "$OPENG2P_TEST_SERVERS"
  echo "$PWD/target/testkit" >"$OPENG2P_TEST_SERVERS/made-for"
  export OPENG2P_TEST_SERVERS
  trap 'scripts/stop.sh clean "$OPENG2P_TEST_SERVERS"' EXIT
}

# Always the whole workspace: a part of it would be built with other features, that is, anew.
run_tests() {
  local filter=$1
  if cargo nextest --version >/dev/null 2>&1; then
    case $filter in
      unit) step "tests" cargo nextest run --workspace --locked -E 'not binary(/^e2e_/)' ;;
      e2e) step "end-to-end tests" cargo nextest run --workspace --locked -E 'binary(/^e2e_/)' ;;
      all) step "tests" cargo nextest run --workspace --locked ;;
    esac
    if [ "$filter" != e2e ]; then step "examples in the documentation" cargo test --workspace --doc --locked -q; fi
  else
    case $filter in
      unit) step "tests" cargo test --workspace --exclude end-to-end --locked ;;
      e2e) step "end-to-end tests" cargo test --workspace --locked --test 'e2e_*' ;;
      all) step "tests" cargo test --workspace --locked ;;
    esac
  fi
}

case $part in
  lint) lint ;;
  unit)
    servers_in_memory
    run_tests unit
    ;;
  e2e)
    build
    servers_in_memory
    run_tests e2e
    ;;
  all)
    lint
    build
    servers_in_memory
    run_tests all
    ;;
  *) die "usage: scripts/test.sh [lint|unit|e2e|all]" ;;
esac
say "$part: all passed in $((SECONDS - started)) s"
