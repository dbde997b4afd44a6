package mutate

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// What happened to a mutant.
const (
	Killed     = "killed"
	TimedOut   = "timed out" // counts as killed
	Survived   = "survived"
	Uncovered  = "uncovered" // survived, and no test runs its line
	Equal      = "equivalent"
	Unbuilt    = "unbuilt" // the compiler refuses what go/types accepted: not counted
	memory     = 8 << 30   // bytes of address space for one test process
	leastLimit = 20 * time.Second
)

// A Result is what happened to one mutant.
type Result struct {
	*Mutant
	Outcome string  `json:"outcome"`
	By      string  `json:"by,omitempty"` // the first test that failed, or why it is equivalent
	Seconds float64 `json:"seconds"`
	Diff    string  `json:"diff,omitempty"` // of survivors
}

// A Runner tries mutants.
type Runner struct {
	Go          Go
	Args        []string            // for go test, such as -short
	Others      map[string][]string // package → packages whose tests try what its own let live
	Equivalents []Equivalent
	Said        func(Result) // called after each

	dir    string
	limits map[string]time.Duration // by package of the tests
	runs   map[string]*coverage     // what the tests of a package run
}

// Run tries the mutants one after the other. Tests run without mutants first: what
// they do not run cannot be killed, and how long they take decides the time limit.
func (r *Runner) Run(ctx context.Context, mutants []*Mutant) ([]Result, error) {
	var err error
	if r.dir, err = os.MkdirTemp("", "mutate-*"); err != nil {
		return nil, err
	}
	defer os.RemoveAll(r.dir)
	r.limits, r.runs = make(map[string]time.Duration), make(map[string]*coverage)
	var results []Result
	for _, m := range mutants {
		began := time.Now()
		res, err := r.try(ctx, m)
		if err != nil {
			return results, err
		}
		res.Seconds = time.Since(began).Seconds()
		results = append(results, res)
		if r.Said != nil {
			r.Said(res)
		}
	}
	return results, nil
}

func (r *Runner) try(ctx context.Context, m *Mutant) (Result, error) {
	for _, e := range r.Equivalents {
		if e.matches(m) {
			return Result{Mutant: m, Outcome: Equal, By: e.Why}, nil
		}
	}
	res := Result{Mutant: m, Outcome: Uncovered, Diff: m.Diff()}
	for _, tests := range append([]string{m.Package}, r.Others[m.Package]...) {
		runs, err := r.baseline(ctx, m.Package, tests)
		if err != nil {
			return res, err
		}
		if !runs.covers(m) {
			continue
		}
		outcome, by, err := r.test(ctx, m, tests)
		if err != nil {
			return res, err
		}
		res.Outcome, res.By = outcome, by
		if outcome != Survived {
			break
		}
	}
	if res.Outcome == Killed || res.Outcome == TimedOut {
		res.Diff = ""
	}
	return res, nil
}

// baseline runs tests without a mutant, once.
func (r *Runner) baseline(ctx context.Context, pkg, tests string) (*coverage, error) {
	key := pkg + " " + tests
	if c, ok := r.runs[key]; ok {
		return c, nil
	}
	profile := filepath.Join(r.dir, "cover")
	args := append([]string{"test", "-vet=off", "-count=1", "-tags=" + r.Go.Tags, "-coverprofile=" + profile,
		"-covermode=atomic", "-coverpkg=./" + pkg}, r.Args...)
	began := time.Now()
	if out, err := r.Go.run(ctx, append(args, "./"+tests)...); err != nil {
		return nil, fmt.Errorf("the tests of %s fail without a mutant: %w\n%s", tests, err, out)
	}
	r.limits[tests] = max(leastLimit, 3*time.Since(began))
	c, err := readCoverage(profile)
	r.runs[key] = c
	return c, err
}

func (r *Runner) test(ctx context.Context, m *Mutant, tests string) (outcome, by string, err error) {
	edited, overlay := filepath.Join(r.dir, "edited.go"), filepath.Join(r.dir, "overlay.json")
	binary := filepath.Join(r.dir, "tests")
	list, err := json.Marshal(map[string]any{"Replace": map[string]string{m.path: edited}})
	if err != nil {
		return "", "", err
	}
	if err := errors.Join(os.WriteFile(edited, m.apply(), 0o600), os.WriteFile(overlay, list, 0o600)); err != nil {
		return "", "", err
	}
	args := []string{"test", "-c", "-o", binary, "-vet=off", "-ldflags=-s -w", "-tags=" + r.Go.Tags, "-overlay=" + overlay, "./" + tests}
	if _, err := r.Go.run(ctx, args...); err != nil {
		if ctx.Err() != nil {
			return "", "", ctx.Err()
		}
		return Unbuilt, "", nil //nolint:nilerr // that it does not build is the outcome
	}
	defer os.Remove(binary)
	return r.exec(ctx, binary, tests)
}

// exec runs a test binary in its package's folder, with bounds on time and memory: a
// mutant may loop forever, and in virtual time that takes all memory first.
func (r *Runner) exec(ctx context.Context, binary, tests string) (outcome, by string, err error) {
	limit := r.limits[tests]
	ctx, cancel := context.WithTimeout(ctx, limit+10*time.Second)
	defer cancel()
	wrap := r.Go.Command[:len(r.Go.Command)-1] // such as nice -n 10
	words := append(append([]string{}, wrap...), "sh", "-c", fmt.Sprintf(`ulimit -v %d; exec "$@"`, memory>>10), "sh",
		binary, "-test.failfast", "-test.timeout="+limit.String())
	for _, arg := range r.Args {
		words = append(words, "-test."+strings.TrimLeft(arg, "-"))
	}
	cmd := exec.CommandContext(ctx, words[0], words[1:]...)
	cmd.Dir = filepath.Join(r.Go.Dir, tests)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = time.Second
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	switch {
	case err == nil:
		return Survived, "", nil
	case bytes.Contains(out, []byte("panic: test timed out")), errors.Is(ctx.Err(), context.DeadlineExceeded):
		return TimedOut, firstFailure(out), nil
	case ctx.Err() != nil:
		return "", "", ctx.Err()
	case errors.As(err, &exit), errors.Is(err, exec.ErrWaitDelay):
		return Killed, firstFailure(out), nil
	}
	return "", "", err
}

// firstFailure names the test that failed, or says that the process did.
func firstFailure(out []byte) string {
	for line := range strings.Lines(string(out)) {
		if rest, ok := strings.CutPrefix(strings.TrimSpace(line), "--- FAIL: "); ok {
			name, _, _ := strings.Cut(rest, " ")
			return name
		}
		if strings.HasPrefix(line, "panic: ") || strings.HasPrefix(line, "fatal error: ") {
			return strings.TrimSpace(strings.SplitN(line, "\n", 2)[0])
		}
	}
	return "exit"
}
