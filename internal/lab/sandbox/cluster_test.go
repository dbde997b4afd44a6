package sandbox

import (
	"context"
	"flag"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sr"
)

// quiet runs f and returns what it wrote to stdout and stderr.
func quiet(t *testing.T, f func()) string {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, stderr := os.Stdout, os.Stderr
	os.Stdout, os.Stderr = w, w
	written := make(chan string)
	go func() {
		b, _ := io.ReadAll(r)
		written <- string(b)
	}()
	defer func() { os.Stdout, os.Stderr = stdout, stderr }()
	f()
	w.Close()
	return <-written
}

func TestCluster(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	written := quiet(t, func() {
		c, err := StartCluster(ctx, ClusterOptions{Topics: []string{"events", "dlq"}, Partitions: 4})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()

		cl, err := kgo.NewClient(kgo.SeedBrokers(c.Brokers()...), kgo.ConsumeTopics("events"), kgo.ProducerBatchMaxBytes(8<<20))
		if err != nil {
			t.Fatal(err)
		}
		defer cl.Close()
		// Larger than a real broker takes by default.
		large := &kgo.Record{Topic: "events", Value: make([]byte, 5<<20)}
		if err := cl.ProduceSync(ctx, large).FirstErr(); err != nil {
			t.Fatal(err)
		}
		if got := cl.PollFetches(ctx); got.Err() != nil || got.NumRecords() != 1 {
			t.Errorf("%d records, %v; want 1", got.NumRecords(), got.Err())
		}
		for _, topic := range []string{"events", "dlq"} {
			if n := len(c.Broker().PartitionInfos(topic)); n != 4 {
				t.Errorf("topic %s has %d partitions, want 4", topic, n)
			}
		}

		registry, err := sr.NewClient(sr.URLs(c.RegistryURL()))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := registry.CreateSchema(ctx, "events-value", sr.Schema{Schema: `"string"`}); err != nil {
			t.Error(err)
		}
		if !c.Registry().SubjectExists("events-value") {
			t.Error("the registry does not know what was registered")
		}

		for _, url := range []string{c.AmazonURL() + "/sandbox/health", c.TokenURL()} {
			resp, err := http.Get(url)
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
			if resp.StatusCode != 200 && resp.StatusCode != 405 {
				t.Errorf("%s: status %d", url, resp.StatusCode)
			}
		}
	})
	if written != "" {
		t.Errorf("written to stdout and stderr:\n%s", written)
	}
	http.DefaultClient.CloseIdleConnections()
}

func TestClusterThatCannotStart(t *testing.T) {
	for _, o := range []ClusterOptions{
		{Topics: []string{""}},
		{Partitions: -1},
		{Amazon: Options{TokenTTL: -1}},
	} {
		if c, err := StartCluster(t.Context(), o); err == nil {
			c.Close()
			t.Errorf("%+v: no error", o)
		}
	}
}

// TestNoFlagsOfTests: importing the sandbox into the program does not give it
// the flags that net/http/httptest and testing may register.
func TestNoFlagsOfTests(t *testing.T) {
	flag.VisitAll(func(f *flag.Flag) {
		if strings.HasPrefix(f.Name, "httptest.") {
			t.Errorf("flag -%s is registered", f.Name)
		}
	})
}
