package health

import (
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/tracklayer/amazon-capi/internal/crash"
	"github.com/tracklayer/amazon-capi/internal/lab/testkit"
	"github.com/tracklayer/amazon-capi/internal/redact"
)

// takenLog has the standard logger taken over for a test.
func takenLog(t *testing.T) (*StandardLog, *testkit.Buffer) {
	t.Helper()
	flags, prefix, out := log.Flags(), log.Prefix(), log.Writer()
	t.Cleanup(func() {
		log.SetFlags(flags)
		log.SetPrefix(prefix)
		log.SetOutput(out)
	})
	var seen testkit.Buffer
	s := TakeStandardLog()
	s.To(zerolog.New(&seen))
	return s, &seen
}

const privateWords = `86e0b9e56c17cc4d12387e1949b85053fbe73bc3ce5a1188713a9d300cc6133d jane@example.com Atza|secret`

func TestWhatLibrariesLogLosesItsWords(t *testing.T) {
	for wrote, want := range map[string]string{
		"Unsolicited response received on idle HTTP channel starting with %q; err=<nil>": "nobody had asked for",
		"http: panic serving 10.0.0.7:1: %s":                                             "handler panicked",
		"http: TLS handshake error from 10.0.0.7:1: %s":                                  "TLS handshake",
		"%s": "a library wrote",
	} {
		_, seen := takenLog(t)
		log.Printf(wrote, privateWords)
		slog.Error(fmt.Sprintf(wrote, privateWords), "value", privateWords)
		got := seen.String()
		if !strings.Contains(got, want) || strings.Count(got, "\n") != 2 || strings.Count(got, "bytes_withheld") != 2 {
			t.Errorf("%q is logged as %q, want %q in it", wrote, got, want)
		}
		for _, word := range append(strings.Fields(privateWords), "10.0.0.7") {
			if strings.Contains(got, word) {
				t.Errorf("%q is in %q", word, got)
			}
		}
	}
}

func TestLibrariesCannotFloodTheLog(t *testing.T) {
	_, seen := takenLog(t)
	for range 1000 {
		log.Print(privateWords)
	}
	if n := strings.Count(seen.String(), "\n"); n == 0 || n > 10 {
		t.Errorf("%d lines of a thousand, want a few", n)
	}
}

func TestTheStandardLogIsDroppedBeforeThereIsALogger(t *testing.T) {
	s, seen := takenLog(t)
	s.to.Store(nil)
	log.Print(privateWords)
	if got := seen.String(); got != "" {
		t.Errorf("%q", got)
	}
}

type speechless struct{ said string }

func (e speechless) Error() string { panic(e.said) }

// TestTextsThatCannotBeMaskedAreReportedOnce, without what they say.
func TestTextsThatCannotBeMaskedAreReportedOnce(t *testing.T) {
	_, seen := takenLog(t)
	for range 3 {
		if got := redact.Error(speechless{privateWords}); got != "[masked]" {
			t.Errorf("%q", got)
		}
	}
	got := seen.String()
	if strings.Count(got, "\n") != 1 || !strings.Contains(got, "could not be masked") || !strings.Contains(got, "speechless.Error") {
		t.Errorf("the log has %q", got)
	}
	for word := range strings.FieldsSeq(privateWords) {
		if strings.Contains(got, word) {
			t.Errorf("%q is in %q", word, got)
		}
	}
}

// An answer that nobody asked for, on a connection that waits for its next request.
func TestAnUnsolicitedAnswerIsNotQuoted(t *testing.T) {
	_, seen := takenLog(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		c, err := l.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		_, _ = c.Read(make([]byte, 4096))
		_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"+`HTTP/1.1 200 OK {"success":[{"event":"`+privateWords+`"}]}`)
	}()
	client := &http.Client{Transport: &http.Transport{}}
	resp, err := client.Get("http://" + l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.ReadAll(resp.Body)
	resp.Body.Close()
	for deadline := time.Now().Add(10 * time.Second); !strings.Contains(seen.String(), "nobody had asked for"); {
		if time.Now().After(deadline) {
			t.Fatalf("the answer was not noticed: %q", seen)
		}
		time.Sleep(time.Millisecond)
	}
	for word := range strings.FieldsSeq(privateWords) {
		if strings.Contains(seen.String(), word) {
			t.Errorf("%q is in %q", word, seen)
		}
	}
}

// TestPanicsAreLogged panics in a process of its own, with a logger that is told to
// be silent.
func TestPanicsAreLogged(t *testing.T) {
	if os.Getenv("PANIC") != "" {
		log, err := NewLogger(os.Stderr, "json", "disabled")
		if err != nil {
			t.Fatal(err)
		}
		TakeStandardLog().To(log)
		var wg sync.WaitGroup
		wg.Go(func() {
			defer crash.Report()
			panic("sent " + planted)
		})
		wg.Wait()
	}
	cmd := exec.Command(os.Args[0], "-test.run=^TestPanicsAreLogged$")
	cmd.Env = append(os.Environ(), "PANIC=1")
	out, err := cmd.CombinedOutput()
	exit := new(exec.ExitError)
	if !errors.As(err, &exit) || exit.ExitCode() != 2 {
		t.Errorf("%v", err)
	}
	for want, ok := range map[string]bool{`"level":"fatal"`: true, `"message":"panic"`: true, "TestPanicsAreLogged": true, planted: false, "goroutine ": false} {
		if strings.Contains(string(out), want) != ok {
			t.Errorf("%q is there: %v, in\n%s", want, !ok, out)
		}
	}
}

const planted = "jane.doe@example.com"
