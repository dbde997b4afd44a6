package consumer

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"
	"github.com/twmb/franz-go/pkg/kgo"
	"pgregory.net/rapid"

	"github.com/tracklayer/amazon-capi/consumer/assignment"
	"github.com/tracklayer/amazon-capi/consumer/parking"
	"github.com/tracklayer/amazon-capi/internal/pipeline/handler"
	"github.com/tracklayer/amazon-capi/internal/verdict"
	"github.com/tracklayer/amazon-capi/internal/wait"
	"github.com/tracklayer/amazon-capi/schemas"
	"github.com/tracklayer/amazon-capi/sink"
	"github.com/tracklayer/amazon-capi/sink/amazon"
	"github.com/tracklayer/amazon-capi/sink/exchange"
	"github.com/tracklayer/amazon-capi/sink/login"
)

// kinds are the ways in which a lane can be stuck.
var kinds = []string{"503", "429", "403", "401", "hangs", "no connection", "web page", "put off", "half put off", "paused", "no token", "by turns"}

// moodyAmazon answers by what the profile's name begins with.
type moodyAmazon struct {
	mu     sync.Mutex
	healed bool
	sent   map[string]int    // event id to its requests
	bytes  map[string]string // and to what was sent
	fault  string
}

func (m *moodyAmazon) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	_ = r.Body.Close()
	var doc struct{ Events []json.RawMessage }
	if err := json.Unmarshal(body, &doc); err != nil {
		return nil, err
	}
	m.mu.Lock()
	for _, raw := range doc.Events {
		var e struct{ EventID string }
		_ = json.Unmarshal(raw, &e)
		m.sent[e.EventID]++
		if was, ok := m.bytes[e.EventID]; ok && was != string(raw) {
			m.fault = e.EventID + " was sent again with other bytes"
		}
		m.bytes[e.EventID] = string(raw)
	}
	kind, _, _ := strings.Cut(strings.ReplaceAll(r.Header.Get("Amazon-Advertising-API-Scope"), "_", " "), ".")
	if m.healed {
		kind = "well"
	}
	m.mu.Unlock()
	status, answer, header := 200, "", http.Header{}
	switch kind {
	case "503", "403", "401":
		_, _ = fmt.Sscan(kind, &status)
	case "by turns":
		if time.Now().Unix()/30%2 == 0 {
			status = 503
		}
	case "429":
		status = 429
		header.Set("Retry-After", "40")
	case "hangs":
		<-r.Context().Done()
		return nil, r.Context().Err()
	case "no connection":
		return nil, errors.New("connection refused")
	case "web page":
		answer = "<html><body>Sign in</body></html>"
	case "put off", "half put off":
		var success, failed []string
		for i := range doc.Events {
			if kind == "half put off" && i%2 == 0 {
				success = append(success, fmt.Sprintf(`{"index":%d}`, i))
			} else {
				failed = append(failed, fmt.Sprintf(`{"index":%d,"errors":[{"code":"TOO_MANY_REQUESTS"}]}`, i))
			}
		}
		status, answer = 207, `{"success":[`+strings.Join(success, ",")+`],"error":[`+strings.Join(failed, ",")+`]}`
	}
	time.Sleep(20 * time.Millisecond)
	return &http.Response{StatusCode: status, Header: header, Request: r, Body: io.NopCloser(strings.NewReader(answer))}, nil
}

// moodyAccounts are the ways of profiles, some of which are paused or without a
// token.
type moodyAccounts struct {
	mu   sync.Mutex
	ways map[string]*exchange.Routes
	open chan struct{}
}

// tokensOnce gives tokens once it is open, another one to whoever was refused.
type tokensOnce struct {
	open       <-chan struct{}
	generation *atomic.Uint64
}

func (o tokensOnce) Token(ctx context.Context, refused login.AccessToken) (login.AccessToken, error) {
	select {
	case <-o.open:
	case <-ctx.Done():
		select {
		case <-o.open:
		default:
			return login.AccessToken{}, ctx.Err()
		}
	}
	if refused != (login.AccessToken{}) {
		o.generation.Add(1)
	}
	return login.NewAccessToken("Atza|x", o.generation.Load()), nil
}

