package transform

import (
	"time"

	"github.com/tracklayer/amazon-capi/internal/verdict"
	"github.com/tracklayer/amazon-capi/schemas"
	"github.com/tracklayer/amazon-capi/transform/phone"
)

// Transformer turns events into conversions according to its options. It keeps no state
// between events and is safe for concurrent use.
type Transformer struct {
	mapping  *Mapping
	rules    IdentifierRules
	consent  ConsentPolicy
	wide     bool
	maxAhead time.Duration
	profiles ProfileIDs
	dialing  *phone.Plans
}

// New returns a Transformer, or an error that says which option is wrong. It compiles
// the world's numbering plans, so make one and share it.
func New(o Options) (*Transformer, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	if o.MaxAhead == 0 {
		o.MaxAhead = DefaultMaxAhead
	}
	if o.Mapping == nil {
		m, err := defaultMapping()
		if err != nil {
			return nil, err
		}
		o.Mapping = m
	}
	d, err := phone.New()
	if err != nil {
		return nil, err
	}
	return &Transformer{
		mapping:  o.Mapping,
		rules:    o.Identifiers,
		consent:  o.ConsentDenied,
		wide:     o.Wide,
		maxAhead: o.MaxAhead,
		profiles: o.ProfileIDs,
		dialing:  d,
	}, nil
}

// Transform converts ev into out. If the event must not be sent, ok is false, out is empty,
// and the reason has a class (Validation or Filtered), a code of package verdict, the field
// and a redacted message.
//
// The result depends only on ev, now and the options, so a replay makes the same conversion;
// now decides only whether the event is too far ahead. out may be reused, even after another
// transformer: all of it is overwritten. Its strings are parts of ev's strings or constants,
// so they are valid for as long as those of ev.
func (t *Transformer) Transform(ev *schemas.Event, now time.Time, out *Conversion) (reason verdict.Reason, ok bool) {
	out.reset()
	if r := t.fill(ev, now, out); r != nil {
		// A refused event must not leave identifiers in out.
		out.reset()
		return *r, false
	}
	return verdict.Reason{}, true
}

// fill applies the rules in an order that matters. Filters precede everything that can refuse
// the event: an event without consent, or one that the user does not want, must not end up in
// the dead-letter topic because its currency was missing as well. Consent precedes
// identifiers and place, so that what is not sent is not validated. Explain follows the same
// order.
func (t *Transformer) fill(ev *schemas.Event, now time.Time, out *Conversion) *verdict.Reason {
	entry, r := t.mapping.resolve(ev, out)
	if r != nil {
		return r
	}
	denied, r := t.checkConsent(&ev.Consent, out)
	if r != nil {
		return r
	}
	if r := checkEventID(ev.EventID, out); r != nil {
		return r
	}
	if r := t.checkProfileID(ev.ProfileID, out); r != nil {
		return r
	}
	if r := checkSource(ev, entry, out); r != nil {
		return r
	}
	if r := t.checkTime(ev.OccurredAt, now); r != nil {
		return r
	}
	out.OccurredAt = ev.OccurredAt
	if r := t.checkPlace(&ev.User, denied.userData, out); r != nil {
		return r
	}
	if r := checkMoney(&ev.Custom, entry.value, out); r != nil {
		return r
	}
	if !denied.userData {
		t.email(&ev.User, out)
		t.phone(&ev.User, out)
		madid(&ev.User, out)
	}
	if !denied.storage {
		clickID(ev, out)
	}
	if t.wide {
		t.widen(ev, entry, denied, out)
	}
	return nil
}
