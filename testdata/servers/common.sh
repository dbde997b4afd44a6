# shellcheck shell=bash
# Shared by the modes of servers.sh.

say() { echo "servers: $*" >&2; }

die() {
  say "$*"
  exit 1
}

# locked runs a function with the state directory to itself, so that two test
# runs that start at once do not start two brokers on the same data.
locked() {
  mkdir -p "$state"
  if ! command -v flock >/dev/null; then
    "$@"
    return
  fi
  (
    flock -w 300 9 || die "another servers.sh holds $state/lock for five minutes now"
    "$@"
  ) 9>"$state/lock"
}

# choose_ports settles the ports of this state directory and keeps them: a
# broker that comes back on another port is another broker to its clients.
choose_ports() {
  read_ports
  local wanted=${nodes_kept:-${KAFKA_NODES:-1}}
  case $wanted in
    1 | 3) ;;
    *) die "KAFKA_NODES is '$wanted'; it can be 1 or 3" ;;
  esac
  local controller=${controller_port:-$(free_port)}
  local kafka=${kafka_port:-${KAFKA_PORT:-$(free_port)}}
  local registry=${registry_port:-${REGISTRY_PORT:-$(free_port)}}
  "${mode}_running" broker || kafka=${KAFKA_PORT:-$kafka}
  "${mode}_running" registry || registry=${REGISTRY_PORT:-$registry}
  {
    printf 'nodes_kept=%s\n' "$wanted"
    printf 'kafka_port=%s\ncontroller_port=%s\nregistry_port=%s\n' "$kafka" "$controller" "$registry"
    if [ "$wanted" = 3 ]; then
      printf 'kafka_port2=%s\ncontroller_port2=%s\n' "${kafka_port2:-$(free_port)}" "${controller_port2:-$(free_port)}"
      printf 'kafka_port3=%s\ncontroller_port3=%s\n' "${kafka_port3:-$(free_port)}" "${controller_port3:-$(free_port)}"
    fi
  } >"$state/ports.new"
  mv "$state/ports.new" "$state/ports"
  read_ports
}

read_ports() {
  nodes_kept='' kafka_port='' controller_port='' registry_port=''
  kafka_port2='' controller_port2='' kafka_port3='' controller_port3=''
  # shellcheck source=/dev/null
  [ ! -f "$state/ports" ] || . "$state/ports"
  nodes=${nodes_kept:-1}
}

# free_port prints a port that nothing listens on, outside the range that Linux
# gives to outgoing connections: one of those could take it before the server
# does.
free_port() {
  local port
  for _ in {1..100}; do
    port=$((20000 + RANDOM % 12000))
    listening "$port" || { echo "$port"; return; }
  done
  die "no free port between 20000 and 32000"
}

listening() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# http prints the status of a request to a server on this machine, 000 when
# there is no answer. A fresh Debian has neither curl nor wget.
http() {
  local method=$1 port=$2 path=$3 body=${4:-} status=000
  if { exec 3<>"/dev/tcp/127.0.0.1/$port"; } 2>/dev/null; then
    printf '%s %s HTTP/1.0\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s' \
      "$method" "$path" "${#body}" "$body" >&3 2>/dev/null || true
    read -r -t 10 _ status _ <&3 || status=000
    exec 3>&-
  fi
  echo "$status"
}

# settle_registry makes a new registry's GET /config say what it enforces. Its
# environment sets the rule, but a question about it is answered from the
# database, which begins empty.
settle_registry() {
  local status
  [ ! -f "$state/settled" ] || return 0
  status=$(http PUT "$registry_port" /apis/ccompat/v7/config '{"compatibility":"BACKWARD"}')
  [ "$status" = 200 ] || die "registry: answered $status to PUT /config"
  : >"$state/settled"
}
