# shellcheck shell=bash
# What the scripts share. Source it; it changes into the root of the clone.

cd -P "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1

# One line about what happens now.
say() { printf '==> %s\n' "$*"; }

# One line about what is wrong and what to do, then the end.
die() {
  printf 'error: %s\n' "$*" >&2
  exit 1
}

have() { command -v "$1" >/dev/null 2>&1; }

# Whether a PostgreSQL server is installed: the same places as crates/storage/src/cluster/binaries.rs.
have_postgres_server() {
  local dir bin
  local -a dirs=()
  IFS=: read -r -a dirs <<<"$PATH"
  for dir in "${dirs[@]}"; do
    if [ -x "$dir/initdb" ] && bin=$(dirname "$(readlink -f "$dir/initdb")") && is_postgres_bin "$bin"; then
      return 0
    fi
  done
  if have pg_config && is_postgres_bin "$(pg_config --bindir 2>/dev/null)"; then return 0; fi
  for bin in /usr/lib/postgresql/*/bin /usr/local/lib/postgresql/*/bin /usr/local/pgsql/bin /usr/bin; do
    if is_postgres_bin "$bin"; then return 0; fi
  done
  return 1
}

is_postgres_bin() { [ -x "$1/initdb" ] && [ -x "$1/pg_ctl" ] && [ -x "$1/postgres" ]; }

# Whether RabbitMQ's own script is installed: the same place as crates/testkit/src/rabbitmq.rs.
have_rabbitmq() {
  local script
  for script in /usr/lib/rabbitmq/lib/rabbitmq_server-*/sbin/rabbitmq-server; do
    if [ -f "$script" ]; then return 0; fi
  done
  return 1
}
