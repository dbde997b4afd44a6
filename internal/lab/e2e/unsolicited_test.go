package e2e

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/tracklayer/amazon-capi/internal/lab/sample"
	"github.com/tracklayer/amazon-capi/internal/lab/sandbox"
	"github.com/tracklayer/amazon-capi/internal/lab/testkit"
)

// TestAnUnsolicitedAnswerIsNotShown runs the program against an Amazon that sends a
// second answer after each: net/http quotes what nobody asked for in Go's standard
// logger, which would be the process's stderr.
func TestAnUnsolicitedAnswerIsNotShown(t *testing.T) {
	const private = "86e0b9e56c17cc4d12387e1949b85053fbe73bc3ce5a1188713a9d300cc6133d"
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go answerTwice(c, `{"success":[{"index":0,"event":{"userInfo":{"hashedEmail":"`+private+`"}}}]}`)
		}
	}()
	w := newWorld(t, sandbox.Options{})
	w.publish(generated(t, 20, 1, sample.GeneratorOptions{}))
	var stderr testkit.Buffer
	url := "http://" + l.Addr().String()
	cmd := w.command("run", "--amazon-url", url, "--token-url", url+sandbox.TokenPath, "--listen", "", "--linger", "20ms")
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(30 * time.Second); !strings.Contains(stderr.String(), "nobody had asked for") && time.Now().Before(deadline); {
		time.Sleep(20 * time.Millisecond)
	}
	_ = cmd.Process.Signal(syscall.SIGTERM)
	_ = cmd.Wait()
	if got := stderr.String(); !strings.Contains(got, "nobody had asked for") || strings.Contains(got, private) || strings.Contains(got, "idle HTTP channel") {
		t.Errorf("stderr:\n%s", got)
	}
}

// answerTwice answers each request as Amazon or its token endpoint would, and sends
// another answer at once.
func answerTwice(c net.Conn, second string) {
	defer c.Close()
	for r := bufio.NewReader(c); ; {
		req, err := http.ReadRequest(r)
		if err != nil {
			return
		}
		_, _ = io.Copy(io.Discard, req.Body)
		first := `{}`
		if strings.HasSuffix(req.URL.Path, sandbox.TokenPath) {
			first = `{"access_token":"Atza|x","token_type":"bearer","expires_in":3600}`
		}
		const header = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s"
		fmt.Fprintf(c, header+header, len(first), first, len(second), second)
	}
}
