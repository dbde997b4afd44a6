package main

import (
	"crypto/tls"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tracklayer/amazon-capi/internal/config"
	"github.com/tracklayer/amazon-capi/internal/kafka"
	"github.com/tracklayer/amazon-capi/internal/kafka/stores"
)

const storesDir = root + "/internal/kafka/stores/testdata/"

// javaCluster is a broker as a Java consumer finds it, with the consumer's file.
func javaCluster(t *testing.T) (file string, c *kfake.Cluster) {
	t.Helper()
	p12, err := os.ReadFile(storesDir + "key.p12")
	if err != nil {
		t.Fatal(err)
	}
	pair, err := stores.KeyPair(p12, nil, stores.Passwords{Store: "store-pass"})
	if err != nil {
		t.Fatal(err)
	}
	c, err = kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(1, config.DefaultTopic, config.DefaultLettersTopic),
		kfake.EnableSASL(), kfake.User("SCRAM-SHA-512", "ann", `hunter2";=`), kfake.TLS(&tls.Config{Certificates: []tls.Certificate{pair}}))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	file = filepath.Join(t.TempDir(), "client.properties")
	text := fmt.Sprintf(`# a Java consumer's
bootstrap.servers = %s
security.protocol : SASL_SSL
sasl.mechanism=SCRAM-SHA-512
sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required \
    username="ann" password="hunter2\\";=";
ssl.truststore.location=%strust.jks
ssl.truststore.type=JKS
ssl.truststore.password=store-pass
ssl.endpoint.identification.algorithm=
group.id=their-group
key.deserializer=org.apache.kafka.common.serialization.ByteArrayDeserializer
max.poll.records=500
client.id=caf%s
`, strings.Join(c.ListenAddrs(), ","), storesDir, "\xe9")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file, c
}

// TestAJavaConsumersFile: it works as it is, check says what was taken of it, a flag
// wins over -X and -X over the file, and nothing shows its secrets.
func TestAJavaConsumersFile(t *testing.T) {
	t.Parallel()
	file, _ := javaCluster(t)
	var shown string
	run := func(code int, want string, args ...string) {
		t.Helper()
		r := command(t, "", args...)
		shown += r.stdout + r.stderr
		if r.code != code || !strings.Contains(r.stdout+r.stderr, want) {
			t.Errorf("%q: exit %d, want %d and %q\n%s%s", args, r.code, code, want, r.stdout, r.stderr)
		}
	}
	ls := []string{"dlq", "ls", "--kafka-properties", file}
	run(exitOK, "No such dead letters", ls...)
	run(exitOK, "skipped, since they have no use here: key.deserializer, max.poll.records", ls...)
	run(exitFailed, "--sasl-password", append(ls, "-X", "sasl.password=hunter3wrong")...)
	run(exitOK, "No such dead letters", append(ls, "-X", "sasl.password=hunter3wrong", "--sasl-password", `hunter2";=`)...)
	run(exitFailed, "--sasl-mechanism", append(ls, "-X", "sasl.mechanisms=PLAIN")...)
	run(exitUsage, "did you mean sasl.username?", append(ls, "-X", "sasl.user.name=x")...)
	run(exitUsage, "want NAME=VALUE", append(ls, "-X", "hunter5only")...)
	run(exitUsage, "no such file", "dlq", "ls", "--kafka-properties", "/nonexistent.properties")
	account := []string{"check", "--client-id", "c", "--client-secret", "of-the-client", "--refresh-token", "of-the-account"}
	run(exitOK, "from group.id (client.properties:11)", append(account, "--kafka-properties", file)...)
	run(exitOK, "not from group.id (client.properties:11): it is given under its own name", append(account, "--kafka-properties", file, "--group", "mine")...)
	run(exitOK, "sasl.password is a secret on the command line", append(account, "--kafka-properties", file, "-X", "sasl.password=hunter4here")...)
	run(exitFailed, "from group.id", "check", "--kafka-properties", file) // without an account, run refuses it
	for _, secret := range []string{"hunter", "store-pass"} {
		if strings.Contains(shown, secret) {
			t.Errorf("%q is shown:\n%s", secret, shown)
		}
	}
}

// TestPropertiesFromElsewhere: the environment and the configuration file give
// properties, too, several at once.
func TestPropertiesFromElsewhere(t *testing.T) {
	t.Parallel()
	file, _ := javaCluster(t)
	yaml := filepath.Join(t.TempDir(), "config.yaml")
	if err := os.WriteFile(yaml, fmt.Appendf(nil, "kafka-properties: %s\nkafka-property:\n  - client.id=a,b\n  - group.id=c\n", file), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, r := range map[string]result{
		"configuration": command(t, "", "dlq", "ls", "--config", yaml),
		"environment":   commandIn(t, []string{"AMAZON_CAPI_KAFKA_PROPERTIES=" + file, "AMAZON_CAPI_KAFKA_PROPERTY=client.id=a,b\ngroup.id=c"}, "", "dlq", "ls"),
	} {
		if r.code != exitOK {
			t.Errorf("%s: exit %d\n%s", name, r.code, r.stderr)
		}
	}
}

// TestAPointerIsRead: a letter of a broker's that only says where its record is.
func TestAPointerIsRead(t *testing.T) {
	t.Parallel()
	c := cluster(t, config.DefaultTopic, config.DefaultLettersTopic)
	cl, err := kafka.Settings{Brokers: c.Brokers()}.Connect()
	if err != nil {
		t.Fatal(err)
	}
	defer cl.Close()
	original := &kgo.Record{Topic: config.DefaultTopic, Value: []byte("no Avro"), Headers: []kgo.RecordHeader{{Key: "own", Value: []byte("1")}}}
	if err := cl.ProduceSync(t.Context(), original).FirstErr(); err != nil {
		t.Fatal(err)
	}
	h := func(name string, v any) kgo.RecordHeader {
		return kgo.RecordHeader{Key: "__dlq.errors." + name, Value: fmt.Append(nil, v)}
	}
	letter := &kgo.Record{Topic: config.DefaultLettersTopic, Headers: []kgo.RecordHeader{
		h("topic", original.Topic), h("partition", original.Partition), h("offset", original.Offset), h("group", "g"), h("delivery.count", 5), h("message", "rejected"),
	}}
	if err := cl.ProduceSync(t.Context(), letter).FirstErr(); err != nil {
		t.Fatal(err)
	}
	servers := []string{"--brokers", strings.Join(c.Brokers(), ",")}
	at := fmt.Sprintf("%d/%d", letter.Partition, letter.Offset)
	r := command(t, "", append([]string{"dlq", "show", at, "--registry", c.RegistryURL()}, servers...)...)
	if r.code != exitOK || !strings.Contains(r.stdout, "read from the original") || !strings.Contains(r.stdout, "foreign") {
		t.Errorf("exit %d\n%s%s", r.code, r.stdout, r.stderr)
	}
	if r := command(t, "", append([]string{"dlq", "redrive", "--go"}, servers...)...); r.code != exitOK || !strings.Contains(r.stdout, "sent 1") {
		t.Errorf("exit %d\n%s%s", r.code, r.stdout, r.stderr)
	}
}
