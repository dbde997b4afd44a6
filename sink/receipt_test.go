package sink

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tracklayer/amazon-capi/internal/verdict"
	"github.com/tracklayer/amazon-capi/schemas/avro"
	"github.com/tracklayer/amazon-capi/schemas/framing"
	receipts "github.com/tracklayer/amazon-capi/schemas/receipt"
)

// receiptPrefix is what a registry would have given.
var receiptPrefix = avro.AppendHeader(nil, 7)

type receiptSource struct{}

func (receiptSource) SchemaOf(context.Context, framing.Ref) (avro.Schema, error) {
	return avro.Schema{Text: receipts.Schema()}, nil
}

// receiptBox is a Producer that keeps the receipts it acknowledges.
type receiptBox struct {
	fail func(*kgo.Record) error // nil acknowledges all

	mu       sync.Mutex
	tries    int
	raw      []*kgo.Record
	receipts []receipts.Receipt
	named    map[string]verdict.Class // "profile/offset" of what a receipt names
	fault    string                   // what the sink did wrong
}

func (b *receiptBox) TryProduce(ctx context.Context, r *kgo.Record, promise func(*kgo.Record, error)) {
	b.mu.Lock()
	b.tries++
	b.mu.Unlock()
	go func() {
		var err error
		if b.fail != nil {
			err = b.fail(r)
		}
		if errors.Is(err, errSilence) {
			<-ctx.Done()
			err = ctx.Err()
		}
		if err == nil {
			b.keep(r)
		}
		promise(r, err)
	}()
}

func (b *receiptBox) keep(r *kgo.Record) {
	// The value's memory is the sink's again once the promise is kept.
	kept := *r
	kept.Value = slices.Clone(r.Value)
	rc, err := receipts.NewReader(receiptSource{}).Parse(context.Background(), kept.Value)
	b.mu.Lock()
	defer b.mu.Unlock()
	if err != nil {
		b.fault = "what was written is no receipt: " + err.Error()
		return
	}
	b.raw = append(b.raw, &kept)
	b.receipts = append(b.receipts, rc)
	if b.named == nil {
		b.named = make(map[string]verdict.Class)
	}
	for _, e := range rc.Events {
		b.named[fmt.Sprint(rc.ProfileID, "/", e.Offset)] = e.Class
	}
}

// into makes a sink write its receipts here, and holds it to writing them before
// it settles.
func (b *receiptBox) into(o *Options) {
	o.Receipts = ReceiptOptions{Producer: b, Topic: "events.receipts", Prefix: receiptPrefix}
	settle := o.Settle
	o.Settle = func(vs []verdict.Verdict) {
		b.mu.Lock()
		for i := range vs {
			if class, ok := b.named[fmt.Sprint(vs[i].ProfileID, "/", vs[i].Source.Offset)]; !ok || class != vs[i].Class {
				b.fault = fmt.Sprintf("%s was settled as %s, and its receipt says %s", vs[i].EventID, vs[i].Class, class)
			}
		}
		b.mu.Unlock()
		settle(vs)
	}
}

func (b *receiptBox) all() []receipts.Receipt {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.receipts)
}

// attempts is how often something was tried to be written.
func (b *receiptBox) attempts() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.tries
}

func (b *receiptBox) records() []*kgo.Record {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.raw)
}

// names returns "event class" of every event that receipts name, sorted.
func (b *receiptBox) names() []string {
	out := []string{}
	for _, r := range b.all() {
		for _, e := range r.Events {
			out = append(out, e.EventID+" "+e.Class.String())
		}
	}
	slices.Sort(out)
	return out
}

func (b *receiptBox) check(t *testing.T) {
	t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.fault != "" {
		t.Error(b.fault)
	}
}

// receiptRig is a rig whose sink writes receipts.
func receiptRig(t *testing.T, answer func(call) reply, change ...func(*Options)) (*rig, *receiptBox) {
	t.Helper()
	b := &receiptBox{}
	r := newRig(t, answer, append([]func(*Options){b.into}, change...)...)
	t.Cleanup(func() { b.check(t) })
	return r, b
}

func (r *rig) filter(profile, id string) {
	r.seq++
	r.feed.Filter(verdict.Handle{Owner: r.owner, Seq: r.seq}, r.record(id), profile, id, verdict.Reason{Class: verdict.Filtered, Code: "consent"})
}

func at(t time.Time) time.Time { return t.UTC().Truncate(time.Millisecond) }

