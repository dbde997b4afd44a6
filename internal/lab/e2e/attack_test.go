//go:build !kafka && linux

package e2e

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tracklayer/amazon-capi/internal/lab/sample"
	"github.com/tracklayer/amazon-capi/internal/lab/sandbox"
	"github.com/tracklayer/amazon-capi/internal/lab/testkit"
)

// attacked is the program as users run it, in a process of its own whose memory can be
// seen.
type attacked struct {
	cmd    *exec.Cmd
	listen string
	out    testkit.Buffer
	end    func() error
}

func (a *attacked) addr() string { return a.listen }
func (a *attacked) stop() error  { return a.end() }
func (a *attacked) log() string  { return a.out.String() }
func (a *attacked) reload()      {}

// attack starts the program with its defaults and with 20 readers that ask for pages and
// do not read them.
func (w *world) attack(flags ...string) *attacked {
	w.t.Helper()
	a := &attacked{listen: testkit.FreeAddr(w.t)}
	a.cmd = w.command(append([]string{"run", "--listen", a.listen, "--log-level", "warn", "--erasure-topic", w.topic + ".erased", "--accounts", w.accountsFile(attackedProfile)}, flags...)...)
	a.cmd.Env = slices.DeleteFunc(a.cmd.Env, func(v string) bool { return strings.HasPrefix(v, "AMAZON_CAPI_CLIENT_ID=") })
	for i, v := range a.cmd.Env { // in the accounts file, where the profile that is served is known
		a.cmd.Env[i] = strings.NewReplacer("AMAZON_CAPI_CLIENT_SECRET=", "ATTACKED_SECRET=", "AMAZON_CAPI_REFRESH_TOKEN=", "ATTACKED_TOKEN=").Replace(v)
	}
	a.cmd.Stderr = &a.out
	if err := a.cmd.Start(); err != nil {
		w.t.Fatal(err)
	}
	a.end = sync.OnceValue(func() error {
		_ = a.cmd.Process.Kill()
		return a.cmd.Wait()
	})
	w.t.Cleanup(func() { _ = a.stop() })
	w.eventually(a, "the program serves its pages", func() bool {
		status, _ := w.get(a, "/livez")
		return status != 0
	})
	for range 20 {
		conn, err := net.Dial("tcp", a.listen)
		if err != nil {
			w.t.Fatal(err)
		}
		w.t.Cleanup(func() { _ = conn.Close() })
		fmt.Fprint(conn, "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
	}
	return a
}

// attackedProfile is the profile whose events have to keep moving.
const attackedProfile = "5551234567"

// accountsFile names one profile.
func (w *world) accountsFile(profile string) string {
	w.t.Helper()
	file := filepath.Join(w.t.TempDir(), "accounts.yaml")
	text := fmt.Sprintf(`accounts:
  - name: shop
    client_id: %s
    client_secret_env: ATTACKED_SECRET
    refresh_token_env: ATTACKED_TOKEN
    profiles:
      - id: "%s"
default: shop
`, sandbox.DefaultAccount().ClientID, profile)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		w.t.Fatal(err)
	}
	return file
}

// resident is the most memory that the process has had, in bytes.
func (a *attacked) resident(t *testing.T) int64 {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", a.cmd.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(status)) {
		if kilobytes, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			n, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(kilobytes), " kB"), 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			return n << 10
		}
	}
	t.Fatal("the kernel does not say")
	return 0
}

// sockets counts the connections that the process has.
func (a *attacked) sockets() (n int) {
	dir := fmt.Sprintf("/proc/%d/fd", a.cmd.Process.Pid)
	files, _ := os.ReadDir(dir)
	for _, f := range files {
		if to, _ := os.Readlink(dir + "/" + f.Name()); strings.HasPrefix(to, "socket:") {
			n++
		}
	}
	return n
}

// attackTime is how long an attack is watched that does not end sooner.
const attackTime = 15 * time.Second

