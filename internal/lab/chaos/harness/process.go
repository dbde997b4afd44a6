package harness

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"time"
)

// process is a program that the harness started. It has a process group of its
// own, so that Ctrl-C in a terminal reaches the harness alone, which then ends
// everything in its order.
type process struct {
	name string
	log  string // the file with its output, in the run's directory
	cmd  *exec.Cmd
	// ended is closed once it has ended and onExit has returned.
	ended chan struct{}

	mu   sync.Mutex
	told string // the last signal that is meant to end it
}

// start starts a program with its output in dir/log, which a guard ends if nobody else
// does. onExit is called once, when it has ended.
func start(g *guard, dir, log, name string, env []string, onExit func(p *process, code int), command string, args ...string) (*process, error) {
	file, err := os.OpenFile(filepath.Join(dir, log), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	defer file.Close() // the process has it then
	p := &process{name: name, log: log, cmd: exec.Command(command, args...), ended: make(chan struct{})}
	p.cmd.Stdout, p.cmd.Stderr = file, file
	p.cmd.Env = append(os.Environ(), env...)
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	g.started(p.cmd.Process)
	go func() {
		defer close(p.ended)
		_ = p.cmd.Wait() // what it says is in the state
		g.ended(p.cmd.Process)
		if onExit != nil {
			onExit(p, p.cmd.ProcessState.ExitCode())
		}
	}()
	return p, nil
}

// tell sends a signal. One to a process that has ended already is not an error:
// that it has ended is written down elsewhere.
func (p *process) tell(s syscall.Signal) error {
	if s == syscall.SIGTERM || s == syscall.SIGKILL {
		p.mu.Lock()
		p.told = signalName(s)
		p.mu.Unlock()
	}
	if err := p.cmd.Process.Signal(s); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("%s: %s: %w", p.name, signalName(s), err)
	}
	return nil
}

func signalName(s syscall.Signal) string {
	switch s {
	case syscall.SIGTERM:
		return "SIGTERM"
	case syscall.SIGKILL:
		return "SIGKILL"
	}
	return s.String()
}

func (p *process) wasTold() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.told
}

func (p *process) hasEnded() bool {
	select {
	case <-p.ended:
		return true
	default:
		return false
	}
}

// wait waits until it has ended; false if that takes longer than limit.
func (p *process) wait(limit time.Duration) bool {
	t := time.NewTimer(limit)
	defer t.Stop()
	select {
	case <-p.ended:
		return true
	case <-t.C:
		return p.hasEnded()
	}
}

// stop ends it, by force if need be.
func (p *process) stop(limit time.Duration) {
	_ = p.tell(syscall.SIGCONT) // a stopped process hears nothing
	_ = p.tell(syscall.SIGTERM)
	if !p.wait(limit) {
		_ = p.tell(syscall.SIGKILL)
		p.wait(limit)
	}
}
