package sink

import (
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tracklayer/amazon-capi/internal/verdict"
)

// TestALetterIsNotCutToWhatATopicTookOnce: what is left out of a letter fits what the
// topic took at the last try. Whenever it had to wait since, it is tried whole.
func TestALetterIsNotCutToWhatATopicTookOnce(t *testing.T) {
	for name, tc := range map[string]struct {
		first func(s *topicState)
		then  func(s *topicState, tries int) // before each try
		after func(s *topicState)
	}{
		"the brokers were away when it had been cut": {
			first: func(s *topicState) { s.limit, s.client = 2000, 2000 },
			then: func(s *topicState, tries int) {
				if tries == 2 {
					s.other, s.limit = kerr.NotEnoughReplicas, 1<<20
				}
			},
			after: func(s *topicState) { s.other, s.client = nil, 1<<20 },
		},
		"it was denied when it had been cut": {
			first: func(s *topicState) { s.limit, s.client = 2000, 2000 },
			then: func(s *topicState, tries int) {
				if tries == 2 {
					s.other, s.limit = kerr.TopicAuthorizationFailed, 1<<20
				}
			},
			after: func(s *topicState) { s.other, s.client = nil, 1<<20 },
		},
		"segments were too small for any": {
			first: func(s *topicState) { s.inAll = 60 },
			after: func(s *topicState) { s.inAll = 0 },
		},
		"timestamps were refused": {
			first: func(s *topicState) { s.other = kerr.InvalidTimestamp },
			after: func(s *topicState) { s.other = nil },
		},
		"the limit was too small for any": {
			first: func(s *topicState) { s.limit, s.client = 100, 100 },
			after: func(s *topicState) { s.limit = 1 << 20 },
		},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				s := wide()
				tc.first(s)
				r := onTopic(t, s)
				var tries atomic.Int32
				r.box.fail = func(rec *kgo.Record) error {
					try := int(tries.Add(1))
					if tc.then != nil {
						s.set(func() { tc.then(s, try) })
					}
					return s.takes(rec)
				}
				const n = 5
				for i := range n {
					r.refuseSized(fmt.Sprint("l", i), []byte("k"), 3000)
					if tc.then != nil {
						break
					}
				}
				r.after(10 * time.Minute)
				if got := r.classes(); len(got) != 0 {
					t.Fatalf("%v while nothing can be written", got)
				}
				s.set(func() { tc.after(s) })
				r.after(10 * time.Minute)
				if got := r.count(verdict.Validation); got == 0 || tc.then == nil && got != n {
					t.Fatalf("%d verdicts; failing: %v", got, r.failing())
				}
				for _, l := range r.box.all() {
					if !l.Whole() {
						t.Errorf("%s is not whole, though the topic takes it", l.EventID)
					}
				}
			})
		})
	}
}

// TestNothingIsLeftOutInVain: a topic that does not take the headers alone is not
// tried with less and less. It could be raised in between, and take the last of these.
func TestNothingIsLeftOutInVain(t *testing.T) {
	for _, limit := range []int{1, 100, 330, 500} {
		bubble(t, func(t *testing.T) {
			s := &topicState{limit: limit, client: limit}
			r := onTopic(t, s)
			r.box.fail = func(rec *kgo.Record) error {
				if len(rec.Value) == 0 && !t.Failed() {
					t.Errorf("limit %d: a letter is tried without its value", limit)
				}
				return s.takes(rec)
			}
			for i := range 20 {
				r.refuseSized(fmt.Sprint("l", i), []byte("k"), 3000)
			}
			r.after(10 * time.Minute)
			if f := r.failing(); len(f) != 1 {
				t.Errorf("limit %d: failing %v, want what to raise", limit, f)
			}
			s.set(func() { s.limit = 1 << 20 })
			r.after(2 * time.Minute)
			if n := r.count(verdict.Validation); n != 20 || len(r.failing()) != 0 {
				t.Errorf("limit %d: %d verdicts, want 20; failing %v", limit, n, r.failing())
			}
		})
	}
}
