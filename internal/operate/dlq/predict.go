package dlq

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tracklayer/amazon-capi/internal/count"
	"github.com/tracklayer/amazon-capi/internal/verdict"
	"github.com/tracklayer/amazon-capi/schemas"
	"github.com/tracklayer/amazon-capi/transform"
)

// Prediction is what today's rules make of the events to redrive; its JSON is part of an output
// of the command line.
type Prediction struct {
	Pass     int `json:"pass"`     // the rules
	Refused  int `json:"refused"`  // by the rules, again
	Filtered int `json:"filtered"` // left out on purpose
	Unread   int `json:"unread"`   // cannot be read: nothing is predicted
	// AmazonRefused is how many that pass Amazon has refused before.
	AmazonRefused int            `json:"amazon_refused_before"`
	Codes         map[string]int `json:"codes,omitempty"` // why others do not pass
	Why           string         `json:"why,omitempty"`   // nothing more is predicted
}

// Predictor predicts the verdicts on letters that are redriven.
type Predictor struct {
	Events      Events
	Transformer *transform.Transformer
	Now         time.Time

	p    Prediction
	ev   schemas.Event
	c    transform.Conversion
	gone bool // what schemas come from
}

// patience is how long a schema is waited for: a dry run is not worth more.
const patience = 5 * time.Second

// add predicts the verdict on the original of a letter.
func (p *Predictor) add(ctx context.Context, e *Entry, original *kgo.Record) {
	if p.gone {
		p.p.Unread++
		return
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	p.ev = schemas.Event{}
	if err := p.Events.DecodeRecord(ctx, original, &p.ev); err != nil {
		bad, isBad := errors.AsType[*schemas.DecodeError](err)
		if !isBad {
			p.gone, p.p.Why = true, "the schema registry does not answer"
			p.p.Unread++
			return
		}
		p.refused(bad.Reason())
		return
	}
	reason, ok := p.Transformer.Transform(&p.ev, p.Now, &p.c)
	switch {
	case ok:
		p.p.Pass++
		if c := e.Letter.Reason.Class; c == verdict.Rejected || c == verdict.Auth {
			p.p.AmazonRefused++
		}
	case reason.Class == verdict.Filtered:
		p.p.Filtered++
		p.code(reason)
	default:
		p.refused(reason)
	}
}

func (p *Predictor) refused(r verdict.Reason) {
	p.p.Refused++
	p.code(r)
}

func (p *Predictor) code(r verdict.Reason) {
	if p.p.Codes == nil {
		p.p.Codes = make(map[string]int)
	}
	p.p.Codes[r.Code]++
}

// print prints the prediction for people.
func (p *Prediction) print(w io.Writer) {
	fmt.Fprintf(w, "By today's rules %d of them would be sent to Amazon, %d refused again and %d left out", p.Pass, p.Refused, p.Filtered)
	if p.Unread > 0 {
		fmt.Fprintf(w, "; %d could not be read, so that nothing is predicted", p.Unread)
		if p.Why != "" {
			fmt.Fprintf(w, ": %s", p.Why)
		}
	}
	fmt.Fprintln(w, ".")
	if len(p.Codes) > 0 {
		codes := slices.SortedFunc(maps.Keys(p.Codes), func(a, b string) int { return cmp.Or(cmp.Compare(p.Codes[b], p.Codes[a]), cmp.Compare(a, b)) })
		for i, c := range codes {
			codes[i] = fmt.Sprintf("%s (%d)", c, p.Codes[c])
		}
		fmt.Fprintf(w, "Those that would not be sent: %s.\n", strings.Join(codes, ", "))
	}
	if n := p.AmazonRefused; n > 0 {
		fmt.Fprintf(w, "Amazon itself refused %s of these earlier: the same content passes only if Amazon's reason is gone.\n", count.Of(n, "event"))
	}
}
