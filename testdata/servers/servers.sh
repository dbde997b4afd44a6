#!/usr/bin/env bash
# Real servers for the integration tests: Apache Kafka (KRaft, one node) and a
# schema registry that speaks Confluent's API.
set -euo pipefail

usage() {
  cat <<'USAGE'
usage: servers.sh COMMAND [broker|broker2|broker3|brokers|registry]

  start      start what is not running and wait until it is ready; data is kept
  stop       end it cleanly; data is kept
  restart    stop, then start
  kill       end it at once, as a crash would (SIGKILL); data is kept
  pause      freeze it: connections stay open and nothing answers
  resume     let it go on
  status     what is running, and where; exit 3 unless both are
  env        print KAFKA_BROKERS=... and SCHEMA_REGISTRY_URL=...
  logs       print the logs of the last start
  reset      stop both and remove their data
  fetch      only download what the JVM servers need
  with CMD.. run CMD with both servers up, KAFKA_BROKERS and
             SCHEMA_REGISTRY_URL set; then stop what it had to start,
             whether CMD succeeded or not. Starts on empty data.

Without a name a command is for all. With KAFKA_NODES=3 there are three
brokers, each a controller, too, and topics have three replicas; brokers is
all of them.

Where the servers come from, the first that applies (or SERVERS_MODE):
  external  KAFKA_BROKERS and SCHEMA_REGISTRY_URL are set: those, never stopped
  compose   a Docker engine answers: docker-compose.yml beside go.mod
  jvm       Java 17 and Maven: jars from Maven Central

  SERVERS_DIR    state, data and logs    (.cache/servers/state)
  SERVERS_LIB    downloaded jars         (.cache/servers/lib)
  KAFKA_PORT, REGISTRY_PORT              (free ones, kept until reset)
  KAFKA_NODES    1 or 3 brokers (jvm only; kept until reset)
  KAFKA_HEAP, REGISTRY_HEAP              (-Xms256m -Xmx512m, -Xmx384m)
  KAFKA_PROPERTIES  further lines of server.properties (jvm only)
  START_TIMEOUT  seconds to become ready (120)
USAGE
}

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
state=${SERVERS_DIR:-$root/.cache/servers/state}
lib=${SERVERS_LIB:-$root/.cache/servers/lib}
start_timeout=${START_TIMEOUT:-120}

# shellcheck source=testdata/servers/common.sh
. "$here/common.sh"
# shellcheck source=testdata/servers/jvm.sh
. "$here/jvm.sh"
# shellcheck source=testdata/servers/compose.sh
. "$here/compose.sh"
# shellcheck source=testdata/servers/external.sh
. "$here/external.sh"

# choose_mode prints which kind of servers a command is about. Servers that
# this script started come before KAFKA_BROKERS in the environment: under
# `with` that variable names them, and a test that stops the broker means ours.
choose_mode() {
  if [ -n "${SERVERS_MODE:-}" ]; then
    case $SERVERS_MODE in
      external | compose | jvm) echo "$SERVERS_MODE" ;;
      *) die "SERVERS_MODE is '$SERVERS_MODE'; it can be external, compose or jvm" ;;
    esac
    return
  fi
  local ours=
  if [ -f "$state/mode" ]; then
    ours=$(cat "$state/mode")
    if [ -z "${KAFKA_BROKERS:-}" ] || [ "$("${ours}_brokers")" = "$KAFKA_BROKERS" ]; then
      echo "$ours"
      return
    fi
  fi
  if [ -n "${KAFKA_BROKERS:-}${SCHEMA_REGISTRY_URL:-}" ]; then
    echo external
  elif compose_available; then
    echo compose
  else
    echo jvm
  fi
}

env_lines() {
  echo "KAFKA_BROKERS=$("${mode}_brokers")"
  echo "SCHEMA_REGISTRY_URL=$("${mode}_registry_url")"
}

# servers_of prints the servers that a target names, the registry last so that
# one which stores its schemas in Kafka finds its broker.
servers_of() {
  case $1 in
    both) brokers_of; echo registry ;;
    brokers) brokers_of ;;
    *) echo "$1" ;;
  esac
}

# brokers_of prints the brokers of this state directory.
brokers_of() {
  read_ports
  echo broker
  [ "$nodes" = 1 ] || printf 'broker%s\n' 2 3
}

# each runs one of a mode's functions for every server of a target.
each() {
  local action=$1 target=$2 server
  for server in $(servers_of "$target"); do
    "${mode}_${action}" "$server"
  done
}

start() {
  mkdir -p "$state"
  "${mode}_prepare"
  [ "$mode" = external ] || echo "$mode" >"$state/mode"
  # Brokers that vote for a controller wait for each other: all are launched
  # before one is waited for.
  if [ "$mode" = jvm ]; then each begin "$1"; fi
  each start "$1"
}

status() {
  local server rc=0
  for server in $(servers_of both); do
    if "${mode}_running" "$server"; then
      echo "$server: running ($mode), $("${mode}_address" "$server")"
    else
      echo "$server: stopped ($mode)"
      rc=3
    fi
  done
  return $rc
}

with_servers() {
  [ $# -gt 0 ] || die "with: which command?"
  local server
  to_stop=()
  for server in broker registry; do
    "${mode}_running" "$server" || to_stop+=("${server/broker/brokers}")
  done
  trap 'stop_started' EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM
  # Topics and offsets of an earlier run would be found by this one.
  [ ${#to_stop[@]} -lt 2 ] || locked "${mode}_reset" >&2
  locked start both >&2
  KAFKA_BROKERS=$("${mode}_brokers")
  SCHEMA_REGISTRY_URL=$("${mode}_registry_url")
  export KAFKA_BROKERS SCHEMA_REGISTRY_URL
  export SERVERS_MODE=$mode SERVERS_DIR=$state SERVERS_LIB=$lib
  "$@"
}

stop_started() {
  local rc=$? server
  trap - EXIT INT TERM
  for server in ${to_stop[@]+"${to_stop[@]}"}; do
    locked each stop "$server" >&2 || true
  done
  if [ $rc -ne 0 ] && [ "$mode" = jvm ]; then
    say "the servers' logs are in $state"
  fi
  exit $rc
}

main() {
  local command=${1:-help} target=${2:-both}
  case $command in
    help | -h | --help) usage; return ;;
    with | env | status | start | stop | restart | kill | pause | resume | logs | reset | fetch) ;;
    *) usage >&2; die "no command '$command'" ;;
  esac
  mode=$(choose_mode)
  if [ "$command" = with ]; then
    shift
    with_servers "$@"
    return
  fi
  case $target in
    broker | brokers | registry | both) ;;
    broker2 | broker3)
      read_ports
      [ "$nodes" = 3 ] || die "there is no $target: KAFKA_NODES=3 makes three brokers"
      ;;
    *) die "'$target' is not a server; it can be broker, broker2, broker3, brokers or registry" ;;
  esac
  case $command in
    env) env_lines ;;
    status) status ;;
    logs) each logs "$target" ;;
    start) locked start "$target" ;;
    stop) locked each stop "$target" ;;
    kill) locked each kill "$target" ;;
    pause) locked each pause "$target" ;;
    resume) locked each resume "$target" ;;
    restart) locked each stop "$target"; locked start "$target" ;;
    reset) locked "${mode}_reset" ;;
    fetch) locked jvm_fetch ;;
  esac
}

main "$@"
