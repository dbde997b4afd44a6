package receipt

import (
	"cmp"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tracklayer/amazon-capi/internal/redact"
	"github.com/tracklayer/amazon-capi/internal/verdict"
	receipts "github.com/tracklayer/amazon-capi/schemas/receipt"
)

// receipt is a receipt to be written, with the verdicts that wait for it: of one profile,
// contract and topic.
type receipt struct {
	request  *verdict.Request
	verdicts []verdict.Verdict
	since    time.Time // when the verdicts came
	produced time.Time // when the client was last given it
	buf      []byte

	tried bool  // the brokers have refused it at least once
	alone bool  // it is written alone, to find out whether it is the one that is refused
	err   error // what the brokers answered

	refused bool // also when written alone
}

// cut divides verdicts into runs that share a receipt. Those of one request are of one
// profile; those of records that were never sent come in the order of the records, and are
// first sorted by profile.
func cut(r *verdict.Request, vs []verdict.Verdict, each func([]verdict.Verdict)) {
	if r == nil {
		slices.SortStableFunc(vs, func(a, b verdict.Verdict) int {
			return cmp.Or(cmp.Compare(a.ProfileID, b.ProfileID), cmp.Compare(a.Contract, b.Contract))
		})
	}
	for len(vs) > 0 {
		n := 1
		for n < len(vs) && vs[n].ProfileID == vs[0].ProfileID && vs[n].Contract == vs[0].Contract && vs[n].Source.Topic == vs[0].Source.Topic {
			n++
		}
		each(vs[:n])
		vs = vs[n:]
	}
}

// build makes the record to produce; profile is the form that receipts show. events is
// memory to use; it is returned, possibly grown.
func (r *receipt) build(o *Options, profile string, events []receipts.Event) (*kgo.Record, []receipts.Event) {
	first := &r.verdicts[0]
	out := receipts.Receipt{Contract: first.Contract, ProfileID: profile, Topic: first.Source.Topic}
	if r.request != nil {
		out.RequestID, out.Attempts = r.request.ID, r.request.Attempts
		out.FirstSent, out.LastAnswered = r.request.FirstSent, r.request.Answered
	}
	for i := range r.verdicts {
		v := &r.verdicts[i]
		events = append(events, receipts.Event{
			EventID: redact.EventID(v.EventID), Partition: v.Source.Partition, Offset: v.Source.Offset,
			Class: v.Class, Status: v.Status, Code: codeOf(v),
		})
	}
	out.Events = events
	if r.buf == nil {
		r.buf = o.Bytes.Get(64 * len(r.verdicts)) // with ids as long as a UUID
	}
	r.buf = receipts.Append(r.buf[:0], o.Prefix, &out)
	rec := &kgo.Record{Topic: o.Topic, Value: r.buf}
	if out.ProfileID != "" { // without a profile there is nothing to keep together
		rec.Key = []byte(out.ProfileID)
	}
	return rec, events
}

// codeOf returns a reason's code. Ours are a small set; Amazon's are text from outside.
func codeOf(v *verdict.Verdict) string {
	if v.Class == verdict.Rejected || v.Class == verdict.Auth {
		return redact.Line(redact.Text(v.Code), redact.WordLimit)
	}
	return v.Code
}

// prune drops the verdicts of ended assignments: the partitions' next owners deliver those
// records again and write their own receipts.
func (r *receipt) prune() {
	r.verdicts = slices.DeleteFunc(r.verdicts, func(v verdict.Verdict) bool { return v.Handle.Owner != nil && !v.Handle.Owner.Live() })
}

// halves splits a receipt that is too large in two.
func (r *receipt) halves() (first, second *receipt) {
	n := len(r.verdicts) / 2
	second = &receipt{request: r.request, since: r.since, tried: r.tried, alone: r.alone, verdicts: slices.Clone(r.verdicts[n:])}
	clear(r.verdicts[n:])
	r.verdicts = r.verdicts[:n]
	return r, second
}
