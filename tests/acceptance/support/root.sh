# For acceptance tests that need a clean Debian 12: a root file system by debootstrap, in namespaces of its own, so that nothing
# that is mounted or started there outlives the test, whichever way it ends. Sourced by bash, in the repository's root.
# shellcheck shell=bash

say() { printf '[%4d s] %s\n' "$SECONDS" "$*"; }
fail() { say "FAILED: $*"; exit 1; }
fail_with() { tail -40 "$1"; shift; fail "$@"; }

# The first thing that a test does: NAME, then its own arguments.
in_namespaces_of_its_own() {
  local name=$1
  shift
  [[ $(id -u) -eq 0 ]] || { echo "this needs root, for debootstrap and chroot" >&2; exit 1; }
  command -v debootstrap >/dev/null || { echo "this needs the package debootstrap" >&2; exit 1; }
  if [[ -z ${ACCEPTANCE_ROOT:-} ]]; then
    ACCEPTANCE_ROOT=$(mktemp -d --tmpdir "acceptance-$name.XXXXXX")
    export ACCEPTANCE_ROOT
    chmod 755 "$ACCEPTANCE_ROOT"
    trap 'rm -rf --one-file-system "$ACCEPTANCE_ROOT"' EXIT
    local status=0
    unshare --mount --pid --fork --kill-child --mount-proc "$PWD/tests/acceptance/$name" "$@" || status=$?
    exit "$status"
  fi
  work=$ACCEPTANCE_ROOT
  root=$work/root
  mkdir -p "$root"
}

# Packages come from where this machine gets its own, in the same way.
sources() {
  apt-get indextargets --format "\$(REPO_URI) \$(CODENAME) \$(COMPONENT)" 'Created-By: Packages' |
    awk '$2 ~ /^bookworm(-updates|-security)?$/ && $3 == "main" { print "deb", $1, $2, "main" }' | sort -u
}

# make_root PACKAGE…
make_root() {
  local mirror include=ca-certificates
  mirror=$(sources | awk '$3 == "bookworm" { print $2; exit }')
  [[ -n $mirror ]] || fail "no Debian 12 mirror in this machine's apt sources"
  eval "$(apt-config shell http_proxy Acquire::http::Proxy)"
  [[ -z ${http_proxy:-} ]] || export http_proxy
  local package
  for package in "$@"; do include+=",$package"; done

  # One that was made today will do.
  local kept="build/debootstrap/$include.tar"
  mkdir -p build/debootstrap
  if [[ -z $(find "$kept" -mmin -1440 2>/dev/null) ]]; then
    debootstrap --cache-dir="$PWD/build/debootstrap" --variant=minbase --include="$include" bookworm "$root" "$mirror" >"$work/log" 2>&1 ||
      fail_with "$work/log" debootstrap
    tar -C "$root" -cf "$kept.new" .
    mv "$kept.new" "$kept"
  else
    tar -C "$root" -xf "$kept"
  fi
  sources >"$root/etc/apt/sources.list"
  apt-config dump | grep '^Acquire::' >"$root/etc/apt/apt.conf.d/99host" || true
  cp -L /etc/resolv.conf /etc/hosts "$root/etc/"
  if compgen -G '/usr/local/share/ca-certificates/*.crt' >/dev/null; then
    cp /usr/local/share/ca-certificates/*.crt "$root/usr/local/share/ca-certificates/"
    chroot "$root" update-ca-certificates >/dev/null 2>&1
  fi
  mount -t proc proc "$root/proc"
  mount --rbind /dev "$root/dev"
  say "a clean Debian $(cat "$root/etc/debian_version") with $(chroot "$root" dpkg-query -W | wc -l) packages"
}

# A clean environment: what this shell happens to have set must not be what makes it work.
in_root() {
  chroot "$root" env -i HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive \
    ${http_proxy:+http_proxy="$http_proxy"} bash -c "$1"
}
