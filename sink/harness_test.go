package sink

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
	"unsafe"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"github.com/rs/zerolog"
	"github.com/twmb/franz-go/pkg/kgo"
	"go.uber.org/goleak"

	"github.com/tracklayer/amazon-capi/internal/health"
	"github.com/tracklayer/amazon-capi/internal/verdict"
	"github.com/tracklayer/amazon-capi/sink/deadletter"
	"github.com/tracklayer/amazon-capi/sink/login"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// call is a request as Amazon saw it.
type call struct {
	at      time.Time
	n       int // the how many-th, from 1
	url     string
	header  http.Header
	profile string
	token   string
	body    string
	ids     []string
	events  map[string]string // event id to its bytes
}

// reply is what Amazon answers, or how it fails to.
type reply struct {
	status int
	header map[string]string
	body   string
	err    error         // instead of an answer
	cut    bool          // the body breaks off
	delay  time.Duration // before the answer; the sender may give up meanwhile
}

// fakeAmazon is an http.RoundTripper that answers as a test wants.
type fakeAmazon struct {
	mu     sync.Mutex
	answer func(call) reply
	calls  []call
	flying map[string]int // profile to its requests in flight
	most   map[string]int // and the most there ever were
	ids    map[string]int // profile/event id to its requests in flight
	twice  []string       // those that were in flight twice at once
}

// began and ended note what is in flight.
func (a *fakeAmazon) began(c call) {
	if a.flying == nil {
		a.flying, a.most, a.ids = map[string]int{}, map[string]int{}, map[string]int{}
	}
	a.flying[c.profile]++
	a.most[c.profile] = max(a.most[c.profile], a.flying[c.profile])
	for _, id := range c.ids {
		key := c.profile + "/" + id
		if a.ids[key]++; a.ids[key] > 1 {
			a.twice = append(a.twice, key)
		}
	}
}

func (a *fakeAmazon) ended(c call) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.flying[c.profile]--
	for _, id := range c.ids {
		a.ids[c.profile+"/"+id]--
	}
}

// mostOf is the most requests of a profile that were in flight at once since the
// last time it was asked.
func (a *fakeAmazon) mostOf(profile string) int {
	a.mu.Lock()
	defer a.mu.Unlock()
	most := a.most[profile]
	a.most[profile] = a.flying[profile]
	return most
}

// become changes how Amazon answers from now on.
func (a *fakeAmazon) become(answer func(call) reply) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.answer = answer
}

func (a *fakeAmazon) RoundTrip(r *http.Request) (*http.Response, error) {
	defer r.Body.Close()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	c := call{
		at: time.Now(), url: r.URL.String(), header: r.Header.Clone(), body: string(body), events: map[string]string{},
		profile: r.Header.Get("Amazon-Advertising-API-Scope"),
		token:   strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "),
	}
	var doc struct {
		Events []json.RawMessage `json:"events"`
	}
	if err := json.Unmarshal(body, &doc); err != nil {
		return nil, fmt.Errorf("the body is no JSON: %w", err)
	}
	for _, raw := range doc.Events {
		var e struct {
			EventID string `json:"eventId"`
		}
		if err := json.Unmarshal(raw, &e); err != nil {
			return nil, err
		}
		c.ids = append(c.ids, e.EventID)
		c.events[e.EventID] = string(raw)
	}
	a.mu.Lock()
	c.n = len(a.calls) + 1
	a.calls = append(a.calls, c)
	answer := a.answer
	a.began(c)
	a.mu.Unlock()
	defer a.ended(c)

	rep := answer(c)
	if rep.delay > 0 {
		select {
		case <-time.After(rep.delay):
		case <-r.Context().Done():
			return nil, r.Context().Err()
		}
	}
	if rep.err != nil {
		return nil, rep.err
	}
	resp := &http.Response{StatusCode: rep.status, Header: http.Header{}, Request: r, Body: io.NopCloser(strings.NewReader(rep.body))}
	if rep.cut {
		resp.Body = io.NopCloser(io.MultiReader(strings.NewReader(rep.body), brokenReader{}))
	}
	for k, v := range rep.header {
		for one := range strings.SplitSeq(v, ";") { // a header that comes several times
			resp.Header.Add(k, one)
		}
	}
	return resp, nil
}

type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

func (a *fakeAmazon) all() []call {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.calls)
}

// always answers every request alike.
func always(r reply) func(call) reply { return func(call) reply { return r } }

// inTurn answers with one reply after the other, and then with the last.
func inTurn(rs ...reply) func(call) reply {
	return func(c call) reply { return rs[min(c.n, len(rs))-1] }
}

var ok = reply{status: 200}

