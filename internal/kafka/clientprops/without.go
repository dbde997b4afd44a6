package clientprops

import "strings"

// families are prefixes of properties for others: interceptors, Confluent's serialisers,
// topics, and metrics.
var families = []string{
	"confluent.", "schema.registry.ssl.", "rule.executors.", "rule.actions.", "metrics.", "json.", "avro.", "apicurio.", "topic.",
	"aws.glue.", "bearer.auth.", "schema.registry.bearer.auth.", "config.providers.", "security.providers.",
}

// without are the properties of Java's clients (of Kafka 4.4), Confluent's serialisers
// and librdkafka that have no meaning here: this program decides how a client batches,
// retries, times out and partitions, and has settings of its own for what is
// configurable.
var without = func() map[string]bool {
	names := make(map[string]bool)
	for name := range strings.FieldsSeq(withoutMeaning) {
		names[name] = true
	}
	return names
}()

const withoutMeaning = `
	acks allow.auto.create.topics api.version.fallback.ms api.version.request api.version.request.timeout.ms
	auto.commit.enable auto.commit.interval.ms auto.offset.store auto.register.schemas avro.reflection.allow.null
	avro.use.logical.type.converters batch.num.messages batch.size bootstrap.controllers bootstrap.resolve.timeout.ms
	broker.address.family broker.address.ttl broker.version.fallback buffer.memory buffer.memory.allocation.strategy
	builtin.features check.crcs client.dns.lookup client.rack compression.codec compression.gzip.level compression.level
	compression.lz4.level compression.type compression.zstd.level config.providers connections.max.idle.ms
	consume.callback.max.messages coordinator.query.interval.ms debug default.api.timeout.ms delivery.report.only.error
	delivery.timeout.ms enable.auto.commit enable.auto.offset.store enable.gapless.guarantee enable.idempotence
	enable.metrics.push enable.partition.eof enable.random.seed enable.sasl.oauthbearer.unsecure.jwt enabled_events
	exclude.internal.topics fetch.error.backoff.ms fetch.max.bytes fetch.max.wait.ms fetch.message.max.bytes
	fetch.min.bytes fetch.queue.backoff.ms fetch.wait.max.ms group.protocol.type group.remote.assignor
	heartbeat.interval.ms https.ca.location https.ca.pem id.compatibility.strict interceptor.classes
	internal.termination.signal internal.throw.on.fetch.stable.offset.unsupported isolation.level key.deserializer
	key.serializer key.subject.name.strategy latest.cache.size latest.cache.ttl.sec latest.compatibility.strict
	linger.ms log.connection.close log.queue log.thread.name log_level max.block.ms max.in.flight
	max.in.flight.requests.per.connection max.partition.fetch.bytes max.poll.interval.ms max.poll.records
	max.request.size max.schemas.per.subject message.copy.max.bytes message.max.bytes message.send.max.retries
	message.timeout.ms metadata.cluster.check.enable metadata.max.age.ms metadata.max.idle.ms
	metadata.recovery.rebootstrap.trigger.ms metadata.recovery.strategy metric.reporters metrics.num.samples
	metrics.recording.level metrics.sample.window.ms normalize.schemas offset.store.method offset.store.path
	offset.store.sync.interval.ms partition.assignment.strategy partitioner partitioner.adaptive.partitioning.enable
	partitioner.availability.timeout.ms partitioner.class partitioner.ignore.keys partitioner.rack.aware
	plugin.library.paths produce.offset.report queue.buffering.backpressure.threshold queue.buffering.max.kbytes
	queue.buffering.max.messages queue.buffering.max.ms queued.max.messages.kbytes queued.min.messages queuing.strategy
	receive.buffer.bytes receive.message.max.bytes reconnect.backoff.jitter.ms reconnect.backoff.max.ms
	reconnect.backoff.ms request.required.acks request.timeout.ms retries retry.backoff.max.ms retry.backoff.ms
	sasl.client.callback.handler.class sasl.kerberos.keytab sasl.kerberos.kinit.cmd
	sasl.kerberos.min.time.before.relogin sasl.kerberos.principal sasl.kerberos.service.name
	sasl.kerberos.ticket.renew.jitter sasl.kerberos.ticket.renew.window.factor sasl.login.class
	sasl.login.connect.timeout.ms sasl.login.read.timeout.ms sasl.login.refresh.buffer.seconds
	sasl.login.refresh.min.period.seconds sasl.login.refresh.window.factor sasl.login.refresh.window.jitter
	sasl.login.retry.backoff.max.ms sasl.login.retry.backoff.ms sasl.oauthbearer.allow.unverified.audience
	sasl.oauthbearer.allow.unverified.issuer sasl.oauthbearer.assertion.algorithm sasl.oauthbearer.assertion.claim.aud
	sasl.oauthbearer.assertion.claim.exp.seconds sasl.oauthbearer.assertion.claim.iss
	sasl.oauthbearer.assertion.claim.jti.include sasl.oauthbearer.assertion.claim.nbf.seconds
	sasl.oauthbearer.assertion.claim.sub sasl.oauthbearer.assertion.file sasl.oauthbearer.assertion.jwt.template.file
	sasl.oauthbearer.assertion.private.key.file sasl.oauthbearer.assertion.private.key.passphrase
	sasl.oauthbearer.assertion.private.key.pem sasl.oauthbearer.assertion.template.file
	sasl.oauthbearer.clock.skew.seconds sasl.oauthbearer.config sasl.oauthbearer.expected.audience
	sasl.oauthbearer.expected.issuer sasl.oauthbearer.header.urlencode sasl.oauthbearer.jwks.endpoint.refresh.ms
	sasl.oauthbearer.jwks.endpoint.retry.backoff.max.ms sasl.oauthbearer.jwks.endpoint.retry.backoff.ms
	sasl.oauthbearer.jwks.endpoint.url sasl.oauthbearer.jwt.retriever.class sasl.oauthbearer.jwt.validator.class
	sasl.oauthbearer.scope.claim.name sasl.oauthbearer.sub.claim.name security.providers send.buffer.bytes
	share.acknowledgement.mode share.acquire.mode socket.blocking.max.ms socket.buffersize
	socket.connection.setup.timeout.max.ms socket.connection.setup.timeout.ms socket.keepalive.enable socket.max.fails
	socket.nagle.disable socket.receive.buffer.bytes socket.send.buffer.bytes socket.timeout.ms specific.avro.reader
	ssl.ca.certificate.stores ssl.cipher.suites ssl.crl.location ssl.curves.list ssl.enabled.protocols
	ssl.engine.factory.class ssl.engine.id ssl.engine.location ssl.keymanager.algorithm ssl.protocol ssl.provider
	ssl.providers ssl.secure.random.implementation ssl.sigalgs.list ssl.trustmanager.algorithm statistics.interval.ms
	sticky.partitioning.linger.ms topic.blacklist topic.metadata.propagation.max.ms topic.metadata.refresh.fast.cnt
	topic.metadata.refresh.fast.interval.ms topic.metadata.refresh.interval.ms topic.metadata.refresh.sparse
	transaction.timeout.ms transaction.two.phase.commit.enable transactional.id use.latest.version use.schema.id
	value.deserializer value.serializer value.subject.name.strategy
`
