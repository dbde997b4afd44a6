package bench

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/tracklayer/amazon-capi/internal/web"
)

// child is a process that was started here.
type child struct {
	name string
	cmd  *exec.Cmd
	tail tail
	peak atomic.Int64  // resident memory, in bytes; 0 where it is not known
	over tenths        // its memory over the run
	done chan struct{} // closed when it has ended
	err  error         // of its end
}

var (
	errEnded = errors.New("ended by itself")
	errStays = errors.New("does not end")
)

// tail keeps the end of what a process says, for when it fails.
type tail struct {
	mu sync.Mutex
	b  []byte
}

func (t *tail) Write(p []byte) (int, error) {
	const most = 4 << 10
	t.mu.Lock()
	defer t.mu.Unlock()
	t.b = append(t.b, p...)
	if len(t.b) > most {
		t.b = t.b[len(t.b)-most:]
	}
	return len(p), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(t.b)
}

func startChild(name, exe string, args, env []string) (*child, error) {
	c := &child{name: name, cmd: exec.Command(exe, args...), done: make(chan struct{})}
	c.cmd.Env = append(os.Environ(), env...)
	c.cmd.Stdout, c.cmd.Stderr = &c.tail, &c.tail
	// Whoever it started may outlive it and keep its output open.
	c.cmd.WaitDelay = time.Second
	if err := c.cmd.Start(); err != nil {
		return nil, err
	}
	go c.watch()
	go func() {
		c.err = c.cmd.Wait()
		close(c.done)
	}()
	return c, nil
}

// watch keeps the process's peak memory, which the system forgets when it ends.
func (c *child) watch() {
	const every = 50 * time.Millisecond
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		c.look()
		select {
		case <-c.done:
			return
		case <-tick.C:
		}
	}
}

// look takes the process's memory as it is, and its peak as the kernel keeps it, so
// that none between two looks is missed.
func (c *child) look() {
	now, peak := memoryOf(c.cmd.Process.Pid)
	if peak > 0 {
		c.peak.Store(peak)
	}
	c.over.add(now)
}

// stop has the process end by itself, or ends it.
func (c *child) stop(grace time.Duration) error {
	_ = c.cmd.Process.Signal(syscall.SIGTERM) // it may have ended
	t := time.NewTimer(grace)
	defer t.Stop()
	select {
	case <-c.done:
	case <-t.C:
		_ = c.cmd.Process.Kill()
		<-c.done
		return fmt.Errorf("%s %w, %s after it was told to", c.name, errStays, grace)
	}
	if c.err != nil {
		return fmt.Errorf("%s: %w, and said last:\n%s", c.name, c.err, &c.tail)
	}
	return nil
}

// cost is what the process took from its start to its end.
//
// Its memory is not what the system says of an ended process if there is better:
// on Linux that counts from the fork, so is never less than this program's own
// peak, which has just generated all events.
func (c *child) cost() (cpu time.Duration, peak int64) {
	s := c.cmd.ProcessState
	if peak = c.peak.Load(); peak == 0 {
		peak = peakMemory(s.SysUsage())
	}
	return s.UserTime() + s.SystemTime(), peak
}

// poll asks until ok, the process ends, which is errEnded, or ctx does.
func (c *child) poll(ctx context.Context, every time.Duration, ok func() (bool, error)) error {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		if done, err := ok(); done || err != nil {
			return err
		}
		select {
		case <-c.done:
			return fmt.Errorf("%s %w (%s), and said last:\n%s", c.name, errEnded, c.cmd.ProcessState, &c.tail)
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}

// metric returns the sum of a metric's values over its labels, as the process
// serves them.
func metric(ctx context.Context, addr, name string) (sum float64, err error) {
	body, err := get(ctx, "http://"+addr+"/metrics")
	if err != nil {
		return 0, err
	}
	found := false
	for lines := bufio.NewScanner(bytes.NewReader(body)); lines.Scan(); {
		rest, ok := strings.CutPrefix(lines.Text(), name)
		if !ok || rest == "" || rest[0] != ' ' && rest[0] != '{' {
			continue
		}
		v, err := strconv.ParseFloat(rest[strings.LastIndexByte(rest, ' ')+1:], 64)
		if err != nil {
			return 0, fmt.Errorf("metric %s: %w", name, err)
		}
		sum, found = sum+v, true
	}
	if !found {
		return 0, fmt.Errorf("there is no metric %s", name)
	}
	return sum, nil
}

func get(ctx context.Context, url string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	resp, err := web.NoRedirects(http.Client{}).Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, errors.New(url + ": " + resp.Status)
	}
	return io.ReadAll(resp.Body)
}

func getJSON(ctx context.Context, url string, v any) error {
	body, err := get(ctx, url)
	if err != nil {
		return err
	}
	return json.Unmarshal(body, v)
}
