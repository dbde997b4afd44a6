# shellcheck shell=bash
# The broker and the registry as JVM processes, from Maven Central alone.

jvm_prepare() {
  choose_ports
  jvm_fetch
}

jvm_lib() { echo "$lib/servers-$(cksum <"$here/pom.xml" | tr ' ' '-')"; }

# jvm_fetch downloads the jars that pom.xml names, once per version of it.
jvm_fetch() {
  local dir
  dir=$(jvm_lib)
  command -v java >/dev/null || die "no java: the broker needs Java 17 or later (Debian: openjdk-17-jre-headless)"
  [ ! -d "$dir" ] || return 0
  command -v mvn >/dev/null || die "no mvn: the servers' jars come from Maven Central (Debian: maven)"
  say "downloading Kafka and the registry (some 150 MB, once)"
  mkdir -p "$lib"
  rm -rf "$dir.part"
  # Into place only when whole: an interrupted download is not mistaken for one.
  mvn -B -q -ntp -f "$here/pom.xml" -Dlib="$dir.part" package </dev/null >"$lib/maven.log" 2>&1 || {
    tail -n 20 "$lib/maven.log" >&2
    die "Maven could not fetch the servers; its last lines are above"
  }
  mv "$dir.part" "$dir"
}

# jvm_begin launches a server that is not running.
jvm_begin() {
  local server=$1
  ! jvm_running "$server" || return 0
  read_ports
  [ ! -f "$state/$server.log" ] || mv "$state/$server.log" "$state/$server.log.1"
  "jvm_launch_${server%[23]}" "$server"
}

# jvm_start waits until a server is ready, and launches it if need be.
jvm_start() {
  local server=$1 began=$SECONDS
  jvm_begin "$server"
  while ! "jvm_ready_${server%[23]}" "$server"; do
    if ! jvm_running "$server"; then
      jvm_failed "$server" "ended instead of becoming ready"
    elif [ $((SECONDS - began)) -ge "$start_timeout" ]; then
      jvm_stop "$server"
      jvm_failed "$server" "was not ready after ${start_timeout}s"
    fi
    sleep 0.2
  done
  [ "$server" != registry ] || settle_registry
  say "$server: ready after $((SECONDS - began))s, $(jvm_address "$server")"
}

jvm_failed() {
  tail -n 40 "$state/$1.log" >&2 || true
  # What went wrong is often further up than the shutdown that followed it.
  say "the errors in it:"
  grep -E ' (ERROR|FATAL) |^Caused by|^Error: |^Exception in ' "$state/$1.log" | tail -n 8 >&2 || true
  die "$1 $2; the end of $state/$1.log is above"
}

# jvm_launch leaves a Java process in the background, in a session of its own
# so that Ctrl-C in a terminal reaches the tests and not their servers.
jvm_launch() {
  local server=$1 detach=()
  shift
  ! command -v setsid >/dev/null || detach=(setsid)
  (
    cd "$state" || exit
    # The marker is how jvm_running tells our process from a stranger that was
    # given the same id later. Descriptor 9 is the lock.
    ${detach[@]+"${detach[@]}"} java "-Damazon.capi.servers=$state/$server" \
      -Djava.awt.headless=true -XX:+ExitOnOutOfMemoryError "$@" \
      </dev/null >"$state/$server.log" 2>&1 9>&- &
    echo $! >"$state/$server.pid"
  )
  # Until it has become java it has no marker, and would pass for one that has
  # ended already.
  local tries=0
  until jvm_running "$server" || [ $((tries += 1)) -gt 50 ]; do sleep 0.1; done
}

# jvm_node prints the number of a broker.
jvm_node() {
  local n=${1#broker}
  echo "${n:-1}"
}

jvm_port() {
  case $1 in
    broker) echo "$kafka_port" ;;
    broker2) echo "$kafka_port2" ;;
    broker3) echo "$kafka_port3" ;;
  esac
}

jvm_controller_port() {
  case $1 in
    broker) echo "$controller_port" ;;
    broker2) echo "$controller_port2" ;;
    broker3) echo "$controller_port3" ;;
  esac
}

jvm_launch_broker() {
  local server=$1 data=$state/data/$1 kafka properties=$state/$1.properties standalone=()
  kafka=$(jvm_lib)/kafka
  mkdir -p "$data"
  jvm_broker_properties "$server" "$data" >"$properties"
  [ "$nodes" = 3 ] || standalone=(--standalone)
  local java_args=("-Dlog4j2.configurationFile=$here/log4j2.properties" -cp "$kafka/*")
  if [ ! -f "$data/meta.properties" ]; then
    # Any 16 bytes do for the cluster's id; these spell amazon-capi-test.
    java "${java_args[@]}" kafka.tools.StorageTool format ${standalone[@]+"${standalone[@]}"} \
      --cluster-id YW1hem9uLWNhcGktdGVzdA --config "$properties" \
      >"$state/$server.log" 2>&1 || jvm_failed "$server" "could not format its storage"
  fi
  # shellcheck disable=SC2086 # several options in one variable
  jvm_launch "$server" ${KAFKA_HEAP:--Xms256m -Xmx512m} "${java_args[@]}" kafka.Kafka "$properties"
}

