package harness

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// asHarness has this test binary start what a harness starts, say so, and wait to be
// killed, or end as a harness does.
const asHarness = "AMAZON_CAPI_TEST_GUARDED"

func TestMain(m *testing.M) {
	if what := os.Getenv(asHarness); what != "" {
		runGuarded(what)
		return
	}
	os.Exit(m.Run())
}

func runGuarded(dir string) {
	g, err := newGuard(nil, "touch", filepath.Join(dir, "servers-are-reset"))
	if err != nil {
		panic(err)
	}
	var sleeper *process
	for _, seconds := range []string{"0", "600"} {
		if sleeper, err = start(g, dir, "sleeper."+seconds, "sleeper", nil, nil, "sleep", seconds); err != nil {
			panic(err)
		}
		if seconds == "0" {
			sleeper.wait(time.Minute)
		}
	}
	fmt.Println(sleeper.cmd.Process.Pid)
	_, _ = fmt.Scanln() // until the test closes it
	sleeper.stop(time.Minute)
	g.over()
}

// TestAKilledHarnessLeavesNothing: what it started ends with it, however it ends; and
// if it ends in order, the guard does nothing.
func TestAKilledHarnessLeavesNothing(t *testing.T) {
	for name, signal := range map[string]syscall.Signal{"killed": syscall.SIGKILL, "asked": syscall.SIGTERM, "ends": 0} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			cmd := exec.CommandContext(t.Context(), os.Args[0])
			cmd.Env = append(os.Environ(), asHarness+"="+dir)
			in, err := cmd.StdinPipe()
			if err != nil {
				t.Fatal(err)
			}
			out, err := cmd.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			line, err := bufio.NewReader(out).ReadString('\n')
			if err != nil {
				t.Fatal(err)
			}
			pid, err := strconv.Atoi(strings.TrimSpace(line))
			if err != nil {
				t.Fatal(err)
			}
			if signal == 0 {
				in.Close()
			} else if err := cmd.Process.Signal(signal); err != nil {
				t.Fatal(err)
			}
			_ = cmd.Wait()
			reset := func() bool {
				_, err := os.Stat(filepath.Join(dir, "servers-are-reset"))
				return err == nil
			}
			// An ended process whose parent is gone is init's to reap, which may take a moment.
			for deadline := time.Now().Add(20 * time.Second); alive(pid) || signal != 0 && !reset(); time.Sleep(10 * time.Millisecond) {
				if time.Now().After(deadline) {
					t.Fatalf("the process lives: %v; the servers were reset: %v", alive(pid), reset())
				}
			}
			if signal == 0 && reset() {
				t.Error("the guard acted though all had ended in order")
			}
		})
	}
}

// alive reports whether a process runs; one that waits to be reaped does not.
func alive(pid int) bool {
	if syscall.Kill(pid, 0) != nil {
		return false
	}
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err != nil || !strings.Contains(string(stat), ") Z ")
}
