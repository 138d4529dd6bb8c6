#!/usr/bin/env bash
# Installs what is missing on Debian and Ubuntu. Usage: scripts/setup.sh demo|test
# It says what it installs first, starts no system service, makes no system database, and does nothing when all is
# there. Without root it names the packages and stops.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

goal=${1:-test}
case $goal in
  demo | test) ;;
  *) die "usage: scripts/setup.sh demo|test" ;;
esac

check_rust() {
  local wanted found
  wanted=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml)
  have cargo || die "Rust is not installed. Install Rust $wanted or newer (https://rustup.rs), then run this again."
  found=$(rustc --version | sed 's/^rustc \([0-9.]*\).*/\1/')
  if [ "$(printf '%s\n%s\n' "$wanted" "$found" | sort -V | head -n 1)" != "$wanted" ]; then
    die "Rust $found is too old; $wanted or newer is needed. With rustup: rustup update stable"
  fi
  if [ "$goal" = test ] && ! { cargo fmt --version && cargo clippy --version; } >/dev/null 2>&1; then
    have rustup || die "cargo fmt and cargo clippy are missing. Install the Rust components rustfmt and clippy."
    say "installing the Rust components rustfmt and clippy"
    rustup component add rustfmt clippy
  fi
}

missing_packages() {
  if ! have cc && ! have gcc && ! have clang; then echo build-essential; fi
  case $goal in
    demo)
      if [ -z "${OPENG2P__DATABASE_URL:-}${OPENG2P__DATABASE_URL_FILE:-}" ] && ! have_postgres_server; then
        echo postgresql
      fi
      ;;
    test)
      if [ -z "${TEST_DATABASE_URL:-}" ] && ! have_postgres_server; then echo postgresql; fi
      if [ -z "${TEST_AMQP_URL:-}" ] && ! have_rabbitmq; then echo rabbitmq-server; fi
      if ! have node; then echo nodejs; fi
      if ! have npm; then echo npm; fi
      if ! have chromium; then echo chromium; fi
      # Letters of all languages of the pages; with them the pictures are the same everywhere.
      if [ ! -d /usr/share/fonts/truetype/noto ]; then echo fonts-noto-core; fi
      ;;
  esac
}

as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi; }

policy=/usr/sbin/policy-rc.d
policy_kept=$policy.before-openg2p
createcluster=/etc/postgresql-common/createcluster.conf

# Packages ask this file whether they may start their service: 101 means no.
forbid_services() {
  if as_root test -e "$policy" && ! as_root test -e "$policy_kept" && ! grep -qs openg2p "$policy"; then
    as_root mv "$policy" "$policy_kept"
  fi
  printf '#!/bin/sh\n# Put here by openg2p scripts/setup.sh while it installs packages.\nexit 101\n' |
    as_root tee "$policy" >/dev/null
  as_root chmod 755 "$policy"
}

allow_services() {
  if as_root test -e "$policy_kept"; then
    as_root mv -f "$policy_kept" "$policy"
  elif grep -qs openg2p "$policy"; then
    as_root rm -f "$policy"
  fi
}

# A run that was killed could not take its file away.
heal() {
  if ! grep -qs openg2p "$policy"; then return 0; fi
  if [ "$(id -u)" = 0 ] || sudo -n true 2>/dev/null; then
    allow_services
  else
    say "an earlier run was killed and left $policy, which keeps packages from starting services: remove it as root"
  fi
}

# Must be there before the package, which would make and start a "main" cluster otherwise.
forbid_main_cluster() {
  if [ -e "$createcluster" ] && ! grep -qs '^ *create_main_cluster *= *false' "$createcluster"; then
    as_root sed -i '/^ *create_main_cluster/d' "$createcluster"
  fi
  if ! grep -qs '^ *create_main_cluster' "$createcluster"; then
    as_root mkdir -p "$(dirname "$createcluster")"
    echo 'create_main_cluster = false' | as_root tee -a "$createcluster" >/dev/null
  fi
}

apt_get() {
  as_root env DEBIAN_FRONTEND=noninteractive UCF_FORCE_CONFFOLD=1 NEEDRESTART_SUSPEND=1 LC_ALL=C \
    apt-get -o DPkg::Lock::Timeout=600 -o Dpkg::Options::=--force-confold -q -y "$@" </dev/null
}

# The lock of the package lists has no waiting option; a fresh machine often updates itself just then.
update_lists() {
  local attempt
  for attempt in 1 2 3 4 5 6; do
    if apt_get update; then return 0; fi
    if [ "$attempt" != 6 ]; then sleep 10; fi
  done
  say "the package lists could not be updated; trying with the present ones"
}

install_packages() {
  local packages=("$@")
  have apt-get || die "missing: ${packages[*]} (their Debian names). Install them with this system's package manager, then run this again."
  if [ "$(id -u)" != 0 ] && ! sudo -n true 2>/dev/null; then
    die "missing packages: ${packages[*]}. Install them as root (apt-get install -y ${packages[*]}), then run this again."
  fi
  say "installing with apt: ${packages[*]} (no system service is started)"
  trap allow_services EXIT
  trap 'exit 130' INT TERM HUP
  forbid_services
  case " ${packages[*]} " in *" postgresql "*) forbid_main_cluster ;; esac
  update_lists
  apt_get install --no-install-recommends "${packages[@]}"
  allow_services
  trap - EXIT INT TERM HUP
}

# A program of the tests that runs in node, in the versions of its lock file.
install_with_npm() {
  local what=$1 from=tests/$2 to=target/$2
  if cmp -s "$from/package-lock.json" "$to/installed"; then return; fi
  say "installing $what of the tests with npm into $to"
  rm -rf "$to"
  mkdir -p "$to"
  cp "$from/package.json" "$from/package-lock.json" "$to/"
  (cd "$to" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error) ||
    die "npm could not install $what of the tests; see above"
  cp "$from/package-lock.json" "$to/installed"
}

check_rust
heal
mapfile -t packages < <(missing_packages)
if [ "${#packages[@]}" -gt 0 ]; then
  install_packages "${packages[@]}"
  mapfile -t packages < <(missing_packages)
  [ "${#packages[@]}" = 0 ] || die "still missing after the installation: ${packages[*]}"
fi
if [ "$goal" = test ]; then
  install_with_npm "the OpenID provider" oidc-provider
  install_with_npm "the browser's driver" browser
fi
say "ready: everything for '$goal' is installed"
