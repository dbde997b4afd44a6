package attribution

import (
	"context"
	"errors"
	"fmt"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tracklayer/amazon-capi/internal/kafka"
	"github.com/tracklayer/amazon-capi/internal/operate/history"
	"github.com/tracklayer/amazon-capi/internal/operate/report"
	"github.com/tracklayer/amazon-capi/schemas"
	"github.com/tracklayer/amazon-capi/schemas/registry"
	"github.com/tracklayer/amazon-capi/sink/deadletter"
)

// ReadWindow goes through a window of the topic, of which the choice says which
// events count. A window without any is an error, which says why.
func (a *Audit) ReadWindow(ctx context.Context, s kafka.Settings, rng history.Range, registry *registry.Client, choice *history.Choice, progress *report.Progress) (*Window, error) {
	window := &Window{Topic: rng.Topic, Chosen: choice.Describe()}
	defer progress.Done()
	reader, plan, err := history.Open(ctx, s, rng, progress)
	if err != nil {
		return nil, err
	}
	defer reader.Close()
	if plan.Empty() {
		return nil, errors.New(plan.WhyEmpty())
	}
	decoder := schemas.NewDecoder(registry)
	var ev schemas.Event
	err = reader.Read(ctx, plan, func(rec *kgo.Record) error {
		if deadletter.Redrives(rec) > 0 {
			window.Copies++
			return nil
		}
		err := decoder.Decode(ctx, rec.Value, &ev)
		bad, isBad := errors.AsType[*schemas.DecodeError](err)
		switch {
		case err != nil && !isBad:
			return fmt.Errorf("partition %d, offset %d: %w", rec.Partition, rec.Offset, err)
		case choice.Any() && !choice.Match(&ev):
			return nil
		case isBad:
			a.Undecodable(bad)
		default:
			a.Event(&ev, rec.Timestamp)
		}
		window.Saw(rec.Timestamp)
		return nil
	})
	switch {
	case err != nil || window.Records > 0:
		return window, err
	case choice.Any():
		return nil, fmt.Errorf("there are no events of %s in the window", window.Chosen)
	case window.Copies > 0:
		return nil, fmt.Errorf("the window holds only copies of redriven letters, %d of them: choose the time of their originals", window.Copies)
	}
	return nil, errors.New(plan.WhyEmpty())
}
