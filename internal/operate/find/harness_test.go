package find

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
	"go.uber.org/goleak"

	"github.com/tracklayer/amazon-capi/internal/kafka"
	"github.com/tracklayer/amazon-capi/internal/lab/sandbox"
	"github.com/tracklayer/amazon-capi/internal/operate/explain"
	"github.com/tracklayer/amazon-capi/internal/operate/report"
	"github.com/tracklayer/amazon-capi/internal/redact"
	"github.com/tracklayer/amazon-capi/internal/verdict"
	"github.com/tracklayer/amazon-capi/schemas"
	"github.com/tracklayer/amazon-capi/schemas/framing"
	"github.com/tracklayer/amazon-capi/schemas/receipt"
	"github.com/tracklayer/amazon-capi/schemas/registry"
	"github.com/tracklayer/amazon-capi/sink/amazon"
	"github.com/tracklayer/amazon-capi/transform"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	source   = "events"
	letters  = "events.dlq"
	receipts = "events.receipts"

	quarantined = "events.dlq.quarantine"
	profile     = "1234567890"
)

// bench is a cluster whose topics a test fills by hand.
type bench struct {
	t       testing.TB
	cluster *sandbox.Cluster
	client  *kgo.Client
	encoder *schemas.Encoder
	eventID uint32 // of the schemas
	prefix  []byte
	o       Options
	now     time.Time
}