func TestAReceiptSaysWhatBecameOfABatch(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r, b := receiptRig(t, inTurn(reply{status: 503}, reply{
			status: 207, delay: 2 * time.Second, header: map[string]string{"x-amzn-RequestId": "4c0a-77"},
			body: `{"success":[{"index":0},{"index":2}],"error":[{"index":1,"errors":[{"code":"BAD_MADID","message":"m"}]}]}`,
		}), func(o *Options) { o.Linger = -1 })
		began := time.Now()
		r.send("p", "a", "b", "c", "c/again")
		r.after(time.Minute)

		second := at(began.Add(2*time.Second + 500*time.Millisecond - 1)) // the jitter's full is a hair less
		whole := receipts.Receipt{
			Contract: "off-amazon-2023-11-13", ProfileID: "p", RequestID: "4c0a-77", Attempts: 2,
			FirstSent: at(began), LastAnswered: second, Topic: "events",
		}
		accepted, rejected := whole, whole
		accepted.Events = []receipts.Event{
			{EventID: "a", Partition: 3, Offset: 1, Class: verdict.Accepted},
			{EventID: "c", Partition: 3, Offset: 3, Class: verdict.Accepted},
			{EventID: "c", Partition: 3, Offset: 4, Class: verdict.Accepted}, // the same id again: a record of its own
		}
		rejected.Events = []receipts.Event{{EventID: "b", Partition: 3, Offset: 2, Class: verdict.Rejected, Status: 207, Code: "BAD_MADID"}}
		got := b.all()
		slices.SortFunc(got, func(a, b receipts.Receipt) int { return int(a.Events[0].Offset - b.Events[0].Offset) })
		if d := cmp.Diff([]receipts.Receipt{accepted, rejected}, got); d != "" {
			t.Errorf("-want +got:\n%s", d)
		}
		for _, rec := range b.records() {
			if rec.Topic != "events.receipts" || string(rec.Key) != "p" || len(rec.Headers) != 0 {
				t.Errorf("topic %q, key %q, %d headers", rec.Topic, rec.Key, len(rec.Headers))
			}
		}
		if d := cmp.Diff([]string{"a accepted 2", "b rejected 2", "c accepted 2", "c accepted 2"}, r.classes()); d != "" {
			t.Errorf("verdicts (-want +got):\n%s", d)
		}
	})
}

func TestAReceiptOfAnAnswerWithoutAnIDHasOurs(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r, b := receiptRig(t, inTurn(
			ok, ok,
			reply{status: 200, header: map[string]string{"x-amz-rid": "jane@example.com"}},
			reply{status: 200, header: map[string]string{"x-amz-rid": strings.Repeat("x", 5000)}},
			reply{status: 200, header: map[string]string{"x-amz-rid": "8Q2ZJ"}},
		), func(o *Options) { o.Linger = -1 })
		for _, id := range []string{"a", "b", "c", "d", "e"} {
			r.send("p", id)
			r.after(time.Second)
		}
		seen := map[string]bool{}
		for i, rc := range b.all() {
			if own := strings.HasPrefix(rc.RequestID, "capi-"); own != (i < 4) || seen[rc.RequestID] {
				t.Errorf("request %d has the id %q", i, rc.RequestID)
			}
			seen[rc.RequestID] = true
		}
		if len(seen) != 5 || !seen["8Q2ZJ"] {
			t.Errorf("%d ids, want 5 with Amazon's among them", len(seen))
		}
	})
}

func TestWhatWasNeverSentHasReceiptsByProfile(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r, b := receiptRig(t, always(ok))
		r.filter("p", "f1")
		r.filter("q", "f2")
		r.filter("p", "f3")
		r.seq++
		r.feed.Refuse(verdict.Handle{Owner: r.owner, Seq: r.seq}, r.record("junk"), "", "", verdict.Reason{Class: verdict.Decode, Code: "no_magic"})
		r.seq++
		r.feed.Refuse(verdict.Handle{Owner: r.owner, Seq: r.seq}, r.record("v"), "q", "v", invalid)
		r.feed.Flush()
		r.after(time.Second)
		got := map[string][]receipts.Event{}
		for i, rc := range b.all() {
			if rc.RequestID != "" || rc.Attempts != 0 || !rc.FirstSent.IsZero() || !rc.LastAnswered.IsZero() {
				t.Errorf("a receipt of what was not sent speaks of a request: %+v", rc)
			}
			if key := b.records()[i].Key; string(key) != rc.ProfileID || rc.ProfileID == "" && key != nil {
				t.Errorf("key %q of profile %q", key, rc.ProfileID)
			}
			got[rc.ProfileID] = append(got[rc.ProfileID], rc.Events...)
			slices.SortFunc(got[rc.ProfileID], func(a, b receipts.Event) int { return int(a.Offset - b.Offset) })
		}
		if d := cmp.Diff(map[string][]receipts.Event{
			"p": {
				{EventID: "f1", Partition: 3, Offset: 1, Class: verdict.Filtered, Code: "consent"},
				{EventID: "f3", Partition: 3, Offset: 3, Class: verdict.Filtered, Code: "consent"},
			},
			"q": {
				{EventID: "f2", Partition: 3, Offset: 2, Class: verdict.Filtered, Code: "consent"},
				{EventID: "v", Partition: 3, Offset: 5, Class: verdict.Validation, Code: "value_missing"},
			},
			"": {{Partition: 3, Offset: 4, Class: verdict.Decode, Code: "no_magic"}},
		}, got); d != "" {
			t.Errorf("-want +got:\n%s", d)
		}
		if len(r.classes()) != 5 {
			t.Errorf("verdicts: %v", r.classes())
		}
	})
}

