package web

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestFaultsAreDescribedWithoutURLs(t *testing.T) {
	for want, err := range map[string]error{
		"closed before the answer": fmt.Errorf("x: %w", errors.Join(errors.New("y"), http.ErrAbortHandler, io.ErrUnexpectedEOF)),
		"connection refused":       syscall.ECONNREFUSED,
	} {
		if got := FaultOf(err, time.Second).Text; !strings.Contains(got, want) {
			t.Errorf("%v: %q, want %q in it", err, got, want)
		}
	}
	_, err := http.Get("http://user:secret@127.0.0.1:1/path?token=Atza|abc")
	if err == nil {
		t.Skip("something listens on port 1")
	}
	got := FaultOf(err, time.Second)
	if got.Label != faultConnection || strings.Contains(got.Text, "secret") || strings.Contains(got.Text, "Atza") || !strings.Contains(got.Text, "127.0.0.1:1") {
		t.Errorf("%+v", got)
	}
}