// withstands watches an attack until ok, which is that another profile's events are
// delivered, and for a while after it, and holds what it saw to the bounds that docs/operations.md has.
func (w *world) withstands(a *attacked, ok func() bool) {
	w.t.Helper()
	began := time.Now()
	sockets, slowest, page := 0, time.Duration(0), 0
	moved := time.Duration(0)
	w.eventually(a, "the other profile's events are delivered", func() bool {
		at := time.Now()
		status, ready := w.get(a, "/readyz")
		if took := time.Since(at); took > slowest {
			slowest = took
		}
		if status == 503 && strings.Contains(ready, "lane") {
			w.t.Errorf("a profile makes the process not ready: %s", ready)
		}
		sockets, page = max(sockets, a.sockets()), max(page, len(ready))
		if moved == 0 && ok() {
			moved = time.Since(began)
		}
		return moved > 0 && (time.Since(began) > attackTime || w.lag() == 0)
	})
	_, metrics := w.get(a, "/metrics")
	_, status := w.get(a, "/status")
	resident := a.resident(w.t)
	w.t.Logf("%.1f s, %d MB, %d sockets, /readyz %s and %d bytes at most, /metrics %d, /status %d",
		moved.Seconds(), resident>>20, sockets, slowest.Round(time.Millisecond), page, len(metrics), len(status))
	for what, beyond := range map[string]bool{
		"memory":   resident > 384<<20,
		"sockets":  sockets > 500,
		"/readyz":  page > 10<<10 || slowest > 10*time.Second,
		"/metrics": len(metrics) > 1<<20,
		"/status":  len(status) > 200<<10,
	} {
		if beyond {
			w.t.Errorf("%s is beyond its bound\n%s", what, tail(a.log()))
		}
	}
}

// TestAttacks attacks the program by what strangers choose. It takes minutes: make attack.
func TestAttacks(t *testing.T) {
	if os.Getenv("ATTACK") == "" {
		t.Skip("make attack runs it")
	}
	const served = attackedProfile
	t.Run("profiles", func(t *testing.T) {
		account := sandbox.DefaultAccount()
		account.Profiles = []string{served}
		w := newWorldAlone(t, sandbox.Options{Accounts: []sandbox.Account{account}, ForgetEvents: true})
		w.profiles(served, 30_000)
		good := w.profiles(served, 1)
		a := w.attack()
		w.withstands(a, func() bool { return int(w.amazon.Stats().Profiles[served].Taken) == good })
	})
	t.Run("answers", func(t *testing.T) {
		w := newWorldAlone(t, sandbox.Options{ForgetEvents: true})
		w.padded(served, 8<<20-64<<10)
		for range 20 {
			w.profiles(served, 300)
		}
		good := w.profiles(served, 1)
		a := w.attack()
		w.withstands(a, func() bool { return int(w.amazon.Stats().Profiles[served].Taken) == good })
	})
	for what, schemas := range map[string]func(id int) string{
		"large-schemas": func(id int) string {
			var b strings.Builder
			for i := range 60_000 {
				fmt.Fprintf(&b, `,{"name":"f%d_%d","type":["null","string"]}`, id, i)
			}
			return strange(b.String())
		},
		"documented-schemas": func(id int) string {
			return strings.Replace(strange(""), `"name":"E"`, fmt.Sprintf(`"name":"E","doc":"%d%s"`, id, strings.Repeat("x", 3<<20)), 1)
		},
		"deep-schemas": func(id int) string {
			depth := 60 + 400*id
			return strange(`,{"name":"x","type":` + strings.Repeat(`{"type":"array","items":`, depth) + `"int"` + strings.Repeat(`}`, depth) + `}`)
		},
		"recursive-names": func(id int) string {
			n := 300 + 4000*id
			return strange(fmt.Sprintf(`,{"name":"%s","type":{"type":"record","name":"R","fields":[{"name":"%s","type":["null","R"]},{"name":"c","type":"boolean"}]}}`,
				strings.Repeat("a", n), strings.Repeat("b", n)))
		},
		"endless-references": nil,
	} {
		t.Run(what, func(t *testing.T) {
			w := newWorldAlone(t, sandbox.Options{ForgetEvents: true})
			w.registered(schemas)
			nested := make([]byte, 0, 60)
			nested = append(nested, 2, 'x', 2, 'y')
			for range 45 {
				nested = append(nested, 2)
			}
			nested = append(nested, 0, 7)
			var values [partitions][][]byte
			for i := range 6000 {
				values[i%partitions] = append(values[i%partitions], append(appendHeader(uint32(strangeIDs+i/7%25)), nested...))
			}
			for p, v := range values {
				w.flooded(int32(p), v...)
			}
			good := w.profiles(served, 1)
			a := w.attack()
			w.withstands(a, func() bool { return int(w.amazon.Stats().Profiles[served].Taken) == good })
		})
	}
}

