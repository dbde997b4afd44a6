//go:build !kafka

package e2e

import (
	"encoding/pem"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"

	"github.com/tracklayer/amazon-capi/internal/kafka"
	"github.com/tracklayer/amazon-capi/internal/kafka/auth"
	"github.com/tracklayer/amazon-capi/internal/lab/kafkatest"
	"github.com/tracklayer/amazon-capi/internal/lab/sample"
	"github.com/tracklayer/amazon-capi/internal/lab/sandbox"
	"github.com/tracklayer/amazon-capi/schemas"
	"github.com/tracklayer/amazon-capi/schemas/registry"
)

// TestIAMCredentialsRotateWhileEventsFlow: by AWS_MSK_IAM a member's credentials, and the
// identity that STS gives them for, change all the time, and STS fails for the length of a
// renewal. Every event is accepted once, and the brokers refuse nobody.
func TestIAMCredentialsRotateWhileEventsFlow(t *testing.T) {
	service := kafkatest.NewSTS(t, "eu-central-1", sessionLife)
	certified := httptest.NewTLSServer(nil)
	defer certified.Close()
	ca := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certified.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	front := &kafkatest.SASL{Mechanism: "AWS_MSK_IAM", TLS: certified.TLS, Check: service.Check}
	names := []string{"e2e.iam", "e2e.iam.dlq", "e2e.iam.receipts"}
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(partitions, names...), kfake.ListenFn(front.Listen))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cluster.Close)
	c, err := sandbox.StartCluster(t.Context(), sandbox.ClusterOptions{}) // for its registry
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	amazon, err := sandbox.NewAmazon(sandbox.Options{})
	if err != nil {
		t.Fatal(err)
	}
	base, err := amazon.Start("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(amazon.Close)
	settings := kafka.Settings{Brokers: cluster.ListenAddrs(), TLS: kafka.TLSSettings{CAFile: ca}, SASL: kafka.SASLSettings{Mechanism: "AWS_MSK_IAM", AWS: auth.AWS{STSEndpoint: service.URL}}}
	w := &world{t: t, brokers: settings.Brokers, registry: c.RegistryURL(), amazon: amazon, base: base, topic: names[0], letters: names[1], receipts: names[2], group: "iam"}
	w.client, w.admin = connected(t, settings)
	reg, err := registry.New(registry.Options{URL: w.registry})
	if err != nil {
		t.Fatal(err)
	}
	defer reg.Close()
	publisher, err := sample.NewPublisher(w.client, reg, sample.PublisherOptions{Topic: w.topic})
	if err != nil {
		t.Fatal(err)
	}
	config := w.config()
	config.Kafka, config.Registry = settings, registry.Options{URL: w.registry}
	p := w.start(config)

	events := generatedList(t, 20_000)
	n := 0
	// Nine are more than the clients of the member and the test need at the start.
	for began := time.Now(); service.Used() < 9 || time.Since(began) < 3*sessionLife; n += 20 {
		if n+20 > len(events) {
			t.Fatal("the credentials are not renewed")
		}
		batch := events[n : n+20]
		if _, err := publisher.Publish(t.Context(), func(yield func(sample.Sample, error) bool) {
			for _, s := range batch {
				if s.Schema = schemas.Latest; !yield(s, nil) {
					return
				}
			}
		}); err != nil {
			t.Fatalf("events from %d on are not written: %v", n, err)
		}
		w.eventually(p, "the events are accepted", func() bool { return w.amazon.Stats().Accepted >= int64(n+20) })
	}
	if err := p.stop(); err != nil {
		t.Error(err)
	}
	t.Logf("%d events, %d credentials, authenticated %d times, %d sessions were used after their end", n, service.Used(), front.Accepted.Load(), front.Expired.Load())
	if front.Refused.Load() > 0 {
		t.Errorf("refused %d times", front.Refused.Load())
	}
	if stats := w.amazon.Stats(); stats.Accepted != int64(n) || stats.Changed != 0 || stats.Duplicates() != 0 {
		t.Errorf("accepted %d of %d events, %d more than once, %d with other bytes", stats.Accepted, n, stats.Duplicates(), stats.Changed)
	}
}
