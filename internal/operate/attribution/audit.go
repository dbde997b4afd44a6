package attribution

import (
	"strings"
	"time"

	"github.com/tracklayer/amazon-capi/internal/verdict"
	"github.com/tracklayer/amazon-capi/schemas"
	"github.com/tracklayer/amazon-capi/sink/amazon"
	"github.com/tracklayer/amazon-capi/transform"
)

// Options are what events are judged by. Transformer and Contract are required.
type Options struct {
	Transformer *transform.Transformer
	Contract    amazon.Contract
	// ContractOf, if set, returns the contract of a profile's own account, or why nothing
	// of the profile is sent. It replaces Contract.
	ContractOf func(profile string) (amazon.Contract, *verdict.Reason)
	Now        time.Time
	// ClickLifetime is how long after its click an event is credited to it; 0 means 90
	// days, the lifetime of the cookie.
	ClickLifetime time.Duration
	// MaxIDs bounds how many event ids are remembered, at about 40 bytes each; 0 means
	// two million. Of more ids a sample is kept.
	MaxIDs int
}

// Audit is what is known about the events so far. Memory does not grow with their number,
// except for MaxIDs.
type Audit struct {
	opts Options

	records     int64
	undecodable map[string]int64 // by code
	refused     map[string]*refusal
	filtered    map[string]int64 // by code

	groups   map[Key]*Group
	raw      rawFields
	warnings [64]int64
	clicks   clickAges
	delays   delays
	consent  consents
	ids      ids

	conversion transform.Conversion
}

// refusal is a reason for which events are refused, with their number.
type refusal struct {
	reason verdict.Reason
	events int64
}

// Key groups events: by Amazon's tenant, by where they happened and by type.
type Key struct{ Source, Type string }

// Group is the events of one source and type that would be sent.
type Group struct {
	Events      int64
	ClickID     int64
	HashedEmail int64
	HashedPhone int64
	MADID       int64
	Identified  int64 // with any of the identifiers
	Denied      int64 // consent to send identifiers, or to use what the browser kept
}

func (g *Group) add(o *Group) {
	g.Events += o.Events
	g.ClickID += o.ClickID
	g.HashedEmail += o.HashedEmail
	g.HashedPhone += o.HashedPhone
	g.MADID += o.MADID
	g.Identified += o.Identified
	g.Denied += o.Denied
}

// New returns an Audit of nothing.
func New(o Options) *Audit {
	if o.ClickLifetime <= 0 {
		o.ClickLifetime = 90 * 24 * time.Hour
	}
	if o.MaxIDs <= 0 {
		o.MaxIDs = 2_000_000
	}
	return &Audit{
		opts: o, undecodable: make(map[string]int64), refused: make(map[string]*refusal), filtered: make(map[string]int64),
		groups: make(map[Key]*Group), ids: newIDs(o.MaxIDs),
	}
}

// Undecodable counts a record that could not be decoded.
func (a *Audit) Undecodable(bad *schemas.DecodeError) {
	a.records++
	a.undecodable[bad.Code.String()]++
}

// Event counts an event with its record's time. The event may be reused afterwards.
func (a *Audit) Event(ev *schemas.Event, published time.Time) {
	a.records++
	a.raw.add(ev)
	a.ids.add(ev)
	if ev.OccurredAt > 0 {
		a.delays.add(published.UnixMilli() - ev.OccurredAt)
	}
	c := &a.conversion
	why, ok := a.opts.Transformer.Transform(ev, a.opts.Now, c)
	if ok {
		if refusal := a.refusal(c); refusal != nil {
			why, ok = *refusal, false
		}
	}
	if !ok {
		a.notSent(ev, why)
		return
	}
	c.Warnings.Each(func(w transform.Warning) { a.warnings[w]++ })
	a.sent(ev, c)
}

// refusal returns why a profile's account or contract does not send an event; nil if it does.
func (a *Audit) refusal(c *transform.Conversion) *verdict.Reason {
	contract := a.opts.Contract
	if a.opts.ContractOf != nil {
		var unknown *verdict.Reason
		if contract, unknown = a.opts.ContractOf(c.ProfileID); unknown != nil {
			return unknown
		}
	}
	return amazon.Refusal(contract, c, a.opts.Now)
}

func (a *Audit) notSent(ev *schemas.Event, why verdict.Reason) {
	if why.Class == verdict.Filtered {
		a.filtered[why.Code]++
		if why.Code == "consent" {
			a.consent.filtered++
		}
		return
	}
	r := a.refused[why.Code]
	if r == nil {
		// Cloned, because it outlives the record that it may quote.
		r = &refusal{reason: verdict.Reason{Class: why.Class, Code: strings.Clone(why.Code), Field: strings.Clone(why.Field)}}
		a.refused[r.reason.Code] = r
	}
	r.events++
}

func (a *Audit) sent(ev *schemas.Event, c *transform.Conversion) {
	key := Key{c.ActionSource, c.EventType}
	g := a.groups[key]
	if g == nil {
		g = new(Group)
		a.groups[Key{strings.Clone(key.Source), strings.Clone(key.Type)}] = g
	}
	one := Group{
		Events: 1, ClickID: oneIf(c.ClickID != ""), MADID: oneIf(c.MADID != ""),
		HashedEmail: oneIf(c.HashedEmail.IsSet()), HashedPhone: oneIf(c.HashedPhone.IsSet()),
	}
	one.Identified = min(1, one.HashedEmail+one.HashedPhone+one.MADID)
	userData, storage := c.Consent.UserData == transform.ConsentDenied, c.Consent.Storage == transform.ConsentDenied
	one.Denied = oneIf(userData || storage)
	g.add(&one)
	a.consent.add(&c.Consent)
	a.raw.compare(ev, c)
	if c.ClickID != "" {
		a.clicks.add(ev.OccurredAt, ev.ClickCapturedAt, a.opts.ClickLifetime)
	}
}

func oneIf(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// total returns the sum of all groups.
func (a *Audit) total() (t Group) {
	for _, g := range a.groups {
		t.add(g)
	}
	return t
}