func newMoodyAccounts(tb interface{ Fatal(...any) }) *moodyAccounts {
	m := &moodyAccounts{ways: make(map[string]*exchange.Routes), open: make(chan struct{})}
	always, generation := make(chan struct{}), new(atomic.Uint64)
	generation.Store(1)
	close(always)
	k, err := amazon.NewContract("off-amazon-2023-11-13", amazon.ContractOptions{})
	if err != nil {
		tb.Fatal(err)
	}
	for name, o := range map[string]exchange.RouteOptions{
		"":         {Tokens: tokensOnce{always, generation}},
		"paused":   {Tokens: tokensOnce{always, generation}, Paused: true},
		"no token": {Tokens: tokensOnce{m.open, generation}},
	} {
		o.Contract, o.BaseURL, o.ClientID = k, "https://amazon.test", "client"
		if m.ways[name], err = exchange.NewRoutes(o); err != nil {
			tb.Fatal(err)
		}
	}
	return m
}

func (m *moodyAccounts) of(profile string) *exchange.Routes {
	m.mu.Lock()
	defer m.mu.Unlock()
	kind, _, _ := strings.Cut(strings.ReplaceAll(profile, "_", " "), ".")
	if w := m.ways[kind]; w != nil {
		return w
	}
	return m.ways[""]
}

func (m *moodyAccounts) Route(profile, country string) (*exchange.Route, *verdict.Reason) {
	return m.of(profile).Route(profile, country)
}

func (m *moodyAccounts) Renew(profile string, old *exchange.Route) (*exchange.Route, *verdict.Reason) {
	return m.of(profile).Renew(profile, old)
}

func (m *moodyAccounts) heal() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.ways["paused"] = m.ways[""]
	close(m.open)
}

// noLetters is a dead-letter topic that is never needed.
type noLetters struct{}

func (noLetters) TryProduce(_ context.Context, r *kgo.Record, promise func(*kgo.Record, error)) {
	panic("a dead letter")
}

// timelessDecoder reads the same event at any time.
type timelessDecoder struct {
	textDecoder
	at int64
}

func (d *timelessDecoder) DecodeRecord(ctx context.Context, rec *kgo.Record, ev *schemas.Event) error {
	err := d.textDecoder.DecodeRecord(ctx, rec, ev)
	ev.OccurredAt = d.at
	return err
}

// crowdCase is a world with profiles that are stuck and some that are well.
type crowdCase struct {
	window, batch, concurrency int
	windowBytes                int64
	size                       int // of a record, beside its ids
	stuck                      []string
	each                       int // events of a stuck profile
	well, wellEach             int
	stuckFirst                 bool
	grown                      bool // stuck profiles were well at first
}

func (c crowdCase) records() (records []*kgo.Record) {
	var first, rest []string
	for i, kind := range c.stuck {
		for n := range c.each {
			first = append(first, fmt.Sprintf("%s.%d|s%d-%d", strings.ReplaceAll(kind, " ", "_"), i, i, n))
		}
	}
	for n := range c.wellEach {
		for i := range c.well {
			rest = append(rest, fmt.Sprintf("well.%d|w%d-%d", i, i, n))
		}
	}
	if !c.stuckFirst {
		// In turns, as far as there are both.
		var mixed []string
		for i := range max(len(first), len(rest)) {
			if i < len(first) {
				mixed = append(mixed, first[(i*7919)%len(first)])
			}
			if i < len(rest) {
				mixed = append(mixed, rest[i])
			}
		}
		if len(first)%7919 == 0 {
			mixed = append(slices.Clone(rest), first...)
		}
		first, rest = mixed, nil
	}
	for i, v := range append(first, rest...) {
		records = append(records, &kgo.Record{Topic: topic, Offset: int64(i), Value: []byte(v), Key: make([]byte, c.size), Timestamp: time.Now()})
	}
	return records
}

// crowdRun is a consumer and a sink with everything of theirs but a Kafka client.
type crowdRun struct {
	*Consumer
	records []*kgo.Record
	a       *assignment.Assignment
	amazon  *moodyAmazon
	ways    *moodyAccounts
	sink    *sink.Sink
	most    int // events in the window, at most

	mu       sync.Mutex
	verdicts map[string]verdict.Verdict
	twice    string
}

