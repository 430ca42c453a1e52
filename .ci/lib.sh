# Shared by the scripts of this folder, which source it at the repository's root.
# shellcheck shell=bash

golangci_version=v2.15.0

# modules prints the directory of each module, the root's first.
modules() {
	git ls-files --cached --others --exclude-standard 'go.mod' '**/go.mod' |
		{ grep -v '/testdata/' || true; } | while IFS= read -r file; do dirname "$file"; done | LC_ALL=C sort -u
}

# in_each_module runs a command in every module, on that module alone, and fails
# if one of them did; all are run.
in_each_module() {
	local dir failed=0
	for dir in $(modules); do
		echo "-- $dir: $(basename "$1") ${*:2}"
		(cd "$dir" && GOWORK=off "$@") || failed=1
	done
	return "$failed"
}

results=()
failures=0
started=$SECONDS

# step NAME COMMAND... runs one step under a heading and remembers how it went.
# The command runs in the background so that `set -e` holds inside it: in the
# condition of an `if` or `||` it would not.
step() {
	local name=$1 from=$SECONDS status=0 word=ok
	shift
	printf '\n=== %s (at %s)\n' "$name" "$(elapsed "$started")"
	(
		set -euo pipefail
		"$@"
	) &
	wait "$!" || status=$?
	if [ "$status" -ne 0 ]; then
		word=FAILED
		failures=$((failures + 1))
	fi
	results+=("$(printf '%-7s %-11s %s' "$word" "$name" "$(elapsed "$from")")")
	echo "=== $name: $word in $(elapsed "$from")"
}

elapsed() {
	local seconds=$((SECONDS - $1))
	printf '%dm%02ds' $((seconds / 60)) $((seconds % 60))
}

# summary ends the run with a table, the count, and the status.
summary() {
	printf '\n=== summary\n'
	printf '%s\n' "${results[@]}"
	printf 'total %s\n' "$(elapsed "$started")"
	printf '%d passed, %d failed\n' $((${#results[@]} - failures)) "$failures"
	[ "$failures" -eq 0 ]
}

# beside VARIABLE DIRECTORY exports the directory's path, if there is one.
beside() {
	[ -d "$2" ] || return 0
	export "$1=$(cd "$2" && pwd)"
}

# unexpected_skips LOG prints the tests that were skipped although everything is
# there: all but those of .ci/run full, of a replica, and of a column type that one
# database has no use for.
unexpected_skips() {
	grep -E '^ *--- SKIP|^ +skipped ' "$1" |
		grep -vE ' (TestConformanceOnAPoolOfTheHost|TestFailover|TestSweptTables/a_timestamp_of_text_[a-z_]+): ' || true
}

as_root() {
	if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo "$@"; fi
}

apt_install() {
	local log
	log=$(mktemp)
	if ! { as_root apt-get update && as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "$@"; } >"$log" 2>&1; then
		cat "$log"
		return 1
	fi
	echo "installed $*"
}

# postgres_bin prints where PostgreSQL's programs are: on the path, or where
# Debian keeps the newest.
postgres_bin() {
	if command -v initdb >/dev/null && command -v pg_ctl >/dev/null; then
		dirname "$(command -v initdb)"
		return
	fi
	local dir
	for dir in $(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V -r); do
		if [ -x "$dir/initdb" ] && [ -x "$dir/pg_ctl" ]; then
			echo "$dir"
			return
		fi
	done
	return 1
}

# golangci_lint prints the path of the pinned linter, kept outside the checkout
# and per Go version, because a linter reads only what its own Go understands.
golangci_lint() {
	local cache=${XDG_CACHE_HOME:-${HOME:-/tmp}/.cache}
	echo "$cache/privacykit-ci/golangci-lint-$golangci_version-$(go env GOVERSION)/golangci-lint"
}

install_tools() {
	go version
	# The race detector needs cgo.
	command -v gcc >/dev/null || apt_install gcc libc6-dev
	if ! postgres_bin >/dev/null; then
		# The tests start servers of their own; the package needs none.
		as_root mkdir -p /etc/postgresql-common
		echo 'create_main_cluster = false' | as_root tee /etc/postgresql-common/createcluster.conf >/dev/null
		apt_install -o Dpkg::Options::=--force-confold postgresql
	fi
	"$(postgres_bin)/initdb" --version
	# The browser tests drive a browser of their own by WebDriver.
	command -v chromedriver >/dev/null || apt_install chromium chromium-driver
	chromedriver --version
	local linter
	linter=$(golangci_lint)
	if [ ! -x "$linter" ]; then
		GOWORK=off GOFLAGS='' GOBIN=$(dirname "$linter") go install "github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$golangci_version"
	fi
	"$linter" version --short
	in_each_module go mod download
}
