# shellcheck shell=bash
# Servers that somebody else runs: told where they are, never touched.

external_prepare() {
  if [ -z "${KAFKA_BROKERS:-}" ] || [ -z "${SCHEMA_REGISTRY_URL:-}" ]; then
    die "set both KAFKA_BROKERS (host:port,...) and SCHEMA_REGISTRY_URL (http://...), or neither"
  fi
}

external_brokers() { echo "${KAFKA_BROKERS:-}"; }
external_registry_url() { echo "${SCHEMA_REGISTRY_URL:-}"; }

external_address() {
  if [ "$1" = broker ]; then external_brokers; else external_registry_url; fi
}

external_start() { say "$1: using $(external_address "$1")"; }
external_running() { external_prepare; }
external_stop() { :; }
external_reset() { :; }
external_logs() { external_refuse logs; }
external_kill() { external_refuse kill; }
external_pause() { external_refuse pause; }
external_resume() { external_refuse resume; }

external_refuse() { die "$1: KAFKA_BROKERS and SCHEMA_REGISTRY_URL name servers that are not ours to touch"; }
