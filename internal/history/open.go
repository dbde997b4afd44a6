package history

import (
	"context"
	"errors"

	"github.com/tracklayer/amazon-capi/internal/kafka"
	"github.com/tracklayer/amazon-capi/internal/setting"
)

// Screen shows how far reading has got; *report.Progress is one.
type Screen interface {
	Say(format string, args ...any)
	Step(what string, done, total uint64)
}

// Open returns a reader and the plan of a range. It shows on the screen what of the range
// is gone.
func Open(ctx context.Context, s kafka.Settings, r Range, screen Screen) (*Reader, *Plan, error) {
	reader, err := New(s)
	if err != nil {
		return nil, nil, err
	}
	plan, err := reader.Plan(ctx, r)
	if err != nil {
		reader.Close()
		return nil, nil, err
	}
	plan.Tell(screen)
	reader.ShowOn(screen, r.Topic)
	return reader, plan, nil
}

// ShowOn makes a screen show how far the reader has got in a topic.
func (r *Reader) ShowOn(screen Screen, topic string) {
	what := "reading " + topic
	r.Progress = func(done, total int64) { screen.Step(what, uint64(done), uint64(total)) }
}

// Tell shows what of the range is gone.
func (p *Plan) Tell(screen Screen) {
	for _, note := range p.Notes {
		screen.Say("amazon-capi: %s: %s", p.Topic, note)
	}
}

// mistaken marks the error of a range that no topic could have as a mistake of the caller.
func mistaken(err error) error {
	if errors.Is(err, ErrBadRange) {
		return setting.Mistaken(err)
	}
	return err
}
