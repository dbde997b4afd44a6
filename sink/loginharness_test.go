package sink

import (
	"bytes"
	"sync"
	"time"
)

// loginReply is what Login with Amazon answers, or how it fails to.
type loginReply struct {
	status int
	header map[string]string
	body   string
	err    error         // instead of an answer
	cut    bool          // the body breaks off
	delay  time.Duration // before the answer; the client may give up meanwhile
}

const loginPage = "<!DOCTYPE html>\n<html><body><h1>Sign in</h1></body></html>"

// loginLog is a log that a test reads while it is written to.
type loginLog struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *loginLog) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *loginLog) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}
