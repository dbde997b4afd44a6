package main

import (
	"net"
	"os"
	"strings"
	"testing"

	"github.com/tracklayer/amazon-capi/internal/cli"
)

// TestPagesAreForThisMachine: what has no password listens on loopback unless it is
// told otherwise, as the image and the Compose file do, whose health check asks for
// what a restart fixes.
func TestPagesAreForThisMachine(t *testing.T) {
	root := newRoot(&cli.Process{})
	for _, name := range []string{"run", "sandbox"} {
		cmd, _, err := root.Find([]string{name})
		if err != nil {
			t.Fatal(err)
		}
		listen := cmd.Flags().Lookup("listen").DefValue
		host, _, err := net.SplitHostPort(listen)
		if err != nil || !net.ParseIP(host).IsLoopback() {
			t.Errorf("%s listens on %s", name, listen)
		}
	}
	cmd, _, err := root.Find([]string{"healthcheck"})
	if err != nil {
		t.Fatal(err)
	}
	if url := cmd.Flags().Lookup("url").DefValue; !strings.HasSuffix(url, "/livez") {
		t.Errorf("healthcheck asks %s", url)
	}
	for file, want := range map[string][]string{
		"../../Dockerfile":         {"AMAZON_CAPI_LISTEN=:8080", "8080/livez"},
		"../../docker-compose.yml": {`AMAZON_CAPI_LISTEN: ":8080"`, "--create-topics"},
	} {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, w := range want {
			if !strings.Contains(string(text), w) {
				t.Errorf("%s lacks %s", file, w)
			}
		}
		if strings.Contains(string(text), "8080/readyz") {
			t.Errorf("%s has a health check that asks /readyz", file)
		}
	}
}
