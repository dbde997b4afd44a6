package pump

import (
	"context"
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tracklayer/amazon-capi/consumer/assignment"
	"github.com/tracklayer/amazon-capi/consumer/tally"
	"github.com/tracklayer/amazon-capi/internal/verdict"
)

// refuser is a worker that counts what it must refuse.
type refuser struct {
	Worker
	code string
}

func (r *refuser) Flush() {}

func (r *refuser) Read(context.Context, *kgo.Record, bool) (verdict.Reading, error) {
	return verdict.Reading{}, nil
}
func (r *refuser) Take(verdict.Handle, *verdict.Past) {}
func (r *refuser) Refuse(_ verdict.Handle, _ *kgo.Record, _ string, why verdict.Reason) {
	r.code = why.Code
}

// TestGoneWithoutAProfile: a record that nobody could decode may be parked and deleted, too.
func TestGoneWithoutAProfile(t *testing.T) {
	r := &refuser{}
	workers := make(chan Worker, 1)
	workers <- r
	p := (&Pumps{Workers: workers, Tally: new(tally.Tally)}).Of(nil)
	in := assignment.Intake{Records: []*kgo.Record{{}}, Seqs: []uint64{1}, Gone: true}
	if did := p.chunk(t.Context(), &in, 0, 1); did != 1 || r.code != verdict.CodeNotRetained.String() {
		t.Errorf("%d done, refused for %q", did, r.code)
	}
}