// profiles publishes an event of each of that many profiles that nobody has heard of, or
// a thousand of the one that is served, and returns how many.
func (w *world) profiles(served string, n int) int {
	w.t.Helper()
	count := n
	if n == 1 {
		count = 1000
	}
	w.publish(func(yield func(sample.Sample, error) bool) {
		i := 0
		for s, err := range generated(w.t, count, uint64(n), sample.GeneratorOptions{}) {
			if s.Event.ProfileID = served; n > 1 {
				s.Event.ProfileID = fmt.Sprint(7_000_000_000 + i)
			}
			s.Event.EventID = fmt.Sprintf("%s-%d-%d", s.Event.EventID, len(w.published), i)
			if i++; !yield(s, err) {
				return
			}
		}
	})
	w.published = nil
	return count
}

// padded puts a server before Amazon whose answers to all but one profile are so long.
func (w *world) padded(served string, bytes int) {
	w.t.Helper()
	to, err := url.Parse(w.base)
	if err != nil {
		w.t.Fatal(err)
	}
	proxy := httputil.NewSingleHostReverseProxy(to)
	blanks := strings.Repeat(" ", 64<<10)
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if r.URL.Path == sandbox.TokenPath || r.Header.Get("Amazon-Advertising-API-Scope") == served {
			proxy.ServeHTTP(rw, r)
			return
		}
		answer := httptest.NewRecorder()
		proxy.ServeHTTP(answer, r)
		rw.Header().Set("Content-Type", "application/json")
		rw.WriteHeader(answer.Code)
		_, _ = rw.Write(answer.Body.Bytes())
		for sent := 0; sent < bytes; sent += len(blanks) {
			if _, err := io.WriteString(rw, blanks); err != nil {
				return
			}
			time.Sleep(10 * time.Millisecond) // 300 of them are under way at once
		}
	}))
	w.t.Cleanup(server.Close)
	w.base = server.URL
}

// strangeIDs is the first id of the schemas that registered serves.
const strangeIDs = 900_000

func strange(more string) string {
	return `{"type":"record","name":"E","fields":[{"name":"event_id","type":"string"},{"name":"event_name","type":"string"}` + more + `]}`
}

// registered puts a server before the registry that has schemas of its own, or, if it is
// given none, one that refers to another for ever.
func (w *world) registered(schema func(id int) string) {
	w.t.Helper()
	to, err := url.Parse(w.registry)
	if err != nil {
		w.t.Fatal(err)
	}
	proxy := httputil.NewSingleHostReverseProxy(to)
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		var id int
		_, isID := strings.CutPrefix(r.URL.Path, "/schemas/ids/")
		if isID {
			_, _ = fmt.Sscanf(r.URL.Path, "/schemas/ids/%d", &id)
		}
		switch endless := strings.HasPrefix(r.URL.Path, "/subjects/endless"); {
		case schema != nil && id >= strangeIDs:
			_ = json.NewEncoder(rw).Encode(map[string]any{"schema": schema(id - strangeIDs)})
		case schema == nil && (id >= strangeIDs || endless):
			next := fmt.Sprintf("endless%d", time.Now().UnixNano())
			_ = json.NewEncoder(rw).Encode(map[string]any{
				"subject": next, "id": 1, "version": 1, "schema": strange(`,{"name":"next","type":"` + next + `"}`),
				"references": []map[string]any{{"name": next, "subject": next, "version": 1}},
			})
		default:
			proxy.ServeHTTP(rw, r)
		}
	}))
	w.t.Cleanup(server.Close)
	w.registry = server.URL
}
