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
	"syscall"
	"time"
)

// child is a process of this program.
type child struct {
	cmd  *exec.Cmd
	tail tailWriter
	done chan struct{} // closed when it has ended
	err  error         // of its end
}

// tailWriter keeps the end of what a process says, for when it fails.
type tailWriter struct{ b []byte }

func (t *tailWriter) Write(p []byte) (int, error) {
	const most = 4 << 10
	t.b = append(t.b, p...)
	if len(t.b) > most {
		t.b = t.b[len(t.b)-most:]
	}
	return len(p), nil
}

func startChild(exe string, args, env []string) (*child, error) {
	c := &child{cmd: exec.Command(exe, args...), done: make(chan struct{})}
	c.cmd.Env = append(os.Environ(), env...)
	c.cmd.Stderr = &c.tail
	if err := c.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		c.err = c.cmd.Wait()
		close(c.done)
	}()
	return c, nil
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
		return fmt.Errorf("%s did not end within %s", c.cmd.Args[1], grace)
	}
	if c.err != nil {
		return c.failed()
	}
	return nil
}

func (c *child) failed() error {
	return fmt.Errorf("%s ended with %v, and said last:\n%s", c.cmd.Args[1], c.err, c.tail.b)
}

// cost is what the process took from its start to its end.
func (c *child) cost() (cpu time.Duration, peak int64) {
	s := c.cmd.ProcessState
	return s.UserTime() + s.SystemTime(), peakMemory(s.SysUsage())
}

// poll asks until ok, the process ends, or ctx does.
func (c *child) poll(ctx context.Context, every time.Duration, ok func() (bool, error)) error {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		if done, err := ok(); done || err != nil {
			return err
		}
		select {
		case <-c.done:
			return c.failed()
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
	resp, err := http.DefaultClient.Do(req)
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