jvm_broker_properties() {
  local server=$1 clients controller replicas=1 in_sync=1
  clients=$(jvm_port "$server") controller=$(jvm_controller_port "$server")
  [ "$nodes" = 1 ] || replicas=3 in_sync=2
  cat <<PROPERTIES
node.id=$(jvm_node "$server")
process.roles=broker,controller
listeners=CLIENTS://127.0.0.1:$clients,CONTROLLER://127.0.0.1:$controller
advertised.listeners=CLIENTS://127.0.0.1:$clients,CONTROLLER://127.0.0.1:$controller
listener.security.protocol.map=CLIENTS:PLAINTEXT,CONTROLLER:PLAINTEXT
inter.broker.listener.name=CLIENTS
controller.listener.names=CONTROLLER
$(jvm_quorum)
log.dirs=$2

default.replication.factor=$replicas
min.insync.replicas=$in_sync

# Internal topics have fewer partitions than the default 50: the first group to
# start waits until all of them exist.
offsets.topic.replication.factor=$replicas
offsets.topic.num.partitions=8
transaction.state.log.replication.factor=$replicas
transaction.state.log.min.isr=$in_sync
transaction.state.log.num.partitions=4
share.coordinator.state.topic.replication.factor=$replicas
share.coordinator.state.topic.min.isr=$in_sync

# Tests create their topics; one that appears by itself is a misspelt name.
auto.create.topics.enable=false
group.initial.rebalance.delay.ms=0

# A broker that was killed may not register again before its last session is
# over; with the default nine seconds every crash test would wait for that.
broker.session.timeout.ms=4000
broker.heartbeat.interval.ms=1000

# Tests send records far larger than Amazon would take.
message.max.bytes=16777216

${KAFKA_PROPERTIES:-}
PROPERTIES
}

# jvm_quorum prints the setting that names the controllers. A static quorum of
# three needs no ids that are known only once a node has formatted its storage.
jvm_quorum() {
  if [ "$nodes" = 1 ]; then
    echo "controller.quorum.bootstrap.servers=127.0.0.1:$controller_port"
  else
    echo "controller.quorum.voters=1@127.0.0.1:$controller_port,2@127.0.0.1:$controller_port2,3@127.0.0.1:$controller_port3"
  fi
}

jvm_ready_broker() {
  grep -q 'Kafka Server started' "$state/$1.log" 2>/dev/null && listening "$(jvm_port "$1")"
}

jvm_launch_registry() {
  local data=$state/data/registry jars
  jars=$(echo "$(jvm_lib)"/registry/*-runner.jar)
  mkdir -p "$data"
  # Schemas live in a file and not in Kafka, so that a test can take away one
  # of the two servers. WRITE_DELAY=0: a schema that was acknowledged is there
  # after a kill.
  # shellcheck disable=SC2086 # several options in one variable
  APICURIO_STORAGE_KIND=sql APICURIO_STORAGE_SQL_KIND=h2 \
    APICURIO_DATASOURCE_URL="jdbc:h2:file:$data/registry;WRITE_DELAY=0" \
    APICURIO_RULES_GLOBAL_COMPATIBILITY=BACKWARD \
    QUARKUS_HTTP_HOST=127.0.0.1 QUARKUS_HTTP_PORT=$registry_port \
    jvm_launch registry ${REGISTRY_HEAP:--Xmx384m} -jar "$jars"
}

jvm_ready_registry() {
  [ "$(http GET "$registry_port" /health/ready)" = 200 ] &&
    [ "$(http GET "$registry_port" /apis/ccompat/v7/subjects)" = 200 ]
}

# jvm_pid prints the process id of a server of ours, or fails. A zombie has no
# command line, so one that nobody reaped counts as gone.
jvm_pid() {
  local pid line
  pid=$(cat "$state/$1.pid" 2>/dev/null) || return 1
  if [ -d /proc/self ]; then
    line=$(tr '\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null) || return 1
  else
    line=$(ps -o command= -p "$pid" 2>/dev/null) || return 1
  fi
  [[ $line == *"-Damazon.capi.servers=$state/$1 "* ]] || return 1
  echo "$pid"
}

jvm_running() { jvm_pid "$1" >/dev/null; }

# jvm_end sends a signal and waits until the process has gone, for a broker may
# not be started on data that another still has open.
jvm_end() {
  local server=$1 signal=$2 pid deadline=$((SECONDS + 30))
  if ! pid=$(jvm_pid "$server"); then
    rm -f "$state/$server.pid"
    return 0
  fi
  kill "-$signal" "$pid" 2>/dev/null || true
  kill -CONT "$pid" 2>/dev/null || true # a paused process hears no TERM
  while jvm_running "$server"; do
    if [ $SECONDS -ge $deadline ]; then
      say "$server: still there after 30s, killing it"
      kill -KILL "$pid" 2>/dev/null || true
      deadline=$((SECONDS + 30))
    fi
    sleep 0.1
  done
  rm -f "$state/$server.pid"
  say "$server: stopped"
}

jvm_stop() { jvm_end "$1" TERM; }
jvm_kill() { jvm_end "$1" KILL; }
jvm_pause() { jvm_signal "$1" STOP; }
jvm_resume() { jvm_signal "$1" CONT; }

jvm_signal() {
  local pid
  pid=$(jvm_pid "$1") || die "$1 is not running"
  kill "-$2" "$pid"
}

jvm_logs() { cat "$state/$1.log" 2>/dev/null || die "$1 has no log yet"; }

jvm_reset() {
  local server
  # Killed, since their data is removed anyway, and the last of three cannot stop
  # cleanly without a controller.
  for server in $(servers_of both); do jvm_kill "$server"; done
  rm -rf "$state/data" "$state/mode" "$state/ports" "$state/settled" "$state"/broker*.properties
}

jvm_brokers() {
  local server all=()
  for server in $(brokers_of); do
    read_ports
    all+=("127.0.0.1:$(jvm_port "$server")")
  done
  (IFS=,; echo "${all[*]}")
}

jvm_registry_url() {
  read_ports
  echo "http://127.0.0.1:$registry_port/apis/ccompat/v7"
}

jvm_address() {
  read_ports
  if [ "$1" = registry ]; then jvm_registry_url; else echo "127.0.0.1:$(jvm_port "$1")"; fi
}
