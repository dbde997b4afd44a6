# shellcheck shell=bash
# The broker and the registry of docker-compose.yml, as a project of their own
# so that they never meet a `docker compose up` of the same checkout.

compose_available() {
  command -v docker >/dev/null && docker info >/dev/null 2>&1 && docker compose version >/dev/null 2>&1
}

compose_prepare() { choose_ports; }

compose() {
  read_ports
  KAFKA_PORT=${kafka_port:-9092} REGISTRY_PORT=${registry_port:-8081} \
    docker compose -p amazon-capi-test -f "$root/docker-compose.yml" "$@"
}

compose_service() { if [ "$1" = broker ]; then echo kafka; else echo registry; fi; }

compose_start() {
  local service
  service=$(compose_service "$1")
  # Without --no-deps, starting the registry would start a broker that a test
  # has stopped on purpose.
  compose up -d --no-deps --wait --wait-timeout "$start_timeout" "$service" || {
    compose logs --tail 40 "$service" >&2
    die "$1 did not become ready in ${start_timeout}s; the end of its log is above"
  }
  [ "$1" = broker ] || settle_registry
}

compose_running() { compose ps --status running --services 2>/dev/null | grep -qx "$(compose_service "$1")"; }
compose_stop() { compose stop "$(compose_service "$1")"; }
compose_kill() { compose kill -s KILL "$(compose_service "$1")"; }
compose_pause() { compose pause "$(compose_service "$1")"; }
compose_resume() { compose unpause "$(compose_service "$1")"; }
compose_logs() { compose logs --no-log-prefix "$(compose_service "$1")"; }

compose_reset() {
  compose down --volumes
  rm -f "$state/mode" "$state/ports" "$state/settled"
}

compose_brokers() {
  read_ports
  echo "127.0.0.1:$kafka_port"
}

compose_registry_url() {
  read_ports
  echo "http://127.0.0.1:$registry_port/apis/ccompat/v7"
}

compose_address() {
  if [ "$1" = broker ]; then compose_brokers; else compose_registry_url; fi
}