// fixedTokens gives a token of the generation that it is at, and renews it for
// whoever was refused with it.
type fixedTokens struct {
	mu       sync.Mutex
	gen      uint64
	rejected int
}

func (f *fixedTokens) Token(_ context.Context, refused login.AccessToken) (login.AccessToken, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if login.NewAccessToken("", f.gen+1).RefusedBy(refused) {
		f.rejected++
		f.gen++
	}
	return login.NewAccessToken(fmt.Sprintf("Atza|secret-%d", f.gen+1), f.gen+1), nil
}

// letterbox is a Producer that keeps what is produced.
type letterbox struct {
	fail func(*kgo.Record) error // nil acknowledges all

	mu      sync.Mutex
	letters []deadletter.Letter
	raw     []*kgo.Record
}

func (b *letterbox) TryProduce(ctx context.Context, r *kgo.Record, promise func(*kgo.Record, error)) {
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
			l, perr := deadletter.Parse(r)
			if perr != nil {
				panic(perr)
			}
			b.mu.Lock()
			b.letters = append(b.letters, l)
			b.raw = append(b.raw, r)
			b.mu.Unlock()
		}
		promise(r, err)
	}()
}

// errSilence makes the letterbox say nothing until the client is closed.
var errSilence = errors.New("silence")

// why is the reason of an event's letter.
func (b *letterbox) why(eventID string) verdict.Reason {
	for _, l := range b.all() {
		if l.EventID == eventID {
			return l.Reason
		}
	}
	return verdict.Reason{}
}

func (b *letterbox) all() []deadletter.Letter {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.letters)
}

// owner is an assignment that a test can end.
type owner struct {
	mu    sync.Mutex
	ended bool
}

func (o *owner) Live() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return !o.ended
}

func (o *owner) end() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.ended = true
}

// rig is a sink with everything around it.
type rig struct {
	t      *testing.T
	sink   *Sink
	feed   lending
	amazon *fakeAmazon
	tokens *fixedTokens
	box    *letterbox
	owner  *owner
	conds  *health.Conditions
	reg    *prometheus.Registry
	log    *logBuffer
	seq    uint64

	// What belongs to records that are in the feed.
	records []*kgo.Record
	lent    [][]byte

	mu       sync.Mutex
	handed   map[verdict.Handle]string // the event ids of records without a verdict
	settled  map[verdict.Handle]bool
	verdicts []verdict.Verdict
}

type logBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// newRig starts a sink inside a synctest bubble. Jitter is at its full, so that
// waits are the steps of the backoff: 500ms, 1s, 2s, …
func newRig(t *testing.T, answer func(call) reply, change ...func(*Options)) *rig {
	t.Helper()
	r := &rig{t: t, amazon: &fakeAmazon{answer: answer}, tokens: &fixedTokens{}, box: &letterbox{}, owner: &owner{}, log: &logBuffer{},
		handed: map[verdict.Handle]string{}, settled: map[verdict.Handle]bool{}}
	log := zerolog.New(r.log).Level(zerolog.InfoLevel)
	r.conds = health.NewConditions(log, nil)
	r.reg = prometheus.NewRegistry()
	opts := Options{
		Contract:    guide,
		BaseURL:     "https://amazon.test",
		ClientID:    "amzn1.application-oa2-client.test",
		Tokens:      r.tokens,
		Configured:  func(string) bool { return true },
		HTTPClient:  &http.Client{Transport: r.amazon},
		DeadLetters: DeadLetterOptions{Producer: r.box, Topic: "events.dlq"},
		Settle:      r.settle,
		Log:         log,
		Conditions:  r.conds,
		Registerer:  r.reg,
		Rand:        func() float64 { return 0.999999999 },
	}
	for _, c := range change {
		c(&opts)
	}
	s, err := New(opts)
	if err != nil {
		t.Fatal(err)
	}
	s.familiar = 0 // every profile that nobody knows is a stranger
	r.sink, r.feed = s, lending{s.NewFeed(), r}
	t.Cleanup(r.close)
	return r
}

func (r *rig) close() {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_ = r.sink.Close(ctx)
}

// settle holds every test to this: a verdict is about a record that was handed in, by the
// handle of its own assignment, with its event's id, and the only one.
func (r *rig) settle(vs []verdict.Verdict) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, v := range vs {
		id, waits := r.handed[v.Handle]
		if waits && id != v.EventID || r.settled[v.Handle] {
			r.t.Errorf("a verdict about record %d names event %q, want one verdict about %q", v.Handle.Seq, v.EventID, id)
		}
		if waits { // tests that hand records in by themselves count for themselves
			delete(r.handed, v.Handle)
			r.settled[v.Handle] = true
		}
	}
	r.verdicts = append(r.verdicts, vs...)
}