type sinkDelivery struct{ *sink.Sink }

func (d sinkDelivery) NewFeed() handler.Feed { return d.Sink.NewFeed() }

func startCrowd(ctx context.Context, t *testing.T, c crowdCase) *crowdRun {
	t.Helper()
	r := &crowdRun{
		records: c.records(), amazon: &moodyAmazon{sent: map[string]int{}, bytes: map[string]string{}, healed: c.grown},
		ways: newMoodyAccounts(t), verdicts: map[string]verdict.Verdict{},
	}
	var err error
	r.Consumer, err = New(Options{
		Topics: []string{topic}, Group: group, MaxInFlightEvents: c.window, MaxInFlightBytes: c.windowBytes, MaxParkedEvents: 1_000_000,
		Workers: 2, Log: zerolog.Nop(),
	})
	if err != nil {
		t.Fatal(err)
	}
	contract, _ := amazon.NewContract("off-amazon-2023-11-13", amazon.ContractOptions{})
	r.sink, err = sink.New(sink.Options{
		Contract: contract, Router: r.ways, HTTPClient: &http.Client{Transport: r.amazon}, RequestTimeout: 5 * time.Second,
		BatchEvents: c.batch, LaneConcurrency: c.concurrency, AuthHold: 10_000 * time.Hour, Linger: 200 * time.Millisecond,
		WindowEvents: r.opts.MaxInFlightEvents, WindowBytes: r.opts.MaxInFlightBytes, Parked: r.Parked, Charge: r.Charge,
		DeadLetters: sink.DeadLetterOptions{Producer: noLetters{}, Topic: "dlq"},
		Settle:      r.settle, Log: zerolog.Nop(),
	})
	if err != nil {
		t.Fatal(err)
	}
	r.handler = newStages(t, &timelessDecoder{at: time.Now().UnixMilli()}, sinkDelivery{r.sink})
	for range r.opts.Workers {
		r.shared.Workers <- r.handler.NewWorker()
	}
	pumpCtx, stop := context.WithCancel(ctx)
	r.a = assignment.New(topic, 0, r.inboxes, stop)
	r.Consumer.mu.Lock()
	r.assignments[assignment.Of(topic, 0)], r.alive[r.a] = r.a, true
	r.Consumer.mu.Unlock()
	r.shared.Recycles = false
	p := r.shared.Of(r.a)
	r.pumps.Go(func() { p.Run(pumpCtx) })
	r.pumps.Go(func() { r.take(ctx) })
	r.pumps.Go(func() { r.readAgain(ctx) })
	return r
}

func (r *crowdRun) settle(vs []verdict.Verdict) {
	r.mu.Lock()
	for _, v := range vs {
		id := strings.Clone(v.EventID)
		if _, ok := r.verdicts[id]; ok {
			r.twice = id
		}
		r.verdicts[id] = v
	}
	r.mu.Unlock()
	r.Settle(vs)
}

// take is poll, with records that are there already.
func (r *crowdRun) take(ctx context.Context) {
	for next := 0; next < len(r.records); {
		room, err := r.window.Room(ctx, r.relieve, r.sink.Hurry)
		if err == nil {
			err = r.inboxes.Wait(ctx)
		}
		if err != nil {
			return
		}
		n := min(room, len(r.records)-next, 500)
		part := r.records[next : next+n]
		var bytes int64
		for i, rec := range part {
			if bytes += int64(verdict.SizeOf(rec)); bytes > r.opts.MaxInFlightBytes/4 {
				part, n = part[:i+1], i+1
				break
			}
		}
		r.tally.Take(n)
		r.window.Take(n, bytes)
		r.a.Push(part, part, int64(len(r.records)))
		next += n
	}
}

// readAgain is rereadLoop, likewise.
func (r *crowdRun) readAgain(ctx context.Context) {
	rr := r.rereader()
	rr.Source = func(_ context.Context, w *parking.Wanted) error {
		w.Found(assignment.Of(topic, 0), r.records)
		return nil
	}
	for wait.For(ctx, 250*time.Millisecond) {
		events, _ := r.window.InFlight()
		r.most = max(r.most, events)
		rr.Turn(ctx)
	}
}

