package pipeline

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"github.com/tracklayer/amazon-capi/internal/crash"
	"github.com/tracklayer/amazon-capi/internal/redact"
	"github.com/tracklayer/amazon-capi/sink"
	"github.com/tracklayer/amazon-capi/sink/guard"
)

// tendGuard tries events that the guard holds and obeys who resumes them, until stop is
// called.
func (p *Pipeline) tendGuard(lanes *sink.Sink, r guard.Reader) (stop func()) {
	if p.config.Guard.Off() {
		return func() {}
	}
	ctx, cancel := context.WithCancel(context.Background())
	orders := orders{path: p.config.ResumeFile, log: p.log}
	orders.read() // what is in it already was for another process
	var loop sync.WaitGroup
	loop.Go(func() {
		defer crash.Report()
		tick := time.NewTicker(time.Second)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-p.config.Resume:
				p.log.Info().Bool("held", lanes.Resume(nil)).Msg("everything that the dead-letter guard holds is resumed by a signal")
			case <-tick.C:
				for _, profile := range orders.read() {
					p.resume(lanes, profile)
				}
			}
			lanes.Tend(ctx, r)
		}
	})
	return func() {
		cancel()
		loop.Wait()
	}
}

// everything is the word for all profiles in the file of --dead-letter-guard-resume.
const everything = "all"

// resume obeys a line of the file.
func (p *Pipeline) resume(lanes *sink.Sink, profile string) {
	var held bool
	if profile == everything {
		held = lanes.Resume(nil)
	} else {
		held = lanes.Resume(&profile)
	}
	p.log.Info().Str("profile", redact.Profile(profile, held || profile == everything)).Bool("held", held).
		Msg("resumed by the file for the dead-letter guard")
}

// orders is a file with the profiles that are to go on: one a line, or all, and whatever
// else after a blank, such as a time. Each change of its text is an order.
type orders struct {
	path  string
	log   zerolog.Logger
	text  string
	seen  string // by the last read, perhaps unfinished
	fault string // that was logged last
	begun bool
}

const (
	maxOrders     = 64 << 10
	maxOrderLines = 1000
)

// read returns the lines of the file if it has changed since the last call, and nothing at
// the first.
func (o *orders) read() (profiles []string) {
	if o.path == "" {
		return nil
	}
	text, err := o.load()
	if err != nil {
		if why := redact.File(err).Error(); why != o.fault {
			o.fault = why
			o.log.Warn().Str("reason", why).Msg("the file that resumes what the dead-letter guard holds cannot be read")
		}
		return nil
	}
	o.fault = ""
	whole := strings.HasSuffix(text, "\n") || text == o.seen
	if o.seen = text; o.begun && !whole {
		return nil // somebody may be writing it
	}
	news := o.begun && text != o.text
	o.text, o.begun = text, true
	if !news {
		return nil
	}
	for line := range strings.Lines(text) {
		fields := strings.Fields(strings.TrimPrefix(line, "\ufeff"))
		if len(fields) == 0 || strings.HasPrefix(fields[0], "#") {
			continue
		}
		if profiles = append(profiles, fields[0]); len(profiles) == maxOrderLines {
			break
		}
	}
	return profiles
}

// load returns the file's contents; nothing for a file that is not there yet.
func (o *orders) load() (string, error) {
	info, err := os.Stat(o.path)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	if !info.Mode().IsRegular() || info.Size() > maxOrders {
		return "", &fs.PathError{Op: "read", Path: o.path, Err: errors.New("want a file of at most 64 KiB")}
	}
	data, err := os.ReadFile(o.path)
	return string(data), err
}
