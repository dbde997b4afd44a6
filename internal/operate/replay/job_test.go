package replay

import (
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/tracklayer/amazon-capi/internal/history"
	"github.com/tracklayer/amazon-capi/internal/kafka"
	"github.com/tracklayer/amazon-capi/internal/lab/publish"
	"github.com/tracklayer/amazon-capi/internal/lab/sample"
	"github.com/tracklayer/amazon-capi/internal/lab/sandbox"
	"github.com/tracklayer/amazon-capi/internal/operate/report"
	"github.com/tracklayer/amazon-capi/internal/pipeline"
	"github.com/tracklayer/amazon-capi/internal/setting"
	"github.com/tracklayer/amazon-capi/schemas/registry"
	"github.com/tracklayer/amazon-capi/sink/amazon"
)

const events = "tracklayer.events"

// served is a cluster with n events, and the options of a replay of them all.
func served(t *testing.T, n int) (*sandbox.Cluster, JobOptions) {
	t.Helper()
	c, err := sandbox.StartCluster(t.Context(), sandbox.ClusterOptions{Topics: []string{events, events + ".dlq", events + ".receipts"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	g, err := sample.NewGenerator(1, sample.GeneratorOptions{})
	if err != nil {
		t.Fatal(err)
	}
	settings, registry := kafka.Settings{Brokers: c.Brokers()}, registry.Options{URL: c.RegistryURL()}
	if _, err := publish.Run(t.Context(), publish.Options{Kafka: settings, Registry: registry, Topic: events, Patience: 30 * time.Second}, g.Take(n)); err != nil {
		t.Fatal(err)
	}
	account := sandbox.DefaultAccount()
	return c, JobOptions{
		Config: pipeline.Config{
			Kafka: settings, Registry: registry, DeadLetterTopic: events + ".dlq", ReceiptsTopic: events + ".receipts",
			Contract: amazon.ContractNames()[0], AmazonURL: c.AmazonURL(), TokenURL: c.TokenURL(),
			ClientID: account.ClientID, ClientSecret: account.ClientSecret, RefreshToken: account.RefreshToken,
			Linger: 20 * time.Millisecond, LaneConcurrency: 8,
		},
		Range: history.Range{Topic: events, From: history.Position{IsOffset: true}}, From: "offset:0", LiveGroup: "amazon-capi",
		Log: zerolog.Nop(), Progress: report.NewProgress(io.Discard),
	}
}

// TestJob: a dry run sends nothing, a replay sends everything once, and the same
// options find it complete.
func TestJob(t *testing.T) {
	c, o := served(t, 60)
	run := func(o JobOptions) *Report {
		t.Helper()
		j, err := NewJob(o)
		if err != nil {
			t.Fatal(err)
		}
		defer j.Close()
		r, err := j.Look(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if o.Go && r.Selected > 0 {
			if err := j.Send(t.Context(), r); err != nil {
				t.Fatal(err)
			}
		}
		return r
	}
	if r := run(o); !r.DryRun || r.Selected != 60 || r.Sent != 0 || c.Amazon().Stats().Requests != 0 {
		t.Errorf("dry run: %+v", r)
	}
	o.Go = true
	if r := run(o); r.Sent != 60 || r.Accepted != 60 || r.Left != 0 || c.Amazon().Stats().Accepted != 60 {
		t.Errorf("%+v", r)
	}
	if r := run(o); !r.Resumed || r.Selected != 0 || r.DoneBefore != 60 || c.Amazon().Stats().Taken != 60 {
		t.Errorf("once more: %+v", r)
	}
	// The same name for something else would go on where the other stopped.
	o.Name, o.From = run(o).Name, "offset:1"
	j, err := NewJob(o)
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	_, err = j.Look(t.Context())
	if _, mistake := errors.AsType[*setting.Mistake](err); !mistake || !strings.Contains(err.Error(), "was begun with other --from") {
		t.Errorf("another replay of that name: %v", err)
	}
}

func TestJobOptionsCheck(t *testing.T) {
	good := JobOptions{Range: history.Range{Topic: events}, From: "-2h", LiveGroup: "amazon-capi"}
	good.Config.Kafka.Brokers, good.Config.DeadLetterTopic = []string{"127.0.0.1:1"}, events+".dlq"
	for want, change := range map[string]func(o *JobOptions){
		"--rate: -1 is not a rate":  func(o *JobOptions) { o.Rate = -1 },
		"both are needed":           func(o *JobOptions) { o.Range.Topic = "" },
		"--name: \"a b\" is no":     func(o *JobOptions) { o.Name = "a b" },
		"say what to replay":        func(o *JobOptions) { o.From = "" },
		"is the live one (--group)": func(o *JobOptions) { o.Name, o.LiveGroup = "x", "amazon-capi-replay-x.ends" },
		"--brokers":                 func(o *JobOptions) { o.Config.Kafka.Brokers = nil },
	} {
		o := good
		change(&o)
		_, err := NewJob(o)
		if _, mistake := errors.AsType[*setting.Mistake](err); !mistake || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want a mistake with %q", err, want)
		}
	}
}

// TestMove: the offsets of a group are moved to a position, and those of a group that
// is unknown where others are known stay.
func TestMove(t *testing.T) {
	_, o := served(t, 30)
	move := func(group string, to int64) ([]Moved, error) {
		t.Helper()
		m := &Move{Kafka: o.Config.Kafka, Topic: events, Group: group, To: history.Position{IsOffset: true, Offset: to}, Go: true}
		defer m.Close()
		rows, err := m.Plan(t.Context())
		if err == nil {
			err = m.Commit(t.Context(), rows)
		}
		return rows, err
	}
	first, err := move("live", 3)
	if err != nil || len(first) != 3 || first[0].Was != -1 || first[0].Now != min(3, first[0].End) {
		t.Fatalf("%+v, %v", first, err)
	}
	again, err := move("live", 0)
	if err != nil || again[0].Was != first[0].Now || again[0].Now != 0 {
		t.Errorf("%+v, %v", again, err)
	}
	// One commit moves what was planned for several topics.
	other := events + ".dlq"
	m := &Move{Kafka: o.Config.Kafka, Topic: events, Group: "live", To: history.Position{IsOffset: true, Offset: 1}, Go: true}
	defer m.Close()
	rows, err := m.Plan(t.Context())
	if err == nil {
		err = m.Commit(t.Context(), append(rows, Moved{Topic: other, Partition: 2, Now: 7}))
	}
	if err != nil {
		t.Fatal(err)
	}
	committed, err := m.admin.FetchOffsets(t.Context(), "live")
	if at, ok := committed.Lookup(other, 2); err != nil || !ok || at.At != 7 || len(committed[events]) != 3 {
		t.Errorf("committed %+v, %v", committed, err)
	}
	if _, err := move("lvie", 0); err == nil || !strings.Contains(err.Error(), "want one that has: live") {
		t.Errorf("a misspelt group: %v", err)
	}
	if _, err := move("", 0); err == nil || !strings.Contains(err.Error(), "--group and --topic") {
		t.Errorf("no group: %v", err)
	}
}