// count is how many events whose ids begin so have been accepted.
func (r *crowdRun) count(prefix string) (n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for id := range r.verdicts {
		if strings.HasPrefix(id, prefix) {
			n++
		}
	}
	return n
}

// runCrowd returns what was wrong.
func runCrowd(t *testing.T, c crowdCase) (fault string) {
	ctx, cancel := context.WithCancel(context.Background())
	r := startCrowd(ctx, t, c)
	defer func() {
		cancel()
		_ = r.sink.Close(ctx)
		r.pumps.Wait()
	}()
	if c.grown {
		time.Sleep(2 * time.Second)
		r.amazon.mu.Lock()
		r.amazon.healed = false
		r.amazon.mu.Unlock()
	}
	const patience = 3 * time.Minute
	for began := time.Now(); r.count("w") < c.well*c.wellEach; time.Sleep(time.Second) {
		if time.Since(began) > patience {
			events, bytes := r.window.InFlight()
			return fmt.Sprintf("after %s only %d of %d events of profiles that are well are accepted; %d events and %d bytes in the window, %d parked; lanes %s",
				patience, r.count("w"), c.well*c.wellEach, events, bytes, r.parking.Count(), lanesOf(r.sink))
		}
	}
	synctest.Wait()
	if d := r.sumDifference(); d != 0 {
		return fmt.Sprintf("the sum is out by %d", d)
	}
	r.amazon.mu.Lock()
	r.amazon.healed = true
	r.amazon.mu.Unlock()
	r.ways.heal()
	r.sink.Reroute()
	for began := time.Now(); r.count("") < len(r.records); time.Sleep(time.Second) {
		if time.Since(began) > 10*time.Hour {
			return fmt.Sprintf("once all are well only %d of %d are accepted; %d parked; lanes %s", r.count(""), len(r.records), r.parking.Count(), lanesOf(r.sink))
		}
	}
	synctest.Wait()
	return r.account(c)
}

func lanesOf(s *sink.Sink) string {
	var b strings.Builder
	for i, l := range s.Lanes() {
		if i == 12 {
			b.WriteString(" …")
			break
		}
		fmt.Fprintf(&b, " %s %s %d;", l.Profile, l.State, l.Records)
	}
	return b.String()
}

// account looks at what is left when all is done.
func (r *crowdRun) account(c crowdCase) string {
	r.amazon.mu.Lock()
	defer r.amazon.mu.Unlock()
	r.mu.Lock()
	defer r.mu.Unlock()
	events, bytes := r.window.InFlight()
	switch {
	case r.amazon.fault != "":
		return r.amazon.fault
	case r.twice != "":
		return r.twice + " has two verdicts"
	case r.sumDifference() != 0 || events != 0 || bytes != 0 || r.parking.Count() != 0:
		return fmt.Sprintf("at the end %d events and %d bytes are in the window, %d are parked", events, bytes, r.parking.Count())
	case r.most > c.window*3/2+1:
		return fmt.Sprintf("%d events were in a window of %d", r.most, c.window)
	}
	for id, v := range r.verdicts {
		if v.Class != verdict.Accepted || v.Attempts != r.amazon.sent[id] {
			return fmt.Sprintf("%s is %s after %d attempts, and was sent %d times", id, v.Class, v.Attempts, r.amazon.sent[id])
		}
	}
	return ""
}

