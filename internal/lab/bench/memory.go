package bench

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
)

// Tenths are figures of each tenth of a run's events, one after the other. One
// that is not known is 0, which is all of them where the system does not tell.
type Tenths [10]int64

// First and Last are what to compare to see whether something grows.
func (t *Tenths) First() int64 { return t[0] }

// Last is the end's.
func (t *Tenths) Last() int64 { return t[len(t)-1] }

// tenths keeps the most that was seen in each tenth of a run.
type tenths struct {
	mu   sync.Mutex
	now  int
	most Tenths
}

// at says how far the run is.
func (t *tenths) at(done, total int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.now = int(min(done*int64(len(t.most))/total, int64(len(t.most)-1)))
}

func (t *tenths) add(n int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.most[t.now] = max(t.most[t.now], n)
}

func (t *tenths) seen() Tenths {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.most
}

// memoryOf returns the resident memory of a process and the most that it ever
// had, in bytes; 0 where the system does not tell, or the process has ended.
func memoryOf(pid int) (now, peak int64) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, 0
	}
	for lines := bufio.NewScanner(bytes.NewReader(status)); lines.Scan(); {
		switch name, value, _ := strings.Cut(lines.Text(), ":"); name {
		case "VmRSS":
			now = kib(strings.TrimSpace(value))
		case "VmHWM":
			peak = kib(strings.TrimSpace(value))
		}
	}
	return now, peak
}

// kib is the bytes of a value like "158 kB", which /proc means as KiB; 0 if it
// is none.
func kib(value string) int64 {
	n, _ := strconv.ParseInt(strings.TrimSuffix(value, " kB"), 10, 64)
	return n << 10
}
