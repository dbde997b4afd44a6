package check

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tracklayer/amazon-capi/consumer"
	"github.com/tracklayer/amazon-capi/internal/kafka"
	"github.com/tracklayer/amazon-capi/internal/operate/report"
	"github.com/tracklayer/amazon-capi/internal/pipeline"
	"github.com/tracklayer/amazon-capi/schemas"
	"github.com/tracklayer/amazon-capi/schemas/registry"
	"github.com/tracklayer/amazon-capi/sink"
	"github.com/tracklayer/amazon-capi/transform"
)

// good is a configuration that nothing stands out of.
func good() *pipeline.Config {
	return &pipeline.Config{
		Kafka:    kafka.Settings{Brokers: []string{"kafka-1:9092", "kafka-2:9092"}},
		Registry: registry.Options{URL: "https://registry:8081"},
		Topics:   []string{"events"}, Group: "amazon-capi", DeadLetterTopic: "letters", ReceiptsTopic: "receipts",
		Contract: "off-amazon-2023-11-13", AmazonURL: "https://amazon.test", TokenURL: "https://lwa.test/token",
		ClientID: "amzn1.application-oa2-client.x", ClientSecret: "secret", RefreshToken: "Atzr|x",
		BatchEvents: 500, BatchBytes: 1e6, Linger: time.Second, RequestTimeout: 30 * time.Second, AuthHold: 2 * time.Minute,
		MaxInFlightEvents: 50_000, MaxInFlightBytes: 64 << 20, Drain: 25 * time.Second, SessionTimeout: 45 * time.Second,
		Listen: ":8080",
	}
}

func TestNothingStandsOut(t *testing.T) {
	if l := wellFormed(Config(good(), Given{Args: []string{"check", "--client-secret-file", "x"}, SecretArgs: []string{"client-secret"}})); len(l) != 1 || l[0].Level != report.Fine {
		t.Errorf("%+v", l)
	}
}

func TestWhatStandsOutOfASetting(t *testing.T) {
	for name, tc := range map[string]struct {
		change func(*pipeline.Config)
		want   string
	}{
		"Amazon in the clear":    {func(c *pipeline.Config) { c.AmazonURL = "http://amazon.test" }, "--amazon-url"},
		"registry in the clear":  {func(c *pipeline.Config) { c.Registry.Password, c.Registry.URL = "s3cret", "https://a,b:8081" }, "--registry"},
		"passwords in the clear": {func(c *pipeline.Config) { c.Kafka.SASL.Mechanism = "plain" }, "the password, events"},
		"SCRAM in the clear":     {func(c *pipeline.Config) { c.Kafka.SASL.Mechanism = "SCRAM-SHA-256" }, "events and their identifiers"},
		"one broker":             {func(c *pipeline.Config) { c.Kafka.Brokers = []string{"kafka:9092"} }, "--brokers"},
		"exhausted":              {func(c *pipeline.Config) { c.OnExhausted = sink.DeadLetterExhausted }, "--on-exhausted"},
		"no hold":                {func(c *pipeline.Config) { c.AuthHold = -1 }, "--auth-hold"},
		"nothing to resume":      {func(c *pipeline.Config) { c.ResumeFile = "resume" }, "--dead-letter-guard-resume"},
		"no receipts":            {func(c *pipeline.Config) { c.ReceiptsTopic = "" }, "--receipts-topic"},
		"latest":                 {func(c *pipeline.Config) { c.Start = consumer.StartLatest }, "--start"},
		"no pages":               {func(c *pipeline.Config) { c.Listen = "" }, "--listen"},
		"profiles for all":       {func(c *pipeline.Config) { c.Profile = true }, "--pprof"},
		"drain":                  {func(c *pipeline.Config) { c.Drain = time.Minute }, "--drain"},
		"few events":             {func(c *pipeline.Config) { c.MaxInFlightEvents = 499 }, "--max-in-flight-events"},
		"few bytes":              {func(c *pipeline.Config) { c.MaxInFlightBytes = 1e6 }, "--max-in-flight-bytes"},
		"session":                {func(c *pipeline.Config) { c.SessionTimeout = time.Second; c.Linger = 0 }, "--session-timeout"},
		"linger":                 {func(c *pipeline.Config) { c.Linger = time.Minute }, "--linger"},
	} {
		c := good()
		tc.change(c)
		l := wellFormed(Config(c, Given{}))
		if len(l) != 1 || l[0].Level != report.Look || l[0].Advice == "" || !strings.Contains(l[0].Subject+" "+l[0].Message, tc.want) {
			t.Errorf("%s: %+v", name, l)
		}
		for _, f := range l {
			if strings.Contains(f.Message+f.Advice, "s3cret") {
				t.Errorf("%s: a secret is shown: %+v", name, f)
			}
		}
	}
	// A sandbox and a broker on this machine are not the world outside.
	c := good()
	c.AmazonURL, c.TokenURL, c.Kafka.Brokers = "http://localhost:8090", "http://127.0.0.1:8090", []string{"[::1]:9092"}
	if l := wellFormed(Config(c, Given{})); len(l) != 1 || l[0].Level != report.Fine {
		t.Errorf("on this machine: %+v", l)
	}
}

