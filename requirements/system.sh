#!/usr/bin/env bash
# Says what this machine lacks, all at once, with Debian's package names; silent where it has all.
# usage: system.sh PYTHON [servers]    servers: also what Kafka, PostgreSQL, the S3 gateway and Triton need
set -uo pipefail
python=$1
lacks=()

has() { command -v "$1" >/dev/null; }
lack() { lacks+=("  $1"); }

# at_least WANTED FOUND: versions by their first two numbers
at_least() { [ "$(printf '%s\n%s\n' "$1" "$2" | sort -V | head -n 1)" = "$1" ]; }

if ! has "$python"; then
    lack "$python: apt install python3.11 python3.11-venv (or PYTHON=/path/to/python3.11 make ...)"
elif ! "$python" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))'; then
    lack "Python 3.11; $python is another version"
elif ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
    lack "the venv module of $python: apt install python3.11-venv"
fi

if [ "${2:-}" = servers ]; then
    java=$(java -version 2>&1 | sed -nE '1s/.*"([0-9]+).*/\1/p')
    at_least 17 "${java:-0}" || lack "Java 17 or newer: apt install openjdk-17-jre-headless"
    has mvn || lack "Maven: apt install maven"
    go=$(go env GOVERSION 2>/dev/null)
    at_least 1.25 "${go#go}" || lack "Go 1.25 or newer: apt install golang-go, of a Debian that has it"
    [ -x /usr/lib/postgresql/15/bin/postgres ] || has apt-get ||
        lack "PostgreSQL 15: apt install postgresql-15"
    "$python" -c 'import sysconfig, pathlib, sys
places = [sysconfig.get_config_var("LIBDIR") or "/", "/usr/lib/x86_64-linux-gnu"]
sys.exit(not any(pathlib.Path(each, "libpython3.11.so.1.0").is_file() for each in places))' ||
        has apt-get || lack "the library of Python 3.11: apt install libpython3.11"
    has setpriv || lack "setpriv: apt install util-linux"
fi

if [ ${#lacks[@]} -gt 0 ]; then
    printf 'missing (names of packages are Debian'\''s):\n' >&2
    printf '%s\n' "${lacks[@]}" >&2
    exit 1
fi
