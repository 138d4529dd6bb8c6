#!/usr/bin/env bash
# Writes what is made from the code and committed: proto/, docs/configuration.md, deploy/config/.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

WRITE_GENERATED=1 cargo test --workspace --locked --test generated committed_documents
say "proto/, docs/configuration.md and deploy/config/ are those of the code"
