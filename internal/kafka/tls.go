package kafka

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync/atomic"
	"time"

	"github.com/tracklayer/amazon-capi/internal/kafka/stores"
	"github.com/tracklayer/amazon-capi/internal/redact"
	"github.com/tracklayer/amazon-capi/internal/setting"
	"github.com/tracklayer/amazon-capi/internal/web"
)

// TLSSettings says whether and how connections are encrypted. Each file is PEM, or a
// PKCS12 or JKS store; the PEM text itself may also replace a file's name.
type TLSSettings struct {
	Enabled bool
	// CAFile holds the certificates to trust; the system's when empty.
	CAFile, CAPassword string
	// CertFile and KeyFile are the client's own certificate. A store, and PEM with both,
	// needs no KeyFile.
	CertFile, CertPassword string
	KeyFile, KeyPassword   string
	// AnyHost accepts a broker's certificate for any host name. Its signature is checked
	// all the same.
	AnyHost bool
	// Of is the prefix of the names of these settings, if they are not the brokers'.
	Of setting.Key
}

// on reports whether TLS is on. Naming a file turns it on: nobody names a CA for plain text.
func (s *TLSSettings) on() bool {
	return s.Enabled || s.CAFile != "" || s.CertFile != "" || s.KeyFile != ""
}

// Config returns the TLS configuration, or nil when TLS is off.
func (s *TLSSettings) Config() (*tls.Config, error) {
	redact.Secret(s.CAPassword)
	redact.Secret(s.CertPassword)
	redact.Secret(s.KeyPassword)
	if !s.on() {
		return nil, nil
	}
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	trusted, err := s.trusted()
	if err != nil {
		return nil, err
	}
	if trusted != nil {
		config.RootCAs = x509.NewCertPool()
		for _, c := range trusted {
			config.RootCAs.AddCert(c)
		}
	}
	if s.AnyHost {
		anyHost(config)
	}
	if s.CertFile == "" && s.KeyFile == "" {
		return config, nil
	}
	cert, err := s.keyPair()
	if err != nil {
		return nil, err
	}
	// Certificates are renewed in place: each connection reads the files again, and uses
	// the previous pair if they do not fit, as while they are being replaced.
	var last atomic.Pointer[tls.Certificate]
	last.Store(&cert)
	own := *s
	config.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
		if cert, err := own.keyPair(); err == nil {
			last.Store(&cert)
		}
		return last.Load(), nil
	}
	return config, nil
}

// dialTimeout is how long a connection may take, which is the client's default.
const dialTimeout = 10 * time.Second

// dialer opens encrypted connections; nil if TLS is off. Each one uses the current
// authorities, which are renewed, too.
func (s *TLSSettings) dialer() (web.Dial, error) {
	config, err := s.Config()
	if config == nil || err != nil {
		return nil, err
	}
	var last atomic.Pointer[tls.Config]
	last.Store(config)
	own := *s
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		if own.CAFile != "" && !stores.IsPEM(own.CAFile) {
			if config, err := own.Config(); err == nil {
				last.Store(config)
			}
		}
		d := &tls.Dialer{NetDialer: &net.Dialer{Timeout: dialTimeout}, Config: last.Load()}
		return d.DialContext(ctx, network, address)
	}, nil
}

// Web returns the configuration for servers other than brokers, such as one for tokens:
// they may be public, and their host name is verified.
func (s *TLSSettings) Web() (*tls.Config, error) {
	own := *s
	own.AnyHost = false
	config, err := own.Config()
	if err != nil || config == nil || config.RootCAs == nil {
		return config, err
	}
	trusted, err := own.trusted()
	if err != nil {
		return nil, err
	}
	if all, err := x509.SystemCertPool(); err == nil {
		for _, c := range trusted {
			all.AddCert(c)
		}
		config.RootCAs = all
	}
	return config, nil
}

// anyHost makes a configuration verify a certificate's signature and not its name.
func anyHost(config *tls.Config) {
	roots := config.RootCAs
	config.InsecureSkipVerify = true
	config.VerifyConnection = func(state tls.ConnectionState) error {
		options := x509.VerifyOptions{Roots: roots, Intermediates: x509.NewCertPool()}
		for _, c := range state.PeerCertificates[1:] {
			options.Intermediates.AddCert(c)
		}
		_, err := state.PeerCertificates[0].Verify(options)
		return err
	}
}

