# shellcheck shell=bash
# What ./tidegate and ./check share: packages, the build lock, configuring and building. Sourced,
# never run. Whatever is said here goes to stderr, so that a program's --json stays clean.
# REQUIRES: $root is the checkout's folder.

readonly exit_environment=5
release="${root:?}/build/release"
stamp="$release/.built"
# What the programs are made of; tests and documents are not.
sources=("$root/CMakeLists.txt" "$root"/{cmake,base,trace,verifier,engine,watch,sim,lab,rehearsal})

say() { printf '%s: %s\n' "${0##*/}" "$*" >&2; }

give_up() {
  say "$*"
  exit "$exit_environment"
}

# packages NEED…: the names listed for these needs, one a line.
packages() {
  local need name
  while read -r need name; do
    if [[ -n $name && " $* " == *" $need "* ]]; then printf '%s\n' "$name"; fi
  done <"$root/setup/packages.txt"
}

# missing_packages NAME…: those that are not installed.
missing_packages() {
  local have name
  have=$(dpkg-query --show --showformat '${Package} ${db:Status-Status}\n' "$@" 2>/dev/null || true)
  for name in "$@"; do
    if ! grep --quiet --line-regexp --fixed-strings "$name installed" <<<"$have"; then
      printf '%s\n' "$name"
    fi
  done
}

apt_install() {
  DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends "$@" >&2 </dev/null
}

# Installs as root; anybody else is told the exact line.
install_packages() {
  if ((EUID != 0)); then
    say "these Debian packages are missing, and only root can install them. Please run"
    printf '\n    sudo apt-get install --yes --no-install-recommends %s\n\n' "$*" >&2
    give_up "then start me again. (If a package is not found: sudo apt-get update)"
  fi
  say "installing Debian packages: $*"
  if apt-cache show "$@" >/dev/null 2>&1 && apt_install "$@"; then return; fi
  say "fetching the package lists first (apt-get update)"
  apt-get update >&2 </dev/null || give_up "apt-get update failed"
  apt_install "$@" || give_up "apt-get could not install the packages named above"
}

# need_packages NEED…: returns when all packages of these needs are there.
need_packages() {
  local -a wanted missing
  mapfile -t wanted < <(packages "$@")
  if ! command -v dpkg-query >/dev/null; then
    say "no dpkg here: I can set up Debian 12 only. Needed are its ${wanted[*]}, or your system's own"
    return
  fi
  mapfile -t missing < <(missing_packages "${wanted[@]}")
  if ((${#missing[@]} > 0)); then install_packages "${missing[@]}"; fi
}

# One build at a time; release_lock lets the next one go on. The descriptor must not outlive the
# build: a long run would keep others from starting.
take_lock() {
  mkdir -p "$root/build" || give_up "cannot write to $root/build"
  exec {lock}>"$root/build/.lock"
  if ! flock --nonblock "$lock"; then
    say "another build of this checkout is running; waiting for it"
    flock "$lock"
  fi
}
release_lock() { exec {lock}>&-; }

# forget_moved_build FOLDER: a build folder that was configured for another place is of no use.
forget_moved_build() {
  local cache="$1/CMakeCache.txt"
  if [[ -e $cache ]] && ! grep --quiet --line-regexp --fixed-strings \
    "CMAKE_HOME_DIRECTORY:INTERNAL=$root" "$cache"; then
    say "${1#"$root/"} belongs to another folder: starting it anew"
    rm -rf "$1"
  fi
}

# configure PRESET CMAKE-OPTION…
configure() {
  local preset=$1
  shift
  forget_moved_build "$root/build/$preset"
  (cd "$root" && cmake --preset "$preset" "$@") >"$root/build/$preset.configure.log" 2>&1 || {
    cat "$root/build/$preset.configure.log" >&2
    give_up "cmake could not configure build/$preset"
  }
}

# build PRESET TARGET…
build() {
  local preset=$1
  shift
  NINJA_STATUS='[%f/%t] ' cmake --build "$root/build/$preset" --parallel "$(nproc)" \
    --target "$@" >&2
}

# Is the program at least as new as everything it is made of? ctime also sees files that were moved
# here with their old times.
release_is_current() {
  [[ -e $stamp && -x $release/rehearsal/tidegate && -x $release/engine/binlog-upgrade ]] &&
    [[ -z $(find "${sources[@]}" -cnewer "$stamp" -print -quit) ]]
}

# build_release TARGET…: the stamp carries the time before the build, so that what changes while it
# runs is seen by the next one.
build_release() {
  touch "$release/.building"
  build release "$@" || return
  mv "$release/.building" "$stamp"
}
