package main

import (
	"context"
	"net"
	"strings"
	"testing"

	"github.com/tracklayer/amazon-capi/internal/cli"
	"github.com/tracklayer/amazon-capi/internal/lab/testkit"
)

// TestInterruptedCommandsSayWhatTheyDid interrupts each command while it waits for a broker
// that says nothing, and then goes away.
func TestInterruptedCommandsSayWhatTheyDid(t *testing.T) {
	for _, args := range [][]string{
		{"dlq", "ls"}, {"dlq", "stats", "--json"}, {"dlq", "redrive", "--go"}, {"dlq", "show", "0/0"}, {"find", "ord_1"}, {"explain", "--offset", "0/0"},
		{"replay", "--from", "-1h"}, {"audit"}, {"reconcile"}, {"erase", "ord_1"}, {"check", "--live"}, {"publish", "--events", "5"},
	} {
		t.Run(strings.Join(args, " "), func(t *testing.T) {
			t.Parallel()
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			defer l.Close()
			ctx, interrupt := context.WithCancel(t.Context())
			go func() {
				for {
					conn, err := l.Accept()
					if err != nil {
						return
					}
					interrupt()
					conn.Close()
				}
			}()
			var out, errs testkit.Buffer
			environ := append(roomy, "AMAZON_CAPI_BROKERS="+l.Addr().String(), "AMAZON_CAPI_CLIENT_ID=c", "AMAZON_CAPI_CLIENT_SECRET=s", "AMAZON_CAPI_REFRESH_TOKEN=r")
			code := run(ctx, cli.Process{Args: args, Environ: environ, Stdin: strings.NewReader(""), Stdout: &out, Stderr: &errs})
			if code != exitInterrupted || !strings.Contains(errs.String(), "amazon-capi: interrupted") || strings.Contains(errs.String(), "context canceled") {
				t.Errorf("exit %d\n%s%s", code, out.String(), errs.String())
			}
			acts := strings.Contains(strings.Join(args, " "), "--go") || args[0] == "publish"
			if acts == strings.Contains(errs.String(), "nothing was sent or changed") {
				t.Errorf("%s", errs.String())
			}
		})
	}
}
