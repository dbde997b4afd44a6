package main

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/linkedin/goavro/v2"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tracklayer/amazon-capi/internal/config"
	"github.com/tracklayer/amazon-capi/internal/operate/dlq"
	"github.com/tracklayer/amazon-capi/internal/operate/explain"
	"github.com/tracklayer/amazon-capi/internal/operate/replay"
	"github.com/tracklayer/amazon-capi/schemas/avro"
	"github.com/tracklayer/amazon-capi/schemas/registry"
)

// A producer's schema with names of its own, and a mapping that says what they are.
const (
	producersSchema = `{"type":"record","name":"Order","fields":[{"name":"order_no","type":"string"},{"name":"kind","type":"string"},{"name":"seller","type":"long"},
		{"name":"order_total","type":"double"},{"name":"currency","type":"string"},{"name":"channel","type":"string"},{"name":"placed","type":{"type":"long","logicalType":"timestamp-millis"}},
		{"name":"customer","type":{"type":"record","name":"Customer","fields":[{"name":"mail","type":"string"},{"name":"country","type":"string"}]}}]}`
	producersMapping = `extends: default
fields:
  order_no: event_id
  kind: event_name
  seller: profile_id
  order_total: custom_data.value
  currency: custom_data.currency
  channel: action_source
  placed: occurred_at
  customer.mail: user_data.email
  customer.country: user_data.country_code
`
)

func producersRecord(t *testing.T, id uint32, order string) []byte {
	t.Helper()
	codec, err := goavro.NewCodec(producersSchema)
	if err != nil {
		t.Fatal(err)
	}
	value, err := codec.BinaryFromNative(avro.AppendHeader(nil, id), map[string]any{
		"order_no": order, "kind": "Purchase", "seller": int64(1234567890), "order_total": 129.95, "currency": "USD", "channel": "WEBSITE",
		"placed": time.Now().Add(-time.Minute), "customer": map[string]any{"mail": "jane@example.com", "country": "US"},
	})
	if err != nil {
		t.Fatal(err)
	}
	return value
}

// TestAProducersOwnNames: records of a schema with other names are dead letters until the
// mapping says what they are; then every tool reads them, and says by which lines.
func TestAProducersOwnNames(t *testing.T) {
	s := newScene(t)
	id := s.register(producersSchema)
	for i := range 3 {
		s.produce(&kgo.Record{Topic: config.DefaultTopic, Value: producersRecord(t, id, fmt.Sprintf("o-%d", i))})
	}
	if sum := s.deliver(); sum.Total.DeadLettered() != 3 {
		t.Fatalf("without a mapping: %+v", sum.Total)
	}
	mapping := writeFile(t, "m.yaml", []byte(producersMapping))
	const line = "custom_data.value is read from order_total, by line 6 of m.yaml"

	letter := s.records(config.DefaultLettersTopic)[0]
	shown := objects[dlq.Shown](t, s.run(exitOK, append([]string{"dlq", "show", fmt.Sprintf("%d/%d", letter.Partition, letter.Offset), "--json", "--mapping", mapping}, s.registry()...)...).stdout)[0]
	if shown.Letter.Code != "not_tracklayer" || shown.Now == nil || shown.Now.Outcome != explain.OutcomeSend || !strings.Contains(strings.Join(shown.Now.Aliases, "\n"), line) {
		t.Errorf("dlq show: %+v, %+v", shown.Letter, shown.Now)
	}
	x := s.run(exitOK, append([]string{"explain", "--offset", "0/0", "--mapping", mapping}, s.registry()...)...)
	if !strings.Contains(x.stdout, line) || !strings.Contains(x.stdout, `"amount": 129.95`) || strings.Contains(x.stdout, "jane") {
		t.Errorf("explain: %s", x.stdout)
	}
	r := objects[replay.Report](t, s.run(exitOK, append([]string{"replay", "--json", "--go", "--from", "offset:0", "--mapping", mapping}, s.amazon()...)...).stdout)[0]
	if r.Sum.Send != 3 || r.Accepted != 3 || s.Amazon().Accepted("o-2") != 1 {
		t.Errorf("replay: forecast %+v, accepted %d", r.Sum, r.Accepted)
	}
	rec := s.run(exitOK, append([]string{"reconcile", "--json", "--mapping", mapping}, s.registry()...)...)
	if !strings.Contains(rec.stdout, `"accepted":3`) || !strings.Contains(rec.stdout, `"missing":0`) || !strings.Contains(rec.stdout, "389.85") {
		t.Errorf("reconcile: %s", rec.stdout)
	}
}

