package health

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/netip"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"
)

// hoard opens connections from a host of this machine and keeps them.
func hoard(t *testing.T, addr, from string, n int) (all []net.Conn) {
	t.Helper()
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}}
	for range n {
		c, err := d.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		all = append(all, c)
	}
	return all
}

// TestHoardedConnectionsKeepNobodyOut: with hundreds of connections held open that
// ask for nothing, probes are answered, and a scraper elsewhere keeps its own.
func TestHoardedConnectionsKeepNobodyOut(t *testing.T) {
	s, base := serve(t, NewConditions(zerolog.Nop(), nil))
	scraper := &http.Client{Transport: &http.Transport{}}
	ask := func() {
		t.Helper()
		resp, err := scraper.Get(base + "/metrics")
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		if _, err := io.Copy(io.Discard, resp.Body); err != nil || resp.StatusCode != 200 {
			t.Fatalf("/metrics: %d, %v", resp.StatusCode, err)
		}
	}
	ask()
	for range 4 {
		hoard(t, s.Addr(), "127.0.0.2", 100)
		ask()
		if code, _ := get(t, base+"/livez"); code != 200 {
			t.Fatalf("/livez: %d", code)
		}
	}
	if n := s.listener.open(); n > maxConnections {
		t.Errorf("%d connections are open, want %d at most", n, maxConnections)
	}
	hoard(t, s.Addr(), "127.0.0.1", 200) // from the scraper's own host
	if code, _ := get(t, base+"/readyz"); code != 200 {
		t.Errorf("/readyz: %d", code)
	}
}

// TestTenThousandConnections: of those that connect and ask for nothing, for half a
// page, or for pages that they do not read, few are open at a time, and their
// goroutines and memory with them; whoever asks for a page from the same host has it.
func TestTenThousandConnections(t *testing.T) {
	for name, first := range map[string]string{
		"silent":      "",
		"slow":        "GET /livez HTTP/1.1\r\nHost: x\r\nX-Slow: " + strings.Repeat("x", 8<<10),
		"never read":  strings.Repeat("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n", 50),
		"kept alive":  "GET /livez HTTP/1.1\r\nHost: x\r\n\r\n",
		"not HTTP":    strings.Repeat("\x16\x03\x01", 100),
		"with a body": "POST /livez HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\nx",
	} {
		t.Run(name, func(t *testing.T) {
			s, base := serve(t, NewConditions(zerolog.Nop(), nil))
			runtime.GC()                                            // what other tests left is not these connections'
			goroutines, want := runtime.NumGoroutine(), int64(1500) // a machine has 28,000 ports for all
			if name == "slow" {
				want = 10_000
			}
			stop := make(chan struct{})
			var opened atomic.Int64
			var wg sync.WaitGroup
			for range 4 {
				wg.Go(func() {
					var kept [100]net.Conn // so that they are not closed from this side
					for n := 0; ; n++ {
						select {
						case <-stop:
							for _, c := range kept {
								if c != nil {
									c.Close()
								}
							}
							return
						default:
						}
						c, err := net.Dial("tcp", s.Addr())
						if err != nil {
							continue
						}
						_, _ = io.WriteString(c, first)
						_ = c.(*net.TCPConn).SetLinger(0) // so that ports are free again
						if old := kept[n%len(kept)]; old != nil {
							old.Close()
						}
						kept[n%len(kept)] = c
						opened.Add(1)
					}
				})
			}
			probes := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
			asked, missed, most, heap := 0, 0, 0, uint64(0)
			for ; opened.Load() < want || asked < 10; asked++ {
				resp, err := probes.Get(base + "/livez")
				if err != nil {
					// On a busy machine its request may come after its time of grace.
					// An orchestrator restarts what misses three in a row.
					if missed++; missed == 3 {
						t.Errorf("probe %d, after %d connections: %v", asked, opened.Load(), err)
						break
					}
					continue
				}
				missed = 0
				resp.Body.Close()
				most = max(most, runtime.NumGoroutine())
				if asked%100 == 0 {
					var m runtime.MemStats
					runtime.ReadMemStats(&m)
					heap = max(heap, m.HeapInuse+m.StackInuse)
				}
			}
			close(stop)
			wg.Wait()
			t.Logf("%d probes, %d connections, %d goroutines, %d MB", asked, opened.Load(), most, heap>>20)
			// Two for each connection, and those that are just being closed. net/http
			// takes half a second to close one whose body it does not read.
			limit := 3 * maxConnections
			if name == "with a body" {
				limit = int(500*time.Millisecond/grace+3) * maxConnections
			}
			if most > goroutines+limit {
				t.Errorf("%d goroutines, %d before", most, goroutines)
			}
			if heap > 64<<20 {
				t.Errorf("%d MB in use", heap>>20)
			}
		})
	}
}