func TestAVerdictWaitsForItsReceipt(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r, b := receiptRig(t, func(c call) reply {
			if c.profile == "bad" {
				return reply{status: 422, body: `{"code":"X","message":"m"}`}
			}
			return ok
		}, func(o *Options) { o.Linger = -1 })
		b.fail = func(*kgo.Record) error { time.Sleep(5 * time.Second); return nil }
		r.box.fail = func(*kgo.Record) error { time.Sleep(3 * time.Second); return nil }
		r.send("good", "a")
		r.send("bad", "b")
		r.filter("good", "f")
		r.feed.Flush()
		r.after(2 * time.Second)
		if b.attempts() != 2 {
			t.Errorf("%d receipts begun before the dead letter was acknowledged, want those of a and f", b.attempts())
		}
		r.after(2 * time.Second)
		if b.attempts() != 3 || len(r.classes()) != 0 {
			t.Errorf("%d receipts begun, verdicts %v; want 3 and none yet", b.attempts(), r.classes())
		}
		r.after(2 * time.Second)
		if d := cmp.Diff([]string{"a accepted 1", "f filtered 0"}, r.classes()); d != "" {
			t.Errorf("-want +got:\n%s", d)
		}
		r.after(3 * time.Second)
		if d := cmp.Diff([]string{"a accepted 1", "b rejected 1", "f filtered 0"}, r.classes()); d != "" {
			t.Errorf("-want +got:\n%s", d)
		}
	})
}

func TestWithoutATopicThereAreNoReceipts(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b := &receiptBox{}
		r := newRig(t, always(ok), func(o *Options) { o.Receipts = ReceiptOptions{Producer: b} })
		r.send("p", "a")
		r.filter("p", "f")
		r.feed.Flush()
		r.after(2 * time.Second)
		if d := cmp.Diff([]string{"a accepted 1", "f filtered 0"}, r.classes()); d != "" || b.attempts() != 0 {
			t.Errorf("%d receipts; verdicts (-want +got):\n%s", b.attempts(), d)
		}
		if _, err := r.closing(time.Second); err != nil {
			t.Fatal(err)
		}
		r.filter("p", "late")
		r.feed.Flush()
		if len(r.classes()) != 2 {
			t.Error("settled after Close")
		}
	})
}

func TestReceiptsNameNobody(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r, b := receiptRig(t, always(reply{status: 422, body: `{"code":"jane@example.com","message":"jane@example.com"}`}), func(o *Options) { o.Linger = -1 })
		hash := strings.Repeat("0123456789abcdef", 4)
		r.send("p", "lead:jane@example.com", "lead-"+hash, "jane%40example.com")
		r.filter("p", "f-jane@example.com")
		r.feed.Flush()
		r.after(time.Minute)
		if len(r.classes()) != 4 {
			t.Fatalf("%d verdicts, want 4", len(r.classes()))
		}
		for _, rec := range b.records() {
			for _, secret := range []string{"jane", hash} {
				if strings.Contains(string(rec.Value), secret) || strings.Contains(string(rec.Key), secret) {
					t.Error("a receipt holds an identifier")
				}
			}
		}
		if v := r.verdict("lead:jane@example.com"); v.Class != verdict.Rejected {
			t.Errorf("the verdict itself keeps the id: %+v", v.Class)
		}
	})
}

func TestReceiptOptions(t *testing.T) {
	for name, o := range map[string]ReceiptOptions{
		"no producer": {Topic: "t", Prefix: receiptPrefix}, "no schema": {Topic: "t", Producer: &receiptBox{}}, "size": {Topic: "t", Prefix: receiptPrefix, Producer: &receiptBox{}, MaxBytes: -1},
	} {
		all := Options{
			Contract: guide, BaseURL: "https://a", ClientID: "c", Tokens: &fixedTokens{}, Settle: func([]verdict.Verdict) {},
			DeadLetters: DeadLetterOptions{Producer: &letterbox{}, Topic: "dlq"}, Receipts: o,
		}
		if _, err := New(all); err == nil || !strings.Contains(err.Error(), "--receipts-topic") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
