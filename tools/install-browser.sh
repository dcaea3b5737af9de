#!/bin/sh
# Installs Chromium for the test that lets a page in a browser attack the prompt's port (security property L3). About 100 MB
# to fetch, 400 MB on the disk. Without it that test says so and passes, so nothing here is ever an error.
set -u

exec </dev/null

[ -z "${BEAMTALK_NO_BROWSER:-}" ] || exit 0
for program in chromium chromium-browser google-chrome; do
    command -v "$program" >/dev/null 2>&1 && exit 0
done

without() {
    echo "No Chromium ($1): the test with a browser will be skipped." >&2
    exit 0
}

command -v apt-get >/dev/null 2>&1 || without "it is installed only with apt-get"
as_root=
if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null || without "installing it needs the superuser"
    as_root='sudo -n'
fi
candidate=$(apt-cache policy chromium 2>/dev/null | sed -n 's/^ *Candidate: //p')
if [ -z "$candidate" ] || [ "$candidate" = "(none)" ]; then
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get update -qq >&2 || without "the list of packages cannot be fetched"
fi
echo "Installing chromium with apt-get, for one test (BEAMTALK_NO_BROWSER=1 does without)." >&2
$as_root env DEBIAN_FRONTEND=noninteractive timeout 600 \
    apt-get install -y -qq --no-install-recommends chromium >/dev/null 2>&1 || without "its installation failed"
