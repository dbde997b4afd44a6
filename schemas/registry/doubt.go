package registry

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/tracklayer/amazon-capi/schemas/framing"
)

// A registry that is broken, or a cache in front of it, may answer with the schema of
// another id, or with a text that is no schema. Its events would become dead letters, or
// worse, be read wrong. Not every registry says what its answer is about: what it says is
// checked, and an answer that is about something else is none.

// otherError says that an answer is about something else than the question.
type otherError struct{ what string }

func (e *otherError) Error() string { return "its answer is about " + e.what }

// optional is a part of an answer that few registries give. One of another type counts as
// absent.
type optional[T any] struct{ value T }

// UnmarshalJSON never fails.
func (o *optional[T]) UnmarshalJSON(b []byte) error {
	*o = optional[T]{}
	_ = json.Unmarshal(b, &o.value)
	return nil
}

// checkName compares what an answer says that it is with the name that was asked for.
func (a *schemaAnswer) checkName(ref framing.Ref) error {
	switch {
	case ref.Kind == framing.ID && a.ID.value != 0 && a.ID.value != int64(ref.Number()):
		return &otherError{fmt.Sprintf("schema id %d", a.ID.value)}
	case ref.Kind == framing.GUID && a.GUID.value != "" && !strings.EqualFold(a.GUID.value, ref.UUID()):
		return &otherError{"another GUID"}
	}
	return nil
}

// checkVersion is checkName for a version of a subject. Subjects are compared without
// their contexts, which not all answers have.
func (a *schemaAnswer) checkVersion(subject string, version int) error {
	switch name := withoutContext(a.Subject); {
	case name != "" && name != withoutContext(subject):
		return &otherError{"another subject"}
	case version > 0 && a.Version.value > 0 && a.Version.value != version:
		return &otherError{fmt.Sprintf("version %d", a.Version.value)}
	}
	return nil
}

// withoutContext returns a subject's name within its context.
func withoutContext(subject string) string { return strings.TrimPrefix(subject, contextOf(subject)) }

const (
	// doubtFor is how long an answer that no registry should give is held to be a fault that
	// passes.
	doubtFor = 5 * time.Minute
	// doubtAgain is how long there must be none before the next one is doubted again. A
	// registry that does not check what it stores may have any number of such texts, and
	// records that name them must not hold their partitions forever.
	doubtAgain = time.Hour
)

// doubt remembers texts that are no schemas.
type doubt struct {
	mu          sync.Mutex
	first, last time.Time
}

var errNotJSON = errors.New("its schema is not JSON, as every Avro schema is")

// check returns an error for a text that is no Avro schema of any kind, such as a part
// of one, unless the registry has given such texts for long.
func (d *doubt) check(a *schemaAnswer, now time.Time) error {
	if a.SchemaType != "" && !strings.EqualFold(a.SchemaType, "AVRO") || json.Valid([]byte(a.Schema)) {
		return nil
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if now.Sub(d.last) >= doubtAgain {
		d.first = now
	}
	d.last = now
	if now.Sub(d.first) >= doubtFor {
		return nil
	}
	return errNotJSON
}
