package main

import (
	"context"
	"io"
	"net"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/tracklayer/amazon-capi/internal/cli"
)

func TestSiteCommand(t *testing.T) {
	busy, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer busy.Close()
	for name, tc := range map[string]struct {
		args []string
		code int
		want string
	}{
		"and --json":       {[]string{"--site", "--json"}, exitUsage, "--site"},
		"and --events":     {[]string{"--site", "--events", "5"}, exitUsage, "--events"},
		"not this machine": {[]string{"--site", "--listen", "0.0.0.0:8088"}, exitUsage, "want 127.0.0.1:PORT"},
		"no port":          {[]string{"--site", "--listen", "localhost"}, exitUsage, "want 127.0.0.1:PORT"},
		"a port in use":    {[]string{"--site", "--listen", busy.Addr().String()}, exitFailed, "--listen"},
	} {
		if r := command(t, "", append([]string{"demo"}, tc.args...)...); r.code != tc.code || !strings.Contains(r.stderr, tc.want) {
			t.Errorf("%s: exit %d, want %d and %q:\n%s", name, r.code, tc.code, tc.want, r.stderr)
		}
	}

	ctx, stop := context.WithCancel(t.Context())
	out, in := io.Pipe()
	ended := make(chan int, 1)
	go func() {
		ended <- run(ctx, cli.Process{Args: []string{"demo", "--site", "--listen", "localhost:0"}, Stdin: strings.NewReader(""), Stdout: in, Stderr: io.Discard})
	}()
	buf := make([]byte, 4096)
	n, err := out.Read(buf)
	if err != nil {
		t.Fatal(err)
	}
	urls := regexp.MustCompile(`http://\S+`).FindAllString(string(buf[:n]), -1)
	if len(urls) != 2 || !strings.HasPrefix(urls[0], "http://127.0.0.1:") || !strings.HasPrefix(urls[1], "http://localhost:") {
		t.Fatalf("want the URLs of two sites:\n%s", buf[:n])
	}
	for _, u := range urls {
		resp, err := http.Get(u)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != http.StatusOK {
			t.Errorf("%s: %s", u, resp.Status)
		}
	}
	http.DefaultClient.CloseIdleConnections()
	stop()
	if code := <-ended; code != exitOK {
		t.Errorf("interrupted: exit %d", code)
	}
}
