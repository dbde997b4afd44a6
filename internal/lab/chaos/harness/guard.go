package harness

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync"
	"syscall"
)

// guard ends what the harness started if the harness cannot: if it is killed, or ends
// as a test that ran out of time. Its processes and servers have sessions of their own
// and would go on forever. A shell reads a pipe that is closed with this process,
// however that ends; then it kills the processes that it was told of and runs the
// command that it was started with.
type guard struct {
	cmd *exec.Cmd

	mu sync.Mutex // a line at a time
	in io.WriteCloser
}

// guarding reads lines "started PID" and "ended PID"; after "over" nothing is left to do.
const guarding = `
declare -A running
while read -r what pid; do
  case $what in
    started) running[$pid]=yes ;;
    ended) unset "running[$pid]" ;;
    over) exit 0 ;;
  esac
done
for pid in "${!running[@]}"; do kill -KILL "$pid" 2>/dev/null; done
[ $# -eq 0 ] || exec "$@"
`

// newGuard starts a guard that runs a command at the end, if there is one; env is that
// command's environment, nil for the harness's own.
func newGuard(env []string, command ...string) (*guard, error) {
	cmd := exec.Command("bash", append([]string{"-c", guarding, "guard"}, command...)...)
	cmd.Env = env
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true} // what ends the harness's group does not end it
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("bash, which ends what an interrupted run leaves: %w", err)
	}
	return &guard{cmd: cmd, in: in}, nil
}

// started has the guard end a process if the harness does not see its end.
func (g *guard) started(p *os.Process) { g.tell("started", p.Pid) }

// ended takes that back: the process's id may be another's soon.
func (g *guard) ended(p *os.Process) { g.tell("ended", p.Pid) }

func (g *guard) tell(what string, pid int) {
	if g == nil {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	_, _ = fmt.Fprintln(g.in, what, pid) // a guard that was killed cannot be helped
}

// over ends the guard: all that it would end has been ended.
func (g *guard) over() {
	if g == nil {
		return
	}
	g.tell("over", 0)
	_ = g.in.Close()
	_ = g.cmd.Wait()
}
