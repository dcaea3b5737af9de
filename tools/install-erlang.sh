#!/bin/sh
# Installs Erlang/OTP with the system's package manager where it is missing, and says what it does.
# Usage: tools/install-erlang.sh run|test. `run` is what the product needs, `test` adds what the tests need.
set -eu

purpose=${1:-run}

# Standard input is the prompt's, not ours: `printf '2 + 3' | make -s repl`.
exec </dev/null

has_lib() {
    erl -noshell -eval "halt(case code:lib_dir($1) of {error, _} -> 1; _ -> 0 end)." </dev/null >/dev/null 2>&1
}

missing() {
    command -v erl >/dev/null 2>&1 || return 0
    has_lib compiler && has_lib crypto || return 0
    [ "$purpose" = test ] || return 1
    has_lib eunit && has_lib tools || return 0
    return 1
}

missing || exit 0

# Package managers need the superuser. Without a terminal there is nobody to ask for a password.
as_root=
if [ "$(id -u)" -ne 0 ] && ! command -v brew >/dev/null 2>&1; then
    if ! command -v sudo >/dev/null 2>&1; then
        echo "Erlang/OTP is missing, and there is no sudo to install it with. Install Erlang/OTP 25 or newer, then run make again." >&2
        exit 1
    fi
    as_root=sudo
    [ -t 2 ] || as_root='sudo -n'
fi

say() {
    echo "Erlang/OTP is missing or incomplete: installing $1 with $2." >&2
}

if command -v apt-get >/dev/null 2>&1; then
    packages='erlang-base erlang-crypto'
    [ "$purpose" = test ] && packages="$packages erlang-dev erlang-eunit erlang-tools erlang-syntax-tools"
    say "$packages" apt-get
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get update -qq >&2
    # shellcheck disable=SC2086
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $packages >&2
elif command -v dnf >/dev/null 2>&1; then
    say erlang dnf
    $as_root dnf install -y -q erlang >&2
elif command -v pacman >/dev/null 2>&1; then
    say erlang-nox pacman
    $as_root pacman -S --noconfirm --needed erlang-nox >&2
elif command -v brew >/dev/null 2>&1; then
    say erlang brew
    brew install --quiet erlang >&2
else
    echo "Erlang/OTP is missing, and no package manager that this script knows was found (apt-get, dnf, pacman, brew). Install Erlang/OTP 25 or newer, then run make again." >&2
    exit 1
fi

command -v erl >/dev/null 2>&1 || { echo "The installation ended, but there is still no erl on the PATH." >&2; exit 1; }
