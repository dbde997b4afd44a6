package sample

import (
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"iter"
	"math/rand/v2"
	"strconv"
	"time"

	"github.com/tracklayer/amazon-capi/internal/verdict"
	"github.com/tracklayer/amazon-capi/schemas"
)

// GeneratorOptions say what a Generator makes. The zero value makes good
// events of five profiles, over three days of November 2025.
type GeneratorOptions struct {
	// Profiles is how many profiles there are; 5 unless set. ProfileIDs names
	// them instead.
	Profiles   int
	ProfileIDs []string
	// Broken is the share of samples that are broken, 0 to 1, in the ways that
	// Breakages has, or those of them named by BrokenIn.
	Broken   float64
	BrokenIn []string
	// Denied is the share of events without consent. They are sent without
	// what consent covers, or left out if the pipeline filters them, which
	// DeniedFiltered tells the samples to expect.
	Denied         float64
	DeniedFiltered bool
	// Repeated is the share of samples that publish the event before once more.
	Repeated float64
	// V1 is the share of records written by version 1 of the schema.
	V1 float64
	// V3 is the share of the others that are written by versions 3 and 4, half each,
	// with what these know beside the rest; they are written by version 2 without.
	V3 float64
	// Full has every event carry what a purchase has whose source knows all that
	// version 2 asks for, in about 20 fields and 270 bytes. Others have what sites
	// know of the many who only look around, which is a third less.
	Full bool
	// Start and Span say when the events happened. The order is that of
	// records, which arrive out of order.
	Start time.Time
	Span  time.Duration
	// Prefix is put before every event id, so that two runs of a seed can differ.
	Prefix string
}

// Generator makes samples without end. The same seed and options make the same
// samples; another seed makes other events, whose ids are others, too. It is not safe for concurrent use.
type Generator struct {
	o      GeneratorOptions
	series string // what tells its event ids from those of other seeds
	rng    *rand.Rand
	broken []Breakage
	shares int
	// countries are where people live.
	countries []*country
	n         int
	last      Sample // the last good one
}

// NewGenerator returns a Generator, or an error that says which option is wrong.
func NewGenerator(seed uint64, o GeneratorOptions) (*Generator, error) {
	if o.Profiles == 0 {
		o.Profiles = 5
	}
	if o.Profiles < 0 {
		return nil, fmt.Errorf("profiles %d: want 1 or more", o.Profiles)
	}
	if len(o.ProfileIDs) == 0 {
		o.ProfileIDs = ProfileIDs(o.Profiles)
	}
	for what, share := range map[string]float64{"broken": o.Broken, "denied": o.Denied, "repeated": o.Repeated, "v1": o.V1, "v3": o.V3} {
		if !(share >= 0 && share <= 1) {
			return nil, fmt.Errorf("%s %g: want a share from 0 to 1", what, share)
		}
	}
	if o.Span < 0 {
		return nil, fmt.Errorf("span %s is negative", o.Span)
	}
	if o.Span == 0 {
		o.Span = 72 * time.Hour
	}
	if o.Start.IsZero() {
		o.Start = time.Date(2025, 11, 24, 0, 0, 0, 0, time.UTC)
	}
	broken, err := breakages(o.BrokenIn)
	if err != nil {
		return nil, err
	}
	g := &Generator{o: o, series: "_" + strconv.FormatUint(seed, 36) + "_", rng: rand.New(rand.NewPCG(seed, 1)), broken: broken, shares: totalShare()}
	for i := range countries {
		if c := &countries[i]; !o.Full || len(c.phones) > 0 {
			g.countries = append(g.countries, c)
		}
	}
	return g, nil
}

// ProfileIDs returns the ids of n profiles as a Generator numbers them.
func ProfileIDs(n int) []string {
	ids := make([]string, n)
	for i := range ids {
		ids[i] = strconv.Itoa(2000000001 + i*7)
	}
	return ids
}

// Take returns the next n samples. The sequence has no errors; it has the type
// that Publish and Read have.
func (g *Generator) Take(n int) iter.Seq2[Sample, error] {
	return func(yield func(Sample, error) bool) {
		for range n {
			if !yield(g.Next(), nil) {
				return
			}
		}
	}
}

// Next returns the next sample.
func (g *Generator) Next() Sample {
	g.n++
	if g.last.Event != nil && chance(g.rng, g.o.Repeated) {
		s := g.last
		s.Why = "the same event once more"
		return s
	}
	// Broken ones all have consent: where its lack filters events, that is what
	// would become of them.
	if chance(g.rng, g.o.Broken) {
		s := g.good(0)
		pick(g.rng, g.broken).Break(&s)
		return s
	}
	g.last = g.good(g.o.Denied)
	return g.last
}