// trusted returns the certificates of the CA file; nil for the system's.
func (s *TLSSettings) trusted() ([]*x509.Certificate, error) {
	if s.CAFile == "" {
		return nil, nil
	}
	data, err := material(s.Of+setting.TLSCA, s.CAFile)
	if err != nil {
		return nil, err
	}
	certs, err := stores.Certificates(data, s.CAPassword)
	if err != nil {
		return nil, storeError(err, s.Of+setting.TLSCA, s.CAFile, s.passwordOf(setting.TLSCAPassword), s.passwordOf(setting.TLSCAPassword))
	}
	return certs, nil
}

// keyPair reads the client's current certificate and key.
func (s *TLSSettings) keyPair() (tls.Certificate, error) {
	if s.CertFile == "" {
		return tls.Certificate{}, fmt.Errorf("%s and %s go together: %s is missing", s.Of+setting.TLSCert, s.Of+setting.TLSKey, s.Of+setting.TLSCert)
	}
	cert, err := material(s.Of+setting.TLSCert, s.CertFile)
	if err != nil {
		return tls.Certificate{}, err
	}
	var key []byte
	named, name := s.Of+setting.TLSCert, s.CertFile
	switch format := stores.FormatOf(cert); {
	case s.KeyFile == "" && format == stores.PEM && !bytes.Contains(cert, []byte("PRIVATE KEY-----")):
		return tls.Certificate{}, fmt.Errorf("%s and %s go together: %s is missing, and the certificate's file holds no key", s.Of+setting.TLSCert, s.Of+setting.TLSKey, s.Of+setting.TLSKey)
	case s.KeyFile != "" && format != stores.PEM:
		return tls.Certificate{}, fmt.Errorf("%s: want none, since %s is a store (%s), which holds the key, too", s.Of+setting.TLSKey, s.Of+setting.TLSCert, format)
	case s.KeyFile != "":
		named, name = s.Of+setting.TLSKey, s.KeyFile
		if key, err = material(named, name); err != nil {
			return tls.Certificate{}, err
		}
	}
	passwords := stores.Passwords{Store: s.CertPassword, Key: s.KeyPassword}
	pair, err := stores.KeyPair(cert, key, passwords)
	if err == nil {
		return pair, nil
	}
	if errors.As(err, new(*stores.PasswordError)) {
		return tls.Certificate{}, storeError(err, named, name, s.passwordOf(setting.TLSCertPassword), s.passwordOf(setting.TLSKeyPassword))
	}
	return tls.Certificate{}, fmt.Errorf("%s, %s: %w", s.Of+setting.TLSCert, s.Of+setting.TLSKey, redact.Wrap(err))
}

// storeError names the setting that an error of a file is about.
func storeError(err error, key setting.Key, name string, ofStore, ofKey setting.Key) error {
	if stores.IsPEM(name) {
		name = "the PEM"
	}
	wrong, ok := errors.AsType[*stores.PasswordError](err)
	if !ok {
		return fmt.Errorf("%s: %s: %w", key, name, redact.Wrap(err))
	}
	password := ofStore
	if wrong.Key {
		password = ofKey
	}
	if password == "" {
		return fmt.Errorf("%s: %s: %w: want a file without a password", key, name, err)
	}
	return fmt.Errorf("%s: %s: %w: see %s", key, name, err, password)
}

// passwordOf returns the setting of a password, which only the brokers' files have.
func (s *TLSSettings) passwordOf(key setting.Key) setting.Key {
	if s.Of != "" {
		return ""
	}
	return key
}

// material reads what a setting of a certificate or key names, or is itself.
func material(key setting.Key, value string) ([]byte, error) {
	if stores.IsPEM(value) {
		return []byte(value), nil
	}
	f, err := os.Open(value)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", key, redact.File(err))
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, stores.MaxBytes+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("%s: %w", key, redact.File(err))
	case len(data) > stores.MaxBytes:
		return nil, fmt.Errorf("%s: %s is larger than any store of certificates, want at most %d bytes", key, value, stores.MaxBytes)
	}
	return data, nil
}