// TestSlowReadersOfMetrics: clients that ask for a large /metrics and do not read it
// keep no scraper from it.
func TestSlowReadersOfMetrics(t *testing.T) {
	reg := prometheus.NewRegistry()
	large := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "large"}, []string{"x"})
	for i := range 4000 { // 8 MB, more than is buffered for whoever does not read
		large.WithLabelValues(strings.Repeat("x", 2000) + strconv.Itoa(i))
	}
	reg.MustRegister(large)
	s := NewServer(NewConditions(zerolog.Nop(), nil), nil, reg)
	if err := s.Start("127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close(context.Background()) })
	for range 3 {
		for _, c := range hoard(t, s.Addr(), "127.0.0.2", 3*maxScrapes) {
			_ = c.(*net.TCPConn).SetReadBuffer(4 << 10)
			_, _ = io.WriteString(c, "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
		}
		if code, body := get(t, "http://"+s.Addr()+"/metrics"); code != 200 || !strings.HasSuffix(body, "\n") || len(body) < 8_000_000 {
			t.Fatalf("/metrics: %d, %d bytes", code, len(body))
		}
	}
}

// TestHugeRequests: of what is sent as a request without end little is read.
func TestHugeRequests(t *testing.T) {
	s, base := serve(t, NewConditions(zerolog.Nop(), nil))
	for name, part := range map[string][2]string{
		"one header":     {"GET /livez HTTP/1.1\r\nHost: x\r\nX-Long: ", strings.Repeat("x", 1<<10)},
		"many headers":   {"GET /metrics HTTP/1.1\r\nHost: x\r\n", "X: y\r\nCookie: a=b\r\nAuthorization: Basic eA==\r\n"},
		"a folded one":   {"GET /readyz HTTP/1.1\r\nHost: x\r\nX: y\r\n", " y\r\n"},
		"a long name":    {"GET /status HTTP/1.1\r\nHost: x\r\n", strings.Repeat("X", 1<<10)},
		"a long address": {"GET /", strings.Repeat("livez", 200)},
		"a long query":   {"GET /livez?", strings.Repeat("format=json&", 100)},
		"a long method":  {"", strings.Repeat("GET", 300)},
		"empty lines":    {"", strings.Repeat("\r\n", 500)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, err := net.Dial("tcp", s.Addr())
			if err != nil {
				t.Fatal(err)
			}
			_, _ = io.WriteString(c, part[0])
			sent := 0
			for ; sent < 64<<20 && err == nil; sent += len(part[1]) {
				_, err = io.WriteString(c, part[1])
			}
			c.Close()
			if err == nil {
				t.Errorf("%d MB were read", sent>>20)
			}
			if code, _ := get(t, base+"/livez"); code != 200 {
				t.Errorf("then /livez is %d", code)
			}
		})
	}
}

func TestHosts(t *testing.T) {
	for addr, want := range map[string]string{
		"192.0.2.7:80": "192.0.2.7/32", "[::ffff:192.0.2.7]:80": "192.0.2.7/32", "[2001:db8:1:2:3:4:5:6]:80": "2001:db8:1:2::/64", "[::1]:80": "::/64",
	} {
		if got := hostOf(net.TCPAddrFromAddrPort(netip.MustParseAddrPort(addr))).String(); got != want {
			t.Errorf("%s is of %s, want %s", addr, got, want)
		}
	}
}

func TestRequestsAreBounded(t *testing.T) {
	s, base := serve(t, NewConditions(zerolog.Nop(), nil))
	h := s.http
	if h.ReadHeaderTimeout <= 0 || h.ReadTimeout <= 0 || h.WriteTimeout <= 0 || h.IdleTimeout <= 0 || h.MaxHeaderBytes <= 0 {
		t.Errorf("a limit is missing: %+v", h)
	}
	req, err := http.NewRequest("GET", base+"/livez", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("X-Filler", strings.Repeat("x", 64<<10))
	resp, err := http.DefaultClient.Do(req)
	if err == nil {
		resp.Body.Close()
		if resp.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
			t.Errorf("64 KB of headers: %d", resp.StatusCode)
		}
	}
	for _, method := range []string{"POST", "PUT", "DELETE"} {
		req, err := http.NewRequest(method, base+"/status", strings.NewReader("x"))
		if err != nil {
			t.Fatal(err)
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != http.StatusMethodNotAllowed {
			t.Errorf("%s: %d", method, resp.StatusCode)
		}
	}
}