func (g *Generator) good(denied float64) Sample {
	r := g.rng
	s := Sample{Schema: schemas.V2, Expect: verdict.Accepted}
	if chance(r, g.o.V1) {
		s.Schema = schemas.V1
	} else if g.o.V3 > 0 && chance(r, g.o.V3) {
		s.Schema = schemas.V3
		if chance(r, 0.5) {
			s.Schema = schemas.V4
		}
	}
	k := kindOf(r.IntN(g.shares))
	c := pick(r, g.countries)
	ev := &schemas.Event{
		EventID:      g.o.Prefix + k.id + g.series + strconv.Itoa(g.n),
		ProfileID:    pick(r, g.o.ProfileIDs),
		EventName:    pick(r, k.names),
		ActionSource: "WEBSITE",
		OccurredAt:   g.o.Start.UnixMilli() + r.Int64N(max(1, g.o.Span.Milliseconds())),
		User:         user(r, c, s.Schema, g.o.Full),
	}
	if chance(r, 0.3) {
		ev.EventType = k.typ
	}
	if chance(r, 0.5) {
		ev.OccurredAt -= ev.OccurredAt % 1000 // sources that count seconds
	}
	if chance(r, k.app) {
		ev.ActionSource = "APP"
		ev.User.MADID = g.uuid()
	}
	if chance(r, k.valued) {
		g.addValue(ev, c)
	}
	if ev.ActionSource == "WEBSITE" && chance(r, 0.4) {
		ev.ClickID = g.clickID()
	}
	if g.o.Full {
		g.fill(ev, k, c)
	}
	g.addSinceV2(ev, s.Schema)
	g.addSinceV3(ev, s.Schema)
	g.addSinceV4(ev, s.Schema)
	g.addConsent(ev, &s, denied)
	if chance(r, 0.2) {
		ev.Custom.Attributes = []schemas.Attribute{{Key: "channel", Value: pick(r, []string{"email", "search", "store-app"})}}
	}
	s.Event = ev
	return s
}

func (g *Generator) addValue(ev *schemas.Event, c *country) {
	ev.Custom.Value, ev.Custom.Currency = money(g.rng, c)
	ev.Custom.OrderReference = "R-" + strconv.Itoa(100000+g.n)
}

func (g *Generator) addSinceV2(ev *schemas.Event, v schemas.Version) {
	if v < schemas.V2 {
		return
	}
	if ev.ClickID != "" {
		ev.ClickCapturedAt = ev.OccurredAt - g.rng.Int64N(int64(30*24*time.Hour/time.Millisecond))
	}
	if ev.Custom.Value.IsSet() {
		ev.Custom.Quantity = 1 + g.rng.Int64N(4)
	}
}

func (g *Generator) addSinceV3(ev *schemas.Event, v schemas.Version) {
	if v < schemas.V3 {
		return
	}
	r := g.rng
	if ev.ActionSource == "APP" {
		ev.Platform = pick(r, []string{"ANDROID", "IOS", "FIRE_TV"})
	}
	if chance(r, 0.3) {
		ev.ArefTokens = fmt.Sprintf("%s.%d", g.clickID()[len(clickPrefix):][:10], ev.OccurredAt-r.Int64N(int64(24*time.Hour/time.Millisecond)))
	}
	u := &ev.User
	if chance(r, 0.3) {
		u.UserAgent = "Mozilla/5.0 (X11; Linux x86_64) example/1.0"
	}
	if chance(r, 0.2) {
		u.IPAddress = "192.0.2." + strconv.Itoa(r.IntN(256)) // kept for documents
	}
	if chance(r, 0.2) {
		u.Address = strconv.Itoa(1+r.IntN(200)) + " Example Street"
	}
	if chance(r, 0.1) {
		u.MatchID = "cust-" + strconv.Itoa(r.IntN(1e6))
	}
	if chance(r, 0.05) {
		ev.Consent.DataProcessing = "LIMITED_DATA_USE"
	}
}

func (g *Generator) addSinceV4(ev *schemas.Event, v schemas.Version) {
	if v < schemas.V4 {
		return
	}
	if chance(g.rng, 0.2) {
		ev.Partner = "Example Measurement"
	}
	if chance(g.rng, 0.1) {
		ev.AmazonAdEventKey = g.uuid()
	}
}

func (g *Generator) addConsent(ev *schemas.Event, s *Sample, denied float64) {
	switch {
	case chance(g.rng, denied):
		ev.Consent.AdStorage, ev.Consent.AdUserData = "GRANTED", "DENIED"
		if chance(g.rng, 0.5) {
			ev.Consent.AdStorage = "DENIED"
		}
		s.Why = "without consent"
		if g.o.DeniedFiltered {
			s.Expect, s.Code = verdict.Filtered, "consent"
		}
	case g.o.Full || chance(g.rng, 0.7):
		ev.Consent.AdStorage, ev.Consent.AdUserData = "GRANTED", "GRANTED"
	}
}

const clickPrefix = "amzn1.click."

var clickAlphabet = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

func (g *Generator) clickID() string {
	var b [10]byte
	binary.LittleEndian.PutUint64(b[:], g.rng.Uint64())
	binary.LittleEndian.PutUint16(b[8:], uint16(g.rng.Uint32()))
	return clickPrefix + clickAlphabet.EncodeToString(b[:])
}

// uuid makes a mobile advertising id, which is a random UUID.
func (g *Generator) uuid() string {
	a, b := g.rng.Uint64(), g.rng.Uint64()
	var buf [36]byte
	text := appendHex(buf[:0], a>>32, 8)
	text = appendHex(append(text, '-'), a>>16, 4)
	text = appendHex(append(text, '-', '4'), a, 3)
	text = appendHex(append(text, '-'), 0x8000|b>>48&0x3fff, 4)
	return string(appendHex(append(text, '-'), b, 12))
}

// appendHex appends the last digits of n.
func appendHex(dst []byte, n uint64, digits int) []byte {
	for digits--; digits >= 0; digits-- {
		dst = append(dst, "0123456789ABCDEF"[n>>(4*digits)&0xf])
	}
	return dst
}