func newBench(t testing.TB) *bench {
	t.Helper()
	c, err := sandbox.StartCluster(t.Context(), sandbox.ClusterOptions{Topics: []string{source, letters, quarantined, receipts}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	b := &bench{t: t, cluster: c, now: time.Now().UTC().Truncate(time.Millisecond)}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	b.client, err = kgo.NewClient(kgo.SeedBrokers(c.Brokers()...), kgo.RecordPartitioner(kgo.ManualPartitioner()))
	must(err)
	t.Cleanup(b.client.Close)
	b.encoder, err = schemas.NewEncoder()
	must(err)
	reg, err := registry.New(registry.Options{URL: c.RegistryURL()})
	must(err)
	t.Cleanup(reg.Close)
	text, err := schemas.Latest.Schema()
	must(err)
	b.eventID, err = reg.RegisterAvro(t.Context(), source+"-value", text)
	must(err)
	ref, err := receipt.Register(t.Context(), reg, receipts+"-value")
	must(err)
	b.prefix = receipt.Prefix(ref)
	contract, err := amazon.NewContract(amazon.ContractNames()[0], amazon.ContractOptions{})
	must(err)
	transformer, err := transform.New(transform.Options{})
	must(err)
	x, err := explain.New(explain.Options{Transformer: transformer, Contract: contract, BaseURL: c.AmazonURL(), BatchEvents: 500, BatchBytes: 1 << 20, Framings: framing.All})
	must(err)
	b.o = Options{
		Kafka: kafka.Settings{Brokers: c.Brokers()}, Registry: reg, Explainer: x, Topics: []string{source}, Letters: letters, Quarantine: quarantined, Receipts: receipts,
		Group: "g", RedriveGroup: "r", Now: func() time.Time { return b.now }, Progress: report.NewTerminalProgress(new(strings.Builder)),
	}
	return b
}

func (b *bench) produce(r *kgo.Record) Place {
	b.t.Helper()
	if err := b.client.ProduceSync(b.t.Context(), r).FirstErr(); err != nil {
		b.t.Fatal(err)
	}
	return Place{r.Topic, r.Partition, r.Offset}
}

func (b *bench) value(id, order string) []byte {
	b.t.Helper()
	ev := &schemas.Event{
		EventID: id, ProfileID: profile, EventName: "Lead", ActionSource: "WEBSITE", OccurredAt: b.now.Add(-time.Hour).UnixMilli(),
		User: schemas.UserData{Email: "jane@example.com"}, Custom: schemas.CustomData{OrderReference: order},
	}
	value, err := b.encoder.EncodeWire(b.eventID, schemas.Latest, ev)
	if err != nil {
		b.t.Fatal(err)
	}
	return value
}

// publish writes a record of an event that is as old as that.
func (b *bench) publish(partition int32, id string, ago time.Duration, headers ...kgo.RecordHeader) Place {
	b.t.Helper()
	return b.produce(&kgo.Record{Topic: source, Partition: partition, Value: b.value(id, "order-"+id), Timestamp: b.now.Add(-ago), Headers: headers})
}

// receipt writes a receipt about an event at a place.
func (b *bench) receipt(id string, at Place, class verdict.Class, ago time.Duration) {
	b.t.Helper()
	r := receipt.Receipt{
		Contract: "off-amazon-2023-11-13", ProfileID: profile, RequestID: "A1B2C3D4E5", Attempts: 1, Topic: at.Topic,
		FirstSent: b.now.Add(-ago), LastAnswered: b.now.Add(-ago),
		Events: []receipt.Event{{EventID: "other", Partition: at.Partition, Offset: at.Offset + 1000}, {EventID: redact.EventID(id), Partition: at.Partition, Offset: at.Offset, Class: class, Status: 200}},
	}
	if id == "" {
		r.Events[1].EventID = ""
	}
	b.produce(&kgo.Record{Topic: receipts, Value: receipt.Append(nil, b.prefix, &r), Timestamp: b.now.Add(-ago)})
}

func header(key, value string) kgo.RecordHeader {
	return kgo.RecordHeader{Key: "amazon-capi." + key, Value: []byte(value)}
}

// letter writes the dead letter of a record.
func (b *bench) letter(id string, of Place, value []byte, ago time.Duration, more ...kgo.RecordHeader) Place {
	b.t.Helper()
	return b.letterIn(letters, id, of, value, ago, more...)
}

func (b *bench) letterIn(topic, id string, of Place, value []byte, ago time.Duration, more ...kgo.RecordHeader) Place {
	b.t.Helper()
	hs := append([]kgo.RecordHeader{
		{Key: "__connect.errors.topic", Value: []byte(of.Topic)}, {Key: "__connect.errors.partition", Value: []byte(strconv.Itoa(int(of.Partition)))},
		{Key: "__connect.errors.offset", Value: []byte(strconv.FormatInt(of.Offset, 10))},
		header("class", "rejected"), header("status", "422"), header("profile", profile), header("event-id", redact.EventID(id)),
		header("attempts", "1"), header("last-failure", b.now.Add(-ago).Format(time.RFC3339Nano)),
	}, more...)
	return b.produce(&kgo.Record{Topic: topic, Value: value, Timestamp: b.now.Add(-ago), Headers: hs})
}

// commit has the group settle a partition up to an offset.
func (b *bench) commit(group, topic string, partition int32, offset int64) {
	b.t.Helper()
	var offsets kadm.Offsets
	offsets.AddOffset(topic, partition, offset, -1)
	if err := kadm.NewClient(b.client).CommitAllOffsets(b.t.Context(), group, offsets); err != nil {
		b.t.Fatal(err)
	}
}

func (b *bench) run(text string) (*Result, error) {
	b.t.Helper()
	q, err := ParseQuery(text)
	if err != nil {
		b.t.Fatal(err)
	}
	r, err := Run(b.t.Context(), b.o, q)
	if err == nil {
		var out strings.Builder
		r.Print(&out)
		if strings.Contains(out.String(), "jane") {
			b.t.Errorf("an identifier is shown:\n%s", &out)
		}
	}
	return r, err
}

// find returns the story of the only event that answers.
func (b *bench) find(text string) Story {
	b.t.Helper()
	r, err := b.run(text)
	if err != nil {
		b.t.Fatal(err)
	}
	if len(r.Stories) != 1 {
		b.t.Fatalf("%s: %d stories, want 1", text, len(r.Stories))
	}
	return r.Stories[0]
}

func kinds(s Story) string {
	var kinds []string
	for _, step := range s.Steps {
		kinds = append(kinds, step.Kind)
	}
	return strings.Join(kinds, " ")
}

func (s *Story) readOf(topic string) Read {
	for _, r := range s.Read {
		if r.Topic == topic {
			return r
		}
	}
	return Read{}
}
