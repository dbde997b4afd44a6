package health

import (
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

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
