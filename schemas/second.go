package schemas

import (
	"context"
	"errors"
	"fmt"

	"github.com/tracklayer/amazon-capi/internal/verdict"
	"github.com/tracklayer/amazon-capi/schemas/event"
	"github.com/tracklayer/amazon-capi/schemas/framing"
)

// second looks for a schema that the value names in addition to the header, because the
// value cannot be read as what follows a header: bare Avro. A producer may have written
// both. If they name one schema, the event is read; if they name two, that is the fault,
// and which one is meant would be a guess. bad is returned if the value names none: any
// bytes may look like a prefix.
func (d *Decoder) second(ctx context.Context, first *cached, f framing.Found, bad *DecodeError, ev *event.Event) error {
	var again framing.Found
	if fault := d.framings.InValue(f.Payload, &again); fault != nil {
		return bad
	}
	other, err := d.other(ctx, again.Ref)
	if err != nil {
		return err
	}
	if other == nil || reread(other, &again, ev) != nil {
		reread(first, &f, ev) // for what can be read of it, such as the event's id
		return bad
	}
	if other.sum == first.sum {
		return nil
	}
	return &DecodeError{Code: verdict.CodeSchemaConflict, Schema: f.Ref, Message: fmt.Sprintf(
		"the header names another schema than the value's prefix, %s: want one of them, or the same in both", again.Ref)}
}

// other is lookup that returns nil for a schema that no record can be read with.
func (d *Decoder) other(ctx context.Context, ref framing.Ref) (*cached, error) {
	if e := d.cache.Load().get(&ref); e != nil {
		return e, nil
	}
	e, err := d.lookup(ctx, ref)
	if _, bad := errors.AsType[*DecodeError](err); bad {
		return nil, nil
	}
	return e, err
}

func reread(e *cached, f *framing.Found, ev *event.Event) *DecodeError {
	ev.Reset()
	return read(e, f, ev)
}