// add adds an event for each id; what follows a "/" in it only makes the event
// another one of the same id.
func (r *rig) add(profile string, ids ...string) {
	for _, id := range ids {
		c := purchase()
		c.ProfileID = r.lend(profile)
		eventID, madid, _ := strings.Cut(id, "/")
		c.EventID, c.MADID = r.lend(eventID), madid
		r.seq++
		r.hand(verdict.Handle{Owner: r.owner, Seq: r.seq}, strings.Clone(eventID))
		r.feed.Add(verdict.Handle{Owner: r.owner, Seq: r.seq}, r.record(id), c)
	}
}

// hand notes a record that add hands in.
func (r *rig) hand(h verdict.Handle, eventID string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.handed[h] = eventID
}

func (r *rig) record(id string) *kgo.Record {
	rec := &kgo.Record{Topic: "events", Partition: 3, Offset: int64(r.seq), Key: []byte("key-" + id), Value: []byte("value-" + id), Timestamp: time.UnixMilli(1776939330000)}
	r.records = append(r.records, rec)
	return rec
}

// lend returns the text as a part of a record, which reclaim overwrites.
func (r *rig) lend(text string) string {
	if text == "" {
		return ""
	}
	b := []byte(text)
	r.lent = append(r.lent, b)
	return unsafe.String(&b[0], len(b))
}

// lending is a feed whose records' memory is somebody else's after a Flush.
type lending struct {
	*Feed
	rig *rig
}

func (f lending) Flush() {
	f.Feed.Flush()
	f.rig.reclaim()
}

// reclaim uses the records' memory for something else, as the next fetch does.
func (r *rig) reclaim() {
	for _, rec := range r.records {
		r.lent = append(r.lent, rec.Key, rec.Value)
		for _, h := range rec.Headers {
			r.lent = append(r.lent, h.Value)
		}
		*rec = kgo.Record{}
	}
	for _, b := range r.lent {
		for i := range b {
			b[i] = '!'
		}
	}
	r.records, r.lent = nil, nil
}

// send adds events and hands them on.
func (r *rig) send(profile string, ids ...string) {
	r.add(profile, ids...)
	r.feed.Flush()
}

// after lets virtual time pass, and everything come to rest.
func (r *rig) after(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// classes returns the verdicts so far as "id class attempts", sorted.
func (r *rig) classes() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := []string{}
	for _, v := range r.verdicts {
		out = append(out, fmt.Sprintf("%s %s %d", v.EventID, v.Class, v.Attempts))
	}
	slices.Sort(out)
	return out
}

func (r *rig) verdict(id string) verdict.Verdict {
	r.t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, v := range r.verdicts {
		if v.EventID == id {
			return v
		}
	}
	r.t.Fatalf("%s has no verdict", id)
	return verdict.Verdict{}
}

func (r *rig) count(class verdict.Class) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	n := 0
	for _, v := range r.verdicts {
		if v.Class == class {
			n++
		}
	}
	return n
}

// failing returns the conditions that are not well, as "name: reason".
func (r *rig) failing() []string {
	out := []string{}
	for _, s := range r.conds.States() {
		if !s.OK {
			out = append(out, s.Name+": "+s.Reason)
		}
	}
	return out
}

// metric returns the value of a counter.
func (r *rig) metric(c prometheus.Counter) float64 {
	var m dto.Metric
	if err := c.Write(&m); err != nil {
		r.t.Fatal(err)
	}
	return m.GetCounter().GetValue()
}

// counted returns the value of a counter by its name without the program's, with these
// labels: a name, its value and so on.
func (r *rig) counted(name string, labels ...string) float64 {
	r.t.Helper()
	families, err := r.reg.Gather()
	if err != nil {
		r.t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() != "amazon_capi_"+name {
			continue
		}
		for _, m := range f.GetMetric() {
			has := map[string]string{}
			for _, l := range m.GetLabel() {
				has[l.GetName()] = l.GetValue()
			}
			if len(has)*2 == len(labels) && !slices.ContainsFunc(slices.Collect(slices.Chunk(labels, 2)), func(l []string) bool { return has[l[0]] != l[1] }) {
				return m.GetCounter().GetValue()
			}
		}
	}
	return 0
}

func (r *rig) lane(profile string) LaneStatus {
	for _, l := range r.sink.Lanes() {
		if l.Profile == profile {
			return l
		}
	}
	return LaneStatus{}
}

// bubble runs a test in virtual time.
func bubble(t *testing.T, f func(t *testing.T)) {
	t.Helper()
	synctest.Test(t, f)
}

func numbered(prefix string, n int) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = fmt.Sprintf("%s%04d", prefix, i)
	}
	return out
}