// TestAnyNumberOfStuckProfilesLeavesRoom: whatever is wrong with them, and however
// small the window.
func TestAnyNumberOfStuckProfilesLeavesRoom(t *testing.T) {
	fifth := func(kind string, n int) []string { return slices.Repeat([]string{kind}, n) }
	for name, c := range map[string]crowdCase{
		"forty by default":        {window: 30_000, batch: 500, concurrency: 8, stuck: fifth("503", 40), each: 1500, well: 3, wellEach: 1000},
		"forty that were well":    {window: 30_000, batch: 500, concurrency: 8, stuck: fifth("503", 40), each: 3000, well: 3, wellEach: 3000, grown: true},
		"a batch fills it":        {window: 500, batch: 500, concurrency: 8, stuck: []string{"503"}, each: 2000, well: 1, wellEach: 1000},
		"one of one":              {window: 1, batch: 500, concurrency: 8, stuck: []string{"503"}, each: 20, well: 1, wellEach: 20},
		"more than the window":    {window: 100, batch: 10, concurrency: 8, stuck: fifth("403", 300), each: 3, well: 2, wellEach: 100},
		"first in the topic":      {window: 500, batch: 100, concurrency: 8, stuck: []string{"503"}, each: 3000, well: 1, wellEach: 100, stuckFirst: true},
		"a pause first":           {window: 500, batch: 100, concurrency: 8, stuck: []string{"paused"}, each: 3000, well: 1, wellEach: 100, stuckFirst: true},
		"large events":            {window: 30_000, windowBytes: 1 << 20, size: 10_000, batch: 500, concurrency: 8, stuck: fifth("503", 30), each: 30, well: 2, wellEach: 50},
		"events half the window":  {window: 30_000, windowBytes: 1 << 20, size: 400_000, batch: 500, concurrency: 8, stuck: fifth("429", 5), each: 3, well: 1, wellEach: 5},
		"put off one by one":      {window: 1000, batch: 100, concurrency: 8, stuck: fifth("half put off", 20), each: 300, well: 2, wellEach: 500},
		"no tokens":               {window: 2000, batch: 100, concurrency: 8, stuck: fifth("no token", 100), each: 30, well: 2, wellEach: 300, stuckFirst: true},
		"by turns":                {window: 200, batch: 50, concurrency: 8, stuck: fifth("by turns", 40), each: 100, well: 2, wellEach: 300},
		"two":                     {window: 2, batch: 500, concurrency: 8, stuck: fifth("403", 20), each: 3, well: 2, wellEach: 10},
		"ten":                     {window: 10, batch: 500, concurrency: 8, stuck: kinds, each: 20, well: 2, wellEach: 20},
		"small window of bytes":   {window: 30_000, windowBytes: 1 << 20, size: 100, batch: 500, concurrency: 8, stuck: fifth("403", 2000), each: 1, well: 1, wellEach: 500, stuckFirst: true},
		"all kinds":               {window: 600, batch: 50, concurrency: 8, stuck: kinds, each: 400, well: 2, wellEach: 300},
		"requests that all hang":  {window: 2000, batch: 100, concurrency: 8, stuck: fifth("hangs", 60), each: 300, well: 2, wellEach: 500},
		"hang after all was well": {window: 2000, batch: 100, concurrency: 8, stuck: fifth("hangs", 10), each: 3000, well: 2, wellEach: 3000, grown: true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				if fault := runCrowd(t, c); fault != "" {
					t.Error(fault)
				}
			})
		})
	}
}

func TestAnyCrowdLeavesRoom(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		c := crowdCase{
			window:      rapid.OneOf(rapid.IntRange(1, 20), rapid.IntRange(20, 2000)).Draw(rt, "window"),
			batch:       rapid.OneOf(rapid.IntRange(1, 10), rapid.IntRange(10, 500)).Draw(rt, "batch"),
			concurrency: rapid.IntRange(1, 8).Draw(rt, "concurrency"),
			stuck:       rapid.SliceOfN(rapid.SampledFrom(kinds), 1, 40).Draw(rt, "stuck"),
			each:        rapid.IntRange(1, 60).Draw(rt, "each"),
			well:        rapid.IntRange(1, 3).Draw(rt, "well"),
			wellEach:    rapid.IntRange(1, 60).Draw(rt, "events of those that are well"),
			stuckFirst:  rapid.Bool().Draw(rt, "the stuck ones come first"),
			grown:       rapid.Bool().Draw(rt, "all are well at first"),
		}
		if rapid.Bool().Draw(rt, "few bytes") {
			c.size, c.windowBytes = rapid.IntRange(0, 2000).Draw(rt, "size"), 64<<10
		}
		var fault string
		synctest.Test(t, func(t *testing.T) { fault = runCrowd(t, c) })
		if fault != "" {
			rt.Fatal(fault)
		}
	})
}