func TestHowSecretsWereGiven(t *testing.T) {
	open := filepath.Join(t.TempDir(), "open.yaml")
	if err := os.WriteFile(open, []byte("topic: x\nrefresh-token: s3cret\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	g := Given{
		Args: []string{"check", "--client-secret=s3cret"}, SecretArgs: []string{"client-secret", "refresh-token"},
		ConfigFile: open, Warnings: []string{"--x-file may be read by everybody"},
	}
	l := wellFormed(Config(good(), g))
	if len(l) != 3 || l[0].Subject != "--client-secret" || l[1].Message != g.Warnings[0] || !strings.Contains(l[2].Message, "refresh-token") {
		t.Errorf("%+v", l)
	}
	if err := os.Chmod(open, 0o600); err != nil {
		t.Fatal(err)
	}
	if l := wellFormed(Config(good(), Given{SecretArgs: g.SecretArgs, ConfigFile: open})); l.Count(report.Look) != 0 {
		t.Errorf("a file of the user alone: %+v", l)
	}
}

// messages are those of the findings of a level.
func messages(l report.List, level report.Level) (all []string) {
	for _, f := range wellFormed(l) {
		if f.Level == level {
			all = append(all, f.Message)
		}
	}
	return all
}

func TestMapping(t *testing.T) {
	if l := wellFormed(Mapping(nil, "")); len(l) != 1 || l[0].Level != report.Fine || !strings.Contains(l[0].Message, "others: reject") {
		t.Errorf("built-in: %+v", l)
	}
	for text, want := range map[string]string{
		"unmapped: pass":   "sends every other name",
		"unmapped: filter": "silently leaves out",
		"types: [REFUND]":  "REFUND",
	} {
		m, err := transform.LoadMapping("m.yaml", []byte("extends: default\n"+text+"\n"))
		if err != nil {
			t.Fatal(err)
		}
		if l := messages(Mapping(m, "m.yaml"), report.Look); len(l) != 1 || !strings.Contains(l[0], want) {
			t.Errorf("%s: %q", text, l)
		}
	}
	m, err := transform.LoadMapping("m.yaml", []byte("events:\n  - match: [Purchase]\n    name: Purchase\n    event_type: PURCHASE\n"))
	if err != nil {
		t.Fatal(err)
	}
	if l := messages(Mapping(m, "m.yaml"), report.Look); len(l) != 1 || !strings.Contains(l[0], "AddToCart") || !strings.HasSuffix(l[0], "…") {
		t.Errorf("without the built-in names: %q", l)
	}
	if m, err = transform.LoadMapping("m.yaml", []byte("extends: default\nevents:\n  - match: [Sale]\n    name: Sale!\n    event_type: LEAD\n")); err != nil {
		t.Fatal(err)
	}
	if l := messages(Mapping(m, "m.yaml", "off-amazon-2023-11-13"), report.Act); len(l) != 0 {
		t.Errorf("a name that only events-v1 forbids: %q", l)
	}
	if l := messages(Mapping(m, "m.yaml", "events-v1", "off-amazon-2023-11-13"), report.Act); len(l) != 1 || !strings.HasSuffix(l[0], "because of their names: Sale!") {
		t.Errorf("a name that events-v1 forbids: %q", l)
	}
}

func TestProducerSchema(t *testing.T) {
	latest, err := schemas.Latest.Schema()
	if err != nil {
		t.Fatal(err)
	}
	if l := wellFormed(ProducerSchema("ours", latest, nil)); len(l) != 1 || l[0].Level != report.Fine {
		t.Errorf("our own: %+v", l)
	}
	l := wellFormed(ProducerSchema("theirs", `{"type":"record","name":"E","fields":[{"name":"event_id","type":"string"},{"name":"event_name","type":"string"},{"name":"aisle","type":"int"}]}`, nil))
	if l.Count(report.Act) != 2 || !strings.Contains(strings.Join(messages(l, report.Look), "\n"), "aisle") || !strings.Contains(strings.Join(messages(l, report.Look), "\n"), "no identifier") {
		t.Errorf("theirs: %+v", l)
	}
	for occurred, want := range map[string]struct {
		level report.Level
		says  string
	}{
		`"type":"long"`: {report.Look, "occurred_at is a long, which is taken for milliseconds"},
		`"type":"long","doc":"microseconds since the epoch"`:              {report.Act, "its doc says microseconds"},
		`"type":{"type":"long","logicalType":"timestamp"}`:                {report.Look, "long of logical type timestamp"},
		`"type":{"type":"long","logicalType":"local-timestamp-micros"}`:   {report.Act, "local-timestamp-micros"},
		`"type":["null","string",{"type":"int","logicalType":"date"}]`:    {report.Look, "may hold an int of logical type date"},
		`"type":{"type":"long","logicalType":"timestamp-micros"}`:         {report.Fine, "can be read"},
		`"type":"long","doc":"milliseconds, in a second field the nanos"`: {report.Look, "occurred_at is a long"},
	} {
		l := wellFormed(ProducerSchema("times", `{"type":"record","name":"E","fields":[{"name":"event_id","type":"string"},{"name":"event_name","type":"string"},{"name":"occurred_at",`+occurred+`}]}`, nil))
		if !strings.Contains(strings.Join(messages(l, want.level), "\n"), want.says) {
			t.Errorf("%s: %+v; want %q", occurred, l, want.says)
		}
	}
	for _, text := range []string{"{", `"int"`} {
		if l := wellFormed(ProducerSchema("bad", text, nil)); len(l) != 1 || l[0].Level != report.Act {
			t.Errorf("%s: %+v", text, l)
		}
	}
	if l := wellFormed(Embedded()); len(l) != 1 || l[0].Level != report.Fine {
		t.Errorf("embedded: %+v", l)
	}
}
