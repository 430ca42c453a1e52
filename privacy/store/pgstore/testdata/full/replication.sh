#!/usr/bin/env bash
# A primary with a synchronous standby on the loopback interface. While writers
# append, the primary is killed and the standby promoted; TestFailover checks
# that the pool finds it and that nothing acknowledged is lost.
# Needs Go, and PostgreSQL's programs on the path.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

dir=$(mktemp -d)
account=()
if [ "$(id -u)" -eq 0 ]; then # initdb refuses root
	name=postgres
	id "$name" >/dev/null 2>&1 || name=nobody
	chown "$name" "$dir"
	account=(setpriv "--reuid=$name" "--regid=$(id -g "$name")" --clear-groups)
fi
first=$((20000 + RANDOM % 10000)) second=$((30000 + RANDOM % 2000))

as_server() { (cd "$dir" && "${account[@]}" "$@"); }

stop() {
	local server
	for server in primary standby; do
		as_server pg_ctl -D "$dir/$server" -m immediate stop >/dev/null 2>&1 || true
	done
	rm -rf "$dir"
}
trap stop EXIT

start() { # NAME PORT SETTING...
	local name=$1 port=$2 setting options=""
	shift 2
	for setting in "listen_addresses=127.0.0.1" "port=$port" "unix_socket_directories=$dir" "$@"; do
		options+=" -c $setting"
	done
	as_server pg_ctl -D "$dir/$name" -l "$dir/$name.log" -o "$options" -w -t 60 start >/dev/null || {
		cat "$dir/$name.log"
		return 1
	}
}

query() { as_server psql -XAtq -h 127.0.0.1 -p "$1" -U postgres -c "$2" "${3:-postgres}"; }

as_server initdb -D "$dir/primary" -U postgres -A trust --no-sync --locale=C --encoding=UTF8 >/dev/null
start primary "$first"
as_server pg_basebackup -D "$dir/standby" -R -X stream -c fast -d "host=127.0.0.1 port=$first user=postgres application_name=standby"
start standby "$second"
query "$first" "ALTER SYSTEM SET synchronous_standby_names = 'standby'" >/dev/null
query "$first" "SELECT pg_reload_conf()" >/dev/null
for _ in $(seq 100); do
	state=$(query "$first" "SELECT sync_state FROM pg_stat_replication WHERE application_name = 'standby'")
	[ "$state" != sync ] || break
	sleep 0.1
done
[ "$state" = sync ] || { echo "the standby is not synchronous"; exit 1; }
query "$first" "CREATE DATABASE failover"

cat >"$dir/failover" <<END
set -e
kill -9 "\$(head -n 1 "$dir/primary/postmaster.pid")"
cd "$dir"
${account[*]} pg_ctl -D "$dir/standby" -w -t 60 promote
END
PGSTORE_FAILOVER_URL="postgres://postgres@127.0.0.1:$first,127.0.0.1:$second/failover?connect_timeout=2" \
	PGSTORE_FAILOVER_COMMAND="$dir/failover" \
	timeout 300 go test -count=1 -v -run '^TestFailover$' .
