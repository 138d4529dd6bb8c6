#!/usr/bin/env bash
# Stops the private servers of this clone: the PostgreSQL of `openg2p up` and `demo`, and the PostgreSQL and RabbitMQ
# of the tests. Their data stays; `scripts/stop.sh clean` deletes it too. No other server is touched.
# With a directory of servers that is marked as this clone's (`scripts/stop.sh clean DIR`) only those in it.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

what=${1:-stop}
case $what in
  stop | clean) ;;
  *) die "usage: scripts/stop.sh [stop|clean] [DIR]" ;;
esac
only=${2:-}
if [ -n "$only" ] && [ "$(cat "$only/made-for" 2>/dev/null)" != "$PWD/target/testkit" ]; then
  die "$only does not hold test servers of this clone"
fi

# The directories that crates/storage/src/cluster/account.rs and scripts/test.sh may have chosen for this clone.
server_dirs() {
  local wanted marker
  if [ -n "$only" ]; then
    echo "$only"
    return
  fi
  for wanted in "$PWD/.openg2p" "$PWD/target/testkit"; do
    if [ -O "$wanted" ] || { [ -d "$wanted" ] && [ "$(id -u)" = 0 ]; }; then echo "$wanted"; fi
    for marker in /var/tmp/openg2p-*/made-for /dev/shm/openg2p-tests-*/made-for; do
      if [ -O "$marker" ] && [ "$(cat "$marker")" = "$wanted" ]; then dirname "$marker"; fi
    done
  done
}

# Whether the command line of a process says that it is the server of that directory.
is_server_of() { { tr '\0' '\n' <"/proc/$1/cmdline"; } 2>/dev/null | grep -qxF "$2"; }

# Ends the server of that directory and waits until it is gone. Does nothing when the process is another one.
end_process() {
  local pid=$1 signal=$2 dir=$3 attempt
  if [ -z "$pid" ] || ! is_server_of "$pid" "$dir"; then return 0; fi
  kill -s "$signal" "$pid"
  for attempt in $(seq 300); do
    if ! is_server_of "$pid" "$dir"; then
      say "stopped the server in $dir"
      return 0
    fi
    if [ "$attempt" = 200 ]; then kill -s KILL "$pid" 2>/dev/null || true; fi
    sleep 0.1
  done
  die "the server in $dir (process $pid) does not stop"
}

first_line() { head -n 1 "$1" 2>/dev/null || true; }

stop_servers() {
  local base=$1 data pid_file rabbit
  for data in "$base"/*/data; do
    # INT is PostgreSQL's fast shutdown.
    if [ -e "$data/postmaster.pid" ]; then end_process "$(first_line "$data/postmaster.pid")" INT "$data"; fi
  done
  for pid_file in "$base"/rabbitmq*/pid; do
    [ -e "$pid_file" ] || continue
    rabbit=$(dirname "$pid_file")
    end_process "$(first_line "$pid_file")" TERM "$rabbit"
    if [ -e "$rabbit/ports" ] && have epmd; then
      # The Erlang name server of this broker, on a port of its own.
      HOME=$rabbit ERL_EPMD_PORT=$(cut -d ' ' -f 3 "$rabbit/ports") timeout 10 epmd -kill >/dev/null 2>&1 || true
    fi
  done
}

while read -r base; do
  stop_servers "$base"
  if [ "$what" = clean ]; then
    rm -rf "$base"
    say "deleted $base"
  fi
done < <(server_dirs)
say "no private server of this clone is running"
