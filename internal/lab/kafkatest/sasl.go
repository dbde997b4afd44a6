package kafkatest

import (
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// SASL authenticates the clients of a kfake broker by any mechanism of one step. Give
// its Listen to kfake.ListenFn. As a broker does, it ends a connection whose session
// is over and that goes on without authenticating again.
type SASL struct {
	Mechanism string
	// Check looks at what a client sends, and returns for how long its session lasts;
	// 0 forever. An error refuses the client, who is told it.
	Check func(sent []byte) (life time.Duration, err error)
	// TLS encrypts the connections; nil for not.
	TLS *tls.Config

	// Accepted and Refused count, and Expired sessions that were used on.
	Accepted, Refused, Expired atomic.Int64
}

// Listen is for kfake.ListenFn.
func (s *SASL) Listen(network, address string) (net.Listener, error) {
	l, err := net.Listen(network, address)
	if err != nil {
		return nil, err
	}
	if s.TLS != nil {
		return &listener{tls.NewListener(l, s.TLS), s}, nil
	}
	return &listener{l, s}, nil
}

type listener struct {
	net.Listener
	sasl *SASL
}

// Accept returns the broker's end of a connection.
func (l *listener) Accept() (net.Conn, error) {
	client, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	broker, ours := net.Pipe()
	s := &session{sasl: l.sasl, client: client, broker: ours}
	go s.requests()
	go func() {
		_, _ = io.Copy(client, ours)
		s.close()
	}()
	return conn{broker, client}, nil
}

// conn is a pipe with the addresses of a connection.
type conn struct {
	net.Conn
	real net.Conn
}

func (c conn) LocalAddr() net.Addr  { return c.real.LocalAddr() }
func (c conn) RemoteAddr() net.Addr { return c.real.RemoteAddr() }

// session is one connection.
type session struct {
	sasl           *SASL
	client, broker net.Conn
	once           sync.Once
	authenticated  bool
	ends           time.Time // zero for never
}

func (s *session) close() {
	s.once.Do(func() {
		_ = s.client.Close()
		_ = s.broker.Close()
	})
}

const (
	keyHandshake, keyVersions, keyAuthenticate = 17, 18, 36
	headerBytes                                = 4 + 2 + 2 + 4 + 2 // up to the client id
	maxFrame                                   = 64 << 20
)

func (s *session) requests() {
	defer s.close()
	for {
		var head [4]byte
		if _, err := io.ReadFull(s.client, head[:]); err != nil {
			return
		}
		n := binary.BigEndian.Uint32(head[:])
		if n < headerBytes-4 || n > maxFrame {
			return
		}
		frame := make([]byte, 4+n)
		copy(frame, head[:])
		if _, err := io.ReadFull(s.client, frame[4:]); err != nil {
			return
		}
		if err := s.request(frame); err != nil {
			return
		}
	}
}

func (s *session) request(frame []byte) error {
	key := int16(binary.BigEndian.Uint16(frame[4:]))
	switch {
	case key == keyHandshake || key == keyAuthenticate:
		return s.authenticate(key, frame)
	case key == keyVersions:
	case !s.authenticated:
		return errors.New("not authenticated")
	case !s.ends.IsZero() && time.Now().After(s.ends):
		s.sasl.Expired.Add(1)
		return errors.New("the session is over")
	}
	_, err := s.broker.Write(frame)
	return err
}

func (s *session) authenticate(key int16, frame []byte) error {
	req := kmsg.RequestForKey(key)
	req.SetVersion(int16(binary.BigEndian.Uint16(frame[6:])))
	body := frame[headerBytes+max(0, int(int16(binary.BigEndian.Uint16(frame[12:])))):]
	if req.IsFlexible() {
		body = body[1:] // no tags
	}
	if err := req.ReadFrom(body); err != nil {
		return err
	}
	resp := req.ResponseKind()
	resp.SetVersion(req.GetVersion())
	refused := false
	switch resp := resp.(type) {
	case *kmsg.SASLHandshakeResponse:
		resp.SupportedMechanisms = []string{s.sasl.Mechanism}
		if req.(*kmsg.SASLHandshakeRequest).Mechanism != s.sasl.Mechanism {
			resp.ErrorCode = kerr.UnsupportedSaslMechanism.Code
		}
	case *kmsg.SASLAuthenticateResponse:
		life, err := s.sasl.Check(req.(*kmsg.SASLAuthenticateRequest).SASLAuthBytes)
		if refused = err != nil; refused {
			s.sasl.Refused.Add(1)
			text := err.Error()
			resp.ErrorCode, resp.ErrorMessage = kerr.SaslAuthenticationFailed.Code, &text
			break
		}
		s.sasl.Accepted.Add(1)
		s.authenticated, s.ends = true, time.Time{}
		if life > 0 {
			s.ends = time.Now().Add(life)
		}
		resp.SessionLifetimeMillis = life.Milliseconds()
		if s.sasl.Mechanism == "AWS_MSK_IAM" {
			resp.SASLAuthBytes = []byte(`{"version":"2020_10_22","request-id":"1"}`)
		}
	}
	out := append([]byte{0, 0, 0, 0}, frame[8:12]...)
	if req.IsFlexible() {
		out = append(out, 0)
	}
	out = resp.AppendTo(out)
	binary.BigEndian.PutUint32(out, uint32(len(out)-4))
	if _, err := s.client.Write(out); err != nil {
		return err
	}
	if refused {
		return fmt.Errorf("refused")
	}
	return nil
}