// TestAliasesThatDoNotFit: an alias that a schema has no field for is said of each record,
// with the line, and by check --schema before there is one.
func TestAliasesThatDoNotFit(t *testing.T) {
	schema, cases := writeFile(t, "order.avsc", []byte(producersSchema)), writeFile(t, "cases.yaml", []byte(
		"cases:\n  - name: by the producer's names\n    event: {order_no: o-1, kind: Purchase, seller: \"1234567890\", order_total: 1.5, currency: USD, channel: WEBSITE, placed: 2026-04-23T10:15:30Z}\n    has: {value: {amount: 1.5}}\n"))
	mapping := writeFile(t, "m.yaml", []byte(producersMapping))
	if r := command(t, "", "check", "--schema", schema, "--mapping", mapping); r.code != exitOK || !strings.Contains(r.stdout, "custom_data.value is read from order_total, by line 6 of m.yaml") {
		t.Errorf("exit %d\n%s%s", r.code, r.stdout, r.stderr)
	}
	if r := command(t, "", "check", "--mapping-tests", cases, "--mapping", mapping); r.code != exitOK {
		t.Errorf("exit %d\n%s%s", r.code, r.stdout, r.stderr)
	}
	event := `{"order_no":"o-1","kind":"Lead","seller":"1234567890","channel":"WEBSITE","placed":"2026-04-23T10:15:30Z","customer":{"country":"US"}}`
	if r := command(t, "", "explain", "--json-event", event, "--mapping", mapping); r.code != exitOK || !strings.Contains(r.stdout, "event_name is read from kind, by line 4 of m.yaml") {
		t.Errorf("exit %d\n%s%s", r.code, r.stdout, r.stderr)
	}

	wrong := writeFile(t, "wrong.yaml", []byte(strings.Replace(producersMapping, "order_total", "order_totl", 1)))
	r := command(t, "", "check", "--schema", schema, "--mapping", wrong)
	if r.code != exitFailed || !strings.Contains(r.stdout, "bad_alias") || !strings.Contains(r.stdout, "line 6 of wrong.yaml") {
		t.Errorf("exit %d\n%s%s", r.code, r.stdout, r.stderr)
	}
	value := writeFile(t, "record.avro", producersRecord(t, 1, "o-1"))
	r = command(t, "", "explain", "--file", value, "--schema", schema, "--mapping", wrong)
	if r.code != exitOK || !strings.Contains(r.stdout, "no field order_totl, and no custom_data.value either: line 6 of wrong.yaml") {
		t.Errorf("exit %d\n%s%s", r.code, r.stdout, r.stderr)
	}
	failing := writeFile(t, "failing.yaml", []byte("cases:\n  - event: {order_no: o-1, kind: Purchase, seller: \"1234567890\", order_total: 1.5, currency: USD, channel: WEBSITE, placed: 2026-04-23T10:15:30Z}\n    has: {value: {amount: 2}}\n"))
	if r := command(t, "", "check", "--mapping-tests", failing, "--mapping", mapping); r.code != exitFailed || !strings.Contains(r.stdout, "custom_data.value is read from order_total, by line 6 of m.yaml") {
		t.Errorf("exit %d\n%s%s", r.code, r.stdout, r.stderr)
	}
	twice := writeFile(t, "twice.yaml", []byte(producersMapping+"  total: custom_data.value\n"))
	if r := command(t, "", "explain", "--json-event", event, "--mapping", twice); r.code != exitUsage || !strings.Contains(r.stderr, "twice.yaml:12: fields: custom_data.value is read from \"order_total\" already, by line 6 of twice.yaml") {
		t.Errorf("exit %d\n%s", r.code, r.stderr)
	}
}

// register registers a schema of a producer's.
func (s *scene) register(schema string) uint32 {
	s.t.Helper()
	r, err := registry.New(registry.Options{URL: s.RegistryURL()})
	if err != nil {
		s.t.Fatal(err)
	}
	defer r.Close()
	id, err := r.RegisterAvro(s.t.Context(), config.DefaultTopic+"-value", schema)
	if err != nil {
		s.t.Fatal(err)
	}
	return id
}
