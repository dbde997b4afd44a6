package bench

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// profiler takes CPU profiles of this program while it is measured, one a second. How long a
// run takes is not known before, and the profile that a run's end cuts off is lost.
type profiler struct {
	dir   string // "" for no profiles
	taken int
	err   error // of writing
}

// args have run serve its profiles.
func (p *profiler) args() []string {
	if p.dir == "" {
		return nil
	}
	return []string{"--pprof"}
}

// during takes profiles of the program at addr until the returned function is called, which
// waits for what is being written.
func (p *profiler) during(ctx context.Context, addr string) (stop func()) {
	if p.dir == "" {
		return func() {}
	}
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for ctx.Err() == nil && p.err == nil {
			p.take(ctx, addr)
		}
	}()
	return func() { cancel(); <-done }
}

func (p *profiler) take(ctx context.Context, addr string) {
	const pause = 20 * time.Millisecond // the program may not serve yet
	body, err := get(ctx, "http://"+addr+"/debug/pprof/profile?seconds=1")
	if err != nil {
		select {
		case <-ctx.Done():
		case <-time.After(pause):
		}
		return
	}
	p.taken++
	p.err = os.WriteFile(filepath.Join(p.dir, fmt.Sprintf("cpu-%03d.pb.gz", p.taken)), body, 0o644)
}

// check reports what kept profiles from being written.
func (p *profiler) check() error {
	switch {
	case p.err != nil:
		return fmt.Errorf("--cpu-profiles: %w", p.err)
	case p.dir != "" && p.taken == 0:
		return fmt.Errorf("--cpu-profiles: no run took a second: want more --events")
	}
	return nil
}
